"""What the initialiser does to a database, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import StoreUnavailable
from gateway.identity.pseudonyms import Pseudonyms
from gateway.model.caller import ConsumerId
from gateway.model.connection import ConnectionState, Environment
from gateway.store.definitions import Definitions, DemoData, load_definitions, load_demo
from gateway.store.driver import Database, connect, open_database
from gateway.store.initialise import InitialisationFailed, Step, initialise
from gateway.store.registry import Registry
from tests.mongo_init.test_validators import GOOD

PASSWORDS = {user.user: f"of {user.user}" for user in load_definitions().users}
ENDPOINT = "http://127.0.0.1:9999/graphql"


async def _steps(
    database: Database, definitions: Definitions, demo: DemoData | None = None, passwords: dict[str, str] | None = None
) -> list[Step]:
    return [step async for step in initialise(database, definitions, demo=demo, passwords=passwords)]


def _changed(steps: Sequence[Step]) -> list[str]:
    return [str(step) for step in steps if step.changed]


def _without(value: Any, *names: str) -> Any:
    if isinstance(value, list):
        return [_without(part, *names) for part in value]
    if isinstance(value, dict):
        return {name: _without(part, *names) for name, part in value.items() if name not in names}
    return value


def _with_collection(definitions: Definitions, name: str, **changes: Any) -> Definitions:
    collections = [one.model_copy(update=changes) if one.collection == name else one for one in definitions.collections]
    return replace(definitions, collections=collections)


@pytest.mark.asyncio
async def test_an_empty_database_gets_everything_and_is_told_so(
    database: Database, definitions: Definitions, demo: DemoData
) -> None:
    steps = await _steps(database, definitions, demo, PASSWORDS)

    assert [step for step in steps if not step.changed] == []
    assert {
        "created collection caseGroups",
        "created index case_groups_retention",
        "created role gatewayService",
        "created user gateway",
        "inserted demo document business-portal of consumers",
    } <= {str(step) for step in steps}
    assert set(await database.list_collection_names()) == {
        "caseGroups",
        "consumers",
        "producers",
        "grants",
        "notices",
        "pseudonymKeys",
        "replicas",
        "disclosures",
        "recordStreams",
        "recordSeals",
    }


@pytest.mark.asyncio
async def test_a_second_run_changes_nothing_and_says_so(
    database: Database, definitions: Definitions, demo: DemoData
) -> None:
    first = await _steps(database, definitions, demo, PASSWORDS)

    second = await _steps(database, definitions, demo, PASSWORDS)

    assert _changed(second) == []
    assert len(second) == len(first)
    assert "index case_groups_retention is up to date" in map(str, second)


@pytest.mark.asyncio
async def test_roles_users_and_demo_data_are_left_out_unless_asked_for(
    database: Database, definitions: Definitions
) -> None:
    await _steps(database, definitions)

    assert (await database.command("usersInfo"))["users"] == []
    assert (await database.command("rolesInfo", 1))["roles"] == []
    assert await database["consumers"].find_one() is None


@pytest.mark.asyncio
async def test_a_changed_validator_is_applied(database: Database, definitions: Definitions) -> None:
    await _steps(database, definitions)
    stricter = {"$jsonSchema": {"bsonType": "object", "required": ["colour"]}}

    steps = await _steps(database, _with_collection(definitions, "disclosures", validator=stricter))

    assert _changed(steps) == ["changed the validator of collection disclosures"]
    with pytest.raises(Exception, match="validation"):
        await database["disclosures"].insert_one({"_id": 1})
    assert _changed(await _steps(database, definitions)) == ["changed the validator of collection disclosures"]
    await database["disclosures"].insert_one(GOOD["disclosures"])


@pytest.mark.asyncio
async def test_a_validator_that_was_made_lenient_by_hand_is_strict_again(
    database: Database, definitions: Definitions
) -> None:
    await _steps(database, definitions)
    await database.command("collMod", "consumers", validationLevel="moderate", validationAction="warn")

    assert _changed(await _steps(database, definitions)) == ["changed the validator of collection consumers"]


CHANGED_INDEXES: list[tuple[str, Callable[[Database], Any]]] = [
    ("key", lambda database: database["caseGroups"].create_index([("updatedAt", 1)], name="case_groups_retention")),
    (
        "options",
        lambda database: database["caseGroups"].create_index(
            [("retainUntil", 1)], name="case_groups_retention", expireAfterSeconds=60
        ),
    ),
]


@pytest.mark.parametrize(("what", "spoil"), CHANGED_INDEXES)
@pytest.mark.asyncio
async def test_an_index_of_the_same_name_but_another_definition_is_made_again(
    database: Database, definitions: Definitions, what: str, spoil: Callable[[Database], Any]
) -> None:
    await _steps(database, definitions)
    await database["caseGroups"].drop_index("case_groups_retention")
    await spoil(database)

    steps = await _steps(database, definitions)

    assert _changed(steps) == ["index case_groups_retention was different: dropped and made again"]
    assert (await database["caseGroups"].index_information())["case_groups_retention"]["expireAfterSeconds"] == 0


@pytest.mark.asyncio
async def test_the_order_of_an_indexs_fields_is_part_of_its_definition(
    database: Database, definitions: Definitions
) -> None:
    await _steps(database, definitions)
    name = "case_groups_of_subject_and_owner"
    await database["caseGroups"].drop_index(name)
    await database["caseGroups"].create_index([("owner", 1), ("subject", 1), ("_id", -1)], name=name)

    assert _changed(await _steps(database, definitions)) == [f"index {name} was different: dropped and made again"]


@pytest.mark.asyncio
async def test_what_is_not_defined_is_left_alone(database: Database, definitions: Definitions) -> None:
    await _steps(database, definitions)
    await database["mine"].insert_one({"_id": 1})
    await database["caseGroups"].create_index([("title", 1)], name="mine")

    assert _changed(await _steps(database, definitions)) == []
    assert await database["mine"].count_documents({}) == 1
    assert "mine" in await database["caseGroups"].index_information()


@pytest.mark.asyncio
async def test_demo_documents_that_were_changed_are_not_overwritten(
    database: Database, definitions: Definitions, demo: DemoData
) -> None:
    await _steps(database, definitions, demo)
    await database["consumers"].update_one({"_id": "business-portal"}, {"$set": {"state": "suspended"}})
    await database["caseGroups"].update_many({}, {"$set": {"title": "Min egen"}})
    await database["consumers"].delete_one({"_id": "accounting-program"})

    steps = await _steps(database, definitions, demo)

    assert _changed(steps) == ["inserted demo document accounting-program of consumers"]
    portal = await database["consumers"].find_one({"_id": "business-portal"})
    assert portal is not None
    assert portal["state"] == "suspended"
    assert await database["caseGroups"].distinct("title") == ["Min egen"]


@pytest.mark.asyncio
async def test_the_demo_of_a_version_without_grants_is_completed_and_what_was_changed_in_it_stays(
    database: Database, definitions: Definitions, demo: DemoData
) -> None:
    name = {"sv": "Företagarportalen", "en": "The business portal"}
    await database["consumers"].insert_one({"_id": "business-portal", "name": name, "state": "suspended"})
    for document in demo.documents["producers"]:
        older = ("_id", "name", "endpoint", "audience", "informationAreas", "state")
        await database["producers"].insert_one({**{field: document[field] for field in older}, "caseTypes": []})
    for document in demo.documents["caseGroups"]:
        await database["caseGroups"].insert_one(_without(document, "readPermissions", "noteIsPrivate"))
    title = {"title": "Min egen", "revision": 2}
    await database["caseGroups"].update_one({"title": "Min enskilda firma"}, {"$set": title})

    changed = _changed(await _steps(database, definitions, demo))

    first = demo.documents["caseGroups"][0]["_id"]
    assert (
        f"demo document {first} of caseGroups was given what it lacked: cases.3.noteIsPrivate, readPermissions"
    ) in changed
    registry = Registry(database, Environment.TEST)
    await registry.read()
    portal = registry.consumer(ConsumerId("business-portal"))
    assert [one.id for one in registry.consumers()] == ["accounting-program"]
    assert {one.id for one in registry.producers()} == {one["_id"] for one in demo.documents["producers"]}
    assert portal is not None
    assert portal.connection.state is ConnectionState.SUSPENDED
    assert await database["caseGroups"].count_documents(title) == 1
    assert _changed(await _steps(database, definitions, demo)) == []


@pytest.mark.asyncio
async def test_a_demo_document_that_somebody_changed_is_not_completed(
    database: Database, definitions: Definitions, demo: DemoData
) -> None:
    await _steps(database, definitions, demo)
    withdrawn = {"$unset": {"readPermissions": True}, "$inc": {"revision": 1}}
    await database["caseGroups"].update_one({"readPermissions": {"$exists": True}}, withdrawn)

    assert _changed(await _steps(database, definitions, demo)) == []


@pytest.mark.asyncio
async def test_a_demo_producer_is_sent_to_where_it_runs_now(
    database: Database, definitions: Definitions, demo: DemoData, pseudonyms: Pseudonyms
) -> None:
    await _steps(database, definitions, demo)
    await database["producers"].update_one({"_id": "tax-agency"}, {"$set": {"state": "suspended"}})
    moved = load_demo(
        pseudonym=lambda number: pseudonyms.of(number).digest, key_id="k1", endpoints={"tax-agency": ENDPOINT}
    )

    assert _changed(await _steps(database, definitions, moved)) == [
        f"demo document tax-agency of producers now has the endpoint {ENDPOINT}"
    ]
    producer = await database["producers"].find_one({"_id": "tax-agency"})
    assert producer is not None
    assert (producer["endpoint"], producer["state"]) == (ENDPOINT, "suspended")
    assert _changed(await _steps(database, definitions, demo)) == [
        "demo document tax-agency of producers now has the endpoint http://127.0.0.1:8101/graphql"
    ]


@pytest.mark.asyncio
async def test_a_user_without_a_password_is_left_out_until_there_is_one(
    database: Database, definitions: Definitions
) -> None:
    left_out = "user operator is left out: neither MONGO_INIT_OPERATOR_PASSWORD nor MONGO_INIT_OPERATOR_PASSWORD_FILE"

    steps = await _steps(
        database, definitions, passwords={user: word for user, word in PASSWORDS.items() if user != "operator"}
    )

    assert [str(step) for step in steps if not step.changed] == [f"{left_out} is set"]
    assert _changed(await _steps(database, definitions, passwords=PASSWORDS)) == ["created user operator"]


@pytest.mark.asyncio
async def test_rights_that_were_changed_by_hand_are_put_right(database: Database, definitions: Definitions) -> None:
    await _steps(database, definitions, passwords=PASSWORDS)
    await database.command("updateRole", "gatewayService", privileges=[], roles=["readWrite"])
    await database.command("updateUser", "operator", roles=["readWrite"])

    steps = await _steps(database, definitions, passwords={})

    assert _changed(steps) == ["changed role gatewayService", "changed the role of user operator"]
    assert _changed(await _steps(database, definitions, passwords={})) == []


@pytest.mark.asyncio
async def test_a_refused_step_says_which_and_why(database: Database, definitions: Definitions) -> None:
    twice = {"subject": "s", "owner": "o", "idempotency": {"key": "k"}}
    await database["caseGroups"].insert_many([{**twice, "_id": 1}, {**twice, "_id": 2}])

    index = "case_groups_by_idempotency_key"
    with pytest.raises(InitialisationFailed, match=f"^Creating index {index} of caseGroups failed: .*dup"):
        await _steps(database, definitions)
    await database["caseGroups"].delete_many({})
    with pytest.raises(InitialisationFailed, match=r"^Inserting demo document 1 of caseGroups failed: .*validation"):
        await _steps(database, definitions, DemoData({"caseGroups": [{"_id": 1}]}))


@pytest.mark.asyncio
async def test_a_database_out_of_reach_is_said_to_be_so(definitions: Definitions) -> None:
    client = connect("mongodb://127.0.0.1:1/?directConnection=true", timeout=0.2)

    with pytest.raises(StoreUnavailable):
        await _steps(open_database(client, "test"), definitions)
    await client.close()
