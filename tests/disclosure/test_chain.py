"""The canonical form of a record is that of RFC 8785, and every part of a record counts in its hash."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gateway.disclosure.chain import BEFORE_THE_FIRST, CannotBeLinked, all_linked, canonical, hash_of, linked
from gateway.disclosure.seals import canonical_seal, hash_of_seal
from gateway.disclosure.streams import now
from gateway.model.caller import ConsumerId, SubjectKey
from gateway.model.record import Entry, RecordKind
from tests.disclosure.record import assert_linked, entries, entry

AT = datetime(2026, 11, 23, 20, 1, 2, 123_000, tzinfo=UTC)
STREAM = "ab" * 8
SAFE = 2**53 - 1
"""The largest whole number that RFC 8785 has."""

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = texts | st.integers(-SAFE, SAFE) | st.booleans() | st.lists(texts)
names = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1)
documents = st.dictionaries(
    names.filter(lambda name: name not in ("_id", "hash")), values | st.dictionaries(names, values)
)


@given(documents)
def test_the_canonical_form_is_that_of_rfc_8785(document: dict[str, Any]) -> None:
    assert canonical(document) == rfc8785.dumps(document)


@given(st.datetimes(timezones=st.timezones()))
def test_a_moment_is_text_in_utc_to_the_millisecond(moment: datetime) -> None:
    try:
        in_utc = moment.astimezone(UTC)
    except OverflowError:
        return
    text = json.loads(canonical({"at": moment}))["at"]

    assert text.endswith("Z")
    assert len(text) == len("2026-11-23T20:01:02.123Z")
    assert timedelta() <= in_utc - datetime.fromisoformat(text) < timedelta(milliseconds=1)


def test_a_moment_is_the_same_in_every_zone() -> None:
    assert canonical({"at": AT}) == b'{"at":"2026-11-23T20:01:02.123Z"}'
    assert canonical({"at": AT.astimezone(timezone(timedelta(hours=1)))}) == canonical({"at": AT})


def test_the_id_and_the_hash_itself_are_not_part_of_it() -> None:
    assert canonical({"_id": "x", "hash": "y", "kind": "status"}) == canonical({"kind": "status"})


def test_a_record_is_linked_as_the_page_says() -> None:
    (entry,) = entries(1)

    document = linked(entry, stream=STREAM, sequence=7, at=AT, previous=BEFORE_THE_FIRST)

    assert document["_id"] == f"{STREAM}/000000000007"
    assert document["at"] == AT
    assert document["hash"] == hashlib.sha256(canonical(document)).hexdigest() == hash_of(document)


several = st.lists(texts, max_size=3).map(tuple)
said = st.fixed_dictionaries(
    {"kind": st.sampled_from(RecordKind)},
    optional={
        **dict.fromkeys(("request_id", "group", "producer", "case_type", "reference", "purpose", "outcome"), texts),
        **dict.fromkeys(("actors", "fields", "withheld", "grants", "legal_basis"), several),
        "consumer": texts.map(ConsumerId),
        "subject": st.builds(SubjectKey, texts.filter(bool), texts.filter(bool)),
        "details": st.dictionaries(names, values),
    },
)
NAMES = {
    "request_id": "requestId",
    "case_type": "caseType",
    "legal_basis": "legalBasis",
}


@given(st.lists(said, min_size=1, max_size=5), st.integers(1, 2 * 10**12))
def test_what_is_linked_is_what_is_said_with_the_hash_of_its_canonical_form(
    drawn: list[dict[str, Any]], first: int
) -> None:
    at, previous = now(), BEFORE_THE_FIRST

    documents = all_linked([Entry(**one) for one in drawn], stream=STREAM, first=first, at=at, previous=previous)

    for sequence, (one, document) in enumerate(zip(drawn, documents, strict=True), first):
        content: dict[str, Any] = {NAMES.get(name, name): value for name, value in one.items() if value}
        content = {name: list(value) if isinstance(value, tuple) else value for name, value in content.items()}
        content |= {"kind": one["kind"].value, "stream": STREAM, "sequence": sequence, "at": at, "previous": previous}
        if "subject" in one:
            content |= {"subject": one["subject"].digest, "subjectKey": one["subject"].key_id}
        previous = hashlib.sha256(rfc8785.dumps({**content, "at": json.loads(canonical({"at": at}))["at"]})).hexdigest()
        assert document == {**content, "_id": f"{STREAM}/{sequence:012d}", "hash": previous}
        assert hash_of(document) == previous


@given(said, st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=5))
def test_an_entry_of_another_case_is_as_one_made_for_it(
    drawn: dict[str, Any], cases: list[tuple[str, str, str]]
) -> None:
    common, at = Entry(**drawn), now()
    alike = [Entry.saying(common.said, *case) for case in cases]
    made = [
        Entry(**{**drawn, "producer": producer, "case_type": case_type, "reference": reference})
        for producer, case_type, reference in cases
    ]

    documents = all_linked(alike, stream=STREAM, first=1, at=at, previous=BEFORE_THE_FIRST)

    assert documents == all_linked(made, stream=STREAM, first=1, at=at, previous=BEFORE_THE_FIRST)
    assert common.said == Entry(**drawn).said, "linking changes no entry"


def test_several_are_linked_one_after_the_other() -> None:
    opening = Entry(RecordKind.OPENED)

    documents = all_linked([opening, *entries(3)], stream=STREAM, first=1, at=AT, previous=BEFORE_THE_FIRST)

    assert_linked(STREAM, documents)
    assert documents[1:] == [
        linked(one, stream=STREAM, sequence=number, at=AT, previous=documents[number - 2]["hash"])
        for number, one in enumerate(entries(3), 2)
    ]


def test_an_entry_that_has_no_canonical_form_is_named_by_its_position() -> None:
    bad = [*entries(2), entry(details={"number": 2**70})]

    with pytest.raises(CannotBeLinked) as raised:
        all_linked(bad, stream=STREAM, first=1, at=AT, previous=BEFORE_THE_FIRST)

    assert raised.value.position == 2


def test_what_does_not_apply_is_left_out() -> None:
    document = linked(Entry(RecordKind.OPENED), stream=STREAM, sequence=1, at=AT, previous=BEFORE_THE_FIRST)

    assert document.keys() == {"_id", "kind", "stream", "sequence", "at", "previous", "hash"}


@pytest.mark.parametrize("name", sorted(linked(entries(1)[0], stream=STREAM, sequence=1, at=AT, previous="0" * 64)))
def test_whatever_is_changed_in_a_record_changes_its_hash(name: str) -> None:
    document = linked(entries(1)[0], stream=STREAM, sequence=1, at=AT, previous=BEFORE_THE_FIRST)
    changed = {**document, name: AT + timedelta(milliseconds=1) if name == "at" else "another"}
    without = {other: value for other, value in document.items() if other != name}

    assert (hash_of(changed) != document["hash"]) == (name not in ("_id", "hash"))
    assert (hash_of(without) != document["hash"]) == (name not in ("_id", "hash"))


def test_a_seals_number_counts_and_its_hash_and_signature_do_not() -> None:
    seal = {"_id": 5, "stream": STREAM, "hash": "y", "signature": "z"}

    assert canonical_seal(seal) == b'{"number":5,"stream":"' + STREAM.encode() + b'"}'
    assert hash_of_seal({**seal, "_id": 6}) != hash_of_seal(seal)
