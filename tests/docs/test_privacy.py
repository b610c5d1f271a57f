"""docs/privacy.md names every collection, role and right that there is, and no test, period or right that is not."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.settings import PREFIX, Settings
from gateway.store.definitions import Definitions, load_definitions
from tests.docs.pages import TOP, Page, Section, page

PRIVACY = page("docs/privacy.md")

NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`")
NAMED = re.compile(r"`([^`]+)`")

GUARANTEES = ("A.", "B.", "C.", "D.")
PRINCIPLES = tuple(
    f"Art. {article}" for article in ("5(1)(a)", "5(1)(b)", "5(1)(c)", "5(1)(d)", "5(1)(e)", "5(1)(f)", "5(2)")
)
RIGHTS = tuple(f"Art. {article}" for article in ("12", "13 and 14", *map(str, range(15, 23))))
DUTIES = ("Art. 25", "Art. 30", "Art. 32", "Art. 33 and 34", "Art. 35")

RIGHT_OF = {"reads": "find", "adds": "insert", "changes": "update", "removes": "remove"}
"""Column → action of a role. To hear of changes (`changeStream`) is to read."""


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    """What `mongo-init/` says."""
    return load_definitions()


def those_in(file: Path) -> set[str]:
    """The tests in a file, by what stands behind the file's name to run one: `test_name`, or `TestClass::test_name`."""

    def of(body: list[ast.stmt], before: str) -> Iterator[str]:
        for part in body:
            match part:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name.startswith("test_"):
                    yield before + name
                case ast.ClassDef(name=name, body=inner) if name.startswith("Test"):
                    yield from of(inner, f"{before}{name}::")

    return set(of(ast.parse(file.read_text(encoding="utf-8")).body, ""))


def rows(part: Page) -> list[list[str]]:
    """The rows of the part's tables, without those of the columns' names and the lines below them."""
    lines = [line.strip("|").split(" | ") for line in part.text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line] for line in lines]
    return [
        row
        for number, row in enumerate(cells)
        if not row[0].startswith("---") and not cells[(number + 1) % len(cells)][0].startswith("---")
    ]


def test_every_test_that_the_page_names_exists() -> None:
    named = set(NAMED_TEST.findall(PRIVACY.text))

    assert len(named) > 50
    assert PRIVACY.text.count("`tests/") == len(NAMED_TEST.findall(PRIVACY.text))
    assert [
        f"{file}::{test}"
        for file, test in sorted(named)
        if not (TOP / file).exists() or test not in those_in(TOP / file)
    ] == []


def test_a_test_that_is_not_there_would_be_missed() -> None:
    here = those_in(Path(__file__))

    assert "test_a_test_that_is_not_there_would_be_missed" in here
    assert {"those_in", "test_that_is_not_there"} & here == set()
    operations = those_in(TOP / "tests" / "disclosure" / "test_operations.py")
    assert "TestOverview::test_every_case_that_an_overview_tells_of_is_recorded" in operations


def test_every_collection_is_told_of_and_no_other(definitions: Definitions) -> None:
    told = [NAMED.findall(row[0])[0] for row in rows(PRIVACY.section("### In the database"))]

    assert sorted(told) == sorted(path.stem for path in (TOP / "mongo-init" / "collections").glob("*.json"))
    assert sorted(told) == sorted(collection.collection for collection in definitions.collections)


def test_no_collection_takes_a_field_that_is_not_named(definitions: Definitions) -> None:
    schemas = {one.collection: one.validator["$jsonSchema"] for one in definitions.collections}

    assert {name for name, schema in schemas.items() if schema.get("additionalProperties") is not False} == set()
    assert set(schemas["disclosures"]["properties"]) & {"status", "title", "note"} == set()


def test_every_role_is_told_of_with_its_user_and_all_that_it_may(definitions: Definitions) -> None:
    told = {
        NAMED.findall(role)[0]: (NAMED.findall(whom), [set(NAMED.findall(cell)) for cell in may])
        for role, whom, *may in rows(PRIVACY.section("### Who can read it, change it and remove it"))
    }
    users = json.loads((TOP / "mongo-init" / "users.json").read_text(encoding="utf-8"))

    assert told == {
        role.role: (
            [user["user"] for user in users if user["role"] == role.role],
            [
                {collection for collection, actions in role.privileges.items() if action in actions}
                for action in RIGHT_OF.values()
            ],
        )
        for role in definitions.roles
    }
    assert {action for role in definitions.roles for actions in role.privileges.values() for action in actions} == {
        *RIGHT_OF.values(),
        "changeStream",
    }


def test_the_periods_are_the_defaults_of_the_settings() -> None:
    told = PRIVACY.section("### Periods").rows()

    assert {name for name in Settings.model_fields if "retention" in name} <= {
        name.removeprefix(PREFIX).lower() for name in told
    }
    for variable, (default, _) in told.items():
        assert float(default) == Settings.model_fields[variable.removeprefix(PREFIX).lower()].default, variable


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        (PRIVACY.section("## The European Essential Guarantees"), GUARANTEES),
        (PRIVACY.section("## The principles of the GDPR"), PRINCIPLES),
        (PRIVACY.section("## The rights of the data subject"), RIGHTS),
        (PRIVACY.section("## The duties of the controller"), DUTIES),
    ],
    ids=lambda value: value.heading if isinstance(value, Section) else "",
)
def test_each_guarantee_principle_right_and_duty_has_a_mechanism_and_a_test(
    part: Section, wanted: tuple[str, ...]
) -> None:
    table = rows(part)

    assert [row[0].startswith(f"{beginning} ") for row, beginning in zip(table, wanted, strict=True)] == [True] * len(
        wanted
    )
    for _, mechanism, shown_by in table:
        assert mechanism
        assert NAMED_TEST.search(shown_by)
