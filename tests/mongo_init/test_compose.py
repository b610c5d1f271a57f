"""What can be checked of compose.yaml, the Dockerfile and docs/database.md where no container engine runs."""

from __future__ import annotations

import fnmatch
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.identity.pseudonym_key_file import read_pseudonyms
from gateway.settings import SETTINGS_FILE_VARIABLE, Settings
from gateway.store.definitions import MONGO_INIT, Definitions

ROOT = MONGO_INIT.parent
DOCUMENT = (ROOT / "docs" / "database.md").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
BUILT_HERE = ("gateway", "tax-agency", "companies-registration-office", "municipality")
SETTINGS = {f"GATEWAY_{name.upper()}" for name in Settings.model_fields}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the commands of docs/database.md make."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    folder = tmp_path_factory.mktemp("checkout")
    (folder / ".venv").symlink_to(sys.prefix)
    commands = re.search(r"```sh\n(mkdir -m 700 secrets\n.*?)```", DOCUMENT, re.DOTALL)
    assert commands is not None
    subprocess.run(["sh", "-euc", commands[1]], cwd=folder, check=True, capture_output=True)
    return folder / "secrets"


@pytest.mark.parametrize("service", SERVICES)
def test_every_gateway_variable_is_a_setting(service: str) -> None:
    named = {name for name in SERVICES[service].get("environment", {}) if name.startswith("GATEWAY_")}

    assert named <= SETTINGS | {SETTINGS_FILE_VARIABLE}


def test_the_gateway_has_all_it_needs_to_serve(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    environment = SERVICES["gateway"]["environment"]
    fields = {
        name.removeprefix("GATEWAY_").lower(): value
        for name, value in environment.items()
        if name != SETTINGS_FILE_VARIABLE
    }

    settings = Settings(_env_file=secrets / "gateway_settings", **fields)

    assert settings.mongodb_uri is not None
    assert settings.mongodb_uri.get_secret_value().endswith("@mongodb:27017/minaarenden?replicaSet=rs0")
    files = (settings.pseudonym_key_file, settings.assertion_key_file, settings.record_key_file)
    needed = (*files, settings.token_issuer, settings.token_jwks)
    assert None not in needed


def test_the_documented_commands_make_every_secret(secrets: Path, tmp_path: Path) -> None:
    files = {secret["file"] for secret in COMPOSE["secrets"].values()}

    assert {f"secrets/{file.name}" for file in secrets.iterdir()} == files
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_mode & 0o777 == 0o644 for file in secrets.iterdir())
    # As the gateway's entrypoint does it: a key file is its owner's alone.
    key = Path(shutil.copy(secrets / "pseudonym_key", tmp_path))
    key.chmod(0o400)
    assert read_pseudonyms(key, "k1").key_id == "k1"
    assert (secrets / "mongodb_gateway_password").read_text().strip() in (secrets / "gateway_settings").read_text()
    for name in ("assertion_key", "record_key"):
        assert json.loads((secrets / name).read_text()).keys() >= {"kty", "crv", "d", "kid"}
    assert len((secrets / "mongodb_keyfile").read_bytes()) <= 1024, "mongod takes no longer key file"


@pytest.mark.parametrize("service", SERVICES)
def test_every_secret_that_is_read_is_given(service: str) -> None:
    text = json.dumps([SERVICES[service].get("environment"), SERVICES[service].get("entrypoint")])

    read = set(re.findall(r"/run/secrets/(\w+)", text))

    assert read == set(SERVICES[service].get("secrets", ()))
    assert read <= COMPOSE["secrets"].keys()


@pytest.mark.parametrize("service", SERVICES)
def test_everything_mounted_is_there(service: str) -> None:
    for volume in SERVICES[service].get("volumes", ()):
        source = volume.split(":")[0]
        assert (ROOT / source).is_dir() if source.startswith(".") else source in COMPOSE["volumes"]


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_closed_in(service: str) -> None:
    published = SERVICES[service].get("ports", [])

    assert SERVICES[service]["read_only"] is True
    assert published == (["127.0.0.1:8000:8000"] if service == "gateway" else [])
    assert "outside" not in SERVICES[service]["networks"] or service == "gateway"


@pytest.mark.parametrize("service", BUILT_HERE)
def test_every_command_is_one_of_ours(service: str) -> None:
    command = SERVICES[service]["command"]

    if service == "gateway":
        assert command == ["gateway", "serve"]
        return
    assert command[:2] == ["python", "-m"]
    assert importlib.util.find_spec(f"{command[2]}.__main__") is not None
    assert command[-2:] == ["--gateway", SERVICES["gateway"]["environment"]["GATEWAY_PUBLIC_URL"]]


@pytest.mark.parametrize("service", BUILT_HERE[1:])
def test_a_producer_listens_where_the_gateway_asks(service: str) -> None:
    endpoints = json.loads(SERVICES["mongodb"]["environment"]["MONGO_INIT_DEMO_ENDPOINTS"])
    port = SERVICES[service]["command"][6]

    assert endpoints[service] == f"http://{service}:{port}/graphql"
    assert f"127.0.0.1:{port}/health" in SERVICES[service]["healthcheck"]["test"][-1]


def test_the_init_folder_has_one_script_for_the_image_to_run() -> None:
    """The image runs every *.js and *.sh that lies directly in the folder."""
    assert [file.name for file in MONGO_INIT.iterdir() if file.suffix in (".js", ".sh")] == ["init.js"]


def test_what_the_image_is_made_of_is_sent_to_its_build() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = {
        source.rstrip("/")
        for line in re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile, re.MULTILINE)
        for source in line.split()
    }

    assert {source.partition("/")[0] for source in copied} == {"gateway", "mongo-init", "requirements.txt", "subgraphs"}
    for source in copied:
        assert (ROOT / source).exists()
        assert f"!{source.partition('/')[0]}" in ignored
    assert not any(fnmatch.fnmatch("secrets", line.removeprefix("!")) for line in ignored if line.startswith("!"))


def test_secrets_are_kept_out_of_git() -> None:
    assert "secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_document_names_everything_that_is_defined(definitions: Definitions) -> None:
    named = set(re.findall(r"`([^`\n]+)`", DOCUMENT))

    for collection in definitions.collections:
        assert collection.collection in named
        assert {index.name for index in collection.indexes} <= named
    assert {role.role for role in definitions.roles} <= named
    assert {part for user in definitions.users for part in (user.user, user.password_variable)} <= named
    for variable in re.findall(r"\bGATEWAY_\w+", DOCUMENT):
        assert variable in SETTINGS, variable


def test_the_scripts_are_javascript() -> None:
    if shutil.which("node") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("needs Node 20 or newer")
        pytest.skip("needs Node 20 or newer")
    for script in MONGO_INIT.rglob("*.js"):
        subprocess.run(["node", "--check", script], check=True, capture_output=True)
