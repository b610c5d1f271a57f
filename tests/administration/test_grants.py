"""`gateway grant`: giving and withdrawing, over a real database."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId

from gateway.model.grant import Grant
from gateway.model.history import Cause
from gateway.model.status import GRANTABLE_FIELDS
from gateway.store.grants import Grants
from tests.administration.conftest import Office
from tests.agreements import SINCE, grant_record

WHY = ("--why", "Ticket 18")
NOW = datetime.now(UTC)
BUSINESS = "STARTING_RUNNING_AND_CLOSING_A_BUSINESS"


def giving(**options: str | list[str]) -> tuple[str, ...]:
    """`gateway grant add` with these options instead of what they otherwise are."""
    given: dict[str, str | list[str]] = {
        "consumer": "business-portal",
        "producer": "tax-agency",
        "case_type": "MOMS",
        "field": "title",
        "purpose": "TAXES:filing-vat",
        "legal_basis": "Only for tests.",
        "why": "Ticket 18",
        **options,
    }
    words = ["grant", "add"]
    for name, values in given.items():
        for value in [values] if isinstance(values, str) else values:
            words += [f"--{name.replace('_', '-')}", value]
    return tuple(words)


def given(office: Office, **changes: Any) -> str:
    """A grant of the title of MOMS for TAXES:filing-vat, there already; its id."""
    record = grant_record("business-portal", "tax-agency", ["MOMS"], ["title"], [("TAXES", "filing-vat")])
    record |= changes
    office.database["grants"].insert_one(record)
    return str(record["_id"])


def test_the_smallest_grant_is_one_field_of_one_case_type_for_one_event(office: Office) -> None:
    answer = office.json(*giving(by="lo", valid_until="2027-06-01"))

    (record,) = office.all()["grants"]
    (entry,) = record.pop("history")
    assert entry.pop("at") >= record.pop("validFrom") >= NOW - timedelta(milliseconds=1)
    assert entry == {"by": "lo", "action": "add", "why": "Ticket 18", "changes": {}}
    assert record == {
        "_id": ObjectId(answer["grant"]["id"]),
        "consumer": "business-portal",
        "producer": "tax-agency",
        "caseTypes": ["MOMS"],
        "fields": ["title"],
        "purposes": [{"informationArea": "TAXES", "event": "filing-vat"}],
        "environment": "test",
        "legalBasis": "Only for tests.",
        "validUntil": datetime(2027, 6, 1, tzinfo=UTC),
        "withdrawnAt": None,
        "revision": 1,
    }
    assert answer["done"] is True
    assert answer["grant"]["inForce"] is True
    assert answer["what"] == (
        "grant the consumer business-portal title of MOMS for TAXES:filing-vat at the producer tax-agency"
    )


def test_a_grant_may_be_of_much(office: Office) -> None:
    answer = office.json(*giving(case_type=["MOMS", "FSKATT"], field="all", purpose=["TAXES", BUSINESS]))

    assert answer["grant"]["caseTypes"] == ["FSKATT", "MOMS"]
    assert answer["grant"]["fields"] == sorted(GRANTABLE_FIELDS)
    assert answer["grant"]["purposes"] == [BUSINESS, "TAXES"]


def test_a_grant_takes_the_environment_of_its_parties(office: Office) -> None:
    for name, id_ in (("consumers", "business-portal"), ("producers", "tax-agency")):
        office.database[name].update_one({"_id": id_}, {"$set": {"environment": "live"}})

    assert office.json(*giving())["grant"]["environment"] == "live"


def test_a_grant_to_a_suspended_consumer_is_given_and_not_in_force(office: Office) -> None:
    office.database["consumers"].update_one({"_id": "business-portal"}, {"$set": {"state": "suspended"}})

    assert office.json(*giving())["grant"]["inForce"] is False


BAD_GRANTS: list[tuple[dict[str, Any], str]] = [
    (
        {"consumer": "accounting-programme"},
        (
            "There is no consumer 'accounting-programme'; did you mean accounting-program? "
            "There is accounting-program, business-portal."
        ),
    ),
    ({"producer": "zoo"}, "There is no producer 'zoo'. There is municipality, tax-agency."),
    (
        {"case_type": ["MOMS", "FSKAT"]},
        (
            "--case-type FSKAT: the producer tax-agency has no such case type; did you mean FSKATT? There is CLOSED, "
            "FSKATT, MOMS."
        ),
    ),
    (
        {"case_type": "CLOSED"},
        "--case-type CLOSED: the producer tax-agency has not opened it; it must do so first.",
    ),
    (
        {"field": "updated"},
        (
            "--field updated: there is no such field of a status; did you mean updatedAt? There is all, code, "
            "codeSystem, completed, description, expectedAt, extension, language, references.title, references.url, "
            "references.value, requiresCustomerAction, title, updatedAt."
        ),
    ),
    ({"field": ["all", "status"]}, "--field status: there is no such field of a status"),
    ({"purpose": "TAX"}, "--purpose TAX: there is no information area 'TAX'; did you mean TAXES? There is CITIZENS_"),
    ({"purpose": "taxes:x"}, "--purpose taxes:x: there is no information area 'taxes'"),
    ({"purpose": "TAXES:Filing VAT"}, "--purpose TAXES:Filing VAT: the event 'Filing VAT' cannot be used: it must be"),
    ({"purpose": "TAXES:"}, "--purpose TAXES:: the event '' cannot be used"),
    (
        {"purpose": "HEALTHCARE"},
        (
            "--purpose HEALTHCARE: the producer tax-agency is not open to that information area, only to "
            "STARTING_RUNNING_AND_CLOSING_A_BUSINESS, TAXES."
        ),
    ),
    ({"legal_basis": ""}, "--legal-basis is empty; it must say something."),
    ({"legal_basis": "b" * 501}, "--legal-basis has 501 characters; it may have 500."),
    ({"legal_basis": "For 165599990010"}, "--legal-basis has what may be an identity number in it; these records"),
    ({"why": " "}, "--why is empty; it must say something."),
    (
        {"valid_from": "2027-02-01", "valid_until": "2027-01-01"},
        "--valid-until (2027-01-01 00:00 UTC) is not after --valid-from (2027-02-01 00:00 UTC); it would never hold.",
    ),
    (
        {"valid_from": "2020-01-01", "valid_until": "2020-02-01"},
        "--valid-until (2020-02-01 00:00 UTC) has passed; it would never hold.",
    ),
    (
        {"purpose": [f"TAXES:event-{number}" for number in range(101)]},
        "--purpose is given 101 times; one grant may have 100. Give several grants.",
    ),
]


@pytest.mark.parametrize(("options", "sentence"), BAD_GRANTS)
def test_a_grant_that_cannot_be_given_is_refused_with_the_reason(
    office: Office, options: dict[str, Any], sentence: str
) -> None:
    (said,) = office.refused(*giving(**options))

    assert said.startswith(sentence)


def test_all_that_is_wrong_is_told_together(office: Office) -> None:
    office.database["consumers"].update_one(
        {"_id": "business-portal"}, {"$set": {"state": "ended", "endedAt": datetime(2026, 2, 1, tzinfo=UTC)}}
    )

    *said, last = office.refused(
        *giving(case_type=["NONE", "CLOSED"], field="x", purpose=["TAXES:A", "GOODS"], valid_until="2020-01-01")
    )

    assert said == [
        "The connection of the consumer business-portal ended 2026-02-01 00:00 UTC; nothing can be granted any more.",
        (
            "--purpose TAXES:A: the event 'A' cannot be used: it must be 1 to 64 characters of a-z, 0-9 and -, such as "
            "starting-a-company. Leave out the colon for every event of the area."
        ),
        "--field x: there is no such field of a status. There is "
        + ", ".join(sorted((*GRANTABLE_FIELDS, "all")))
        + ".",
        "--case-type NONE: the producer tax-agency has no such case type. There is CLOSED, FSKATT, MOMS.",
        "--case-type CLOSED: the producer tax-agency has not opened it; it must do so first.",
        f"--purpose GOODS: the producer tax-agency is not open to that information area, only to {BUSINESS}, TAXES.",
    ]
    assert last.startswith("--valid-until (2020-01-01 00:00 UTC) is not after --valid-from (")


@pytest.mark.parametrize(
    ("collection", "party", "change", "sentence"),
    [
        ("consumers", "consumer business-portal", {"state": "ended", "endedAt": SINCE}, "ended 2026-01-01 00:00 UTC"),
        ("producers", "producer tax-agency", {"state": "ended"}, "has ended"),
        ("producers", "producer tax-agency", {"validUntil": SINCE}, "ended 2026-01-01 00:00 UTC"),
    ],
)
def test_nothing_is_granted_when_a_connection_is_over(
    office: Office, collection: str, party: str, change: dict[str, Any], sentence: str
) -> None:
    office.database[collection].update_one({"_id": party.split()[1]}, {"$set": change})

    assert office.refused(*giving()) == [f"The connection of the {party} {sentence}; nothing can be granted any more."]


def test_nothing_is_granted_across_environments(office: Office) -> None:
    office.database["consumers"].update_one({"_id": "business-portal"}, {"$set": {"environment": "live"}})

    assert office.refused(*giving()) == [
        (
            "The consumer business-portal and the producer tax-agency are in different environments, test and live; "
            "a grant is for two of the same."
        )
    ]


TWICE: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {}, "further notice"),
    ({"purposes": [{"informationArea": "TAXES", "event": None}]}, {}, "further notice"),
    ({}, {"purpose": "TAXES"}, "further notice"),
    ({"validUntil": NOW + timedelta(days=30)}, {"case_type": ["FSKATT", "MOMS"], "field": "all"}, "202"),
    ({"validFrom": NOW + timedelta(days=30)}, {}, "further notice"),
]


@pytest.mark.parametrize(("there", "asked", "until"), TWICE)
def test_what_is_granted_already_is_not_granted_twice(
    office: Office, there: dict[str, Any], asked: dict[str, Any], until: str
) -> None:
    id_ = given(office, **there)

    (said,) = office.refused(*giving(**asked))

    assert said.startswith("The field title of MOMS for TAXES")
    assert f"is granted already by {id_}, until {until}" in said


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        ({}, {"field": "code"}),
        ({}, {"case_type": "FSKATT"}),
        ({}, {"purpose": "TAXES:paying-tax"}),
        ({}, {"purpose": BUSINESS}),
        ({}, {"consumer": "accounting-program"}),
        ({"producer": "municipality"}, {}),
        ({"environment": "live"}, {}),
        ({"withdrawnAt": SINCE}, {}),
        ({"validUntil": NOW - timedelta(days=1)}, {}),
        ({"validFrom": NOW + timedelta(days=30)}, {"valid_until": f"{NOW + timedelta(days=30):%Y-%m-%d}"}),
    ],
)
def test_what_is_not_granted_already_is_granted(office: Office, there: dict[str, Any], asked: dict[str, Any]) -> None:
    given(office, **there)

    assert office.json(*giving(**asked))["done"] is True


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("what", ["add", "withdraw"])
def test_a_dry_run_says_what_would_be_done_and_changes_nothing(office: Office, what: str, as_json: bool) -> None:
    id_ = given(office)
    before = office.all()
    words = giving(field="code") if what == "add" else ("grant", "withdraw", id_, *WHY)

    result = office.run(*words, "--dry-run", *(["--json"] if as_json else []))

    assert (result.exit_code, result.stderr) == (0, "")
    assert office.all() == before
    if as_json:
        assert json.loads(result.stdout)["done"] is False
    else:
        assert result.stdout.startswith("Dry run, nothing was changed. This would ")


def test_a_withdrawn_grant_is_kept_with_who_when_and_why(office: Office) -> None:
    id_ = given(office)

    answer = office.json("grant", "withdraw", id_, *WHY, "--by", "lo", "--yes")

    (record,) = office.all()["grants"]
    assert record["withdrawnAt"] >= NOW - timedelta(milliseconds=1)
    assert record["revision"] == 2
    assert record["history"] == [
        {
            "at": record["withdrawnAt"],
            "by": "lo",
            "action": "withdraw",
            "why": "Ticket 18",
            "changes": {"withdrawnAt": record["withdrawnAt"]},
        }
    ]
    assert (answer["grant"]["inForce"], answer["grant"]["revision"]) == (False, 2)


def test_a_grant_that_was_withdrawn_says_when(office: Office) -> None:
    id_ = given(office, withdrawnAt=SINCE)

    assert office.refused("grant", "withdraw", id_, *WHY, "--yes") == [
        f"The grant {id_} was withdrawn already, at 2026-01-01 00:00 UTC."
    ]


@pytest.mark.parametrize("id_", ["690000000000000000000999", "none"])
def test_a_grant_that_is_not_there_cannot_be_withdrawn(office: Office, id_: str) -> None:
    assert office.refused("grant", "withdraw", id_, *WHY, "--yes") == [
        f"There is no grant '{id_}'. `gateway grant list --all` shows every one."
    ]


def test_a_grant_is_not_withdrawn_when_nobody_can_be_asked(office: Office) -> None:
    id_ = given(office)
    before = office.all()

    result = office.run("grant", "withdraw", id_, *WHY)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "business-portal will no longer read title of MOMS for TAXES:filing-vat there" in result.stderr
    assert office.all() == before


def test_of_two_operators_at_once_one_is_told(
    office: Office, at_a_terminal: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = given(office)

    def meanwhile(*_: object, **__: object) -> bool:
        change = {"$set": {"withdrawnAt": SINCE}, "$inc": {"revision": 1}}
        return office.database["grants"].update_one({}, change).modified_count == 1

    monkeypatch.setattr("typer.confirm", meanwhile)

    result = office.run("grant", "withdraw", id_, *WHY)

    assert result.exit_code == 1
    assert f"somebody else changed the grant {id_} meanwhile" in result.stderr
    assert office.all()["grants"][0]["withdrawnAt"] == SINCE
    assert office.all()["grants"][0]["history"] == []


def test_of_two_operators_who_give_the_same_at_once_neither_leaves_it_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = Grants.insert

    async def both(grants: Grants, grant: Grant, cause: Cause) -> None:
        await insert(grants, grant, cause)
        given(office)

    monkeypatch.setattr(Grants, "insert", both)

    result = office.run(*giving())

    assert result.exit_code == 1
    assert "somebody else changed the grant" in result.stderr
    mine = [record for record in office.all()["grants"] if record["history"]]
    assert [(record["withdrawnAt"] is not None, record["history"][1]["action"]) for record in mine] == [
        (True, "withdraw")
    ]


def test_grants_are_listed_by_consumer_and_producer_and_those_that_are_over_when_asked_for(office: Office) -> None:
    in_force = given(office)
    withdrawn = given(office, withdrawnAt=SINCE)
    lapsed = given(office, validUntil=NOW - timedelta(days=1))
    to_come = given(office, validFrom=NOW + timedelta(days=1))
    other = given(office, consumer="accounting-program", producer="municipality")

    def ids(*options: str) -> list[tuple[str, bool]]:
        return [(one["id"], one["inForce"]) for one in office.json("grant", "list", *options)]

    assert ids() == [(in_force, True), (to_come, False), (other, True)]
    assert ids("--consumer", "business-portal") == [(in_force, True), (to_come, False)]
    assert ids("--producer", "municipality") == [(other, True)]
    assert [id_ for id_, _ in ids("--all")] == [in_force, withdrawn, lapsed, to_come, other]
    assert office.refused("grant", "list", "--consumer", "x")[0].startswith("There is no consumer 'x'")
    assert office.refused("grant", "list", "--producer", "x")[0].startswith("There is no producer 'x'")
    table = office.run("grant", "list", "--all").stdout
    assert all(text in table for text in (in_force, withdrawn, "TAXES:filing-vat", "2026-01-01T00:00:00Z"))


def test_a_grant_given_by_command_is_one_that_the_gateway_reads(office: Office) -> None:
    office.json(*giving(field="references.url"))

    (shown,) = office.json("consumer", "show", "business-portal")["grants"]
    assert (shown["fields"], shown["legalBasis"]) == (["references.url"], "Only for tests.")


def test_a_grant_is_shown_with_its_history(office: Office) -> None:
    id_ = office.json(*giving(), "--by", "kim")["grant"]["id"]
    office.json("grant", "withdraw", id_, *WHY, "--by", "lo", "--yes")

    shown = office.json("grant", "show", id_)
    said = office.run("grant", "show", id_)

    assert (shown["id"], shown["inForce"], shown["revision"]) == (id_, False, 2)
    assert [(one["action"], one["by"], one["why"]) for one in shown["history"]] == [
        ("add", "kim", "Ticket 18"),
        ("withdraw", "lo", "Ticket 18"),
    ]
    assert said.exit_code == 0
    for word in (id_, "withdraw", "kim", "Ticket 18"):
        assert word in said.stdout


def test_a_grant_that_is_not_there_cannot_be_shown(office: Office) -> None:
    (sentence,) = office.refused("grant", "show", "6a0000000000000000000001")

    assert sentence.startswith("There is no grant '6a0000000000000000000001'.")
