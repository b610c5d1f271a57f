"""What an answer must be: the answer of a consumer that may read everything, cut by hand.

Walks the document beside that answer. Knows from its own tables what scopes open and from `World` what is granted;
the gateway's policy and executor are not used.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import ANY

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    get_named_type,
    value_from_ast_untyped,
    visit,
)

from tests.authorization.world import REFERENCE_FIELDS, STATUS_FIELDS, Circumstances, World

TYPE, CASE, PRODUCER, CODE = "T_", "I_", "P_", "C_"
"""The keys under which every object tells its type, every case and producer its id, and every case type its code."""

KEYS = {"Case": (CASE, "id"), "Producer": (PRODUCER, "id"), "CaseType": (CODE, "code")}

MESSAGE = "Den här tjänsten får inte läsa ärendets status."
REQUEST_ID = "the-same-for-both"

NEEDS_READ = frozenset({"CaseGroup", "Case", "CaseGroupOffer"})
NEEDED = {
    ("Query", "caseGroups"): "case-groups:read",
    ("Query", "availableCases"): "case-groups:read",
    ("Subject", "identifier"): "subject:read",
}

OWN = frozenset([("Viewer", "grants"), ("Query", "availableCases")])
"""What is another for every consumer, and holds nothing of anybody's cases: in this world, no producer lists any."""

Place = tuple[str, ...]
"""A path in the answer, list indices left out."""


class _NullsItsParent(Exception):
    """A field that may not be null was cut."""


def annotated(document: DocumentNode, schema: GraphQLSchema) -> DocumentNode:
    """The document, asking each object for its type, too, and some for what they are known by."""
    type_info = TypeInfo(schema)

    class Annotate(Visitor):
        def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode:
            type_ = type_info.get_parent_type()
            added = [_aliased(TYPE, "__typename")]
            if type_ is not None and type_.name in KEYS:
                added.append(_aliased(*KEYS[type_.name]))
            if type_ is not None and type_.name.startswith("__"):
                added = []
            return SelectionSetNode(selections=(*added, *node.selections))

    changed: DocumentNode = visit(document, TypeInfoVisitor(type_info, Annotate()))
    return changed


def _aliased(alias: str, name: str) -> FieldNode:
    return FieldNode(alias=NameNode(value=alias), name=NameNode(value=name))


@dataclass
class Expected:
    """One answer as it must be, and what producers must have been asked for it."""

    schema: GraphQLSchema
    document: DocumentNode
    variables: Mapping[str, Any]
    world: World
    circumstances: Circumstances
    forbidden: set[Place] = field(default_factory=set)
    """Where FORBIDDEN_FIELD stands."""
    asked: set[tuple[str, str, frozenset[str]]] = field(default_factory=set)
    """Producer, reference and fields."""

    def __post_init__(self) -> None:
        self._producer = ""  # whose case types the walk is at
        self._fragments = {
            one.name.value: one for one in self.document.definitions if isinstance(one, FragmentDefinitionNode)
        }

    def data(self, full: dict[str, Any]) -> dict[str, Any] | None:
        """The data that must come, from that of a consumer that may read everything."""
        (operation,) = (one for one in self.document.definitions if isinstance(one, OperationDefinitionNode))
        root = self.schema.query_type
        assert root is not None
        try:
            return self._object(root, [operation.selection_set], full, ())
        except _NullsItsParent:
            return None

    def _object(
        self, type_: GraphQLObjectType, selected: list[SelectionSetNode], full: dict[str, Any], path: Place
    ) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        nulls_it = False
        # Where only what every node has is selected, neither is told, and nothing below needs it.
        if CASE in full:
            self._producer = self.world.cases[full[CASE]][1]
        elif PRODUCER in full:
            self._producer = _decoded(full[PRODUCER]).partition(":")[2]
        for key, nodes in self._collected(type_, selected).items():
            try:
                answer[key] = self._field(type_, nodes, full, key, (*path, key))
            except _NullsItsParent:
                nulls_it = True
        if nulls_it:
            raise _NullsItsParent
        return answer

    def _field(
        self, type_: GraphQLObjectType, nodes: list[FieldNode], full: dict[str, Any], key: str, path: Place
    ) -> Any:
        name = nodes[0].name.value
        if self._is_cut(type_, nodes[0]):
            self.forbidden.add(path)
            definition = self.schema.get_field(type_, name)
            if definition is not None and isinstance(definition.type, GraphQLNonNull):
                raise _NullsItsParent
            return None
        value = full[key]
        if (type_.name, name) in OWN:
            return value and ANY
        if (type_.name, name) == ("CaseType", "open"):
            value = self.circumstances.is_open(self._producer, full[CODE])
        if value is None or name.startswith("__") or name == "_service":
            return value
        if (type_.name, name) == ("Case", "status"):
            return self._status(nodes, value, full[CASE], path)
        below = get_named_type(type_.fields[name].type)
        if not isinstance(below, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType):
            return value
        one = self._entity if name == "_entities" else self._actual
        return [one(nodes, item, path) for item in value] if isinstance(value, list) else one(nodes, value, path)

    def _actual(self, nodes: list[FieldNode], value: dict[str, Any], path: Place) -> dict[str, Any]:
        return self._object(self._type(value[TYPE]), _below(nodes), value, path)

    def _entity(self, nodes: list[FieldNode], value: dict[str, Any] | None, path: Place) -> dict[str, Any] | None:
        if "case-groups:read" not in self.circumstances.scopes:
            self.forbidden.add(path)
            return None
        return None if value is None else self._actual(nodes, value, path)

    def _is_cut(self, type_: GraphQLObjectType, node: FieldNode) -> bool:
        scopes = self.circumstances.scopes
        name = node.name.value
        if (type_.name, name) == ("Query", "node") and "case-groups:read" not in scopes:
            (argument,) = node.arguments or ()
            id_: str = value_from_ast_untyped(argument.value, dict(self.variables))
            return _decoded(id_).partition(":")[0] in NEEDS_READ
        definition = self.schema.get_field(type_, name)
        assert definition is not None
        leads_to = get_named_type(definition.type).name
        needed = "case-groups:read" if leads_to in NEEDS_READ else NEEDED.get((type_.name, name))
        return needed is not None and needed not in scopes

    def _status(self, nodes: list[FieldNode], full: dict[str, Any], case_id: str, path: Place) -> dict[str, Any]:
        plan, producer, case_type, reference = self.world.cases[case_id]
        readable = self.circumstances.readable(plan, producer, case_type)
        of_status = self._collected(self._type("CaseStatus"), _below(nodes))
        fields = {one.name.value for nodes in of_status.values() for one in nodes} & set(STATUS_FIELDS)
        references = [one for nodes in of_status.values() for one in nodes if one.name.value == "references"]
        of_references = {
            f"references.{one.name.value}"
            for nodes in self._collected(self._type("Reference"), _below(references)).values()
            for one in nodes
        } & set(REFERENCE_FIELDS)
        asked = fields & readable | of_references & readable
        # References of which no field is selected are counted, which any field of them gives the right to.
        counted = bool(references) and not of_references
        may_count = counted and bool(readable & set(REFERENCE_FIELDS))
        selected = fields or references
        if not readable or (selected and not asked and not may_count):
            return self._refused(nodes)
        self.asked.add((producer, reference, frozenset(asked | ({"references"} if may_count else set()))))
        if full[TYPE] != "CaseStatus":
            return full
        cut = (fields | of_references) - readable
        if (references and not may_count) and not of_references & readable:
            cut.add("references")
        return self._cut(of_status, full, cut, path)

    def _cut(
        self, of_status: dict[str, list[FieldNode]], full: dict[str, Any], cut: set[str], path: Place
    ) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for key, nodes in of_status.items():
            name = nodes[0].name.value
            if name in cut:
                self.forbidden.add((*path, key))
                answer[key] = None
            elif name == "references" and full[key] is not None:
                answer[key] = [self._reference(nodes, one, cut, (*path, key)) for one in full[key]]
            else:
                answer[key] = ANY if name == "fetchedAt" else full[key]
        return answer

    def _reference(self, nodes: list[FieldNode], full: dict[str, Any], cut: set[str], path: Place) -> dict[str, Any]:
        answer = {}
        for key, one in self._collected(self._type("Reference"), _below(nodes)).items():
            is_cut = f"references.{one[0].name.value}" in cut
            if is_cut:
                self.forbidden.add((*path, key))
            answer[key] = None if is_cut else full[key]
        return answer

    def _refused(self, nodes: list[FieldNode]) -> dict[str, Any]:
        said = {
            "__typename": "StatusUnavailable",
            "reason": "NOT_PERMITTED",
            "message": MESSAGE,
            "retryAfterSeconds": None,
            "requestId": REQUEST_ID,
        }
        collected = self._collected(self._type("StatusUnavailable"), _below(nodes))
        return {key: said[one[0].name.value] for key, one in collected.items()}

    def _type(self, name: str) -> GraphQLObjectType:
        type_ = self.schema.get_type(name)
        assert isinstance(type_, GraphQLObjectType)
        return type_

    def _collected(self, type_: GraphQLObjectType, selected: Iterable[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """The fields that are selected of an object of `type_`, by response key."""
        found: dict[str, list[FieldNode]] = {}
        for selection in (one for selection_set in selected for one in selection_set.selections):
            if not self._is_included(selection.directives or ()):
                continue
            if isinstance(selection, FieldNode):
                key = selection.alias.value if selection.alias else selection.name.value
                found.setdefault(key, []).append(selection)
                continue
            fragment = self._fragments[selection.name.value] if isinstance(selection, FragmentSpreadNode) else selection
            assert isinstance(fragment, FragmentDefinitionNode | InlineFragmentNode)
            if fragment.type_condition is None or self._is_a(type_, fragment.type_condition.name.value):
                for key, nodes in self._collected(type_, [fragment.selection_set]).items():
                    found.setdefault(key, []).extend(nodes)
        return found

    def _is_a(self, type_: GraphQLObjectType, name: str) -> bool:
        wanted = self.schema.get_type(name)
        if isinstance(wanted, GraphQLInterfaceType | GraphQLUnionType):
            return type_ in self.schema.get_possible_types(wanted)
        return type_ is wanted

    def _is_included(self, directives: Iterable[DirectiveNode]) -> bool:
        for directive in directives:
            if directive.name.value not in {"include", "skip"}:
                continue
            ((value,),) = ([one.value for one in directive.arguments or ()],)
            assert isinstance(value, BooleanValueNode | VariableNode)
            given = self.variables[value.name.value] if isinstance(value, VariableNode) else value.value
            if given is (directive.name.value == "skip"):
                return False
        return True


def _decoded(id_: str) -> str:
    return base64.urlsafe_b64decode(id_ + "=" * (-len(id_) % 4)).decode()


def _below(nodes: Iterable[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set]
