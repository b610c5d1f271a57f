"""Which groups a consumer may see: its own, and those that the end user permits it to read, as long as it does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.model.caller import ConsumerId
from gateway.model.case_group import TransferOffer
from gateway.policy.visibility import OWNER, Access, access, as_seen
from tests.policy.agreed import CITY, DAY, NOW, PORTAL, PROGRAM, TAX, case, group, permission

STRANGER = ConsumerId("stranger")


def test_the_owner_sees_everything() -> None:
    whole = group(
        permission(),
        cases=(case("T-1", note_is_private=True),),
        transfer=TransferOffer(PROGRAM, keep_read_permissions=True, offered_at=NOW, valid_until=NOW + DAY),
    )

    assert access(whole, PORTAL, NOW) == OWNER == Access(is_owner=True, producers=None, fields=None, until=None)
    assert as_seen(whole, PORTAL, NOW) is whole


def test_nobody_else_sees_anything() -> None:
    for whole in (group(), group(permission())):
        assert access(whole, STRANGER, NOW) is None
        assert as_seen(whole, STRANGER, NOW) is None


@pytest.mark.parametrize(
    ("since", "until", "sees"),
    [(-1, 1, True), (0, 1, True), (-1, 0, False), (1, 2, False), (-2, -1, False)],
)
def test_a_permission_holds_from_its_first_moment_until_before_its_last(since: int, until: int, *, sees: bool) -> None:
    whole = group(permission(permitted_at=NOW + since * DAY, valid_until=NOW + until * DAY))

    assert (access(whole, PROGRAM, NOW) is not None) is sees
    assert (as_seen(whole, PROGRAM, NOW) is not None) is sees


def test_a_lapsed_permission_does_not_hide_one_that_holds() -> None:
    lapsed = permission(permitted_at=NOW - 2 * DAY, valid_until=NOW - DAY, fields=frozenset(["code"]))

    assert access(group(lapsed, permission()), PROGRAM, NOW) == Access(is_owner=False, until=NOW + DAY)


def test_a_reader_sees_what_it_is_narrowed_to() -> None:
    narrowed = permission(producers=frozenset([TAX]), fields=frozenset(["title"]))
    whole = group(narrowed)

    assert access(whole, PROGRAM, NOW) == Access(
        is_owner=False, producers=frozenset([TAX]), fields=frozenset(["title"]), until=NOW + DAY
    )
    seen = as_seen(whole, PROGRAM, NOW)
    assert seen is not None
    assert seen.cases == (case("T-1"),)
    assert as_seen(group(permission(producers=frozenset())), PROGRAM, NOW) == replace(
        group(permission(producers=frozenset())), cases=()
    )


def test_a_reader_sees_no_private_note_no_other_reader_and_no_transfer() -> None:
    own, other = permission(), permission(STRANGER)
    whole = group(
        other,
        own,
        cases=(case("T-1", note_is_private=True), case("T-2"), case("C-1", CITY, note_is_private=True)),
        transfer=TransferOffer(STRANGER, keep_read_permissions=True, offered_at=NOW, valid_until=NOW + DAY),
    )

    assert as_seen(whole, PROGRAM, NOW) == replace(
        whole,
        cases=(case("T-1", note=None), case("T-2"), case("C-1", CITY, note=None)),
        read_permissions=(own,),
        transfer=None,
    )


def test_a_group_that_has_lapsed_is_gone_for_everybody() -> None:
    whole = group(permission(valid_until=NOW + 500 * DAY), retain_until=NOW + DAY)

    for consumer in (PORTAL, PROGRAM):
        assert access(whole, consumer, NOW) is not None
        assert access(whole, consumer, NOW + DAY) is None
        assert as_seen(whole, consumer, NOW + DAY) is None
