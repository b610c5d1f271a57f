"""Whether a goal is reached, from the report."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench.speed.goals import goals


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    """By goal, what is said of it."""
    return {goal.goal: goal.verdict for goal in goals(report)}


def ratios(throughput: float, p99: float) -> dict[str, Any]:
    return {"throughput": {"median": throughput}, "p99": {"median": p99}}


def test_of_what_was_not_measured_nothing_is_said() -> None:
    found = verdicts({})
    found.pop("no growth over 10 minutes")

    assert set(found.values()) == {"not measured"}


def test_throughput_and_p99_are_compared_with_each_other_gateway() -> None:
    found = verdicts({"ratios_with_spread": {"apollo_gateway": ratios(1.5, 0.8), "hive_gateway": ratios(2.6, 1.3)}})

    assert found["throughput ≥ 3.0 × Apollo Gateway"] == "missed: 2.00 times too far"
    assert found["p99 lower than Apollo Gateway's"] == "missed: 1.25 times too far"
    assert found["throughput ≥ 2.5 × Hive Gateway"] == found["p99 lower than Hive Gateway's"] == "reached"


@pytest.mark.parametrize(
    ("of_100", "of_1000", "of_10000", "verdict"),
    [
        (50.0, 59.0, 55.0, "reached"),
        (90.0, 50.0, 45.0, "reached"),
        (50.0, 55.0, 90.0, "missed: 1.50 times too far"),
        (90.0, 50.0, 90.0, "missed: 1.50 times too far"),
    ],
)
def test_the_cost_per_case_is_flat_where_it_rises_nowhere_by_more_than_a_fifth(
    of_100: float, of_1000: float, of_10000: float, verdict: str
) -> None:
    costs = {"20": 200.0, "100": of_100, "1000": of_1000, "10000": of_10000}
    cases = {number: {"ours": {"cpu_us_per_case": cost}} for number, cost in costs.items()}

    assert verdicts({"cases": cases})["cost per case flat within 20 % from 100 to 10,000"] == verdict


def test_what_the_gateway_does_in_any_case_is_no_operation_of_a_question() -> None:
    few = {"producers": {"tax-agency": 1.0}, "database": {"find caseGroups": 1.0, "insert disclosures": 1.0}}
    many = {"producers": {"tax-agency": 4.0}, "database": {**few["database"], "getMore": 7.0}}
    found = verdicts({"operations": {"20": few, "1000": many}})

    assert found["one request a producer"] == "reached"
    assert found["a constant number of database operations"] == "reached"
