"""Getting the values of one field of all objects of a level. One class for each way that takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.execution.breadth_first.arguments import Arguments
    from gateway.execution.breadth_first.columns import FieldPlaces
    from gateway.execution.breadth_first.running import Run
    from gateway.execution.breadth_first.shortcuts import ColumnCall, Read


class TypenameReader:
    """`__typename`: a level has objects of one type."""

    def read(self, run: Run, sources: list[Any], places: FieldPlaces) -> list[Any]:  # noqa: ARG002 - a Reader's
        """The type's name for each."""
        return [places.field.parent.name] * len(sources)


class SourceReader:
    """A field whose resolver only reads something of its source."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def read(self, run: Run, sources: list[Any], places: FieldPlaces) -> list[Any]:  # noqa: ARG002 - a Reader's
        """What each source has."""
        read = self._read
        values: list[Any] = []
        for source in sources:
            try:
                values.append(read(source))
            except Exception as exc:  # noqa: BLE001 - whatever a resolver raises is its field's error
                values.append(exc)
        return values


class RefusedReader:
    """A field that is not resolved, but is an error in every place."""

    def __init__(self, error: Callable[[], Exception]) -> None:
        self._error = error

    def read(self, run: Run, sources: list[Any], places: FieldPlaces) -> list[Any]:  # noqa: ARG002 - a Reader's
        """Why it is null."""
        return [self._error() for _ in sources]


class ColumnReader:
    """A field that is resolved for all sources at once."""

    def __init__(self, resolve: ColumnCall) -> None:
        self._resolve = resolve

    def read(self, run: Run, sources: list[Any], places: FieldPlaces) -> list[Any] | Awaitable[list[Any]]:  # noqa: ARG002 - as above
        """What is to be awaited for all of them; or for each of them, why that cannot be."""
        try:
            return self._resolve(sources, places.info(0))
        except Exception as exc:  # noqa: BLE001 - as above
            return [exc] * len(sources)


class CallReader:
    """A field with a resolver to be called. One that is asynchronous is only begun: its values are awaitables."""

    def __init__(self, resolve: Callable[..., Any], arguments: Arguments) -> None:
        self._resolve = resolve
        self._arguments = arguments

    def read(self, run: Run, sources: list[Any], places: FieldPlaces) -> list[Any]:
        """What the resolver returns for each source, or raises."""
        resolve, info = self._resolve, places.info
        values: list[Any] = []
        for number, (source, arguments) in enumerate(zip(sources, self._arguments.of(run), strict=False)):
            if isinstance(arguments, Exception):
                values.append(arguments)
                continue
            try:
                values.append(resolve(source, info(number), **arguments))
            except Exception as exc:  # noqa: BLE001 - as above
                values.append(exc)
        return values
