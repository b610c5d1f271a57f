"""Completion, column by column: a resolved value becomes what stands in the answer. One class for each kind of type.

A column whose Python types are all ordinary needs no look at any one value for null, errors or awaitables.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from graphql import (
    GraphQLAbstractType,
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLLeafType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    default_type_resolver,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Undefined, UndefinedType, inspect, is_awaitable, is_iterable
from graphql.pyutils.is_awaitable import is_async_iterable

from gateway.execution.breadth_first.columns import ItemPlaces, SomePlaces, among
from gateway.execution.breadth_first.kinds import is_telling
from gateway.execution.breadth_first.levels import Level
from gateway.execution.breadth_first.plan import Completion, FieldPlan, ObjectPlan, Places
from gateway.execution.breadth_first.problems import BUBBLE
from gateway.execution.breadth_first.shortcuts import classes_of

if TYPE_CHECKING:
    from gateway.execution.breadth_first.info import FieldInfo
    from gateway.execution.breadth_first.running import Run

Then = Callable[[list[int], list[Any]], list[Any]]
"""Completes what is there: the numbers in a column, and what was found for each."""

VERBATIM: dict[GraphQLLeafType, type] = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool}
"""Values of exactly these types stand in the answer as they are."""

_NOTHING = frozenset({type(None), UndefinedType})
"""What no leaf may be written as: an error, where a scalar does."""


class OrdinaryCompletion(Completion, Protocol):
    """A completion whose columns may be sorted out first."""

    def of_ordinary(self, run: Run, values: list[Any], places: Places) -> list[Any]:
        """The same as `complete`, of values none of which is null, an exception or awaitable."""


class LeafCompletion:
    """A scalar or an enum."""

    def __init__(self, type_: GraphQLLeafType, *, nullable: bool) -> None:
        self.nullable = nullable
        self._type = type_
        verbatim = VERBATIM.get(type_)
        kinds = {verbatim} if verbatim else set()
        self._verbatim: set[type] = {*kinds, type(None)} if nullable else kinds

    def complete(self, run: Run, values: list[Any], places: Places) -> list[Any]:
        """Each value as the type writes it."""
        kinds = set(map(type, values))
        if kinds <= self._verbatim:
            return values
        if run.plan.kinds.are_ordinary(kinds):
            return self.of_ordinary(run, values, places)
        return _sorted_out(self, run, values, places)

    def of_ordinary(self, run: Run, values: list[Any], places: Places) -> list[Any]:
        """Each value as the type writes it; none is null, an exception or awaitable."""
        coerce = self._type.coerce_output_value
        try:
            # Not by `map`: a list ends, and nobody is told, where StopIteration is raised in it.
            completed = [coerce(value) for value in values]
        except Exception:  # noqa: BLE001 - whatever a scalar raises is its field's error, told of the value that has it
            return self._one_by_one(run, values, places)
        return completed if _NOTHING.isdisjoint(map(type, completed)) else self._one_by_one(run, values, places)

    def _one_by_one(self, run: Run, values: list[Any], places: Places) -> list[Any]:
        completed: list[Any] = []
        for number, value in enumerate(values):
            try:
                completed.append(Executor.complete_leaf_value(self._type, value))
            except Exception as exc:  # noqa: BLE001 - as above
                completed.append(run.failed(exc, places, number))
        return completed


class ListCompletion:
    """A list of what `items` completes: the items of all lists are one column."""

    def __init__(self, items: Completion, *, nullable: bool) -> None:
        self.nullable = nullable
        self._items = items

    def complete(self, run: Run, values: list[Any], places: Places) -> list[Any]:
        """The lists, with their items."""
        if run.plan.kinds.are_ordinary(set(map(type, values))):
            return self.of_ordinary(run, values, places)
        return _sorted_out(self, run, values, places)

    def of_ordinary(self, run: Run, values: list[Any], places: Places) -> list[Any]:
        """The lists; a value that is not iterable, or fails while it is iterated, is an error."""
        completed: list[Any] = [None] * len(values)
        numbers: list[int] = []
        lists: list[list[Any]] = []
        items: list[Any] = []
        for number, value in enumerate(values):
            try:
                found = value if type(value) is list else _items(value, places.field)
            except Exception as exc:  # noqa: BLE001 - an iterator's error is its field's
                completed[number] = run.failed(exc, places, number)
            else:
                numbers.append(number)
                lists.append([None] * len(found))
                items += found
        deaths = run.problems.deaths
        # The lists are made first: the places of their items are in them.
        where = ItemPlaces(lists, among(places, numbers, len(values)), nullable=self._items.nullable)
        completed_items = self._items.complete(run, items, where) if items else []
        end = 0
        for number, list_ in zip(numbers, lists, strict=True):
            start, end = end, end + len(list_)
            list_[:] = completed_items[start:end]
            completed[number] = list_
            if run.problems.deaths > deaths and any(item is BUBBLE for item in list_):
                completed[number] = None if self.nullable else BUBBLE
        return completed


class ObjectCompletion:
    """Objects of one type."""

    def __init__(self, plan: ObjectPlan, *, nullable: bool) -> None:
        self.nullable = nullable
        self._plan = plan
        self._classes = _classes_of(plan.type)

    def complete(self, run: Run, values: list[Any], places: Places) -> list[Any]:
        """The objects, whose fields the next level sets."""
        kinds = set(map(type, values))
        if kinds <= self._classes.keys():
            return self._begun(run, values, places)
        if run.plan.kinds.are_ordinary(kinds):
            return self.of_ordinary(run, values, places)
        return _sorted_out(self, run, values, places)

    def of_ordinary(self, run: Run, values: list[Any], places: Places) -> list[Any]:
        """The objects of the type; a value that is none is an error."""
        is_type_of = self._plan.type.is_type_of
        if is_type_of is None or set(map(type, values)) <= self._classes.keys():
            return self._begun(run, values, places)
        verdicts = _each(lambda number, value: is_type_of(value, places.info(number)), values)

        def judged(numbers: list[int], verdicts: list[Any]) -> list[Any]:
            return self._judged(run, [values[number] for number in numbers], verdicts, SomePlaces(places, numbers))

        return _decided(run, verdicts, places, judged)

    def _judged(self, run: Run, values: list[Any], verdicts: list[Any], places: Places) -> list[Any]:
        completed: list[Any] = [None] * len(values)
        right: list[int] = []
        for number, verdict in enumerate(verdicts):
            try:
                failure = None if verdict else self._is_none(values[number], places)
            except Exception as exc:  # noqa: BLE001 - a verdict may be of any class
                failure = exc
            if failure is None:
                right.append(number)
            else:
                completed[number] = run.failed(failure, places, number)
        begun = self._begun(run, [values[number] for number in right], SomePlaces(places, right))
        return _set(completed, right, begun)

    def _is_none(self, value: Any, places: Places) -> Exception:
        message = f"Expected value of type '{self._plan.type}' but got: {inspect(value)}."
        return GraphQLError(message, places.field.nodes)

    def _begun(self, run: Run, values: list[Any], places: Places) -> list[Any]:
        level = Level(self._plan, values, places.every)
        run.agenda.append(level)
        return level.objects


class AbstractCompletion:
    """An interface or a union: the objects of each type it turns out to be are a level of their own."""

    def __init__(
        self,
        type_: GraphQLAbstractType,
        schema: GraphQLSchema,
        of_type: Callable[[GraphQLObjectType], ObjectCompletion],
        *,
        nullable: bool,
    ) -> None:
        self.nullable = nullable
        self._type = type_
        # All that graphql-core's own check of a type's name needs to know of an executor.
        self._schema_holder = cast(Executor[Any], _SchemaHolder(schema))
        self._of_type = of_type
        self._members: dict[str, ObjectCompletion] = {}
        self._classes = _classes_of(type_)

    def complete(self, run: Run, values: list[Any], places: Places) -> list[Any]:
        """The objects, whose fields the next levels set."""
        kinds = set(map(type, values))
        if kinds <= self._classes.keys():
            return self._of_classes(run, values, kinds, places)
        if run.plan.kinds.are_ordinary(kinds):
            return self.of_ordinary(run, values, places)
        return _sorted_out(self, run, values, places)

    def of_ordinary(self, run: Run, values: list[Any], places: Places) -> list[Any]:
        """The objects; one whose type cannot be told is an error."""
        kinds = set(map(type, values))
        if kinds <= self._classes.keys():
            return self._of_classes(run, values, kinds, places)
        resolve_type = self._type.resolve_type or default_type_resolver
        names = _each(lambda number, value: resolve_type(value, places.info(number), self._type), values)

        def named(numbers: list[int], names: list[Any]) -> list[Any]:
            return self._named(run, [values[number] for number in numbers], names, SomePlaces(places, numbers))

        return _decided(run, names, places, named)

    def _of_classes(self, run: Run, values: list[Any], kinds: set[type], places: Places) -> list[Any]:
        """The objects whose classes say what they are."""
        if len(kinds) == 1:
            (kind,) = kinds
            known = self._members.get(self._classes[kind])
            if known is not None:
                return known.of_ordinary(run, values, places)
        return self._named(run, values, [self._classes[type(value)] for value in values], places)

    def _named(self, run: Run, values: list[Any], names: list[Any], places: Places) -> list[Any]:
        completed: list[Any] = [None] * len(values)
        of_name: dict[str, list[int]] = {}
        for number, name in enumerate(names):
            try:
                if not isinstance(name, str) or name not in self._members:
                    self._members[name] = self._member(name, values[number], places.field, places.info(number))
            except GraphQLError as exc:
                completed[number] = run.failed(exc, places, number)
            else:
                of_name.setdefault(name, []).append(number)
        for name, numbers in of_name.items():
            if len(numbers) == len(values):
                return self._members[name].of_ordinary(run, values, places)
            chosen = [values[number] for number in numbers]
            _set(completed, numbers, self._members[name].of_ordinary(run, chosen, SomePlaces(places, numbers)))
        return completed

    def _member(self, name: Any, value: Any, field: FieldPlan, info: FieldInfo) -> ObjectCompletion:
        """Raises GraphQLError where `name` is no type that this one can turn out to be."""
        details = [FieldDetails(node, None) for node in field.nodes]
        return self._of_type(
            Executor.ensure_valid_runtime_type(self._schema_holder, name, self._type, details, info, value)
        )


def _classes_of(type_: GraphQLNamedType) -> Mapping[type, str]:
    """The classes that tell the type of their instances, which are ordinary values, by the type's name."""
    classes = classes_of(type_)
    return {} if any(map(is_telling, classes)) else classes


class _SchemaHolder(NamedTuple):
    schema: GraphQLSchema


def _each(decide: Callable[[int, Any], Any], values: list[Any]) -> list[Any]:
    """What is decided of each value, or why it could not be."""
    decided: list[Any] = []
    for number, value in enumerate(values):
        try:
            decided.append(decide(number, value))
        except Exception as exc:  # noqa: BLE001 - whatever is raised is the field's error
            decided.append(exc)
    return decided


def _decided(run: Run, verdicts: list[Any], places: Places, then: Then) -> list[Any]:
    """`then` for the verdicts that are there, and once they are there for the others. A failed one is an error."""
    if run.plan.kinds.are_ordinary(set(map(type, verdicts))):
        return then([*range(len(verdicts))], verdicts)
    completed: list[Any] = [None] * len(verdicts)
    there: list[int] = []
    awaited: list[int] = []
    for number, verdict in enumerate(verdicts):
        if is_awaitable(verdict):
            awaited.append(number)
        elif isinstance(verdict, Exception):
            completed[number] = run.failed(verdict, places, number)
        else:
            there.append(number)
    if awaited:
        where = SomePlaces(places, awaited)

        def once_there(numbers: list[int], outcomes: list[Any]) -> list[Any]:
            """An outcome is a verdict again: it may be a failure."""
            in_column = [awaited[number] for number in numbers]

            def of_column(numbers: list[int], verdicts: list[Any]) -> list[Any]:
                return then([in_column[number] for number in numbers], verdicts)

            return _decided(run, outcomes, SomePlaces(where, numbers), of_column)

        run.wait([verdicts[number] for number in awaited], where, once_there)
    return _set(completed, there, then(there, [verdicts[number] for number in there]))


def _sorted_out(completion: OrdinaryCompletion, run: Run, values: list[Any], places: Places) -> list[Any]:
    """A column in which some values are null, errors or awaitables: the others go on at once."""
    completed: list[Any] = [None] * len(values)
    there: list[int] = []
    awaited: list[int] = []
    awaitables: list[Awaitable[Any]] = []
    for number, value in enumerate(values):
        if value is None or value is Undefined:
            if not completion.nullable:
                field = places.field
                message = f"Cannot return null for non-nullable field {field.parent}.{field.nodes[0].name.value}."
                completed[number] = run.failed(TypeError(message), places, number)
        elif is_awaitable(value):
            awaited.append(number)
            awaitables.append(value)
        elif isinstance(value, Exception):
            completed[number] = run.failed(value, places, number)
        elif isinstance(completion, ListCompletion) and is_async_iterable(value):
            awaited.append(number)
            awaitables.append(_listed(value))
        else:
            there.append(number)
    if awaited:
        where = among(places, awaited, len(values))

        def once_there(numbers: list[int], values: list[Any]) -> list[Any]:
            return completion.complete(run, values, among(where, numbers, len(awaited)))

        run.wait(awaitables, where, once_there)
    if not there:
        return completed
    chosen = [values[number] for number in there]
    return _set(completed, there, completion.of_ordinary(run, chosen, SomePlaces(places, there)))


def _set(completed: list[Any], numbers: list[int], values: list[Any]) -> list[Any]:
    for number, value in zip(numbers, values, strict=True):
        completed[number] = value
    return completed


def _items(value: Any, field: FieldPlan) -> list[Any]:
    """Raises GraphQLError where `value` is no iterable."""
    if not is_iterable(value):
        name = f"{field.parent}.{field.nodes[0].name.value}"
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{name}'.")
    return list(value)


async def _listed(values: AsyncIterable[Any]) -> list[Any]:
    return [value async for value in values]
