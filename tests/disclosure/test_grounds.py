"""The record says of a status which fields were told, which were withheld, and by which grants: once per decision."""

from __future__ import annotations

import pytest

from gateway.disclosure import grounds
from gateway.disclosure.grounds import Ground, Grounds
from gateway.model.grant import Grant, GrantId
from gateway.model.status import NAME_ONLY, StatusSelection
from gateway.policy.statuses import Decision, Withheld
from tests.policy.agreed import grant, selection

WITHHELD = Withheld("no", {})


def named(name: str) -> Grant:
    return grant(id=GrantId(name), legal_basis=f"law of {name}")


def test_what_is_told_names_the_fields_the_withheld_and_one_grant_for_each_field() -> None:
    first, second, third = named("first"), named("second"), named("third")
    decision = Decision(
        asked=selection("title", "code", "references.url"),
        withheld={"description": WITHHELD, "completed": WITHHELD},
        allowing={"title": [first, second], "code": [first], "references.url": [third], "updatedAt": [second]},
    )

    ground = Ground.of(decision)

    assert ground.told == {
        "kind": "status",
        "fields": ["code", "title", "references.url"],
        "withheld": ["completed", "description"],
        "grants": ["first", "third"],
        "legalBasis": ["law of first", "law of third"],
    }
    assert ground.untold == {"kind": "status", "withheld": ["completed", "description"]}


def test_that_there_are_references_is_told_by_a_grant_of_something_in_them() -> None:
    asked = StatusSelection(references=(NAME_ONLY,))

    ground = Ground.of(Decision(asked=asked, allowing={"title": [named("other")], "references.url": [named("g")]}))

    assert ground.told == {"kind": "status", "fields": ["references"], "grants": ["g"], "legalBasis": ["law of g"]}


def test_that_there_is_a_status_is_told_by_any_grant() -> None:
    assert Ground.of(Decision(allowing={"title": [named("g")]})).told["grants"] == ["g"]


def test_of_a_refusal_nothing_is_told_and_no_grant_named() -> None:
    assert Ground.of(Decision(withheld={"title": WITHHELD})).untold == {"kind": "status", "withheld": ["title"]}


def test_a_decision_is_looked_at_once_and_none_is_taken_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grounds, "MOST_REMEMBERED", 3)
    remembered = Grounds()

    # Decisions are equal whatever grants they rest on, and may come to lie where one that is gone lay.
    for name in "abcdefgh":
        decision = Decision(selection("title"), allowing={"title": [named(name)]})
        found = remembered.of(decision)
        assert found.told["grants"] == [name]
        assert remembered.of(decision) is found
        assert len(remembered._known) <= 3
