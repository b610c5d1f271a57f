"""Languages by `Accept-Language` (RFC 9110 §12.5.4)."""

from __future__ import annotations

import re
from functools import lru_cache

from gateway.model.text import DEFAULT_LANGUAGE, Language

HEADER = re.compile(r"[A-Za-z0-9*,;=.\- ]{1,200}")
RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9]{1,8})*\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?"
)

DEFAULT_HEADER = "sv, en;q=0.5"

MOST_HEADERS = 256
"""Most callers send the same few: what those prefer is worked out once."""


def accept_language(header: str | None) -> str:
    """The header as it may be passed on to producers; the default for one that is missing or not well formed."""
    return header if header and HEADER.fullmatch(header) else DEFAULT_HEADER


@lru_cache(MOST_HEADERS)
def chosen_language(header: str) -> Language:
    """Swedish or English, whichever the caller prefers; Swedish when it says neither."""
    weights: dict[Language, float] = {}
    for part in header.split(","):
        match = RANGE.fullmatch(part)
        if match is None:
            continue
        tag, weight = match[1].lower(), float(match[2] or 1)
        if tag == "sv":
            weights["sv"] = max(weight, weights.get("sv", 0))
        elif tag == "en":
            weights["en"] = max(weight, weights.get("en", 0))
    best = max(weights, key=lambda language: weights[language], default=DEFAULT_LANGUAGE)
    return best if weights.get(best, 1) > 0 else DEFAULT_LANGUAGE
