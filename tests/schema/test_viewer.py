"""Who is asking, and the objects behind ids."""

from __future__ import annotations

import base64

import pytest

from tests.gateway import Gateway
from tests.issuer import ALVA, BJORN, COMPANY
from tests.producer import Producer

VIEWER = "{ viewer { consumer { name } subject { identifier } actor { identifier } } }"


async def test_the_viewer_is_the_tokens_consumer_and_subject(gateway: Gateway) -> None:
    answer = await gateway.query(VIEWER, language="en")

    assert answer.data["viewer"] == {
        "consumer": {"name": "business-portal (en)"},
        "subject": {"identifier": ALVA},
        "actor": None,
    }


async def test_a_representative_is_the_actor(gateway: Gateway) -> None:
    answer = await gateway.query(VIEWER, token=gateway.token_for(COMPANY, actor=ALVA))

    assert answer.data["viewer"]["subject"] == {"identifier": COMPANY}
    assert answer.data["viewer"]["actor"] == {"identifier": ALVA}


async def test_node_finds_groups_cases_and_producers_again(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1", title="Granskas"))
    case_id = group["cases"]["edges"][0]["node"]["id"]
    query = """
      query($id: ID!) { node(id: $id) { __typename id
        ... on CaseGroup { title }
        ... on Case { reference status { ... on CaseStatus { title } } }
        ... on Producer { name }
      } }
    """

    found = [
        (await gateway.query(query, id=id_, language="sv")).data["node"]
        for id_ in (group["id"], case_id, tax.global_id)
    ]

    assert found == [
        {"__typename": "CaseGroup", "id": group["id"], "title": "Starta kafé"},
        {"__typename": "Case", "id": case_id, "reference": "T-1", "status": {"title": "Granskas"}},
        {"__typename": "Producer", "id": tax.global_id, "name": "tax-agency på svenska"},
    ]


async def test_another_subjects_or_consumers_group_cannot_be_told_from_one_that_does_not_exist(
    gateway: Gateway, tax: Producer
) -> None:
    group = await gateway.a_group_with(tax.case())
    case_id = group["cases"]["edges"][0]["node"]["id"]
    absent = base64.urlsafe_b64encode(b"CaseGroup:0123456789abcdef01234567").decode().rstrip("=")
    strangers = (gateway.token_for(BJORN), gateway.token_for(consumer="accounting-program"))

    answers = [
        await gateway.query(query, id=id_, token=token)
        for token in strangers
        for query, id_ in (
            ("query($id: ID!) { node(id: $id) { id } }", group["id"]),
            ("query($id: ID!) { node(id: $id) { id } }", case_id),
            ("query($id: ID!) { node(id: $id) { id } }", absent),
        )
    ]

    def without_request_id(error: dict[str, object]) -> dict[str, object]:
        extensions = error["extensions"]
        assert isinstance(extensions, dict)
        return {**error, "extensions": {"code": extensions["code"]}}

    shown = [without_request_id(answer.error) for answer in answers]
    assert shown == [shown[0]] * 6
    assert shown[0]["extensions"] == {"code": "NOT_FOUND"}


@pytest.mark.parametrize(
    "id_",
    [
        "",
        "nonsense",
        "é",
        "A" * 10_000,
        base64.b64encode(b"CaseGroup:xyz").decode(),
        base64.b64encode(b"CaseGroup").decode(),
        base64.b64encode(b"Viewer:1").decode(),
        base64.b64encode(b"CaseGroup:0123456789abcdef01234567:more").decode(),
        base64.b64encode(b"\xff\xfe").decode(),
    ],
)
@pytest.mark.parametrize("field", ["node", "caseGroup", "producer"])
async def test_what_is_no_id_is_refused_and_not_looked_for(gateway: Gateway, field: str, id_: str) -> None:
    before = gateway.reads.of(gateway.database.name)

    answer = await gateway.query(f"query($id: ID!) {{ {field}(id: $id) {{ id }} }}", id=id_)

    assert answer.code == "BAD_USER_INPUT"
    assert gateway.reads.of(gateway.database.name) == before


async def test_an_id_of_another_kind_is_refused(gateway: Gateway, tax: Producer) -> None:
    answer = await gateway.query("query($id: ID!) { caseGroup(id: $id) { id } }", id=tax.global_id)

    assert answer.code == "BAD_USER_INPUT"
    assert "Producer" in answer.error["message"]


async def test_names_come_in_the_callers_language(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case())
    query = """query($id: ID!) { caseGroup(id: $id) { owner { name } cases { edges { node {
      producer { name } caseType { code name open } } } } } }"""

    swedish = (await gateway.query(query, id=group["id"], language="sv-SE, en;q=0.1")).data["caseGroup"]
    english = await gateway.query(query, id=group["id"], language="en-GB")

    assert swedish["owner"]["name"] == "business-portal (sv)"
    assert swedish["cases"]["edges"][0]["node"]["caseType"]["name"] == "Fskatt"
    node = english.data["caseGroup"]["cases"]["edges"][0]["node"]
    assert node == {
        "producer": {"name": "tax-agency in English"},
        "caseType": {"code": "FSKATT", "name": "FSKATT (en)", "open": True},
    }
    assert english.headers["Content-Language"] == "en"
