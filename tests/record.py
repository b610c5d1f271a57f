"""A record built for tests: streams and seals as the gateway writes them, put straight into the database."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from gateway.disclosure.chain import BEFORE_THE_FIRST, linked
from gateway.disclosure.seals import SealingKey, Segment, seal
from gateway.model.caller import ConsumerId, SubjectKey
from gateway.model.record import Entry, Outcome, RecordKind

Document = dict[str, Any]

BEGAN = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
RETENTION = timedelta(days=1826)
OPENED = Entry(RecordKind.OPENED, details={"writer": "gateway", "version": "0.1.0"})
CLOSED = Entry(RecordKind.CLOSED)


def told(reference: str = "SKV-2026-55810", **changes: Any) -> Entry:
    """What is recorded of a status that was told."""
    said = {
        "request_id": f"request-{reference}",
        "consumer": ConsumerId("business-portal"),
        "subject": SubjectKey("LujCLlxW2yLzsEVkAHjsGBeXKAwVoLrVpVpLLwzDVdA", "k1"),
        "group": "690000000000000000000001",
        "producer": "tax-agency",
        "case_type": "FSKATT",
        "reference": reference,
        "fields": ("title", "updatedAt"),
        "purpose": "TAXES:filing-vat",
        "grants": ("690000000000000000000101",),
        "legal_basis": ("Agreement 2026/17, section 4",),
        "outcome": Outcome.DISCLOSED.value,
        **changes,
    }
    return Entry(RecordKind.STATUS, **said)


def new_key(kid: str = "record-1") -> ECKey:
    """A key to seal with."""
    return ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256", "kid": kid})


def key_file(path: Path, key: ECKey, *, private: bool = False) -> Path:
    """The key as a file."""
    path.write_text(json.dumps(key.as_dict(private=private)))
    path.chmod(0o600)
    return path


@dataclass
class BuiltStream:
    """A stream being built; its records stand in `documents`."""

    id: str
    documents: list[Document] = field(default_factory=list)
    sealed: int = 0

    def add(self, *entries: Entry, at: datetime | None = None) -> BuiltStream:
        """Links entries."""
        for entry in entries:
            sequence = len(self.documents) + 1
            previous = self.documents[-1]["hash"] if self.documents else BEFORE_THE_FIRST
            moment = at or BEGAN + timedelta(seconds=sequence, milliseconds=7)
            self.documents.append(linked(entry, stream=self.id, sequence=sequence, at=moment, previous=previous))
        return self

    def segment(self) -> Segment:
        """The records that are not sealed yet; they count as sealed now."""
        run = self.documents[self.sealed :]
        self.sealed = len(self.documents)
        return Segment(
            stream=self.id,
            first=run[0]["sequence"],
            last=run[-1]["sequence"],
            before=run[0]["previous"],
            head=run[-1]["hash"],
            first_at=run[0]["at"],
            last_at=run[-1]["at"],
            closes=run[-1]["kind"] == "closed",
        )


@dataclass
class BuiltRecord:
    """Streams, and one chain of seals over them."""

    key: ECKey
    streams: list[BuiltStream] = field(default_factory=list)
    seals: list[Document] = field(default_factory=list)

    def stream(self, letter: str = "a") -> BuiltStream:
        """A new stream, opened."""
        self.streams.append(BuiltStream(letter * 16).add(OPENED))
        return self.streams[-1]

    def seal(self, stream: BuiltStream, retention: timedelta = RETENTION) -> None:
        """Seals what is not sealed of the stream."""
        segment = stream.segment()
        self.seals.append(
            seal(
                segment,
                number=len(self.seals) + 1,
                previous=self.seals[-1]["hash"] if self.seals else BEFORE_THE_FIRST,
                sealed_at=segment.last_at + timedelta(seconds=1),
                retain_until=segment.last_at + retention,
                key=SealingKey(self.key),
            )
        )

    def put(self, database: Any) -> None:
        """Puts it all into the database, which has nothing of it yet."""
        database["recordStreams"].insert_many(
            [
                {"_id": one.id, "openedAt": one.documents[0]["at"], "writer": "gateway", "version": "0.1.0"}
                for one in self.streams
            ]
        )
        if self.seals:
            database["recordSeals"].insert_many(self.seals)
        database["disclosures"].insert_many([document for one in self.streams for document in one.documents])
