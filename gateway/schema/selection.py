"""Which fields of a status an operation selects: aliases, fragments, @include/@skip and __typename understood.

graphql-core's own field collection is used, so that what is asked of producers is what its executor will read.
"""

from __future__ import annotations

from collections.abc import Iterable

from graphql import FieldNode, FragmentSpreadNode, GraphQLObjectType, GraphQLResolveInfo, InlineFragmentNode
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields

from gateway.execution.breadth_first.info import FieldInfo
from gateway.model.status import NAME_ONLY, StatusSelection
from gateway.policy.plan import CutField
from gateway.policy.requirements import Requirements
from gateway.policy.statuses import REFERENCES
from gateway.schema.context import Context, Info


def status_selection(info: Info) -> StatusSelection:
    """The fields of CaseStatus that the present `status` field selects, by what must be granted to read them.

    A field that requires no grant is not the producer's.
    """
    raw: GraphQLResolveInfo[Context] = info._raw_info  # noqa: SLF001
    # A plan's field is the same in every operation that it is run for; else it is worked out for this one.
    remembered = raw.memory if isinstance(raw, FieldInfo) else info.context.selections
    key = tuple(map(id, raw.field_nodes))
    selection: StatusSelection | None = remembered.get(key)
    if selection is None:
        selection = remembered[key] = _selected(raw, info.context.requirements)
    return selection


def selects(info: Info, *names: str) -> bool:
    """Whether one of these fields is selected anywhere below the present field.

    Rather once too often than once too seldom: @include and @skip are not looked at, nor which type a field is of.
    """
    raw: GraphQLResolveInfo[Context] = info._raw_info  # noqa: SLF001
    seen: set[str] = set()
    waiting = [node.selection_set for node in raw.field_nodes]
    while waiting:
        selection_set = waiting.pop()
        for selection in selection_set.selections if selection_set else ():
            if isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name not in seen:
                    seen.add(name)
                    waiting.append(raw.fragments[name].selection_set)
                continue
            if isinstance(selection, FieldNode) and selection.name.value in names:
                return True
            if isinstance(selection, FieldNode | InlineFragmentNode):
                waiting.append(selection.selection_set)
    return False


def _selected(raw: GraphQLResolveInfo[Context], requirements: Requirements) -> StatusSelection:
    status = _subfields(raw, "CaseStatus", raw.field_nodes)
    references = [node for node in status if node.name.value == "references"]
    of_reference = _granted(_subfields(raw, "Reference", references), "Reference", requirements)
    return StatusSelection(
        fields=_granted(status, "CaseStatus", requirements),
        references=tuple(name.removeprefix(REFERENCES) for name in of_reference) or (NAME_ONLY,) if references else (),
    )


def _subfields(raw: GraphQLResolveInfo[Context], type_name: str, parents: Iterable[FieldNode]) -> list[FieldNode]:
    type_ = raw.schema.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    collected = collect_subfields(
        raw.schema,
        {name: FragmentDetails(fragment) for name, fragment in raw.fragments.items()},
        raw.variable_values,
        raw.operation,
        type_,
        [FieldDetails(node, None) for node in parents],
    )
    nodes = [details.node for group in collected.grouped_field_set.values() for details in group]
    # What the token may not read is not asked of the producer either.
    return [node for node in nodes if not isinstance(node, CutField)]


def _granted(nodes: Iterable[FieldNode], type_name: str, requirements: Requirements) -> tuple[str, ...]:
    required = {requirements.grant(type_name, node.name.value) for node in nodes}
    return tuple(sorted(name for name in required if name is not None))
