"""The adapter's configuration: one TOML file, checked as a whole before anything is served."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
)

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
LARGEST_SECRET = 4096
"""Characters of a credential."""

_RESERVED = {
    "accept",
    "accept-encoding",
    "accept-language",
    "connection",
    "content-length",
    "content-type",
    "host",
    "skv_client_correlation_id",
    "transfer-encoding",
}


class ConfigurationError(Exception):
    """The configuration cannot be used. Each of `problems` is a sentence that says where and what would be right."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        super().__init__("\n".join([f"The configuration {path} is wrong:", *(f"  {problem}" for problem in problems)]))
        self.problems = problems


def _address(value: str) -> str:
    parts = urlsplit(value)
    try:
        host, _ = parts.hostname, parts.port
    except ValueError as exc:
        raise ValueError("must be an address such as https://authority.example/path") from exc
    if parts.scheme not in {"https", "http"} or not host or re.search(r"[\s\x00-\x1f\x7f]", value):
        raise ValueError("must be an address such as https://authority.example/path")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold credentials: put them in a file, and name it under authentication")
    if parts.query or parts.fragment:
        raise ValueError("must end with its path: no ? and no #")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise ValueError("must begin with https:// (http is for this machine alone)")
    return value.rstrip("/")


def _header(value: str) -> str:
    if value.lower() in _RESERVED:
        raise ValueError(f"the adapter itself sets {value}; name the header that the credential goes in")
    return value


def _secret_in(file: Path, info: ValidationInfo) -> Path:
    path = Path((info.context or {}).get("folder", ".")) / file
    read_secret(path)
    return path


Address = Annotated[str, AfterValidator(_address)]
EventType = Annotated[str, StringConstraints(pattern=r"^[^\s.]{1,100}(\.[^\s.]{1,100})*$", max_length=300)]
CaseType = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_.-]{1,100}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Credential(_Part):
    """A header that every question to the producer carries, and the file that has its value."""

    header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$"), AfterValidator(_header)]
    file: Annotated[Path, AfterValidator(_secret_in)]

    def secret(self) -> SecretStr:
        """The value, read anew."""
        return read_secret(self.file)


class Limits(_Part):
    """What one request may cost. The seconds should be fewer than those that the gateway waits for the adapter."""

    deadline: float = Field(default=2.5, gt=0, le=60, description="Seconds for all that one request asks upstream.")
    connect_timeout: float = Field(default=1.0, gt=0, le=60, description="Seconds to connect to the producer.")
    max_response: int = Field(default=4_194_304, ge=1024, le=67_108_864, description="Bytes of one answer.")
    max_connections: int = Field(default=64, ge=1, le=1000, description="Connections to the producer at one time.")
    max_events: int = Field(
        default=5000, ge=1, le=100_000, description="Events of one subject that `cases` goes through."
    )


class Configuration(_Part):
    """The content of the file."""

    gateway: Address = Field(description="The gateway's base URL: the issuer of assertions, and where its keys are.")
    audience: Text = Field(description="The producer's name in assertions, as the gateway has it registered.")
    base: Address = Field(description="The producer's address, before /kundhandelseFragaSynkron.")
    case_types: dict[EventType, CaseType] = Field(
        min_length=1,
        max_length=100,
        description="The code of each case type, as registered with the gateway, by the event types it has.",
    )
    reference: Text = Field(default="diarienummer", description="The member of referenser that has a case's reference.")
    reference_type: Text = Field(default="Diarienummer", description="The `typ` of a case's reference in questions.")
    code_system: Text | None = Field(default=None, description="The URI of the code list that the event types are.")
    producer: Text | None = Field(default=None, description="The producer's name in delfragor, where there are others.")
    authentication: tuple[Credential, ...] = Field(default=(), max_length=10)
    limits: Limits = Limits()

    def headers(self) -> dict[str, str]:
        """The credentials as headers. Raises ValueError when a file has changed and is wrong."""
        return {credential.header: credential.secret().get_secret_value() for credential in self.authentication}


def load_configuration(path: Path, **changes: str | None) -> Configuration:
    """Read the file; `changes` that are not None stand in the place of its own lines.

    Files with credentials are found from the file's folder. Raises ConfigurationError with every problem there is.
    """
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ConfigurationError(path, [f"it cannot be read: {exc.strerror}."]) from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigurationError(path, [f"it is not TOML: {exc}."]) from exc
    content |= {name: value for name, value in changes.items() if value is not None}
    try:
        return Configuration.model_validate(content, context={"folder": path.parent})
    except ValidationError as exc:
        problems = [
            f"{'.'.join(str(part) for part in error['loc'])}: {error['msg'].removeprefix('Value error, ')}."
            for error in exc.errors(include_input=False)
        ]
        raise ConfigurationError(path, problems) from exc


def read_secret(path: Path) -> SecretStr:
    """The credential in a file: one line of printable characters. Raises ValueError, which never quotes it."""
    try:
        secret = path.read_text(encoding="ascii").strip()
    except OSError as exc:
        raise ValueError(f"the file {path} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise ValueError(f"the file {path} must hold one line of printable ASCII") from exc
    if not secret or not secret.isprintable() or len(secret) > LARGEST_SECRET:
        raise ValueError(f"the file {path} must hold one line of printable ASCII, at most {LARGEST_SECRET} characters")
    return SecretStr(secret)
