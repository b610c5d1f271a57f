"""Getting the values of one field of all objects of a level. One class for each way that takes."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.execution.breadth_first.arguments import Arguments
    from gateway.execution.breadth_first.info import FieldInfo
    from gateway.execution.breadth_first.levels import Level
    from gateway.execution.breadth_first.plan import FieldPlan
    from gateway.execution.breadth_first.running import Run

Column = tuple[list[Any], "list[FieldInfo] | None"]


class TypenameReader:
    """`__typename`: a level has objects of one type."""

    def read(self, run: Run, level: Level, field: FieldPlan) -> Column:  # noqa: ARG002 - a Reader's
        """The type's name for each."""
        return [level.plan.type.name] * len(level.sources), None


class AttributeReader:
    """A field whose resolver only reads an attribute of its source."""

    def __init__(self, name: str) -> None:
        self._read = attrgetter(name)

    def read(self, run: Run, level: Level, field: FieldPlan) -> Column:  # noqa: ARG002 - a Reader's
        """The attribute of each source."""
        try:
            return list(map(self._read, level.sources)), None
        except Exception:  # noqa: BLE001 - one of them fails: whose error it is, is found by reading them one by one
            return [_outcome(self._read, source) for source in level.sources], None


class RefusedReader:
    """A field that is not resolved, but is an error in every place."""

    def __init__(self, error: Callable[[], Exception]) -> None:
        self._error = error

    def read(self, run: Run, level: Level, field: FieldPlan) -> Column:  # noqa: ARG002 - a Reader's
        """Why it is null."""
        return [self._error() for _ in level.sources], None


class CallReader:
    """A field with a resolver to be called. One that is asynchronous is only begun: its values are awaitables."""

    def __init__(self, resolve: Callable[..., Any], arguments: Arguments) -> None:
        self._resolve = resolve
        self._arguments = arguments

    def read(self, run: Run, level: Level, field: FieldPlan) -> Column:
        """What the resolver returns for each source, or raises."""
        infos = run.infos(level, field)
        resolve = self._resolve
        values: list[Any] = []
        for source, info, arguments in zip(level.sources, infos, self._arguments.of(run), strict=False):
            if isinstance(arguments, Exception):
                values.append(arguments)
                continue
            try:
                values.append(resolve(source, info, **arguments))
            except Exception as exc:  # noqa: BLE001 - whatever a resolver raises is its field's error
                values.append(exc)
        return values, infos


def _outcome(read: Callable[[Any], Any], source: Any) -> Any:
    try:
        return read(source)
    except Exception as exc:  # noqa: BLE001 - as above
        return exc
