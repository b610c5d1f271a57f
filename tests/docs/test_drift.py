"""What can be set, fail or be too much is documented, and what is documented exists."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from gateway.disclosure.faults import FaultCode
from gateway.errors import GatewayError, UserErrorCode
from gateway.groups.takeovers import OfferReason
from gateway.groups.wording import IDEMPOTENCY_KEY, NOTE, REFERENCE, TITLE
from gateway.metrics import Metrics
from gateway.model.availability import BreakerState
from gateway.model.overview import CasesUnavailableReason
from gateway.model.purpose import InformationArea
from gateway.model.replica import new_replica_id
from gateway.model.status import UnavailableReason
from gateway.settings import PREFIX, SETTINGS_FILE_VARIABLE, Settings
from subgraphs.kundhandelse.failures import Failure
from tests.docs import settings_table
from tests.docs.pages import PAGES, TOP, Page, page

ERRORS = page("docs/errors.md")
PORTALS = page("docs/portals.md")

SOURCES = sorted((TOP / "gateway").rglob("*.py"))


def error_codes() -> set[str]:
    """Every code that a GraphQL error can have."""

    def classes(of: type[GatewayError]) -> Iterator[type[GatewayError]]:
        yield of
        for subclass in of.__subclasses__():
            yield from classes(subclass)

    return {class_.code for class_ in classes(GatewayError)}


REASONS = {reason.value for reason in UnavailableReason}
CASES_REASONS = {reason.value for reason in CasesUnavailableReason}
USER_ERROR_CODES = {code.value for code in UserErrorCode}


def test_the_settings_tables_are_what_the_code_says() -> None:
    text = settings_table.PAGE.read_text(encoding="utf-8")

    assert text == settings_table.with_tables(text), "docs/settings.md is not what the code says: make docs"
    assert set(page("docs/settings.md").rows()) == {PREFIX + name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("page_", PAGES, ids=lambda page_: page_.name)
def test_every_variable_that_a_page_names_is_a_setting(page_: Page) -> None:
    settings = {PREFIX + name.upper() for name in Settings.model_fields} | {SETTINGS_FILE_VARIABLE}

    assert set(re.findall(rf"\b{PREFIX}[A-Z_]+", page_.text)) - settings == set()


def test_every_error_code_is_documented() -> None:
    section = ERRORS.section("## GraphQL errors")

    assert set(section.rows()) == error_codes()
    assert set(re.findall(r"^### `(\w+)`$", section.text, re.MULTILINE)) == error_codes()
    for code in error_codes():
        text = ERRORS.section(f"### `{code}`").text
        assert "**When**: " in text, code
        assert "**What to do**: " in text, code


def test_every_user_error_code_is_documented() -> None:
    assert set(ERRORS.section("## Why a change was refused").rows()) == USER_ERROR_CODES


def test_every_fault_of_the_record_is_documented() -> None:
    section = page("docs/operations.md").section("## The record and its audit")

    assert set(section.rows()) == {code.value for code in FaultCode}


def test_every_outcome_is_documented() -> None:
    assert set(ERRORS.section("## Why a status is unavailable").rows()) == REASONS
    assert set(PORTALS.section("## Statuses and their outcomes").rows()) == REASONS
    assert set(ERRORS.section("## Why a producer's cases are unavailable").rows()) == CASES_REASONS


@pytest.mark.parametrize("page_", PAGES, ids=lambda page_: page_.name)
def test_no_page_names_a_code_that_does_not_exist(page_: Page) -> None:
    """In prose, what stands in code and looks like an enum value or a code."""
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", page_.prose))
    of_producers = {failure.value for failure in Failure}
    enumerated = {one.value for one in (*InformationArea, *OfferReason, *FaultCode)}
    known = error_codes() | USER_ERROR_CODES | REASONS | CASES_REASONS | enumerated | of_producers

    assert {name for name in named - known if not name.startswith((PREFIX, "MONGO"))} == set()


def test_every_limit_is_documented_with_its_default() -> None:
    rows = PORTALS.section("## Limits").rows()
    named_in_errors = {name for source in SOURCES for name in re.findall(r'limit="(\w+)"', source.read_text())}
    of_callers = {
        name for name in Settings.model_fields if re.match(r"(request|document|page|group|subject)_max_", name)
    }
    limits = {name: cells[0] for name, cells in rows.items() if name in of_callers}

    assert set(limits) == of_callers
    assert named_in_errors <= of_callers
    assert limits == {name: str(Settings.model_fields[name].default) for name in of_callers}


def test_the_lengths_of_texts_are_documented() -> None:
    rows = PORTALS.section("## Limits").rows()

    for name, rule in {"title": TITLE, "note": NOTE, "reference": REFERENCE, "idempotencyKey": IDEMPOTENCY_KEY}.items():
        assert rows[name][0].startswith(f"{rule.shortest}–{rule.longest}"), name


def test_every_metric_is_documented_with_its_type_and_labels() -> None:
    metrics = Metrics(new_replica_id())
    producer = metrics.of_producer("tax-agency")
    producer.questions["ok"].inc()
    metrics.set_producer("tax-agency", BreakerState.OPEN, places_taken=0, places=1)
    metrics.http_requests("/graphql", 200).inc()
    metrics.operations("query", "ok").observe(1)
    found = {}
    for family in metrics.registry.collect():
        suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
        labels = {name for sample in family.samples for name in sample.labels} - {"le"}
        found[family.name + suffix] = (family.type, labels)

    rows = page("docs/operations.md").section("## Metrics").rows()

    documented = {name: (type_, set(re.findall(r"`(\w+)`", labels))) for name, (type_, labels, *_) in rows.items()}
    assert documented == found


def test_every_log_event_is_documented() -> None:
    """The development tools print; they do not log."""
    call = re.compile(r'\blog\.\w+\(\s*(?:logging\.[^"]*?,\s*)?"([a-z_.]+)"')
    logged = {event for source in SOURCES for event in call.findall(source.read_text())}

    assert set(page("docs/operations.md").section("## Logs").rows()) == logged
