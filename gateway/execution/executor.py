"""What may still be run once an operation has begun: the errors that say why not, and graphql-core's executor with it.

That runs what our own engine leaves to it: answers that come in parts (@defer, @stream), and the little that is not
compiled (`breadth_first/plans.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLObjectType, OperationType
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.execution.incremental.incremental_executor import IncrementalExecutor
from graphql.pyutils import AwaitableOrValue, Path, UndefinedType

from gateway.errors import Forbidden, ForbiddenField
from gateway.policy.plan import CutField


class NotMade(Forbidden):
    """A change that may be made, and was not, for another of the same operation may not."""

    def __init__(self) -> None:
        super().__init__("Not made, since another change of this operation may not be made. Send it by itself.")


class NoLongerLetIn(Forbidden):
    """A consumer whose connection ended or was suspended while it was being answered."""

    def __init__(self) -> None:
        super().__init__("The consumer is no longer connected: what is not answered or made yet is withheld.")


class GuardedExecutor(IncrementalExecutor):
    """Answers a CutField with null and its error, and has nothing resolved for it.

    Of an operation that changes something, `is_let_in` is asked before each change.
    """

    def __init__(self, *args: Any, is_let_in: Callable[[], bool], **more: Any) -> None:
        super().__init__(*args, **more)
        self._is_let_in = is_let_in

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,
    ) -> AwaitableOrValue[Any] | UndefinedType:
        """The field's value, or null for a cut one; a cut field that cannot be null takes its parent with it."""
        node = field_details_list[0].node
        error: Forbidden | ForbiddenField | None = None
        if isinstance(node, CutField):
            error = node.error()
        elif self._is_change(path) and not self._is_let_in():
            error = NoLongerLetIn()
        definition = self.schema.get_field(parent_type, node.name.value)
        if error is None or definition is None:
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        self.handle_field_error(error, definition.type, field_details_list, path)
        return None

    def _is_change(self, path: Path) -> bool:
        return path.prev is None and self.operation.operation is OperationType.MUTATION

    def execute_fields_serially(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        """The answers of mutations. Where one of several may not be made, none of them is."""
        if not any(isinstance(details[0].node, CutField) for details in grouped_field_set.values()):
            return super().execute_fields_serially(parent_type, source_value, path, grouped_field_set, position_context)
        for name, details in grouped_field_set.items():
            node = details[0].node
            definition = self.schema.get_field(parent_type, node.name.value)
            if definition is not None:
                error = node.error() if isinstance(node, CutField) else NotMade()
                self.handle_field_error(error, definition.type, details, Path(path, name, parent_type.name))
        return dict.fromkeys(grouped_field_set)
