"""Random documents over the whole schema, most of which lead to statuses, by as many ways as GraphQL has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)
from hypothesis import strategies as st

from tests.authorization.choices import Choices

DEEPEST = 11
"""Levels of fields; the limit is 12."""

TOWARDS_STATUSES = frozenset({"caseGroups", "caseGroup", "node", "_entities", "cases", "edges", "status"})
"""Fields that are chosen more often than others."""

NOT_CHOSEN = frozenset({"disclosures"})
"""Fields that are not chosen: what the record holds depends on all that was asked before. It has tests/own_record."""

MOST_FIELDS = {"CaseStatus": 8, "Reference": 4}
"""How many things are selected in one place at most, by type; 3 of others."""

ALIASES = ("title", "code", "description", "url", "status", "a")
"""Names that fields are given: those of other fields above all."""

ROOTS = {
    "__schema": "{ queryType { name fields { name } } }",
    "__type": '(name: "CaseStatus") { name fields { name } }',
    "_service": "{ sdl }",
}
"""What tells of the schema, with what is asked of it."""

FLAGS = ("yes", "no")
CONDITIONS = (
    ("include", "yes"),
    ("include", "true"),
    ("skip", "no"),
    ("skip", "false"),
    ("include", "no"),
    ("skip", "yes"),
)
KINDS = ("field",) * 7 + ("inline", "typed", "named", "defer")

MOST_CHOICES = 250
"""A document is made of no more; what is not chosen is the simplest."""


@dataclass(frozen=True)
class Operation:
    """A document and the values of its variables."""

    text: str
    variables: dict[str, Any]


@dataclass
class _Written:
    """What of the document is written so far."""

    shapes: dict[tuple[str, ...], str] = field(default_factory=dict)
    """What is selected, by path of response keys: two fields under one key must be the same."""
    fragments: list[str] = field(default_factory=list)
    variables: dict[str, tuple[str, Any]] = field(default_factory=dict)
    """Type and value of each variable used."""
    unique: int = 0

    def number(self) -> int:
        """A number that was not given before."""
        self.unique += 1
        return self.unique


class Generator:
    """Writes documents for one schema; `values` has what arguments are given, by name."""

    def __init__(self, schema: GraphQLSchema, values: Mapping[str, Sequence[Any]]) -> None:
        self._schema = schema
        self._values = values

    def operations(self) -> st.SearchStrategy[Operation]:
        """Random queries."""
        return st.binary(min_size=100, max_size=MOST_CHOICES).map(self._operation)

    def _operation(self, entropy: bytes) -> Operation:
        choices, written = Choices(entropy), _Written()
        root = self._schema.query_type
        assert root is not None
        selected = self._selection(choices, written, root, (), DEEPEST)
        declared = ", ".join(f"${name}: {type_}" for name, (type_, _) in written.variables.items())
        head = f"query Random({declared})" if declared else "query Random"
        return Operation(
            "\n".join([f"{head} {selected}", *written.fragments]),
            {name: value for name, (_, value) in written.variables.items()},
        )

    def _selection(
        self, choices: Choices, written: _Written, type_: GraphQLNamedType, path: tuple[str, ...], levels: int
    ) -> str:
        most = MOST_FIELDS.get(type_.name, 3)
        parts = [self._part(choices, written, type_, path, levels) for _ in range(choices.number(most) + 1)]
        return "{ " + " ".join(parts) + " }"

    def _part(
        self, choices: Choices, written: _Written, type_: GraphQLNamedType, path: tuple[str, ...], levels: int
    ) -> str:
        kind = choices.one_of(KINDS)
        if kind == "field" and (
            isinstance(type_, GraphQLUnionType) or (is_abstract_type(type_) and not choices.is_one_in(4))
        ):
            kind = "typed"
        if kind == "field":
            return self._field(choices, written, type_, path, levels)
        narrowed = choices.one_of(self._conditions(type_)) if kind in {"typed", "named"} else type_
        body = self._selection(choices, written, narrowed, path, levels)
        when = self._condition(choices, written)
        if kind == "named":
            name = f"F{written.number()}"
            written.fragments.append(f"fragment {name} on {narrowed.name} {body}")
            # The same fragment twice in one place is the same as once.
            return f"...{name}{when}" + choices.one_of(["", f" ...{name}"])
        if kind == "defer":
            return f"...{when} @defer {body}"
        return f"... on {narrowed.name}{when} {body}" if kind == "typed" else f"...{when} {body}"

    def _field(
        self, choices: Choices, written: _Written, type_: GraphQLNamedType, path: tuple[str, ...], levels: int
    ) -> str:
        fields: Mapping[str, GraphQLField] = getattr(type_, "fields", {})
        names = []
        for name, of_field in fields.items():
            if name in NOT_CHOSEN:
                continue
            if levels > 1 or not is_composite_type(get_named_type(of_field.type)):
                names.append(name)
        if type_ is self._schema.query_type:
            names = ["__typename", *names, "__schema", "__type"]
        names.append("__typename")
        towards = [name for name in names if name in TOWARDS_STATUSES]
        name = choices.one_of(towards if towards and choices.number(8) else names)
        alias = choices.one_of(ALIASES) if choices.is_one_in(5) else None
        when = self._condition(choices, written)
        if name in ROOTS:
            key = self._key(written, path, alias or name, f"{name} {ROOTS[name]}")
            return f"{key}: {name}{_before(ROOTS[name], when)}"
        if name == "__typename":
            return f"{self._key(written, path, alias or name, name)}: {name}{when}"
        definition = fields[name]
        arguments = self._arguments(choices, written, definition)
        shape = f"{name}{arguments} {definition.type}"
        streamed = " @stream" if _is_list(definition.type) and choices.is_one_in(10) else ""
        # A list may be streamed in one place of the document alone, so its key is like no other.
        key = f"u{written.number()}" if streamed else self._key(written, path, alias or name, shape)
        below = get_named_type(definition.type)
        selected = (
            self._selection(choices, written, below, (*path, key), levels - 1) if is_composite_type(below) else ""
        )
        return f"{key}: {name}{arguments}{when}{streamed} {selected}"

    @staticmethod
    def _key(written: _Written, path: tuple[str, ...], wanted: str, shape: str) -> str:
        """`wanted`, or a key of its own where something else stands there."""
        if written.shapes.setdefault((*path, wanted), shape) == shape:
            return wanted
        key = f"u{written.number()}"
        written.shapes[*path, key] = shape
        return key

    def _conditions(self, type_: GraphQLNamedType) -> list[GraphQLNamedType]:
        """The types that a fragment within `type_` can be on."""
        if is_abstract_type(type_):
            return [*self._schema.get_possible_types(type_), type_]
        assert isinstance(type_, GraphQLObjectType)
        unions = [
            one
            for one in self._schema.type_map.values()
            if isinstance(one, GraphQLUnionType) and type_ in one.types and one.name != "_Entity"
        ]
        return [type_, *type_.interfaces, *unions]

    def _arguments(self, choices: Choices, written: _Written, definition: GraphQLField) -> str:
        given = []
        for name, argument in definition.args.items():
            if name in {"last", "before", "after"} or not (
                isinstance(argument.type, GraphQLNonNull) or choices.is_one_in(4)
            ):
                continue
            value = choices.one_of(self._values[name])
            if choices.is_one_in(2):
                variable = f"v{written.number()}"
                written.variables[variable] = (str(argument.type), value)
                given.append(f"{name}: ${variable}")
            else:
                given.append(f"{name}: {_literal(value)}")
        return f"({', '.join(given)})" if given else ""

    @staticmethod
    def _condition(choices: Choices, written: _Written) -> str:
        """Mostly nothing; or @include or @skip, by a variable or a literal."""
        if not choices.is_one_in(8):
            return ""
        directive, flag = choices.one_of(CONDITIONS)
        if flag in FLAGS:
            written.variables[flag] = ("Boolean!", flag == "yes")
            flag = f"${flag}"
        return f" @{directive}(if: {flag})"


class Enum(str):
    """The name of an enum's value, which GraphQL writes without quotation marks."""

    __slots__ = ()


def _literal(value: Any) -> str:
    if isinstance(value, Enum):
        return value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_literal(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return json.dumps(value)


def _before(rest: str, when: str) -> str:
    """A directive in its place: after the arguments, before the selection."""
    arguments, brace, selection = rest.partition("{")
    return f"{arguments}{when} {brace}{selection}"


def _is_list(type_: Any) -> bool:
    return isinstance(type_.of_type if isinstance(type_, GraphQLNonNull) else type_, GraphQLList)
