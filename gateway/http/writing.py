"""Answers as they go over the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson


def as_json(answer: Mapping[str, Any]) -> bytes:
    """`answer` as JSON in UTF-8. Its moments, which are in UTC, are written by RFC 3339."""
    return orjson.dumps(answer, option=orjson.OPT_UTC_Z)
