"""The three gates, each closed unless opened: scope, grant and group. What producers were asked proves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.authorization.asking import (
    BUSINESS_AREA,
    PORTAL,
    PROGRAM,
    READ,
    RECORDED,
    commands_of,
    granted,
    required,
    statuses,
    told,
)
from tests.authorization.conftest import StartGateway
from tests.authorization.questions import fields_of, questions_to, scope_of
from tests.http.waiting import until
from tests.issuer import ALL_SCOPES, ALVA, COMPANY
from tests.producer import Producer

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
NOT_PERMITTED = {"reason": "NOT_PERMITTED"}
STARTING = f"{BUSINESS_AREA}:starting-a-company"


async def test_without_a_grant_nothing_is_read_and_no_producer_asked(gateway_with: StartGateway, tax: Producer) -> None:
    gateway = await gateway_with()
    group = await gateway.a_group_with(tax.case("T-1"), tax.case("T-2"))

    answer = await gateway.query(READ, id=group["id"])

    assert statuses(answer) == {"T-1": NOT_PERMITTED, "T-2": NOT_PERMITTED}
    assert told(answer) == []  # to be refused is an expected outcome: data, not an error
    assert tax.requests == 0


async def test_the_producer_is_asked_for_what_is_selected_and_granted_and_nothing_else(
    gateway_with: StartGateway, tax: Producer
) -> None:
    gateway = await gateway_with(granted("title", "language", "references.url"))
    group = await gateway.a_group_with(tax.case("T-1", title="Granskas", description="secret"), tax.case("T-2"))

    answer = await gateway.query(READ, id=group["id"])

    assert statuses(answer)["T-1"] == {"code": None, "title": "Granskas", "description": None}
    (asked,) = tax.asked
    assert fields_of(asked) == scope_of(asked) == {"title"}
    assert b"secret" not in answer.body


async def test_a_cut_field_is_told_once_whatever_the_number_of_cases(gateway_with: StartGateway, tax: Producer) -> None:
    gateway = await gateway_with(granted("title"))
    group = await gateway.a_group_with(*(tax.case() for _ in range(20)))

    answer = await gateway.query(READ, id=group["id"])

    assert told(answer) == [("code", required("code")), ("description", required("description"))]
    assert answer.json["errors"][0]["path"] == ["caseGroup", "cases", "edges", 0, "node", "status", "code"]
    assert answer.json["errors"][0]["message"] == (
        f"Reading `code` of FSKATT at tax-agency for {STARTING} needs a grant."
    )


async def test_an_error_never_says_what_the_caller_holds(gateway_with: StartGateway, tax: Producer) -> None:
    gateway = await gateway_with(granted("title", "expectedAt", legalBasis="The Act of Everything"))
    group = await gateway.a_group_with(tax.case())

    answer = await gateway.query(READ, id=group["id"])

    assert all("title" not in str(error) and "expectedAt" not in str(error) for error in answer.json["errors"])
    assert b"The Act of Everything" not in answer.body


async def test_case_types_at_one_producer_have_grants_of_their_own(gateway_with: StartGateway, tax: Producer) -> None:
    gateway = await gateway_with(granted("title"), granted("code", case_type="MOMS"))
    income, vat = tax.case("T-1", title="Income", code="I"), tax.case("T-2", title="VAT", code="V")
    group = await gateway.a_group_with(income, {**vat, "caseType": "MOMS"})

    answer = await gateway.query(READ, id=group["id"])

    assert statuses(answer) == {
        "T-1": {"code": None, "title": "Income", "description": None},
        "T-2": {"code": "V", "title": None, "description": None},
    }
    assert questions_to(tax) == {
        ("tax-agency", "T-1", frozenset(["title"])),
        ("tax-agency", "T-2", frozenset(["code"])),
    }
    assert sorted(map(str, told(answer))) == sorted(
        map(
            str,
            [
                ("code", required("code")),
                ("description", required("description")),
                ("title", required("title", case_type="MOMS")),
                ("description", required("description", case_type="MOMS")),
            ],
        )
    )


async def test_a_grant_at_one_producer_opens_nothing_at_another(
    gateway_with: StartGateway, tax: Producer, city: Producer
) -> None:
    gateway = await gateway_with(granted("title"))
    group = await gateway.a_group_with(tax.case("T-1"), city.case("C-1"))

    answer = await gateway.query(READ, id=group["id"])

    assert statuses(answer)["C-1"] == NOT_PERMITTED
    assert (tax.requests, city.requests) == (1, 0)


async def test_several_grants_open_what_they_open_together(gateway_with: StartGateway, tax: Producer) -> None:
    gateway = await gateway_with(granted("title"), granted("code"), granted("title", "description", consumer=PROGRAM))
    group = await gateway.a_group_with(tax.case("T-1"))

    answer = await gateway.query(READ, id=group["id"])

    assert told(answer) == [("description", required("description"))]
    assert questions_to(tax) == {("tax-agency", "T-1", frozenset(["title", "code"]))}


@pytest.mark.parametrize(
    ("purposes", "opened"),
    [
        ([(BUSINESS_AREA, "starting-a-company")], True),
        ([(BUSINESS_AREA, None)], True),
        ([("TAXES", None), (BUSINESS_AREA, "starting-a-company")], True),
        ([(BUSINESS_AREA, "opening-a-restaurant")], False),
        ([("TAXES", "starting-a-company")], False),
        ([("TAXES", None)], False),
    ],
)
async def test_the_purpose_of_the_group_decides(
    gateway_with: StartGateway, tax: Producer, purposes: list[tuple[str, str | None]], opened: bool
) -> None:
    gateway = await gateway_with(granted("code", "title", "description", for_=purposes))
    group = await gateway.a_group_with(tax.case("T-1"))

    answer = await gateway.query(READ, id=group["id"])

    assert (statuses(answer)["T-1"] != NOT_PERMITTED) is opened
    assert tax.requests == opened


async def test_a_group_without_an_event_needs_a_grant_for_the_whole_area(
    gateway_with: StartGateway, tax: Producer
) -> None:
    gateway = await gateway_with(granted("title", for_=[("TAXES", "filing-vat")]))
    group = await gateway.a_group_with(tax.case("T-1"), purpose={"informationArea": "TAXES", "event": None})

    answer = await gateway.query(READ, id=group["id"])

    assert statuses(answer) == {"T-1": NOT_PERMITTED}


async def test_one_case_in_two_groups_is_read_for_each_groups_purpose(
    gateway_with: StartGateway, tax: Producer
) -> None:
    gateway = await gateway_with(
        granted("title", for_=[(BUSINESS_AREA, None)]), granted("code", for_=[("TAXES", None)])
    )
    case = tax.case("T-1", title="Granskas", code="G")
    await gateway.a_group_with(case, title="a")
    await gateway.a_group_with(case, title="b", purpose={"informationArea": "TAXES", "event": None})

    answer = await gateway.query("""{ caseGroups { edges { node { title cases { edges { node { status {
      ... on CaseStatus { title code } } } } } } } } }""")

    found = {
        edge["node"]["title"]: edge["node"]["cases"]["edges"][0]["node"]["status"]
        for edge in answer.json["data"]["caseGroups"]["edges"]
    }
    assert found == {"a": {"title": "Granskas", "code": None}, "b": {"title": None, "code": "G"}}
    assert [(fields_of(asked), asked.claims["purpose"]) for asked in sorted(tax.asked, key=lambda one: one.query)] == [
        (frozenset(["code"]), ["TAXES"]),
        (frozenset(["title"]), [STARTING]),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"validFrom": NOW + DAY},
        {"validFrom": NOW - 2 * DAY, "validUntil": NOW - DAY},
        {"withdrawnAt": NOW - DAY},
        {"environment": "live"},
        {"consumer": PROGRAM},
    ],
    ids=["not yet", "no longer", "withdrawn", "another environment", "another consumer"],
)
async def test_a_grant_that_is_not_in_force_is_none(
    gateway_with: StartGateway, tax: Producer, changes: dict[str, Any]
) -> None:
    gateway = await gateway_with({**granted("title"), **changes})
    group = await gateway.a_group_with(tax.case("T-1"))

    answer = await gateway.query(READ, id=group["id"])

    assert statuses(answer) == {"T-1": NOT_PERMITTED}
    assert tax.requests == 0


async def test_a_grant_ends_by_itself_when_its_time_has_come(gateway_with: StartGateway, tax: Producer) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=3)
    gateway = await gateway_with(granted("title", validUntil=ends))
    group = await gateway.a_group_with(tax.case("T-1"))
    before = await gateway.query(READ, id=group["id"])
    assert datetime.now(UTC) < ends, "the machine is too slow for this test"
    assert statuses(before)["T-1"] != NOT_PERMITTED

    await until(lambda: datetime.now(UTC) >= ends)
    after = await gateway.query(READ, id=group["id"])

    assert statuses(after) == {"T-1": NOT_PERMITTED}
    assert tax.requests == 1


async def test_references_are_granted_field_by_field(gateway_with: StartGateway, tax: Producer) -> None:
    gateway = await gateway_with(granted("references.title"))
    group = await gateway.a_group_with(tax.case("T-1", references=[{"title": "Here", "url": "https://secret"}] * 2))

    answer = await gateway.query(
        """query($id: ID!) { caseGroup(id: $id) { cases { edges { node { status {
          ... on CaseStatus { references { title url } } } } } } } }""",
        id=group["id"],
    )

    (edge,) = answer.json["data"]["caseGroup"]["cases"]["edges"]
    assert edge["node"]["status"] == {"references": [{"title": "Here", "url": None}] * 2}
    assert told(answer) == [("url", required("references.url"))]
    assert questions_to(tax) == {("tax-agency", "T-1", frozenset(["references.title"]))}


async def test_references_of_which_nothing_is_granted_are_null_as_a_whole(
    gateway_with: StartGateway, tax: Producer
) -> None:
    gateway = await gateway_with(granted("title"))
    group = await gateway.a_group_with(tax.case("T-1", references=[{"title": "secret"}]))

    answer = await gateway.query(
        """query($id: ID!) { caseGroup(id: $id) { cases { edges { node { status {
          ... on CaseStatus { title references { title value } } } } } } } }""",
        id=group["id"],
    )

    assert told(answer) == [("references", required("references.title", "references.value"))]
    assert questions_to(tax) == {("tax-agency", "T-1", frozenset(["title"]))}


# The first gate: scopes

SCOPES = ALL_SCOPES.split()


def _but(*left_out: str) -> str:
    return " ".join(scope for scope in SCOPES if scope not in left_out)


async def test_without_the_scope_groups_are_null_and_the_rest_of_the_answer_is_there(
    gateway_with: StartGateway, tax: Producer
) -> None:
    gateway = await gateway_with(granted("title"))
    group = await gateway.a_group_with(tax.case())
    token = gateway.token_for(scope=_but("case-groups:read"))
    query = """query($id: ID!) {
      caseGroups { totalCount }
      caseGroup(id: $id) { cases { edges { node { status { ... on CaseStatus { title } } } } } }
      viewer { consumer { name } subject { identifier } }
    }"""

    cost = await commands_of(gateway, lambda: gateway.query(query, id=group["id"], token=token))
    answer = await gateway.query(query, id=group["id"], token=token)

    viewer = {"consumer": {"name": "business-portal (sv)"}, "subject": {"identifier": ALVA}}
    assert answer.json["data"] == {"caseGroups": None, "caseGroup": None, "viewer": viewer}
    assert sorted(told(answer)) == [
        ("caseGroup", {"scopes": [["case-groups:read"]]}),
        ("caseGroups", {"scopes": [["case-groups:read"]]}),
    ]
    assert answer.json["errors"][0]["message"].endswith("needs an access token with the scope `case-groups:read`.")
    assert cost == RECORDED
    assert tax.requests == 0


@pytest.mark.parametrize("scope", [None, "", "unknown", "case-groups:readx case-groups", "CASE-GROUPS:READ"])
async def test_what_is_no_scope_opens_nothing(gateway_with: StartGateway, scope: str | None) -> None:
    gateway = await gateway_with()

    answer = await gateway.query("{ caseGroups { totalCount } }", token=gateway.token_for(scope=scope))

    assert answer.json["data"] == {"caseGroups": None}


async def test_the_subjects_number_needs_a_scope_of_its_own(gateway_with: StartGateway) -> None:
    gateway = await gateway_with()
    await gateway.a_group_with(token=gateway.token_for(COMPANY))
    token = gateway.token_for(COMPANY, actor=ALVA, scope=_but("subject:read"))

    answer = await gateway.query(
        """{ viewer { subject { identifier } actor { identifier } }
             caseGroups { edges { node { subject { identifier } } } } }""",
        token=token,
    )

    nobody = {"identifier": None}
    assert answer.json["data"] == {
        "viewer": {"subject": nobody, "actor": nobody},
        "caseGroups": {"edges": [{"node": {"subject": nobody}}]},
    }
    assert told(answer) == [("identifier", {"scopes": [["subject:read"]]})] * 3
    assert ALVA.encode() not in answer.body
    assert COMPANY.encode() not in answer.body


CREATE = 'createCaseGroup(input: {title: "New", purpose: {informationArea: TAXES}}) { caseGroup { id } }'


async def test_of_several_changes_none_is_made_when_one_is_forbidden(gateway_with: StartGateway) -> None:
    gateway = await gateway_with()
    group = await gateway.a_group_with()
    token = gateway.token_for(scope=_but("case-groups:share"))
    mutation = f"""mutation($id: ID!) {{
      first: {CREATE}
      shared: transferCaseGroup(input: {{id: $id, expectedRevision: 1}}) {{ userErrors {{ code }} }}
      last: {CREATE}
    }}"""

    cost = await commands_of(gateway, lambda: gateway.query(mutation, id=group["id"], token=token))
    answer = await gateway.query(mutation, id=group["id"], token=token)

    assert set(answer.json["data"].values()) == {None}
    codes = {error["path"][0]: error["extensions"]["code"] for error in answer.json["errors"]}
    assert codes == {"first": "FORBIDDEN", "shared": "FORBIDDEN_FIELD", "last": "FORBIDDEN"}
    assert cost == RECORDED
    assert await gateway.database["caseGroups"].count_documents({}) == 1


async def test_a_change_needs_the_scope_to_write_and_its_result_the_scope_to_read(gateway_with: StartGateway) -> None:
    gateway = await gateway_with()

    reading = await gateway.query(f"mutation {{ {CREATE} }}", token=gateway.token_for(scope="case-groups:read"))
    assert await gateway.database["caseGroups"].count_documents({}) == 0
    writing = await gateway.query(f"mutation {{ {CREATE} }}", token=gateway.token_for(scope="case-groups:write"))

    assert reading.json["data"] == {"createCaseGroup": None}
    assert told(reading) == [("createCaseGroup", {"scopes": [["case-groups:write"]]})]
    assert writing.json["data"] == {"createCaseGroup": {"caseGroup": None}}
    assert told(writing) == [("caseGroup", {"scopes": [["case-groups:read"]]})]
    assert await gateway.database["caseGroups"].count_documents({}) == 1


# Representatives


async def test_a_consumer_without_leave_for_representatives_gets_nothing_for_one(gateway_with: StartGateway) -> None:
    gateway = await gateway_with(granted("title"))
    await gateway.database["consumers"].update_one({"_id": PORTAL}, {"$set": {"representatives": False}})
    token = gateway.token_for(COMPANY, actor=ALVA)
    query = "{ caseGroups { totalCount } }"

    async def is_known() -> bool:
        return (await gateway.query(query, token=token)).json["data"] is None

    await until(is_known)

    cost = await commands_of(gateway, lambda: gateway.query(query, token=token))
    answer = await gateway.query(query, token=token)
    alone = await gateway.query(query, token=gateway.token_for(COMPANY))

    assert (answer.status, answer.json["data"], answer.code) == (200, None, "FORBIDDEN")
    assert cost == {}
    assert alone.data == {"caseGroups": {"totalCount": 0}}


# What the viewer may read, and what the decision costs


async def test_the_viewer_sees_its_grants_in_force_and_no_other(gateway_with: StartGateway) -> None:
    gateway = await gateway_with(
        granted("title", "references.url", for_=[("TAXES", None)], validUntil=NOW + DAY),
        granted("code", consumer=PROGRAM),
        granted("code", withdrawnAt=NOW),
        granted("code", validFrom=NOW + DAY),
        granted("code", environment="live"),
        granted("description", case_type="SERVERINGSTILLSTAND", producer="municipality"),
    )

    answer = await gateway.query(
        """{ viewer { grants { totalCount edges { node {
          producer { name } caseTypes { code } fields purposes { informationArea event } legalBasis validUntil
        } } } } }""",
        language="en",
    )

    grants = answer.data["viewer"]["grants"]
    assert grants["totalCount"] == 2
    (first, second) = (edge["node"] for edge in grants["edges"])
    assert {**first, "validUntil": None} == {
        "producer": {"name": "tax-agency in English"},
        "caseTypes": [{"code": "FSKATT"}],
        "fields": ["references.url", "title"],
        "purposes": [{"informationArea": "TAXES", "event": None}],
        "legalBasis": "Only for tests.",
        "validUntil": None,
    }
    assert (second["producer"]["name"], second["fields"]) == ("municipality in English", ["description"])


async def test_authorization_costs_no_read_of_the_database(gateway_with: StartGateway, tax: Producer) -> None:
    gateway = await gateway_with(granted("title"))
    group = await gateway.a_group_with(*(tax.case() for _ in range(10)))
    await gateway.query(READ, id=group["id"])

    cost = await commands_of(gateway, lambda: gateway.query(READ, id=group["id"]))

    assert cost == {("find", "caseGroups"): 1, **RECORDED}
