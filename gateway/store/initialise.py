"""Makes a MongoDB what the gateway needs: collections, indexes, roles, users and demo data as `mongo-init/` says.

Idempotent: what is as it should be is left alone, and said so. Only what is defined is touched; other collections,
indexes, roles and users stay. Runs with the rights of `dbOwner` on the database, one run at a time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pymongo.errors import PyMongoError

from gateway.store.definitions import CollectionDefinition, Definitions, DemoData, Index, Role, User
from gateway.store.driver import Database, Document, translated

CHECKED = {"validationLevel": "strict", "validationAction": "error"}
"""Every insert and update is checked, and refused when it does not fit."""


class InitialisationFailed(Exception):
    """MongoDB refused a step; the message says which, and the server's reason. The steps before it are done."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at: in plain words what it is now, and whether this run changed it."""

    text: str
    changed: bool

    def __str__(self) -> str:
        """The step in plain words."""
        return self.text


async def initialise(
    database: Database,
    definitions: Definitions,
    *,
    passwords: Mapping[str, str] | None = None,
    demo: DemoData | None = None,
) -> AsyncIterator[Step]:
    """Applies `definitions` to `database` and yields each step when it is done.

    `passwords`, by user, makes roles and users too; without it they are left alone. `demo` adds demo data.
    Raises StoreUnavailable when MongoDB is out of reach, InitialisationFailed when it refuses a step.
    """
    async for step in apply_collections(database, definitions):
        yield step
    if passwords is not None:
        async for step in apply_users(database, definitions, passwords):
            yield step
    if demo is not None:
        async for step in apply_demo(database, demo):
            yield step


async def apply_collections(database: Database, definitions: Definitions) -> AsyncIterator[Step]:
    """Creates collections and indexes, and changes validators and indexes that differ. Raises as `initialise`."""
    with _step("listing the collections"):
        options = {info["name"]: info.get("options", {}) async for info in await database.list_collections()}
    for wanted in definitions.collections:
        yield await _collection(database, wanted, options.get(wanted.collection))
        with _step(f"listing the indexes of {wanted.collection}"):
            existing = await database[wanted.collection].index_information()
        for index in wanted.indexes:
            yield await _index(database, wanted.collection, index, existing.get(index.name))


async def apply_users(
    database: Database, definitions: Definitions, passwords: Mapping[str, str]
) -> AsyncIterator[Step]:
    """Creates roles and users, and changes those whose rights differ. Raises as `initialise`.

    A user without a password in `passwords` is not created; the password of one that exists is never changed.
    """
    for role in definitions.roles:
        yield await _role(database, role)
    for user in definitions.users:
        yield await _user(database, user, passwords.get(user.user))


async def apply_demo(database: Database, demo: DemoData) -> AsyncIterator[Step]:
    """Inserts the demo documents that are not there, and never overwrites what one says. Raises as `initialise`.

    One that an earlier version inserted, and that nobody has changed since (its revision is the demo's, or it has
    none yet), is given the fields it lacks: without them its validator and the gateway would refuse it. A demo
    producer's endpoint is set to the demo's, since it says where that producer runs right now.
    """
    for name, documents in demo.documents.items():
        for document in documents:
            yield await _demo_document(database, name, document)


async def _collection(database: Database, wanted: CollectionDefinition, existing: Document | None) -> Step:
    name = wanted.collection
    options: Document = {"validator": wanted.validator, **CHECKED}
    if existing is None:
        with _step(f"creating collection {name}"):
            await database.command("create", name, **options)
        return Step(f"created collection {name}", changed=True)
    if {option: existing.get(option, CHECKED.get(option)) for option in options} == options:
        return Step(f"collection {name} is up to date", changed=False)
    with _step(f"changing the validator of collection {name}"):
        await database.command("collMod", name, **options)
    return Step(f"changed the validator of collection {name}", changed=True)


async def _index(database: Database, collection: str, wanted: Index, existing: Mapping[str, Any] | None) -> Step:
    specification = wanted.specification()
    if existing is not None and _as_wanted(wanted.name, existing) == _in_order(specification):
        return Step(f"index {wanted.name} is up to date", changed=False)
    with _step(f"creating index {wanted.name} of {collection}"):
        if existing is not None:
            await database[collection].drop_index(wanted.name)
        await database.command("createIndexes", collection, indexes=[specification])
    done = "created index {}" if existing is None else "index {} was different: dropped and made again"
    return Step(done.format(wanted.name), changed=True)


def _as_wanted(name: str, existing: Mapping[str, Any]) -> Document:
    """What the server says of an index, less what it adds itself."""
    return {"name": name, **{option: value for option, value in existing.items() if option not in ("v", "ns")}}


def _in_order(specification: Document) -> Document:
    """The specification with its key as pairs: unlike other documents, the order of an index's key matters."""
    return {**specification, "key": list(specification["key"].items())}


async def _role(database: Database, wanted: Role) -> Step:
    privileges = [
        {"resource": {"db": database.name, "collection": collection}, "actions": list(actions)}
        for collection, actions in wanted.privileges.items()
    ]
    with _step(f"reading role {wanted.role}"):
        answer = await database.command("rolesInfo", wanted.role, showPrivileges=True)
    if not answer["roles"]:
        with _step(f"creating role {wanted.role}"):
            await database.command("createRole", wanted.role, privileges=privileges, roles=[])
        return Step(f"created role {wanted.role}", changed=True)
    (existing,) = answer["roles"]
    if _rights(existing["privileges"]) == _rights(privileges) and not existing["roles"]:
        return Step(f"role {wanted.role} is up to date", changed=False)
    with _step(f"changing role {wanted.role}"):
        await database.command("updateRole", wanted.role, privileges=privileges, roles=[])
    return Step(f"changed role {wanted.role}", changed=True)


def _rights(privileges: list[Document]) -> set[tuple[frozenset[tuple[str, Any]], str]]:
    return {
        (frozenset(privilege["resource"].items()), action)
        for privilege in privileges
        for action in privilege["actions"]
    }


async def _user(database: Database, wanted: User, password: str | None) -> Step:
    roles = [{"role": wanted.role, "db": database.name}]
    with _step(f"reading user {wanted.user}"):
        answer = await database.command("usersInfo", wanted.user)
    if answer["users"]:
        if answer["users"][0]["roles"] == roles:
            return Step(f"user {wanted.user} is up to date", changed=False)
        with _step(f"changing the role of user {wanted.user}"):
            await database.command("updateUser", wanted.user, roles=roles)
        return Step(f"changed the role of user {wanted.user}", changed=True)
    if password is None:
        variable = wanted.password_variable
        return Step(f"user {wanted.user} is left out: neither {variable} nor {variable}_FILE is set", changed=False)
    with _step(f"creating user {wanted.user}"):
        await database.command("createUser", wanted.user, pwd=password, roles=roles)
    return Step(f"created user {wanted.user}", changed=True)


async def _demo_document(database: Database, name: str, document: Document) -> Step:
    what = f"demo document {document['_id']} of {name}"
    with _step(f"inserting {what}"):
        existing = await database[name].find_one({"_id": document["_id"]})
        if existing is None:
            await database[name].insert_one(document)
            return Step(f"inserted {what}", changed=True)
    revision = existing.get("revision")
    changes = dict(_lacking(existing, document)) if revision in (None, document.get("revision")) else {}
    done = [f"was given what it lacked: {', '.join(changes)}"] if changes else []
    if name == "producers" and existing["endpoint"] != document["endpoint"]:
        changes["endpoint"] = document["endpoint"]
        done.append(f"now has the endpoint {document['endpoint']}")
    if not changes:
        return Step(f"{what} is there already", changed=False)
    with _step(f"changing {what}"):
        await database[name].update_one({"_id": document["_id"], "revision": revision}, {"$set": changes})
    return Step(f"{what} {' and '.join(done)}", changed=True)


def _lacking(existing: Any, document: Any, *above: str) -> Iterator[tuple[str, Any]]:
    """The paths and values of `document` that `existing` has nothing at; in lists of different lengths, none."""
    if isinstance(existing, dict) and isinstance(document, dict):
        for name, part in document.items():
            if name in existing:
                yield from _lacking(existing[name], part, *above, name)
            else:
                yield ".".join((*above, name)), part
    elif isinstance(existing, list) and isinstance(document, list) and len(existing) == len(document):
        for place, (one, other) in enumerate(zip(existing, document, strict=True)):
            yield from _lacking(one, other, *above, str(place))


@contextmanager
def _step(doing: str) -> Iterator[None]:
    try:
        with translated():
            yield
    except PyMongoError as exc:
        reason = (getattr(exc, "details", None) or {}).get("errmsg") or str(exc)
        raise InitialisationFailed(f"{doing[0].upper()}{doing[1:]} failed: {reason}") from exc
