"""Whose entries of the record a caller sees."""

from __future__ import annotations

from gateway.disclosure.visible import READ_DISCLOSURES, only_told_to
from gateway.model.caller import Caller, SubjectKey
from tests.policy.agreed import PORTAL


def caller(*scopes: str) -> Caller:
    return Caller(PORTAL, "", SubjectKey("A" * 43, "k1"), (), frozenset(scopes))


def test_with_the_end_users_scope_every_consumers_are_seen() -> None:
    assert only_told_to(caller("case-groups:read", READ_DISCLOSURES)) is None


def test_with_any_other_scope_ones_own_alone() -> None:
    assert only_told_to(caller()) == PORTAL
    assert only_told_to(caller("case-groups:read", "case-groups:write", "introspection")) == PORTAL
