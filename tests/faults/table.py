"""The fault table: what a producer does, what becomes of its two cases, and what the log says of it.

`python -m tests.faults.table` writes it to docs/availability.md; tests/faults/test_faults.py asserts every row.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.docs.pages import TOP
from tests.faults.server import Fault, Question, rightly

PAGE = TOP / "docs" / "availability.md"
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"

SHOWN = "the status"
UNAVAILABLE, TIMEOUT, FAULT = "PRODUCER_UNAVAILABLE", "PRODUCER_TIMEOUT", "PRODUCER_FAULT"
REFUSED, NO_STATUS = "PRODUCER_REFUSED", "NO_STATUS"

BAD = "producer.bad_answer"
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Row:
    """One fault. `first` and `second` are the outcomes of its two cases; `log` is what `problem` says, in part.

    `requests`: how many of them reach it for one question of a caller; `retries`: how many are sent once more. `where`:
    what is wrong before any request.
    """

    name: str
    first: str
    second: str
    log: str | None
    fault: Fault = rightly
    requests: int = 1
    retries: int = 0
    where: str | None = None
    retry_after: int | None = None

    @property
    def outcome(self) -> str:
        """What becomes of its cases, in a few words."""
        shown = [one if one == SHOWN else f"`{one}`" for one in (self.first, self.second)]
        return shown[0] if shown[0] == shown[1] else f"{shown[0]}; for the other case {shown[1]}"

    @property
    def questions(self) -> int:
        """How many questions the gateway puts to it, retries apart; each half of a batch is one of its own."""
        return max(1, self.requests - self.retries)

    @property
    def counted_as(self) -> str:
        """The outcome of each of these in the metrics."""
        return self.first if self.first not in {SHOWN, NO_STATUS} else "ok"


def both(name: str, outcome: str, log: str | None, fault: Fault = rightly, **more: Any) -> Row:
    """A fault that costs both cases the same."""
    return Row(name, outcome, outcome, log, fault, **more)


def first(name: str, log: str | None, change: Callable[[dict[str, Any]], object], outcome: str = FAULT) -> Row:
    """A right answer but for one change in its first case."""

    async def fault(question: Question) -> None:
        change(question.right["data"]["_entities"][0])
        await question.answer_json(question.right)

    return Row(name, outcome, SHOWN, log, fault)


def status_of_first(name: str, log: str | None, outcome: str = FAULT, **changes: object) -> Row:
    """A right answer but for some fields of the first case's status."""
    return first(name, log, lambda entity: entity["status"].update(changes), outcome)


def listed(name: str, one: str, two: str, log: str | None, change: Callable[[list[Any]], object]) -> Row:
    """A right answer but for one change in its list."""

    async def fault(question: Question) -> None:
        change(question.right["data"]["_entities"])
        await question.answer_json(question.right)

    return Row(name, one, two, log, fault)


def status(code: int, outcome: str, *, body: bool, headers: str = "", **more: Any) -> Row:
    """An HTTP status, with a page for a body or with none."""

    async def fault(question: Question) -> None:
        await question.answer(b"<html><body>Oj</body></html>" if body else b"", f"{code} Oj", headers)

    name = f"HTTP {code} {'with' if body else 'without'} a body{more.pop('also', '')}"
    return both(name, outcome, f"HTTP {code}", fault, **more)


def answering(change: Callable[[bytes], bytes], headers: str = "") -> Fault:
    """The right answer's bytes, changed."""

    async def fault(question: Question) -> None:
        await question.answer(change(json.dumps(question.right, ensure_ascii=False).encode()), headers=headers)

    return fault


async def never(question: Question) -> None:
    """Says nothing until the gateway hangs up."""
    await question.hung_up_on()


async def reset(question: Question) -> None:
    """Cuts the connection within the body."""
    await question.send(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"data": {"_ent')
    question.writer.transport.abort()


async def close_without_a_word(question: Question) -> None:
    """Closes the connection before a single byte."""
    question.writer.transport.abort()


async def drip(question: Question) -> None:
    """One byte at a time, for ever."""
    await question.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    while True:
        await question.send(b" ")
        await asyncio.sleep(0.05)


async def headers_only(question: Question) -> None:
    """Announces a body that never comes."""
    await question.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
    await question.hung_up_on()


async def a_hundred_megabytes(question: Question) -> None:
    """More than anybody asked for."""
    await question.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
    # In small pieces: what waits to be sent is kept in this process, too, whose memory is looked at.
    piece = b" " * (MEGABYTE // 20)
    for sent in range(100 * 20):
        # A socket that is gone takes what it is sent without a word.
        if question.reader.at_eof() or question.reader.exception() or question.writer.is_closing():
            return
        assert sent < 20 * 20, "the gateway reads on"
        await question.send(piece)


async def gzip_of_nothing(question: Question) -> None:
    """Compressed streams one after the other, each of them empty: together as long as an answer may be."""
    await question.answer(gzip.compress(b"") * 50_000, headers="Content-Encoding: gzip\r\n")


async def gzip_bomb(question: Question) -> None:
    """A hundred kilobytes that unpack to a hundred megabytes."""
    await question.answer(gzip.compress(b" " * 100 * MEGABYTE, 9), headers="Content-Encoding: gzip\r\n")


async def errors_alone(question: Question) -> None:
    """Fails whatever it is asked, and says so."""
    await question.answer_json({"data": None, "errors": [{"message": "Oj"}]})


async def errors_alone_with_500(question: Question) -> None:
    """The same, with a status that says it, too."""
    await question.answer_json({"errors": [{"message": "Oj"}]}, "500 Oj")


async def one_error(question: Question) -> None:
    """One case failed."""
    question.right["data"]["_entities"][0] = None
    await question.answer_json({**question.right, "errors": [{"message": "Oj", "path": ["_entities", 0, "status"]}]})


async def late_by_chance(question: Question) -> None:
    """Up to 200 ms late."""
    await asyncio.sleep(random.uniform(0, 0.2))
    await rightly(question)


def nested(levels: int) -> object:
    """An object in an object, and so on."""
    inner: object = "innermost"
    for _ in range(levels):
        inner = {"in": inner}
    return inner


def _swap(entities: list[Any]) -> None:
    entities[0], entities[1] = entities[1], entities[0]


def _null_the_first(entities: list[Any]) -> None:
    entities[0] = None


def _make_a_letter_of(entity: dict[str, Any]) -> None:
    entity.clear()
    entity["__typename"] = "Letter"


CONNECTION = "connection: "
TOO_LARGE = "the answer is larger than"
LATE = "no answer in"
RELOCATED = "Location: https://127.0.0.1:1/graphql\r\n"
WAIT = "Retry-After: 17\r\n"
NO_DATE = "Retry-After: Mon, 01 Jan 99999999999 00:00:00 GMT\r\n"

ROWS = [
    both("refuses connections", UNAVAILABLE, CONNECTION, requests=0, retries=1, where="refuses"),
    both("accepts and never answers", TIMEOUT, LATE, never),
    both("closes without a byte", UNAVAILABLE, CONNECTION, close_without_a_word, requests=2, retries=1),
    both("resets in the middle of the answer", UNAVAILABLE, CONNECTION, reset),
    both("answers byte by byte", TIMEOUT, LATE, drip),
    both("sends headers only", TIMEOUT, LATE, headers_only),
    status(301, FAULT, body=True, headers=RELOCATED, also=", to another host"),
    *(
        status(code, outcome, body=body)
        for code, outcome in (
            (400, FAULT),
            (401, REFUSED),
            (403, REFUSED),
            (404, FAULT),
            (429, UNAVAILABLE),
            (500, UNAVAILABLE),
            (502, UNAVAILABLE),
            (503, UNAVAILABLE),
        )
        for body in (True, False)
    ),
    status(429, UNAVAILABLE, body=False, headers=WAIT, also=", and `Retry-After`", retry_after=17),
    status(503, UNAVAILABLE, body=False, headers=WAIT, also=", and `Retry-After`", retry_after=17),
    status(503, UNAVAILABLE, body=False, headers=NO_DATE, also=", and `Retry-After` a date that there is not"),
    both("HTML with HTTP 200", FAULT, BAD, answering(lambda _: b"<html>Inloggning</html>")),
    both("truncated JSON", FAULT, BAD, answering(lambda body: body[:-10])),
    status_of_first("50 levels of nesting", BAD, extension=nested(50)),
    both("100 MB", FAULT, TOO_LARGE, a_hundred_megabytes),
    both("gzip of streams that hold nothing", FAULT, "compressed streams", gzip_of_nothing),
    both("a gzip bomb", FAULT, TOO_LARGE, gzip_bomb),
    both("another charset", FAULT, BAD, answering(lambda body: body.replace(b"Granskas", "Prövas".encode("latin-1")))),
    both(
        "duplicate keys (the last counts)",
        SHOWN,
        None,
        answering(lambda body: body.replace(b'{"reference"', b'{"reference": "X-1", "reference"')),
    ),
    both("NaN", FAULT, BAD, answering(lambda body: body.replace(b'"extension": null', b'"extension": NaN'))),
    both("`data: null` with errors", FAULT, None, errors_alone, requests=3),
    both("errors alone with HTTP 500", FAULT, None, errors_alone_with_500, requests=3),
    Row("partial data with errors by path", FAULT, SHOWN, None, one_error),
    listed("one list too short", FAULT, FAULT, BAD, lambda entities: entities.pop()),
    listed("one list too long", FAULT, FAULT, BAD, lambda entities: entities.append(None)),
    listed("a list reordered", FAULT, FAULT, BAD, _swap),
    first("a foreign reference", BAD, lambda entity: entity.update(reference="X-1")),
    listed("null for one", NO_STATUS, SHOWN, None, _null_the_first),
    first("another `__typename`", BAD, _make_a_letter_of),
    status_of_first("a number for a title", BAD, title=7),
    status_of_first("a text for a boolean", BAD, completed="no"),
    both("a title of 1 MiB", FAULT, TOO_LARGE, answering(lambda body: body.replace(b"Granskas", b"G" * 2**20))),
    status_of_first(
        "a title of bidirectional and control characters", None, SHOWN, title="\x00\u202etxet\u202c\x1b[31m"
    ),
    status_of_first("`updatedAt` in another zone", None, SHOWN, updatedAt="2026-03-01T14:00:00+05:30"),
    status_of_first("`updatedAt` without a zone", BAD, updatedAt="2026-03-01T09:30:00"),
    status_of_first("`updatedAt` in the year 0", BAD, updatedAt="0000-03-01T09:30:00Z"),
    status_of_first("a link with `javascript:`", BAD, references=[{"title": "Mer", "url": "javascript:alert(1)"}]),
    both("200 ms of jitter", SHOWN, None, late_by_chance),
    both("an expired certificate", UNAVAILABLE, "certificate has expired", requests=0, where="expired"),
    both("a self-signed certificate", UNAVAILABLE, "self-signed certificate", requests=0, where="self-signed"),
    both("a certificate for another name", UNAVAILABLE, "certificate is not valid for", requests=0, where="wrong name"),
    both("DNS that fails", UNAVAILABLE, CONNECTION, requests=0, where="no address"),
    both("DNS that changes to this machine", UNAVAILABLE, "127.0.0.2", requests=0, where="127.0.0.2"),
    both("DNS that changes to 169.254.169.254", UNAVAILABLE, "169.254.", requests=0, where="169.254.169.254"),
]

SCENARIOS = {
    "one poisoned case in a batch of 60": f"`{FAULT}` for that case; the status for the 59 others",
    "alternating good and bad": f"the status and `{UNAVAILABLE}`, by turns",
    "breaker open, half-open, closed again": f"`{UNAVAILABLE}` at once and without a request; then {SHOWN}",
    "all three producers down": f"`{UNAVAILABLE}` for every case; the list of cases is whole",
    "the gateway is overloaded while one hangs": f"`{TIMEOUT}`, and `{UNAVAILABLE}` without a request",
}
"""What takes more than one question: a test of its own each, named by `scenario`."""


def table() -> str:
    """The table in Markdown."""
    lines = ["| fault | outcome of its own cases | requests to it |", "|---|---|---|"]
    lines += [f"| {row.name} | {row.outcome} | {row.requests} |" for row in ROWS]
    lines += [f"| {name} | {outcome} | – |" for name, outcome in SCENARIOS.items()]
    return "\n".join(lines)


def with_table(text: str) -> str:
    """The page `text` with its table as it should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
