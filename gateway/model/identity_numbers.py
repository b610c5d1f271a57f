"""Identity numbers, wherever they do not belong."""

from __future__ import annotations

import re

IDENTITY_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:\d{2})?\d{6}[-+]?\d{4}(?![0-9A-Za-z])")
"""What could be a person's or a company's number: ten or twelve digits, perhaps with the sign before the last four."""


def without_numbers(text: str) -> str:
    """`text` with whatever could be an identity number blotted out."""
    return IDENTITY_NUMBER.sub("…", text)
