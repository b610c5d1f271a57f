"""Whether the schema of a status subgraph has what the producer contract asks for, said in plain words.

A producer may serve more than the contract, and promise more: where the contract lets a field be null, it may say that
it never is. It may not promise less, nor leave out a field, because the gateway's whole question would then be invalid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from graphql import (
    ConstDirectiveNode,
    DocumentNode,
    FieldDefinitionNode,
    GraphQLError,
    InputValueDefinitionNode,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    ScalarTypeDefinitionNode,
    StringValueNode,
    TypeDefinitionNode,
    TypeNode,
    parse,
    print_ast,
)

CONTRACT = Path(__file__).resolve().parents[2] / "subgraphs" / "contract.graphql"
"""The repository's folder, beside the package."""

STATUS_TYPES = ("Case", "CaseStatus", "Reference")
OVERVIEW_TYPES = ("CaseConnection", "CaseEdge", "PageInfo")
"""What `Query.cases` answers with; asked for only where it is offered."""

KEY = "reference"
MOST_TOKENS = 50_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """What of a schema does not fit the contract, a sentence each, and whether it offers `Query.cases`."""

    misfits: tuple[str, ...]
    offers_cases: bool


def compared(sdl: str) -> Comparison:
    """A producer's schema, compared with the contract."""
    try:
        served = _Schema.of(parse(sdl, max_tokens=MOST_TOKENS))
    except GraphQLError as exc:
        where = "".join(f", line {at.line} column {at.column}" for at in (exc.locations or [])[:1])
        return Comparison((f"Its schema is not GraphQL{where}: {exc.message}",), offers_cases=False)
    contract = _Schema.of(parse(CONTRACT.read_text(encoding="utf-8")))
    query = served.objects.get("Query", {})
    offers_cases = "cases" in query
    misfits = [*_type_misfits(STATUS_TYPES, contract, served), *_key_misfits(served)]
    if offers_cases:
        misfits += _field_misfits("Query", contract.objects["Query"]["cases"], query["cases"])
        misfits += _type_misfits(OVERVIEW_TYPES, contract, served)
    misfits += _scalar_misfits(contract, served)
    return Comparison(tuple(misfits), offers_cases)


@dataclass(frozen=True, slots=True)
class _Schema:
    """Of a schema: the fields of its object types, its scalars, what else has a name, and the keys of `Case`."""

    objects: Mapping[str, Mapping[str, FieldDefinitionNode]]
    scalars: frozenset[str]
    kinds: Mapping[str, str]
    keys: tuple[ConstDirectiveNode, ...]

    @classmethod
    def of(cls, document: DocumentNode) -> _Schema:
        objects: dict[str, dict[str, FieldDefinitionNode]] = {}
        kinds: dict[str, str] = {}
        keys: list[ConstDirectiveNode] = []
        for definition in document.definitions:
            if isinstance(definition, ObjectTypeDefinitionNode | ObjectTypeExtensionNode):
                fields = objects.setdefault(definition.name.value, {})
                fields.update({field.name.value: field for field in definition.fields or ()})
                if definition.name.value == "Case":
                    keys += [one for one in definition.directives or () if one.name.value in ("key", "federation__key")]
            elif isinstance(definition, TypeDefinitionNode):
                kinds[definition.name.value] = definition.kind.removesuffix("_type_definition").replace("_", " ")
        scalars = frozenset(one.name.value for one in document.definitions if isinstance(one, ScalarTypeDefinitionNode))
        return cls(objects, scalars, kinds, tuple(keys))


def _type_misfits(names: tuple[str, ...], contract: _Schema, served: _Schema) -> Iterator[str]:
    for name in names:
        if name in served.objects:
            for field, expected in contract.objects[name].items():
                found = served.objects[name].get(field)
                if found is None:
                    yield f"{name}.{field} is missing: it must be {_said(expected.type)}{_null_will_do(expected)}."
                else:
                    yield from _field_misfits(name, expected, found)
        elif name in served.kinds:
            yield f"{name} is of the kind {served.kinds[name]}: it must be an object type."
        else:
            yield f"The type {name} is missing: it must have the fields {', '.join(contract.objects[name])}."


def _null_will_do(field: FieldDefinitionNode) -> str:
    return "" if isinstance(field.type, NonNullTypeNode) else "; where you have nothing to say there, answer null"


def _field_misfits(type_: str, expected: FieldDefinitionNode, found: FieldDefinitionNode) -> Iterator[str]:
    name = f"{type_}.{expected.name.value}"
    if not _promises(found.type, expected.type):
        may_be = "" if isinstance(expected.type, NonNullTypeNode) else f", or {_said(expected.type)}!"
        yield f"{name} is {_said(found.type)}: it must be {_said(expected.type)}{may_be}."
    given = {one.name.value: one for one in expected.arguments or ()}
    taken = {one.name.value: one for one in found.arguments or ()}
    for argument, sent in given.items():
        if argument not in taken:
            yield f"{name} does not take the argument {argument}: it must, of the type {_said(sent.type)}."
        elif not _takes(taken[argument], sent):
            yield f"{name} takes {argument} as {_said(taken[argument].type)}: it must take {_said(sent.type)}."
    for argument, asked in taken.items():
        if argument not in given and _is_required(asked):
            yield f"{name} requires the argument {argument}, which the gateway does not send."


def _promises(found: TypeNode, expected: TypeNode) -> bool:
    """Whether whatever has the type `found` has the type `expected`, too."""
    if isinstance(expected, NonNullTypeNode):
        return isinstance(found, NonNullTypeNode) and _promises(found.type, expected.type)
    if isinstance(found, NonNullTypeNode):
        return _promises(found.type, expected)
    if isinstance(expected, ListTypeNode):
        return isinstance(found, ListTypeNode) and _promises(found.type, expected.type)
    return _name(found) == _name(expected)


def _takes(taken: InputValueDefinitionNode, sent: InputValueDefinitionNode) -> bool:
    """Whether whatever the gateway may send can be taken. What has a default in the contract can be left out there."""
    bare_taken = taken.type.type if isinstance(taken.type, NonNullTypeNode) else taken.type
    bare_sent = sent.type.type if isinstance(sent.type, NonNullTypeNode) else sent.type
    can_be_null = not isinstance(sent.type, NonNullTypeNode)
    return _name(bare_taken) == _name(bare_sent) and not (can_be_null and isinstance(taken.type, NonNullTypeNode))


def _is_required(argument: InputValueDefinitionNode) -> bool:
    return isinstance(argument.type, NonNullTypeNode) and argument.default_value is None


def _scalar_misfits(contract: _Schema, served: _Schema) -> Iterator[str]:
    for name in sorted(contract.scalars - served.scalars):
        found = f"of the kind {served.kinds[name]}" if name in served.kinds else "missing"
        yield f"The scalar {name} is {found}: it must be `scalar {name}`."


def _key_misfits(served: _Schema) -> Iterator[str]:
    if "Case" not in served.objects:
        return
    for key in served.keys:
        arguments = {one.name.value: one.value for one in key.arguments or ()}
        fields = arguments.get("fields")
        if isinstance(fields, StringValueNode) and fields.value.split() == [KEY]:
            resolvable = arguments.get("resolvable")
            if resolvable is not None and print_ast(resolvable) == "false":
                yield f'Case has @key(fields: "{KEY}", resolvable: false): the gateway asks for it by that key.'
            return
    found = " and ".join(print_ast(key) for key in served.keys)
    yield f'Case has {found or "no @key"}: it must have @key(fields: "{KEY}").'


def _said(type_: TypeNode) -> str:
    return print_ast(type_)


def _name(type_: TypeNode) -> str | None:
    return type_.name.value if isinstance(type_, NamedTypeNode) else None
