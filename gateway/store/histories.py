"""Changes that are kept: a record changes only together with its history, and only as it was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC

from gateway.model.connection import ConnectionState
from gateway.model.history import Cause, Change
from gateway.store.driver import Collection, Document
from gateway.store.records import refusals_told


async def change(
    collection: Collection,
    id_: object,
    at_revision: int,
    *,
    action: str,
    fields: Mapping[str, object],
    cause: Cause,
    told: Mapping[str, object] | None = None,
) -> bool:
    """Sets `fields` of a record that still has revision `at_revision`; False, and nothing set, if another change won.

    One conditional update with the entry in its history: no change without its entry. `told` is what the entry says of
    the fields, where it says less than all. Raises StoreUnavailable and RecordRefused.
    """
    with refusals_told():
        result = await collection.update_one(
            {"_id": id_, "revision": at_revision or None},  # None: it has none yet
            {
                "$set": fields,
                "$inc": {"revision": 1},
                "$push": {"history": entry(action, fields if told is None else told, cause)},
            },
        )
    return result.modified_count == 1


def state_fields(state: ConnectionState, cause: Cause) -> Document:
    """The fields that a change of a connection's state sets: ended, it says since when."""
    return {"state": state.value, **({"endedAt": cause.at} if state is ConnectionState.ENDED else {})}


def entry(action: str, fields: Mapping[str, object], cause: Cause) -> Document:
    """An entry of a history, as it is stored."""
    return {"at": cause.at, "by": cause.by, "action": action, "why": cause.why, "changes": dict(fields)}


def revision(document: Document) -> int:
    """The revision of a record; 0 for one made by hand without: that must not keep anybody from withdrawing it."""
    return int(document.get("revision", 0))


def history(document: Document) -> tuple[Change, ...]:
    """The changes of a record that can be told; what cannot be understood is left out, since nothing hangs on it."""
    return tuple(_changes(document.get("history", ())))


def _changes(entries: Iterable[Document]) -> Iterable[Change]:
    for one in entries:
        try:
            cause = Cause(one["at"].astimezone(UTC), one["by"], one["why"])
            yield Change(cause, one["action"], one["changes"])
        except (AttributeError, KeyError, TypeError):
            continue
