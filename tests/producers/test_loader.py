"""What is asked for at one time goes to a producer together, and each who asks gets their own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, cast

from gateway.model.status import StatusAnswer, StatusOutcome, Unavailable, UnavailableReason
from gateway.producers.client import ProducerClient
from gateway.producers.guard import CallContext
from gateway.producers.loader import Asked, Load, StatusLoaders
from tests.policy.agreed import FILING_VAT, NOW, TAX, producer, selection

SELECTED = selection("title")
ONE, OTHER = ("T-1", "VAT"), ("T-2", "VAT")


class Client:
    """Answers with each case's reference as its title, once it may."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Collection[str]]] = []
        self.answered = 0
        self.may_answer = asyncio.Event()

    async def statuses(self, _: Any, cases: Mapping[str, Collection[str]], *__: Any) -> dict[str, StatusOutcome]:
        """What a ProducerClient does."""
        self.asked.append(cases)
        await self.may_answer.wait()
        self.answered += 1
        return {reference: StatusAnswer({"title": reference}, NOW) for reference in cases}

    def loaders(self, *, connected: bool = True) -> StatusLoaders:
        """Loaders of one operation."""
        found = producer(TAX) if connected else None
        return StatusLoaders(cast(ProducerClient, self), lambda _: found, cast(CallContext, None))


def load(loaders: StatusLoaders, *cases: Asked) -> Load:
    return loaders.load(TAX, FILING_VAT, SELECTED, cases)


async def titles(loaded: Load) -> list[object]:
    return [outcome.fields["title"] for outcome in await loaded.outcomes() if isinstance(outcome, StatusAnswer)]


async def test_what_is_asked_for_at_one_time_is_one_question_and_no_case_is_asked_about_twice() -> None:
    client = Client()
    client.may_answer.set()
    loaders = client.loaders()
    first, second = load(loaders, OTHER, ONE), load(loaders, ONE, ONE)

    assert await titles(first) == ["T-2", "T-1"]
    assert await titles(second) == ["T-1", "T-1"]
    assert await titles(load(loaders, ONE)) == ["T-1"]
    assert client.asked == [{"T-2": ("VAT",), "T-1": ("VAT",)}]


async def test_a_case_that_is_said_to_be_of_two_types_is_asked_about_with_both() -> None:
    client = Client()
    client.may_answer.set()

    assert await titles(load(client.loaders(), ONE, ("T-1", "INCOME"))) == ["T-1", "T-1"]
    assert client.asked == [{"T-1": ("VAT", "INCOME")}]


async def test_who_is_cancelled_takes_nothing_from_others_who_ask_for_the_same() -> None:
    client = Client()
    loaders = client.loaders()
    leaving, staying = (asyncio.ensure_future(titles(load(loaders, ONE))) for _ in range(2))
    await asyncio.sleep(0.01)
    leaving.cancel()
    client.may_answer.set()

    assert await staying == ["T-1"]
    assert leaving.cancelled()


async def test_of_a_producer_that_is_not_connected_nothing_is_asked() -> None:
    client = Client()

    outcomes = await load(client.loaders(connected=False), ONE).outcomes()

    assert outcomes == [Unavailable(UnavailableReason.PRODUCER_UNAVAILABLE)]
    assert client.asked == []


async def test_what_is_given_up_is_asked_no_longer_and_what_is_answered_stays() -> None:
    client = Client()
    client.may_answer.set()
    loaders = client.loaders()
    answered = load(loaders, ONE)
    await answered.outcomes()
    client.may_answer.clear()
    unanswered = asyncio.ensure_future(titles(load(loaders, OTHER)))
    await asyncio.sleep(0.01)

    loaders.give_up()
    client.may_answer.set()
    await asyncio.sleep(0.01)

    assert not unanswered.done()
    assert client.answered == 1
    assert await titles(answered) == ["T-1"]
    unanswered.cancel()


async def test_what_was_to_be_asked_when_all_was_given_up_is_not_asked_at_all() -> None:
    client = Client()
    loaders = client.loaders()
    load(loaders, ONE)

    loaders.give_up()
    await asyncio.sleep(0.01)

    assert client.asked == []
