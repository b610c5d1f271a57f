"""A producer's answer, read: one outcome for every case asked about, matched by position, checked by reference."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import orjson

from gateway.model.status import StatusAnswer, StatusOutcome, Unavailable, UnavailableReason
from gateway.producers.contract import ContractBreach, Read

REFUSALS = frozenset({"FORBIDDEN", "UNAUTHENTICATED", "UNAUTHORIZED"})
"""What federation servers put in `extensions.code` when they refuse rather than fail."""

PASSING = "SERVICE_UNAVAILABLE"
"""`extensions.code` where what stands behind the producer cannot be reached for a case, and may be soon."""

FAULT = Unavailable(UnavailableReason.PRODUCER_FAULT)
REFUSED = Unavailable(UnavailableReason.PRODUCER_REFUSED)
UNAVAILABLE = Unavailable(UnavailableReason.PRODUCER_UNAVAILABLE)
NO_STATUS = Unavailable(UnavailableReason.NO_STATUS)


class Breach(NamedTuple):
    """What of an answer does not fit the contract, the first of it, and how many cases it costs; for the log alone."""

    problem: str
    cases: int


class Answer(NamedTuple):
    """What an answer says of each case, in the order asked, and of itself.

    `is_poisoned`: it failed as a whole by the producer's own fault and says so; with fewer cases it may not have.
    `is_whole`: nothing in it failed.
    """

    outcomes: list[StatusOutcome]
    is_poisoned: bool = False
    is_whole: bool = False
    breach: Breach | None = None


def read_answer(body: bytes, references: Sequence[str], read: Read, fetched_at: datetime) -> Answer:
    """The outcome of each of `references`, in their order; `read` reads a status. Never fails.

    An answer that is wrong as a whole (not JSON, the wrong length) is the fault of every case; one that is wrong for
    one case is that case's alone, and never moves another case's status.
    """
    try:
        answer = orjson.loads(body)
        entities, errors = _parts(answer, len(references))
    except (ContractBreach, orjson.JSONDecodeError) as exc:
        # The decoder's message quotes nothing of the body; the contract's names fields alone.
        return Answer([FAULT] * len(references), breach=Breach(str(exc), len(references)))
    failed = _failures(errors, len(references))
    if entities is None:
        # Errors alone, and where they name a place, it is not known to be the only one at fault.
        of_all = failed.get(None, FAULT)
        return Answer([of_all] * len(references), is_poisoned=of_all is FAULT)
    problems: list[str] = []
    found: list[StatusOutcome] = []
    of_any = failed.get(None, NO_STATUS)
    for index, (entity, reference) in enumerate(zip(entities, references, strict=True)):
        outcome: StatusOutcome
        if index in failed:
            # An error somewhere in an entity makes what is null there unknown: it is not shown as known (DESIGN §4).
            outcome = failed[index]
        else:
            try:
                status = _status(entity, reference)
                outcome = of_any if status is None else StatusAnswer(read(status), fetched_at)
            except ContractBreach as exc:
                problems.append(str(exc))
                outcome = FAULT
        found.append(outcome)
    breach = Breach(problems[0], len(problems)) if problems else None
    return Answer(found, is_whole=not errors and not problems, breach=breach)


def _parts(answer: object, expected: int) -> tuple[list[object] | None, list[object]]:
    if not isinstance(answer, dict):
        raise ContractBreach("the answer is not an object")
    errors = answer.get("errors") or []
    if not isinstance(errors, list):
        raise ContractBreach("errors: not a list")
    data = answer.get("data")
    if data is None and errors:
        return None, errors
    if not isinstance(data, dict):
        raise ContractBreach("data: not an object")
    entities = data.get("_entities")
    if entities is None and errors:
        return None, errors
    if not isinstance(entities, list) or len(entities) != expected:
        raise ContractBreach(f"_entities: not a list of {expected}")
    return entities, errors


def _failures(errors: list[object], expected: int) -> dict[int | None, Unavailable]:
    """What went wrong, by the position of one of the `expected` entities; None where an error names none of them."""
    failed: dict[int | None, Unavailable] = {}
    for error in errors:
        failed[_position(error, expected)] = failure_in(error)
    return failed


def _position(error: object, expected: int) -> int | None:
    match error:
        case {"path": [_, int(place), *_]} if 0 <= place < expected and not isinstance(place, bool):
            return place
    return None


def failure_in(error: object) -> Unavailable:
    """What went wrong, by the `extensions.code` of one of the `errors` of an answer."""
    match error:
        case {"extensions": {"code": str(code)}} if code in REFUSALS:
            return REFUSED
        case {"extensions": {"code": str(code)}} if code == PASSING:
            return UNAVAILABLE
    return FAULT


def _status(entity: object, reference: str) -> object:
    """What an entity has for a status; None where it has none to disclose. Raises ContractBreach."""
    if entity is None:
        return None
    if not isinstance(entity, dict):
        raise ContractBreach("the entity is not an object")
    if entity.get("reference") != reference:
        raise ContractBreach("the entity's reference is not the one asked for")
    if "status" not in entity:
        raise ContractBreach("status: missing")
    return entity["status"]
