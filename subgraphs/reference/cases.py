"""The cases of a demonstration producer: read from its data file, and moving with the clock.

Every case of a type follows that type's timeline over and over, from one fixed epoch, so what a case's status is
depends on the moment alone: all replicas agree, a restart changes nothing, and a test can ask about any time.
"""

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

Texts = dict[str, str]
"""One text in each of the producer's languages, by BCP 47 tag."""


class DataFileError(Exception):
    """The data file cannot be used; the message says where and why."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Link(_Record):
    """Where the end user can go on. `{reference}` in `url` and `value` stands for the case's reference."""

    title: Texts
    url: str | None = Field(default=None, pattern=r"^https://[^\s]+$")
    value: str | None = None


class Stage(_Record):
    """One status on a timeline. A field that is left out is one that this producer does not use."""

    seconds: int = Field(ge=1, description="How long the status lasts.")
    code: str = Field(min_length=1)
    title: Texts
    description: Texts | None = None
    requires_customer_action: bool | None = None
    completed: bool | None = None
    references: tuple[Link, ...] | None = None
    extension: dict[str, JsonValue] | None = None


class CaseRecord(_Record):
    """One case: whose it is, of which type, and how many seconds ahead of the epoch its timeline runs."""

    reference: str = Field(min_length=1, max_length=100)
    subject: str = Field(pattern=r"^\d{12}$")
    case_type: str = Field(pattern=r"^[A-Z0-9_.-]{1,100}$")
    phase: int = 0


class Standing(NamedTuple):
    """Where a case stands: its stage, when that began, and when the next one does."""

    stage: Stage
    since: datetime
    until: datetime


class CaseBook(_Record):
    """Everything a demonstration producer knows: the content of its data file."""

    languages: tuple[str, ...] = Field(min_length=1, description="The first is used when none was asked for.")
    code_system: str | None = None
    tells_next_change: bool = False
    timelines: dict[str, tuple[Stage, ...]]
    cases: tuple[CaseRecord, ...]

    def find(self, reference: str) -> CaseRecord | None:
        """The case with that reference."""
        return next((case for case in self.cases if case.reference == reference), None)

    def of_subject(self, subject: str) -> list[CaseRecord]:
        """All cases of one person or company, ordered by reference."""
        return sorted((case for case in self.cases if case.subject == subject), key=lambda case: case.reference)

    def standing(self, case: CaseRecord, moment: datetime) -> Standing:
        """Where the case stands at that moment (with a time zone)."""
        timeline = self.timelines[case.case_type]
        cycle = timedelta(seconds=sum(stage.seconds for stage in timeline))
        into_cycle = (moment - EPOCH + timedelta(seconds=case.phase)) % cycle
        until = moment - into_cycle
        for stage in timeline:
            since, until = until, until + timedelta(seconds=stage.seconds)
            if moment < until:
                return Standing(stage, since, until)
        raise AssertionError("The stages of a timeline fill its cycle.")


def load_cases(path: Path) -> CaseBook:
    """Read a producer's data file (TOML). Raises DataFileError when it is missing, malformed or incomplete."""
    try:
        book = CaseBook.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as exc:
        raise DataFileError(f"The data file {path} cannot be read: {exc.strerror}.") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise DataFileError(f"The data file {path} is not TOML: {exc}.") from exc
    except ValidationError as exc:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}" for error in exc.errors()
        )
        raise DataFileError(f"The data file {path} is wrong: {problems}.") from exc
    if problem := next(_inconsistencies(book), None):
        raise DataFileError(f"The data file {path} is wrong: {problem}.")
    return book


def _inconsistencies(book: CaseBook) -> Iterator[str]:
    references = [case.reference for case in book.cases]
    for case in book.cases:
        if references.count(case.reference) > 1:
            yield f"the reference {case.reference} is used twice"
        if not book.timelines.get(case.case_type):
            yield f"the case {case.reference} is of type {case.case_type}, which has no timeline"
    for case_type, timeline in book.timelines.items():
        for stage in timeline:
            texts = [stage.title, stage.description, *(link.title for link in stage.references or ())]
            if any(text is not None and set(text) != set(book.languages) for text in texts):
                yield f"a text of {case_type} {stage.code} is not in exactly the languages {', '.join(book.languages)}"
