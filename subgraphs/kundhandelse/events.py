"""An event of the interface as a status of the contract: the table of docs/kundhandelse.md, and nothing beyond it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from strawberry.scalars import JSON

from subgraphs.kundhandelse.failures import fault
from subgraphs.reference.contract import CaseStatus, Reference

DEEPEST_EXTENSION = 40
"""Most levels of nesting in `extension`, as the contract has it."""


@dataclass(frozen=True, slots=True)
class Event:
    """What an event is known by. What it says is read from it only where it is a case's newest."""

    content: Mapping[str, Any]
    type: str
    moment: datetime
    reference: str | None
    """The reference of its case, where it tells."""

    def is_of(self, event_types: Iterable[str]) -> bool:
        """Whether its type is one of these or below one of them."""
        return any(is_below(self.type, prefix) for prefix in event_types)


def is_below(event_type: str, prefix: str) -> bool:
    """Whether a dotted type is the prefix, or begins with it and a dot."""
    return event_type == prefix or event_type.startswith(f"{prefix}.")


def read_event(content: object, reference_name: str) -> Event:
    """The event; `reference_name` is the member of `referenser` that has the case's reference.

    Raises UpstreamFailed when it has no type or no moment, or one that cannot be read.
    """
    if not isinstance(content, dict):
        raise fault("an event is not an object")
    references = _references(content)
    reference = references.get(reference_name)
    if not isinstance(reference, str | None):
        raise fault("referenser: the case's reference is not a string")
    return Event(content, _text(content, "kundhandelseTyp"), _moment(content), reference)


def status(event: Event, code_system: str | None) -> CaseStatus:
    """What the event says, as a status. Raises UpstreamFailed when a field is missing or not of its type."""
    content = event.content
    return CaseStatus(
        code=event.type,
        code_system=code_system,
        title=_text(content, "rubrik"),
        description=_optional_text(content, "beskrivning"),
        language=_optional_text(content, "sprak"),
        updated_at=event.moment,
        expected_at=None,
        requires_customer_action=_optional_truth(content, "producentarendetKraverKundatgard"),
        completed=_optional_truth(content, "producentarendetKlart"),
        references=_links(content),
        extension=_extension(content),
    )


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str):
        raise fault(f"{name}: {'missing' if value is None else 'not a string'}")
    return value


def _optional_text(content: Mapping[str, Any], name: str) -> str | None:
    return None if content.get(name) is None else _text(content, name)


def _optional_truth(content: Mapping[str, Any], name: str) -> bool | None:
    value = content.get(name)
    if not isinstance(value, bool | None):
        raise fault(f"{name}: not a boolean")
    return value


def _moment(content: Mapping[str, Any]) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(content, "tidpunkt").upper())
    except ValueError as exc:
        raise fault("tidpunkt: not a moment") from exc
    if moment.tzinfo is None:
        raise fault("tidpunkt: without an offset")
    return moment


def _references(content: Mapping[str, Any]) -> dict[str, Any]:
    references = content.get("referenser")
    if not isinstance(references, dict | None):
        raise fault("referenser: not an object")
    return references or {}


def _links(content: Mapping[str, Any]) -> list[Reference] | None:
    """Each member of `referenser` by its name; what is not a string is shown as its JSON."""
    if content.get("referenser") is None:
        return None
    return [
        Reference(title=name, value=value if isinstance(value, str | None) else orjson.dumps(value).decode())
        for name, value in _references(content).items()
    ]


def _extension(content: Mapping[str, Any]) -> JSON | None:
    extension = content.get("utokadInformation")
    level = [extension]
    for _ in range(DEEPEST_EXTENSION):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return None if extension is None else JSON(extension)
    raise fault(f"utokadInformation: nested deeper than {DEEPEST_EXTENSION} levels")


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
