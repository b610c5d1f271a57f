"""Seals: one chain over all streams, each link of it signed, so that not even the operator rewrites what is sealed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from gateway.disclosure.chain import Document, canonical
from gateway.key_files import KeyFileError, read_key_file

ALGORITHM = "ES256"
NOT_SEALED = frozenset({"_id", "hash", "signature"})


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of one stream's records, from number `first` to `last`.

    `before` is the hash that the first record names as the one before it, `head` the hash of the last, and `closes`
    says whether that one closes the stream.
    """

    stream: str
    first: int
    last: int
    before: str
    head: str
    first_at: datetime
    last_at: datetime
    closes: bool


class SealingKey:
    """Signs seals with the gateway's key for the record: a private key of EC P-256."""

    def __init__(self, key: ECKey) -> None:
        self._key = key
        self._header = {"alg": ALGORITHM, "kid": key.kid or key.thumbprint()}

    def sign(self, payload: bytes) -> str:
        """A compact JWS of `payload`, with the key's id in its header."""
        return jws.serialize_compact(self._header, payload, self._key, algorithms=[ALGORITHM])

    def public(self) -> dict[str, Any]:
        """The public JWK that the signatures are verified with."""
        public = self._key.as_dict(private=False)
        return {**public, "kid": self._header["kid"], "alg": ALGORITHM, "use": "sig"}


def read_sealing_key(file: Path) -> SealingKey:
    """The private key in `file`, a JWK of EC P-256. Raises KeyFileError, which says what would be right."""
    content = read_key_file(file, "The record key file")
    right = "a private JWK of EC P-256; docs/database.md says how to make one"
    try:
        key = ECKey.import_key(orjson.loads(content))
    except (JoseError, ValueError, KeyError, TypeError) as exc:
        raise KeyFileError(f"The record key file {file} does not hold {right}.") from exc
    if key.curve_name != "P-256" or not key.is_private:
        raise KeyFileError(f"The record key in {file} must be {right}.")
    return SealingKey(key)


def seal(
    segment: Segment, *, number: int, previous: str, sealed_at: datetime, retain_until: datetime, key: SealingKey
) -> Document:
    """The document that seals `segment` as link `number` of the chain.

    `previous` is the hash of the seal before it, BEFORE_THE_FIRST for number 1.
    """
    document: Document = {
        "_id": number,
        "stream": segment.stream,
        "first": segment.first,
        "last": segment.last,
        "before": segment.before,
        "head": segment.head,
        "firstAt": segment.first_at,
        "lastAt": segment.last_at,
        "retainUntil": retain_until,
        "sealedAt": sealed_at,
        "closes": segment.closes,
        "previous": previous,
    }
    payload = canonical_seal(document)
    document["hash"] = hashlib.sha256(payload).hexdigest()
    document["signature"] = key.sign(payload)
    return document


def canonical_seal(document: Mapping[str, Any]) -> bytes:
    """What is hashed and signed of a seal: its canonical JSON, `_id` as `number`, without hash and signature."""
    content = {name: value for name, value in document.items() if name not in NOT_SEALED}
    return canonical({**content, "number": document["_id"]})


def hash_of_seal(document: Mapping[str, Any]) -> str:
    """The SHA-256 of a seal's canonical form, in hexadecimal."""
    return hashlib.sha256(canonical_seal(document)).hexdigest()


def legible(hexadecimal: str) -> str:
    """A hash or a stream's id for the log: in groups of four, so that no digits look like an identity number."""
    return ":".join(hexadecimal[place : place + 4] for place in range(0, len(hexadecimal), 4))
