"""The programs of the stack: how the embedded database, the producers and the gateway are run for development."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.development.directory import PSEUDONYM_KEY_ID, DevelopmentDirectory
from gateway.development.errors import DevelopmentError
from gateway.development.issuer import ISSUER
from gateway.development.processes import Program, beside_python
from gateway.development.readiness import accepts_connections, answers_ok
from gateway.settings import PREFIX, Settings

LOOPBACK = "127.0.0.1"
EMBEDDED_DATABASE = "secantusd-rs"


@dataclass(frozen=True)
class Producer:
    """One producer of the demo: its id, how its output is marked, and its command less port and gateway."""

    id: str
    label: str
    colour: str
    command: tuple[str, ...]


PRODUCERS = (
    Producer("tax-agency", "tax-agency", "magenta", (sys.executable, "-m", "subgraphs.tax_agency")),
    Producer(
        "companies-registration-office",
        "companies",
        "yellow",
        (sys.executable, "-m", "subgraphs.companies_registration_office"),
    ),
    Producer("municipality", "municipality", "blue", (sys.executable, "-m", "subgraphs.municipality")),
)
"""In the order of `dev_producer_ports`."""


def embedded_database(settings: Settings, directory: DevelopmentDirectory) -> Program:
    """SecantusDB's server, durable: what it has acknowledged survives `kill -9`.

    Raises DevelopmentError when it is not installed.
    """
    server = beside_python(EMBEDDED_DATABASE)
    if server is None:
        raise DevelopmentError(
            f"The embedded database is not installed: there is no {EMBEDDED_DATABASE} beside {sys.executable}. "
            f"Start with `make run`, which installs it, or name a MongoDB of yours in {PREFIX}MONGODB_URI."
        )
    port = settings.dev_database_port
    return Program(
        name="The database",
        label="database",
        colour="cyan",
        command=[
            *(str(server), "--host", LOOPBACK, "--port", str(port), "--storage-path", str(directory.database)),
            "--sync-on-commit",  # without it acknowledged writes are lost in a crash
            *("--log-file-max", "64MB"),  # recovery after a crash in half a second instead of four
        ],
        ready=accepts_connections(LOOPBACK, port),
        stop_signal=signal.SIGINT,  # ends in order, with a checkpoint; SIGTERM ends it on the spot
        patience=1.5,
    )


def embedded_database_uri(settings: Settings) -> str:
    """Where the embedded database is reached. It calls itself a replica set, hence `directConnection`."""
    return f"mongodb://{LOOPBACK}:{settings.dev_database_port}/?directConnection=true"


def producer(settings: Settings, one: Producer, port: int) -> Program:
    """A producer on `port`, which accepts the assertions of the gateway of `settings`."""
    return Program(
        name=f"The producer {one.id}",
        label=one.label,
        colour=one.colour,
        command=[*one.command, "--port", str(port), "--gateway", settings.base_url],
        ready=answers_ok(LOOPBACK, port, "/health"),
    )


def gateway(
    settings: Settings, directory: DevelopmentDirectory, command: Sequence[str], mongodb_uri: str, *, coloured: bool
) -> Program:
    """The gateway with the keys of `directory`, trusting the development issuer alone.

    Its log is for people, `coloured` if asked.
    """
    environment = {
        "HOST": settings.host,
        "PORT": str(settings.port),
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": settings.mongodb_database,
        "PSEUDONYM_KEY_FILE": str(directory.pseudonym_key),
        "PSEUDONYM_KEY_ID": PSEUDONYM_KEY_ID,
        "TOKEN_ISSUER": ISSUER,
        "TOKEN_AUDIENCE": token_audience(settings),
        "TOKEN_JWKS": str(directory.issuer_jwks),
        "ASSERTION_KEY_FILE": str(directory.assertion_key),
        "DEV_DIRECTORY": str(directory.path),
        "LOG_FORMAT": "console",
    }
    return Program(
        name="The gateway",
        label="gateway",
        colour="green",
        command=command,
        ready=answers_ok(settings.host, settings.port, "/health/ready"),
        environment={
            **{f"{PREFIX}{name}": value for name, value in environment.items()},
            # It writes to a pipe, so it cannot see for itself whether there is a terminal at the end.
            ("FORCE_COLOR" if coloured else "NO_COLOR"): "1",
        },
        patience=1.5,
    )


def token_audience(settings: Settings) -> str:
    """`aud` of the access tokens that the gateway of `settings` accepts."""
    return settings.token_audience or settings.base_url
