"""What is checked of every text and time that is written into a record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from gateway.administration.plans import Refused
from gateway.model.connection import Contact, Validity
from gateway.model.history import Cause
from gateway.model.identity_numbers import IDENTITY_NUMBER

LONGEST_WHY = 1_000
LONGEST_NAME = 200
LONGEST_EMAIL = 254
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def text_problems(option: str, text: str, longest: int) -> Iterator[str]:
    """What keeps `text` from being stored, a sentence each."""
    if not text.strip():
        yield f"{option} is empty; it must say something."
    elif len(text) > longest:
        yield f"{option} has {len(text)} characters; it may have {longest}."
    if IDENTITY_NUMBER.search(text):
        yield f"{option} has what may be an identity number in it; these records hold none. Name no person by number."


def contact_problems(option: str, contact: Contact) -> Iterator[str]:
    """What is wrong with a contact given as `OPTION-name` and `OPTION-email`, a sentence each."""
    yield from text_problems(f"{option}-name", contact.name, LONGEST_NAME)
    yield from text_problems(f"{option}-email", contact.email, LONGEST_EMAIL)
    if not EMAIL.fullmatch(contact.email):
        yield f"{option}-email is {contact.email!r}, which is no e-mail address such as kim@example.com."


def validity_problems(validity: Validity, moment: datetime) -> Iterator[str]:
    """What is wrong with a validity that is to begin, a sentence each."""
    if validity.end is None:
        return
    if validity.end <= validity.start:
        yield (
            f"--valid-until ({in_words(validity.end)}) is not after --valid-from ({in_words(validity.start)}); "
            "it would never hold."
        )
    elif validity.end <= moment:
        yield f"--valid-until ({in_words(validity.end)}) has passed; it would never hold."


def cause(by: str, why: str, moment: datetime) -> Cause:
    """Who makes a change, when and why. Raises Refused where the texts cannot be stored."""
    problems = [*text_problems("--why", why, LONGEST_WHY), *text_problems("--by", by, LONGEST_NAME)]
    if problems:
        raise Refused(*problems)
    return Cause(at=moment, by=by, why=why)


def in_words(moment: datetime) -> str:
    """A moment as people read it, in UTC, to the minute."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
