"""Drives the coroutines of a level side by side without a task for each.

A Strand stands in for a task: it runs a coroutine until it waits for a future, and goes on when that is done. What it
leaves out is what costs: a task begins in a later turn of the event loop, and is a future itself. What
`asyncio.timeout`, task groups and HTTP clients ask of the task they are in a strand answers, and nothing else; asyncio
lets others implement tasks in just this way ("Extending", in its documentation).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextvars import copy_context
from types import CoroutineType
from typing import Any

Ended = Callable[[int, Any], None]
"""Told of a strand's number, and of what it returned or raised."""


class Strand:
    """One coroutine under way. The names with an underscore are those a task has, since libraries look at them."""

    __slots__ = (
        "__weakref__",
        "_cancel_message",
        "_cancel_requests",
        "_coroutine",
        "_ended",
        "_fut_waiter",
        "_loop",
        "_must_cancel",
        "_number",
        "context",
    )

    def __init__(self, awaitable: Awaitable[Any], number: int, ended: Ended, loop: asyncio.AbstractEventLoop) -> None:
        self._coroutine: Coroutine[Any, Any, Any] = (
            awaitable if isinstance(awaitable, CoroutineType) else _awaited(awaitable)
        )
        self._number = number
        self._ended = ended
        self._loop = loop
        # Its own, as a task's: what it sets there is nobody else's.
        self.context = copy_context()
        self._fut_waiter: asyncio.Future[Any] | None = None
        self._must_cancel = False
        self._cancel_message: tuple[Any, ...] = ()
        self._cancel_requests = 0

    def cancel(self, msg: Any | None = None) -> bool:
        """Has CancelledError raised in the coroutine, as a task's `cancel` has."""
        self._cancel_requests += 1
        waiter = self._fut_waiter
        if waiter is None or not waiter.cancel(msg=msg):
            self._must_cancel = True
            self._cancel_message = () if msg is None else (msg,)
        return True

    def cancelling(self) -> int:
        """How many requests to cancel are not taken back."""
        return self._cancel_requests

    def uncancel(self) -> int:
        """Takes one request to cancel back, and says how many are left."""
        self._cancel_requests -= 1
        return self._cancel_requests

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The event loop it runs in."""
        return self._loop

    def get_coro(self) -> Coroutine[Any, Any, Any]:
        """The coroutine."""
        return self._coroutine

    def get_name(self) -> str:
        """What it is called in logs."""
        return f"strand {self._number}"

    def done(self) -> bool:
        """A strand that anyone can ask is running."""
        return False

    def _resume(self, _: asyncio.Future[Any]) -> None:
        self._fut_waiter = None
        self.step()

    def step(self, raising: BaseException | None = None) -> None:
        """Runs the coroutine until it waits, or ends. Only where no task is current."""
        if self._must_cancel:
            self._must_cancel = False
            raising = asyncio.CancelledError(*self._cancel_message)
        loop = self._loop
        asyncio.tasks._enter_task(loop, self)  # type: ignore[arg-type]  # noqa: SLF001
        try:
            awaited = self._coroutine.send(None) if raising is None else self._coroutine.throw(raising)
        except StopIteration as stop:
            outcome = stop.value
        except BaseException as exc:  # noqa: BLE001 - it becomes the field's error, or that of the run
            outcome = exc
        else:
            self._wait_for(awaited)
            return
        finally:
            asyncio.tasks._leave_task(loop, self)  # type: ignore[arg-type]  # noqa: SLF001
        self._ended(self._number, outcome)

    def _wait_for(self, awaited: Any) -> None:
        if awaited is None:  # a bare `yield`: to let others have their turn
            self._loop.call_soon(self.step, context=self.context)
        elif getattr(awaited, "_asyncio_future_blocking", None):
            awaited._asyncio_future_blocking = False  # noqa: SLF001 - so futures know that they are awaited
            awaited.add_done_callback(self._resume, context=self.context)
            self._fut_waiter = awaited
            if self._must_cancel and awaited.cancel(*self._cancel_message):
                self._must_cancel = False
        else:
            wrong = RuntimeError(f"a coroutine waits for {awaited!r}, which is no future")
            self._loop.call_soon(self.step, wrong, context=self.context)


def start_all(strands: Iterable[Strand]) -> None:
    """Runs each of `strands`, which are of the running loop, until it first waits; in the place of the present task."""
    task = asyncio.current_task()
    assert task is not None, "coroutines are begun by one that is run"
    loop = asyncio.get_running_loop()
    asyncio.tasks._leave_task(loop, task)  # noqa: SLF001 - documented for those who implement tasks
    try:
        for strand in strands:
            strand.context.run(strand.step)
    finally:
        asyncio.tasks._enter_task(loop, task)  # noqa: SLF001


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
