"""Anchors: the newest seal, handed out. Who keeps one can show later that nothing up to it was rewritten."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from gateway.disclosure.faults import Fault, FaultCode
from gateway.disclosure.seal_keys import SealKeys, key_id_of
from gateway.disclosure.seals import canonical_seal

MOST_BYTES = 65_536


class AnchorError(Exception):
    """A file is no anchor; the message says why."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A seal as it was handed out."""

    number: int
    hash: str
    source: str

    def met(self, found: Mapping[str, Any] | None) -> list[Fault]:
        """What is wrong where `found` is the seal with the anchor's number, None where there is none."""
        if found is None:
            what = (
                f"The anchor {self.source} is of seal {self.number}, which is missing: what was sealed last before it "
                "was handed out was cut off, or the whole record was begun anew."
            )
        elif found.get("hash") != self.hash:
            what = (
                f"The anchor {self.source} is of another seal {self.number} than the one that is there: the record was "
                "rewritten after it was handed out."
            )
        else:
            return []
        return [Fault(FaultCode.ANCHOR_NOT_MET, what, seal=self.number)]


def anchor_of(seal: Mapping[str, Any], keys: SealKeys) -> dict[str, Any]:
    """The anchor of a seal: what was signed, the signature, and the key where it is among `keys`."""
    signature = seal["signature"]
    key = keys.public(key_id_of(signature))
    return {
        "number": seal["_id"],
        "hash": seal["hash"],
        "seal": orjson.loads(canonical_seal(seal)),
        "signature": signature,
        **({} if key is None else {"key": key}),
    }


def read_anchor(file: Path, keys: SealKeys) -> Anchor:
    """The anchor in `file`, whose signature must be of one of `keys`. Raises AnchorError."""
    try:
        with file.open("rb") as stream:
            content = orjson.loads(stream.read(MOST_BYTES))
        anchor = Anchor(content["number"], content["hash"], file.name)
        signed = keys.signed_by(content["signature"])
    except OSError as exc:
        raise AnchorError(f"The anchor {file} cannot be read: {exc.strerror}.") from exc
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise AnchorError(f"{file} is no anchor, such as `gateway audit anchor` prints.") from exc
    if isinstance(signed, str):
        raise AnchorError(f"The anchor {file} cannot be believed: {signed}.")
    if (hashlib.sha256(signed).hexdigest(), orjson.loads(signed)["number"]) != (anchor.hash, anchor.number):
        raise AnchorError(f"The anchor {file} cannot be believed: it says something else than what is signed in it.")
    return anchor
