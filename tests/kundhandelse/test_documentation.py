"""What `docs/kundhandelse.md` says is so."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from graphql import ObjectTypeDefinitionNode, parse

from subgraphs.kundhandelse.configuration import Configuration, Limits, load_configuration
from subgraphs.kundhandelse.failures import Failure
from tests.docs.console import run_all
from tests.docs.pages import TOP, page

PAGE = page("docs/kundhandelse.md")


def test_the_table_has_every_field_of_a_status() -> None:
    contract = parse((TOP / "subgraphs" / "contract.graphql").read_text(encoding="utf-8"))
    (status,) = (
        one
        for one in contract.definitions
        if isinstance(one, ObjectTypeDefinitionNode) and one.name.value == "CaseStatus"
    )

    rows = PAGE.section("## What becomes of an event").rows()

    assert list(rows) == [field.name.value for field in status.fields or ()]


def test_every_line_of_the_configuration_is_there_with_its_default() -> None:
    rows = PAGE.section("## The configuration").rows()

    expected = {name: field for name, field in Configuration.model_fields.items() if name != "limits"}
    expected |= {f"limits.{name}": field for name, field in Limits.model_fields.items()}
    assert list(rows) == list(expected)
    for name, field in expected.items():
        default = (
            "required" if field.is_required() else {None: "null", (): "none"}.get(field.default, str(field.default))
        )
        assert rows[name][0].strip("`") == default, name


def test_every_error_code_is_there() -> None:
    text = PAGE.section("## What becomes of a failure").text

    assert [failure.value for failure in Failure if f"| `{failure.value}` |" not in text] == []


def test_the_configuration_that_is_shown_is_good(tmp_path: Path) -> None:
    (block,) = PAGE.blocks("toml")
    (tmp_path / "adapter.toml").write_text(block.text)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "api-key").write_text("a-key\n")

    configuration = load_configuration(tmp_path / "adapter.toml")

    assert configuration.headers() == {"X-API-Key": "a-key"}
    assert set(tomllib.loads(block.text)["case_types"]) == set(configuration.case_types)


@pytest.mark.timeout(60)
def test_the_commands_work_one_after_another() -> None:
    output = run_all([line for block in PAGE.blocks("console") for line in block.lines])

    assert "adapter.toml is good." in output
    assert '"title": "Complete the application"' in output
    assert '"code": "SERVICE_UNAVAILABLE"' in output
