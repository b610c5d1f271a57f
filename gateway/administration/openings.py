"""The rules of opening a producer's case types: to nobody, to the consumers that pilot it, to every consumer.

A case type has one opening at a time, and may go on being piloted until the day it is opened to all. What would overlap
that is refused: then nobody could say from the record who is let in when.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.administration.agreed import Agreed, meant
from gateway.administration.plans import Plan, Refused
from gateway.administration.texts import LONGEST_NAME, in_words, text_problems
from gateway.administration.views import producer_view
from gateway.model.caller import ConsumerId
from gateway.model.connection import ConnectionState, Environment
from gateway.model.history import Cause, KeptProducer
from gateway.model.producer import CaseType, Opening, Producer
from gateway.model.text import Text
from gateway.store.producers import Producers

CODE = re.compile(r"[A-Z0-9_.-]{1,100}")


@dataclass(frozen=True, slots=True)
class NewOpening:
    """A case type that is to be opened: to `pilots`, or without any to every consumer; `since` None: at once.

    `name` is for a case type that the producer does not have yet.
    """

    code: str
    pilots: Sequence[str]
    since: datetime | None
    name: Text | None = None


def opening(agreed: Agreed, producers: Producers, id_: str, new: NewOpening, cause: Cause) -> Plan:
    """The plan to open a case type. Raises Refused with everything that is wrong."""
    kept = _not_ended(agreed.producer(id_))
    problems: list[str] = []
    present = _present(kept.producer, new, problems)
    problems += consumer_problems(agreed, "--pilot", new.pilots, kept.producer.connection.environment)
    if problems:
        raise Refused(*problems)
    assert present is not None
    opened = _opened(present, new, cause.at)
    to = "every consumer" if opened.state is Opening.OPEN and not new.pilots else ", ".join(sorted(new.pilots))
    return _plan(
        kept,
        opened,
        f"open {new.code} of the producer {id_} to {to} from {in_words(opened.since or cause.at)}",
        loss=None,
        action="open",
        cause=cause,
        producers=producers,
    )


def closing(agreed: Agreed, producers: Producers, id_: str, code: str, cause: Cause) -> Plan:
    """The plan to close a case type to every consumer. Raises Refused."""
    kept = agreed.producer(id_)
    present = kept.producer.case_type(code)
    if present is None:
        raise Refused(f"--case-type {code}: the producer {id_} has no such case type{_meant(code, kept.producer)}")
    if present.state is Opening.CLOSED:
        since = f" since {in_words(present.since)}" if present.since else ""
        raise Refused(f"--case-type {code}: the producer {id_} has closed it already{since}.")
    agreements = agreed.at(cause.at, kept.producer.connection.environment)
    reading = {
        consumer
        for consumer, grants in agreements.grants.items()
        if present.is_open_to(consumer, cause.at)
        and any(grant.producer == kept.producer.id and code in grant.case_types for grant in grants)
    }
    who = f" ({', '.join(sorted(reading))})" if reading else ""
    return _plan(
        kept,
        CaseType(code, present.name, Opening.CLOSED, since=cause.at),
        f"close {code} of the producer {id_} ({kept.producer.name.en})",
        loss=(
            "Case groups keep their cases of this type, but nobody reads their status any more, within seconds; "
            f"{len(reading)} consumers may read it now{who}."
        ),
        action="close",
        cause=cause,
        producers=producers,
    )


def consumer_problems(agreed: Agreed, option: str, consumers: Sequence[str], environment: Environment) -> list[str]:
    """What keeps the consumers that `option` names from being let in to an environment, a sentence each."""
    problems: list[str] = []
    for one in dict.fromkeys(consumers):
        try:
            connection = agreed.consumer(one).consumer.connection
        except Refused as exc:
            problems += (f"{option} {one}: {problem}" for problem in exc.problems)
            continue
        if connection.state is ConnectionState.ENDED:
            problems.append(f"{option} {one}: the connection of that consumer has ended.")
        elif connection.environment is not environment:
            problems.append(
                f"{option} {one}: that consumer is in the environment {connection.environment.value}; the producer is "
                f"in {environment.value}."
            )
    return problems


def code_problem(code: str) -> str | None:
    """What is wrong with a case type's code, if anything is."""
    if CODE.fullmatch(code):
        return None
    return f"--case-type: the code {code!r} cannot be used: it must be 1 to 100 characters of A-Z, 0-9, _, . and -."


def _not_ended(kept: KeptProducer) -> KeptProducer:
    if kept.producer.connection.state is ConnectionState.ENDED:
        raise Refused(f"The connection of the producer {kept.producer.id} has ended; nothing of it can be opened.")
    return kept


def _present(producer: Producer, new: NewOpening, problems: list[str]) -> CaseType | None:
    """The case type as it is, or a closed one to begin with; what is wrong is added to `problems`."""
    present = producer.case_type(new.code)
    if present is not None:
        if new.name is not None:
            problems.append(
                f"--case-type {new.code}: the producer {producer.id} has it already, as {present.name.en!r}. Leave out "
                "--name-sv and --name-en."
            )
        return present
    if problem := code_problem(new.code):
        problems.append(problem)
    elif new.name is None:
        problems.append(
            f"--case-type {new.code}: the producer {producer.id} has no such case type"
            f"{_meant(new.code, producer)} To add it, give --name-sv and --name-en."
        )
    else:
        problems += text_problems("--name-sv", new.name.sv, LONGEST_NAME)
        problems += text_problems("--name-en", new.name.en, LONGEST_NAME)
        return CaseType(new.code, new.name, Opening.CLOSED)
    return None


def _meant(code: str, producer: Producer) -> str:
    return meant(code, [case_type.code for case_type in producer.case_types])


def _opened(present: CaseType, new: NewOpening, moment: datetime) -> CaseType:
    """The case type opened as asked for. Raises Refused where that would overlap what is agreed."""
    since = new.since or moment
    pilots = frozenset(map(ConsumerId, new.pilots))
    if present.state is Opening.CLOSED:
        return replace(present, state=Opening.PILOT if pilots else Opening.OPEN, since=since, pilots=pilots)
    begins = present.since or moment
    has_begun = begins <= moment
    if present.state is Opening.OPEN and (has_begun or not pilots):
        is_open = f"is open to every consumer since {in_words(begins)}"
        will_be_open = f"is to be opened to every consumer from {in_words(begins)}"
        raise _overlapping(present, is_open if has_begun else will_be_open)
    if pilots:
        if new.since not in (None, present.since):
            raise _overlapping(
                present, f"is {_for_whom(present)} from {in_words(begins)}", "Leave out --from to join that, or close"
            )
        if pilots <= present.pilots:
            raise _overlapping(present, f"is open to {', '.join(sorted(pilots))} already")
        return replace(present, pilots=present.pilots | pilots)
    if since <= moment:
        return replace(present, state=Opening.OPEN, since=since, pilots=frozenset())
    if not has_begun:
        raise _overlapping(present, f"is {_for_whom(present)} from {in_words(begins)}, which has not begun")
    return replace(present, state=Opening.OPEN, since=since)


def _for_whom(present: CaseType) -> str:
    return "for pilots" if present.state is Opening.PILOT else "to be opened to every consumer"


def _overlapping(present: CaseType, what: str, instead: str = "Close") -> Refused:
    return Refused(
        f"--case-type {present.code} {what}; another opening would overlap that. {instead} it first "
        "(`gateway producer close`) where it shall be otherwise."
    )


def _plan(
    kept: KeptProducer,
    case_type: CaseType,
    what: str,
    *,
    loss: str | None,
    action: str,
    cause: Cause,
    producers: Producers,
) -> Plan:
    changed = replace(kept, producer=kept.producer.with_case_type(case_type), revision=kept.revision + 1)
    return Plan(
        what=what,
        kind="producer",
        record=producer_view(changed),
        loss=loss,
        carry_out=lambda: producers.set_case_type(kept, case_type, action, cause),
    )
