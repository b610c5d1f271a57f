"""`gateway dev` from the outside: real processes, the real embedded database, fake producers and a fake gateway."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from rich.console import Console

from gateway.development.issuer import ISSUER
from gateway.development.stack import run_development_stack
from gateway.settings import Settings
from tests.development.conftest import StartStack
from tests.development.supervised import Addresses, answers

READY = "paste this"
TIME_TO_STOP = 5.0
"""Seconds."""

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are looked up in /proc")


def test_everything_is_ready_when_the_invitation_is_printed(start_stack: StartStack, addresses: Addresses) -> None:
    stack = start_stack()

    stack.wait_for(READY)

    assert answers(f"{addresses.url}/health/ready")
    assert all(answers(f"http://127.0.0.1:{port}/health") for port in addresses.producers)
    assert stack.output.index("✓ database") < stack.output.index("✓ mongo-init") < stack.output.index("✓ gateway")
    assert "made one; made two; and 2 more" in stack.output


def test_the_printed_command_can_be_pasted(start_stack: StartStack, addresses: Addresses) -> None:
    """It is the first in the log to say `curl `, is not wrapped or coloured, and has a token that verifies."""
    stack = start_stack()
    stack.wait_for("--data")

    command = _continued_line(stack.output, "curl ")

    assert subprocess.run(["bash", "-c", command], check=False).returncode == 0
    words = shlex.split(command)
    assert words[:3] == ["curl", "-sS", f"{addresses.url}/graphql"]
    token = next(word for word in words if word.startswith("Authorization")).removeprefix("Authorization: Bearer ")
    keys = KeySet.import_key_set(json.loads((addresses.directory / "issuer.jwks.json").read_bytes()))
    claims = jwt.decode(token, keys, algorithms=["ES256"]).claims
    assert (claims["iss"], claims["aud"]) == (ISSUER, addresses.url)
    assert (claims["client_id"], claims["sub"]) == ("business-portal", "165599990010")


def test_output_to_a_file_has_no_colour_codes(start_stack: StartStack) -> None:
    """Not even those of the children, which were told of no terminal and coloured all the same."""
    stack = start_stack()
    stack.wait_for(READY)

    assert "\x1b" not in stack.output
    assert "tax-agency │ listening on" in stack.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_stops_everything_and_keeps_the_data(
    start_stack: StartStack, addresses: Addresses, number: signal.Signals
) -> None:
    stack = start_stack()
    stack.wait_for(READY)
    assert len(stack.children()) == 5

    seconds = stack.interrupt(number)

    assert (stack.process.returncode, stack.left()) == (0, [])
    assert seconds < TIME_TO_STOP
    assert f"Stopped; the data is kept in {addresses.directory}." in stack.output
    assert (addresses.directory / "database" / "WiredTiger").is_file()


def test_a_stop_signal_while_starting_stops_what_has_started(start_stack: StartStack) -> None:
    stack = start_stack("--gateway=--not-ready")
    stack.wait_for("✓ municipality")

    seconds = stack.interrupt()

    assert (stack.process.returncode, stack.left()) == (0, [])
    assert seconds < TIME_TO_STOP


def test_parts_that_ignore_the_stop_signal_are_killed_in_time(start_stack: StartStack) -> None:
    stack = start_stack("--gateway=--ignore-sigterm", "--tax-agency=--ignore-sigterm")
    stack.wait_for(READY)

    seconds = stack.interrupt()

    assert (stack.process.returncode, stack.left()) == (0, [])
    assert seconds < TIME_TO_STOP


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_works(start_stack: StartStack) -> None:
    stack = start_stack("--tax-agency=--ignore-sigterm")
    stack.wait_for(READY)
    assert len(stack.children()) == 5

    stack.interrupt(signal.SIGKILL)

    assert stack.left() == []
    start_stack().wait_for(READY)


def test_keys_and_data_are_the_same_after_a_restart(start_stack: StartStack, addresses: Addresses) -> None:
    first = start_stack()
    first.wait_for(READY)
    keys = _keys(addresses.directory)
    first.interrupt()

    second = start_stack()
    second.wait_for(READY)

    assert _keys(addresses.directory) == keys


def test_a_producer_that_dies_is_told_of_and_left_out(start_stack: StartStack, addresses: Addresses) -> None:
    stack = start_stack()
    stack.wait_for(READY)

    os.kill(stack.child("--port " + str(addresses.producers[0])).pid, signal.SIGKILL)

    stack.wait_for(
        "✗ The producer tax-agency was killed by SIGKILL; its cases now answer PRODUCER_UNAVAILABLE, "
        "everything else goes on. To start it again: Ctrl-C, then `make run`."
    )
    assert answers(f"{addresses.url}/health/ready")
    stack.interrupt()
    assert (stack.process.returncode, stack.left()) == (0, [])


def test_the_producer_in_node_runs_beside_the_others(start_stack: StartStack, addresses: Addresses) -> None:
    stack = start_stack("--node-producer")
    stack.wait_for(READY)

    assert f"✓ in-node       on 127.0.0.1:{addresses.node_producer}" in stack.output
    assert answers(f"http://127.0.0.1:{addresses.node_producer}/health")
    stack.interrupt()
    assert (stack.process.returncode, stack.left()) == (0, [])


def test_a_producer_that_cannot_be_run_here_is_left_out_and_its_port_with_it(
    start_stack: StartStack, addresses: Addresses
) -> None:
    with socket.create_server(("127.0.0.1", addresses.node_producer)):
        stack = start_stack("--node-producer=it needs a quiet room")
        stack.wait_for(READY)

    assert (
        "· in-node       the producer in-node is not started: it needs a quiet room; everything else works without it"
    ) in stack.output
    assert len(stack.children()) == 5


def test_a_producer_that_dies_at_once_shows_its_last_words(start_stack: StartStack) -> None:
    stack = start_stack("--tax-agency=--die-after 0")

    stack.wait_for("    │ out of paper")
    stack.wait_for(READY)

    assert "✗ The producer tax-agency ended with exit code 1;" in stack.output


def test_the_death_of_the_gateway_stops_everything(start_stack: StartStack) -> None:
    stack = start_stack("--gateway=--die-after 0.5")
    stack.wait_for("mongo-init")
    stack.children()

    stack.process.wait(10)

    assert (stack.process.returncode, stack.left()) == (1, [])
    assert "✗ The gateway ended with exit code 1. Nothing works without it: all was stopped." in stack.output
    assert "    │ out of paper" in stack.output
    assert "Traceback" not in stack.output


def test_the_death_of_the_database_stops_everything(start_stack: StartStack) -> None:
    stack = start_stack()
    stack.wait_for(READY)

    os.kill(stack.child("secantusd-rs").pid, signal.SIGKILL)

    stack.process.wait(10)
    assert (stack.process.returncode, stack.left()) == (1, [])
    assert "✗ The database was killed by SIGKILL. Nothing works without it: all was stopped." in stack.output
    start_stack().wait_for(READY)


def test_a_second_one_in_the_same_folder_is_refused(
    start_stack: StartStack, addresses: Addresses, tmp_path: Path
) -> None:
    first = start_stack()
    first.wait_for(READY)

    second = start_stack(at=Addresses.free(addresses.directory))

    assert second.process.wait(10) == 1
    assert second.output.splitlines()[-1] == (
        f"✗ `gateway dev` is already running in {addresses.directory} (process {first.process.pid}). "
        "Stop that one first, or give this one a folder of its own in GATEWAY_DEV_DIRECTORY, and ports of its own."
    )
    assert answers(f"{addresses.url}/health/ready")


@pytest.mark.parametrize(
    ("which", "setting"),
    [
        ("gateway", "GATEWAY_PORT"),
        ("database", "GATEWAY_DEV_DATABASE_PORT"),
        ("tax-agency", "GATEWAY_DEV_PRODUCER_PORTS"),
    ],
)
def test_a_port_in_use_is_named_with_its_user_and_its_setting(
    start_stack: StartStack, addresses: Addresses, which: str, setting: str
) -> None:
    port = {"gateway": addresses.gateway, "database": addresses.database, "tax-agency": addresses.producers[0]}[which]
    with socket.create_server(("127.0.0.1", port)):
        stack = start_stack()
        assert stack.process.wait(10) == 1

    problem = stack.output.splitlines()[-1]
    assert problem.startswith(f"✗ Port {port} is in use by ")
    assert f"(process {os.getpid()})" in problem
    assert problem.endswith(f"in {setting}.")


def test_a_port_given_twice_is_told(start_stack: StartStack, addresses: Addresses) -> None:
    twice = replace(addresses, database=addresses.gateway)

    stack = start_stack(at=twice)

    assert stack.process.wait(10) == 1
    assert (
        f"✗ Port {addresses.gateway} is given to both the gateway and the database. "
        "Change GATEWAY_DEV_DATABASE_PORT or GATEWAY_PORT."
    ) in stack.output


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "gateway.example"])
def test_an_address_that_others_reach_is_refused_before_anything_is_started(
    start_stack: StartStack, addresses: Addresses, host: str
) -> None:
    stack = start_stack(at=replace(addresses, settings={"GATEWAY_HOST": host}))

    assert stack.process.wait(10) == 1
    assert stack.output.splitlines()[-1] == (
        f"✗ `gateway dev` hands out tokens, so it listens on loopback alone; GATEWAY_HOST is '{host}'. "
        "Leave it unset, or use `gateway serve`."
    )
    assert "database" not in stack.output


def test_demo_data_in_a_database_that_was_given_is_told(start_stack: StartStack, addresses: Addresses) -> None:
    given = {"GATEWAY_MONGODB_URI": "mongodb://127.0.0.1:1", "GATEWAY_MONGODB_DATABASE": "mine"}
    stack = start_stack(at=replace(addresses, settings=given))

    stack.wait_for(READY)

    assert "none is started; demo data is written to its database mine" in stack.output


def test_a_folder_that_cannot_be_written_is_told(start_stack: StartStack, addresses: Addresses, tmp_path: Path) -> None:
    """Below a file, since the permissions of a folder do not bind root, who runs the tests in some places."""
    (tmp_path / "file").touch()
    below_a_file = tmp_path / "file" / "development"

    stack = start_stack(at=Addresses.free(below_a_file))

    assert stack.process.wait(10) == 1
    assert stack.output == (
        f"✗ The folder {below_a_file} cannot be used (Not a directory). "
        "Name one that you may write to in GATEWAY_DEV_DIRECTORY.\n"
    )


def test_output_that_nobody_reads_any_more_stops_everything(addresses: Addresses) -> None:
    """As in `make run | head -1`."""
    reader, writer = os.pipe()
    stack = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("fake_gateway_dev.py"))],
        env=addresses.environment,
        stdout=writer,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    os.read(reader, 10)
    os.close(reader)

    try:
        assert stack.wait(20) == 1
    finally:
        stack.kill()
    assert not answers(f"{addresses.url}/health/ready")


@pytest.mark.asyncio
async def test_a_missing_embedded_database_is_told(addresses: Addresses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(addresses.directory / "python"))
    monkeypatch.delenv("GATEWAY_MONGODB_URI", raising=False)
    console = Console(file=io.StringIO(), width=80)
    settings = Settings(
        port=addresses.gateway,
        dev_database_port=addresses.database,
        dev_producer_ports=addresses.producers,
        dev_directory=addresses.directory,
    )

    async def never(_: str) -> list[str]:
        raise AssertionError("there is no database to initialise")

    assert await run_development_stack(settings, console, gateway_command=["false"], initialise=never) == 1
    assert isinstance(console.file, io.StringIO)
    assert "The embedded database is not installed: there is no secantusd-rs beside" in console.file.getvalue()
    assert "GATEWAY_MONGODB_URI" in console.file.getvalue()


def _continued_line(text: str, start: str) -> str:
    """The first line with `start` in it, and those it is continued on."""
    lines = text[text.index(start) :].splitlines()
    last = next(number for number, line in enumerate(lines) if not line.endswith("\\"))
    return "\n".join(lines[: last + 1])


def _keys(directory: Path) -> dict[str, bytes]:
    return {
        name: (directory / name).read_bytes() for name in ("issuer.jwk", "assertion.jwk", "record.jwk", "pseudonym.key")
    }
