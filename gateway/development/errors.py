"""The one error of `gateway dev` and `gateway token`: a sentence for the person at the terminal."""

from __future__ import annotations

from collections.abc import Sequence


class DevelopmentError(Exception):
    """Something a person can mend; its text says what is wrong, where, and what to do. Shown without a traceback.

    `last_lines` is what a failed child process wrote last, if it is about one.
    """

    def __init__(self, sentence: str, last_lines: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.last_lines = tuple(last_lines)
