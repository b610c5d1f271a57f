"""JSON objects that mean one thing to everybody who reads them: no name twice, no value that JSON does not have."""

from __future__ import annotations

from json import JSONDecoder
from typing import Any, NoReturn


def json_object(content: bytes) -> dict[str, Any]:
    """The object that `content` is, in UTF-8.

    Which of two members of the same name counts, readers disagree on (RFC 8259 §4): such an object is refused at
    whatever depth, so that nobody before the gateway can have seen another token in the same text. Raises ValueError,
    TypeError when it is no object, and RecursionError when it is nested too deeply to be read.
    """
    found = _DECODER.decode(content.decode())
    if not isinstance(found, dict):
        raise TypeError("the JSON is not an object")
    return found


def _with_each_name_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise ValueError("the JSON has two members of the same name")
    return found


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON value")


_DECODER = JSONDecoder(object_pairs_hook=_with_each_name_once, parse_constant=_refused)
