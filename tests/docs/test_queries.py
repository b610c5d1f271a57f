"""Every query in the documentation fits its schema; those for portals are run, and answer what the page says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from tests.docs.examples import comparable, examples, scope_of
from tests.docs.pages import PAGES, TOP, Block, Page, Section, page
from tests.gateway import Answer, Gateway
from tests.issuer import COMPANY

CONTRACT_PAGE = "docs/producers.md"
"""All queries of this page are for producers; on other pages such a block is marked: ```graphql contract."""

FEDERATION = """
  scalar _Any
  union _Entity = Case
  type _Service { sdl: String! }
  extend type Query { _entities(representations: [_Any!]!): [_Entity]! _service: _Service! }
"""

ERRORS = page("docs/errors.md")
ERROR_CODES = ERRORS.section("## GraphQL errors").rows()
ERROR_SECTIONS = [ERRORS.section(f"### `{code}`") for code in ERROR_CODES]


def schema_of(page_: Page, block: Block) -> GraphQLSchema:
    """The schema that a block of the page is written for."""
    if page_.name == CONTRACT_PAGE or block.info == "contract":
        contract = (TOP / "subgraphs" / "contract.graphql").read_text(encoding="utf-8")
        return build_schema(contract + FEDERATION, assume_valid_sdl=True)
    # Federation's directives are used in it without being defined in it.
    return build_schema((TOP / "schema.graphql").read_text(encoding="utf-8"), assume_valid_sdl=True)


@pytest.mark.parametrize("page_", [page_ for page_ in PAGES if page_.blocks("graphql")], ids=lambda page_: page_.name)
def test_every_query_fits_its_schema(page_: Page) -> None:
    for block in page_.blocks("graphql"):
        assert validate(schema_of(page_, block), parse(block.text)) == [], block.text


@pytest.mark.parametrize("name", ["README.md", "docs/portals.md"])
async def test_every_query_answers_as_the_page_says(demo: Gateway, name: str) -> None:
    """In the page's order, as a reader would run them one after another."""
    for example in examples(page(name)):
        answer = await example.asked(demo)

        assert answer.status == 200, example.query
        if example.answer is None:
            assert refusals(answer.json) == [], example.query
        else:
            assert comparable(answer.json) == comparable(example.answer), example.query


async def test_a_deferred_query_answers_in_the_parts_that_the_page_explains(demo: Gateway) -> None:
    (deferred,) = (example for example in examples(page("docs/portals.md")) if "@defer" in example.query)

    answer = await demo.query(
        deferred.query, deferred.variables, token=demo.token_for(COMPANY), accept="multipart/mixed"
    )

    first, *later = parts(answer)
    assert {key for part in (first, *later) for key in part} == {
        "data",
        "pending",
        "incremental",
        "completed",
        "hasNext",
    }
    assert [part["hasNext"] for part in later][-1] is False
    assert {entry["id"] for part in later for entry in part["completed"]} == {one["id"] for one in first["pending"]}


@pytest.mark.parametrize(
    "section",
    [section for section in ERROR_SECTIONS if len(section.blocks("json")) == 2],
    ids=lambda section: section.heading,
)
async def test_every_error_is_as_the_page_says(demo: Gateway, section: Section) -> None:
    request, answer = section.blocks("json")
    code, status = json.loads(answer.text)["errors"][0]["extensions"]["code"], answer.info.removeprefix("answer ")

    answered = await demo.send(
        request.text.encode(),
        {"Content-Type": "application/json", "Accept": "application/graphql-response+json"},
        token=demo.token_for(COMPANY, scope=scope_of(request)),
        authorized=code != "UNAUTHENTICATED",
    )

    assert comparable(answered.json) == comparable(json.loads(answer.text))
    assert answered.status == int(status)
    assert status in " ".join(ERROR_CODES[code])


@pytest.mark.parametrize("section", ERROR_SECTIONS, ids=lambda section: section.heading)
def test_every_error_is_shown_below_its_own_heading(section: Section) -> None:
    answer = json.loads(section.blocks("json")[-1].text)

    assert f"### `{answer['errors'][0]['extensions']['code']}`" == section.heading


def refusals(answer: dict[str, Any]) -> list[Any]:
    """The answer's errors, and the userErrors of its payloads."""
    return [
        *answer.get("errors", []),
        *(error for payload in answer["data"].values() for error in (payload or {}).get("userErrors", [])),
    ]


def parts(answer: Answer) -> Iterator[dict[str, Any]]:
    """The JSON objects of a multipart answer."""
    for piece in answer.body.decode().split("\r\n---")[1:]:
        _, _, body = piece.partition("\r\n\r\n")
        if body.strip():
            yield json.loads(body)
