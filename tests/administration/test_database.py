"""Which database the commands work on."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.administration.database import signing_key_file
from gateway.development.directory import is_occupied, occupied
from gateway.settings import load_settings
from tests.administration.conftest import Office
from tests.database import GIVEN

pytestmark = pytest.mark.skipif(GIVEN in os.environ, reason="there is no embedded database")


@contextmanager
def _a_port_nobody_listens_at() -> Iterator[str]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield str(bound.getsockname()[1])


def test_the_database_of_the_gateway_dev_that_runs_here_is_used_and_said_to_be(office: Office, tmp_path: Path) -> None:
    with occupied(tmp_path):
        result = _list(office, tmp_path, str(urlsplit(office.uri).port))

    assert result == (0, f"Using the database of the `gateway dev` that runs in {tmp_path}.\n", True)


def test_no_database_is_used_that_gateway_dev_does_not_run(office: Office, tmp_path: Path) -> None:
    with occupied(tmp_path):
        pass

    code, said, listed = _list(office, tmp_path, str(urlsplit(office.uri).port))

    assert (code, listed) == (1, False)
    assert said.startswith("Not set: GATEWAY_MONGODB_URI, the MongoDB with the registry. Nor does `gateway dev` run")


def test_a_gateway_dev_with_a_mongodb_of_its_own_is_not_asked(office: Office, tmp_path: Path) -> None:
    with occupied(tmp_path), _a_port_nobody_listens_at() as port:
        code, said, _ = _list(office, tmp_path, port)

    assert code == 1
    assert f"with an embedded database on port {port}, which would be used." in said


def test_a_folder_is_occupied_while_gateway_dev_runs_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "development"

    seen = [is_occupied(folder)]
    with occupied(folder):
        seen.append(is_occupied(folder))
    seen.append(is_occupied(folder))

    assert seen == [False, True, False]


def test_the_signing_key_is_that_of_the_same_gateway(tmp_path: Path) -> None:
    given, here = tmp_path / "given.jwk", {"dev_directory": tmp_path / "development"}
    elsewhere = {**here, "mongodb_uri": "mongodb://127.0.0.1:1"}

    without = signing_key_file(load_settings(**elsewhere))
    with occupied(tmp_path / "development") as directory:
        of_development = [signing_key_file(load_settings(**one)) for one in (here, elsewhere)]
        of_another = signing_key_file(load_settings(**elsewhere, assertion_key_file=given))

    assert (without, of_another) == (None, given)
    assert of_development == [directory.assertion_key] * 2


def _list(office: Office, folder: Path, port: str) -> tuple[int, str, bool]:
    result = office.run("consumer", "list", mongodb_uri="", dev_directory=str(folder), dev_database_port=port)
    return result.exit_code, result.stderr, "business-portal" in result.stdout
