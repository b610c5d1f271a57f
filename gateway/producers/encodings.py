"""Bodies that were compressed on their way (RFC 9110 §8.4.1): unpacked as far as there may be of them."""

from __future__ import annotations

import zlib

from gateway.model.status import UnavailableReason
from gateway.producers.failures import Failed
from gateway.producers.responses import too_large

ZLIB, GZIP, BARE = zlib.MAX_WBITS, 16 + zlib.MAX_WBITS, -zlib.MAX_WBITS
"""How a compressed body is wrapped, as zlib calls it."""

DEFLATE_METHOD = 8
"""In the first four bits of what is wrapped as zlib does; some send `deflate` bare."""

MOST_STREAMS, BYTES_A_STREAM = 50, 65_536
"""How many compressed streams one body may be made of, one after the other: so many, and one more for each so many
bytes that it may unpack to. Whoever packs in blocks sends several. What follows a stream is copied with each, and one
that holds nothing takes twenty bytes."""


def unpacked(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """The body as it was before it was given the content coding `encoding`. Raises Failed."""
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _inflated(body, GZIP, most_bytes)
        case "deflate":
            is_wrapped = body[:1] and body[0] & 0b1111 == DEFLATE_METHOD
            return _inflated(body, ZLIB if is_wrapped else BARE, most_bytes)
    raise _fault("a content coding that was not offered")


def _inflated(body: bytes, wrapping: int, most_bytes: int) -> bytes:
    """What `body`, one or several compressed streams, unpacks to."""
    found, left = b"", MOST_STREAMS + most_bytes // BYTES_A_STREAM
    while body:
        if not left:
            raise _fault("too many compressed streams, one after the other")
        left -= 1
        stream = zlib.decompressobj(wrapping)
        try:
            # One byte more than there may be tells whether there is one.
            found += stream.decompress(body, most_bytes + 1 - len(found))
        except zlib.error as exc:
            raise _fault("its compression is broken") from exc
        if len(found) > most_bytes:
            raise too_large(most_bytes)
        if not stream.eof:
            raise _fault("its compression ends too early")
        body = stream.unused_data
    return found


def _fault(problem: str) -> Failed:
    return Failed(UnavailableReason.PRODUCER_FAULT, f"answer: {problem}")
