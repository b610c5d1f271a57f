"""What the gateway itself writes verifies: while it writes, and when it has ended."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.disclosure.keeping import Keeping, command_record, gateway_record
from gateway.disclosure.seal_keys import read_seal_keys
from gateway.disclosure.seals import SealingKey
from gateway.disclosure.verification import Verification
from gateway.disclosure.verifying import verify
from gateway.model.replica import new_replica_id
from gateway.store.definitions import load_definitions
from gateway.store.driver import Database, opened_database
from gateway.store.initialise import initialise
from gateway.store.record_reading import RecordReading
from tests.record import key_file, new_key, told


async def test_a_record_verifies_while_two_replicas_write_it(
    database_uri: str, database_name: str, tmp_path: Path
) -> None:
    key = new_key()
    public = key_file(tmp_path / "record.jwk", key)
    keeping = Keeping(SealingKey(key), write_seconds=5, seal_records=20, seal_seconds=0.2, retention=timedelta(days=1))
    async with opened_database(database_uri, database_name, timeout=10) as database:
        async for _ in initialise(database, load_definitions()):
            pass

        async with gateway_record(database, keeping, new_replica_id()) as one:
            async with gateway_record(database, keeping, new_replica_id()) as other:
                writing = asyncio.gather(
                    *(recorder.record([told(f"SKV-{place}")] * 7) for recorder in (one, other) for place in range(60))
                )
                seen = [await verified(database, public) for _ in range(5)]
                await writing
            async with command_record(database) as command:
                await command.record([told("SKV-COMMAND")])
            seen.append(await verified(database, public))
        ended = await verified(database, public)
        await database.client.drop_database(database_name)

    assert [one.faults.told for one in (*seen, ended)] == [[]] * 7
    assert ended.counts.records >= 2 * 60 * 7 + 2 * 2 + 3
    assert ended.counts.seals > 4


async def verified(database: Database, public: Path) -> Verification:
    """What a verification finds now."""
    found = Verification(read_seal_keys([public]), datetime.now(UTC))
    await verify(RecordReading(database), found, lambda _, __: None)
    return found
