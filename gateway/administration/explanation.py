"""What of a query a consumer would read, from whom and by which grant: decided by the gateway's own policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
)

from gateway.model.caller import ConsumerId
from gateway.model.grant import Grant
from gateway.model.producer import ProducerId
from gateway.model.purpose import Purpose
from gateway.model.registry import Agreements
from gateway.model.status import NAME_ONLY, StatusSelection, UnavailableReason
from gateway.policy.requirements import Alternatives, Requirements
from gateway.policy.statuses import REFERENCES, Question, decided, granting

STATUS = "CaseStatusResult"


@dataclass(frozen=True, slots=True)
class Opened:
    """What one field needs of the access token, whatever the case; `path` is of response names."""

    path: str
    required: Alternatives


@dataclass(frozen=True, slots=True)
class Told:
    """Whether one field of a status would be asked for; by which `grants`, or what is `missing`."""

    path: str
    name: str
    grants: tuple[Grant, ...]
    missing: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What would be asked of a producer about cases of one type in groups of one purpose; nothing with a `refusal`."""

    path: str
    producer: ProducerId
    case_type: str
    purpose: Purpose
    refusal: UnavailableReason | None
    fields: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Selected:
    """What a document selects: what its fields need of the token, and by the path of each status, its fields."""

    opened: tuple[Opened, ...]
    statuses: dict[str, dict[str, str]]
    """By the status's path: the path of each field below it, by its name in grants."""


def selected(document: DocumentNode, schema: GraphQLSchema, requirements: Requirements) -> Selected:
    """What a valid document selects. Conditions are not looked at: a field that may be included is."""
    return _Reader(document, schema, requirements).read()


def asked(
    statuses: dict[str, dict[str, str]], agreements: Agreements, consumer: ConsumerId, purposes: Sequence[Purpose]
) -> Iterator[Asked]:
    """What each connected producer would be asked for each of its case types and each purpose.

    Without `purposes`, those of the consumer's own grants at the producer; without these, the producer's areas.
    """
    for path, paths in statuses.items():
        selection = _selection(paths)
        for producer in agreements.producers.values():
            grants = [grant for grant in agreements.grants_of(consumer) if grant.producer == producer.id]
            granted = {purpose for grant in grants for purpose in grant.purposes}
            areas = {Purpose(area, None) for area in producer.information_areas}
            for case_type in producer.case_types:
                for purpose in purposes or sorted(granted or areas, key=str):
                    question = Question(consumer, producer.id, case_type.code, purpose, selection)
                    yield _asked(path, paths, agreements, question)


def _asked(path: str, paths: dict[str, str], agreements: Agreements, question: Question) -> Asked:
    decision, allowing = decided(agreements, question), granting(agreements, question)
    is_open = agreements.is_open(question.producer, question.case_type, question.consumer)
    return Asked(
        path,
        question.producer,
        question.case_type,
        question.purpose,
        decision.refusal,
        tuple(
            Told(field_path, name, tuple(grants), _missing(name, question, is_open=is_open, is_granted=bool(grants)))
            for name, field_path in paths.items()
            for grants in [_of(name, allowing)]
        ),
    )


def _of(name: str, allowing: dict[str, list[Grant]]) -> Iterable[Grant]:
    """The grants that allow a field; that there are references is allowed by one of any field of them."""
    if name == REFERENCES + NAME_ONLY:
        return {
            grant.id: grant for field in allowing if field.startswith(REFERENCES) for grant in allowing[field]
        }.values()
    return allowing.get(name, ())


def _missing(name: str, question: Question, *, is_open: bool, is_granted: bool) -> str | None:
    if not is_open:
        return f"that {question.producer} opens {question.case_type} to {question.consumer}"
    return (
        None
        if is_granted
        else f"a grant of {name} of {question.case_type} at {question.producer} for {question.purpose}"
    )


def _selection(paths: Iterable[str]) -> StatusSelection:
    references = sorted(name.removeprefix(REFERENCES) for name in paths if name.startswith(REFERENCES))
    return StatusSelection(
        fields=tuple(sorted(name for name in paths if not name.startswith(REFERENCES))), references=tuple(references)
    )


class _Reader:
    def __init__(self, document: DocumentNode, schema: GraphQLSchema, requirements: Requirements) -> None:
        self._document = document
        self._schema = schema
        self._requirements = requirements
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._opened: dict[Opened, None] = {}
        self._seen: set[tuple[str, tuple[str, ...], str | None]] = set()
        self._statuses: dict[str, dict[str, str]] = {}

    def read(self) -> Selected:
        several = len(self._document.definitions) - len(self._fragments) > 1
        for definition in self._document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                root = self._schema.get_root_type(definition.operation)
                assert root is not None, "the document was validated"
                name = definition.name.value if several and definition.name else None
                self._seen.clear()
                self._walk(root, definition.selection_set, (f"({name})",) if name else (), None)
        for names in self._statuses.values():
            _references_by_name(names)
        return Selected(tuple(self._opened), self._statuses)

    def _walk(
        self, parent: GraphQLNamedType, selections: SelectionSetNode | None, path: tuple[str, ...], status: str | None
    ) -> None:
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                self._field(parent, selection, path, status)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                type_ = self._schema.type_map[condition.name.value] if condition else parent
                self._walk(type_, selection.selection_set, path, status)
            elif isinstance(selection, FragmentSpreadNode):
                fragment = self._fragments[selection.name.value]
                place = (selection.name.value, path, status)
                if place in self._seen:
                    continue
                self._seen.add(place)
                type_ = self._schema.type_map[fragment.type_condition.name.value]
                self._walk(type_, fragment.selection_set, path, status)

    def _field(self, parent: GraphQLNamedType, node: FieldNode, above: tuple[str, ...], status: str | None) -> None:
        name = node.name.value
        path = (*above, (node.alias or node.name).value)
        shown = ".".join(path)
        possible = self._schema.get_possible_types(parent) if is_abstract_type(parent) else [parent]
        for type_ in possible:
            required = self._requirements.missing(type_.name, name, frozenset())
            if required is not None:
                self._opened[Opened(shown, required)] = None
            granted = self._requirements.grant(type_.name, name)
            if status is not None and granted is not None:
                self._statuses[status].setdefault(granted, shown)
        definition = self._schema.get_field(parent, name)  # type: ignore[arg-type]
        assert definition is not None, "the document was validated"
        type_ = get_named_type(definition.type)
        if type_.name == STATUS:
            status = shown
            self._statuses.setdefault(status, {})
        if status is not None and type_.name == "Reference":
            self._statuses[status].setdefault(REFERENCES + NAME_ONLY, shown)
        self._walk(type_, node.selection_set, path, status)


def _references_by_name(names: dict[str, str]) -> None:
    """Takes away that references are selected where a field of them is: then it is that field that counts."""
    if any(name.startswith(REFERENCES) and name != REFERENCES + NAME_ONLY for name in names):
        del names[REFERENCES + NAME_ONLY]
