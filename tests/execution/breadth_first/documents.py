"""Random documents over any schema: aliases, merged selections, fragments, type conditions, variables, directives."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInputType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    Visitor,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
    parse,
    validate,
    visit,
)

from gateway.policy.plan import CutField
from tests.authorization.choices import Choices

DEEPEST = 6
MOST_PARTS = 5
"""Selected in one place."""

FLAGS = ("yes", "no", "unset")
"""Variables for @skip and @include; the last has a default, and is given no value."""

INTROSPECTION = "__schema { queryType { name fields { name type { kind ofType { name } } } } } "


class _Naming(Enum):
    """How fields are called in the answer; what is named the same in one place must be the same, and is merged."""

    AT_WILL = auto()
    MERGED = auto()
    """By their own names, but those with arguments."""
    APART = auto()


@dataclass(frozen=True, slots=True)
class Asked:
    """A document, and the variables it is asked with."""

    text: str
    document: DocumentNode
    variables: dict[str, Any]


def asked(schema: GraphQLSchema, entropy: bytes, root: GraphQLObjectType | None = None) -> Asked:
    """A valid document with one operation. Where its aliases clash, the same one without an alias twice."""
    for naming in _Naming:
        text, variables = _Writer(schema, Choices(entropy), naming).written(root or schema.query_type)
        document = parse(text)
        problems = validate(schema, document)
        if not problems:
            cutter = _Cutter(Choices(entropy[::-1]))
            return Asked(text, visit(document, cutter) if len(entropy) % 3 == 0 else document, variables)
    raise AssertionError(text, problems)


class _Cutter(Visitor):
    """Cuts out a field now and then, as is done for a token that may not read it."""

    def __init__(self, choices: Choices) -> None:
        super().__init__()
        self._choices = choices

    def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
        if not self._choices.is_one_in(10):
            return None
        required = frozenset({frozenset({"a scope"})})
        return CutField(name=node.name, alias=node.alias, directives=node.directives, loc=node.loc, required=required)


@dataclass(slots=True)
class _Writer:
    schema: GraphQLSchema
    choices: Choices
    naming: _Naming
    fragments: dict[str, str] = field(default_factory=dict)
    variables: dict[str, tuple[str, Any]] = field(default_factory=dict)
    names: int = 0

    def written(self, root: GraphQLObjectType | None) -> tuple[str, dict[str, Any]]:
        assert root is not None
        body = self._selections(root, 0)
        if root is self.schema.query_type and self.choices.is_one_in(12):
            body = "{ " + INTROSPECTION + body[1:]
        kind = "query" if root is self.schema.query_type else "mutation"
        flags = {"yes": ("Boolean!", True), "no": ("Boolean!", False), "unset": ("Boolean = true", None)}
        used = {name: flags[name] for name in FLAGS if f"${name}" in body + "".join(self.fragments.values())}
        declared = {**used, **self.variables}
        head = ", ".join(f"${name}: {type_}" for name, (type_, _) in declared.items())
        given = {name: value for name, (_, value) in declared.items() if name != "unset"}
        operation = f"{kind} {f'({head})' if head else ''} {body}"
        return " ".join([operation, *self.fragments.values()]), given

    def _selections(self, type_: GraphQLNamedType, depth: int) -> str:
        parts = [self._part(type_, depth) for _ in range(1 + self.choices.number(MOST_PARTS))]
        return "{ " + " ".join(parts) + " }"

    def _part(self, type_: GraphQLNamedType, depth: int) -> str:
        kind = self.choices.one_of(("field",) * 8 + ("inline", "typed", "named"))
        if kind == "field" or depth >= DEEPEST:
            return self._field(type_, depth)
        if kind == "inline":
            return f"...{self._condition()} {self._selections(type_, depth + 1)}"
        narrower = self._narrower(type_)
        if kind == "typed":
            return f"... on {narrower}{self._condition()} {self._selections(narrower, depth + 1)}"
        known = [name for name, text in self.fragments.items() if text.startswith(f"fragment {name} on {narrower} ")]
        if known and self.choices.number(2):
            return f"...{self.choices.one_of(known)}{self._condition()}"
        self.names += 1
        name = f"F{self.names}"
        # It is there only once it is written: a fragment does not spread itself.
        text = f"fragment {name} on {narrower} {self._selections(narrower, depth + 1)}"
        self.fragments[name] = text
        return f"...{name}{self._condition()}"

    def _narrower(self, type_: GraphQLNamedType) -> GraphQLNamedType:
        if is_abstract_type(type_):
            narrower: list[GraphQLNamedType] = [type_, *self.schema.get_possible_types(type_)]
            return self.choices.one_of(narrower)
        assert isinstance(type_, GraphQLObjectType)
        same: list[GraphQLNamedType] = [type_, type_, *type_.interfaces]
        return self.choices.one_of(same)

    def _field(self, type_: GraphQLNamedType, depth: int) -> str:
        fields: dict[str, GraphQLField] = getattr(type_, "fields", {})
        possible = [
            (name, definition)
            for name, definition in fields.items()
            if depth < DEEPEST or not is_composite_type(get_named_type(definition.type))
        ]
        if not possible or self.choices.is_one_in(10):
            return self._named("__typename") + self._condition()
        name, definition = self.choices.one_of(possible)
        below = get_named_type(definition.type)
        body = self._selections(below, depth + 1) if is_composite_type(below) else ""
        named = self._named(name, has_arguments=bool(definition.args))
        return f"{named}{self._arguments(definition)}{self._condition()} {body}"

    def _named(self, name: str, *, has_arguments: bool = False) -> str:
        if self.naming is _Naming.AT_WILL:
            return self.choices.one_of((name, name, f"one: {name}", f"two: {name}"))
        if self.naming is _Naming.MERGED and not has_arguments:
            return name
        self.names += 1
        return f"a{self.names}: {name}"

    def _condition(self) -> str:
        if not self.choices.is_one_in(6):
            return ""
        flag = self.choices.one_of(("$yes", "$no", "$unset", "true", "false"))
        return f" @{self.choices.one_of(('include', 'skip'))}(if: {flag})"

    def _arguments(self, definition: GraphQLField) -> str:
        given = [
            f"{name}: {self._argument(argument)}"
            for name, argument in definition.args.items()
            if is_required_argument(argument) or self.choices.number(2)
        ]
        return f"({', '.join(given)})" if given else ""

    def _argument(self, argument: GraphQLArgument) -> str:
        if not self.choices.number(2):
            return self._literal(argument.type)
        self.names += 1
        name = f"v{self.names}"
        value = json.loads(self._literal(argument.type, as_json=True))
        self.variables[name] = (str(argument.type), value)
        return f"${name}"

    def _literal(self, type_: GraphQLInputType, *, as_json: bool = False) -> str:
        if is_non_null_type(type_):
            return self._some(type_.of_type, as_json=as_json)
        return "null" if self.choices.is_one_in(5) else self._some(type_, as_json=as_json)

    def _some(self, type_: Any, *, as_json: bool) -> str:
        if is_list_type(type_):
            items = [self._literal(type_.of_type, as_json=as_json) for _ in range(self.choices.number(3))]
            return f"[{', '.join(items)}]"
        if is_input_object_type(type_):
            quote = '"' if as_json else ""
            fields = [
                f"{quote}{name}{quote}: {self._literal(field.type, as_json=as_json)}"
                for name, field in type_.fields.items()
                if is_required_input_field(field) or self.choices.number(2)
            ]
            return f"{{{', '.join(fields)}}}"
        if is_enum_type(type_):
            name = self.choices.one_of(list(type_.values))
            return f'"{name}"' if as_json else name
        literals = {"Int": "7", "Float": "0.5", "Boolean": "true", "DateTime": '"2026-03-01T08:30:00Z"'}
        return literals.get(type_.name, f'"text {self.choices.number(3)}"')
