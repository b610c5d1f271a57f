"""One whole answer, whether it came at once or in parts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from tests.gateway import Answer
from tests.http.parts import together

BOUNDARY = re.compile(rb"\r\n---(?:--)?\r\n")


@dataclass(frozen=True)
class Whole:
    """The data of all parts, and all their errors."""

    data: Any
    errors: list[Any]

    def forbidden(self) -> set[tuple[str, ...]]:
        """Where FORBIDDEN_FIELD stands, list indices left out."""
        return {_place(error) for error in self.errors if error["extensions"]["code"] == "FORBIDDEN_FIELD"}


def whole(answer: Answer) -> Whole:
    """The answer put together. One of its parts never says the same thing about the same place twice."""
    if not answer.headers["Content-Type"].startswith("multipart/"):
        return Whole(answer.json["data"], _told_once(answer.json.get("errors", ())))
    parts = [orjson.loads(part.partition(b"\r\n\r\n")[2]) for part in BOUNDARY.split(answer.body) if part]
    errors = _told_once(parts[0].get("errors", ()))
    for part in parts[1:]:
        for one in (*part.get("incremental", ()), *part.get("completed", ())):
            errors += _told_once(one.get("errors", ()))
    return Whole(together(parts), errors)


def _told_once(errors: Iterable[Any]) -> list[Any]:
    told = [(_place(error), error["message"]) for error in errors if error["extensions"]["code"] == "FORBIDDEN_FIELD"]
    assert len(told) == len(set(told)), told
    return list(errors)


def _place(error: Any) -> tuple[str, ...]:
    return tuple(step for step in error["path"] if isinstance(step, str))
