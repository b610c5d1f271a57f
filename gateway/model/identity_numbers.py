"""Identity numbers, wherever they do not belong."""

from __future__ import annotations

import re

IDENTITY_NUMBER = re.compile(r"(?<!\d)(?:\d{2})?\d{6}[-+ ]?\d{4}(?!\d)")
"""What could be a person's or a company's number: ten or twelve digits, perhaps with a sign or a space before the last
four. Only more digits make it something else: letters may stand right beside it, as in `SE165599990010`."""


def without_numbers(text: str) -> str:
    """`text` with whatever could be an identity number blotted out."""
    return IDENTITY_NUMBER.sub("…", text)
