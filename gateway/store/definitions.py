"""Reads `mongo-init/`, the one source of truth for what a MongoDB needs before first use.

The same files are applied by `mongo-init/init.js` in the official image's first start. Both replace the markers that
stand in them: `{"$definition": NAME}` by that entry of definitions.json and, in demo data, `{"$pseudonym": NUMBER}`,
`{"$pseudonymKeyId": true}`, `{"$daysFromNow": DAYS}` and `{"$objectId": HEX}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from bson import ObjectId
from bson.errors import InvalidId
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from gateway.store.driver import Document

MONGO_INIT = Path(__file__).resolve().parents[2] / "mongo-init"
"""The repository's folder, beside the package."""

ShapeT = TypeVar("ShapeT")
Markers = Mapping[str, Callable[[Any], Any]]
"""What stands in the place of `{marker: argument}`, from the argument."""


class DefinitionError(Exception):
    """A file of `mongo-init/` cannot be used; the message names the file and what is wrong in it."""


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel)


class Index(_Shape):
    """One index, and in plain words which query it `serves`."""

    name: str
    serves: str
    key: dict[str, Literal[1, -1]]
    unique: bool = False
    partial_filter_expression: Document | None = None
    expire_after_seconds: int | None = None

    def specification(self) -> Document:
        """The index as the command createIndexes takes it."""
        return self.model_dump(by_alias=True, exclude={"serves"}, exclude_defaults=True)


class CollectionDefinition(_Shape):
    """One collection with its validator and indexes."""

    collection: str
    description: str
    validator: Document
    indexes: list[Index]


class Role(_Shape):
    """A role: which actions on which collection."""

    role: str
    description: str
    privileges: dict[str, list[str]]


class User(_Shape):
    """A user with one role; the password comes from the environment variable, or the file that VARIABLE_FILE names."""

    user: str
    role: str
    password_variable: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]


@dataclass(frozen=True, slots=True)
class Definitions:
    """What every database of the gateway has: collections, roles and users."""

    collections: Sequence[CollectionDefinition]
    roles: Sequence[Role]
    users: Sequence[User]

    def passwords(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The users' passwords, by user, as far as `environment` gives them.

        A variable holds the password itself, or its name with `_FILE` at the end the path of a file that does.
        Raises DefinitionError where such a file cannot be read.
        """
        found = {user.user: _password(user.password_variable, environment) for user in self.users}
        return {user: password for user, password in found.items() if password}


@dataclass(frozen=True, slots=True)
class DemoData:
    """Documents to insert, by collection."""

    documents: Mapping[str, Sequence[Document]]


def load_definitions(folder: Path = MONGO_INIT) -> Definitions:
    """Reads collections, roles and users. Raises DefinitionError, naming the file at fault."""
    shared = _read(folder / "definitions.json", dict[str, Document], {})
    markers: Markers = {"$definition": shared.__getitem__}
    return Definitions(
        collections=[_read(path, CollectionDefinition, markers) for path in _files(folder / "collections")],
        roles=_read(folder / "roles.json", list[Role], {}),
        users=_read(folder / "users.json", list[User], {}),
    )


def load_demo(
    folder: Path = MONGO_INIT,
    *,
    pseudonym: Callable[[str], str],
    key_id: str,
    now: datetime | None = None,
    endpoints: Mapping[str, str] | None = None,
) -> DemoData:
    """Reads the demo data, ready to insert.

    `pseudonym` turns a subject's number into what is stored, made with the key named `key_id`; dates are counted from
    `now` (the present moment). `endpoints` says, by producer id, where producers are other than the files say.
    Raises DefinitionError, naming the file at fault, also when `endpoints` names a producer that is not there.
    """
    moment = now or datetime.now(UTC)
    markers: Markers = {
        "$pseudonym": pseudonym,
        "$pseudonymKeyId": lambda _: key_id,
        "$daysFromNow": lambda days: moment + timedelta(days=days),
        "$objectId": ObjectId,
    }
    documents = {path.stem: _read(path, list[_Identified], markers) for path in _files(folder / "demo")}
    producers = {document["_id"]: document for document in documents.get("producers", ())}
    for id_, endpoint in (endpoints or {}).items():
        if id_ not in producers:
            raise DefinitionError(
                f"{folder / 'demo' / 'producers.json'} has no producer {id_!r} to give an endpoint to; "
                f"it has {', '.join(producers) or 'none'}."
            )
        producers[id_]["endpoint"] = endpoint
    return DemoData(documents)


def _identified(document: Document) -> Document:
    if "_id" not in document:
        raise ValueError("has no _id")
    return document


_Identified = Annotated[Document, AfterValidator(_identified)]


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.json"))
    if not files:
        raise DefinitionError(f"{folder} holds no *.json files; it is part of the gateway's mongo-init folder.")
    return files


def _read(path: Path, shape: type[ShapeT], markers: Markers) -> ShapeT:
    try:
        content = _replaced(json.loads(path.read_text(encoding="utf-8")), markers)
        return TypeAdapter(shape).validate_python(content)
    except OSError as exc:
        raise DefinitionError(f"{path} cannot be read: {exc.strerror}.") from exc
    except ValidationError as exc:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}" for fault in exc.errors())
        raise DefinitionError(f"{path} does not have the right form: {faults}.") from exc
    except KeyError as exc:
        raise DefinitionError(f"{path} names {exc}, which is not in definitions.json.") from exc
    except (TypeError, ValueError, InvalidId) as exc:
        raise DefinitionError(f"{path} cannot be understood: {exc}.") from exc


def _replaced(value: Any, markers: Markers) -> Any:
    if isinstance(value, list):
        return [_replaced(item, markers) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name in markers:
            return markers[name](argument)
    return {name: _replaced(part, markers) for name, part in value.items()}


def _password(variable: str, environment: Mapping[str, str]) -> str | None:
    file = environment.get(f"{variable}_FILE")
    if file is None:
        return environment.get(variable)
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as exc:
        raise DefinitionError(f"{variable}_FILE names {file}, which cannot be read: {exc.strerror}.") from exc
