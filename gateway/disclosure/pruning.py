"""Retention of the record: whole sealed segments are removed once the time that their seals name has passed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.disclosure.chain import record_id
from gateway.disclosure.seal_keys import SealKeys
from gateway.disclosure.seals import canonical_seal
from gateway.store.record_reading import RecordReading
from gateway.store.record_removal import Range, RecordRemoval


class SealNotBelieved(Exception):
    """A seal that says that its records may be removed is not as it was signed."""

    def __init__(self, number: object, problem: str) -> None:
        super().__init__(f"Seal {number} cannot be believed: {problem}. `gateway audit verify` says more.")


@dataclass(frozen=True, slots=True)
class Lapsed:
    """A segment whose retention is over, of which there are still `records`."""

    seal: int
    stream: str
    range: Range
    records: int


async def lapsed(
    reading: RecordReading, removal: RecordRemoval, keys: SealKeys, moment: datetime
) -> AsyncIterator[Lapsed]:
    """The segments that may be removed at `moment` and are still there, or what is left of them, by their seals.

    Raises SealNotBelieved before one is given whose seal is not of one of `keys`: what it says of the time may be
    somebody else's word. Raises StoreUnavailable.
    """
    after = 0
    while seals := await reading.lapsed(moment, after):
        after = seals[-1]["_id"]
        if not await removal.remain(_joined(seals)):
            continue
        for seal in seals:
            range_ = _range(seal)
            records = await removal.count(range_)
            if records:
                _believed(seal, keys)
                yield Lapsed(seal["_id"], seal["stream"], range_, records)


def _believed(seal: Mapping[str, Any], keys: SealKeys) -> None:
    signed = keys.signed_by(str(seal.get("signature")))
    if isinstance(signed, str):
        raise SealNotBelieved(seal["_id"], signed)
    if signed != canonical_seal(seal):
        raise SealNotBelieved(seal["_id"], "it says something else than what is signed in it")


def _range(seal: Mapping[str, Any]) -> Range:
    return record_id(seal["stream"], seal["first"]), record_id(seal["stream"], seal["last"] + 1)


def _joined(seals: Sequence[Mapping[str, Any]]) -> list[Range]:
    """The ranges of the seals, those that follow each other joined."""
    joined: dict[str, str] = {}
    for seal in seals:
        start, end = _range(seal)
        first = next((one for one, until in joined.items() if until == start), start)
        joined[first] = end
    return list(joined.items())
