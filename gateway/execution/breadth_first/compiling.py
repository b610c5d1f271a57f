"""Compiles an operation to a plan. Selections are collected by graphql-core's own rules, once for each type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    TypeNameMetaFieldDef,
    default_field_resolver,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_object_type,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from gateway.execution.breadth_first.arguments import Arguments
from gateway.execution.breadth_first.completing import (
    AbstractCompletion,
    LeafCompletion,
    ListCompletion,
    ObjectCompletion,
)
from gateway.execution.breadth_first.kinds import Kinds
from gateway.execution.breadth_first.plan import Completion, FieldPlan, ObjectPlan, Plan, Reader, Size
from gateway.execution.breadth_first.reading import (
    CallReader,
    ColumnReader,
    RefusedReader,
    SourceReader,
    TypenameReader,
)
from gateway.execution.breadth_first.shortcuts import call_of, column_call_of, read_of
from gateway.policy.plan import CutField


def compile_operation(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    details: dict[str, FragmentDetails],
    steering: Mapping[str, bool],
    grown: Callable[[], object],
) -> Plan:
    """The plan of `operation`, for these values of the variables that steer @skip and @include.

    `details` are of the document's `fragments`: what graphql-core collects fields by.

    What lies below a field is compiled when an object of its type first turns up there; `grown` is called then.
    """
    root_type = schema.get_root_type(operation.operation)
    assert root_type is not None, "the document was validated"
    size = Size()
    compiler = _Compiler(schema, operation, details, steering, size, grown)
    return Plan(
        operation,
        fragments,
        ObjectPlan(root_type, lambda: compiler.root_fields(root_type)),
        is_change=operation.operation is OperationType.MUTATION,
        kinds=Kinds(),
        size=size,
    )


class _Compiler:
    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDetails],
        steering: Mapping[str, bool],
        size: Size,
        grown: Callable[[], object],
    ) -> None:
        self._size = size
        self._grown = grown
        self._plans: dict[tuple[str, tuple[int, ...]], ObjectPlan] = {}
        """By type, and the fields that they are selected by: those of a fragment are the same wherever it is spread."""
        self._schema = schema
        self._operation = operation
        self._fragments = fragments
        # Nothing else that a variable holds decides on what is collected, and a plan keeps nothing else.
        self._variables = VariableValues({}, dict(steering))

    def root_fields(self, root_type: GraphQLObjectType) -> list[FieldPlan]:
        collected = collect_fields(self._schema, self._fragments, self._variables, root_type, self._operation)
        return self._fields(root_type, collected.grouped_field_set)

    def _subfields(self, type_: GraphQLObjectType, nodes: list[FieldNode]) -> list[FieldPlan]:
        details = [FieldDetails(node, None) for node in nodes]
        collected = collect_subfields(self._schema, self._fragments, self._variables, self._operation, type_, details)
        return self._fields(type_, collected.grouped_field_set)

    def _fields(self, parent: GraphQLObjectType, grouped: GroupedFieldSet) -> list[FieldPlan]:
        fields = [self._field(parent, name, [one.node for one in details]) for name, details in grouped.items()]
        self._size.fields += len(fields)
        self._grown()
        return fields

    def _field(self, parent: GraphQLObjectType, name: str, nodes: list[FieldNode]) -> FieldPlan:
        definition = self._schema.get_field(parent, nodes[0].name.value)
        assert definition is not None, "the document was validated"
        completion = self._completion(definition.type, nodes)
        return FieldPlan(name, nodes, definition, parent, _reader(definition, nodes[0]), completion)

    def _completion(self, type_: GraphQLOutputType, nodes: list[FieldNode]) -> Completion:
        nullable = not isinstance(type_, GraphQLNonNull)
        inner: Any = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if is_leaf_type(inner):
            return LeafCompletion(inner, nullable=nullable)
        if is_list_type(inner):
            return ListCompletion(self._completion(inner.of_type, nodes), nullable=nullable)
        if is_abstract_type(inner):
            return AbstractCompletion(
                inner, self._schema, lambda member: self._objects(member, nodes, nullable=nullable), nullable=nullable
            )
        assert is_object_type(inner), "there are no other output types"
        return self._objects(inner, nodes, nullable=nullable)

    def _objects(self, type_: GraphQLObjectType, nodes: list[FieldNode], *, nullable: bool) -> ObjectCompletion:
        key = (type_.name, tuple(map(id, nodes)))
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = ObjectPlan(type_, lambda: self._subfields(type_, nodes))
        return ObjectCompletion(plan, nullable=nullable)


def _reader(definition: Any, node: FieldNode) -> Reader:
    if isinstance(node, CutField):
        return RefusedReader(node.error)
    if definition is TypeNameMetaFieldDef:
        return TypenameReader()
    read = read_of(definition)
    if read is not None:
        return SourceReader(read)
    column_call = column_call_of(definition)
    if column_call is not None:
        return ColumnReader(column_call)
    resolve = call_of(definition) or definition.resolve or default_field_resolver
    return CallReader(resolve, Arguments(definition, node))
