"""`gateway producer`: connecting, checking, suspending, resuming and ending, over a real database and real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.store.producers import Producers
from tests.administration.conftest import Office
from tests.administration.subgraph import CONTRACT, Subgraph, serving_subgraph
from tests.agreements import grant_record, producer_record
from tests.subgraphs.gateway import Gateway, serving_gateway
from tests.subgraphs.processes import TAX_AGENCY, Producer, running_producer

WHY = ("--why", "Ticket 17")
BEWARE = (
    "Beware: It was asked without a caller assertion, since no signing key is set here (GATEWAY_ASSERTION_KEY_FILE). "
    "So it is not known whether it accepts the gateway's."
)


@pytest.fixture
def subgraph() -> Iterator[Subgraph]:
    with serving_subgraph() as serving:
        yield serving


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with serving_gateway() as gateway:
        yield gateway


@pytest.fixture(scope="module")
def tax_agency(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Producer]:
    """The reference producer, which answers nobody but its gateway."""
    with running_producer(TAX_AGENCY, gateway, tmp_path_factory.mktemp("tax-agency") / "log") as producer:
        yield producer


@pytest.fixture
def signing_office(office: Office, gateway: Gateway, tmp_path: Path) -> Office:
    """An office with the gateway's signing key."""
    key = tmp_path / "assertion.jwk"
    key.write_text(json.dumps(gateway.es256.as_dict(private=True)))
    key.chmod(0o600)
    office.settings.update(assertion_key_file=str(key), public_url=gateway.url)
    return office


def new(endpoint: str, **options: str) -> tuple[str, ...]:
    """The words that add a producer, with other values of some options."""
    given = {
        "name_sv": "Vattenverket",
        "name_en": "The water agency",
        "endpoint": endpoint,
        "audience": "https://water-agency.example",
        "area": "TAXES",
        "case_type": "ANSLUTNING|Anslutning|Connection",
        "contact_name": "Kim Berg",
        "contact_email": "kim@water-agency.example",
        "environment": "test",
        "why": "Ticket 17",
        **options,
    }
    words = [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]
    return "producer", "add", "water-agency", *words


def added(office: Office, *words: str) -> Any:
    """What a producer that was added without a signing key is."""
    result = office.run(*words, "--json")
    assert (result.exit_code, result.stderr) == (0, f"{BEWARE}\n")
    return json.loads(result.stdout)["producer"]


def test_a_producer_is_checked_and_connected_with_who_when_and_why(office: Office, subgraph: Subgraph) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)

    added(
        office,
        *new(subgraph.url, organisation="Vattenverket AB", support_sv="Ring oss.", support_en="Call us."),
        *("--incidents-name", "The night shift", "--incidents-email", "night@water-agency.example"),
        *("--deadline", "2.5", "--max-batch", "20", "--area", "GOODS", "--by", "lo"),
    )

    record = office.database["producers"].find_one({"_id": "water-agency"})
    assert record is not None
    (entry,) = record.pop("history")
    assert before <= record.pop("validFrom") <= datetime.now(UTC)
    assert record == {
        "_id": "water-agency",
        "name": {"sv": "Vattenverket", "en": "The water agency"},
        "organisation": {"name": "Vattenverket AB"},
        "endpoint": subgraph.url,
        "audience": "https://water-agency.example",
        "informationAreas": ["GOODS", "TAXES"],
        "caseTypes": [
            {
                "code": "ANSLUTNING",
                "name": {"sv": "Anslutning", "en": "Connection"},
                "state": "closed",
                "from": None,
                "pilots": [],
            }
        ],
        "overrides": {"deadline": 2.5, "maxBatch": 20},
        "support": {"sv": "Ring oss.", "en": "Call us."},
        "incidents": {"name": "The night shift", "email": "night@water-agency.example"},
        "offersCases": True,
        "contact": {"name": "Kim Berg", "email": "kim@water-agency.example"},
        "environment": "test",
        "validUntil": None,
        "state": "active",
        "endedAt": None,
        "revision": 1,
    }
    assert before <= entry.pop("at") <= datetime.now(UTC)
    assert entry == {"by": "lo", "action": "add", "why": "Ticket 17", "changes": {}}
    assert [next(iter(body["query"].split("{")[1:])).strip() for _, body in subgraph.asked] == [
        "_service",
        "_entities(representations: $representations)",
    ]


def test_case_types_are_opened_as_they_are_added_if_told(office: Office, subgraph: Subgraph) -> None:
    to_all = added(office, *new(subgraph.url), "--open", "--from", "2027-01-01", "--dry-run")
    to_pilots = added(office, *new(subgraph.url), "--pilot", "business-portal")

    assert [(one["state"], one["from"]) for one in to_all["caseTypes"]] == [("open", "2027-01-01T00:00:00Z")]
    assert [(one["state"], one["pilots"]) for one in to_pilots["caseTypes"]] == [("pilot", ["business-portal"])]


def test_the_reference_producer_is_checked_with_an_assertion_that_it_accepts(
    signing_office: Office, tax_agency: Producer
) -> None:
    words = new(tax_agency.url, audience=TAX_AGENCY.audience)

    answer = signing_office.json(*words)

    assert answer["producer"]["offersCases"] is True
    assert signing_office.json("producer", "check", "water-agency") == {
        "id": "water-agency",
        "fits": True,
        "misfits": [],
        "notes": [],
        "offersCases": True,
        "updated": False,
    }


def test_without_a_signing_key_a_producer_that_demands_one_cannot_be_checked(
    office: Office, tax_agency: Producer
) -> None:
    said = office.refused(*new(tax_agency.url))

    unchecked, *notes = said
    assert unchecked.startswith(f"{tax_agency.url} answers HTTP 401 to a question without a caller assertion, as it ")
    assert unchecked.endswith("Set GATEWAY_ASSERTION_KEY_FILE and GATEWAY_PUBLIC_URL to the gateway's.")
    assert notes == [
        BEWARE.removeprefix("Beware: "),
        "The producer was not added. Where you know better, repeat it with --force.",
    ]


def test_a_wrong_audience_is_found_out(signing_office: Office, tax_agency: Producer) -> None:
    said = signing_office.refused(*new(tax_agency.url))

    assert said[0].startswith(f"{tax_agency.url} answers HTTP 401 to the gateway's caller assertion (Bearer error=")
    assert "it must accept one with the audience https://water-agency.example" in said[0]


def spoilt(name: str) -> dict[str, Any]:
    """What a subgraph is that does not fit in one way."""
    ways: dict[str, dict[str, Any]] = {
        "no subgraph": {"raw": b'{"errors": [{"message": "Cannot query field _service"}]}'},
        "no JSON": {"raw": b"<html>"},
        "a redirect": {"status": 301, "headers": {"Location": "http://127.0.0.1:9/"}},
        "an error": {"status": 500},
        "too much": {"raw": b" " * 1_048_577},
        "a field less": {"sdl": CONTRACT.replace("  completed: Boolean\n", "")},
        "too few": {"entities": [None]},
        "a status": {"entities": [{"reference": "x", "status": {"title": "x"}}, None]},
        "errors": {"entities": [None, None], "errors": [{"message": "no such case"}]},
        "no entity": {"entities": [1, None]},
    }
    return ways[name]


ASKED = "Asked for the status of two cases that it cannot have, it"
MISFITS = {
    "no subgraph": "It is not a subgraph: asked `{ _service { sdl } }` it must answer its schema (it says: Cannot qu",
    "no JSON": "URL answers what is not JSON: it must answer GraphQL over HTTP.",
    "a redirect": "URL answers HTTP 301, a redirect to http://127.0.0.1:9/, which is not followed: give the right ",
    "an error": "URL answers HTTP 500: it must answer 200.",
    "too much": "URL answers more than 1048576 bytes.",
    "a field less": "CaseStatus.completed is missing: it must be Boolean; where you have nothing to say there, answer ",
    "too few": f"{ASKED} must answer a list of two.",
    "a status": f"{ASKED} answers the reference 'x' where it was asked",
    "errors": f"{ASKED} answers errors (it says: no such case): an unknown case is no error; its status is null.",
    "no entity": f"{ASKED} answers what is no case: it must answer the ",
}


@pytest.mark.parametrize("way", MISFITS)
def test_a_producer_that_does_not_fit_is_not_added_unless_forced(office: Office, subgraph: Subgraph, way: str) -> None:
    for name, value in spoilt(way).items():
        setattr(subgraph, name, value)

    said = office.refused(*new(subgraph.url))
    forced = office.run(*new(subgraph.url), "--force", "--json")

    expected = MISFITS[way].replace("URL", subgraph.url)
    assert said[0].startswith(expected)
    assert said[-1] == "The producer was not added. Where you know better, repeat it with --force."
    assert forced.exit_code == 0
    assert forced.stderr.startswith(f"Beware: {expected}")
    (entry,) = office.json("producer", "show", "water-agency")["history"]
    assert [one.startswith(expected) for one in entry["changes"]["forced"]] == [True]


def test_a_producer_that_nobody_answers_at_is_not_added(office: Office) -> None:
    (unreached, *_) = office.refused(*new("http://127.0.0.1:9/graphql"))

    assert unreached.startswith("http://127.0.0.1:9/graphql cannot be reached: ")


def test_to_look_first_adds_nothing(office: Office, subgraph: Subgraph) -> None:
    before = office.all()

    added(office, *new(subgraph.url), "--dry-run")

    assert office.all() == before
    assert len(subgraph.asked) == 2


LIVE = {"environment": "live", "endpoint": "https://127.0.0.1:9/graphql"}
BAD_PRODUCERS: list[tuple[dict[str, str], str]] = [
    ({"endpoint": "ftp://water.example"}, "--endpoint is 'ftp://water.example', which is no address of a web server: "),
    (
        {"endpoint": "water"},
        "--endpoint is 'water', which is no address of a web server: it must be an address such as ",
    ),
    ({"endpoint": "http://water.example:99999/"}, "--endpoint is 'http://water.example:99999/', which is no address"),
    (
        {"endpoint": "http://water.example/a b"},
        "--endpoint is 'http://water.example/a b': it must be an address such as",
    ),
    ({"endpoint": "http://[::1/"}, "--endpoint is 'http://[::1/', which is no address of a web server"),
    ({"endpoint": "http://me:secret@127.0.0.1:9/"}, "--endpoint is 'http://…@127.0.0.1:9/', with credentials in it: "),
    ({"endpoint": "http://127.0.0.1:9/#here"}, "--endpoint is 'http://127.0.0.1:9/#here', with a fragment, which is "),
    (
        {"endpoint": "http://127.0.0.1:1/graphql"},
        "--endpoint is that of the producer municipality already: each has its",
    ),
    (
        {"endpoint": "HTTP://127.0.0.1:0001/graphql"},
        "--endpoint is that of the producer municipality already: each has ",
    ),
    (
        {"endpoint": "http://169.254.169.254/"},
        "--endpoint leads to 169.254.169.254, which the gateway does not connect ",
    ),
    (
        {"endpoint": "http://10.1.2.3/"},
        "--endpoint leads to 10.1.2.3, which the gateway does not connect to: an address",
    ),
    ({"endpoint": "http://[::ffff:10.1.2.3]/"}, "--endpoint leads to ::ffff:a01:203, which the gateway does not "),
    ({**LIVE, "endpoint": "http://1.1.1.1/"}, "--endpoint is 'http://1.1.1.1/', which is not https: outside the "),
    (LIVE, "--endpoint leads to 127.0.0.1, which the gateway does not connect to: an address of this machine, of an "),
    ({**LIVE, "endpoint": "https://localhost:9/"}, "--endpoint leads to "),
    (
        {"audience": "https://tax-agency.example"},
        "--audience is that of the producer tax-agency already: each has its ",
    ),
    ({"audience": "the water"}, "--audience is 'the water': it must be an address or a name such as "),
    ({"area": "TAXS"}, "--area TAXS: there is no such information area; did you mean TAXES? There is CITIZENS_AND"),
    ({"case_type": "ANSLUTNING"}, "--case-type 'ANSLUTNING' must be a code and its name in Swedish and in English, "),
    ({"case_type": "anslutning|A|B"}, "--case-type: the code 'anslutning' cannot be used: it must be 1 to 100 "),
    ({"case_type": "A||B"}, "--case-type A: its name is empty; it must say something."),
    (
        {"pilot": "nobody"},
        "--pilot nobody: There is no consumer 'nobody'. There is accounting-program, business-portal.",
    ),
    ({"from": "2027-01-01"}, "--from says from when case types are open: give --open or --pilot with it."),
    ({"name_sv": ""}, "--name-sv is empty; it must say something."),
    ({"organisation": "165599990010"}, "--organisation has what may be an identity number in it; these records hold "),
    ({"contact_email": "kim"}, "--contact-email is 'kim', which is no e-mail address such as kim@example.com."),
    ({"incidents_name": "Kim", "incidents_email": "kim"}, "--incidents-email is 'kim', which is no e-mail address"),
    ({"support_sv": "s" * 1001, "support_en": "s"}, "--support-sv has 1001 characters; it may have 1000."),
    ({"why": " "}, "--why is empty; it must say something."),
]


@pytest.mark.parametrize(("options", "sentence"), BAD_PRODUCERS)
def test_a_producer_that_cannot_be_connected_is_refused_with_what_would_be_right(
    office: Office, options: dict[str, str], sentence: str
) -> None:
    said = office.refused(*new(**{"endpoint": "http://127.0.0.1:9/graphql", **options}), "--force")

    assert said[0].startswith(sentence)
    assert all(one.startswith(sentence[:30]) for one in said)


def test_all_that_is_wrong_is_told_together(office: Office) -> None:
    words = new("http://me@127.0.0.1:9/#here", area="X", audience="", case_type="A|B")

    assert len(office.refused(*words, "--case-type", "B|C|D", "--case-type", "B|C|D")) == 6


def test_a_case_type_that_is_given_twice_would_overlap(office: Office) -> None:
    (said,) = office.refused(*new("http://127.0.0.1:9/"), "--case-type", "ANSLUTNING|Igen|Again")

    assert said.startswith("--case-type ANSLUTNING is given twice: its openings would overlap.")


def test_half_a_contact_is_not_understood(office: Office) -> None:
    result = office.run(*new("http://127.0.0.1:9/"), "--incidents-name", "Kim")

    assert result.exit_code == 2
    assert "are given together, or neither" in " ".join(result.stderr.replace("│", "").split())


def test_an_ended_producers_endpoint_can_be_used_again(office: Office, subgraph: Subgraph) -> None:
    office.database["producers"].update_one({"_id": "tax-agency"}, {"$set": {"endpoint": subgraph.url}})
    office.json("producer", "end", "tax-agency", *WHY, "--yes")

    assert added(office, *new(subgraph.url))["state"] == "active"


def test_a_network_that_is_named_may_be_registered(office: Office) -> None:
    office.settings["producer_networks"] = '["127.0.0.0/8"]'

    (unreached, *_) = office.refused(*new(**LIVE))

    assert unreached.startswith("https://127.0.0.1:9/graphql cannot be reached")


@pytest.mark.parametrize("sdl", [CONTRACT, CONTRACT[: CONTRACT.index("# Optional from here")]])
def test_a_check_brings_the_record_up_to_date(office: Office, subgraph: Subgraph, sdl: str) -> None:
    offers = sdl == CONTRACT
    office.database["producers"].insert_one(
        producer_record("water-agency", endpoint=subgraph.url, offersCases=not offers)
    )
    subgraph.sdl = sdl

    looked = office.json("producer", "check", "water-agency", "--dry-run")
    checked = office.json("producer", "check", "water-agency", "--by", "lo")

    assert (looked["updated"], looked["offersCases"]) == (False, offers)
    assert (checked["updated"], checked["fits"]) == (True, True)
    (entry,) = office.json("producer", "show", "water-agency")["history"]
    assert (entry["by"], entry["action"], entry["changes"]) == ("lo", "check", {"offersCases": offers})


def test_a_check_of_what_does_not_fit_says_so_and_changes_nothing(office: Office, subgraph: Subgraph) -> None:
    office.database["producers"].insert_one(producer_record("water-agency", endpoint=subgraph.url))
    subgraph.sdl = CONTRACT.replace("  completed: Boolean\n", "").replace("code: String!", "code: Int!")
    before = office.all()

    result = office.run("producer", "check", "water-agency")

    assert result.exit_code == 1
    assert [line.strip() for line in result.stdout.splitlines()] == [
        "The producer water-agency does not fit the contract.",
        "- CaseStatus.code is Int!: it must be String!.",
        "- CaseStatus.completed is missing: it must be Boolean; where you have nothing to say there, answer null.",
        BEWARE,
        "It tells which cases a subject has (Query.cases).",
    ]
    assert office.all() == before


def test_states_change_as_they_may_and_what_removes_access_is_asked_about(office: Office, at_a_terminal: None) -> None:
    office.database["grants"].insert_one(grant_record("business-portal", "tax-agency", ["FSKATT"]))

    refused = office.run("producer", "suspend", "tax-agency", *WHY, answer="n\n")
    suspended = office.run("producer", "suspend", "tax-agency", *WHY, answer="y\n")
    resumed = office.run("producer", "resume", "tax-agency", *WHY)
    ended = office.json("producer", "end", "tax-agency", *WHY, "--yes")

    assert refused.exit_code == 1
    assert (
        "nobody reads their status until it is resumed, within seconds; 1 grants at it are in force" in refused.stderr
    )
    assert (suspended.exit_code, resumed.exit_code) == (0, 0)
    assert (ended["producer"]["state"], ended["producer"]["revision"]) == ("ended", 3)
    assert ended["producer"]["endedAt"] is not None
    history = office.json("producer", "show", "tax-agency")["history"]
    assert [(one["action"], one["changes"]["state"]) for one in history] == [
        ("suspend", "suspended"),
        ("resume", "active"),
        ("end", "ended"),
    ]


@pytest.mark.parametrize("action", ["suspend", "resume", "end"])
def test_ended_is_final(office: Office, action: str) -> None:
    office.json("producer", "end", "tax-agency", *WHY, "--yes")

    (said,) = office.refused("producer", action, "tax-agency", *WHY)

    assert said.startswith("The producer tax-agency is ended since ")


def test_nothing_is_done_without_leave_where_nobody_can_be_asked(office: Office) -> None:
    before = office.all()

    result = office.run("producer", "suspend", "tax-agency", *WHY)

    assert (result.exit_code, office.all()) == (2, before)


def test_of_two_who_change_a_record_at_once_one_is_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    carry_out = Producers.set_state

    async def late(*arguments: Any) -> bool:
        office.database["producers"].update_one({"_id": "tax-agency"}, {"$set": {"revision": 7}})
        return await carry_out(*arguments)

    monkeypatch.setattr(Producers, "set_state", late)

    result = office.run("producer", "end", "tax-agency", *WHY, "--yes")

    assert result.exit_code == 1
    assert result.stderr.startswith("Nothing was changed: somebody else changed the producer tax-agency meanwhile.")


def test_producers_are_listed_and_shown_for_people_too(office: Office) -> None:
    office.database["grants"].insert_one(grant_record("business-portal", "tax-agency", ["FSKATT"]))
    office.json("producer", "suspend", "municipality", *WHY, "--yes")

    listed = office.run("producer", "list", "--state", "active")
    shown = office.run("producer", "show", "tax-agency")

    assert "FSKATT (open), MOMS (open), CLOSED (closed)" in listed.stdout
    assert "municipality" not in listed.stdout
    assert [title for title in ("Case types", "Grants in force", "History") if title in shown.stdout] == [
        "Case types",
        "Grants in force",
        "History",
    ]
    assert [one["id"] for one in office.json("producer", "list", "--environment", "live")] == []


def test_a_producer_that_there_is_none_of_is_told_with_those_there_are(office: Office) -> None:
    assert office.refused("producer", "show", "tax-agenzy") == [
        "There is no producer 'tax-agenzy'; did you mean tax-agency? There is municipality, tax-agency."
    ]
