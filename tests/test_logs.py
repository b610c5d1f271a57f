"""Log lines as they are written: whole, in form, and without identity numbers wherever they came from."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pytest
import structlog

from gateway.logs import configure_logs

NUMBER = "199003152390"
FORMS = (NUMBER, "SE165599990010", f"x{NUMBER}", "19900315 2390", "900315-2390", f"first line\n{NUMBER}", f"å{NUMBER}")

Style = Literal["json", "console"]


@dataclass
class Reference:
    """Something that no renderer knows."""

    subject: str


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """The logs of the other tests are not touched."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
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
