"""`gateway audit verify`: what an administrator of the database does to the record is found, and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from gateway.disclosure.chain import BEFORE_THE_FIRST, hash_of, linked
from gateway.disclosure.seals import SealingKey, canonical_seal, hash_of_seal
from tests.administration.conftest import Office
from tests.record import CLOSED, OPENED, BuiltRecord, BuiltStream, key_file, new_key, told

Document = dict[str, Any]

A, B = "a" * 16, "b" * 16
"""Two streams. Of A records 1–10 are sealed by seal 1, 11–20 by 3, and 21–23 not yet; of B 1–5, closed, by 2."""


@pytest.fixture
def key() -> ECKey:
    """The gateway's key."""
    return new_key()


@pytest.fixture
def record(office: Office, key: ECKey, tmp_path: Path) -> BuiltRecord:
    """A record that is whole, and an auditor who has the public key."""
    built = build(key)
    built.put(office.database)
    office.settings["record_key_file"] = str(key_file(tmp_path / "record.jwk", key))
    return built


def build(key: ECKey, case: str = "SKV") -> BuiltRecord:
    """The record above; `case` begins every reference."""
    built = BuiltRecord(key)
    a = built.stream("a").add(*(told(f"{case}-{number}") for number in range(2, 11)))
    built.seal(a)
    b = built.stream("b").add(*(told(f"{case}-B-{number}") for number in range(2, 5)), CLOSED)
    built.seal(b)
    built.seal(a.add(*(told(f"{case}-{number}") for number in range(11, 21))))
    a.add(*(told(f"{case}-{number}") for number in range(21, 24)))
    return built


def verified(office: Office, *words: str) -> tuple[int, Document]:
    """How it ended, and what it says."""
    result = office.run("audit", "verify", "--json", *words)
    assert result.stderr == ""
    return result.exit_code, json.loads(result.stdout)


def found(office: Office, *words: str) -> list[tuple[str, str | None, list[int] | None, int | None]]:
    """The faults: code, stream, records, seal."""
    code, said = verified(office, *words)
    assert code == (1 if said["told"] else 0)
    assert said["faults"] == len(said["told"])
    return [(one["code"], one.get("stream"), one.get("records"), one.get("seal")) for one in said["told"]]


def record_of(office: Office, sequence: int, stream: str = A) -> Document:
    """A record as it stands."""
    document = office.database["disclosures"].find_one({"_id": f"{stream}/{sequence:012d}"})
    assert document is not None
    return document


def set_record(office: Office, sequence: int, document: Document, stream: str = A) -> None:
    """Another document in a record's place."""
    id_ = f"{stream}/{sequence:012d}"
    office.database.command("collMod", "disclosures", validator={})
    office.database["disclosures"].replace_one({"_id": id_}, {**document, "_id": id_}, upsert=True)


def remove(office: Office, *sequences: int, stream: str = A) -> None:
    """Records removed."""
    office.database["disclosures"].delete_many({"_id": {"$in": [f"{stream}/{one:012d}" for one in sequences]}})


def rehashed(document: Document, **changes: Any) -> Document:
    """The record with something changed, and a hash that fits that."""
    changed = {**document, **changes}
    return {**changed, "hash": hash_of(changed)}


def test_a_record_that_is_whole_is_found_so(office: Office, record: BuiltRecord) -> None:
    code, said = verified(office)

    assert (code, said["whole"], said["told"]) == (0, True, [])
    assert (said["records"], said["seals"], said["streams"], said["unsealedRecords"]) == (28, 3, 2, 3)
    assert said["until"] == {"number": 3, "hash": record.seals[-1]["hash"]}


def test_an_empty_record_is_whole(office: Office, key: ECKey, tmp_path: Path) -> None:
    result = office.run("audit", "verify", "--key", str(key_file(tmp_path / "key", key)))

    assert (result.exit_code, result.stderr) == (0, "")
    assert "The record is whole." in result.stdout


# Six kinds of tampering


@pytest.mark.parametrize("sequence", [1, 5, 10, 15, 22])
def test_a_record_that_was_changed_is_named(office: Office, record: BuiltRecord, sequence: int) -> None:
    set_record(office, sequence, {**record_of(office, sequence), "consumer": "another"})

    assert [(one[0], one[2]) for one in found(office)] == [("RECORD_CHANGED", [sequence, sequence])]


@pytest.mark.parametrize("sequence", [5, 15])
def test_a_record_that_was_changed_with_its_hash_is_named(office: Office, record: BuiltRecord, sequence: int) -> None:
    set_record(office, sequence, rehashed(record_of(office, sequence), consumer="another"))

    assert [(one[0], one[2]) for one in found(office)] == [("RECORD_CHANGED", [sequence, sequence])]


@pytest.mark.parametrize("records", [[5, 5], [1, 1], [7, 9], [10, 11], [1, 10], [22, 22]])
def test_records_that_were_removed_are_named(office: Office, record: BuiltRecord, records: list[int]) -> None:
    remove(office, *range(records[0], records[1] + 1))

    assert [one[:3] for one in found(office)] == [("RECORD_REMOVED", A, records)]


def test_a_record_that_was_removed_is_named_where_the_others_moved_up(office: Office, record: BuiltRecord) -> None:
    moved = [record_of(office, one) for one in range(6, 11)]
    for document in moved:
        set_record(office, document["sequence"] - 1, document)
    remove(office, 10)

    assert [one[:3] for one in found(office)] == [("RECORD_REMOVED", A, [5, 5])]


@pytest.mark.parametrize(
    "id_", [f"{A}/000000000000", f"{A}/000000000005x", f"{A}/5", f"{A}/x", f"{B}/000000000006", "0000", 5, "zzz"]
)
def test_a_record_that_was_inserted_is_named(office: Office, record: BuiltRecord, id_: object) -> None:
    office.database.command("collMod", "disclosures", validator={})
    office.database["disclosures"].insert_one({**record_of(office, 5), "_id": id_})

    code, said = verified(office)

    assert (code, [one["code"] for one in said["told"]]) == (1, ["RECORD_INSERTED"])
    assert repr(id_) in said["told"][0]["what"]


def test_a_record_that_was_inserted_is_named_where_the_others_moved_on(office: Office, record: BuiltRecord) -> None:
    moved = [record_of(office, one) for one in range(5, 11)]
    remove(office, *range(11, 24))
    office.database["recordSeals"].delete_one({"_id": 3})
    for document in moved:
        set_record(office, document["sequence"] + 1, {**document, "sequence": document["sequence"] + 1})
    set_record(office, 5, rehashed(moved[0], reference="SKV-FORGED"))

    assert ("RECORD_INSERTED", A, [5, 5], 1) in found(office)


def test_a_record_that_was_inserted_far_beyond_the_last_is_named_at_once(office: Office, record: BuiltRecord) -> None:
    last = 999_999_999_999
    set_record(office, last, {**record_of(office, 23), "sequence": last})

    assert found(office) == [
        ("RECORD_CHANGED", A, [last, last], None),
        ("RECORD_REMOVED", A, [24, last - 1], None),
    ]


def test_a_record_in_a_stream_that_never_was_is_named(office: Office, record: BuiltRecord) -> None:
    forged = linked(OPENED, stream="c" * 16, sequence=1, at=datetime.now(UTC), previous=BEFORE_THE_FIRST)
    office.database["disclosures"].insert_one(forged)

    assert found(office) == [("RECORD_INSERTED", "c" * 16, [1, 1], None)]


def keeping_nothing(one: Document, other: Document) -> Document:
    """Everything of the other's stands in its place."""
    return other


def keeping_the_sequence(one: Document, other: Document) -> Document:
    """Everything but its place in the stream."""
    return {**other, "sequence": one["sequence"]}


def keeping_the_chain(one: Document, other: Document) -> Document:
    """What was recorded, and nothing of the chain."""
    return {**other, **{name: one[name] for name in ("sequence", "previous", "hash")}}


def keeping_the_time(one: Document, other: Document) -> Document:
    """The same, and the moment stays."""
    return {**keeping_the_chain(one, other), "at": one["at"]}


@pytest.mark.parametrize("records", [[3, 7], [4, 5], [1, 10]])
@pytest.mark.parametrize("how", [keeping_nothing, keeping_the_sequence, keeping_the_chain, keeping_the_time])
def test_records_that_were_swapped_are_named(
    office: Office, record: BuiltRecord, records: list[int], how: Callable[[Document, Document], Document]
) -> None:
    one, other = (record_of(office, sequence) for sequence in records)
    set_record(office, records[0], how(one, other))
    set_record(office, records[1], how(other, one))

    assert found(office) == [("RECORDS_SWAPPED", A, records, 1)]


def test_records_of_two_streams_that_were_swapped_are_named(office: Office, record: BuiltRecord) -> None:
    one, other = record_of(office, 3), record_of(office, 3, B)
    set_record(office, 3, other)
    set_record(office, 3, one, B)

    assert found(office) == [("RECORDS_SWAPPED", A, [3, 3], 1), ("RECORDS_SWAPPED", B, [3, 3], 2)]


@pytest.mark.parametrize("first", [11, 14, 5])
def test_a_tail_that_was_cut_off_is_named(office: Office, record: BuiltRecord, first: int) -> None:
    remove(office, *range(first, 24))

    assert [one[:3] for one in found(office)] == [("TAIL_CUT_OFF", A, [first, 20])]


def test_the_end_of_a_closed_stream_that_was_cut_off_is_named(office: Office, record: BuiltRecord) -> None:
    remove(office, 4, 5, stream=B)

    assert [one[:3] for one in found(office)] == [("TAIL_CUT_OFF", B, [4, 5])]


def test_a_stream_that_was_written_anew_with_right_hashes_is_found_by_its_seals(
    office: Office, record: BuiltRecord, key: ECKey
) -> None:
    office.database["disclosures"].delete_many({"stream": A})
    office.database["disclosures"].insert_many(build(key, "FORGED").streams[0].documents)

    assert [one for one in found(office) if one[3]] == [
        ("STREAM_REPLACED", A, [1, 10], 1),
        ("STREAM_REPLACED", A, [11, 20], 3),
    ]


# Seals


def test_a_seal_that_was_changed_is_named(office: Office, record: BuiltRecord) -> None:
    office.database["recordSeals"].update_one({"_id": 1}, {"$set": {"retainUntil": datetime(2020, 1, 1, tzinfo=UTC)}})

    assert found(office) == [("SEAL_CHANGED", None, None, 1)]


def test_a_seal_whose_hash_was_changed_with_it_is_named(office: Office, record: BuiltRecord) -> None:
    seal = {**record.seals[1], "retainUntil": datetime(2020, 1, 1, tzinfo=UTC)}
    office.database["recordSeals"].replace_one({"_id": 2}, {**seal, "hash": hash_of_seal(seal)})

    assert found(office) == [("SEAL_CHANGED", None, None, 2)]


def test_a_seal_that_was_removed_is_named_and_its_records_are_still_looked_at(
    office: Office, record: BuiltRecord
) -> None:
    office.database["recordSeals"].delete_one({"_id": 1})
    set_record(office, 5, {**record_of(office, 5), "consumer": "another"})

    assert [one[:3] for one in found(office)] == [("SEAL_REMOVED", None, None), ("RECORD_CHANGED", A, [5, 5])]


@pytest.mark.parametrize("id_", ["zz", 0, 2.5])
def test_a_seal_that_has_no_number_is_named(office: Office, record: BuiltRecord, id_: object) -> None:
    office.database.command("collMod", "recordSeals", validator={})
    office.database["recordSeals"].insert_one({**record.seals[0], "_id": id_, "first": 900})

    assert found(office) == [("SEAL_WRONG", None, None, None)]


def test_seals_signed_with_another_key_are_named(office: Office, record: BuiltRecord) -> None:
    for kid in ("record-1", "another"):
        other = SealingKey(new_key(kid))
        for seal in record.seals:
            office.database["recordSeals"].update_one(
                {"_id": seal["_id"]}, {"$set": {"signature": other.sign(canonical_seal(seal))}}
            )

        assert [(one[0], one[3]) for one in found(office)] == [("SEAL_CHANGED", number) for number in (1, 2, 3)]


def test_two_seals_that_were_swapped_are_named(office: Office, record: BuiltRecord) -> None:
    office.database["recordSeals"].delete_many({})
    first, second, third = record.seals
    office.database["recordSeals"].insert_many([{**second, "_id": 1}, {**first, "_id": 2}, third])

    assert [(one[0], one[3]) for one in found(office) if one[0] == "SEAL_CHANGED"] == [
        ("SEAL_CHANGED", 1),
        ("SEAL_CHANGED", 2),
    ]


def test_a_stream_whose_registration_was_removed_is_named(office: Office, record: BuiltRecord) -> None:
    office.database["recordStreams"].delete_one({"_id": B})

    assert found(office) == [("STREAM_NOT_REGISTERED", B, None, None)]


# Anchors


def test_an_anchor_finds_what_was_cut_off_with_its_seals(office: Office, record: BuiltRecord, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.json"
    assert office.run("audit", "anchor", "--output", str(anchor)).exit_code == 0
    before = found(office, "--anchor", str(anchor))
    office.database["recordSeals"].delete_one({"_id": 3})
    remove(office, *range(11, 24))

    assert (before, found(office)) == ([], [])
    assert found(office, "--anchor", str(anchor)) == [("ANCHOR_NOT_MET", None, None, 3)]


def test_an_anchor_finds_what_was_sealed_anew_with_the_right_key(
    office: Office, record: BuiltRecord, key: ECKey, tmp_path: Path
) -> None:
    anchor = tmp_path / "anchor.json"
    anchor.write_text(office.run("audit", "anchor").stdout)
    for name in ("disclosures", "recordSeals", "recordStreams"):
        office.database[name].delete_many({})
    build(key, "FORGED").put(office.database)

    assert found(office) == []
    assert found(office, "--anchor", str(anchor)) == [("ANCHOR_NOT_MET", None, None, 3)]


def test_an_anchor_holds_the_seal_its_signature_and_the_public_key(
    office: Office, record: BuiltRecord, key: ECKey
) -> None:
    anchor = json.loads(office.run("audit", "anchor").stdout)

    assert (anchor["number"], anchor["hash"]) == (3, record.seals[-1]["hash"])
    assert (anchor["seal"]["head"], anchor["signature"]) == (record.seals[-1]["head"], record.seals[-1]["signature"])
    assert "d" not in anchor["key"]
    assert anchor["key"]["x"] == key.as_dict()["x"]


@pytest.mark.parametrize("spoil", [lambda one: {**one, "number": 2}, lambda one: {**one, "signature": "a.b.c"}, list])
def test_an_anchor_that_is_none_is_refused(
    office: Office, record: BuiltRecord, tmp_path: Path, spoil: Callable[[Any], Any]
) -> None:
    anchor = tmp_path / "anchor.json"
    anchor.write_text(json.dumps(spoil(json.loads(office.run("audit", "anchor").stdout))))

    (said,) = office.refused("audit", "verify", "--anchor", str(anchor))
    assert str(anchor) in said


def test_there_is_no_anchor_before_anything_is_sealed(office: Office, key: ECKey, tmp_path: Path) -> None:
    assert office.refused("audit", "anchor", "--key", str(key_file(tmp_path / "key", key))) == [
        "Nothing is sealed yet, so there is no anchor."
    ]


# Checkpoints


def test_a_checkpoint_spares_the_records_that_were_read(office: Office, record: BuiltRecord, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint"
    _, first = verified(office, "--checkpoint", str(file))
    _, second = verified(office, "--checkpoint", str(file))

    assert json.loads(file.read_text()) == {"number": 3, "hash": record.seals[-1]["hash"]}
    assert file.stat().st_mode & 0o777 == 0o600
    assert (first["records"], second["records"], second["sealsBeforeCheckpoint"]) == (28, 3, 3)


def test_a_checkpoint_does_not_go_beyond_a_fault(office: Office, record: BuiltRecord, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint"
    remove(office, 15)

    assert [found(office, "--checkpoint", str(file))[0][0] for _ in range(2)] == ["RECORD_REMOVED"] * 2


def test_a_checkpoint_that_does_not_fit_is_a_fault(office: Office, record: BuiltRecord, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint"
    for checkpoint, what in (((3, "0" * 64), "is another"), ((7, "0" * 64), "is missing")):
        number, hash_ = checkpoint
        file.write_text(json.dumps({"number": number, "hash": hash_}))

        code, said = verified(office, "--checkpoint", str(file))

        (told_of,) = said["told"]
        assert (code, told_of["code"], told_of["seal"]) == (1, "CHECKPOINT_NOT_MET", number)
        assert what in told_of["what"]
        assert json.loads(file.read_text())["hash"] == "0" * 64


@pytest.mark.parametrize("content", ["", "[]", '{"number": "1", "hash": "0"}'])
def test_a_file_that_is_no_checkpoint_is_refused(
    office: Office, record: BuiltRecord, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "checkpoint"
    file.write_text(content)

    assert office.refused("audit", "verify", "--checkpoint", str(file)) == [
        f"{file} is no checkpoint. Remove it to begin from the beginning."
    ]


# Retention, keys, many faults


def test_whole_segments_may_be_gone_once_their_time_is_over(office: Office, key: ECKey, tmp_path: Path) -> None:
    built = BuiltRecord(key)
    stream = built.stream("a").add(*(told() for _ in range(9)))
    built.seal(stream, timedelta(days=1))
    built.seal(stream.add(*(told() for _ in range(10))))
    built.put(office.database)
    office.settings["record_key_file"] = str(key_file(tmp_path / "key", key))
    remove(office, *range(1, 10))
    part = found(office)
    remove(office, 10)

    code, said = verified(office)

    assert [one[:3] for one in part] == [("RECORD_REMOVED", A, [1, 9])]
    assert (code, said["removedSegments"], said["removedRecords"], said["records"]) == (0, 1, 10, 10)


def test_a_hundred_faults_are_told_and_all_are_counted(office: Office, key: ECKey, tmp_path: Path) -> None:
    built = BuiltRecord(key)
    built.seal(built.stream("a").add(*(told() for _ in range(150))))
    built.put(office.database)
    office.database["disclosures"].update_many({"sequence": {"$gt": 1}}, {"$set": {"consumer": "another"}})
    words = ("audit", "verify", "--key", str(key_file(tmp_path / "key", key)))

    code, said = verified(office, *words[2:])

    assert (code, said["faults"], len(said["told"])) == (1, 150, 100)
    assert said["faultsByCode"] == {"RECORD_CHANGED": 150}
    assert "150 faults, of which 50 are not told one by one" in office.run(*words).stdout


def test_a_moment_in_the_place_of_a_text_is_a_change(office: Office, key: ECKey, tmp_path: Path) -> None:
    built = BuiltRecord(key)
    built.seal(built.stream("a").add(told("2026-11-23T20:01:02.123Z")))
    built.put(office.database)
    office.settings["record_key_file"] = str(key_file(tmp_path / "key", key))
    moment = datetime(2026, 11, 23, 20, 1, 2, 123000, tzinfo=UTC)
    set_record(office, 2, {**record_of(office, 2), "reference": moment})

    assert [one[0] for one in found(office)] == ["RECORD_CHANGED"]


def test_without_a_key_or_with_none_that_fits_nothing_is_believed(office: Office, tmp_path: Path) -> None:
    (without,) = office.refused("audit", "verify")
    file = tmp_path / "key"
    file.write_text("{}")
    (bad,) = office.refused("audit", "verify", "--key", str(file))
    (missing,) = office.refused("audit", "verify", "--key", str(tmp_path / "none"))

    assert without.startswith("No key to check seals with: give --key")
    assert bad == f"The key file {file} does not hold a JWK of EC P-256."
    assert missing.endswith("cannot be read: No such file or directory.")


def test_keys_that_were_replaced_are_given_together(office: Office, key: ECKey, tmp_path: Path) -> None:
    built = BuiltRecord(key)
    stream = built.stream("a")
    built.seal(stream)
    built.key = new_key("record-2")
    built.seal(stream.add(told()))
    built.put(office.database)
    old, new = key_file(tmp_path / "old", key), key_file(tmp_path / "new", built.key)
    both = tmp_path / "both"
    both.write_text(json.dumps({"keys": [json.loads(one.read_text()) for one in (old, new)]}))

    assert found(office, "--key", str(old), "--key", str(new)) == found(office, "--key", str(both)) == []
    assert found(office, "--key", str(old))[0] == ("SEAL_CHANGED", None, None, 2)


def test_a_stream_without_any_seal_is_still_followed(office: Office, key: ECKey, tmp_path: Path) -> None:
    built = BuiltRecord(key, [BuiltStream(A).add(OPENED, *(told() for _ in range(5)))])
    built.put(office.database)
    office.settings["record_key_file"] = str(key_file(tmp_path / "key", key))
    whole = verified(office)[1]["unsealedRecords"]
    remove(office, 3)

    assert whole == 6
    assert found(office) == [("RECORD_REMOVED", A, [3, 3], None)]
