"""The metrics of a gateway as its own process: beside everything else in `gateway dev`, on their own port if set."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.development import programs
from gateway.development.directory import occupied
from gateway.development.issuer import publish_keys
from gateway.development.server import development_command
from gateway.settings import Settings
from tests.development.supervised import PATIENCE, Addresses, answers


@contextmanager
def running(command: Sequence[str], environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as response:
        text: str = response.read().decode()
        return text


@pytest.mark.parametrize("has_a_port", [False, True])
def test_gateway_dev_serves_the_metrics_at_its_own_address(
    has_a_port: bool, database_uri: str, database_name: str, tmp_path: Path
) -> None:
    port, metrics_port, _ = Addresses.free(tmp_path).producers
    settings = Settings(port=port, dev_directory=tmp_path, mongodb_database=database_name)
    with occupied(tmp_path) as directory:
        publish_keys(directory)
        program = programs.gateway(settings, directory, development_command(), database_uri, coloured=False)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        own = {"GATEWAY_METRICS_PORT": str(metrics_port)} if has_a_port else {}
        with running(program.command, {**inherited, **program.environment, **own}):
            deadline = time.monotonic() + PATIENCE
            while not answers(f"{settings.base_url}/health/live"):
                assert time.monotonic() < deadline, "the gateway does not start"
                time.sleep(0.05)

            beside = read(f"{settings.base_url}/metrics")

            assert "gateway_registry_age_seconds" in beside
            assert answers(f"http://127.0.0.1:{metrics_port}/metrics") is has_a_port
            assert not answers(f"http://127.0.0.1:{metrics_port}/health/live")
