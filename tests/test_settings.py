"""Settings: what is accepted, what is refused, and with which sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.app import create_app
from gateway.settings import Settings, SettingsError, load_settings, unknown_variables
from gateway.store.definitions import MONGO_INIT, load_definitions


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"host": "::1"}, "http://[::1]:8000"),
        ({"host": "2001:db8::1", "port": 80}, "http://[2001:db8::1]:80"),
        ({"host": "gateway.example"}, "http://gateway.example:8000"),
        ({"public_url": "https://gateway.example/"}, "https://gateway.example"),
        ({"public_url": "https://gateway.example", "host": "0.0.0.0"}, "https://gateway.example"),
        ({"public_url": "http://[::1]:9000", "host": "::"}, "http://[::1]:9000"),
    ],
)
def test_the_public_address_is_the_one_set_or_else_that_of_the_host(settings: dict[str, Any], address: str) -> None:
    assert load_settings(**settings).base_url == address


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0:0:0:0:0:0:0:0", ""])
def test_a_host_that_is_every_address_is_nobodys_name(host: str) -> None:
    with pytest.raises(SettingsError, match=r"^GATEWAY_HOST is '.*', every address.* Set GATEWAY_PUBLIC_URL to that"):
        _ = load_settings(host=host).base_url


@pytest.mark.parametrize(
    "source",
    [
        "https://issuer.example/jwks.json",
        "http://127.0.0.1:9000/jwks.json",
        "http://localhost/jwks.json",
        "http://[::1]:9000/jwks.json",
        "/run/secrets/jwks.json",
        "jwks.json",
    ],
)
def test_the_issuers_keys_come_over_tls_from_this_machine_or_from_a_file(source: str) -> None:
    assert load_settings(token_jwks=source).token_jwks == source


def test_a_scheme_in_capitals_is_an_address_and_no_file() -> None:
    assert load_settings(token_jwks="HTTPS://issuer.example/Jwks").token_jwks == "https://issuer.example/Jwks"


@pytest.mark.parametrize(
    "source",
    [
        "http://issuer.example/jwks.json",
        "HTTP://issuer.example/jwks.json",
        "http://192.0.2.1/jwks.json",
        "http://127.0.0.1@issuer.example/jwks.json",
        "http://localhost.issuer.example/jwks.json",
        "http://",
        "ftp://127.0.0.1/jwks.json",
    ],
)
def test_keys_that_somebody_could_change_on_their_way_are_refused(source: str) -> None:
    with pytest.raises(SettingsError, match=r"^GATEWAY_TOKEN_JWKS: must be https, or a file; http is accepted for"):
        load_settings(token_jwks=source)


def test_no_case_group_may_be_larger_than_mongodb_takes() -> None:
    (groups,) = (one for one in load_definitions(MONGO_INIT).collections if one.collection == "caseGroups")
    (most,) = (
        value["maxItems"] for name, value in groups.validator["$jsonSchema"]["properties"].items() if name == "cases"
    )

    assert load_settings(group_max_cases=most).group_max_cases == most
    with pytest.raises(SettingsError, match=rf"^GATEWAY_GROUP_MAX_CASES: .* less than or equal to {most} "):
        load_settings(group_max_cases=most + 1)


def test_everything_that_is_wrong_is_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "0")
    monkeypatch.setenv("GATEWAY_TOKEN_JWKS", "http://issuer.example")
    monkeypatch.setenv("GATEWAY_LOG_LEVEL", "loud")

    with pytest.raises(SettingsError) as refused:
        load_settings()

    lines = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["GATEWAY_PORT", "GATEWAY_TOKEN_JWKS", "GATEWAY_LOG_LEVEL"]


def test_a_settings_file_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_SETTINGS_FILE", "/nowhere/settings")

    with pytest.raises(SettingsError, match=r"GATEWAY_SETTINGS_FILE names '/nowhere/settings', which is not a file"):
        load_settings()


def test_a_secret_is_not_shown() -> None:
    assert "hunter2" not in repr(Settings(**json.loads('{"mongodb_uri": "mongodb://u:hunter2@localhost"}')))


@pytest.mark.parametrize("name", ["DEV_PRODUCER_PORTS", "ALLOWED_ORIGINS"])
@pytest.mark.parametrize("value", ["8101,8102,8103", "", "{}", "http://x"])
def test_a_list_that_is_no_json_list_is_told_with_what_would_be_right(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"GATEWAY_{name}", value)

    with pytest.raises(SettingsError, match=rf"GATEWAY_{name}: must be a JSON list, such as"):
        load_settings()


def test_the_value_at_fault_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "99999")

    with pytest.raises(SettingsError, match=r"GATEWAY_PORT: .*99999"):
        load_settings()


def test_a_mongodb_address_that_is_none_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_MONGODB_URI", "user:secret@host")

    with pytest.raises(SettingsError, match=r"must begin with mongodb://") as refused:
        load_settings()

    assert "secret" not in str(refused.value)


def test_a_misspelt_variable_is_told_with_the_one_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PORTT", "3")

    assert unknown_variables() == ["GATEWAY_PORTT is no setting; did you mean GATEWAY_PORT?"]


@pytest.mark.parametrize("content", [None, b"not a certificate"])
def test_a_file_of_certificate_authorities_that_is_none_is_told_before_the_gateway_starts(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "authorities.pem"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsError, match="GATEWAY_PRODUCER_CA_FILE cannot be read as certificates in PEM: "):
        create_app(Settings(producer_ca_file=file))


@pytest.mark.parametrize("networks", ['["10.20.0.0/16", "fd12::/64"]', "[]"])
def test_networks_of_producers_are_a_json_list(monkeypatch: pytest.MonkeyPatch, networks: str) -> None:
    monkeypatch.setenv("GATEWAY_PRODUCER_NETWORKS", networks)

    assert [str(network) for network in load_settings().producer_networks] == json.loads(networks)


@pytest.mark.parametrize("networks", ["10.20.0.0/16", '["10.20.0.1/16"]', '["everywhere"]'])
def test_what_is_no_list_of_networks_is_refused(monkeypatch: pytest.MonkeyPatch, networks: str) -> None:
    monkeypatch.setenv("GATEWAY_PRODUCER_NETWORKS", networks)

    with pytest.raises(SettingsError, match="GATEWAY_PRODUCER_NETWORKS"):
        load_settings()
