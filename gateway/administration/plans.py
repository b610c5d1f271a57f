"""A change that is asked for, looked at whole before anything is done: shown, confirmed, carried out or refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

Json = dict[str, object]


class Refused(Exception):
    """A change that is not made, with every reason found; nothing was stored."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems: Sequence[str] = problems


@dataclass(frozen=True, slots=True)
class Plan:
    """A change that may be made: `what` it does, such as "suspend the consumer x", and the record as it then is.

    `loss` says what access it removes, for the question before; None where it removes none. `carry_out` makes the
    change and returns False, and changes nothing, where another change of the record has won. `notes` are what else is
    worth knowing, a sentence each.
    """

    what: str
    kind: str
    record: Json
    loss: str | None
    carry_out: Callable[[], Awaitable[bool]]
    notes: Sequence[str] = ()

    def outcome(self, *, is_done: bool) -> Mapping[str, object]:
        """What was done, or with a dry run would be, as JSON."""
        return {"done": is_done, "what": self.what, self.kind: self.record}
