"""Compressed answers: unpacked, whatever they are wrapped in, and no further than to the most bytes there may be."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from gateway.producers.encodings import BARE, unpacked
from gateway.producers.failures import Failed

TEXT = b"Granskas. " * 100
MOST = len(TEXT)


def gzipped(content: bytes) -> bytes:
    """Without the time of day, which would make another test of it each time that tests are collected."""
    return gzip.compress(content, mtime=0)


def bare(content: bytes) -> bytes:
    packing = zlib.compressobj(wbits=BARE)
    return packing.compress(content) + packing.flush()


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (TEXT, ""),
        (TEXT, "identity"),
        (gzipped(TEXT), "gzip"),
        (gzipped(TEXT), " GZIP "),
        (gzipped(TEXT), "x-gzip"),
        (gzipped(TEXT[:300]) + gzipped(TEXT[300:]), "gzip"),
        (gzipped(b"") * 49 + gzipped(TEXT), "gzip"),
        (zlib.compress(TEXT), "deflate"),
        (bare(TEXT), "deflate"),
    ],
)
def test_a_body_is_what_it_was_before_it_was_packed(body: bytes, encoding: str) -> None:
    assert unpacked(body, encoding, MOST) == TEXT


@pytest.mark.parametrize(
    ("body", "encoding", "problem"),
    [
        (b"\x1f\x8bnot gzip at all", "gzip", "broken"),
        (gzipped(TEXT)[:-3], "gzip", "too early"),
        (gzipped(TEXT) + b"more", "gzip", "broken"),
        (gzipped(b"") * 51, "gzip", "too many compressed streams"),
        (gzipped(b"") * 50_000, "gzip", "too many compressed streams"),
        (bare(TEXT)[:-3], "deflate", "too early"),
        (TEXT, "br", "not offered"),
        (gzipped(gzipped(TEXT)), "gzip, gzip", "not offered"),
    ],
)
def test_what_cannot_be_unpacked_is_a_fault(body: bytes, encoding: str, problem: str) -> None:
    with pytest.raises(Failed, match=problem):
        unpacked(body, encoding, MOST)


@pytest.mark.parametrize("body", [gzipped(TEXT + b"."), gzipped(TEXT) + gzipped(b".")])
def test_a_byte_more_than_there_may_be_is_too_much(body: bytes) -> None:
    with pytest.raises(Failed, match=f"larger than {MOST} bytes"):
        unpacked(body, "gzip", MOST)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzipped(b" " * 50_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(Failed, match="larger than 1000 bytes"):
            unpacked(bomb, "gzip", 1_000)

        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_what_is_packed_in_blocks_may_have_as_many_as_it_is_long() -> None:
    block = b"x" * 60_000
    body = gzipped(block) * 100 + gzipped(b"")

    assert unpacked(body, "gzip", 6_000_000) == block * 100
