"""What an operation has read of somebody is gone from memory when it is answered, not when garbage is looked for."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from gateway.model.case_group import Case, CaseGroup
from gateway.model.status import StatusAnswer
from tests.gateway import Gateway
from tests.producer import Producer

QUESTIONS = {
    "a group with statuses": (
        "query($id: ID!) { caseGroup(id: $id) { title cases { edges { node { status { __typename "
        "... on CaseStatus { title } } } } } } }"
    ),
    "the list": "query { caseGroups { edges { node { title cases { totalCount } } } } }",
    "a node": "query($id: ID!) { node(id: $id) { ... on CaseGroup { title } } }",
}


@pytest.fixture
def without_collections() -> Iterator[None]:
    """Until then no garbage is collected."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
async def test_what_was_read_is_gone_once_it_is_answered(
    gateway: Gateway, tax: Producer, question: str, without_collections: None
) -> None:
    before = in_memory()
    group = await gateway.a_group_with(tax.case("T-1"))
    id_ = {"id": group["id"]} if "$id" in question else {}

    answers = [await gateway.query(question, **id_) for _ in range(3)]

    assert [answer.json.get("errors") for answer in answers] == [None] * 3
    assert in_memory() == before


def in_memory() -> int:
    """How many cases, groups and statuses there are; other tests keep some of their own.

    Told by their type: `isinstance` asks a weak proxy for what it stands for, which may be gone.
    """
    return sum(issubclass(type(one), Case | CaseGroup | StatusAnswer) for one in gc.get_objects())
