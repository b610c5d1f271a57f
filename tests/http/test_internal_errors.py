"""What goes wrong inside: masked in the answer, whole in the log, with one request id in both."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.execution.documents import Documents
from gateway.store.case_groups import CaseGroupStore
from tests.gateway import Gateway
from tests.http.waiting import until
from tests.issuer import ALVA, AUDIENCE, BJORN, ISSUER
from tests.producer import Producer, answering

SECRET = f"secret-host:27017 {ALVA}"
QUERY = "{ viewer { consumer { name } } caseGroups { totalCount } }"


def failing(*_: object) -> None:
    raise RuntimeError(SECRET)


def is_masked(answer: Any) -> bool:
    text = answer.body.decode()
    return not any(word in text for word in ("secret-host", ALVA, "RuntimeError", "Traceback", ".py"))


async def test_a_field_that_fails_is_masked_and_logged_whole(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, logged: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr(CaseGroupStore, "count", failing)

    answer = await gateway.query(QUERY)

    assert (answer.status, answer.json["data"]["caseGroups"], answer.code) == (200, None, "INTERNAL")
    assert is_masked(answer)
    (line,) = [line for line in logged if line["event"] == "operation.failed"]
    assert line["request_id"] == answer.error["extensions"]["requestId"] == answer.headers["X-Request-ID"]
    assert line["path"] == answer.error["path"] == ["caseGroups", "totalCount"]
    assert (type(line["exc_info"]), str(line["exc_info"])) == (RuntimeError, SECRET)
    assert line["exc_info"].__traceback__ is not None


async def test_a_failure_outside_the_operation_is_masked_and_logged_whole(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, logged: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr(Documents, "prepare", failing)

    answer = await gateway.query(QUERY)

    assert (answer.status, answer.code) == (500, "INTERNAL")
    assert is_masked(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    await until(lambda: any(line["event"] == "request" for line in logged))
    (line,) = [line for line in logged if line["event"] == "request.failed"]
    assert line["request_id"] == answer.error["extensions"]["requestId"] == answer.headers["X-Request-ID"]
    assert line["exc_info"]


async def test_the_log_is_one_json_object_a_line_and_holds_no_identity_number(
    gateway: Gateway, tax: Producer, database_uri: str, database_name: str, tmp_path: Path
) -> None:
    """The real command, since the log of a test run is not formatted."""
    group = await gateway.a_group_with(tax.case(f"ref-{BJORN}"))
    tax.behaviour = answering({"errors": [{"message": f"no access for {ALVA}"}]}, status=500)
    log = tmp_path / "log.txt"
    url, process = await _gateway_serve(database_uri, database_name, gateway, tmp_path, log)
    try:
        served = replace(gateway, url=url)
        await served.query(
            "query($id: ID!) { caseGroup(id: $id) { cases { edges { node { status { __typename } } } } }"
            f' producer(id: "{BJORN}") {{ id }} }}',
            id=group["id"],
        )
        await served.send(None, {"X-Request-ID": ALVA}, method="GET", path=f"/graphql?query={ALVA}")
        await served.send(None, {}, method="GET", path=f"/{ALVA}?number={BJORN}")
        await served.send(f'{{"query": "{ALVA}'.encode(), {"Content-Type": "application/json"})
    finally:
        process.terminate()
        await process.wait()

    text = log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert {"event", "level", "timestamp", "method", "path", "status", "milliseconds", "request_id"} <= set(requests[0])
    assert [line["path"] for line in requests] == ["/graphql", "/graphql", "(other)", "/graphql"]
    assert "producer.asked" in {line["event"] for line in lines}
    assert [number for number in (ALVA, BJORN, ALVA[2:], BJORN[2:]) if number in text] == []


async def _gateway_serve(
    uri: str, name: str, gateway: Gateway, folder: Path, log: Path
) -> tuple[str, asyncio.subprocess.Process]:
    """`gateway serve` on a free port, ready, with the keys that the `gateway` fixture made in `folder`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gateway",
            "serve",
            env={
                **os.environ,
                "GATEWAY_PORT": str(port),
                "GATEWAY_MONGODB_URI": uri,
                "GATEWAY_MONGODB_DATABASE": name,
                "GATEWAY_TOKEN_ISSUER": ISSUER,
                "GATEWAY_TOKEN_AUDIENCE": AUDIENCE,
                "GATEWAY_TOKEN_JWKS": str(gateway.issuer.jwks),
                "GATEWAY_ASSERTION_KEY_FILE": str(folder / "assertion.jwk"),
                "GATEWAY_PSEUDONYM_KEY_FILE": str(folder / "pseudonym.key"),
                "GATEWAY_RECORD_KEY_FILE": str(folder / "record.jwk"),
            },
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"

    async def is_ready() -> bool:
        assert process.returncode is None, f"the gateway ended with code {process.returncode}; see {log}"
        try:
            async with gateway.session.get(f"{url}/health/ready") as response:
                return response.status == 200
        except OSError:
            return False

    await until(is_ready)
    return url, process
