"""What holds whatever is asked, granted, permitted and said: a search for a counterexample.

Random documents × random grants, openings of case types, read permissions and scopes × random statuses.
`AUTHORIZATION_EXAMPLES` says how many (`make test-authorization`: 10,000). One gateway serves all examples; between
them the records in the database are changed and the registry is read again at once, rather than when the database tells
of it.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymongo.message
import pytest
import pytest_asyncio
from graphql import (
    ArgumentNode,
    DocumentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectFieldNode,
    StringValueNode,
    ValueNode,
    Visitor,
    build_schema,
    parse,
    print_ast,
    validate,
    visit,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema

from gateway.app import Keys, open_services
from gateway.http.services import Services
from gateway.model.global_id import global_id
from gateway.settings import Settings
from gateway.store.registry import Registry
from tests.authorization.answers import whole
from tests.authorization.choices import Choices
from tests.authorization.documents import Enum, Generator, Operation
from tests.authorization.expected import REQUEST_ID, Expected, annotated
from tests.authorization.questions import NAME_ONLY, questions_to
from tests.authorization.world import (
    CASE_TYPES,
    DAY,
    EVERYTHING,
    NEW,
    PORTAL,
    PURPOSES,
    TO_ALL,
    Circumstances,
    GroupPlan,
    Openings,
    World,
    circumstances,
)
from tests.gateway import CONSUMERS, Answer, running_gateway
from tests.http.parts import ACCEPT
from tests.issuer import ALL_SCOPES, ALVA, Issuer
from tests.producer import Producer
from tests.reads import Reads

DEFAULT_EXAMPLES = 300
EXAMPLES = int(os.environ.get("AUTHORIZATION_EXAMPLES", DEFAULT_EXAMPLES))
SECONDS_AN_EXAMPLE = 1.0
"""Far more than one takes."""

SCHEMA = build_schema((Path(__file__).parents[2] / "schema.graphql").read_text(encoding="utf-8"), assume_valid_sdl=True)
EVERY_SCOPE = ALL_SCOPES.split()
NO_SCALARS = {name: st.just(StringValueNode(value="")) for name in ("DateTime", "JSON", "_Any")}
"""hypothesis-graphql cannot make up values of the schema's own scalars; `fitting_values` has those that matter."""

TITLES = """
  query Titles($id: ID!) {
    caseGroup(id: $id) {
      cases(first: 100) {
        edges { node { reference status { ... on CaseStatus { title } ... on StatusUnavailable { reason } } } }
      }
    }
  }
"""

RECORDS = ("producers", "consumers", "grants")

pytestmark = pytest.mark.timeout(120 + EXAMPLES * SECONDS_AN_EXAMPLE)


@pytest.fixture(scope="module", autouse=True)
def _drivers_own_random_numbers() -> Iterator[None]:
    """The driver numbers messages by `random`, in the event loop, while hypothesis sees to it that nobody does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pymongo.message, "random", random.Random())
        yield


SEARCH = settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES == DEFAULT_EXAMPLES,  # the same examples in every `make test`; others in every long run
    database=None,
    deadline=None,  # an example is several HTTP requests; how long they take says nothing about the answers
    phases=[Phase.generate],  # an example is small enough to read as it is; to shrink it takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


class Laboratory(World):
    """A world whose agreements can be changed between two requests."""

    registry: Registry

    async def agree(self, grants: list[dict[str, Any]], openings: Openings) -> None:
        """Makes these all the grants there are, and opens the case types so."""
        producers = self.gateway.database["producers"]
        async for record in producers.find({}):
            case_types = [
                {
                    **TO_ALL,
                    **one,
                    **openings.get((record["_id"], one["code"]), {} if one["code"] == "CLOSED" else TO_ALL),
                }
                for one in record["caseTypes"]
            ]
            await producers.update_one({"_id": record["_id"]}, {"$set": {"caseTypes": case_types}})
        collection = self.gateway.database["grants"]
        await collection.delete_many({})
        if grants:
            await collection.insert_many(grants)
        await self.registry.read()

    async def stored_groups(self) -> list[dict[str, Any]]:
        """The groups as they are in the database."""
        return [group async for group in self.gateway.database["caseGroups"].find({})]

    async def stored_cases(self) -> list[dict[str, Any]]:
        """The cases of all groups, as they are in the database."""
        return [case for group in await self.stored_groups() for case in group["cases"]]

    async def restore(self, groups: list[dict[str, Any]]) -> None:
        """Makes these all the groups there are, as they were."""
        await self.gateway.database["caseGroups"].delete_many({})
        await self.gateway.database["caseGroups"].insert_many(groups)

    async def ask(self, operation: Operation, scopes: frozenset[str], *, in_parts: bool) -> Answer:
        """The answer to the portal with these scopes, which costs no read of what is agreed."""
        reads, database = self.gateway.reads, self.gateway.database.name
        before = [reads.of(database, name) for name in RECORDS]
        answer = await self.gateway.query(
            operation.text,
            operation.variables,
            token=self.gateway.token_for(scope=" ".join(sorted(scopes))),
            accept=ACCEPT if in_parts else "application/graphql-response+json",
            request_id=REQUEST_ID,
        )
        assert [reads.of(database, name) for name in RECORDS] == before
        return answer


@pytest_asyncio.fixture
async def laboratory(
    database_uri: str,
    database_name: str,
    issuer: Issuer,
    tax: Producer,
    start_producer: Callable[..., Coroutine[Any, Any, Producer]],
    tmp_path: Path,
    reads: Reads,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Laboratory]:
    """The gateway, which reads the registry when `agree` says so and never by itself."""
    city = await start_producer("municipality", "SERVERINGSTILLSTAND", "MOMS")
    opened: list[Services] = []

    @asynccontextmanager
    async def services(settings_: Settings, keys: Keys) -> AsyncIterator[Services]:
        async with open_services(settings_, keys) as found:
            opened.append(found)
            yield found

    async def never(_: Registry, interval: float) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Registry, "keep_reading", never)
    async with running_gateway(
        database_uri,
        database_name,
        issuer,
        [tax, city],
        tmp_path,
        reads,
        grants=EVERYTHING,
        services=services,
        document_max_aliases=1_000,
        document_max_root_fields=100,
        document_max_tokens=20_000,
    ) as gateway:
        found = Laboratory(gateway, tax, city)
        found.registry = opened[0].registry
        await found.agree(EVERYTHING, {})
        await found.make_groups()
        yield found


def values(world: World) -> dict[str, list[Any]]:
    """What arguments are given, by name."""
    groups = list(world.groups)
    cases = list(world.cases)
    producers = [producer.global_id for producer in world.producers]
    by_name = {name: id_ for id_, name in world.groups.items()}
    readable = [by_name[name] for name in ("G1", "G2", "PERMITTED")]
    return {
        "id": [*readable * 3, *groups, *cases, *producers],
        "first": [1, 2, 50, 50],
        "filter": [
            {"producer": producers[0]},
            {"event": "starting-a-company"},
            {"producer": producers[1], "informationArea": Enum("TAXES")},
        ],
        "informationArea": [Enum("TAXES")],
        "representations": [
            [{"__typename": "CaseGroup", "id": id_} for id_ in chosen]
            for chosen in (readable, groups, readable[:1], [*readable[2:], *readable[2:]])
        ],
        "name": ["CaseStatus"],
        "producers": [producers, producers[:1]],
    }


def fitting_values(world: World) -> dict[str, list[ValueNode]]:
    """What arguments and input fields are given, by name, in operations that hypothesis-graphql makes up."""
    producers = [StringValueNode(value=producer.global_id) for producer in world.producers]
    consumers = [StringValueNode(value=global_id("Consumer", name)) for name in CONSUMERS]
    nothing = NullValueNode()
    return {
        "id": [StringValueNode(value=id_) for id_ in (*world.groups, *world.groups, *world.cases)],
        "expectedRevision": [IntValueNode(value="1")],
        "first": [IntValueNode(value="5"), nothing],
        **{name: [nothing] for name in ("last", "after", "before", "filter", "idempotencyKey")},
        "producer": list(producers),
        "caseType": [StringValueNode(value="FSKATT"), StringValueNode(value="MOMS")],
        "reference": [StringValueNode(value=NEW), StringValueNode(value=f"{NEW}-2")],
        "event": [StringValueNode(value="starting-a-company"), nothing],
        "title": [StringValueNode(value="A title")],
        "consumer": list(consumers),
        "to": [*consumers, nothing],
        "validUntil": [StringValueNode(value=(datetime.now(UTC) + 30 * DAY).isoformat())],
        "producers": [ListValueNode(values=tuple(producers)), nothing],
        "fields": [ListValueNode(values=(StringValueNode(value="title"),)), nothing],
    }


class Fitted(Visitor):
    """Gives arguments and input fields values by their names."""

    def __init__(self, values: Mapping[str, Sequence[ValueNode]], choices: Choices) -> None:
        super().__init__()
        self._values = values
        self._choices = choices

    def leave_argument(self, node: ArgumentNode, *_: Any) -> ArgumentNode | None:
        fitting = self._values.get(node.name.value)
        return ArgumentNode(name=node.name, value=self._choices.one_of(fitting)) if fitting else None

    def leave_object_field(self, node: ObjectFieldNode, *_: Any) -> ObjectFieldNode | None:
        fitting = self._values.get(node.name.value)
        return ObjectFieldNode(name=node.name, value=self._choices.one_of(fitting)) if fitting else None


async def test_nothing_is_read_that_is_not_granted_and_all_that_is(laboratory: Laboratory) -> None:
    seen = await _for_all(
        st.tuples(Generator(SCHEMA, values(laboratory)).operations(), circumstances()),
        lambda example: _holds(laboratory, *example),
    )

    assert all(seen[what] >= EXAMPLES / 20 for what in TELLING), seen


async def test_no_change_that_is_made_or_refused_tells_what_is_not_granted(laboratory: Laboratory) -> None:
    """Operations that hypothesis-graphql makes up, half of them changes, with arguments of which many are right."""
    stored = await laboratory.stored_groups()
    of_some_names = fitting_values(laboratory)

    async def holds(example: tuple[DocumentNode, bytes, Circumstances]) -> dict[str, bool]:
        document, entropy, random = example
        fitted = visit(document, Fitted(of_some_names, Choices(entropy)))
        told = await _is_discreet(laboratory, Operation(print_ast(fitted), {}), random)
        await laboratory.restore(stored)
        return told

    operations = from_schema(SCHEMA, custom_scalars=NO_SCALARS, print_ast=lambda document: document)
    seen = await _for_all(st.tuples(operations, st.binary(min_size=60, max_size=60), circumstances()), holds)

    assert all(seen[what] >= EXAMPLES / 20 for what in ("is run", "is a change")), seen


async def test_a_case_is_added_exactly_where_its_type_is_open_and_read_where_it_is_granted_too(
    laboratory: Laboratory,
) -> None:
    stored = await laboratory.stored_groups()

    async def holds(example: tuple[bytes, Circumstances]) -> dict[str, bool]:
        entropy, random = example
        told = await _is_added_where_open(laboratory, Choices(entropy), random)
        await laboratory.restore(stored)
        return told

    seen = await _for_all(st.tuples(st.binary(min_size=12, max_size=12), circumstances()), holds)

    assert all(seen[what] >= EXAMPLES / 20 for what in ("is added", "is refused", "is read", "is not permitted")), seen


TELLING = ("statuses are asked for", "less is asked for", "something is forbidden", "in parts")
"""What an example can have that makes it tell something; without enough such examples the search is of empty things."""


async def _for_all(
    examples: st.SearchStrategy[Any], holds: Callable[[Any], Coroutine[Any, Any, dict[str, bool]]]
) -> Counter[str]:
    """How many examples had what `holds` says of them. Raises what it raises.

    Searches in a thread, since hypothesis is synchronous and the gateway runs in this event loop.
    """
    loop = asyncio.get_running_loop()
    seen: Counter[str] = Counter()

    @SEARCH
    @given(examples)
    def search(example: Any) -> None:
        try:
            found = asyncio.run_coroutine_threadsafe(holds(example), loop).result()
        except AssertionError as exc:
            exc.add_note("\n".join(map(str, example)))
            raise
        seen.update(what for what, is_so in found.items() if is_so)

    await asyncio.to_thread(search)
    return seen


async def _is_discreet(world: Laboratory, operation: Operation, random: Circumstances) -> dict[str, bool]:
    """Neither answer nor questions hold what is not granted, whatever became of the operation."""
    world.say(random.presence)
    await world.permit(random.permission)
    await world.agree(random.grants, random.openings)
    answer = await world.ask(operation, random.scopes, in_parts=random.in_parts)
    assert world.leaks(answer.body, random) == []
    added = [case for case in await world.stored_cases() if case["reference"].startswith(NEW)]
    assert all(random.is_open(case["producer"], case["caseType"]) for case in added), added
    for producer, reference, fields in questions_to(*world.producers):
        assert fields - {NAME_ONLY} <= world.readable_somewhere(producer, reference, random)
    return {"is run": answer.status == 200, "is a change": operation.text.startswith("mutation")}


async def _is_added_where_open(world: Laboratory, choices: Choices, random: Circumstances) -> dict[str, bool]:
    """A group is made of cases whose types are open, and of no others; of them is read what is granted."""
    await world.agree(random.grants, random.openings)
    chosen = [
        choices.one_of([*CASE_TYPES, *CASE_TYPES, ("tax-agency", "CLOSED")]) for _ in range(choices.number(3) + 1)
    ]
    cases = [(producer, code, f"{NEW}-{number}") for number, (producer, code) in enumerate(chosen)]
    area, event = purpose = choices.one_of(PURPOSES)
    payload = await world.gateway.create(
        *(
            {"producer": global_id("Producer", producer), "caseType": code, "reference": reference}
            for producer, code, reference in cases
        ),
        purpose={"informationArea": area, "event": event},
    )

    closed = [str(number) for number, case in enumerate(chosen) if not random.is_open(*case)]
    assert [(error["code"], error["field"][2]) for error in payload["userErrors"]] == [
        ("CASE_TYPE_NOT_OPEN", number) for number in closed
    ]
    added = [case["reference"] for case in await world.stored_cases() if case["reference"].startswith(NEW)]
    assert added == ([] if closed else [reference for *_, reference in cases])
    if closed:
        return {"is refused": True}
    for *_, reference in cases:
        for holder in world.producers:
            holder.case(reference, title=reference)
    answer = await world.gateway.query(TITLES, id=payload["caseGroup"]["id"])
    plan = GroupPlan(NEW, PORTAL, ALVA, purpose, tuple(cases))
    may_be_read = ["title" in random.readable(plan, producer, code) for producer, code, _ in cases]
    assert answer.statuses() == {
        reference: reference if is_read else "NOT_PERMITTED"
        for (*_, reference), is_read in zip(cases, may_be_read, strict=True)
    }
    return {"is added": True, "is read": any(may_be_read), "is not permitted": not all(may_be_read)}


async def _holds(world: Laboratory, operation: Operation, random: Circumstances) -> dict[str, bool]:
    document = annotated(parse(operation.text), SCHEMA)
    assert validate(SCHEMA, document) == []
    operation = Operation(print_ast(document), operation.variables)
    world.say(random.presence)
    await world.permit(random.permission)

    everything = Circumstances(
        EVERYTHING, {}, random.permission, frozenset([*random.scopes, *EVERY_SCOPE]), random.presence, in_parts=False
    )
    await world.agree(EVERYTHING, {})
    answer = await world.ask(operation, everything.scopes, in_parts=False)
    assert answer.status == 200, answer.body
    full = whole(answer)
    as_granted = Expected(SCHEMA, document, operation.variables, world, everything)
    assert full.data == as_granted.data(full.data)
    assert full.forbidden() == as_granted.forbidden
    assert questions_to(*world.producers) == as_granted.asked
    assert world.leaks(answer.body, everything) == []

    for producer in world.producers:
        producer.asked.clear()
    await world.agree(random.grants, random.openings)
    answer = await world.ask(operation, random.scopes, in_parts=random.in_parts)
    assert world.leaks(answer.body, random) == []
    expected = Expected(SCHEMA, document, operation.variables, world, random)
    data = expected.data(full.data)
    asked = questions_to(*world.producers)
    found = whole(answer)
    assert found.data == data
    if data is not None:
        assert found.forbidden() == expected.forbidden
        assert asked == expected.asked
    assert asked <= expected.asked
    found_out = (bool(as_granted.asked), as_granted.asked != expected.asked, bool(expected.forbidden), random.in_parts)
    return dict(zip(TELLING, found_out, strict=True))
