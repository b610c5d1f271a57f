"""Structured logs: one JSON object a line, or coloured lines for people. Identity numbers are blotted out."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO, Literal

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from gateway.model.identity_numbers import without_numbers

OURS = "gateway"
"""What the names of our loggers begin with."""


def configure_logs(level: str, style: Literal["json", "console"]) -> None:
    """Sends every log line of this process, the libraries' included, to standard output in one form.

    `level` is the least of ours. Of the libraries nothing below info is logged: that has in it what they handle, as
    whole commands to the database with the case groups they write.
    """
    root = logging.getLogger()
    root.handlers[:] = [_json_lines(level) if style == "json" else _console(level)]
    root.setLevel(max(logging.INFO, logging.getLevelNamesMapping()[level.upper()]))
    logging.getLogger(OURS).setLevel(level.upper())
    for noisy in ("uvicorn.access", "uvicorn.error", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _json_lines(level: str) -> logging.Handler:
    """The handler for the libraries' lines. Ours go past the standard library, whose way costs more than the line."""
    lines = Lines(sys.stdout.buffer)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_shared(structlog.processors.TimeStamper(fmt="iso", utc=True)),
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _ids_last, _rendered],
        )
    )
    structlog.configure(
        processors=[_complete],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    return lines


def _console(level: str) -> logging.Handler:
    shared = _shared(structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer = structlog.dev.ConsoleRenderer(
        colors=_coloured(),
        exception_formatter=structlog.dev.plain_traceback,
        pad_event_to=18,
        sort_keys=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _ids_last,
                _blotting,
                renderer,
            ],
        )
    )
    return handler


def _shared(stamper: Processor) -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        stamper,
        structlog.processors.format_exc_info,
    ]


def _complete(logger: WrappedLogger, level: str, event: EventDict) -> EventDict:
    """What `_shared` and `_ids_last` make of an event, in one step: every request has several lines."""
    structlog.contextvars.merge_contextvars(logger, level, event)
    event["level"] = level
    event["timestamp"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    if "exc_info" in event:
        structlog.processors.format_exc_info(logger, level, event)
    return _ids_last(logger, level, event)


class Lines(logging.Handler):
    """Writes each event to `file` at once, as a line of JSON: ours as structlog's logger, the libraries' as a handler.

    What cannot be written fails nobody: that is told on standard error, as the standard library does.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file

    def event(self, /, **event: Any) -> None:
        """Writes one event of ours; its level is in it."""
        try:
            self._write(json_line(event))
        except Exception:  # noqa: BLE001 - whatever it is, the work that is told of goes on
            self.handleError(logging.makeLogRecord({"msg": "An event was not logged."}))

    debug = info = warning = error = critical = event

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record of a library."""
        try:
            self._write(self.format(record).encode())
        except Exception:  # noqa: BLE001 - as above
            self.handleError(record)

    def _write(self, line: bytes) -> None:
        self.acquire()
        try:
            self._file.write(line)
            self._file.flush()
        finally:
            self.release()


PLAIN = frozenset({str, int, float, bool, type(None)})

_SHAPES = bytes.maketrans(b"123456789+ ", b"000000000--")
_DIGITS, _DIVIDED = b"0" * 10, b"000000-0000"
"""What the shape of every identity number has in it, whatever stands before and after."""


def json_line(event: Mapping[str, Any]) -> bytes:
    """`event` as one line of JSON with its end, identity numbers blotted out.

    The digits and signs of a number are never escaped, so the line has in it what the values have. But what stands
    before a number may be escaped and end in a digit: where one could be, the event is blotted before it is rendered.
    So it is where there are other characters than ASCII, since other digits may be among them.
    """
    if PLAIN.issuperset(map(type, event.values())):
        line = _dumped(event)
        shape = line.translate(_SHAPES)
        if line.isascii() and _DIGITS not in shape and _DIVIDED not in shape:
            return line
    return _dumped(_blotted(event))


def _dumped(event: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # Half a character (a surrogate), or a number of more than 64 bits.
        return json.dumps(event).encode() + b"\n"


def _rendered(_: WrappedLogger, __: str, event: EventDict) -> str:
    return json_line(event).decode()


def _ids_last(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """What a line is about first, what it is found by last."""
    for name in ("consumer", "operation", "document", "request_id"):
        if name in event:
            event[name] = event.pop(name)
    return event


def _coloured() -> bool:
    """Colour on a terminal, or where FORCE_COLOR says there is one at the end; NO_COLOR wins."""
    return not os.environ.get("NO_COLOR") and (sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR")))


def _blotting(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return _blotted(event)


def _blotted(event: Mapping[str, Any]) -> dict[str, Any]:
    """The last resort: what could be an identity number does not reach the log, wherever it came from.

    The event is blotted before it is rendered: no escape hides where a number begins, and JSON stays JSON.
    """
    return {name: _without_numbers(value) for name, value in event.items()}


def _without_numbers(value: Any) -> Any:
    """`value` as it may be rendered; what is neither text, number nor container becomes text here."""
    match value:
        case None | bool() | float():
            return value
        case Mapping():
            return {without_numbers(str(key)): _without_numbers(part) for key, part in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_without_numbers(part) for part in value]
    text = _text(value)
    blotted = without_numbers(text)
    return value if isinstance(value, int) and blotted == text else blotted


def _text(value: object) -> str:
    match value:
        case str():
            return value
        case bytes():
            return value.decode(errors="replace")
        case _:
            return repr(value)
