"""Which documents are remembered when there is not room for all."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.execution.document_memory import KEPT_PERCENT, DocumentMemory


@dataclass
class Text:
    """A document of so many characters."""

    characters: int


def memory(most: int = 100, **documents: int) -> DocumentMemory[Text]:
    made: DocumentMemory[Text] = DocumentMemory(most)
    for name, characters in documents.items():
        made.put(name, Text(characters))
    return made


def remembered(of: DocumentMemory[Text]) -> set[str]:
    return {*of._new._weighed, *of._kept._weighed}


def test_what_was_seen_once_goes_first_and_the_longest_ago_before_all() -> None:
    documents = memory(a=40, b=40)
    documents.get("a")

    documents.put("c", Text(40))

    assert remembered(documents) == {"a", "c"}


def test_a_flood_of_documents_seen_once_leaves_those_that_were_used_again() -> None:
    documents = memory(a=40, b=40)
    documents.get("a")
    documents.get("b")

    for number in range(1_000):
        documents.put(f"flood {number}", Text(10))

    assert {"a", "b"} < remembered(documents)
    assert documents.characters == 100


def test_what_is_used_again_takes_the_place_of_what_is_no_longer_used() -> None:
    documents = memory(old=80)
    documents.get("old")

    documents.put("new", Text(20))
    documents.get("new")
    documents.put("newest", Text(20))

    assert remembered(documents) == {"new", "newest"}


def test_what_has_lost_its_place_gets_it_back_when_it_is_used_before_it_is_forgotten() -> None:
    documents = memory(a=50, b=50)
    documents.get("a")
    documents.get("b")

    assert documents.get("a") == Text(50)
    documents.put("c", Text(10))

    assert remembered(documents) == {"a", "c"}


@pytest.mark.parametrize("characters", [100, 101])
def test_one_that_takes_all_the_room_there_is_leaves_none_for_others(characters: int) -> None:
    documents = memory(a=10)

    documents.put("large", Text(characters))

    assert remembered(documents) == ({"large"} if characters == 100 else set())


def test_what_has_grown_takes_the_room_of_others() -> None:
    documents = memory(a=10, b=10)
    grown = documents.get("a")
    assert grown is not None

    grown.characters = 75
    documents.weigh("a")
    documents.put("c", Text(20))

    assert remembered(documents) == {"a", "c"}
    assert documents.characters == 95


def test_what_has_grown_larger_than_all_the_room_there_is_goes_itself() -> None:
    documents = memory(a=10)
    grown = documents.get("a")
    assert grown is not None

    grown.characters = 101
    documents.weigh("a")
    documents.weigh("a")

    assert remembered(documents) == set()
    assert documents.characters == 0


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 40), st.integers(0, 40))))
def test_never_more_is_remembered_than_there_is_room_for(uses: list[tuple[int, int, int]]) -> None:
    documents: DocumentMemory[Text] = DocumentMemory(100)
    held: dict[str, Text] = {}

    for number, characters, growth in uses:
        if documents.get(str(number)) is None:
            held[str(number)] = Text(characters)
            documents.put(str(number), held[str(number)])
        if grown := held.get(str(number)):
            grown.characters += growth
            documents.weigh(str(number))
        sizes = [held[name].characters for name in remembered(documents)]
        assert sum(sizes) == documents.characters <= 100
        assert documents._kept.characters <= KEPT_PERCENT
