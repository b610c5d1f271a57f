"""A producer as a process: its start, its log and its end."""

import re
import signal
import socket
import time
from pathlib import Path

import aiohttp
import pytest

from tests.subgraphs.gateway import Gateway
from tests.subgraphs.processes import (
    DEMONSTRATIONS,
    IN_EACH_LANGUAGE,
    Demonstration,
    Producer,
    run,
    running,
    running_producer,
)

pytestmark = pytest.mark.asyncio

in_each_language = pytest.mark.parametrize("one", IN_EACH_LANGUAGE, ids=lambda one: one.producer)


async def test_health_needs_no_assertion(producer: Producer) -> None:
    async with aiohttp.ClientSession() as session, session.get(producer.url.replace("/graphql", "/health")) as answer:
        assert answer.status == 200
        assert await answer.json() == {"status": "ok"}


async def test_each_request_is_one_line_in_the_log(producer: Producer) -> None:
    reference = producer.demonstration.references[0]

    await producer.entities([reference, "UNKNOWN"], "reference", x_request_id="one-line-in-the-log")

    (line,) = await producer.logged("one-line-in-the-log")
    assert "consumer=business-portal" in line
    assert "cases=2" in line
    assert re.search(r"ms=\d", line)


async def test_the_line_says_what_was_asked_and_what_was_signed_for(producer: Producer) -> None:
    """Each by itself: the fields are those of the query, the scope is the assertion's."""
    query = """
      query Q($representations: [_Any!]!, $no: Boolean = false) {
        _entities(representations: $representations) { ...Statuses }
      }
      fragment Statuses on Case {
        status { shown: title updatedAt ... on CaseStatus { title extension @include(if: $no) } references { url } }
      }
    """
    body = {"query": query, "variables": {"representations": [{"__typename": "Case", "reference": "any"}]}}
    assertion = producer.assertion(scope="title updatedAt", purpose=["TAXES:filing-vat", "GOODS"])

    await producer.post(body, assertion=assertion, x_request_id="what-was-asked")

    (line,) = await producer.logged("what-was-asked")
    assert "fields='title updatedAt extension references.url'" in line
    assert "scope='title updatedAt'" in line
    assert "purpose='TAXES:filing-vat GOODS'" in line


@pytest.mark.parametrize(
    ("selected", "logged"),
    [
        ("status { __typename }", None),
        ("status { references { __typename } }", "references"),
        ("status { references { __typename title } code }", "'references.title code'"),
        ("reference", None),
    ],
)
async def test_what_is_not_a_field_of_a_status_is_not_said_to_be_one(
    producer: Producer, selected: str, logged: str | None
) -> None:
    await producer.entities(["any"], selected, x_request_id=f"selected-{abs(hash(selected))}-x")

    (line,) = await producer.logged(f"selected-{abs(hash(selected))}-x")
    assert re.findall(r" fields=('[^']*'|\S+)", line) == ([] if logged is None else [logged])


async def test_the_overview_says_what_was_asked_too(producer: Producer) -> None:
    await producer.ask("{ cases { edges { node { status { code } } } } }", x_request_id="overview-asked")

    (line,) = await producer.logged("overview-asked")
    assert "fields=code" in line


async def test_what_may_be_a_number_in_a_purpose_is_not_logged(producer: Producer) -> None:
    assertion = producer.assertion(purpose=["TAXES:about-199003152390"], scope="title 900315-2390")

    await producer.post({"query": "{ cases { edges { caseType } } }"}, assertion=assertion, x_request_id="with-number")

    (line,) = await producer.logged("with-number")
    assert "purpose=TAXES:about-…" in line
    assert "scope='title …'" in line


async def test_the_log_holds_neither_identity_numbers_nor_references(producer: Producer) -> None:
    demonstration = producer.demonstration
    secrets = [demonstration.subject, "199003152390", demonstration.foreign_reference, *demonstration.references]
    await producer.entities([demonstration.foreign_reference, *demonstration.references], "reference status { code }")
    await producer.post({"query": "{ cases }"}, assertion=producer.assertion(act={"sub": "199003152390"}))
    await producer.post({"query": f'{{ cases(after: "{demonstration.subject}") }}'}, assertion=producer.assertion())
    await producer.post({"query": "{ cases }"}, assertion=producer.assertion(sub="199003152390", exp=1))
    await producer.post({"query": "{ cases }"}, assertion=producer.assertion(aud="199003152390"), x_request_id="last")
    (last,) = await producer.logged("request_id=last")

    log = producer.log.read_text()
    assert "refused" in last
    assert [secret for secret in secrets if secret in log] == []


async def test_the_request_id_of_the_gateway_comes_back(producer: Producer) -> None:
    answer = await producer.entities([], "reference", x_request_id="01J-abc")

    assert answer.headers["x-request-id"] == "01J-abc"


async def test_a_request_id_that_is_not_one_is_replaced(producer: Producer) -> None:
    answer = await producer.entities([], "reference", x_request_id="x" * 101)

    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


@in_each_language
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_within_two_seconds_without_a_traceback(
    gateway: Gateway, tmp_path: Path, one: Demonstration, sent: signal.Signals
) -> None:
    with running_producer(one, gateway, tmp_path / "log") as producer:
        await producer.entities(["any"], "reference")
        started = time.monotonic()

        producer.process.send_signal(sent)
        producer.process.wait(timeout=10)

        assert time.monotonic() - started < 2
        assert producer.process.returncode in (0, -sent)
        assert "Traceback" not in producer.log.read_text()


@in_each_language
async def test_a_connection_kept_open_does_not_hold_up_its_end(
    gateway: Gateway, tmp_path: Path, one: Demonstration
) -> None:
    with running_producer(one, gateway, tmp_path / "log") as producer:
        async with aiohttp.ClientSession() as session:
            async with session.get(producer.url.replace("/graphql", "/health")) as answer:
                await answer.read()
            started = time.monotonic()

            producer.process.terminate()
            producer.process.wait(timeout=10)

            assert time.monotonic() - started < 2


@in_each_language
async def test_a_port_in_use_is_one_clear_sentence(one: Demonstration) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ended = run(one.program, "--port", str(port))

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == (
        f"Cannot listen on 127.0.0.1 port {port}: Address already in use. "
        "Stop what uses it, or choose another with --port.\n"
    )


@in_each_language
async def test_options_that_cannot_be_are_told_in_a_sentence(one: Demonstration) -> None:
    ended = run(one.program, "--prot", "8104")

    assert ended.returncode != 0
    assert "--prot" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "    at " not in ended.stderr


@in_each_language
async def test_a_gateway_that_cannot_be_reached_makes_the_answer_503(
    gateway: Gateway, tmp_path: Path, one: Demonstration
) -> None:
    """Then nothing is known about the assertion, and to call it invalid would be untrue."""
    with running(one.program, tmp_path / "log", "--gateway", "http://127.0.0.1:1") as (process, url):
        producer = Producer(process, url, tmp_path / "log", one, gateway)

        answer = await producer.post({"query": "{ cases }"}, assertion=producer.assertion())

    assert answer.status == 503
    assert answer.headers["retry-after"] == "2"
    assert answer.body["errors"][0]["extensions"]["code"] == "KEYS_UNAVAILABLE"


@pytest.mark.parametrize("one", DEMONSTRATIONS, ids=lambda one: one.producer)
async def test_help_names_every_option(one: Demonstration) -> None:
    ended = run(one.program, "--help")

    assert ended.returncode == 0
    assert all(option in ended.stdout for option in ("--host", "--port", "--gateway", "--audience"))


async def test_the_stand_in_gateway_signs_what_a_producer_accepts(tmp_path: Path) -> None:
    with (
        running("stand_in", tmp_path / "gateway") as (_, gateway_url),
        running("municipality", tmp_path / "producer", "--gateway", gateway_url) as (_, url),
    ):
        asked = {"audience": "https://municipality.demo.example", "subject": "165599990010"}
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{gateway_url}/assertion", params=asked) as answer:
                assertion = await answer.text()
            async with session.post(
                url,
                json={"query": "{ cases { edges { node { reference } } } }"},
                headers={"Authorization": f"Bearer {assertion}"},
            ) as answer:
                body = await answer.json()

    assert [edge["node"]["reference"] for edge in body["data"]["cases"]["edges"]] == ["EXK-2026-0417", "EXK-2026-0418"]


async def test_the_stand_in_gateway_tells_what_it_needs_to_know(tmp_path: Path) -> None:
    with running("stand_in", tmp_path / "gateway") as (_, gateway_url):
        async with aiohttp.ClientSession() as session, session.get(f"{gateway_url}/assertion") as answer:
            assert answer.status == 400
            assert await answer.text() == "Say audience and subject in the query string.\n"
