"""`gateway producer add --readable-by`: readable by one command, and what is told where that is done by halves."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.errors import StoreUnavailable
from gateway.model.status import GRANTABLE_FIELDS
from gateway.store.grants import Grants
from tests.administration.conftest import Office
from tests.administration.subgraph import Subgraph, serving_subgraph
from tests.administration.test_producers import BEWARE, new
from tests.agreements import consumer_record, grant_record

READABLE = ("--open", "--readable-by", "business-portal", "--legal-basis", "Agreement 2026/18")


@pytest.fixture
def subgraph() -> Iterator[Subgraph]:
    with serving_subgraph() as serving:
        yield serving


def test_the_readers_are_granted_every_field_of_what_is_opened_for_every_purpose_in_its_areas(
    office: Office, subgraph: Subgraph
) -> None:
    result = office.run(
        *new(subgraph.url, valid_until="2099-01-01", by="lo"),
        *("--area", "GOODS", "--case-type", "AVGIFT|Avgift|Charge", *READABLE),
        *("--readable-by", "accounting-program", "--readable-by", "business-portal", "--json"),
    )

    answer = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (0, f"{BEWARE}\n")
    assert [(one["consumer"], one["inForce"]) for one in answer["grants"]] == [
        ("business-portal", True),
        ("accounting-program", True),
    ]
    for grant in answer["grants"]:
        assert grant["producer"] == "water-agency"
        assert grant["caseTypes"] == ["ANSLUTNING", "AVGIFT"]
        assert grant["fields"] == sorted(GRANTABLE_FIELDS)
        assert grant["purposes"] == ["GOODS", "TAXES"]
        assert (grant["legalBasis"], grant["validUntil"]) == ("Agreement 2026/18", "2099-01-01T00:00:00Z")
        (entry,) = office.json("grant", "show", grant["id"])["history"]
        assert (entry["by"], entry["action"], entry["why"]) == ("lo", "add", "Ticket 17")


def test_what_is_granted_is_said_plainly_before_and_after(office: Office, subgraph: Subgraph) -> None:
    words = (*new(subgraph.url), *READABLE)
    granted = "grant the consumer business-portal every field of ANSLUTNING for TAXES at the producer water-agency."
    before = office.all()

    looked = office.run(*words, "--dry-run")
    unchanged = office.all()
    done = office.run(*words)

    assert unchanged == before
    assert "This would connect the producer water-agency (The water agency) in the environment test." in looked.stdout
    assert f"It would then {granted}" in looked.stdout
    assert f"Then done: {granted}" in done.stdout


def test_a_pilot_can_be_a_reader_from_the_day_it_begins(office: Office, subgraph: Subgraph) -> None:
    result = office.run(
        *(*new(subgraph.url), "--pilot", "business-portal", "--from", "2099-01-01", *READABLE[1:], "--json")
    )

    (grant,) = json.loads(result.stdout)["grants"]
    assert grant["consumer"] == "business-portal"


BAD: list[tuple[tuple[str, ...], str]] = [
    (READABLE[1:], "--readable-by business-portal: the case types are not opened to that consumer; give --open or --p"),
    (
        ("--pilot", "accounting-program", *READABLE[1:]),
        "--readable-by business-portal: the case types are not opened to that consumer; give --open or --pilot busi",
    ),
    ((*READABLE[:2], "nobody", *READABLE[3:]), "--readable-by nobody: There is no consumer 'nobody'. There is acco"),
    ((*READABLE[:2], "ended", *READABLE[3:]), "--readable-by ended: the connection of that consumer has ended."),
    ((*READABLE[:2], "live", *READABLE[3:]), "--readable-by live: that consumer is in the environment live; the pro"),
    ((*READABLE[:2], "lapsed", *READABLE[3:]), "The connection of the consumer lapsed ended 2026-01-01 00:00 UTC; not"),
    ((*READABLE[:-1], " "), "--legal-basis is empty; it must say something."),
]


@pytest.mark.parametrize(("words", "sentence"), BAD)
def test_readers_that_cannot_be_granted_anything_are_refused_and_nothing_is_added(
    office: Office, words: tuple[str, ...], sentence: str
) -> None:
    office.database["consumers"].insert_many(
        [
            consumer_record("ended", state="ended"),
            consumer_record("live", environment="live"),
            consumer_record("lapsed", validUntil=consumer_record("x")["validFrom"].replace(hour=0)),
        ]
    )

    (said,) = office.refused(*new("http://127.0.0.1:9/graphql"), *words)

    assert said.startswith(sentence)


def test_readers_need_case_types_to_read(office: Office) -> None:
    words = list(new("http://127.0.0.1:9/graphql"))
    del words[words.index("--case-type") : words.index("--case-type") + 2]

    assert office.refused(*words, *READABLE) == [
        "--readable-by grants to read the case types that are added: give --case-type with it."
    ]


@pytest.mark.parametrize("words", [READABLE[:3], ("--legal-basis", "Agreement 2026/18")])
def test_readers_and_their_legal_basis_are_given_together(office: Office, words: tuple[str, ...]) -> None:
    result = office.run(*new("http://127.0.0.1:9/graphql"), *words)

    assert result.exit_code == 2
    assert "are given together, or neither" in " ".join(result.stderr.replace("│", "").split())


def test_where_a_grant_cannot_be_written_what_was_done_is_told_and_what_finishes_it(
    office: Office, subgraph: Subgraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert, written = Grants.insert, []

    async def failing(self: Grants, *arguments: Any) -> None:
        written.append(arguments)
        if len(written) == 2:
            raise StoreUnavailable("it went away")
        await insert(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Grants, "insert", failing)
        readers = ("--readable-by", "accounting-program", "--valid-until", "2099-01-01")
        result = office.run(*new(subgraph.url), *READABLE, *readers)

    *done, not_done, to_finish, command = result.stderr.splitlines()
    assert (result.exit_code, result.stdout) == (1, "")
    assert [line.split(" (")[0] for line in done] == [
        "Done: connect the producer water-agency",
        "Done: grant the consumer business-portal every field of ANSLUTNING for TAXES at the producer water-agency.",
    ]
    assert not_done.startswith("Not done: grant the consumer accounting-program every field of ANSLUTNING for TAXES at")
    assert not_done.endswith("The reason: MongoDB cannot be used: it went away")
    assert to_finish.startswith("To finish it, run the following")
    office.json(*shlex.split(command)[1:])
    grants = office.json("grant", "list", "--producer", "water-agency")
    assert [one["consumer"] for one in grants] == ["business-portal", "accounting-program"]
    assert grants[0]["validUntil"] == grants[1]["validUntil"] == "2099-01-01T00:00:00Z"
    assert office.json("producer", "show", "water-agency")["revision"] == 1


def test_where_somebody_granted_the_same_meanwhile_the_producer_stays_and_that_is_told(
    office: Office, subgraph: Subgraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = Grants.insert

    async def late(self: Grants, *arguments: Any) -> None:
        office.database["grants"].insert_one(grant_record("business-portal", "water-agency", ["ANSLUTNING"]))
        await insert(self, *arguments)

    monkeypatch.setattr(Grants, "insert", late)

    result = office.run(*new(subgraph.url), *READABLE)

    assert result.exit_code == 1
    assert "The reason: somebody else made such a change meanwhile" in result.stderr
    assert office.json("producer", "show", "water-agency")["state"] == "active"
