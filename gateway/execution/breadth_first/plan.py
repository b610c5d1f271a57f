"""What a document is compiled to. A plan holds nothing of a caller, and is run as often as its document is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from graphql import FieldNode, FragmentDefinitionNode, GraphQLField, GraphQLObjectType, OperationDefinitionNode

from gateway.execution.breadth_first.kinds import Kinds
from gateway.execution.breadth_first.places import Place

if TYPE_CHECKING:
    from gateway.execution.breadth_first.columns import FieldPlaces
    from gateway.execution.breadth_first.info import FieldInfo
    from gateway.execution.breadth_first.running import Run


class Places(Protocol):
    """Where the values of a column stand, by their number in it. Worked out only when asked for."""

    @property
    def field(self) -> FieldPlan:
        """The field that they are, or are inside of, the values of."""

    def at(self, number: int) -> Place:
        """The place of one value."""

    def every(self) -> list[Place]:
        """The places of all of them."""

    def put(self, numbers: Sequence[int], values: Iterable[Any]) -> None:
        """Sets in the answer what stands in those of them that `numbers`, each once and in order, name."""

    def info(self, number: int) -> FieldInfo:
        """What a resolver of the value would be told."""


class Completion(Protocol):
    """Turns a column of resolved values of one GraphQL type into what stands for them in the answer."""

    @property
    def nullable(self) -> bool:
        """Whether null is a value of the type."""

    def complete(self, run: Run, values: list[Any], places: Places) -> list[Any]:
        """For each value what it is in the answer: BUBBLE where it may not be null but is.

        Objects come back without their fields, which are run on the next level; and what is awaited comes back as
        null, to be set when it is there. Errors are noted.
        """


class Reader(Protocol):
    """Gets the values of one field of all objects of a level."""

    def read(self, run: Run, sources: list[Any], places: FieldPlaces) -> list[Any] | Awaitable[list[Any]]:
        """A value for each of `sources`: what the field resolves to, or the exception it failed with.

        All of it may have to be awaited, at one go.
        """


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One field of the answer's objects of one type."""

    name: str
    """In the answer: the alias, where there is one."""
    nodes: list[FieldNode]
    """All selections of it, merged. An error has the locations of all of them."""
    definition: GraphQLField
    parent: GraphQLObjectType
    reader: Reader
    completion: Completion
    memory: dict[Any, Any] = field(default_factory=dict)
    """What its resolver keeps from one run to the next."""


class ObjectPlan:
    """What is selected of the objects of one type by some fields. Compiled when one turns up."""

    def __init__(self, type_: GraphQLObjectType, compile_fields: Callable[[], list[FieldPlan]]) -> None:
        self.type = type_
        self._compile_fields = compile_fields

    @cached_property
    def fields(self) -> list[FieldPlan]:
        """The fields, in the order of the answer."""
        return self._compile_fields()

    @cached_property
    def blank(self) -> dict[str, None]:
        """An object of the answer with all its fields null. Copies have the fields in their order, whenever set."""
        return dict.fromkeys(field.name for field in self.fields)


@dataclass(slots=True)
class Size:
    """How many fields are compiled so far."""

    fields: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled operation."""

    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    root: ObjectPlan
    is_change: bool
    """A mutation: its fields are run one after the other."""
    kinds: Kinds
    size: Size
