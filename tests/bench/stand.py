"""What a measurement runs on: programs of their own beside it, a database in which everything may be read, settings."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from joserfc.jwk import ECKey

from gateway.model.purpose import InformationArea
from gateway.store.definitions import load_definitions
from gateway.store.driver import opened_database
from gateway.store.initialise import initialise
from tests.agreements import consumer_record, grant_record, producer_record
from tests.bench.producing import PRODUCERS
from tests.issuer import AUDIENCE, ISSUER, Issuer


@contextmanager
def program(
    *words: str, output: int = subprocess.DEVNULL, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A Python program of this folder, stopped at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


async def prepare(uri: str, name: str, urls: dict[str, str]) -> None:
    """A database in which the consumer may read everything."""
    areas = [area.value for area in InformationArea]
    async with opened_database(uri, name, timeout=10) as database:
        async for _ in initialise(database, load_definitions()):
            pass
        await database["consumers"].insert_one(consumer_record("business-portal"))
        for id_, url in urls.items():
            record = producer_record(id_, [PRODUCERS[id_]], endpoint=url, informationAreas=areas)
            await database["producers"].insert_one(record)
            # Thirty grants each, so that finding the right one is no less work than it will be.
            for field in ("title", "description", "updatedAt"):
                for area in areas[-10:]:
                    grant = grant_record("business-portal", id_, [PRODUCERS[id_]], [field], [(area, None)])
                    await database["grants"].insert_one(grant)


def settings(folder: Path, uri: str, name: str, issuer: Issuer, port: int) -> dict[str, str]:
    """The settings of a gateway on `port`."""
    assertion_key, record_key = folder / "assertion.jwk", folder / "record.jwk"
    pseudonym_key = folder / "pseudonym.key"
    if not assertion_key.exists():
        for signing_key in (assertion_key, record_key):
            signing_key.write_text(json.dumps(ECKey.generate_key("P-256").as_dict(private=True)))
            signing_key.chmod(0o600)
        pseudonym_key.write_text(base64.b64encode(bytes(32)).decode())
        pseudonym_key.chmod(0o600)
    return {
        "GATEWAY_PORT": str(port),
        "GATEWAY_MONGODB_URI": uri,
        "GATEWAY_MONGODB_DATABASE": name,
        "GATEWAY_TOKEN_ISSUER": ISSUER,
        "GATEWAY_TOKEN_AUDIENCE": AUDIENCE,
        "GATEWAY_TOKEN_JWKS": str(issuer.jwks),
        "GATEWAY_ASSERTION_KEY_FILE": str(assertion_key),
        "GATEWAY_PSEUDONYM_KEY_FILE": str(pseudonym_key),
        "GATEWAY_RECORD_KEY_FILE": str(record_key),
    }


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
