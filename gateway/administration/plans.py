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

    `then` are further changes of the same command, each made when those before it are; `by_itself` is the command that
    makes this one alone.
    """

    what: str
    kind: str
    record: Json
    loss: str | None
    carry_out: Callable[[], Awaitable[bool]]
    notes: Sequence[str] = ()
    then: Sequence[Plan] = ()
    by_itself: str | None = None

    @property
    def steps(self) -> Sequence[Plan]:
        """The changes of the command, one after another."""
        return (self, *self.then)

    def outcome(self, *, is_done: bool) -> Mapping[str, object]:
        """What was done, or with a dry run would be, as JSON; what comes after is told under the plural of its kind."""
        after = {
            f"{kind}s": [one.record for one in self.then if one.kind == kind] for kind in {o.kind for o in self.then}
        }
        return {"done": is_done, "what": " and ".join(one.what for one in self.steps), self.kind: self.record, **after}
