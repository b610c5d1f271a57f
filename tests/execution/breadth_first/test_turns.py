"""What is awaited: together, side by side, without tasks; and ended when nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Generator
from contextvars import ContextVar
from typing import Any

import pytest
from aiodataloader import DataLoader
from graphql import GraphQLResolveInfo

from tests.execution.breadth_first.comparing import ours
from tests.execution.breadth_first.small import asked, both, schema_of

SDL = """
type Query { things: [Thing!]! slow: Thing quick: Thing must: Int! fails: Int! }
type Thing { name: String number: Int! other: Thing others: [Thing] }
"""
THINGS = [{"name": str(number)} for number in range(5)]


async def test_the_loads_of_one_field_are_one_batch_and_those_of_the_field_below_another() -> None:
    batches: list[list[str]] = []

    class Loader(DataLoader[str, dict[str, Any]]):
        async def batch_load_fn(self, keys: list[str]) -> list[dict[str, Any]]:
            batches.append(list(keys))
            return [{"name": f"{key}'"} for key in keys]

    loader = Loader(cache=False)

    async def other(thing: dict[str, Any], _: Any) -> dict[str, Any]:
        return await loader.load(thing["name"])

    schema = schema_of(SDL, {"Query.things": lambda *_: THINGS, "Thing.other": other})
    answer = await ours(schema, asked("{ things { other { other { name } } a: other { name } } }"), None)

    assert batches == [["0", "1", "2", "3", "4"] * 2, ["0'", "1'", "2'", "3'", "4'"]]
    assert answer.data is not None
    assert answer.data["things"][4] == {"other": {"other": {"name": "4''"}}, "a": {"name": "4'"}}


async def test_a_slow_field_does_not_keep_what_is_below_another_from_being_asked() -> None:
    asked_below, released = asyncio.Event(), asyncio.Event()

    async def slow(*_: Any) -> dict[str, Any]:
        await asyncio.wait_for(asked_below.wait(), 5)
        released.set()
        return {"name": "slow"}

    async def quick(*_: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"name": "quick"}

    async def other(*_: Any) -> dict[str, Any]:
        asked_below.set()
        await released.wait()
        return {"name": "below"}

    schema = schema_of(SDL, {"Query.slow": slow, "Query.quick": quick, "Thing.other": other})

    answer = await ours(schema, asked("{ slow { name } quick { name other { name } } }"), None)

    assert answer.data == {"slow": {"name": "slow"}, "quick": {"name": "quick", "other": {"name": "below"}}}


async def test_no_task_is_made_however_many_objects_there_are() -> None:
    made: list[object] = []
    loop = asyncio.get_running_loop()

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any) -> asyncio.Task[Any]:
        made.append(coroutine)
        return asyncio.Task(coroutine, loop=loop, **more)

    async def other(thing: dict[str, Any], _: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        return thing

    schema = schema_of(SDL, {"Query.things": lambda *_: THINGS, "Thing.other": other})
    loop.set_task_factory(factory)
    try:
        await ours(schema, asked("{ things { other { other { name } } } }"), None)
    finally:
        loop.set_task_factory(None)

    assert made == []


async def test_what_has_no_need_to_wait_is_answered_in_the_same_turn() -> None:
    async def at_once(*_: Any) -> int:
        return 1

    turns: list[int] = []
    schema = schema_of(SDL, {"Query.things": lambda *_: THINGS, "Thing.number": at_once})
    asyncio.get_running_loop().call_soon(turns.append, 1)

    answer = await ours(schema, asked("{ things { number } }"), None)

    assert answer.data == {"things": [{"number": 1}] * 5}
    assert turns == []


class Awaited:
    """Something to await that is no coroutine."""

    def __await__(self) -> Generator[Any, None, str]:
        yield from asyncio.sleep(0).__await__()
        return "awaited"


async def test_whatever_can_be_awaited_is() -> None:
    loop = asyncio.get_running_loop()

    def future(*_: Any) -> Awaitable[dict[str, Any]]:
        made = loop.create_future()
        loop.call_soon(made.set_result, {"name": Awaited()})
        return made

    schema = schema_of(SDL, {"Query.slow": future, "Query.quick": lambda *_: {"name": "quick"}})

    answer = await ours(schema, asked("{ slow { name } quick { name } }"), None)

    assert answer.data == {"slow": {"name": "awaited"}, "quick": {"name": "quick"}}


async def test_each_coroutine_has_what_a_task_has() -> None:
    number: ContextVar[int] = ContextVar("number", default=0)

    async def other(thing: dict[str, Any], _: Any) -> dict[str, Any]:
        task = asyncio.current_task()
        assert task is not None
        assert task.get_loop() is asyncio.get_running_loop()
        assert not task.done()
        token = number.set(number.get() + 1)
        await asyncio.sleep(0)
        assert asyncio.current_task() is task
        assert number.get() == 1, "another coroutine's"
        number.reset(token)
        try:
            async with asyncio.timeout(0.001 * int(thing["name"])):
                await asyncio.Event().wait()
        except TimeoutError:
            return {"name": f"{task.get_name()} {task.get_coro() is not None} {task.cancelling()}"}
        raise AssertionError

    schema = schema_of(SDL, {"Query.things": lambda *_: THINGS, "Thing.other": other})

    answer = await ours(schema, asked("{ things { other { name } } }"), None)

    assert answer.errors is None
    assert answer.data == {"things": [{"other": {"name": f"strand {index} True 0"}} for index in range(5)]}
    assert number.get() == 0


async def test_a_coroutine_that_waits_for_no_future_fails_by_itself() -> None:
    class Odd:
        def __await__(self) -> Generator[Any, None, None]:
            yield 7

    async def slow(*_: Any) -> None:
        await Odd()

    schema = schema_of(SDL, {"Query.slow": slow, "Query.quick": lambda *_: {"name": "quick"}})

    answer = await ours(schema, asked("{ slow { name } quick { name } }"), None)

    assert answer.data == {"slow": None, "quick": {"name": "quick"}}
    assert answer.errors is not None
    assert "7" in answer.errors[0].message


async def test_a_coroutine_may_cancel_itself_and_think_better_of_it() -> None:
    async def slow(*_: Any) -> dict[str, Any]:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            task.uncancel()
        task.cancel()
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            task.uncancel()
        return {"name": str(task.cancelling())}

    schema = schema_of(SDL, {"Query.slow": slow})

    assert (await ours(schema, asked("{ slow { name } }"), None)).data == {"slow": {"name": "0"}}


async def test_who_is_cancelled_has_everything_ended_before_it_goes_on() -> None:
    begun, ended = [], []

    async def other(thing: dict[str, Any], _: Any) -> None:
        begun.append(thing["name"])
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.001 * int(thing["name"]))
            ended.append(thing["name"])

    schema = schema_of(SDL, {"Query.things": lambda *_: THINGS, "Thing.other": other})
    running = asyncio.ensure_future(ours(schema, asked("{ things { other { name } } }"), None))
    await asyncio.sleep(0.01)
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running

    assert begun == sorted(ended) == ["0", "1", "2", "3", "4"]


async def test_a_resolver_that_is_cancelled_by_others_cancels_the_run() -> None:
    ended = []

    async def slow(*_: Any) -> None:
        raise asyncio.CancelledError

    async def quick(*_: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("quick")

    schema = schema_of(SDL, {"Query.slow": slow, "Query.quick": quick})

    with pytest.raises(asyncio.CancelledError):
        await ours(schema, asked("{ quick { name } slow { name } }"), None)

    assert ended == ["quick"]


async def test_nothing_is_waited_for_that_an_error_has_made_null() -> None:
    ended = []

    async def fails(*_: Any) -> int:
        await asyncio.sleep(0)
        raise ValueError("no")

    async def never(thing: Any, _: Any) -> dict[str, Any]:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(thing)
        raise AssertionError

    schema = schema_of(SDL, {"Query.fails": fails, "Query.slow": never})

    answer = await asyncio.wait_for(ours(schema, asked("{ slow { name } fails }"), None), 5)

    assert answer.data is None
    assert [error.message for error in answer.errors or ()] == ["no"]
    assert ended == [None]


async def test_what_is_asked_for_an_object_that_is_null_already_is_not_asked() -> None:
    begun = []

    async def other(thing: dict[str, Any], _: Any) -> dict[str, Any]:
        begun.append(thing["name"])
        return thing

    def number(thing: dict[str, Any], _: Any) -> int | None:
        return None if thing["name"] == "3" else 1

    sdl = SDL.replace("things: [Thing!]!", "things: [Thing]")
    schema = schema_of(sdl, {"Query.things": lambda *_: THINGS, "Thing.other": other, "Thing.number": number})

    answer = await both(schema, "{ things { number other { name } } }")

    assert answer.data is not None
    assert answer.data["things"][3] is None
    assert begun == ["0", "1", "2", "4"] * 2, "ours, and graphql-core's"


async def test_work_that_a_resolver_leaves_behind_is_kept_until_it_is_done() -> None:
    done = asyncio.Event()

    async def later() -> int:
        await asyncio.sleep(0.001)
        done.set()
        return 2

    async def slow(_: Any, info: GraphQLResolveInfo[Any]) -> dict[str, Any]:
        info.async_helpers.track([later(), 7])
        info.async_helpers.track([])
        return {"name": str(await info.async_helpers.gather([later()]))}

    schema = schema_of(SDL, {"Query.slow": slow})

    assert (await ours(schema, asked("{ slow { name } }"), None)).data == {"slow": {"name": "[2]"}}
    await asyncio.wait_for(done.wait(), 5)


async def test_lists_may_come_asynchronously() -> None:
    async def things(*_: Any) -> AsyncIterator[dict[str, str]]:
        for thing in THINGS[:2]:
            await asyncio.sleep(0)
            yield thing

    schema = schema_of(SDL, {"Query.things": things})

    assert (await both(schema, "{ things { name } }")).data == {"things": [{"name": "0"}, {"name": "1"}]}


class Stopped(BaseException):
    """No field's error."""


@pytest.mark.parametrize("failure", [asyncio.CancelledError, Stopped, GeneratorExit])
@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("text", ["{ slow { name } quick { name } }", "{ quick { name } slow { name } }"])
async def test_what_is_no_fields_error_ends_the_run_whatever_else_is_there(
    failure: type[BaseException], text: str, *, is_late: bool
) -> None:
    async def slow(*_: Any) -> None:
        if is_late:
            await asyncio.sleep(0)
        raise failure

    async def quick(*_: Any) -> None:
        if is_late:
            await asyncio.sleep(0)

    schema = schema_of(SDL, {"Query.slow": slow, "Query.quick": quick})

    with pytest.raises(failure):
        await asyncio.wait_for(ours(schema, asked(text), None), 5)


async def test_who_is_cancelled_is_told_by_whom() -> None:
    messages: list[object] = []

    async def slow(*_: Any) -> None:
        task = asyncio.current_task()
        assert task is not None
        for wait in (asyncio.sleep(5), asyncio.sleep(0)):
            task.cancel("by itself")
            try:
                await wait
            except asyncio.CancelledError as exc:
                messages.append(exc.args)
                task.uncancel()

    await ours(schema_of(SDL, {"Query.slow": slow}), asked("{ slow { name } }"), None)

    assert messages == [("by itself",)] * 2
