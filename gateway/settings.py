"""Every setting of the gateway: its type, default, unit and meaning.

Read once, by `app` and `cli` alone; everything else receives plain values. A setting comes from the
environment (`GATEWAY_PORT=9000`) or from the dotenv file that `GATEWAY_SETTINGS_FILE` names; the environment wins.
Secrets are given as files, so that they stand in no process listing. docs/settings.md is checked against this module.
"""

from __future__ import annotations

import json
import os
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, AnyHttpUrl, BeforeValidator, Field, SecretStr, StringConstraints, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "GATEWAY_"
SETTINGS_FILE_VARIABLE = f"{PREFIX}SETTINGS_FILE"

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Count = Annotated[int, Field(ge=1)]
Percent = Annotated[float, Field(gt=0, le=100)]

MOST_STORED_CASES = 1_000
"""`maxItems` of the cases in mongo-init/collections/caseGroups.json: what MongoDB takes in one case group."""


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine and nothing else: `localhost`, or a loopback address without brackets."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def in_address(host: str) -> str:
    """`host` as it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def _is_every_address(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return not host


def _keys_from_where_nobody_changes_them(source: str) -> str:
    """Whoever can change the issuer's keys on their way can be anybody: an address has TLS, or does not leave here."""
    scheme, is_address, rest = source.partition("://")
    if not is_address:
        return source
    address = f"{scheme.lower()}://{rest}"
    if scheme.lower() == "https" or (scheme.lower() == "http" and is_loopback(urlsplit(address).hostname or "")):
        return address
    raise PydanticCustomError(
        "jwks_source", "must be https, or a file; http is accepted for a loopback host alone, such as 127.0.0.1"
    )


def _json_list(value: object) -> object:
    """The list that a variable's text holds; what comes from elsewhere as it is."""
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise PydanticCustomError(
            "json_list", 'must be a JSON list, such as [8101, 8102, 8103] or ["https://a.example"]'
        )
    return found


def _mongodb_address(uri: SecretStr) -> SecretStr:
    if not uri.get_secret_value().startswith(("mongodb://", "mongodb+srv://")):
        raise PydanticCustomError("mongodb_uri", "must begin with mongodb:// or mongodb+srv://")
    return uri


class SettingsError(Exception):
    """Some settings are missing or wrong; the message lists every one of them."""


class Settings(BaseSettings):
    """One frozen object, made by `load_settings`; all problems are reported together."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    # Where the gateway listens
    host: str = Field(default="127.0.0.1", description="The address the gateway listens on.")
    port: Port = Field(default=8000, description="The port the gateway listens on.")
    public_url: AnyHttpUrl | None = Field(
        default=None,
        description="The address callers and producers know the gateway by: `iss` of the caller assertion. "
        "Unset: `http://HOST:PORT`; needed when `GATEWAY_HOST` is `0.0.0.0` or `::`.",
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="The address that `/metrics` is served on, apart from everything else."
    )
    metrics_port: Port | None = Field(
        default=None, description="The port that `/metrics` is served on. Unset: it is not served."
    )
    environment: Literal["test", "live"] = Field(
        default="test",
        description="Which connections and grants count here: those for `test` or those for `live`. In `live`, "
        "introspection and suggestions in error messages need the scope `introspection`.",
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_json_list)] = Field(
        default=(),
        description="Web origins whose pages may call the gateway from a browser (CORS), as a JSON list.",
    )

    # Storage
    mongodb_uri: Annotated[SecretStr, AfterValidator(_mongodb_address)] | None = Field(
        default=None,
        description="The MongoDB to use. `gateway dev` starts the embedded database when this is unset, and writes "
        "demo data to this one when it is set; every other command needs it.",
    )
    mongodb_database: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,38}$")] = Field(
        default="minaarenden", description="The database's name."
    )
    mongodb_timeout: Seconds = Field(
        default=3.0, description="Seconds one database operation may take, the search for a server included."
    )
    pseudonym_key_file: Path | None = Field(
        default=None,
        description="A file with the key that subjects are pseudonymised with: at least 32 random bytes, base64; or "
        "with several keys, as `gateway keys` writes it. Its owner's alone. `gateway dev` has a key of its own.",
    )
    pseudonym_key_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")] = Field(
        default="k1",
        description="The name of that key, stored beside each pseudonym; of no account where the file names its keys.",
    )

    # Identity
    token_issuer: str | None = Field(default=None, description="`iss` of the access tokens that are accepted.")
    token_audience: str | None = Field(
        default=None, description="`aud` that an access token must name. Unset: the public address."
    )
    token_jwks: Annotated[str, AfterValidator(_keys_from_where_nobody_changes_them)] | None = Field(
        default=None,
        description="The issuer's keys: the address of a JWKS (https; http for a loopback host alone), or the path "
        "of a JWKS file.",
    )
    token_jwks_max_age: Seconds = Field(
        default=600.0, description="Seconds after which the issuer's keys are read again."
    )
    token_jwks_min_interval: Seconds = Field(
        default=10.0, description="Least seconds between two reads of the issuer's keys when unknown key ids turn up."
    )
    assertion_key_file: Path | None = Field(
        default=None,
        description="A file with the private JWK (EC P-256 or Ed25519) that signs the caller assertion to producers.",
    )

    # Producers
    registry_interval: Annotated[float, Field(gt=0, le=5)] = Field(
        default=2.0,
        description="Seconds between two reads of the registry of producers, consumers and grants, where the "
        "database does not tell of changes itself (change streams).",
    )
    producer_connect_timeout: Seconds = Field(default=1.0, description="Seconds a connection to a producer may take.")
    producer_deadline: Seconds = Field(default=3.0, description="Seconds a producer has for one request in all.")
    producer_max_batch: Count = Field(default=100, description="Most cases asked for in one producer request.")
    producer_max_response_bytes: Count = Field(
        default=1_048_576, description="Most bytes of one producer answer per 100 cases asked for, decompressed."
    )
    producer_max_connections: Count = Field(default=64, description="Most requests under way to one producer.")
    producer_max_wait: Seconds = Field(
        default=0.5, description="Seconds a request waits for its turn when that many are under way."
    )
    producer_window: Seconds = Field(
        default=30.0,
        description="Seconds of the rolling window in which a producer's requests, failures and retries are counted.",
    )
    producer_retry_percent: Percent = Field(
        default=10.0,
        description="Most retries, and requests for parts of a batch that failed as a whole, per hundred requests.",
    )
    producer_retry_reserve: Annotated[int, Field(ge=0)] = Field(
        default=20, description="How many of those a window may have beyond that share, however few requests it has."
    )
    producer_breaker_min_requests: Count = Field(
        default=10, description="With fewer requests in the window the circuit breaker does not open."
    )
    producer_breaker_failure_percent: Percent = Field(
        default=50.0, description="Failed requests per hundred at which it opens."
    )
    producer_breaker_slow_percent: Percent = Field(
        default=80.0, description="Slow requests per hundred at which it opens."
    )
    producer_breaker_slow_after_percent: Percent = Field(
        default=80.0, description="A request is slow when it takes this much of the producer's deadline, in percent."
    )
    producer_breaker_open_seconds: Seconds = Field(
        default=10.0, description="Seconds for which an open circuit breaker leaves the producer alone."
    )
    producer_breaker_probes: Count = Field(
        default=3, description="How many requests in a row must then go well for the circuit breaker to close."
    )
    producer_reuse_max_bytes: Count = Field(
        default=16_777_216,
        description="Most bytes, roughly, of answers kept in memory because their producer lets them be used again.",
    )
    producer_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_json_list)] = Field(
        default=(),
        description="Networks that producers may be at beside the public internet, as a JSON list such as "
        '`["10.20.0.0/16"]`. In `test` loopback is allowed, too.',
    )
    producer_ca_file: Path | None = Field(
        default=None,
        description="A PEM file with certificate authorities that producers' certificates may be from, beside those "
        "this machine trusts.",
    )

    replica_interval: Annotated[float, Field(gt=0, le=10)] = Field(
        default=5.0,
        description="Seconds after which this replica says anew in the database what it has seen of producers, for "
        "`gateway producer show`.",
    )

    # The record
    record_key_file: Path | None = Field(
        default=None,
        description="A file with the private JWK (EC P-256) that seals the record, readable by its owner alone.",
    )
    record_timeout: Annotated[float, Field(ge=0.1, le=60)] = Field(
        default=2.0,
        description="Seconds one write of the record may take, with everything that is tried again. What is not "
        "recorded in time is not told.",
    )
    record_seal_records: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=1_000, description="How many records are sealed together, when they are written before the time is up."
    )
    record_seal_seconds: Annotated[float, Field(gt=0, le=3_600)] = Field(
        default=60.0,
        description="Seconds after which records are sealed, however few they are. A writer that has not sealed its "
        "records after three times as long is taken for gone. The same for all replicas.",
    )
    record_retention_days: Annotated[int, Field(ge=1, le=36_500)] = Field(
        default=1_826, description="Days for which records are kept: until then none may be missing."
    )

    # Limits on requests
    operation_deadline: Seconds = Field(default=10.0, description="Seconds one operation may take in all.")
    request_max_bytes: Count = Field(default=262_144, description="Most bytes of a request body.")
    document_max_characters: Count = Field(default=65_536, description="Most characters of a GraphQL document.")
    document_max_tokens: Count = Field(default=2_000, description="Most tokens of a GraphQL document.")
    document_max_depth: Count = Field(default=12, description="Most levels of nested fields in an operation.")
    document_max_root_fields: Count = Field(default=20, description="Most root fields of an operation.")
    document_max_fields: Count = Field(
        default=2_000, description="Most fields of an operation, those of a fragment counted wherever it is spread."
    )
    document_max_aliases: Count = Field(default=30, description="Most aliases in a GraphQL document.")
    document_max_comparisons: Count = Field(
        default=20_000,
        description="Most comparisons of fields that a GraphQL document selects more than once under the same name.",
    )
    document_cache_characters: Count = Field(
        default=500_000,
        description="How many characters of validated documents are remembered, at some 70 bytes each. What they are "
        "compiled to counts, too: a field as 40 characters.",
    )
    page_max_size: Count = Field(default=100, description="Most items of one page (`first` or `last`).")
    group_max_cases: Annotated[int, Field(ge=1, le=MOST_STORED_CASES)] = Field(
        default=200, description=f"Most cases in one case group; at most {MOST_STORED_CASES}, which MongoDB checks."
    )
    subject_max_groups: Count = Field(default=500, description="Most case groups of one subject at one consumer.")
    group_retention_days: Count = Field(
        default=400, description="Days after its last use by its owner until a case group lapses and is removed."
    )
    group_use_interval_days: Count = Field(
        default=1,
        description="Days after a case group was used in which opening it is not written down again; fewer than those "
        "it is kept for.",
    )
    group_retention_warning_days: Count = Field(
        default=30, description="Days before a case group lapses from which on `CaseGroup.retention` warns of it."
    )

    group_max_read_permissions: Annotated[int, Field(ge=1, le=100)] = Field(
        default=20, description="Most consumers that may read one case group beside its owner."
    )
    transfer_offer_days: Count = Field(
        default=30, description="Days for which a case group offered to another consumer can be accepted."
    )
    claim_waiting_days: Count = Field(
        default=30,
        description="Days after the end of its owner's connection from which another consumer of the same subject can "
        "claim a case group.",
    )

    # Logs
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log level."
    )
    log_format: Literal["json", "console"] = Field(
        default="json", description="`json`: one object a line. `console`: coloured, for people."
    )

    # `gateway dev` alone
    dev_directory: Path = Field(
        default=Path(".gateway-dev"), description="Where `gateway dev` keeps its database and keys."
    )
    dev_database_port: Port = Field(default=27117, description="The embedded database's port in `gateway dev`.")
    dev_producer_ports: Annotated[tuple[Port, Port, Port], NoDecode, BeforeValidator(_json_list)] = Field(
        default=(8101, 8102, 8103), description="The three producers' ports in `gateway dev`, as a JSON list."
    )
    dev_node_producer_port: Port = Field(
        default=8104, description="The port in `gateway dev` of the producer in Node, where there is Node."
    )

    @property
    def base_url(self) -> str:
        """The public address, without a slash at the end.

        Raises SettingsError when it is not set and the gateway listens on every address: none of them is its name.
        """
        if self.public_url is None and _is_every_address(self.host):
            raise SettingsError(
                f"{PREFIX}HOST is {self.host!r}, every address of this machine, so it does not say what others call "
                f"the gateway by. Set {PREFIX}PUBLIC_URL to that, such as https://gateway.example."
            )
        return str(self.public_url or f"http://{in_address(self.host)}:{self.port}").rstrip("/")


def load_settings(**overrides: object) -> Settings:
    """The settings of this process; `overrides` win over environment and file.

    Raises SettingsError, naming every variable that is wrong and what would be right.
    """
    file = os.environ.get(SETTINGS_FILE_VARIABLE)
    if file is not None and not Path(file).is_file():
        raise SettingsError(f"{SETTINGS_FILE_VARIABLE} names {file!r}, which is not a file that can be read.")
    try:
        return Settings(_env_file=file, **overrides)  # type: ignore[arg-type]
    except ValidationError as exc:
        raise SettingsError("\n".join(_problems(exc))) from None


def unknown_variables() -> list[str]:
    """A sentence for each environment variable that looks like a setting and is none: misspelt, most likely."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields] + [SETTINGS_FILE_VARIABLE]
    sentences = []
    for name in sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known):
        meant = get_close_matches(name, known, n=1)
        sentences.append(f"{name} is no setting{f'; did you mean {meant[0]}?' if meant else '.'}")
    return sentences


def _problems(exc: ValidationError) -> list[str]:
    return [
        f"{PREFIX}{'.'.join(map(str, error['loc'])).upper()}: {error['msg']}{_given(error)}" for error in exc.errors()
    ]


def _given(error: ErrorDetails) -> str:
    """The value at fault, unless it may hold a password."""
    return "" if error["loc"][0] == "mongodb_uri" else f" (it is {error['input']!r})"
