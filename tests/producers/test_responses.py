"""HTTP/1.1 responses as they come: read whole, or known to be broken, and never more of them than there may be."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.status import UnavailableReason
from gateway.producers.failures import Failed
from gateway.producers.responses import LONGEST_FIELD, MOST_FIELDS, MOST_UNREAD, Response, ResponseReader

MOST = 100
OVER = Failed(UnavailableReason.PRODUCER_UNAVAILABLE, "connection: over")

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nVary: a\r\nvary: b\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nAge: 5\r\n\r\n"
UNTIL_THE_END = b"HTTP/1.1 200 OK\r\n\r\nhello"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"


def expecting(most_bytes: int = MOST) -> ResponseReader:
    reader = ResponseReader()
    reader.expect(most_bytes)
    return reader


def read(*parts: bytes, ends: bool = False) -> Response:
    """What these parts are read as; where it is said so, the connection ends after them."""
    reader = expecting()
    for part in parts:
        reader.feed(part)
    if ends:
        reader.end(OVER)
    assert reader.response
    return reader.response


def feed(reader: ResponseReader, content: bytes, size: int) -> None:
    """Feeds it in parts of so many bytes, until it has a response."""
    for place in range(0, len(content), size):
        if reader.response is None:
            reader.feed(content[place : place + size])


def pieces(content: bytes) -> Iterator[bytes]:
    return (content[place : place + 1] for place in range(len(content)))


@pytest.mark.parametrize("content", [SIZED, CHUNKED, INTERIM + SIZED, INTERIM * 3 + CHUNKED])
def test_a_response_is_whole_when_its_end_has_come_and_another_can_follow(content: bytes) -> None:
    reader = expecting()

    for _ in range(2):
        reader.expect(MOST)
        for piece in pieces(content):
            assert reader.response is None
            reader.feed(piece)
        assert reader.response
        assert (reader.response.status, reader.response.body, reader.response.problem) == (200, b"hello", None)
        assert reader.is_whole
        assert reader.can_follow


def test_headers_are_found_by_name_in_whatever_case_and_those_of_a_trailer_are_none() -> None:
    assert read(SIZED).header(b"vary") == "a, b"
    assert read(SIZED).header(b"age") == read(CHUNKED).header(b"age") == ""
    assert read(INTERIM + SIZED).header(b"link") == ""


@pytest.mark.parametrize("head", ["HTTP/1.1 200 OK\r\nConnection: close", "HTTP/1.0 200 OK"])
def test_after_a_response_that_says_so_no_other_can_follow(head: str) -> None:
    reader = expecting()

    reader.feed(f"{head}\r\nContent-Length: 0\r\n\r\n".encode())

    assert reader.is_whole
    assert not reader.can_follow


@pytest.mark.parametrize("head", ["", "Connection: close\r\n", "Transfer-Encoding: gzip\r\n"])
def test_a_body_of_which_nobody_said_how_long_it_is_ends_with_the_connection(head: str) -> None:
    response = read(f"HTTP/1.1 200 OK\r\n{head}\r\nhello".encode(), ends=True)

    assert (response.body, response.problem) == (b"hello", None)


@pytest.mark.parametrize("content", [SIZED, CHUNKED])
def test_a_body_that_breaks_off_is_no_body_but_its_head_is_known(content: bytes) -> None:
    body = content.index(b"\r\n\r\n") + 4
    for until in range(body, len(content)):
        response = read(content[:until], ends=True)

        assert (response.status, response.body, response.problem) == (200, b"", OVER)


@pytest.mark.parametrize("content", [b"", b"HTTP", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", INTERIM])
def test_without_a_head_there_is_no_response(content: bytes) -> None:
    reader = expecting()
    if content:
        reader.feed(content)

    with pytest.raises(Failed, match="over"):
        reader.end(OVER)

    assert reader.has_begun == bool(content)


@pytest.mark.parametrize("status", [101, 204, 301, 304, 401, 404, 429, 503])
def test_of_a_status_whose_body_is_of_no_use_the_head_is_the_response(status: int) -> None:
    reader = expecting()

    reader.feed(f"HTTP/1.1 {status} Oj\r\nRetry-After: 7\r\nContent-Length: 1000\r\n\r\n".encode())
    assert reader.response

    assert (reader.response.status, reader.response.header(b"retry-after")) == (status, "7")


def test_a_body_that_is_of_no_use_is_left_and_nothing_follows_it_before_its_end() -> None:
    reader = expecting()

    reader.feed(b"HTTP/1.1 503 Oj\r\nContent-Length: 1000\r\n\r\n" + b" " * 999)
    assert not reader.is_whole
    reader.feed(b" ")

    assert reader.is_whole
    assert reader.response
    assert reader.response.body == b""


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "Expected HTTP/"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * (MOST_FIELDS + 2), "more than 128 header fields"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * (MOST_FIELDS + 1), "more than 128 header fields"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * LONGEST_FIELD + b"\r\n\r\n", "a header field of more than 8190 bytes"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * MOST_UNREAD, "a head without an end"),
        (b"HTTP/1.1 200 " + b"O" * MOST_UNREAD, "a head without an end"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_no_response_is_a_fault_whichever_parts_it_comes_in(content: bytes, problem: str) -> None:
    for size in (len(content), 1_000):
        reader = expecting()

        with pytest.raises(Failed, match=problem) as failed:
            feed(reader, content, size)

        assert failed.value.outcome.reason is UnavailableReason.PRODUCER_FAULT
        assert not failed.value.can_repeat


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"Content-Length: 101\r\n\r\n" + b" " * 101, "larger than 100 bytes"),
        (b"\r\n" + b" " * 101, "larger than 100 bytes"),
        (b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 101, "larger than 100 bytes"),
        (b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n", "answer: "),
        (b"Transfer-Encoding: chunked\r\n\r\nfive\r\n", "answer: "),
        (b"Transfer-Encoding: chunked\r\n\r\n0\r\nA: " + b"b" * MOST_UNREAD * 2, "without an end"),
        (b"Transfer-Encoding: chunked\r\n\r\n1;" + b"b" * MOST_UNREAD * 2, "without an end"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_body_that_is_too_much_or_wrong_is_the_responses_problem(body: bytes, problem: str) -> None:
    reader = expecting()

    feed(reader, b"HTTP/1.1 200 OK\r\n" + body, 1_000)

    assert reader.response
    assert re.search(problem, str(reader.response.problem))
    assert (reader.response.body, reader.is_whole) == (b"", False)


def test_a_body_of_just_the_most_bytes_is_read() -> None:
    assert read(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b" " * MOST).body == b" " * MOST


@pytest.mark.parametrize("more", [SIZED, b"H", b"nonsense", b"\x00"])
def test_what_follows_a_response_unasked_is_not_read_and_ends_the_connection(more: bytes) -> None:
    reader = expecting()

    reader.feed(SIZED + more)

    assert reader.response
    assert reader.response.body == b"hello"
    assert not reader.can_follow


def test_a_switch_of_protocols_is_a_response_that_none_can_follow() -> None:
    reader = expecting()

    reader.feed(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n\x00\x01")

    assert reader.response
    assert (reader.response.status, reader.can_follow) == (101, False)


@given(st.lists(st.sampled_from([SIZED, CHUNKED, UNTIL_THE_END, INTERIM]) | st.binary(max_size=40), max_size=4))
def test_no_bytes_whatsoever_are_more_than_a_response_or_a_failure(parts: list[bytes]) -> None:
    reader = expecting()
    try:
        for part in parts:
            if reader.response is None:
                reader.feed(part)
        if reader.response is None:
            reader.end(OVER)
    except Failed:
        assert reader.response is None
    else:
        assert reader.response
        assert len(reader.response.body) <= MOST
