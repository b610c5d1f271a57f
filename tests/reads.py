"""Counts the commands sent to the database."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pymongo import monitoring

QUERIES = frozenset({"find", "aggregate", "getMore", "distinct", "count"})


class Reads(monitoring.CommandListener):
    """Counts reads by database and collection, from the driver's own events."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._commands: Counter[tuple[str, str, str]] = Counter()
        self._projections: dict[str, Any] = {}

    def of(self, database: str, collection: str = "caseGroups") -> int:
        """How often `collection` was read so far."""
        return self._counts[database, collection]

    def commands(self, database: str) -> Counter[tuple[str, str]]:
        """How often each command was sent so far, by its name and collection. A cursor's next page is none."""
        return Counter(
            {(name, collection): count for (of, name, collection), count in self._commands.items() if of == database}
        )

    def projection(self, database: str) -> Any:
        """Which fields the last read of case groups asked for; None for all."""
        return self._projections[database]

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Counts a command, and a read."""
        about = event.command[event.command_name]
        if isinstance(about, str):
            self._commands[event.database_name, event.command_name, about] += 1
        if event.command_name in QUERIES:
            collection = str(event.command[event.command_name])
            self._counts[event.database_name, collection] += 1
            if collection == "caseGroups":
                self._projections[event.database_name] = event.command.get("projection")

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing."""
