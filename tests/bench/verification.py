"""How fast `gateway audit verify` is: a record of a million entries, put straight into the embedded database."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from rich.console import Console

from gateway.disclosure.chain import BEFORE_THE_FIRST, linked
from gateway.disclosure.seals import SealingKey, Segment, seal
from tests.database import embedded_database
from tests.record import OPENED, key_file, new_key, told

SEGMENT = 1_000
STREAMS = 3
BATCH = 5_000
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


def main() -> None:
    """Writes the record, verifies it by the command, and prints what that took."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=1_000_000)
    records = options.parse_args().records
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as folder, embedded_database(Path(folder) / "database") as uri:
        key = new_key()
        public = key_file(Path(folder) / "record.jwk", key)
        seconds = fill(uri, SealingKey(key), records)
        console.print(f"written: {records:,} records in {seconds:.1f} s")
        environment = {**os.environ, "GATEWAY_MONGODB_URI": uri, "GATEWAY_MONGODB_DATABASE": "bench"}
        command = [sys.executable, "-m", "gateway", "audit", "verify", "--json", "--key", str(public)]
        began = time.monotonic()
        ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
        seconds = time.monotonic() - began
        said = json.loads(ended.stdout)
        assert said["whole"]
        assert said["records"] == records
        console.print(f"verified: {said['records']:,} records under {said['seals']:,} seals in {seconds:.1f} s")
        console.print(f"{records / seconds:,.0f} records a second")


def fill(uri: str, key: SealingKey, records: int) -> float:
    """Writes the record: streams that take turns, each sealed every thousand records. Returns the seconds it took."""
    began = time.monotonic()
    with MongoClient[dict[str, Any]](uri) as client:
        database = client["bench"]
        heads = dict.fromkeys((f"{number:016x}" for number in range(STREAMS)), (0, BEFORE_THE_FIRST))
        database["recordStreams"].insert_many(
            [{"_id": one, "openedAt": BEGAN, "writer": "gateway", "version": "bench"} for one in heads]
        )
        documents: list[dict[str, Any]] = []
        seals: list[dict[str, Any]] = []
        for written in range(0, records, SEGMENT):
            stream = f"{len(seals) % STREAMS:016x}"
            run = _run(stream, *heads[stream], min(SEGMENT, records - written))
            heads[stream] = (run[-1]["sequence"], run[-1]["hash"])
            segment = Segment(
                stream=stream,
                first=run[0]["sequence"],
                last=run[-1]["sequence"],
                before=run[0]["previous"],
                head=run[-1]["hash"],
                first_at=run[0]["at"],
                last_at=run[-1]["at"],
                closes=False,
            )
            seals.append(
                seal(
                    segment,
                    number=len(seals) + 1,
                    previous=seals[-1]["hash"] if seals else BEFORE_THE_FIRST,
                    sealed_at=segment.last_at,
                    retain_until=segment.last_at + timedelta(days=1826),
                    key=key,
                )
            )
            documents += run
            if len(documents) >= BATCH:
                database["disclosures"].insert_many(documents)
                documents = []
        if documents:
            database["disclosures"].insert_many(documents)
        database["recordSeals"].insert_many(seals)
    return time.monotonic() - began


def _run(stream: str, sequence: int, previous: str, records: int) -> list[dict[str, Any]]:
    run = []
    for number in range(sequence + 1, sequence + records + 1):
        entry = OPENED if number == 1 else told(f"SKV-2026-{number}")
        at = BEGAN + timedelta(milliseconds=20 * number)
        run.append(linked(entry, stream=stream, sequence=number, at=at, previous=previous))
        previous = run[-1]["hash"]
    return run


if __name__ == "__main__":
    main()
