"""What each field of the schema requires, read from the directives in the schema's own SDL.

The SDL is what portals read and what schema.graphql prints; nothing is declared a second time. Directives are known by
the names that `@link` imports them under (federation's `import: [{name, as}]`), so a renamed one still counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Any

from graphql import (
    ConstDirectiveNode,
    DocumentNode,
    FieldDefinitionNode,
    InterfaceTypeDefinitionNode,
    InterfaceTypeExtensionNode,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    SchemaDefinitionNode,
    SchemaExtensionNode,
    TypeDefinitionNode,
    TypeExtensionNode,
    TypeNode,
    parse,
    value_from_ast_untyped,
)

from gateway.model.status import REFERENCE_FIELDS, STATUS_FIELDS

AUTHENTICATED, REQUIRES_SCOPES, REQUIRES_GRANT = "authenticated", "requiresScopes", "requiresGrant"

_MEANINGS = (AUTHENTICATED, REQUIRES_SCOPES, REQUIRES_GRANT, "key", "shareable", "deprecated")
"""Directives on types and fields that are enforced here, or guard nothing."""

INTROSPECTION_SCOPE = "introspection"
INTROSPECTION_FIELDS = ("__schema", "__type", "_service")
"""What tells of the schema itself. No directive can stand on them: GraphQL and federation define them."""

MACHINERY = ("_service", "_entities")
"""Federation's root fields: what they lead to is guarded by its own type."""

Alternatives = frozenset[frozenset[str]]
"""Sets of scopes, one of which a token must hold whole."""

_GUARDED_FIELDS = {
    **{("CaseStatus", name): name for name in STATUS_FIELDS},
    **{("Reference", name): f"references.{name}" for name in REFERENCE_FIELDS},
}
"""Where the schema has each of GRANTABLE_FIELDS."""

NONE_REQUIRED: Alternatives = frozenset([frozenset()])

_Fielded = ObjectTypeDefinitionNode | ObjectTypeExtensionNode | InterfaceTypeDefinitionNode | InterfaceTypeExtensionNode


class SchemaNotGuarded(Exception):
    """The schema's directives leave something open; the message says what. Nothing is served with such a schema."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """By type and field: the scopes that a token must hold, and the grant that a consumer must have."""

    scopes: Mapping[tuple[str, str], Alternatives]
    grants: Mapping[tuple[str, str], str]
    known_scopes: frozenset[str]

    def missing(self, type_name: str, field: str, held: frozenset[str]) -> Alternatives | None:
        """What a token with the scopes `held` lacks to read the field of the object type: the alternatives, or None.

        A type that requires scopes keeps even its `__typename` from a token without them.
        """
        required = self.scopes.get((type_name, field), self.scopes.get((type_name, ""), NONE_REQUIRED))
        return None if any(alternative <= held for alternative in required) else required

    def grant(self, type_name: str, field: str) -> str | None:
        """What a consumer must be granted to read the field (one of GRANTABLE_FIELDS); None: it needs no grant."""
        return self.grants.get((type_name, field))


def read_requirements(sdl: str, *, guard_introspection: bool) -> Requirements:
    """What the directives in `sdl` require; with `guard_introspection`, introspection requires a scope, too.

    Raises SchemaNotGuarded when a root field has no directive, or a field of the status no grant.
    """
    document = parse(sdl)
    names = _directive_names(document)
    types = _Types(document, names)
    scopes = dict(types.scopes())
    if guard_introspection:
        guarded = frozenset([frozenset([INTROSPECTION_SCOPE])])
        scopes.update({("Query", field): guarded for field in INTROSPECTION_FIELDS})
    grants = dict(types.grants())
    types.check_roots()
    if grants != _GUARDED_FIELDS:
        wrong = sorted({f"{type_}.{field}" for type_, field in grants.keys() ^ _GUARDED_FIELDS.keys()})
        raise SchemaNotGuarded(
            f"@{REQUIRES_GRANT} must name each grantable field where it is; see {', '.join(wrong) or 'what it names'}."
        )
    return Requirements(
        scopes=MappingProxyType(scopes),
        grants=MappingProxyType(grants),
        known_scopes=frozenset(
            scope for alternatives in scopes.values() for alternative in alternatives for scope in alternative
        ),
    )


class _Types:
    """The object and interface types of an SDL document."""

    def __init__(self, document: DocumentNode, names: Mapping[str, str]) -> None:
        self._names = names
        self._parts: dict[str, list[_Fielded]] = {}
        for definition in document.definitions:
            if isinstance(definition, _Fielded):
                self._parts.setdefault(definition.name.value, []).append(definition)
                self._check_known(definition.name.value, definition.directives)
                for field in definition.fields or ():
                    self._check_known(f"{definition.name.value}.{field.name.value}", field.directives)
            elif isinstance(definition, TypeDefinitionNode | TypeExtensionNode):
                for directive in self._applied(definition.directives, AUTHENTICATED, REQUIRES_SCOPES):
                    raise SchemaNotGuarded(
                        f"@{directive.name.value} on {definition.name.value} is not enforced: put it on the fields."
                    )

    def scopes(self) -> Iterator[tuple[tuple[str, str], Alternatives]]:
        """What each field requires: itself, its type, the type it leads to, and the same field of its interfaces.

        The field "" stands for what the type as such requires.
        """
        for type_name in self._parts:
            of_type = self._of_type(type_name)
            if of_type != NONE_REQUIRED:
                yield (type_name, ""), of_type
            for field in self._fields(type_name):
                name = field.name.value
                required = _both(of_type, self._required(field.directives), self._of_type(_named(field.type)))
                for interface in self._interfaces(type_name):
                    for same in self._fields(interface):
                        if same.name.value == name:
                            required = _both(required, self._required(same.directives))
                if required != NONE_REQUIRED:
                    yield (type_name, name), required

    def grants(self) -> Iterator[tuple[tuple[str, str], str]]:
        """Which grant each field requires that requires one."""
        for type_name in self._parts:
            for field in self._fields(type_name):
                for directive in self._applied(field.directives, REQUIRES_GRANT):
                    yield (type_name, field.name.value), str(_arguments(directive)["field"])

    def check_roots(self) -> None:
        """Raises SchemaNotGuarded for a root field that says nothing of who may use it."""
        for type_name in ("Query", "Mutation"):
            for field in self._fields(type_name):
                said = [*self._applied(field.directives, AUTHENTICATED, REQUIRES_SCOPES)]
                if not said and field.name.value not in MACHINERY:
                    raise SchemaNotGuarded(
                        f"{type_name}.{field.name.value} needs @{AUTHENTICATED} or @{REQUIRES_SCOPES}."
                    )

    def _check_known(self, place: str, directives: Iterable[ConstDirectiveNode] | None) -> None:
        """Raises SchemaNotGuarded for a directive whose meaning is not known: it may be meant to guard something."""
        for directive in directives or ():
            if self._meaning(directive) not in _MEANINGS:
                raise SchemaNotGuarded(f"@{directive.name.value} on {place} is not known here, so it guards nothing.")

    def _of_type(self, type_name: str) -> Alternatives:
        own = [self._required(part.directives) for part in self._parts.get(type_name, ())]
        return _both(*own, *map(self._of_type, self._interfaces(type_name)))

    def _fields(self, type_name: str) -> Iterator[FieldDefinitionNode]:
        for part in self._parts.get(type_name, ()):
            yield from part.fields or ()

    def _interfaces(self, type_name: str) -> Iterator[str]:
        for part in self._parts.get(type_name, ()):
            for interface in part.interfaces or ():
                yield interface.name.value

    def _required(self, directives: Iterable[ConstDirectiveNode] | None) -> Alternatives:
        return _both(*map(_scopes, self._applied(directives, REQUIRES_SCOPES)))

    def _applied(self, directives: Iterable[ConstDirectiveNode] | None, *wanted: str) -> Iterator[ConstDirectiveNode]:
        for directive in directives or ():
            if self._meaning(directive) in wanted:
                yield directive

    def _meaning(self, directive: ConstDirectiveNode) -> str:
        name = directive.name.value
        return self._names.get(name, name.removeprefix("federation__"))


def _scopes(directive: ConstDirectiveNode) -> Alternatives:
    listed = _arguments(directive)["scopes"]
    if not listed or not all(listed):
        raise SchemaNotGuarded(f"@{directive.name.value} must name scopes.")
    return frozenset(frozenset(map(str, scopes)) for scopes in listed)


def _directive_names(document: DocumentNode) -> dict[str, str]:
    """What a directive that is imported under another name is really called."""
    names = {}
    for definition in document.definitions:
        if isinstance(definition, SchemaDefinitionNode | SchemaExtensionNode):
            for directive in definition.directives or ():
                for imported in _arguments(directive).get("import", ()):
                    if isinstance(imported, dict) and "as" in imported:
                        names[imported["as"].removeprefix("@")] = imported["name"].removeprefix("@")
    return names


def _arguments(directive: ConstDirectiveNode) -> dict[str, Any]:
    return {argument.name.value: value_from_ast_untyped(argument.value) for argument in directive.arguments or ()}


def _named(type_: TypeNode) -> str:
    while isinstance(type_, ListTypeNode | NonNullTypeNode):
        type_ = type_.type
    assert isinstance(type_, NamedTypeNode)
    return type_.name.value


def _both(*required: Alternatives) -> Alternatives:
    """What meets each of `required`."""
    return frozenset(frozenset[str]().union(*combination) for combination in product(*required))
