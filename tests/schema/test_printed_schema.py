"""schema.graphql is the schema, and everything in it says what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphql import Node, Visitor, parse, visit

from gateway.schema.schema import build_schema, printed

UNDESCRIBED = {"", "_Any", "_Entity", "_Service", "_service", "_entities", "requiresGrant"}
"""What Apollo Federation gives every subgraph, in its own form; and what Strawberry prints no description of: the
schema as such, and a directive's arguments."""

PRINTED = Path(__file__).parents[2] / "schema.graphql"


def test_schema_graphql_is_what_the_code_says() -> None:
    assert PRINTED.read_text(encoding="utf-8") == printed(build_schema()), "schema.graphql is out of date: make schema"


def test_everything_in_the_schema_is_described() -> None:
    """Types, fields, arguments, input fields, enum values and directives."""
    undescribed = Undescribed()

    visit(parse(PRINTED.read_text(encoding="utf-8")), undescribed)

    assert [path for path in undescribed.paths if not UNDESCRIBED.intersection(path.split("."))] == []


class Undescribed(Visitor):
    """Collects the paths of what could have a description and has none."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: list[str] = []

    def enter(self, node: Node, _key: Any, _parent: Any, _path: Any, ancestors: list[Any]) -> None:
        """Looks at one node of the document."""
        if "description" in node.keys and getattr(node, "description", None) is None:
            named = [one for one in (*ancestors, node) if isinstance(one, Node) and hasattr(one, "name")]
            self.paths.append(".".join(one.name.value for one in named))
