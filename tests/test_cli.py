"""The command line: what a person is told who has not set what is needed."""

from __future__ import annotations

import base64
import json
import socket
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.development.directory import occupied
from gateway.development.issuer import record_audience
from gateway.serving import CannotListen, listen


def run(*words: str, **settings: str) -> Result:
    """Runs the command in this process, with these settings alone."""
    return CliRunner().invoke(app, words, env={f"GATEWAY_{name.upper()}": value for name, value in settings.items()})


def test_a_database_to_initialise_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEWAY_MONGODB_URI", raising=False)

    result = run("db", "init")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Not set: GATEWAY_MONGODB_URI, the MongoDB to initialise.\n"


def test_demo_data_needs_the_gateways_key_and_takes_no_other(tmp_path: Path) -> None:
    """Not even where `gateway dev` has left one: whoever reads the groups later would not have it."""
    with occupied(tmp_path):
        pass

    result = run("db", "init", "--demo", mongodb_uri="mongodb://127.0.0.1:1", dev_directory=str(tmp_path))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Not set: GATEWAY_PSEUDONYM_KEY_FILE, the key that the demo's subjects are pseudonymised with. "
        "It must be the gateway's.\n"
    )


def test_a_token_is_for_the_gateway_that_was_last_run_whatever_the_settings_are_now(tmp_path: Path) -> None:
    with occupied(tmp_path) as directory:
        record_audience(directory, "http://127.0.0.1:18500")

    result = run("token", "--consumer", "a", "--subject", "165599990010", port="8000", dev_directory=str(tmp_path))

    payload = result.stdout.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["aud"] == "http://127.0.0.1:18500"


def test_a_token_names_its_actors_in_their_order_and_its_scope(tmp_path: Path) -> None:
    with occupied(tmp_path) as directory:
        record_audience(directory, "http://127.0.0.1:8000")
    actors = ("--actor", "199003152390", "--actor", "198811274560")
    words = ("token", "--consumer", "a", "--subject", "165599990010", *actors, "--scope", "case-groups:read")

    result = run(*words, dev_directory=str(tmp_path))

    payload = result.stdout.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["act"] == {"sub": "199003152390", "act": {"sub": "198811274560"}}
    assert claims["scope"] == "case-groups:read"


def test_there_is_no_token_before_the_development_gateway_ran(tmp_path: Path) -> None:
    result = run("token", "--consumer", "a", "--subject", "165599990010", dev_directory=str(tmp_path))

    assert (result.exit_code, result.stdout) == (1, "")
    assert "`gateway dev` has not run with that folder" in result.stderr


def test_a_database_out_of_reach_is_told_with_the_reason() -> None:
    result = run("db", "init", mongodb_uri="mongodb://127.0.0.1:1", mongodb_timeout="0.1")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("MongoDB cannot be used: 127.0.0.1:1: ")
    assert "Traceback" not in result.stderr


def test_an_endpoint_without_the_demo_is_refused() -> None:
    result = run("db", "init", "--endpoint", "tax-agency=http://x", mongodb_uri="mongodb://127.0.0.1:1")

    assert (result.exit_code, result.stderr) == (
        1,
        "--endpoint says where demo producers run: give --demo with it.\n",
    )


def test_a_port_in_use_is_a_sentence_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(CannotListen, match="Set GATEWAY_PORT"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_the_version_is_told() -> None:
    assert run("--version").stdout.strip() == version("mina-arenden-gateway")


def test_a_wrong_setting_is_a_sentence() -> None:
    result = run("serve", token_jwks="http://issuer.example/jwks.json")

    assert result.exit_code == 1
    assert result.stderr.startswith("GATEWAY_TOKEN_JWKS: must be https, or a file")


def test_a_database_address_that_is_none_is_told_with_the_reason() -> None:
    result = run("db", "init", mongodb_uri="mongodb://a:b:c@host:port")

    assert result.exit_code == 1
    assert result.stderr.startswith("MongoDB cannot be used: the address cannot be used: ")


def test_a_gateway_is_not_started_with_a_database_address_that_is_none() -> None:
    result = run("serve", mongodb_uri="mongodb://a:b:c@host:port")

    assert result.exit_code == 1
    assert "GATEWAY_MONGODB_URI: the address cannot be used: " in result.stderr
