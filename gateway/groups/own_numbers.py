"""The caller's own identity numbers where the gateway would keep them: in references, codes and keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gateway.errors import UserErrorCode, UserProblem
from gateway.model.caller import Caller
from gateway.model.text import Text

LEAST_DIGITS = 10

NO_DIGIT = re.compile(r"\D+")


def number_problems(caller: Caller, texts: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[UserProblem]:
    """A problem for each text, with its field of the input, that holds the number of the subject or of who acts for it.

    The database and the record keep these texts, and identity numbers are kept nowhere (DESIGN §5). Only the caller's
    own are looked for: other digits may be an honest reference. What end users write in titles and notes is theirs.
    """
    numbers = [
        number[-LEAST_DIGITS:]
        for number in (caller.subject, *caller.actors)
        if number.isdecimal() and len(number) >= LEAST_DIGITS
    ]
    for text, field in texts:
        digits = NO_DIGIT.sub("", text)
        if any(number in digits for number in numbers):
            yield UserProblem(
                UserErrorCode.INVALID,
                Text(
                    sv="Personnummer och organisationsnummer får inte stå här.",
                    en="Personal and organisation identity numbers must not stand here.",
                ),
                field,
            )
