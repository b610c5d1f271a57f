"""The programs of the stack: how the embedded database, the producers and the gateway are run for development."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.development.directory import PSEUDONYM_KEY_ID, DevelopmentDirectory
from gateway.development.errors import DevelopmentError
from gateway.development.issuer import ISSUER
from gateway.development.processes import Program, beside_python
from gateway.development.readiness import accepts_connections, answers_ok
from gateway.settings import PREFIX, Settings

LOOPBACK = "127.0.0.1"
EMBEDDED_DATABASE = "secantusd-rs"
NODE_PRODUCER_FOLDER = Path(__file__).parents[2] / "subgraphs" / "node_producer"
OLDEST_NODE = 20


@dataclass(frozen=True)
class Producer:
    """One producer of the demo: its id, how its output is marked, and its command less port and gateway."""

    id: str
    label: str
    colour: str
    command: tuple[str, ...]
    missing: Callable[[], str | None] = lambda: None
    """What it needs that this machine does not have, as a sentence goes on; None when it can be run."""


@dataclass(frozen=True)
class Place:
    """Where a producer listens, and the setting that changes it."""

    producer: Producer
    port: int
    setting: str


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


def missing_of_node(folder: Path) -> str | None:
    """What the program in Node in `folder` needs that is not there; None when it can be run. May take a second."""
    node = shutil.which("node")
    version = "" if node is None else _output([node, "--version"])
    if (found := re.match(r"v(\d+)\.", version)) is None or int(found[1]) < OLDEST_NODE:
        return f"it needs Node {OLDEST_NODE} or newer"
    if not (folder / "node_modules").is_dir():
        return "its npm packages are not installed, which `make run` does"
    return None


NODE_PRODUCER = Producer(
    "police-authority",
    "police",
    "bright_magenta",
    ("node", str(NODE_PRODUCER_FOLDER / "producer.js")),
    missing=lambda: missing_of_node(NODE_PRODUCER_FOLDER),
)
"""In the demo data there is no record of it, since it is not everywhere: docs/producers.md connects it by a command."""


def places(settings: Settings, producers: Sequence[Producer], node_producer: Producer | None) -> list[Place]:
    """Where each of the producers listens."""
    setting = f"{PREFIX}DEV_PRODUCER_PORTS"
    placed = [Place(one, port, setting) for one, port in zip(producers, settings.dev_producer_ports, strict=True)]
    if node_producer is not None:
        placed.append(Place(node_producer, settings.dev_node_producer_port, f"{PREFIX}DEV_NODE_PRODUCER_PORT"))
    return placed


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


def producer(settings: Settings, place: Place) -> Program:
    """A producer in its place, which accepts the assertions of the gateway of `settings`."""
    one, port = place.producer, place.port
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
        "RECORD_KEY_FILE": str(directory.record_key),
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


def _output(command: Sequence[str]) -> str:
    """What the command writes; nothing when it cannot be run."""
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=5).stdout  # noqa: S603 - ours
    except (OSError, subprocess.SubprocessError):
        return ""


def token_audience(settings: Settings) -> str:
    """`aud` of the access tokens that the gateway of `settings` accepts."""
    return settings.token_audience or settings.base_url
