"""Known ways into what is not granted, found in gateways of this kind: each is tried here, and leads nowhere.

Those by a forged or wrong token are tried in tests/identity.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from tests.authorization.answers import whole
from tests.authorization.asking import (
    PORTAL,
    PROGRAM,
    RECORDED,
    commands_of,
    global_id,
    granted,
    required,
    without_request_id,
)
from tests.authorization.conftest import StartGateway
from tests.authorization.questions import fields_of, questions_to
from tests.gateway import BUSINESS, CREATE, Answer, Gateway
from tests.http.parts import ACCEPT
from tests.http.waiting import until
from tests.issuer import ALVA, BJORN
from tests.producer import Producer

SECRET = "a secret of the tax agency"
ABSENT = "0123456789abcdef01234567"

BOTH = "... on CaseStatus { title description }"
GROUP = f"fragment G on CaseGroup {{ cases {{ edges {{ node {{ status {{ {BOTH} }} }} }} }} }}"


def _of_case(selection: str, fragments: str = "") -> str:
    return f"{{ caseGroup(id: $id) {{ cases {{ edges {{ node {{ {selection} }} }} }} }} }} {fragments}"


def _of_status(selection: str, fragments: str = "") -> str:
    return _of_case(f"status {{ {selection} }}", fragments)


WAYS = {
    "an interface": f"{{ node(id: $case) {{ ...N }} }} fragment N on Node {{ ... on Case {{ status {{ {BOTH} }} }} }}",
    "an interface twice": f"{{ node(id: $case) {{ ... on Node {{ ... on Case {{ status {{ {BOTH} }} }} }} }} }}",
    "an interface within a type": _of_case(f"... on Node {{ ... on Case {{ status {{ {BOTH} }} }} }}"),
    "the group as a node": "{ node(id: $id) { ... on CaseGroup { ...G } } }" + GROUP,
    "a fragment on the union": _of_status("...U", f"fragment U on CaseStatusResult {{ {BOTH} }}"),
    "a union within the type": _of_status(
        "...S", "fragment S on CaseStatus { title ... on CaseStatusResult { ... on CaseStatus { description } } }"
    ),
    "sibling fragments": _of_status(
        "...A ...B", "fragment A on CaseStatus { title } fragment B on CaseStatus { description }"
    ),
    "sibling selections": _of_case(
        "status { ... on CaseStatus { title } } status { ... on CaseStatus { description } }"
    ),
    "nested fragments": "{ caseGroup(id: $id) { ...G1 } } fragment G1 on CaseGroup { cases { ...G2 } } "
    "fragment G2 on CaseConnection { edges { ...G3 } } fragment G3 on CaseEdge { node { status { ...G4 } } } "
    "fragment G4 on CaseStatus { ...G5 } fragment G5 on CaseStatus { title description }",
    "inline fragments without a type": "{ ... { caseGroup(id: $id) { ... { cases { edges { ... { node { ... { "
    "status { ... { ... on CaseStatus { ... { title ... { description } } } } } } } } } } } } } }",
    "two aliases of the status": _of_case(
        "status { ... on CaseStatus { title } } other: status { ... on CaseStatus { title description } }"
    ),
    "aliases that change places": _of_status("... on CaseStatus { description: title title: description }"),
    "@include by a variable": _of_status("... on CaseStatus { title description @include(if: $yes) }"),
    "@skip by a variable": _of_status("... on CaseStatus @skip(if: $no) { title description @skip(if: $no) }"),
    "@include on a fragment": _of_case("...C @include(if: $yes)", f"fragment C on Case {{ status {{ {BOTH} }} }}"),
    "@defer": _of_case(f"... @defer {{ status {{ {BOTH} }} }}"),
    "@defer within the status": _of_status("... on CaseStatus { title ... @defer { description } }"),
    "@defer by a variable": _of_status("...D @defer(if: $yes)", "fragment D on CaseStatus { title description }"),
    "@stream": f"{{ caseGroup(id: $id) {{ cases {{ edges @stream {{ node {{ status {{ {BOTH} }} }} }} }} }} }}",
    "_entities": '{ _entities(representations: [{__typename: "CaseGroup", id: $id}]) { ...G } }' + GROUP,
    "_entities by an interface": '{ _entities(representations: [{__typename: "CaseGroup", id: $id}]) '
    "{ ... on _Entity { ... on Node { ... on CaseGroup { ...G } } } } }" + GROUP,
    "a list": '{ caseGroups(filter: {event: "starting-a-company"}) { edges { node { ...G } } } }' + GROUP,
}
"""Each selects `title`, which is granted, and `description`, which is not, of one case."""

VARIABLES = {"$id": "ID!", "$case": "ID!", "$yes": "Boolean!", "$no": "Boolean!"}


def _operation(way: str) -> str:
    used = ", ".join(f"{name}: {type_}" for name, type_ in VARIABLES.items() if name in way)
    return f"query({used}) {way}" if used else way


def _found(data: Any, key: str) -> set[Any]:
    """Every value under `key`, wherever it stands."""
    if isinstance(data, list):
        return set().union(*(_found(one, key) for one in data))
    if isinstance(data, dict):
        own = {data[key]} if key in data and not isinstance(data[key], dict | list) else set()
        return own.union(*(_found(one, key) for one in data.values()))
    return set()


@pytest.mark.parametrize("way", WAYS)
async def test_a_field_that_is_not_granted_is_reached_by_no_way_of_asking(
    gateway_with: StartGateway, tax: Producer, way: str
) -> None:
    gateway = await gateway_with(granted("title"))
    group = await gateway.a_group_with(tax.case("T-1", title="Granskas", description=SECRET))
    variables = {
        "id": group["id"],
        "case": group["cases"]["edges"][0]["node"]["id"],
        "yes": True,
        "no": False,
    }

    answer = await gateway.query(_operation(WAYS[way]), variables, accept=ACCEPT)

    assert SECRET.encode() not in answer.body
    assert {error["extensions"]["code"] for error in whole(answer).errors} == {"FORBIDDEN_FIELD"}
    assert [error["extensions"]["requires"] for error in whole(answer).errors] == [required("description")]
    assert all(fields_of(asked) == {"title"} for asked in tax.asked)
    assert tax.requests == 1


async def test_an_alias_moves_the_name_and_not_the_grant(gateway_with: StartGateway, tax: Producer) -> None:
    gateway = await gateway_with(granted("title"))
    group = await gateway.a_group_with(tax.case("T-1", title="Granskas", description=SECRET))

    answer = await gateway.query(_operation(WAYS["aliases that change places"]), id=group["id"])

    assert _found(answer.json["data"], "description") == {"Granskas"}
    assert _found(answer.json["data"], "title") == {None}


@pytest.mark.parametrize(
    "query",
    [
        "query($id: ID!) { node(id: $id) { id } }",
        "query($id: ID!) { node(id: $id) { __typename } }",
        "query($id: ID!) { node(id: $id) { ... on Producer { name } } }",
        "query($id: ID!) { node(id: $id) { ... on CaseGroup { title } ... on Case { reference } } }",
        "query($id: ID!) { title: node(id: $id) { ...N } } fragment N on Node { id ... { ... on Node { id } } }",
        "query($id: ID!) { ... @defer { node(id: $id) { id } } }",
        'query($id: ID!) { _entities(representations: [{__typename: "CaseGroup", id: $id}]) { __typename } }',
        'query($id: ID!) { _entities(representations: [{__typename: "CaseGroup", id: $id}]) { ... on Node { id } } }',
    ],
)
async def test_without_the_scope_to_read_no_group_shows_itself_by_another_way(
    gateway_with: StartGateway, query: str
) -> None:
    gateway = await gateway_with()
    group = await gateway.a_group_with()
    token = gateway.token_for(scope="case-groups:write case-groups:share disclosures:read subject:read introspection")

    async def ask(id_: str) -> Answer:
        return await gateway.query(query, id=id_, token=token)

    there, absent = await ask(group["id"]), await ask(global_id("CaseGroup", ABSENT))

    (error,) = there.json["errors"]
    assert error["extensions"]["requires"] == {"scopes": [["case-groups:read"]]}
    assert without_request_id(there) == without_request_id(absent)
    assert await commands_of(gateway, lambda: ask(group["id"])) in ({}, RECORDED)


@pytest.mark.parametrize(
    "query",
    [
        '{ viewer { consumer { name @requiresGrant(field: "title") } } }',
        "{ viewer @authenticated { consumer { name } } }",
        'query @link(url: "https://specs.apollo.dev/federation/v2.11") { viewer { consumer { name } } }',
        "{ viewer @requiresScopes(scopes: [[]]) { consumer { name } } }",
        "{ viewer @federation__authenticated { consumer { name } } }",
        "{ viewer @auth { consumer { name } } }",
        "directive @include(if: Boolean) on FIELD_DEFINITION query { viewer { consumer { name } } }",
        'extend schema @link(import: [{name: "@requiresScopes", as: "@mine"}]) query { viewer { consumer { name } } }',
        "extend type CaseStatus { mine: String } query { viewer { consumer { name } } }",
        "fragment F($x: Boolean) on Query { viewer { consumer { name } } } { ...F(x: true) }",
    ],
)
async def test_a_document_cannot_bring_directives_or_definitions_of_its_own(
    gateway_with: StartGateway, query: str
) -> None:
    gateway = await gateway_with()

    answer = await gateway.query(query)

    assert answer.status == 400
    assert "data" not in answer.json
    assert {error["extensions"]["code"] for error in answer.json["errors"]} <= {
        "GRAPHQL_VALIDATION_FAILED",
        "GRAPHQL_PARSE_FAILED",
    }


@pytest.mark.parametrize(
    "selection",
    [
        "__typename",
        "name: __typename",
        "... on CaseStatus { __typename }",
        "... on StatusUnavailable { reason }",
        "... on CaseStatus { fetchedAt reused }",
        "... on CaseStatus { references { __typename } }",
    ],
)
async def test_without_a_grant_not_even_whether_there_is_a_status_is_asked(
    gateway_with: StartGateway, tax: Producer, selection: str
) -> None:
    gateway = await gateway_with(granted("title", case_type="MOMS"))
    there, absent = tax.case("T-1"), {**tax.case("T-2"), "reference": "NONE-SUCH"}
    group = await gateway.a_group_with(there, absent)

    answer = await gateway.query(
        f"query($id: ID!) {{ caseGroup(id: $id) {{ cases {{ edges {{ node {{ status {{ {selection} }} }} }} }} }} }}",
        id=group["id"],
    )

    first, second = (edge["node"]["status"] for edge in answer.data["caseGroup"]["cases"]["edges"])
    assert first == second
    assert tax.requests == 0


async def test_how_many_references_there_are_is_told_where_a_field_of_them_is_granted(
    gateway_with: StartGateway, tax: Producer
) -> None:
    gateway = await gateway_with(granted("title"))
    group = await gateway.a_group_with(tax.case("T-1", references=[{"title": "one"}, {"title": "two"}]))

    answer = await gateway.query(
        """query($id: ID!) { caseGroup(id: $id) { cases { edges { node { status {
          ... on CaseStatus { title references { __typename } } } } } } } }""",
        id=group["id"],
    )

    assert _found(answer.json["data"], "references") == {None}
    assert questions_to(tax) == {("tax-agency", "T-1", frozenset(["title"]))}


# Foreign objects: another consumer's, another subject's


REFUSAL = "userErrors { code message field currentRevision }"


def _foreign_ways(group: str, case: str) -> list[tuple[str, dict[str, Any]]]:
    entity = {"__typename": "CaseGroup", "id": group}
    return [
        ("query($id: ID!) { caseGroup(id: $id) { title } }", {"id": group}),
        ("query($id: ID!) { node(id: $id) { id } }", {"id": group}),
        ("query($id: ID!) { node(id: $id) { ... on Case { reference } } }", {"id": case}),
        ("query($id: ID!) { node(id: $id) { ... on CaseGroup { cases { totalCount } } } }", {"id": group}),
        ("query($r: [_Any!]!) { _entities(representations: $r) { ... on CaseGroup { title } } }", {"r": [entity]}),
        ("query($r: [_Any!]!) { _entities(representations: $r) { __typename } }", {"r": [entity, entity]}),
        *(
            (
                f"mutation($i: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $i) {{ {REFUSAL} }} }}",
                {"i": {"id": group, "expectedRevision": 1, **more}},
            )
            for name, more in (
                ("updateCaseGroup", {"title": "Mine"}),
                ("deleteCaseGroup", {}),
                ("addCases", {"cases": []}),
                ("removeCases", {"cases": [case]}),
                ("permitReading", {"consumer": global_id("Consumer", PROGRAM), "validUntil": "2027-01-01T00:00:00Z"}),
                ("withdrawReading", {"consumer": global_id("Consumer", PROGRAM)}),
                ("transferCaseGroup", {"to": global_id("Consumer", PROGRAM)}),
                ("acceptCaseGroup", {}),
            )
        ),
    ]


WAYS_TO_A_GROUP = [query for query, _ in _foreign_ways("", "")]


@pytest.mark.parametrize("way", range(len(WAYS_TO_A_GROUP)), ids=lambda way: WAYS_TO_A_GROUP[way][:60])
@pytest.mark.parametrize("stranger", [{"consumer": PROGRAM}, {"subject": BJORN}], ids=["consumer", "subject"])
async def test_a_foreign_group_cannot_be_told_from_none_by_answer_or_by_effort(
    gateway_with: StartGateway, tax: Producer, stranger: dict[str, str], way: int
) -> None:
    gateway = await gateway_with(granted("title"), granted("title", consumer=PROGRAM))
    group = await gateway.a_group_with(tax.case("T-1", title=SECRET))
    stored = await gateway.database["caseGroups"].find_one({})
    assert stored is not None
    token = gateway.token_for(**stranger)
    foreign = _foreign_ways(group["id"], group["cases"]["edges"][0]["node"]["id"])[way]
    absent = _foreign_ways(global_id("CaseGroup", ABSENT), global_id("Case", ABSENT, tax.id, "T-1"))[way]

    answers, costs = [], []
    for query, variables in (foreign, absent):

        async def ask(query: str = query, variables: dict[str, Any] = variables) -> None:
            answers.append(await gateway.query(query, variables, token=token))

        costs.append(await commands_of(gateway, ask))

    assert without_request_id(answers[0]) == without_request_id(answers[-1])
    assert answers[0].status == answers[-1].status == 200
    assert costs[0] == costs[1]
    assert SECRET.encode() not in answers[0].body
    assert await gateway.database["caseGroups"].find_one({}) == stored
    assert tax.requests == 0


async def test_of_several_representations_the_callers_own_alone_are_answered(gateway_with: StartGateway) -> None:
    gateway = await gateway_with()
    own = await gateway.a_group_with(title="Mine")
    programs = await gateway.a_group_with(token=gateway.token_for(consumer=PROGRAM), title="Another consumer's")
    bjorns = await gateway.a_group_with(token=gateway.token_for(BJORN), title="Another subject's")
    ids = [programs["id"], own["id"], global_id("CaseGroup", ABSENT), bjorns["id"], own["id"]]
    query = "query($r: [_Any!]!) { _entities(representations: $r) { ... on CaseGroup { title } } }"
    representations = [{"__typename": "CaseGroup", "id": id_} for id_ in ids]

    answer = await gateway.query(query, r=representations)

    assert answer.data["_entities"] == [None, {"title": "Mine"}, None, None, {"title": "Mine"}]
    assert await gateway.reads_of(gateway.query(query, r=representations)) == 1


async def test_more_representations_than_a_page_has_items_are_refused(gateway_with: StartGateway) -> None:
    gateway = await gateway_with()
    own = await gateway.a_group_with()
    query = "query($r: [_Any!]!) { _entities(representations: $r) { ... on CaseGroup { title } } }"
    one = {"__typename": "CaseGroup", "id": own["id"]}

    assert len((await gateway.query(query, r=[one] * 100)).data["_entities"]) == 100
    refused = await gateway.query(query, r=[one] * 101)

    assert refused.code == "LIMIT_EXCEEDED"
    assert refused.error["extensions"]["value"] == 100


MISFITS: list[Any] = [
    {},
    {"__typename": "CaseGroup"},
    {"__typename": "CaseGroup", "id": None},
    {"__typename": "CaseGroup", "id": 7},
    {"__typename": "CaseGroup", "id": {"$ne": ""}},
    {"__typename": "CaseGroup", "id": "nonsense"},
    {"__typename": "Case", "id": "T-1"},
    {"__typename": "CaseStatus", "title": "mine"},
    {"__typename": "Producer", "id": "tax-agency"},
    {"__typename": "Query"},
    {"__typename": "String"},
    {"__typename": "NoneSuch", "id": "1"},
    {"__typename": ["CaseGroup"], "id": "1"},
    {"id": "1"},
    "CaseGroup",
    7,
    [],
]


async def test_a_representation_that_is_none_harms_itself_alone(gateway_with: StartGateway) -> None:
    gateway = await gateway_with()
    own = {"__typename": "CaseGroup", "id": (await gateway.a_group_with(title="Mine"))["id"]}

    answer = await gateway.query(
        "query($r: [_Any!]!) { _entities(representations: $r) { ... on CaseGroup { title } } }",
        r=[own, *MISFITS, own],
    )

    mine = {"title": "Mine"}
    assert answer.json["data"]["_entities"] == [mine, *[None] * len(MISFITS), mine]
    assert [(error["path"], error["extensions"]["code"]) for error in answer.json["errors"]] == [
        (["_entities", number], "BAD_USER_INPUT") for number in range(1, len(MISFITS) + 1)
    ]


@pytest.mark.parametrize("more", [{"title": "Mine", "_group": {"owner": PROGRAM}}, {"info": None, "cls": 1}, {"": 0}])
async def test_what_else_stands_in_a_representation_is_not_believed(
    gateway_with: StartGateway, more: dict[str, Any]
) -> None:
    gateway = await gateway_with()
    group = await gateway.a_group_with(title="As it is")

    answer = await gateway.query(
        "query($r: [_Any!]!) { _entities(representations: $r) { ... on CaseGroup { title owner { id } } } }",
        r=[{"__typename": "CaseGroup", "id": group["id"], **more}],
    )

    assert answer.data["_entities"] == [{"title": "As it is", "owner": {"id": global_id("Consumer", PORTAL)}}]


@pytest.mark.parametrize("stranger", [{"consumer": PROGRAM}, {"subject": BJORN}], ids=["consumer", "subject"])
async def test_anothers_cursor_leads_nowhere(
    gateway_with: StartGateway, tax: Producer, stranger: dict[str, str]
) -> None:
    gateway = await gateway_with()
    token = gateway.token_for(**stranger)
    theirs = await gateway.a_group_with(tax.case("T-9"), token=token)
    await gateway.a_group_with(tax.case("T-1"))
    cursors = await gateway.query(
        "{ caseGroups { edges { cursor node { cases { edges { cursor } } } } } }",
    )
    (edge,) = cursors.data["caseGroups"]["edges"]
    of_list = "query($after: String) { caseGroups(after: $after) { totalCount edges { cursor } } }"
    of_cases = "query($id: ID!, $after: String) { caseGroup(id: $id) { cases(after: $after) { totalCount } } }"

    listed = await gateway.query(of_list, after=edge["cursor"], token=token)
    made_up = await gateway.query(of_list, after="bm9uZQ", token=token)
    cases = await gateway.query(
        of_cases, id=theirs["id"], after=edge["node"]["cases"]["edges"][0]["cursor"], token=token
    )

    assert without_request_id(listed) == without_request_id(made_up)
    assert listed.code == cases.code == "BAD_USER_INPUT"


@pytest.mark.parametrize("stranger", [{"consumer": PROGRAM}, {"subject": BJORN}], ids=["consumer", "subject"])
async def test_an_idempotency_key_says_nothing_to_another(gateway_with: StartGateway, stranger: dict[str, str]) -> None:
    gateway = await gateway_with()
    token = gateway.token_for(**stranger)
    first = await gateway.a_group_with(title="First", idempotencyKey="once")

    another = await gateway.a_group_with(title="Another", idempotencyKey="once", token=token)
    again = await gateway.a_group_with(title="First", idempotencyKey="once")

    assert (another["title"], again["id"]) == ("Another", first["id"])
    assert another["id"] != first["id"]


@pytest.mark.parametrize("stranger", [{"consumer": PROGRAM}, {"subject": BJORN}], ids=["consumer", "subject"])
@pytest.mark.parametrize(
    "filter_",
    [{}, {"event": "starting-a-company"}, {"informationArea": BUSINESS["informationArea"]}, {"producer": True}],
    ids=str,
)
async def test_a_filter_finds_and_counts_nothing_foreign(
    gateway_with: StartGateway, tax: Producer, stranger: dict[str, str], filter_: dict[str, Any]
) -> None:
    gateway = await gateway_with()
    await gateway.a_group_with(tax.case())
    wanted = {name: tax.global_id if value is True else value for name, value in filter_.items()}

    answer = await gateway.query(
        """query($filter: CaseGroupFilter) {
          caseGroups(filter: $filter) { totalCount edges { cursor } pageInfo { hasNextPage } } caseGroupOffers { title }
        }""",
        filter=wanted,
        token=gateway.token_for(**stranger),
    )

    nothing = {"totalCount": 0, "edges": [], "pageInfo": {"hasNextPage": False}}
    assert answer.data == {"caseGroups": nothing, "caseGroupOffers": []}


# What is asked for together


async def test_an_array_of_operations_is_refused_as_a_whole(gateway_with: StartGateway) -> None:
    gateway = await gateway_with()
    body = json.dumps([{"query": CREATE, "variables": {"input": {"title": "x", "purpose": BUSINESS}}}] * 2).encode()

    answer = await gateway.send(body, {"Content-Type": "application/json"})

    assert (answer.status, answer.code) == (400, "BAD_USER_INPUT")
    assert await gateway.database["caseGroups"].count_documents({}) == 0


READ_ALL = """
  { caseGroups { edges { node { cases { edges { node { status {
    ... on CaseStatus { code title } ... on StatusUnavailable { reason }
  } } } } } } } }
"""


async def test_what_callers_ask_for_at_the_same_moment_is_never_joined(
    gateway_with: StartGateway, tax: Producer
) -> None:
    gateway = await gateway_with(granted("title"), granted("code", consumer=PROGRAM))
    case = tax.case("T-1", title="Granskas", code="G")
    callers = [(PORTAL, ALVA), (PROGRAM, ALVA), (PORTAL, BJORN)]
    for consumer, subject in callers:
        await gateway.a_group_with(case, token=gateway.token_for(subject, consumer))
    together = asyncio.Event()

    async def when_all_have_asked(request: web.Request) -> web.StreamResponse:
        await together.wait()
        return web.json_response(tax.correct_answer(await request.json()))

    tax.behaviour = when_all_have_asked
    asking = [
        asyncio.create_task(gateway.query(READ_ALL, token=gateway.token_for(subject, consumer)))
        for consumer, subject in callers
    ]
    await until(lambda: tax.requests == len(callers))
    together.set()
    answers = [await one for one in asking]

    assert {
        (asked.claims["client_id"], asked.claims["sub"], asked.claims["scope"], fields_of(asked)) for asked in tax.asked
    } == {
        (PORTAL, ALVA, "title", frozenset(["title"])),
        (PROGRAM, ALVA, "code", frozenset(["code"])),
        (PORTAL, BJORN, "title", frozenset(["title"])),
    }
    assert [_found(answer.json["data"], "title") | _found(answer.json["data"], "code") for answer in answers] == [
        {"Granskas", None},
        {"G", None},
        {"Granskas", None},
    ]


async def test_the_same_document_is_decided_anew_for_every_token(gateway_with: StartGateway) -> None:
    gateway = await gateway_with()
    await gateway.a_group_with()
    query = "{ caseGroups { totalCount } viewer { subject { identifier } } }"

    seen = [
        await _shown(gateway, query, scope)
        for scope in ("case-groups:read", "subject:read", "case-groups:read subject:read", "case-groups:read")
    ]

    assert seen == [(True, False), (False, True), (True, True), (True, False)]


async def _shown(gateway: Gateway, query: str, scope: str) -> tuple[bool, bool]:
    data = (await gateway.query(query, token=gateway.token_for(scope=scope))).json["data"]
    return data["caseGroups"] is not None, data["viewer"]["subject"]["identifier"] is not None
