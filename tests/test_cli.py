"""The command line: what a person is told who has not set what is needed."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.development.directory import occupied


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


def test_a_gateway_on_every_address_must_know_its_name(tmp_path: Path) -> None:
    result = run("token", "--consumer", "a", "--subject", "165599990010", host="0.0.0.0", dev_directory=str(tmp_path))

    assert (result.exit_code, result.stdout) == (1, "")
    assert "Set GATEWAY_PUBLIC_URL" in result.stderr


def test_a_wrong_setting_is_a_sentence() -> None:
    result = run("serve", token_jwks="http://issuer.example/jwks.json")

    assert result.exit_code == 1
    assert result.stderr.startswith("GATEWAY_TOKEN_JWKS: must be https, or a file")
