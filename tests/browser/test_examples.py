"""The playground's example operations fit the schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate
from graphql.execution.values import get_variable_values

from gateway.http import playground

EXAMPLES = sorted((Path(playground.__file__).parent / "src" / "examples").glob("*.graphql"))
SCHEMA = Path(__file__).parents[2] / "schema.graphql"


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """The schema that portals see, as printed at the top level."""
    return build_schema(SCHEMA.read_text(encoding="utf-8"), assume_valid_sdl=True)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_and_its_variables_fit_the_schema(path: Path, schema: GraphQLSchema) -> None:
    document = parse(path.read_text(encoding="utf-8"))
    variables = path.with_suffix(".variables.json")
    given = json.loads(variables.read_text(encoding="utf-8")) if variables.exists() else {}

    assert validate(schema, document) == []
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    problems = get_variable_values(schema, operation.variable_definitions or (), given)
    assert not isinstance(problems, list), problems


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 7
