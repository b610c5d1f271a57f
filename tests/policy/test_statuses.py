"""What is asked of a producer is what was selected and granted; the rest is withheld, with the reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.model.connection import ConnectionState, Environment, Validity
from gateway.model.grant import Grant, GrantId
from gateway.model.producer import Opening
from gateway.model.purpose import InformationArea, Purpose
from gateway.model.status import GRANTABLE_FIELDS, StatusSelection, UnavailableReason
from gateway.policy.statuses import Decision, Question, Ruling, StatusPolicy, decided, granting
from tests.policy.agreed import (
    ALWAYS,
    BUSINESS,
    CITY,
    DAY,
    FILING_VAT,
    NOW,
    PORTAL,
    PROGRAM,
    TAX,
    VAT,
    agreements,
    consumer,
    grant,
    group,
    permission,
    producer,
    selection,
)

REFUSED = Decision(refusal=UnavailableReason.NOT_PERMITTED)


def question(*selected: str, **changes: Any) -> Question:
    """The portal about a VAT case of a group about filing VAT."""
    return Question(
        **{
            "consumer": PORTAL,
            "producer": TAX,
            "case_type": "VAT",
            "purpose": FILING_VAT,
            "selected": selection(*selected),
            **changes,
        }
    )


def decision(*grants: Grant, selected: str, **changes: Any) -> Decision:
    return decided(agreements(*grants), question(*selected.split(), **changes))


def test_without_a_grant_nothing_is_asked() -> None:
    assert decision(selected="title code") == REFUSED
    assert decision(selected="") == REFUSED


def test_what_is_selected_and_granted_is_asked_and_the_rest_withheld() -> None:
    found = decision(grant("title", "updatedAt", "completed"), selected="code title updatedAt")

    assert found.asked == selection("title", "updatedAt")
    assert found.refusal is None
    assert list(found.withheld) == ["code"]
    error = found.withheld["code"].error()
    assert str(error) == "Reading `code` of VAT at tax for TAXES:filing-vat needs a grant."
    assert error.extensions == {
        "code": "FORBIDDEN_FIELD",
        "requires": {
            "grant": {"producer": "tax", "caseType": "VAT", "fields": ["code"], "purpose": "TAXES:filing-vat"}
        },
    }


def test_where_nothing_of_what_is_selected_is_granted_nothing_is_asked() -> None:
    assert decision(grant("title"), selected="code") == REFUSED
    assert decision(grant("title"), selected="references.title") == REFUSED


def test_that_there_is_a_status_is_told_where_any_field_is_granted() -> None:
    assert decision(grant("references.url"), selected="") == Decision(asked=StatusSelection())
    assert decision(grant("title"), selected="", consumer=PROGRAM) == REFUSED


def test_several_grants_add_up() -> None:
    found = decision(grant("title"), grant("code", purposes=frozenset([FILING_VAT])), selected="code title")

    assert found == Decision(asked=selection("code", "title"))


@pytest.mark.parametrize(
    "changes",
    [
        {"consumer": PROGRAM},
        {"producer": CITY},
        {"case_types": frozenset(["FTAX"])},
        {"case_types": frozenset()},
        {"purposes": frozenset([BUSINESS])},
        {"purposes": frozenset([Purpose(InformationArea.TAXES, "another-event")])},
        {"purposes": frozenset()},
        {"environment": Environment.LIVE},
        {"withdrawn": True},
        {"validity": Validity(NOW + DAY, None)},
        {"validity": Validity(NOW - 2 * DAY, NOW)},
    ],
)
def test_a_grant_of_anything_else_is_none(changes: dict[str, Any]) -> None:
    assert decision(grant(*GRANTABLE_FIELDS, **changes), selected="title") == REFUSED


@pytest.mark.parametrize(
    "changes",
    [
        {"state": ConnectionState.SUSPENDED},
        {"state": ConnectionState.ENDED},
        {"environment": Environment.LIVE},
        {"validity": Validity(NOW + DAY, None)},
        {"validity": Validity(NOW - 2 * DAY, NOW)},
    ],
)
def test_who_is_not_let_in_has_no_grant_and_answers_none(changes: dict[str, Any]) -> None:
    everything = grant(*GRANTABLE_FIELDS)

    without_consumer = agreements(everything, consumers=[consumer(PORTAL, **changes)])
    assert decided(without_consumer, question("title")) == REFUSED
    without_producer = agreements(everything, producers=[producer(TAX, **changes)])
    assert decided(without_producer, question("title")) == Decision(refusal=UnavailableReason.PRODUCER_UNAVAILABLE)


def test_a_purpose_without_an_event_is_not_covered_by_a_grant_for_one() -> None:
    for_one_event = grant("title", purposes=frozenset([FILING_VAT]))

    assert decision(for_one_event, selected="title", purpose=Purpose(InformationArea.TAXES, None)) == REFUSED
    assert decision(for_one_event, selected="title").asked == selection("title")


def test_fields_of_references_are_granted_one_by_one() -> None:
    found = decision(grant("title", "references.title"), selected="title references.title references.url")

    assert found.asked == selection("title", "references.title")
    assert list(found.withheld) == ["references.url"]
    assert found.withheld["references.url"].requires == {
        "grant": {"producer": "tax", "caseType": "VAT", "fields": ["references.url"], "purpose": "TAXES:filing-vat"}
    }


def test_references_as_a_whole_are_withheld_where_none_of_their_fields_may_be_read() -> None:
    found = decision(grant("title"), selected="title references.title references.url")

    assert found.asked == selection("title")
    assert list(found.withheld) == ["references"]
    assert found.withheld["references"].requires["grant"]["fields"] == [  # type: ignore[index]
        "references.title",
        "references.url",
    ]


def test_that_there_are_references_is_told_where_any_field_of_them_is_granted() -> None:
    assert decision(grant("references.value"), selected="references.__typename") == Decision(
        asked=selection("references.__typename")
    )
    found = decision(grant("title"), selected="title references.__typename")
    assert found.asked == selection("title")
    assert found.withheld["references"].message == (
        "Reading `references.title`, `references.url`, `references.value` of VAT at tax for TAXES:filing-vat "
        "needs a grant."
    )
    assert decision(grant("title"), selected="references.__typename") == REFUSED


def test_a_reader_is_told_what_its_own_grants_and_the_end_user_allow() -> None:
    granted = grant("title", "code")
    found = decision(granted, selected="title code updatedAt", narrowed_to=frozenset(["title", "updatedAt"]))

    assert found.asked == selection("title")
    assert found.withheld["code"].error().extensions == {
        "code": "FORBIDDEN_FIELD",
        "requires": {"readPermission": {"fields": ["code"]}},
    }
    assert found.withheld["code"].message == ("Reading `code` in this case group needs the end user's permission.")
    assert list(found.withheld["updatedAt"].requires) == ["grant"]
    assert decision(granted, selected="title", narrowed_to=frozenset()) == REFUSED
    assert decision(granted, selected="", narrowed_to=frozenset(["updatedAt"])) == REFUSED


def test_which_grant_allows_a_field_is_known() -> None:
    first, second = grant("title", "code"), grant("title", id=GrantId("h"))
    other = grant("code", case_types=frozenset(["FTAX"]))

    assert granting(agreements(first, second, other), question()) == {"code": [first], "title": [first, second]}


class TestThePolicyOfAGateway:
    """Decisions follow the agreements that hold at the moment, and the group's own rules."""

    def policy(self, *grants: Grant) -> StatusPolicy:
        self.agreements = agreements(*grants)
        return StatusPolicy(lambda: self.agreements)

    def decide(self, policy: StatusPolicy, by: Any = PORTAL, of: Any = None, at: Any = NOW) -> Decision:
        return self.rule(policy, by, of, at).decision

    def rule(self, policy: StatusPolicy, by: Any = PORTAL, of: Any = None, at: Any = NOW) -> Ruling:
        return policy.rule(by, of or group(permission()), TAX, "VAT", selection("title", "code"), at)

    def test_a_decision_is_worked_out_once_while_nothing_changes(self) -> None:
        policy = self.policy(grant("title"))

        first = self.decide(policy)
        assert self.decide(policy) is first
        assert first.asked == selection("title")

    def test_a_withdrawn_grant_is_none_at_once(self) -> None:
        policy = self.policy(grant("title"))
        assert self.decide(policy).refusal is None

        self.agreements = agreements(grant("title", withdrawn=True), version=2)

        assert self.decide(policy) == REFUSED

    def test_the_owner_is_not_narrowed_by_what_it_permits_others(self) -> None:
        policy = self.policy(grant("title", "code"), grant("code", consumer=PROGRAM))
        shared = group(permission(fields=frozenset(["title"])))

        assert self.decide(policy, of=shared).asked == selection("code", "title")

    def test_a_reader_is_decided_by_its_own_grants(self) -> None:
        policy = self.policy(grant("title", "code"), grant("code", consumer=PROGRAM))

        assert self.decide(policy, by=PROGRAM).asked == selection("code")

    def test_a_readers_narrowing_counts(self) -> None:
        policy = self.policy(grant("title", "code", consumer=PROGRAM))

        narrowed = group(permission(fields=frozenset(["title"])))
        assert self.decide(policy, by=PROGRAM, of=narrowed).asked == selection("title")
        assert self.decide(policy, by=PROGRAM).asked == selection("code", "title")

    def test_a_permission_that_lapsed_is_none(self) -> None:
        policy = self.policy(grant("title", consumer=PROGRAM))

        assert self.decide(policy, by=PROGRAM, at=NOW + DAY) == REFUSED
        assert self.decide(policy, by=PROGRAM, at=NOW).asked == selection("title")

    def test_a_ruling_stands_until_the_agreements_change(self) -> None:
        policy = self.policy(grant("title"))
        ruling = self.rule(policy)
        assert policy.stands(ruling, NOW + 1_000 * DAY)

        self.agreements = agreements(grant("title"), version=2)

        assert not policy.stands(ruling, NOW)

    def test_a_readers_ruling_stands_until_its_permission_ends(self) -> None:
        policy = self.policy(grant("title", consumer=PROGRAM))

        ruling = self.rule(policy, by=PROGRAM)

        assert policy.stands(ruling, NOW + DAY - timedelta(microseconds=1))
        assert not policy.stands(ruling, NOW + DAY)

    def test_that_nothing_may_be_seen_is_ruled_anew_each_time(self) -> None:
        policy = self.policy(grant("title"))

        ruling = self.rule(policy, by=PROGRAM, of=group())

        assert ruling.decision == REFUSED
        assert ruling.version == self.agreements.version
        assert not policy.stands(ruling, NOW)

    def test_the_purpose_is_the_groups(self) -> None:
        policy = self.policy(grant("title", purposes=frozenset([BUSINESS]), validity=ALWAYS))

        assert self.decide(policy) == REFUSED
        assert self.decide(policy, of=group(purpose=BUSINESS)).asked == selection("title")


@pytest.mark.parametrize(
    ("changes", "is_open"),
    [
        ({}, True),
        ({"since": NOW}, True),
        ({"since": NOW + DAY}, False),
        ({"since": NOW + DAY, "pilots": frozenset([PROGRAM])}, False),
        ({"since": NOW + DAY, "pilots": frozenset([PORTAL])}, True),
        ({"state": Opening.CLOSED}, False),
        ({"state": Opening.CLOSED, "since": NOW + DAY, "pilots": frozenset([PORTAL])}, False),
        ({"state": Opening.PILOT}, False),
        ({"state": Opening.PILOT, "pilots": frozenset([PROGRAM])}, False),
        ({"state": Opening.PILOT, "pilots": frozenset([PORTAL])}, True),
        ({"state": Opening.PILOT, "pilots": frozenset([PORTAL]), "since": NOW + DAY}, False),
    ],
)
def test_what_is_granted_is_asked_only_of_a_case_type_that_is_open_to_the_consumer(
    changes: dict[str, Any], is_open: bool
) -> None:
    held = agreements(grant("title"), producers=[producer(TAX, replace(VAT, **changes))])

    assert decided(held, question("title")) == (Decision(asked=selection("title")) if is_open else REFUSED)


def test_a_case_type_that_the_producer_no_longer_lists_is_not_asked_about() -> None:
    held = agreements(grant("title"), producers=[producer(TAX, replace(VAT, code="FTAX"))])

    assert decided(held, question("title")) == REFUSED


def test_what_is_remembered_holds_no_longer_than_until_a_case_type_is_opened() -> None:
    opened_tomorrow = producer(TAX, replace(VAT, since=NOW + DAY))

    assert agreements(producers=[opened_tomorrow]).until == NOW + DAY
    assert agreements(producers=[opened_tomorrow], moment=NOW + DAY).is_open(TAX, "VAT", PORTAL)
