"""The producer contract (DESIGN §3) from the gateway's side: which fields there are and what each may hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from gateway.model.status import StatusSelection

DEEPEST_JSON = 40
"""Most levels of nesting in a producer's `extension`."""

WEB_ADDRESS = re.compile(r"https?://[^\s/]", re.IGNORECASE)

Check = Callable[[object], object]
"""Takes a value of an answer and returns it as the gateway passes it on; raises ContractBreach."""


class ContractBreach(Exception):
    """A producer's answer does not fit the contract; the message says where and is for the log alone."""


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise ContractBreach("not a String")
    return value


def _address(value: object) -> str:
    """An address to go to in a browser. What a browser would run instead (`javascript:`, `data:`) is none."""
    address = _string(value)
    if not WEB_ADDRESS.match(address):
        raise ContractBreach("not an address of http or https")
    return address


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ContractBreach("not a Boolean")
    return value


def _moment(value: object) -> datetime:
    """A moment with its offset, in UTC: RFC 3339, and what else ISO 8601 writes unmistakably (no seconds, say)."""
    try:
        moment = datetime.fromisoformat(_string(value).upper())
        if moment.tzinfo is None:
            raise ContractBreach("not a DateTime: it has no time zone")
        return moment.astimezone(UTC)
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


def _nullable(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


STATUS_CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "code": _string,
        "codeSystem": _nullable(_string),
        "title": _string,
        "description": _nullable(_string),
        "language": _nullable(_string),
        "updatedAt": _moment,
        "expectedAt": _nullable(_moment),
        "requiresCustomerAction": _nullable(_boolean),
        "completed": _nullable(_boolean),
        "extension": _json,
    }
)
"""What each of model.status.STATUS_FIELDS must be."""

REFERENCE_CHECKS: Mapping[str, Check] = MappingProxyType(
    {"title": _string, "url": _nullable(_address), "value": _nullable(_string)}
)
"""What each of model.status.REFERENCE_FIELDS must be."""


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
    references = [f"references.{name}" for name in selection.references if name in REFERENCE_CHECKS]
    if selection.references and not references:
        references = ["references"]
    return " ".join([*selection.fields, *references])


def checked_status(status: object, selection: StatusSelection) -> dict[str, object]:
    """The selected fields of one status, each fitting the contract. Raises ContractBreach."""
    answer = _checked(status, selection.fields, STATUS_CHECKS)
    if selection.references:
        answer["references"] = _checked_references(_object(status), selection.references)
    return answer


def _checked_references(status: dict[str, object], fields: tuple[str, ...]) -> list[dict[str, object]] | None:
    if "references" not in status:
        raise ContractBreach("references: missing")
    references = status["references"]
    if references is None:
        return None
    if not isinstance(references, list):
        raise ContractBreach("references: not a list")
    named = tuple(field for field in fields if field in REFERENCE_CHECKS)
    return [_checked(reference, named, REFERENCE_CHECKS) for reference in references]


def _checked(value: object, fields: tuple[str, ...], checks: Mapping[str, Check]) -> dict[str, object]:
    found = _object(value)
    answer: dict[str, object] = {}
    for field in fields:
        if field not in found:
            raise ContractBreach(f"{field}: missing")
        try:
            answer[field] = checks[field](found[field])
        except ContractBreach as exc:
            raise ContractBreach(f"{field}: {exc}") from exc.__cause__
    return answer


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ContractBreach("not an object")
    return value
