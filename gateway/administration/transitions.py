"""Which way a connection's state may go, a consumer's or a producer's: active ⇄ suspended → ended, active → ended."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.administration.plans import Refused
from gateway.administration.texts import in_words
from gateway.model.connection import Connection, ConnectionState


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state: the command's name for it, and what a connection is told that it cannot be made from."""

    action: str
    to: ConnectionState
    from_any_of: Collection[ConnectionState]
    otherwise: str

    @property
    def removes_access(self) -> bool:
        """Whether somebody could do something before that is refused afterwards."""
        return self.to is not ConnectionState.ACTIVE

    @property
    def for_how_long(self) -> str:
        """For how long access is removed."""
        return "for good" if self.to is ConnectionState.ENDED else "until it is resumed"

    def of(self, connection: Connection, party: str, moment: datetime) -> Connection:
        """The connection of `party`, such as "consumer x", after it. Raises Refused where it cannot be made."""
        if connection.state not in self.from_any_of:
            since = f" since {in_words(connection.ended_at)}" if connection.ended_at else ""
            raise Refused(f"The {party} is {connection.state.value}{since}, {self.otherwise}.")
        ended_at = moment if self.to is ConnectionState.ENDED else connection.ended_at
        return replace(connection, state=self.to, ended_at=ended_at)


SUSPEND = Transition("suspend", ConnectionState.SUSPENDED, (ConnectionState.ACTIVE,), "so there is nothing to suspend")
RESUME = Transition("resume", ConnectionState.ACTIVE, (ConnectionState.SUSPENDED,), "so there is nothing to resume")
END = Transition("end", ConnectionState.ENDED, (ConnectionState.ACTIVE, ConnectionState.SUSPENDED), "and that is final")
