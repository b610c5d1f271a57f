"""What a token's scopes do not open is cut out of the document, wherever it hides."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    NameNode,
    Node,
    Visitor,
    build_schema,
    parse,
    print_ast,
    validate,
    visit,
)
from graphql.execution import experimental_execute_incrementally

from gateway.errors import ForbiddenField
from gateway.execution.executor import GuardedExecutor
from gateway.policy.plan import CutField, authorized
from gateway.policy.requirements import read_requirements
from tests.policy.sdl import guarded

SDL = guarded(
    """
    interface Node { id: ID }
    union Anything = Open | Secret
    type Open implements Node { id: ID name: String other: Secret next: Open }
    type Secret implements Node @requiresScopes(scopes: [["secrets"]]) { id: ID name: String }
    type Query {
      open: Open @authenticated
      node: Node @authenticated
      any: [Anything!] @authenticated
      hidden: String @requiresScopes(scopes: [["a", "b"], ["c"]])
      must: String! @requiresScopes(scopes: [["must"]])
    }
    type Mutation {
      free: String @authenticated
      bound: String @requiresScopes(scopes: [["change"]])
    }
    """
)
SCHEMA = build_schema(SDL)
REQUIREMENTS = read_requirements(SDL, guard_introspection=True)

SECRET = {"__typename": "Secret", "id": "S", "name": "hush"}
OPEN = {"__typename": "Open", "id": "O", "name": "hello", "other": SECRET}
ROOT = {"open": {**OPEN, "next": OPEN}, "node": SECRET, "any": [OPEN, SECRET], "hidden": "hush", "must": "hush"}


def cut(query: str, *held: str) -> str:
    """The document as a token with the scopes `held` runs it; a cut field is shown in capitals."""
    document = parse(query)
    assert not validate(SCHEMA, document)
    return print_ast(visit(authorized(document, SCHEMA, REQUIREMENTS, frozenset(held)), _Shown()))


class _Shown(Visitor):
    def enter(self, node: Node, *_: Any) -> FieldNode | None:
        if not isinstance(node, CutField):
            return None
        assert node.selection_set is None
        return FieldNode(name=NameNode(value=node.name.value.upper()), alias=node.alias, directives=node.directives)


def executed(document: DocumentNode, root: Any = ROOT, variables: dict[str, Any] | None = None) -> ExecutionResult:
    """What the gateway's executor makes of it."""
    result = experimental_execute_incrementally(
        SCHEMA, document, root, variable_values=variables, executor_class=GuardedExecutor, is_let_in=lambda: True
    )
    assert isinstance(result, ExecutionResult)
    return result


def answer(query: str, *held: str, root: Any = ROOT, **variables: Any) -> tuple[Any, list[tuple[Any, Any]]]:
    """What comes of it: the data, and path and requirement of each error."""
    document = authorized(parse(query), SCHEMA, REQUIREMENTS, frozenset(held))
    result = executed(document, root, variables)
    errors = [(error.path, error.original_error) for error in result.errors or []]
    return result.data, [
        (path, original.requires["scopes"]) for path, original in errors if isinstance(original, ForbiddenField)
    ]


@pytest.mark.parametrize("held", [("a", "b", "must", "secrets"), ("c", "must", "secrets")])
def test_a_document_that_may_be_run_whole_is_left_as_it_is(held: tuple[str, ...]) -> None:
    document = parse("{ hidden must node { id } open { other { name } } }")

    assert authorized(document, SCHEMA, REQUIREMENTS, frozenset(held)) is document


def test_a_forbidden_field_is_cut_with_all_that_is_below_it() -> None:
    assert cut("{ open { name other { id name } } hidden }") == "{\n  open {\n    name\n    OTHER\n  }\n  HIDDEN\n}"


def test_a_cut_field_keeps_its_alias_and_its_conditions() -> None:
    query = "query ($show: Boolean!) { name: hidden @include(if: $show) open { name } }"

    assert "name: HIDDEN @include(if: $show)" in cut(query)
    assert answer(query, show=True) == ({"name": None, "open": {"name": "hello"}}, [(["name"], [["a", "b"], ["c"]])])
    assert answer(query, show=False) == ({"open": {"name": "hello"}}, [])


@pytest.mark.parametrize(
    "query",
    [
        "{ open { other { name } } }",
        "{ open { name: other { name } } }",
        "{ ...on Query { open { ... { ... on Open { other { name } } } } } }",
        "{ open { ...A } } fragment A on Open { ...B } fragment B on Open { other { name } }",
        "{ open { id ...B } } fragment B on Open { other { ...C } } fragment C on Secret { id }",
        "{ open { ...A } } fragment A on Node { ... on Open { other { name } } }",
        "{ open { ... @include(if: true) { other @skip(if: false) { name } } } }",
        "{ open { ... @defer { other { name } } } }",
        "{ node { ... on Secret { name } } }",
        "{ node { ... on Secret { open: name __typename } } }",
        "{ node { __typename } }",
        "{ node { id } }",
        "{ any { ... on Secret { name } } }",
        "{ any { ... on Node { id } } }",
        "{ any { __typename } }",
    ],
)
def test_there_is_no_way_round(query: str) -> None:
    assert not validate(SCHEMA, parse(query))
    whole = GuardedExecutor.build(SCHEMA, parse(query.replace("@defer", "")), ROOT, is_let_in=lambda: True)
    assert not isinstance(whole, list)
    assert "S" in str(whole.execute_operation()) or "hush" in str(whole.execute_operation())

    data, errors = answer(query.replace("@defer", ""))

    assert "hush" not in str(data)
    assert "'S'" not in str(data)
    assert "Secret" not in str(data)
    assert errors
    assert all(requires == [["secrets"]] for _, requires in errors)


def test_a_field_on_an_interface_is_decided_for_each_type_it_can_turn_out_to_be() -> None:
    query = "{ any { ... on Node { id } } }"

    data, errors = answer(query)

    assert data == {"any": [{"id": "O"}, {"id": None}]}
    assert errors == [(["any", 1, "id"], [["secrets"]])]
    assert answer(query, "secrets") == ({"any": [{"id": "O"}, {"id": "S"}]}, [])


def test_the_order_of_fields_stays() -> None:
    data, _ = answer("{ node { ... on Open { name } id ... on Open { other { id } } } }", root={"node": OPEN})

    assert list(data["node"]) == ["name", "id", "other"]


def test_a_cut_field_that_cannot_be_null_takes_its_parent_with_it() -> None:
    assert answer("{ must open { name } }") == (None, [(["must"], [["must"]])])


def test_an_operation_is_decided_by_itself_and_so_is_introspection() -> None:
    assert cut('{ __schema { queryType { name } } __type(name: "Open") { name } }') == "{\n  __SCHEMA\n  __TYPE\n}"
    assert "__schema {" in cut("{ __schema { queryType { name } } }", "introspection")


def test_of_several_mutations_none_is_made_where_one_is_forbidden() -> None:
    made: list[str] = []
    root = {"free": lambda _info: made.append("free"), "bound": lambda _info: made.append("bound")}

    data, errors = answer("mutation { first: free bound last: free }", root=root)

    assert made == []
    assert data == {"first": None, "bound": None, "last": None}
    assert errors == [(["bound"], [["change"]])]
    answer("mutation { free bound }", "change", root=root)
    assert made == ["free", "bound"]


def test_the_error_says_what_is_required() -> None:
    document = authorized(parse("{ hidden }"), SCHEMA, REQUIREMENTS, frozenset(["a"]))
    (error,) = executed(document).errors or []

    assert error.message == "`hidden` needs an access token with the scope `a` and `b` or `c`."
    assert error.locations == [(1, 3)]
    assert isinstance(error.original_error, ForbiddenField)
    assert error.original_error.extensions == {
        "code": "FORBIDDEN_FIELD",
        "requires": {"scopes": [["a", "b"], ["c"]]},
    }
