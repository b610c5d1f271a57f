"""The first gate, from the parsed document: what the token's scopes do not open is cut out before anything is run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    is_abstract_type,
    visit,
)

from gateway.errors import ForbiddenField
from gateway.policy.requirements import Alternatives, Requirements


@dataclass(frozen=True, kw_only=True, repr=False)
class CutField(FieldNode):
    """A field that may not be read, in the place where it stood: it is null, and has nothing below it."""

    required: Alternatives

    def error(self) -> ForbiddenField:
        """Why it is null."""
        return needs_scope(self.name.value, self.required)


def needs_scope(field: str, required: Alternatives) -> ForbiddenField:
    """The error of a field that `required` keeps from the token."""
    scopes = sorted(sorted(alternative) for alternative in required)
    said = " or ".join(" and ".join(f"`{scope}`" for scope in alternative) for alternative in scopes)
    return ForbiddenField(f"`{field}` needs an access token with the scope {said}.", {"scopes": scopes})


def authorized(
    document: DocumentNode, schema: GraphQLSchema, requirements: Requirements, held: frozenset[str]
) -> DocumentNode:
    """`document`, a valid one, as a token with the scopes `held` may run it; the same object where nothing is cut.

    A field selected on an interface is decided for each type that it can turn out to be.
    """
    type_info = TypeInfo(schema)
    cut: DocumentNode = visit(document, TypeInfoVisitor(type_info, _Cutter(schema, type_info, requirements, held)))
    return cut


class _Cutter(Visitor):
    def __init__(
        self, schema: GraphQLSchema, type_info: TypeInfo, requirements: Requirements, held: frozenset[str]
    ) -> None:
        super().__init__()
        self._schema = schema
        self._type_info = type_info
        self._requirements = requirements
        self._held = held

    def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | InlineFragmentNode | None:
        parent = self._type_info.get_parent_type()
        assert parent is not None, "the document was validated"
        if isinstance(parent, GraphQLObjectType):
            return self._decided(parent, node)
        assert is_abstract_type(parent), "only object, interface and union types have fields"
        possible = self._schema.get_possible_types(parent)
        if all(self._decided(type_, node) is None for type_ in possible):
            return None
        # Each of the fields is then looked at again, on its own type.
        return InlineFragmentNode(
            selection_set=SelectionSetNode(
                selections=tuple(
                    InlineFragmentNode(
                        type_condition=NamedTypeNode(name=NameNode(value=type_.name)),
                        selection_set=SelectionSetNode(selections=(node,)),
                    )
                    for type_ in possible
                )
            )
        )

    def _decided(self, type_: GraphQLObjectType, node: FieldNode) -> CutField | None:
        required = self._requirements.missing(type_.name, node.name.value, self._held)
        if required is None:
            return None
        return CutField(name=node.name, alias=node.alias, directives=node.directives, loc=node.loc, required=required)
