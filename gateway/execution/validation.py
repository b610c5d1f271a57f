"""Whether a document fits the schema, at a cost that is bounded whatever the document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    KnownDirectivesRule,
    NoFragmentCyclesRule,
    NoUnusedFragmentsRule,
    OverlappingFieldsCanBeMergedRule,
    SelectionSetNode,
    UniqueFragmentNamesRule,
    ValidationContext,
    specified_rules,
    validate,
)
from graphql.validation import (
    ASTValidationRule,
    DeferStreamDirectiveLabel,
    DeferStreamDirectiveOnRootField,
    DeferStreamDirectiveOnValidOperationsRule,
    StreamDirectiveOnListField,
    UniqueDirectivesPerLocationRule,
)
from graphql.validation.validate import ValidationAbortedError

MOST_FAULTS = 10
"""Told of one document. Each may quote most of it: to tell a hundred took half a second, and 400 kB, of one of 4 kB."""

ABORTED = "Validation aborted."
"""The whole of the fault by which graphql-core says that fragments nest too deeply for it."""

_OF_DIRECTIVES = frozenset[type[ASTValidationRule]](
    {
        KnownDirectivesRule,
        UniqueDirectivesPerLocationRule,
        DeferStreamDirectiveLabel,
        DeferStreamDirectiveOnRootField,
        DeferStreamDirectiveOnValidOperationsRule,
        StreamDirectiveOnListField,
    }
)
_OF_FRAGMENTS = frozenset[type[ASTValidationRule]](
    {UniqueFragmentNamesRule, NoUnusedFragmentsRule, NoFragmentCyclesRule}
)


class TooManyComparisons(Exception):
    """Fields were selected so often under the same name that comparing them all would take too long."""


class NestedTooDeeply(Exception):
    """Fragments spread others, and those others, too deeply."""


class Validation:
    """Validates documents for one schema.

    Fields selected under the same name have to be the same field, which takes a comparison of each with each:
    `most_comparisons` of one document are made.
    """

    def __init__(self, schema: GraphQLSchema, most_comparisons: int) -> None:
        self._schema = schema
        overlapping = _overlapping(most_comparisons)
        self._rules = tuple(
            overlapping if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules
        )
        self._chosen: dict[tuple[bool, bool], tuple[type[ASTValidationRule], ...]] = {}

    def faults(self, query: str, document: DocumentNode, *, hide_suggestions: bool) -> list[GraphQLError]:
        """What does not fit in `document`, which is what `query` says. Raises TooManyComparisons, NestedTooDeeply."""
        found = validate(
            self._schema,
            document,
            self._rules_for(query),
            max_errors=MOST_FAULTS,
            hide_suggestions=hide_suggestions,
        )
        if found and found[-1].message == ABORTED:
            raise NestedTooDeeply
        return found

    def _rules_for(self, query: str) -> Sequence[type[ASTValidationRule]]:
        """The rules that could find a fault: a third is about what hardly any document has."""
        has = ("@" in query, "fragment" in query)
        rules = self._chosen.get(has)
        if rules is None:
            left_out = (frozenset() if has[0] else _OF_DIRECTIVES) | (frozenset() if has[1] else _OF_FRAGMENTS)
            rules = self._chosen[has] = tuple(rule for rule in self._rules if rule not in left_out)
        return rules


def _overlapping(most_comparisons: int) -> type[OverlappingFieldsCanBeMergedRule]:
    class WithinLimit(OverlappingFieldsCanBeMergedRule):
        """graphql-core's rule, which keeps a budget of its own: half a second. A comparison costs two units of it."""

        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = 2 * most_comparisons

        def enter_selection_set(self, selection_set: SelectionSetNode, *more: Any) -> None:
            try:
                super().enter_selection_set(selection_set, *more)
            except ValidationAbortedError as exc:
                if self.rule_context.remaining_complexity_budget < 0:
                    raise TooManyComparisons from exc
                raise

    return WithinLimit
