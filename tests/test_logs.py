"""Log lines as they are written: whole, in form, and without identity numbers wherever they came from."""

from __future__ import annotations

import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from gateway.logs import OURS, Lines, configure_logs, json_line
from gateway.model.identity_numbers import without_numbers

NUMBER = "199003152390"
FORMS = (NUMBER, "SE165599990010", f"x{NUMBER}", "19900315 2390", "900315-2390", f"first line\n{NUMBER}", f"å{NUMBER}")
HIDDEN = (
    f"\x01{NUMBER}",
    f"{NUMBER}\x1f1",
    f"\x7f{NUMBER[2:]}",
    NUMBER.translate({48 + i: 0x660 + i for i in range(10)}),
)
"""Numbers that an escape would stand right before, and one in other digits than ours."""

Style = Literal["json", "console"]


@dataclass
class Reference:
    """Something that no renderer knows."""

    subject: str


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """The logs of the other tests are not touched."""
    root, ours = logging.getLogger(), logging.getLogger(OURS)
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    structlog.reset_defaults()


def written(capsys: pytest.CaptureFixture[str]) -> str:
    text = capsys.readouterr().out
    assert text
    return text


def holds_a_number(text: str) -> bool:
    return re.search(r"(165599990010|0315.?2390)", text) is not None


def log_everywhere(number: str) -> None:
    """The number in each place of a log line that can hold one."""
    log = structlog.get_logger("test")
    log.info(
        "value", text=number, nested={number: [number, (number, {number})]}, raw=number.encode(), of=Reference(number)
    )
    log.info(number)
    logging.getLogger("library").warning("foreign %s", number)
    try:
        raise ValueError(number)
    except ValueError as exc:
        log.exception("raised")
        log.error("given", exc_info=exc)  # noqa: TRY400 - as the gateway logs a fault it was handed
        logging.getLogger("library").exception("foreign raised")


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize("number", FORMS)
def test_no_line_holds_an_identity_number(style: Style, number: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", style)

    log_everywhere(number)

    text = written(capsys)
    assert not holds_a_number(text), text
    assert text.count("ValueError: ") == 3
    assert len(re.findall(r"…|\\u2026", text)) >= 10


@pytest.mark.parametrize("style", ["json", "console"])
def test_at_debug_the_libraries_still_do_not_tell_what_they_handle(
    style: Style, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("debug", style)

    logging.getLogger("pymongo.command").debug("insert: a note of the end user's")
    logging.getLogger("library").info("of a library")
    structlog.get_logger("gateway.http").debug("of ours")

    text = written(capsys)
    assert ("of ours" in text, "of a library" in text, "note" in text) == (True, True, False)


@pytest.mark.parametrize("number", FORMS)
def test_every_line_is_one_json_object(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")

    log_everywhere(number)

    lines = [json.loads(line) for line in written(capsys).splitlines()]
    assert len(lines) == 6
    assert {"event", "level", "timestamp"} <= set.intersection(*(set(line) for line in lines))
    assert not holds_a_number(json.dumps(lines, ensure_ascii=False))


def test_a_number_that_is_no_text_is_blotted_and_the_line_stays_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")

    structlog.get_logger("test").info("value", subject=int(NUMBER), path=["cases", 3], found=True, none=None, ms=1.5)

    line = json.loads(written(capsys))
    assert line["subject"] == "…"
    rest: dict[str, Any] = {"path": ["cases", 3], "found": True, "none": None, "ms": 1.5}
    assert {name: line[name] for name in rest} == rest


def test_what_is_no_number_is_written_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")

    structlog.get_logger("test").info("value", reference="SKV-2026-55810", of=Reference("å"))

    line = json.loads(written(capsys))
    assert (line["reference"], line["of"]) == ("SKV-2026-55810", "Reference(subject='å')")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line["timestamp"])


@pytest.mark.parametrize("text", HIDDEN)
def test_no_escape_and_no_other_digits_hide_a_number(text: str) -> None:
    line = json.loads(json_line({"event": "value", "text": text}))

    assert line["text"] == without_numbers(text) != text


AROUND = st.text('\x00\x1f\n\r"\\aå\ud800 -+01', max_size=3)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.builds("{}{}{}".format, AROUND, st.sampled_from(["", NUMBER, "900315-2390", "123456789"]), AROUND),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(AROUND, inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["event", "path", "code"]), VALUES, max_size=3))
def test_a_line_is_its_event_with_every_number_blotted_out(event: dict[str, Any]) -> None:
    def blotted(value: Any) -> Any:
        match value:
            case dict():
                return {without_numbers(name): blotted(part) for name, part in value.items()}
            case list():
                return [blotted(part) for part in value]
            case str():
                return without_numbers(value)
            case int() if not isinstance(value, bool) and without_numbers(str(value)) != str(value):
                return without_numbers(str(value))
        return value

    line = json_line(event)

    assert json.loads(line) == {name: blotted(value) for name, value in event.items()}
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1


def test_a_line_that_cannot_be_written_fails_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    class Full(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError("no space left")

    lines = Lines(Full())

    lines.info(event="request")
    lines.handle(logging.makeLogRecord({"msg": "foreign"}))

    assert capsys.readouterr().err.count("OSError: no space left") == 2


def test_the_lines_of_many_threads_do_not_mix_and_each_is_out_when_it_was_written() -> None:
    """In a process that ends without warning, of which nothing is flushed."""
    program = """
import logging, os, threading, structlog
from gateway.logs import configure_logs
configure_logs("info", "json")
def write(number):
    for _ in range(200):
        structlog.get_logger("test").info("ours", number=number, text="x" * 3000)
        logging.getLogger("library").warning("theirs %s", "y" * 9000)
threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
os._exit(1)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)

    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.stderr == b""
    assert [line["event"][:6] for line in lines].count("ours") == 800
    assert len(lines) == 1600


def test_what_a_line_is_found_by_stands_last(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")

    with structlog.contextvars.bound_contextvars(request_id="a", consumer="b", document="c", operation="d"):
        structlog.get_logger("test").info("request", path="/")
        logging.getLogger("library").warning("foreign")

    ours, foreign = (list(json.loads(line)) for line in written(capsys).splitlines())
    last = ["level", "timestamp", "consumer", "operation", "document", "request_id"]
    assert ours == ["path", "event", *last]
    assert foreign == ["event", *last]
