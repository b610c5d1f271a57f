"""Counts the commands sent to the database."""

from __future__ import annotations

from collections import Counter

from pymongo import monitoring

QUERIES = frozenset({"find", "aggregate", "getMore", "distinct", "count"})


class Reads(monitoring.CommandListener):
    """Counts reads by database and collection, from the driver's own events."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def of(self, database: str, collection: str = "caseGroups") -> int:
        """How often `collection` was read so far."""
        return self._counts[database, collection]

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Counts a read."""
        if event.command_name in QUERIES:
            self._counts[event.database_name, str(event.command[event.command_name])] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing."""
