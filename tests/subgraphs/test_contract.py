"""The producer contract, against every producer, over HTTP only."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from graphql import DocumentNode, FieldDefinitionNode, InputValueDefinitionNode, ObjectTypeDefinitionNode, parse
from graphql.language import print_ast

from tests.subgraphs.processes import ENTITIES, ROOT, Answer, Producer

pytestmark = pytest.mark.asyncio

CONTRACT = ROOT / "subgraphs" / "contract.graphql"

EVERY_STATUS_FIELD = (
    "code codeSystem title description language updatedAt expectedAt requiresCustomerAction completed "
    "references { title url value } extension"
)


def signatures(document: DocumentNode) -> dict[str, str]:
    """Each field and argument of the document's object types, with its type, its default and its description."""
    found = {}

    def note(name: str, node: FieldDefinitionNode | InputValueDefinitionNode) -> None:
        default = getattr(node, "default_value", None)
        # A default of null on a nullable argument says nothing.
        tail = "" if default is None or print_ast(default) == "null" else f" = {print_ast(default)}"
        found[name] = f"{print_ast(node.type)}{tail}: {node.description.value if node.description else ''}"

    for type_ in document.definitions:
        if isinstance(type_, ObjectTypeDefinitionNode):
            found[type_.name.value] = type_.description.value if type_.description else ""
            for field in type_.fields or ():
                note(f"{type_.name.value}.{field.name.value}", field)
                for argument in field.arguments or ():
                    note(f"{type_.name.value}.{field.name.value}({argument.name.value})", argument)
    return found


def is_case(node: ObjectTypeDefinitionNode) -> bool:
    return node.name.value == "Case"


async def test_the_sdl_has_every_type_and_field_of_the_contract_with_its_description(producer: Producer) -> None:
    answer = await producer.ask("{ _service { sdl } }")

    served = signatures(parse(answer.body["data"]["_service"]["sdl"]))
    contract = signatures(parse(CONTRACT.read_text()))

    assert {name: served.get(name) for name in contract} == contract


async def test_the_contract_describes_every_type_field_and_argument() -> None:
    undescribed = [
        name for name, text in signatures(parse(CONTRACT.read_text())).items() if not text or text.endswith(": ")
    ]

    assert undescribed == []


async def test_the_sdl_is_of_federation_2_and_keys_cases_by_reference(producer: Producer) -> None:
    answer = await producer.ask("{ _service { sdl } }")

    served = parse(answer.body["data"]["_service"]["sdl"])
    (case,) = (node for node in served.definitions if isinstance(node, ObjectTypeDefinitionNode) and is_case(node))
    links = [directive for node in served.definitions for directive in getattr(node, "directives", None) or ()]
    assert '@link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key"])' in map(print_ast, links)
    assert '@key(fields: "reference")' in [print_ast(directive) for directive in case.directives or ()]


async def test_the_subjects_own_case_has_a_status(producer: Producer) -> None:
    reference = producer.demonstration.references[0]

    answer = await producer.entities([reference], f"reference status {{ {EVERY_STATUS_FIELD} }}")

    (case,) = answer.entities
    assert "errors" not in answer.body
    assert case is not None
    assert case["reference"] == reference
    assert case["status"]["code"]
    assert case["status"]["title"]
    assert datetime.fromisoformat(case["status"]["updatedAt"]) <= datetime.now(UTC) + timedelta(seconds=1)


async def test_an_unknown_reference_comes_back_without_a_status_in_its_place(producer: Producer) -> None:
    known = producer.demonstration.references[0]

    answer = await producer.entities(["NO-SUCH-CASE", known, "ANOTHER"], "reference status { code }")

    references = [case and case["reference"] for case in answer.entities]
    has_status = [bool(case and case["status"]) for case in answer.entities]
    assert references == ["NO-SUCH-CASE", known, "ANOTHER"]
    assert has_status == [False, True, False]
    assert "errors" not in answer.body


async def test_a_case_of_another_subject_is_answered_exactly_as_one_that_does_not_exist(producer: Producer) -> None:
    foreign = producer.demonstration.foreign_reference

    answer = await producer.entities([foreign, "NO-SUCH-CASE"], f"reference status {{ {EVERY_STATUS_FIELD} }}")

    assert answer.entities == [
        {"reference": foreign, "status": None},
        {"reference": "NO-SUCH-CASE", "status": None},
    ]
    assert "errors" not in answer.body


async def test_a_foreign_case_has_a_status_for_its_own_subject(producer: Producer) -> None:
    """Without this, the test above would pass for a producer that does not hold the case at all."""
    foreign = producer.demonstration.foreign_reference
    body = {
        "query": ENTITIES % "status { code }",
        "variables": {"representations": [{"__typename": "Case", "reference": foreign}]},
    }

    answer = await producer.post(body, assertion=producer.assertion(sub=producer.demonstration.foreign_subject))

    (case,) = answer.entities
    assert case is not None
    assert case["status"]["code"]


async def test_a_batch_of_a_hundred_is_answered_by_position(producer: Producer) -> None:
    own = producer.demonstration.references[0]
    asked = [own if place % 7 == 0 else f"UNKNOWN-{place}" for place in range(100)]

    answer = await producer.entities(asked, "reference status { title }")

    assert [case and case["reference"] for case in answer.entities] == asked
    assert [bool(case and case["status"]) for case in answer.entities] == [place % 7 == 0 for place in range(100)]


async def test_a_bad_representation_costs_only_itself(producer: Producer) -> None:
    own = producer.demonstration.references[0]
    representations = [{"__typename": "Case"}, {"__typename": "Case", "reference": own}]
    body = {"query": ENTITIES % "reference", "variables": {"representations": representations}}

    answer = await producer.post(body, assertion=producer.assertion())

    assert answer.entities == [None, {"reference": own}]
    assert [error["path"] for error in answer.body["errors"]] == [["_entities", 0]]


async def test_only_what_is_asked_for_is_answered(producer: Producer) -> None:
    answer = await producer.entities([producer.demonstration.references[0]], "status { title references { url } }")

    (case,) = answer.entities
    assert case is not None
    assert set(case) == {"status"}
    assert set(case["status"]) == {"title", "references"}
    assert all(set(reference) == {"url"} for reference in case["status"]["references"] or [])


async def test_texts_are_in_the_language_asked_for_and_the_language_is_told(producer: Producer) -> None:
    reference = producer.demonstration.references[0]

    titles = {}
    for sent, expected in {
        "en-GB,en;q=0.9": "en",
        "sv": "sv",
        "de, fi;q=0.5": "sv",
        "sv;q=0.8,en;q=0.9": "en",
        "de,EN;q=0.1": "en",
        "en;q=0": "sv",
        "en;q=7, sv;q=lots": "sv",
        "*": "sv",
        ",;q=,": "sv",
    }.items():
        answer = await producer.entities([reference], "status { language title code }", accept_language=sent)
        (case,) = answer.entities
        assert case is not None
        assert case["status"]["language"] == expected
        titles[expected, case["status"]["code"]] = case["status"]["title"]

    assert len(set(titles.values())) == len(titles)


async def test_the_cases_of_the_subject_are_listed_a_page_at_a_time(producer: Producer) -> None:
    query = "{ cases(first: 1%s) { edges { cursor caseType node { reference } } pageInfo { hasNextPage endCursor } } }"

    pages, after = [], ""
    for _ in producer.demonstration.references:
        answer = await producer.ask(query % after)
        pages.append(answer.body["data"]["cases"])
        after = f', after: "{pages[-1]["pageInfo"]["endCursor"]}"'

    listed = [[edge["node"]["reference"] for edge in page["edges"]] for page in pages]
    more = [page["pageInfo"]["hasNextPage"] for page in pages]
    assert listed == [[reference] for reference in producer.demonstration.references]
    assert more == [True] * (len(pages) - 1) + [False]


async def test_the_page_after_the_last_case_is_empty(producer: Producer) -> None:
    first = await producer.ask("{ cases { pageInfo { hasNextPage endCursor } } }")
    end = first.body["data"]["cases"]["pageInfo"]["endCursor"]

    answer = await producer.ask(
        f'{{ cases(after: "{end}") {{ edges {{ cursor }} pageInfo {{ hasNextPage endCursor }} }} }}'
    )

    assert answer.body["data"]["cases"] == {"edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}


@pytest.mark.parametrize("arguments", ["first: 0", "first: -1", "first: 101", 'after: "!"', 'after: "åäö"'])
async def test_a_page_that_cannot_be_is_bad_user_input(producer: Producer, arguments: str) -> None:
    answer = await producer.ask(f"{{ cases({arguments}) {{ edges {{ cursor }} }} }}")

    assert answer.body["data"] is None
    assert answer.body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_no_answer_may_be_kept_on_the_way(producer: Producer) -> None:
    answer = await producer.entities([producer.demonstration.references[0]], "reference")

    assert answer.headers["cache-control"] == "no-store"


async def test_an_unexpected_error_is_masked(producer: Producer) -> None:
    body = {"query": ENTITIES % "reference", "variables": {"representations": [{"__typename": "Dog"}]}}

    answer = await producer.post(body, assertion=producer.assertion())

    assert answer.body["data"] is None
    assert [error["message"] for error in answer.body["errors"]] == ["Unexpected error."]


async def test_a_request_that_is_too_large_is_refused(producer: Producer) -> None:
    answer = await producer.entities(["x" * 300_000], "reference")

    assert answer.status == 413


async def test_a_case_of_another_type_than_the_gateway_was_told_has_no_status(producer: Producer) -> None:
    """The grant that the gateway asks under is for the types that it names."""
    answer = await producer.ask("{ cases(first: 50) { edges { caseType node { reference } } } }")
    types = {edge["node"]["reference"]: edge["caseType"] for edge in answer.body["data"]["cases"]["edges"]}
    reference, case_type = next(iter(types.items()))
    body = {
        "query": ENTITIES % "status { code }",
        "variables": {"representations": [{"__typename": "Case", "reference": reference}]},
    }

    def entity(answered: Answer) -> Any:
        return answered.body["data"]["_entities"][0]

    for named, has_status in (([case_type], True), (["ANOTHER", case_type], True), (["ANOTHER"], False), (None, True)):
        answered = await producer.post(body, assertion=producer.assertion(case_types=named))

        assert (entity(answered)["status"] is not None) is has_status, named
