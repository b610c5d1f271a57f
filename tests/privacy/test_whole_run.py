"""A whole run of the real product, with good and bad input; then everything it left is scanned for the numbers used.

What end users write into a title or a note is theirs: a number there is kept as they wrote it, in that group and what
is given out to them about it, and it must be nowhere else.
"""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from gateway.store.definitions import load_definitions
from gateway.store.driver import connect, open_database
from gateway.store.initialise import initialise
from tests.agreements import consumer_record, grant_record
from tests.bench.stand import settings
from tests.crash.stack import GatewayProcess
from tests.database import GIVEN, EmbeddedDatabase
from tests.development.supervised import Addresses
from tests.gateway import CONSUMERS, GROUP_WITH_STATUSES, Gateway
from tests.groups.parties import Party
from tests.http.parts import in_parts
from tests.issuer import ALVA, BJORN, COMPANY, Issuer
from tests.privacy.left_behind import documents, files, numbers_in
from tests.privacy.scanner import Scanner, forms
from tests.producer import Producer, answering, running_producer
from tests.reads import Reads

pytestmark = [
    pytest.mark.skipif(GIVEN in os.environ, reason="the files of the embedded database are read"),
    pytest.mark.timeout(180),
]

USED = Scanner(ALVA, BJORN, COMPANY)
THEIRS = "197706053451"
"""What an end user writes into a title and a note."""

NAME = "privacy"
EXAMPLE = f"such as {ALVA}".encode()
"""Of how a number is written, in a sentence that every refusal has: the demo's person, whatever number was given."""

WHY = ("--why", "Begäran 17", "--by", "lo")
DEFERRED = """query($id: ID!) { caseGroup(id: $id) { cases { edges { node { reference
  ... @defer { status { ... on CaseStatus { title } } } } } } } }"""
EVERYTHING = """{ viewer { subject { identifier } } availableCases { edges { node { reference } } }
  disclosures { edges { node { at } } } caseGroups { edges { node { id title } } } }"""
ADD = "mutation($input: AddCasesInput!) { addCases(input: $input) { userErrors { code message } } }"


@dataclass
class Run:
    """A run in progress; `folder` has everything that it leaves."""

    folder: Path
    gateway: Gateway
    process: GatewayProcess
    environment: dict[str, str]
    metrics: str
    tax: Producer
    city: Producer

    async def command(self, *words: str, stdin: str = "") -> None:
        """Runs `gateway …`; what it prints is kept."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", *words),
            env={**os.environ, **self.environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await process.communicate(stdin.encode())
        assert b"Traceback" not in printed, printed.decode()
        kept = self.folder / "commands"
        kept.mkdir(exist_ok=True)
        (kept / f"{len(list(kept.iterdir()))} {' '.join(words[:2])}.txt").write_bytes(printed)


@pytest_asyncio.fixture
async def run(tmp_path: Path, issuer: Issuer, reads: Reads) -> AsyncIterator[Run]:
    """The real product on an embedded database of its own, as it is run."""
    folder = tmp_path / "run"
    addresses = Addresses.free(folder)
    async with AsyncExitStack() as stack:
        server = EmbeddedDatabase(folder / "database", port=addresses.database)
        stack.callback(server.stop)
        await asyncio.to_thread(server.start)
        client = connect(server.uri, timeout=10)
        stack.push_async_callback(client.close)
        database = open_database(client, NAME)
        async for _ in initialise(database, load_definitions()):
            pass
        tax, city = [
            await stack.enter_async_context(running_producer(id_, types))
            for id_, types in (("tax-agency", ("FSKATT", "MOMS")), ("municipality", ("SERVERINGSTILLSTAND",)))
        ]
        tax.offers = {ALVA: {"T-1": "FSKATT"}, COMPANY: {"T-2": "MOMS"}, BJORN: {}}
        await database["consumers"].insert_many([consumer_record(consumer) for consumer in CONSUMERS])
        await database["producers"].insert_many([producer.record() for producer in (tax, city)])
        await database["grants"].insert_many(
            [grant_record(consumer, one.id, one.case_types) for consumer in CONSUMERS for one in (tax, city)]
        )
        environment = {
            **settings(folder, server.uri, NAME, issuer, addresses.gateway),
            "GATEWAY_METRICS_PORT": str(addresses.producers[0]),
        }
        process = GatewayProcess(environment, addresses.gateway, folder / "gateway.log")
        stack.push_async_callback(process.stop)
        await process.start()
        session = await stack.enter_async_context(ClientSession())
        gateway = Gateway(process.url, issuer, session, database, reads, process.stop)
        yield Run(
            folder, gateway, process, environment, f"http://127.0.0.1:{addresses.producers[0]}/metrics", tax, city
        )


async def test_nothing_that_a_run_leaves_holds_an_identity_number_and_a_planted_one_is_found_in_each_place(
    run: Run,
) -> None:
    database = run.gateway.database
    await ordinary_use(run)
    await bad_input(run)
    await refused_tokens(run)
    await administration(run)
    async with run.gateway.session.get(run.metrics) as response:
        (run.folder / "metrics.txt").write_text(await response.text())
    await run.process.stop()

    left = {name: content.replace(EXAMPLE, b"") for name, content in files(run.folder)}
    kept = {name: content async for name, content in documents(database)}

    assert {name.split()[0] for name in kept} >= {"caseGroups", "disclosures", "recordStreams", "recordSeals"}
    assert {name.partition("/")[0] for name in left} >= {"database", "gateway.log", "metrics.txt", "commands"}
    assert b"request.failed" not in left["gateway.log"]
    assert numbers_in(USED, {**left, **kept}) == {}
    of_theirs = {name.split()[0] for name in numbers_in(Scanner(THEIRS), {**left, **kept})}
    assert {name for name in of_theirs if not name.startswith("database/")} == {
        "caseGroups",
        "commands/1",
        "commands/export.json",
    }

    await run.gateway.database["planted"].insert_one({"_id": 1, "of": {"born": ALVA[:8], "last": ALVA[8:]}})
    spoiled = ["gateway.log", "metrics.txt", next(name for name in left if name.startswith("commands/"))]
    for name in spoiled:
        with (run.folder / name).open("a") as file:
            file.write(f"{BJORN[2:8]}-{BJORN[8:]}\n")
    found = numbers_in(USED, dict(files(run.folder)) | {name: content async for name, content in documents(database)})
    assert {name for name in spoiled if name in found} == set(spoiled)
    assert "planted 1" in found
    assert any(name.startswith("database/") for name in found)


async def ordinary_use(run: Run) -> None:
    """Groups of a person, of a company that she acts for, and of another person: made, read, shared and removed."""
    gateway = run.gateway
    run.city.case("C-1", description=f"Handläggs för {ALVA}")
    cases = [run.tax.case("T-1"), {**run.city.case("C-2"), "note": f"Mitt nummer är {THEIRS}"}]
    for token in (gateway.token_for(ALVA), gateway.token_for(COMPANY, actor=ALVA), gateway.token_for(BJORN)):
        title = f"Fråga om {THEIRS}"
        payload = await gateway.create(cases[1], token=token, title=title, idempotencyKey="one")
        group = payload["caseGroup"]
        assert payload["userErrors"] == []
        id_ = group["id"]
        await gateway.query(GROUP_WITH_STATUSES, id=id_, token=token, request_id="story")
        await gateway.query(EVERYTHING, token=token)
        await gateway.change("addCases", token, id=id_, expectedRevision=1, cases=[run.city.case("C-3")])
        await gateway.change("updateCaseGroup", token, id=id_, expectedRevision=2, title=f"Nu {THEIRS}")
    mine, other = Party(gateway, "business-portal"), Party(gateway, "accounting-program")
    shared = await gateway.a_group_with(cases[0], title="Delad")
    await mine.permits(other, shared)
    await other.sees(shared)
    async with in_parts(gateway, DEFERRED, id=shared["id"]) as parts:
        await parts.all()
    doomed = await gateway.a_group_with(run.city.case("C-4"))
    await gateway.change("deleteCaseGroup", id=doomed["id"], expectedRevision=1)


async def bad_input(run: Run) -> None:
    """A number wherever a caller, or a producer, could put one by mistake."""
    gateway = run.gateway
    group = await gateway.a_group_with(run.city.case("C-5"))
    for number in (*forms(ALVA)[:4], BJORN, COMPANY):
        encoded = base64.urlsafe_b64encode(f"CaseGroup:{number}".encode()).decode().rstrip("=")
        for id_ in (number, encoded):
            await gateway.query(GROUP_WITH_STATUSES, id=id_)
            await gateway.query("query($id: ID!) { node(id: $id) { id } }", id=id_)
        await gateway.query(GROUP_WITH_STATUSES, id={"number": number}, request_id=number.replace(" ", "_"))
        await gateway.query(f'{{ caseGroup(id: "{number}") {{ nothing }} }}')
        await gateway.query(f'{{ caseGroups(after: "{encoded}") {{ edges {{ cursor }} }} }}')
        await gateway.query(f"{{ caseGroup(id: {number.replace(' ', '')}) {{ title ")
        await gateway.query(f"query N{number[:8]}{number[-4:]} {{ viewer {{ consumer {{ id }} }} }}")
        change = {"id": group["id"], "expectedRevision": number, "cases": []}
        await gateway.query(ADD, input=change)
        change = {"id": group["id"], "expectedRevision": 1, "consumer": number, "validUntil": "2027-01-01T00:00:00Z"}
        await gateway.change("permitReading", **change)
        for path in (f"/{number}", f"/graphql/{number}", f"/graphql?query={{caseGroup(id:%22{number}%22){{id}}}}"):
            await gateway.send(None, {"Accept-Language": number, "traceparent": number}, method="GET", path=path)
        await gateway.send(f'{{"query": "{number}'.encode(), {"Content-Type": "application/json", "User-Agent": number})
    for wrong in (
        {"errors": [{"message": f"{ALVA} finns inte"}]},
        {"data": {"_entities": [{"reference": ALVA}]}},
        ALVA,
    ):
        for status in (200, 500):
            run.city.behaviour = answering(wrong, status=status)
            await gateway.query(GROUP_WITH_STATUSES, id=group["id"])
    run.city.behaviour = None


async def refused_tokens(run: Run) -> None:
    """Tokens that name a person, and are refused."""
    issuer = run.gateway.issuer
    for token in (
        issuer.token(exp=1),
        issuer.token(consumer=ALVA),
        issuer.token(aud=ALVA),
        issuer.token(iss=f"https://{ALVA}.example"),
        issuer.token(header={"kid": ALVA}),
        issuer.token(subject=f"{ALVA[:8]}-{ALVA[8:]}x"),
        issuer.token(actor=["x" + BJORN, f"{ALVA} "]),
        ALVA,
        base64.b64encode(ALVA.encode()).decode(),
    ):
        await run.gateway.query("{ viewer { subject { identifier } } }", token=token)


async def administration(run: Run) -> None:
    """What is exported, reported and looked at, of those whose numbers are given and of all."""
    given = ALVA + "\n"
    await run.command("grant", "list")
    await run.command("subject", "export", "--subject", "-", *WHY, stdin=given)
    for words in (
        ("subject", "export", "--subject", BJORN, "--output", str(run.folder / "commands" / "export.json"), *WHY),
        ("audit", "export", "--format", "jsonl", "--subject", ALVA, *WHY),
        ("audit", "export", "--format", "csv", *WHY),
        ("audit", "export", "--format", "csv", "--subject", f"{ALVA}0", *WHY),
        ("audit", "inspect", "story"),
        ("audit", "inspect", ALVA),
        ("audit", "verify"),
        ("audit", "anchor"),
        ("report", "benefits", "--from", "2026-01-01", "--to", "2026-12-01", "--format", "html"),
        ("keys", "list"),
        ("consumer", "show", "business-portal"),
        ("consumer", "suspend", "business-portal", "--why", f"{ALVA} bad om det"),
        ("producer", "show", "tax-agency"),
        ("subject", "export", "--subject", f"{ALVA[:8]} {ALVA[8:]}", *WHY),
        ("subject", "erase", "--subject", COMPANY, "--yes", "--json", *WHY),
    ):
        await run.command(*words)
