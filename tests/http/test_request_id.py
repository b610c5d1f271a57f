"""The request id and the trace: from the caller, through the log, to the producer, and back."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.gateway import GROUP_WITH_STATUSES, Gateway
from tests.http.waiting import until
from tests.issuer import ALVA
from tests.producer import Producer

BODY = b'{"query": "{ viewer { consumer { name } } }"}'
NEW = re.compile(r"[a-z]{32}")
NEW_TRACE = re.compile(r"[0-9a-f]{32}")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def ask(gateway: Gateway, **headers: str) -> Any:
    return await gateway.send(BODY, {"Content-Type": "application/json", **headers})


@pytest.mark.parametrize("id_", ["a", "0", "f" * 64, "8c9e6a4e-7d53-4c19-9a5b-0f1f6f0c2b11", "portal:2026.11_1-x"])
async def test_the_callers_id_comes_back(gateway: Gateway, id_: str) -> None:
    answer = await ask(gateway, **{"X-Request-ID": id_})

    assert answer.headers["X-Request-ID"] == id_


@pytest.mark.parametrize(
    "id_",
    [
        "",
        "f" * 65,
        "två",
        "a b",
        "<script>",
        '"',
        ALVA,
        ALVA[2:],
        f"{ALVA[:8]}-{ALVA[8:]}",
        f"{ALVA[2:8]}+{ALVA[8:]}",
        f"order-{ALVA}",
        f"subject:{ALVA}:1",
        f"{ALVA}_1",
        f"{ALVA[:8]}_{ALVA[8:]}",
        f"{ALVA[:4]}.{ALVA[4:6]}.{ALVA[6:8]}:{ALVA[8:]}",
        f"{ALVA[:4]}-{ALVA[4:6]}-{ALVA[6:8]}-{ALVA[8:]}",
        f"{ALVA[:8]}--{ALVA[8:]}",
        f"SE{ALVA}",
        f"{ALVA}x",
    ],
)
async def test_an_id_that_cannot_be_used_or_could_be_an_identity_number_is_replaced(gateway: Gateway, id_: str) -> None:
    answer = await ask(gateway, **{"X-Request-ID": id_})

    assert NEW.fullmatch(answer.headers["X-Request-ID"])


async def test_every_request_without_an_id_gets_one_of_its_own(gateway: Gateway) -> None:
    ids = {(await ask(gateway)).headers["X-Request-ID"] for _ in range(3)}

    assert len(ids) == 3


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/.well-known/jwks.json", "/nowhere"])
async def test_every_answer_has_an_id(gateway: Gateway, path: str) -> None:
    answer = await gateway.send(None, {"X-Request-ID": "mine"}, method="GET", path=path, authorized=False)

    assert answer.headers["X-Request-ID"] == "mine"


async def test_the_id_goes_to_the_log_to_the_producer_and_into_what_is_said_of_it(
    gateway: Gateway, tax: Producer, city: Producer, logged: list[dict[str, Any]]
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"), city.case("C-1"))
    await city.stop()
    logged.clear()
    document = GROUP_WITH_STATUSES.replace("reason", "reason requestId")

    body = f'{{"query": "{" ".join(document.split())}", "variables": {{"id": "{group["id"]}"}}}}'
    answer = await gateway.send(body.encode(), {"Content-Type": "application/json", "X-Request-ID": "mine"})

    statuses = [edge["node"]["status"] for edge in answer.data["caseGroup"]["cases"]["edges"]]
    assert statuses[1] == {"reason": "PRODUCER_UNAVAILABLE", "requestId": "mine"}
    assert tax.asked[0].headers["X-Request-ID"] == "mine"
    await until(lambda: any(line["event"] == "request" for line in logged))
    events = {line["event"]: line for line in logged}
    assert {"request", "producer.asked"} <= events.keys()
    assert {line["request_id"] for line in logged} == {"mine"}
    assert events["request"]["consumer"] == "business-portal"
    assert events["request"]["operation"] == "query"


async def test_the_trace_of_the_caller_goes_on_to_the_producer(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case())

    await ask_with_trace(gateway, group["id"], f"00-{TRACE}-00f067aa0ba902b7-01")

    version, trace, parent, _ = tax.asked[0].headers["traceparent"].split("-")
    assert (version, trace) == ("00", TRACE)
    assert parent != "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        TRACE,
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
        f"00-{TRACE}-00f067aa0ba902b7-01, x",
    ],
)
async def test_without_a_well_formed_trace_a_new_one_begins(gateway: Gateway, tax: Producer, traceparent: str) -> None:
    group = await gateway.a_group_with(tax.case())

    await ask_with_trace(gateway, group["id"], traceparent)

    trace = tax.asked[0].headers["traceparent"].split("-")[1]
    assert NEW_TRACE.fullmatch(trace)
    assert trace not in {TRACE, "0" * 32}


async def ask_with_trace(gateway: Gateway, group: str, traceparent: str) -> None:
    query = " ".join(GROUP_WITH_STATUSES.split())
    body = f'{{"query": "{query}", "variables": {{"id": "{group}"}}}}'
    answer = await gateway.send(body.encode(), {"Content-Type": "application/json", "traceparent": traceparent})
    assert answer.data


@pytest.mark.parametrize(
    ("path", "level", "shown"),
    [
        ("/health/live", "debug", "/health/live"),
        ("/playground/assets/index.js", "debug", "/playground/assets/"),
        ("/.well-known/jwks.json", "info", "/.well-known/jwks.json"),
        ("/199003152390", "info", "(other)"),
    ],
)
async def test_what_is_asked_all_the_time_is_logged_quietly_and_a_stray_path_not_at_all(
    gateway: Gateway, logged: list[dict[str, Any]], path: str, level: str, shown: str
) -> None:
    await gateway.send(None, {}, method="GET", path=path, authorized=False)
    await until(lambda: any(line["event"] == "request" for line in logged))

    (line,) = [line for line in logged if line["event"] == "request"]
    assert (line["log_level"], line["path"]) == (level, shown)
