"""What was done to a run of records that is not whole: found from its end, whose hash is sealed, to its beginning."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from gateway.disclosure.faults import Fault, FaultCode, numbers
from gateway.disclosure.runs import Checked, Document, Run, digest, is_whole, place_of

MOST_COMPARED = 20
"""Changed records among which it is tried whether two have exchanged what they say."""


def check_run(run: Run, documents: Sequence[Document], beyond: Document | None = None) -> Checked:
    """Holds what is in the database against a run.

    `documents` are all whose `_id` sorts from the run's first record up to, but not including, the one after its last;
    `beyond` is that one, where there is one: a record of the run may have been moved there.
    """
    if is_whole(run, documents):
        return Checked(documents[-1]["hash"] if documents else run.before, len(documents))
    return _Diagnosis(run, documents, beyond).outcome()


@dataclass
class _Found:
    """What the walk found: by sequence, which are changed, and where those stand that are elsewhere.

    `missing` are spans, the last first: of two records that stand far from each other not every one between is named.

    `is_anew`: the last record is right in itself and not the one that was sealed.
    """

    changed: list[int] = field(default_factory=list)
    missing: list[tuple[int, int]] = field(default_factory=list)
    elsewhere: dict[int, int] = field(default_factory=dict)
    is_anew: bool = False


class _Diagnosis:
    def __init__(self, run: Run, documents: Sequence[Document], beyond: Document | None) -> None:
        self._run = run
        self._at: dict[int, Document] = {}
        self._strays: list[Document] = []
        for document in documents:
            place = place_of(document)
            if place is not None and place[0] == run.stream and run.first <= place[1] <= run.last:
                self._at[place[1]] = document
            else:
                self._strays.append(document)
        self._digests = {sequence: digest(document) for sequence, document in self._at.items()}
        self._standing = {_text(document, "hash"): sequence for sequence, document in self._at.items()}
        self._beyond = beyond
        if beyond is not None:
            self._standing.setdefault(_text(beyond, "hash"), run.last + 1)

    def outcome(self) -> Checked:
        run = self._run
        found = self._walk()
        faults = [*self._inserted(found), *self._moved(found), *self._changed(found), *self._beginning(found)]
        last = self._at.get(run.last)
        return Checked(
            head=run.head or (_text(last, "hash") if last else ""),
            present=len(self._at),
            missing=list(_joined(reversed(found.missing))),
            faults=faults,
        )

    def _walk(self) -> _Found:
        """From the last to the first: each right record says which hash the one before it must have."""
        run, found = self._run, _Found()
        wanted = run.head
        there = sorted(self._at)
        sequence = run.last + 1
        while (sequence := sequence - 1) >= run.first:
            document = self._at.get(sequence)
            if document is not None and self._is_right(sequence, document) and wanted in (None, document["hash"]):
                wanted = _text(document, "previous")
                continue
            other = self._standing.get(wanted) if wanted else None
            if other is not None and other != sequence:
                found.elsewhere[sequence] = other
                wanted = _text(self._standing_at(other), "previous")
                continue
            if document is None:
                # Nothing says which those before it are: they are missing, too, as far as nothing stands there.
                before = there[place - 1] if (place := bisect_left(there, sequence)) else run.first - 1
                found.missing.append((before + 1, sequence))
                sequence = before + 1
            else:
                found.changed.append(sequence)
                found.is_anew |= sequence == run.last and self._is_right(sequence, document)
            # What a changed record names before it may have been changed, too: anything right in itself will do.
            wanted = None
        return found

    def _is_right(self, sequence: int, document: Document) -> bool:
        return (
            self._digests[sequence] is not None
            and self._digests[sequence] == document.get("hash")
            and document.get("sequence") == sequence
            and document.get("stream") == self._run.stream
        )

    def _standing_at(self, sequence: int) -> Document:
        if sequence in self._at:
            return self._at[sequence]
        assert self._beyond is not None
        return self._beyond

    def _inserted(self, found: _Found) -> Iterator[Fault]:
        for document in self._strays:
            yield self._fault(
                FaultCode.RECORD_INSERTED, None, f"A record whose _id is {document['_id']!r} has no place here."
            )
        # The rest moved on by one, to make room for another.
        for first, last in _spans([one for one, other in found.elsewhere.items() if other == one + 1]):
            if first not in found.elsewhere.values() and first in self._at:
                self._explained(found, first, last)
                yield self._fault(
                    FaultCode.RECORD_INSERTED, (first, first), f"A record stands in the place of record {first}, and "
                    f"{numbers(first, last)} moved on by one."
                )  # fmt: skip

    def _moved(self, found: _Found) -> Iterator[Fault]:
        # The rest moved up by one, to close a gap.
        for first, last in _spans([one for one, other in found.elsewhere.items() if other == one - 1]):
            if found.elsewhere.get(first - 1) is None and first - 1 in found.changed:
                self._explained(found, first, last)
                found.changed.remove(first - 1)
                yield self._fault(
                    FaultCode.RECORD_REMOVED, (first - 1, first - 1), f"Record {first - 1} is missing, and "
                    f"{numbers(first, last)} moved up by one."
                )  # fmt: skip
        for one, other in sorted(found.elsewhere.items()):
            if found.elsewhere.get(other) == one:
                if one < other:
                    yield self._swapped(one, other)
            else:
                yield self._fault(
                    FaultCode.RECORDS_SWAPPED, (one, one), f"What was recorded as record {one} stands as {other}."
                )

    def _explained(self, found: _Found, first: int, last: int) -> None:
        for one in range(first, last + 1):
            del found.elsewhere[one]

    def _changed(self, found: _Found) -> Iterator[Fault]:
        run = self._run
        if run.length > 1 and found.is_anew and found.changed == [run.last] and not (found.elsewhere or found.missing):
            yield self._fault(
                FaultCode.STREAM_REPLACED,
                (run.first, run.last),
                f"The {numbers(run.first, run.last)} fit one another, but record {run.last} is not the one that was "
                "sealed: they, or some of them, were written anew with hashes that fit.",
            )
            return
        left = sorted(found.changed)
        if len(left) <= MOST_COMPARED:
            for one in list(left):
                for other in list(left):
                    if one < other and one in left and self._have_exchanged(one, other):
                        left.remove(one)
                        left.remove(other)
                        yield self._swapped(one, other)
        for sequence in left:
            yield self._of_changed(sequence)

    def _of_changed(self, sequence: int) -> Fault:
        document = self._at[sequence]
        here = (self._run.stream, sequence)
        said = (document.get("stream"), document.get("sequence"))
        if self._digests[sequence] == document.get("hash") is not None:
            if said != here:
                what = f"In the place of record {sequence} stands record {said[1]} of the stream {said[0]}."
                return self._fault(FaultCode.RECORDS_SWAPPED, (sequence, sequence), what)
            what = f"Record {sequence} is not the one that was recorded: it was written anew, with a hash that fits it."
        else:
            what = f"Record {sequence} does not say what was recorded: its hash is that of something else."
        return self._fault(FaultCode.RECORD_CHANGED, (sequence, sequence), what)

    def _have_exchanged(self, one: int, other: int) -> bool:
        """Whether two records say what the other said, with their own place, time or hashes left as they were."""
        return all(self._fits(place, self._at[giver]) for place, giver in ((one, other), (other, one)))

    def _fits(self, place: int, giver: Document) -> bool:
        holder = self._at[place]
        chained: Document = {
            name: holder[name] for name in ("_id", "stream", "sequence", "previous", "hash") if name in holder
        }
        return any(
            digest({**giver, **chained, **kept}) == holder.get("hash") is not None
            for kept in ({}, {"at": holder.get("at")})
        )

    def _beginning(self, found: _Found) -> Iterator[Fault]:
        """The first record must name the one before the run."""
        run = self._run
        first = self._at.get(run.first)
        if first is None or run.first in (*found.changed, *found.elsewhere) or first.get("previous") == run.before:
            return
        if run.head is not None and (found.changed or found.elsewhere or found.missing):
            return  # told already: it may be another than was sealed
        what = f"Record {run.first} names another record before it than there is."
        code = FaultCode.STREAM_REPLACED if run.head is None else FaultCode.SEAL_WRONG
        yield self._fault(code, (run.first, run.last), what)

    def _swapped(self, one: int, other: int) -> Fault:
        return self._fault(
            FaultCode.RECORDS_SWAPPED, (one, other), f"Record {one} and record {other} stand in each other's place."
        )

    def _fault(self, code: FaultCode, records: tuple[int, int] | None, what: str) -> Fault:
        return Fault(code, what, stream=self._run.stream, records=records, seal=self._run.seal)


def _text(document: Document, name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _joined(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans in order, those that follow each other made one."""
    held: tuple[int, int] | None = None
    for first, last in spans:
        if held is not None and first == held[1] + 1:
            held = (held[0], last)
            continue
        if held is not None:
            yield held
        held = (first, last)
    if held is not None:
        yield held


def _spans(sequences: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Runs of following numbers, from the least."""
    span: tuple[int, int] | None = None
    for one in sorted(sequences):
        if span is not None and one == span[1] + 1:
            span = (span[0], one)
            continue
        if span is not None:
            yield span
        span = (one, one)
    if span is not None:
        yield span
