"""What tests write to the record, and what they find in it, checked by means of their own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import rfc8785
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.disclosure.keeping import Keeping
from gateway.disclosure.recorder import Recorder
from gateway.disclosure.seals import SealingKey
from gateway.disclosure.streams import Writer
from gateway.model.caller import ConsumerId, SubjectKey
from gateway.model.record import Entry, Outcome, RecordKind
from gateway.store.disclosures import Disclosures
from gateway.store.driver import Database
from gateway.store.record_streams import RecordStreams

KEY = ECKey.generate_key("P-256", {"kid": "record-1"})
ZEROS = "0" * 64
SUBJECT = SubjectKey("A" * 43, "k1")


def keeping(**changes: Any) -> Keeping:
    """How a gateway of a test keeps the record."""
    usual: dict[str, Any] = {
        "key": SealingKey(KEY),
        "write_seconds": 2.0,
        "seal_records": 1_000,
        "seal_seconds": 60.0,
        "retention": timedelta(days=1_826),
    }
    return Keeping(**{**usual, **changes})


def recorder(database: Database, *, write_seconds: float = 2.0, segment_records: int = 1_000) -> Recorder:
    """A recorder that nobody seals for."""
    return Recorder(
        Disclosures(database),
        RecordStreams(database),
        Writer("gateway", "test"),
        write_seconds=write_seconds,
        segment_records=segment_records,
    )


def entry(**changes: Any) -> Entry:
    """A disclosure, but for what the arguments change."""
    said: dict[str, Any] = {
        "request_id": "r",
        "consumer": ConsumerId("business-portal"),
        "subject": SUBJECT,
        "producer": "tax-agency",
        "case_type": "MOMS",
        "reference": "r/1",
        "fields": ("title",),
        "purpose": "TAXES:filing-vat",
        "grants": ("a" * 24,),
        "legal_basis": ("Only for tests, åäö",),
        "outcome": Outcome.DISCLOSED.value,
    }
    return Entry(RecordKind.STATUS, **{**said, **changes})


def entries(count: int, request_id: str = "r") -> list[Entry]:
    """As many disclosures of one operation, whose references say which they are."""
    common = entry(request_id=request_id)
    return [Entry.saying(common.said, "tax-agency", "MOMS", f"{request_id}/{number}") for number in range(1, count + 1)]


class Record:
    """The record in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def streams(self) -> dict[str, list[dict[str, Any]]]:
        """The records by stream, each stream in order and shown to be whole: linked without a gap from its start."""
        found: dict[str, list[dict[str, Any]]] = {}
        async for document in self._database["disclosures"].find({}, sort=[("_id", 1)]):
            found.setdefault(document["stream"], []).append(document)
        registered = {stream["_id"] async for stream in self._database["recordStreams"].find({})}
        assert found.keys() <= registered
        for stream, records in found.items():
            assert_linked(stream, records)
        return found

    async def references(self) -> list[str]:
        """The references of all disclosures, sorted: none may be missing, none there twice."""
        found = await self._database["disclosures"].find({"kind": "status"}).to_list(None)
        return sorted(document["reference"] for document in found)

    async def seals(self) -> list[dict[str, Any]]:
        """The chain of seals, shown to be whole, signed, and to fit the records that it covers."""
        seals = await self._database["recordSeals"].find({}, sort=[("_id", 1)]).to_list(None)
        streams = await self.streams()
        previous, ends = ZEROS, dict.fromkeys(streams, 0)
        for number, seal in enumerate(seals, 1):
            content = {name: value for name, value in seal.items() if name not in ("_id", "hash", "signature")}
            payload = canonical({**content, "number": seal["_id"]})
            assert (seal["_id"], seal["previous"]) == (number, previous)
            assert seal["hash"] == hashlib.sha256(payload).hexdigest()
            assert jws.deserialize_compact(seal["signature"], KEY, algorithms=["ES256"]).payload == payload
            covered = streams[seal["stream"]][seal["first"] - 1 : seal["last"]]
            assert seal["first"] == ends[seal["stream"]] + 1
            assert (covered[0]["previous"], covered[0]["at"]) == (seal["before"], seal["firstAt"])
            assert (covered[-1]["hash"], covered[-1]["at"]) == (seal["head"], seal["lastAt"])
            assert seal["closes"] == (covered[-1]["kind"] == "closed")
            previous, ends[seal["stream"]] = seal["hash"], seal["last"]
        return seals

    async def sealed(self) -> bool:
        """Whether every record is sealed and every stream closed."""
        ends = {seal["stream"]: seal["last"] for seal in await self.seals() if seal["closes"]}
        return ends == {stream: len(records) for stream, records in (await self.streams()).items()}


def assert_linked(stream: str, records: Sequence[dict[str, Any]]) -> None:
    """Each record holds its own hash and that of the one before it, and time never goes back."""
    previous, at = ZEROS, datetime.min.replace(tzinfo=UTC)
    assert records[0]["kind"] == "opened"
    for sequence, record in enumerate(records, 1):
        content = {name: value for name, value in record.items() if name not in ("_id", "hash")}
        assert (record["_id"], record["sequence"]) == (f"{stream}/{sequence:012d}", sequence)
        assert record["previous"] == previous
        assert record["hash"] == hashlib.sha256(canonical(content)).hexdigest()
        assert record["at"] >= at
        previous, at = record["hash"], record["at"]


def canonical(content: dict[str, Any]) -> bytes:
    """RFC 8785, by another library than the gateway uses."""
    return rfc8785.dumps(json.loads(json.dumps(content, default=_moment)))


def _moment(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
