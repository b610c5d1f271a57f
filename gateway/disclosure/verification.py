"""Whether the record is whole: every seal, every record that it covers, and what is not sealed yet.

Pure: it is given seals and records in their order, says which records it wants next, and keeps what it found.
docs/algorithms.md has it as pseudocode, with what it proves and what it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from gateway.disclosure.anchors import Anchor
from gateway.disclosure.chain import BEFORE_THE_FIRST
from gateway.disclosure.diagnosis import check_run
from gateway.disclosure.faults import Fault, FaultCode, Faults, numbers
from gateway.disclosure.runs import Document, Run, place_of
from gateway.disclosure.seal_keys import SealKeys
from gateway.disclosure.seal_walk import SealedRun, SealWalk, no_number
from gateway.model.record import RecordKind

LONGEST_RUN = 5_000
"""Records of a run that no seal covers, which are looked at together."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far the record was found whole before: the number and hash of the last seal, 0 for none."""

    number: int = 0
    hash: str = BEFORE_THE_FIRST


@dataclass(slots=True)
class Counts:
    """What was looked at. `removed_*`: gone since their retention is over, which is right."""

    records: int = 0
    seals: int = 0
    streams: int = 0
    unsealed_records: int = 0
    removed_segments: int = 0
    removed_records: int = 0
    skipped_seals: int = 0


@dataclass(slots=True)
class _Stream:
    """How far a stream was followed. `gap`: records before `next` that are missing, and nothing after them was seen."""

    next: int = 1
    head: str = BEFORE_THE_FIRST
    is_closed: bool = False
    gap: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run that the records are wanted of; `retain_until`: from then on all of it may be gone.

    `follows`: it goes on where the run before it ended. `whole_until`: the checkpoint when it, too, is whole.
    """

    run: Run
    retain_until: datetime | None = None
    follows: bool = False
    whole_until: Checkpoint | None = None


@dataclass
class Verification:
    """One verification at the moment `now`, of what was sealed after `since`."""

    keys: SealKeys
    now: datetime
    anchors: Sequence[Anchor] = ()
    since: Checkpoint = field(default_factory=Checkpoint)
    faults: Faults = field(default_factory=Faults)
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self._walk = SealWalk(self.keys, self.since.number)
        self._streams: dict[str, _Stream] = {}
        self._reached = BEFORE_THE_FIRST
        self._registered: frozenset[str] = frozenset()
        self._told_of: set[str] = set()
        self.whole_until = self.since
        """Up to which seal everything was found whole: what a checkpoint keeps."""

    def registered(self, streams: frozenset[str]) -> None:
        """The streams that are registered."""
        self._registered = streams
        self.counts.streams = len(streams)

    def seal(self, document: Mapping[str, Any]) -> list[Wanted]:
        """Takes the next seal, and says which runs of records are now to be read, in order."""
        link = self._walk.check(document)
        self.faults.add(link.faults)
        number = self._walk.number
        self.counts.seals += 1
        for anchor in [one for one in self.anchors if one.number == number]:
            self.faults.add(anchor.met(document))
        is_known = number <= self.since.number
        if number == self.since.number and document.get("hash") != self.since.hash:
            self._checkpoint_not_met("is another one than it was")
        runs = [] if link.sealed is None else self._runs(link.sealed, Checkpoint(number, str(document.get("hash"))))
        self.counts.skipped_seals += is_known
        return [] if is_known else runs

    def _runs(self, sealed: SealedRun, whole_until: Checkpoint) -> list[Wanted]:
        self._check_registered(sealed.stream)
        stream = self._streams.setdefault(sealed.stream, _Stream())
        wrong = None
        runs: list[Wanted] = []
        if stream.is_closed:
            wrong = f"seals {numbers(sealed.first, sealed.last)} of a stream that is closed already"
        elif sealed.first < stream.next:
            wrong = f"seals {numbers(sealed.first, sealed.last)}, of which some are sealed already"
        if wrong is not None:
            self._seal_wrong(sealed, wrong)
            return []
        if sealed.first > stream.next:
            if not self.faults:
                self._seal_wrong(sealed, f"leaves {numbers(stream.next, sealed.first - 1)} of its stream unsealed")
            runs += _between(sealed, stream)
        elif sealed.before != stream.head:
            self._seal_wrong(sealed, "names another record before its first than the seal before it has as its last")
        run = Run(sealed.stream, sealed.first, sealed.last, sealed.before, sealed.head, sealed.number)
        runs.append(Wanted(run, sealed.retain_until, whole_until=whole_until))
        stream.next, stream.head, stream.is_closed = sealed.last + 1, sealed.head, sealed.closes
        return runs

    def records(self, wanted: Wanted, documents: Sequence[Document], beyond: Document | None) -> None:
        """Takes the records of a run, as `check_run` does."""
        run = replace(wanted.run, before=self._reached) if wanted.follows else wanted.run
        if not documents and wanted.retain_until is not None and wanted.retain_until <= self.now:
            self.counts.removed_segments += 1
            self.counts.removed_records += run.length
        else:
            checked = check_run(run, documents, beyond)
            self.faults.add(checked.faults)
            self.counts.records += checked.present
            self._missing(run, checked.missing, checked.present > 0)
            self._reached = checked.head
        if wanted.whole_until is not None and not self.faults:
            self.whole_until = wanted.whole_until

    def _missing(self, run: Run, missing: Sequence[tuple[int, int]], has_records: bool) -> None:
        stream = self._streams.setdefault(run.stream, _Stream())
        if stream.gap is not None and has_records and (not missing or missing[0][0] > run.first):
            self._removed(run.stream, stream.gap)
            stream.gap = None
        for first, last in missing:
            if stream.gap is not None and stream.gap[1] + 1 == first:
                stream.gap = (stream.gap[0], last)
            else:
                if stream.gap is not None:
                    self._removed(run.stream, stream.gap)
                stream.gap = (first, last)
            if last < run.last:
                self._removed(run.stream, stream.gap)
                stream.gap = None

    def sealed_until(self, newest: int, without_a_number: Sequence[Document] = ()) -> None:
        """No more seals come; there are said to be `newest`, and beside them what has no number."""
        self.faults.add(self._walk.ended(newest))
        self.faults.add(no_number(document["_id"]) for document in without_a_number)
        for anchor in self.anchors:
            if anchor.number > self._walk.number:
                self.faults.add(anchor.met(None))
        if self._walk.number < self.since.number:
            self._checkpoint_not_met("is missing")

    def open_streams(self) -> list[tuple[str, int]]:
        """The streams that may go on after what is sealed of them, and from which record on."""
        known = {name: self._streams.get(name) or _Stream() for name in {*self._registered, *self._streams}}
        return sorted((name, stream.next) for name, stream in known.items() if not stream.is_closed)

    def places(self) -> list[tuple[str, int | None]]:
        """Every stream that there is, in order, and after which record none may be; None where that is open."""
        known = sorted({*self._registered, *self._streams})
        return [
            (name, stream.next - 1 if (stream := self._streams.get(name)) is not None and stream.is_closed else None)
            for name in known
        ]

    def tail(self, name: str, documents: Sequence[Document]) -> None:
        """Takes the next records of a stream beyond what is sealed, in order; may be called again for those after."""
        if not documents:
            return
        stream = self._streams.setdefault(name, _Stream())
        sequences = [place[1] for one in documents if (place := place_of(one)) is not None and place[0] == name]
        closing = next((one for one in documents if one.get("kind") == RecordKind.CLOSED.value), None)
        if stream.is_closed:
            self.outside(documents)
            return
        last = max([one for one in sequences if one >= stream.next], default=stream.next - 1)
        if closing is not None and (place := place_of(closing)) is not None:
            last = min(last, place[1])
            stream.is_closed = True
        within: list[Document] = []
        beyond: list[Document] = []
        for one in documents:
            (within if (place := place_of(one)) is None or place[1] <= last else beyond).append(one)
        self.outside(beyond)
        run = Run(name, stream.next, last, stream.head, None)
        if run.length < 1:
            self.outside(within)
            return
        checked = check_run(run, within)
        self.faults.add(checked.faults)
        self._missing(run, checked.missing, checked.present > 0)
        self.counts.records += checked.present
        self.counts.unsealed_records += checked.present
        stream.next, stream.head = last + 1, checked.head

    def outside(self, documents: Sequence[Document]) -> None:
        """Takes records that stand where none may be."""
        for document in documents:
            place = place_of(document)
            if place is None:
                where = "has no place in any stream"
            elif place[0] not in self._registered and place[0] not in self._streams:
                where = f"stands in the stream {place[0]}, which was never registered"
            else:
                where = f"stands after the end of the stream {place[0]}"
            what = f"A record whose _id is {document['_id']!r} {where}."
            stream, sequence = place if place is not None else (None, 0)
            records = None if place is None else (sequence, sequence)
            self.faults.add([Fault(FaultCode.RECORD_INSERTED, what, stream=stream, records=records)])

    def ended(self) -> None:
        """All was given: what is still missing was cut off."""
        for name, stream in sorted(self._streams.items()):
            self._check_registered(name)
            if stream.gap is not None:
                first, last = stream.gap
                what = f"The stream ends before {numbers(first, last)}, which it had: its tail was cut off."
                self.faults.add([Fault(FaultCode.TAIL_CUT_OFF, what, stream=name, records=stream.gap)])

    def _check_registered(self, stream: str) -> None:
        if stream not in self._registered and stream not in self._told_of:
            self._told_of.add(stream)
            what = f"The stream {stream} has seals, and its registration is missing."
            self.faults.add([Fault(FaultCode.STREAM_NOT_REGISTERED, what, stream=stream)])

    def _removed(self, stream: str, gap: tuple[int, int]) -> None:
        first, last = gap
        what = f"{numbers(first, last).capitalize()} {'is' if first == last else 'are'} missing."
        self.faults.add([Fault(FaultCode.RECORD_REMOVED, what, stream=stream, records=gap)])

    def _seal_wrong(self, sealed: SealedRun, what: str) -> None:
        fault = Fault(FaultCode.SEAL_WRONG, f"Seal {sealed.number} {what}.", stream=sealed.stream, seal=sealed.number)
        self.faults.add([fault])

    def _checkpoint_not_met(self, what: str) -> None:
        said = f"Seal {self.since.number}, up to which the record was found whole before, {what}."
        self.faults.add([Fault(FaultCode.CHECKPOINT_NOT_MET, said, seal=self.since.number)])


def _between(sealed: SealedRun, stream: _Stream) -> Iterator[Wanted]:
    """The records before a sealed run that their own seal is missing of, or cannot be believed."""
    for first in range(stream.next, sealed.first, LONGEST_RUN):
        last = min(first + LONGEST_RUN, sealed.first) - 1
        head = sealed.before if last == sealed.first - 1 else None
        yield Wanted(Run(sealed.stream, first, last, stream.head, head), follows=first > stream.next)
