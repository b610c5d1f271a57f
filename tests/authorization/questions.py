"""What producers were asked: the fields in the queries that they received, whatever else the gateway says of it."""

from __future__ import annotations

from collections.abc import Iterable

from graphql import FieldNode, InlineFragmentNode, OperationDefinitionNode, SelectionSetNode, parse

from tests.producer import Asked, Producer

NAME_ONLY = "references"
"""Stands for `references` of which no field is asked for."""


def fields_of(asked: Asked) -> frozenset[str]:
    """The fields of the status that one request asks for; those of references as `references.NAME`."""
    (operation,) = parse(asked.query).definitions
    assert isinstance(operation, OperationDefinitionNode)
    (entities,) = _fields(operation.selection_set)
    assert entities.name.value == "_entities"
    names: set[str] = set()
    for of_case in _fields(entities.selection_set):
        if of_case.name.value == "reference":
            continue
        assert of_case.name.value == "status", asked.query
        for field in _fields(of_case.selection_set):
            if field.name.value != "references":
                names.add(field.name.value)
                continue
            below = {one.name.value for one in _fields(field.selection_set)} - {"__typename"}
            names |= {f"references.{name}" for name in below} or {NAME_ONLY}
    return frozenset(names - {"__typename"})


def scope_of(asked: Asked) -> frozenset[str]:
    """What the caller assertion of one request says is asked for."""
    return frozenset(asked.claims["scope"].split())


def questions_to(*producers: Producer) -> set[tuple[str, str, frozenset[str]]]:
    """Producer, reference and fields of every case asked about; each request's `scope` says the same as its query."""
    found = set()
    for producer in producers:
        for asked in producer.asked:
            assert scope_of(asked) == fields_of(asked)
            found |= {(producer.id, reference, fields_of(asked)) for reference in asked.references}
    return found


def _fields(selection_set: SelectionSetNode | None) -> Iterable[FieldNode]:
    for selection in selection_set.selections if selection_set else ():
        if isinstance(selection, InlineFragmentNode):
            yield from _fields(selection.selection_set)
        else:
            assert isinstance(selection, FieldNode)
            yield selection
