"""The producer contract (DESIGN §3) from the gateway's side: which fields there are and what each may hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from gateway.model.status import StatusSelection

DEEPEST_JSON = 40
"""Most levels of nesting in a producer's `extension`."""

WEB_ADDRESS = re.compile(r"https?://[^\s/]", re.IGNORECASE)

Check = Callable[[object], object]
"""Takes a value of an answer and returns it as the gateway passes it on; raises ContractBreach."""

Read = Callable[[object], dict[str, object]]
"""Takes an object of an answer and returns those of its fields that were asked for; raises ContractBreach."""


class ContractBreach(Exception):
    """A producer's answer does not fit the contract; the message says where and is for the log alone."""


class Rule(NamedTuple):
    """What a field may hold: a value of one of the types `as_is` is passed on as it is, any other goes to `check`."""

    as_is: frozenset[type]
    check: Check


def _refused(expected: str) -> Check:
    def check(_: object) -> object:
        raise ContractBreach(f"not a {expected}")

    return check


def _address(value: object) -> str:
    """An address to go to in a browser. What a browser would run instead (`javascript:`, `data:`) is none."""
    if not isinstance(value, str):
        raise ContractBreach("not a String")
    if not WEB_ADDRESS.match(value):
        raise ContractBreach("not an address of http or https")
    return value


def _moment(value: object) -> datetime:
    """A moment with its offset, in UTC: RFC 3339, and what else ISO 8601 writes unmistakably (no seconds, say)."""
    if not isinstance(value, str):
        raise ContractBreach("not a String")
    try:
        moment = datetime.fromisoformat(value.upper())
        if moment.tzinfo is None:
            raise ContractBreach("not a DateTime: it has no time zone")
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise ContractBreach("not a DateTime") from exc


def _json(value: object) -> object:
    """Any JSON, untouched, but not so deep that it cannot be written again."""
    level = [value]
    for _ in range(DEEPEST_JSON):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _inside(outer)]
        if not level:
            return value
    raise ContractBreach(f"nested deeper than {DEEPEST_JSON} levels")


def _inside(container: dict[str, object] | list[object]) -> Iterable[object]:
    return container.values() if isinstance(container, dict) else container


NULL = type(None)

TEXT = Rule(frozenset([str]), _refused("String"))
NULLABLE_TEXT = Rule(frozenset([str, NULL]), _refused("String"))
NULLABLE_BOOLEAN = Rule(frozenset([bool, NULL]), _refused("Boolean"))
MOMENT = Rule(frozenset(), _moment)
NULLABLE_MOMENT = Rule(frozenset([NULL]), _moment)
NULLABLE_ADDRESS = Rule(frozenset([NULL]), _address)
ANYTHING = Rule(frozenset([str, int, float, bool, NULL]), _json)

STATUS_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "code": TEXT,
        "codeSystem": NULLABLE_TEXT,
        "title": TEXT,
        "description": NULLABLE_TEXT,
        "language": NULLABLE_TEXT,
        "updatedAt": MOMENT,
        "expectedAt": NULLABLE_MOMENT,
        "requiresCustomerAction": NULLABLE_BOOLEAN,
        "completed": NULLABLE_BOOLEAN,
        "extension": ANYTHING,
    }
)
"""What each of model.status.STATUS_FIELDS must be."""

REFERENCE_RULES: Mapping[str, Rule] = MappingProxyType({"title": TEXT, "url": NULLABLE_ADDRESS, "value": NULLABLE_TEXT})
"""What each of model.status.REFERENCE_FIELDS must be."""


class Form(NamedTuple):
    """How statuses are asked for, granted and read by one selection. Selections are few, and statuses many."""

    question: str
    scope: str
    read: Read

    @classmethod
    def of(cls, selection: StatusSelection) -> Form:
        """The form for `selection`."""
        return cls(question(selection), scope(selection), status_reader(selection))


def question(selection: StatusSelection) -> str:
    """The `_entities` query that asks for exactly the selected fields, and for `reference` to check against.

    Where no field of the contract is selected (`status { __typename }`), the type's name alone is asked for: it tells
    whether there is a status.
    """
    fields = list(selection.fields)
    if selection.references:
        fields.append(f"references {{ {' '.join(selection.references)} }}")
    return (
        "query ($representations: [_Any!]!) { _entities(representations: $representations) "
        f"{{ ... on Case {{ reference status {{ {' '.join(fields) or '__typename'} }} }} }} }}"
    )


def scope(selection: StatusSelection) -> str:
    """The fields asked for, as the caller assertion's `scope` names them.

    `references` without a field behind it: that they are there is asked, and nothing of them.
    """
    references = [f"references.{name}" for name in selection.references if name in REFERENCE_RULES]
    if selection.references and not references:
        references = ["references"]
    return " ".join([*selection.fields, *references])


def status_reader(selection: StatusSelection) -> Read:
    """What reads one status of an answer: its selected fields, each fitting the contract. It raises ContractBreach."""
    read_fields = _reader(selection.fields, STATUS_RULES)
    if not selection.references:
        return read_fields
    read_reference = _reader([name for name in selection.references if name in REFERENCE_RULES], REFERENCE_RULES)

    def read(status: object) -> dict[str, object]:
        answer = read_fields(status)
        answer["references"] = _references(status, read_reference)
        return answer

    return read


def _reader(fields: Iterable[str], rules: Mapping[str, Rule]) -> Read:
    wanted = [(name, *rules[name]) for name in fields]

    def read(value: object) -> dict[str, object]:
        if not isinstance(value, dict):
            raise ContractBreach("not an object")
        answer: dict[str, object] = {}
        name = ""
        try:
            for name, as_is, check in wanted:
                found = value[name]
                answer[name] = found if type(found) in as_is else check(found)
        except KeyError:
            raise ContractBreach(f"{name}: missing") from None
        except ContractBreach as exc:
            raise ContractBreach(f"{name}: {exc}") from exc.__cause__
        return answer

    return read


def _references(status: object, read: Read) -> list[dict[str, object]] | None:
    if not isinstance(status, dict) or "references" not in status:
        raise ContractBreach("references: missing")
    references = status["references"]
    if references is None:
        return None
    if not isinstance(references, list):
        raise ContractBreach("references: not a list")
    return [read(reference) for reference in references]
