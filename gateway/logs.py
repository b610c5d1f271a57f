"""Structured logs: one JSON object a line, or coloured lines for people. Identity numbers are blotted out."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from gateway.model.identity_numbers import without_numbers


def configure_logs(level: str, style: Literal["json", "console"]) -> None:
    """Sends every log line of this process, the libraries' included, to standard output in one form."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso" if style == "json" else "%H:%M:%S", utc=style == "json"),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(
            colors=_coloured(),
            exception_formatter=structlog.dev.plain_traceback,
            pad_event_to=18,
            sort_keys=False,
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _ids_last, _blotted, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("uvicorn.access", "uvicorn.error", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _ids_last(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """What a line is about first, what it is found by last."""
    for name in ("consumer", "operation", "document", "request_id"):
        if name in event:
            event[name] = event.pop(name)
    return event


def _coloured() -> bool:
    """Colour on a terminal, or where FORCE_COLOR says there is one at the end; NO_COLOR wins."""
    return not os.environ.get("NO_COLOR") and (sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR")))


def _blotted(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
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
