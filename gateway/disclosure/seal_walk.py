"""The chain of seals, walked link by link: number, the seal before, hash and signature."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from gateway.disclosure.chain import BEFORE_THE_FIRST
from gateway.disclosure.faults import Fault, FaultCode
from gateway.disclosure.seal_keys import SealKeys
from gateway.disclosure.seals import canonical_seal


@dataclass(frozen=True, slots=True)
class SealedRun:
    """What a seal says of a run of records; `retain_until`: from then on the whole run may be gone."""

    number: int
    stream: str
    first: int
    last: int
    before: str
    head: str
    retain_until: datetime
    closes: bool


@dataclass(slots=True)
class Link:
    """One seal, checked: what it says where that is known for certain, and what is wrong with it."""

    sealed: SealedRun | None
    faults: list[Fault]


class SealWalk:
    """Checks seals in the order of their numbers. Those up to `known` are checked without their signatures."""

    def __init__(self, keys: SealKeys, known: int = 0) -> None:
        self._keys = keys
        self._known = known
        self._is_bad = False
        self.number = 0
        self.hash = BEFORE_THE_FIRST

    def check(self, document: Mapping[str, Any]) -> Link:
        """Checks the next seal."""
        number = document["_id"]
        if type(number) is bool or not isinstance(number, int) or number <= self.number:
            return Link(None, [no_number(number)])
        faults = []
        is_next = number == self.number + 1
        if not is_next:
            faults.append(self._removed(number - 1))
        signed, problem = self._signed(document)
        if problem is not None:
            what = f"Seal {number} is not as it was signed: {problem}."
            faults.append(Fault(FaultCode.SEAL_CHANGED, what, seal=number))
        said = None if signed is None else orjson.loads(signed)
        if said is not None and is_next and not self._is_bad and said.get("previous") != self.hash:
            what = f"Seal {number} follows another seal {self.number} than the one that is there."
            faults.append(Fault(FaultCode.SEAL_CHANGED, what, seal=self.number or None))
        sealed = None if said is None else _sealed_run(number, said)
        if said is not None and sealed is None:
            faults.append(Fault(FaultCode.SEAL_WRONG, f"Seal {number} does not say what a seal must.", seal=number))
        self.number = number
        self._is_bad = signed is None
        self.hash = hashlib.sha256(signed).hexdigest() if signed is not None else str(document.get("hash"))
        return Link(sealed, faults)

    def ended(self, newest: int) -> list[Fault]:
        """What is wrong when no more seals come, and there are said to be `newest`."""
        return [self._removed(newest)] if newest > self.number else []

    def _removed(self, last: int) -> Fault:
        first = self.number + 1
        which = f"Seal {first} is" if first == last else f"Seals {first} to {last} are"
        return Fault(FaultCode.SEAL_REMOVED, f"{which} missing.", seal=first)

    def _signed(self, document: Mapping[str, Any]) -> tuple[bytes | None, str | None]:
        """What was signed, where that is certain, and what is wrong with what stands there instead."""
        try:
            stands = canonical_seal(document)
        except TypeError:
            stands = b""
        fits = hashlib.sha256(stands).hexdigest() == document.get("hash")
        if document["_id"] <= self._known and fits:
            return stands, None
        signed = self._keys.signed_by(str(document.get("signature")))
        if isinstance(signed, str):
            return None, signed
        if signed == stands:
            return signed, None if fits else "its hash is that of something else"
        if _number_of(signed) != document["_id"]:
            return None, f"it holds the signature of seal {_number_of(signed)}"
        return signed, "it says something else than what is signed in it"


def no_number(number: object) -> Fault:
    """The fault of a seal that has something else for a number."""
    return Fault(FaultCode.SEAL_WRONG, f"A seal has the number {number!r}, which is none.")


def _number_of(signed: bytes) -> object:
    try:
        said = orjson.loads(signed)
    except ValueError:
        return None
    return said.get("number") if isinstance(said, dict) else None


def _sealed_run(number: int, said: Mapping[str, Any]) -> SealedRun | None:
    try:
        sealed = SealedRun(
            number=number,
            stream=said["stream"],
            first=said["first"],
            last=said["last"],
            before=said["before"],
            head=said["head"],
            retain_until=datetime.fromisoformat(said["retainUntil"]),
            closes=said["closes"],
        )
    except (KeyError, ValueError, TypeError):
        return None
    return sealed if 1 <= sealed.first <= sealed.last else None
