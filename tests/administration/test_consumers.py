"""`gateway consumer`: connecting, suspending, resuming and ending, over a real database."""

from __future__ import annotations

import base64
import getpass
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.administration.conftest import Office
from tests.agreements import SINCE, consumer_record, grant_record

WHY = ("--why", "Ticket 17")
NEW = (
    *("consumer", "add", "food-portal", "--name-sv", "Matportalen", "--name-en", "The food portal"),
    *("--contact-name", "Kim Berg", "--contact-email", "kim.berg@example.com", "--environment", "test", *WHY),
)


def changed(words: tuple[str, ...], **options: str) -> tuple[str, ...]:
    """The words with other values after some options."""
    words_ = list(words)
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        if option in words_:
            words_[words_.index(option) + 1] = value
        else:
            words_ += [option, value]
    return tuple(words_)


def test_a_consumer_is_connected_with_who_when_and_why(office: Office) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)

    answer = office.json(*NEW, "--by", "lo", "--valid-until", "2027-06-01")

    record = office.database["consumers"].find_one({"_id": "food-portal"})
    assert record is not None
    (entry,) = record.pop("history")
    assert before <= record.pop("validFrom") <= datetime.now(UTC)
    assert record == {
        "_id": "food-portal",
        "name": {"sv": "Matportalen", "en": "The food portal"},
        "contact": {"name": "Kim Berg", "email": "kim.berg@example.com"},
        "environment": "test",
        "validUntil": datetime(2027, 6, 1, tzinfo=UTC),
        "state": "active",
        "endedAt": None,
        "representatives": False,
        "revision": 1,
    }
    assert before <= entry.pop("at") <= datetime.now(UTC)
    assert entry == {"by": "lo", "action": "add", "why": "Ticket 17", "changes": {}}
    assert answer["done"] is True
    assert answer["what"] == "connect the consumer food-portal (The food portal) in the environment test"
    assert answer["consumer"]["validUntil"] == "2027-06-01T00:00:00Z"


def test_who_made_a_change_is_the_login_name_unless_told(office: Office) -> None:
    office.json(*NEW)

    assert office.json("consumer", "show", "food-portal")["history"][0]["by"] == getpass.getuser()


def test_a_time_may_be_given_with_its_zone(office: Office) -> None:
    answer = office.json(*NEW, "--valid-from", "2026-12-01T08:00+01:00", "--representatives")

    assert answer["consumer"]["validFrom"] == "2026-12-01T07:00:00Z"
    assert answer["consumer"]["representatives"] is True


@pytest.mark.parametrize("moment", ["tomorrow", "2026-12-01T08:00", "2026-13-01", "0001-01-01T00:00+14:00"])
def test_a_moment_that_is_none_is_not_understood(office: Office, moment: str) -> None:
    result = office.run(*NEW, "--valid-from", moment)

    assert result.exit_code == 2
    assert "is no moment" in " ".join(result.stderr.split())


def test_a_moment_finer_than_the_database_keeps_is_refused_and_not_cut(office: Office) -> None:
    finer = office.run(*NEW, "--valid-from", "2026-12-01T08:00:00.123456+01:00")
    office.json(*NEW, "--valid-from", "2026-12-01T08:00:00.123+01:00")

    record = office.database["consumers"].find_one({"_id": "food-portal"})
    assert finer.exit_code == 2
    assert "is finer than a millisecond" in " ".join(finer.stderr.replace("│", "").split())
    assert record is not None
    assert record["validFrom"] == datetime(2026, 12, 1, 7, 0, 0, 123000, tzinfo=UTC)


BAD_CONSUMERS: list[tuple[tuple[str, ...], str]] = [
    (changed(NEW, name_sv=" "), "--name-sv is empty; it must say something."),
    (changed(NEW, name_en="n" * 201), "--name-en has 201 characters; it may have 200."),
    (changed(NEW, contact_name="Kim 19900315-2390"), "--contact-name has what may be an identity number in it; "),
    (changed(NEW, contact_email="kim"), "--contact-email is 'kim', which is no e-mail address such as kim@example.com"),
    (changed(NEW, contact_email="kim@localhost"), "--contact-email is 'kim@localhost', which is no e-mail address"),
    (changed(NEW, why=""), "--why is empty; it must say something."),
    (changed(NEW, why="About 199003152390"), "--why has what may be an identity number in it; "),
    (changed(NEW, by="b" * 201), "--by has 201 characters"),
    (
        changed(NEW, valid_from="2027-01-02", valid_until="2027-01-02"),
        "--valid-until (2027-01-02 00:00 UTC) is not after --valid-from (2027-01-02 00:00 UTC); it would never hold.",
    ),
    (
        changed(NEW, valid_from="2020-01-01", valid_until="2020-02-01"),
        "--valid-until (2020-02-01 00:00 UTC) has passed; it would never hold.",
    ),
    (tuple("Food" if word == "food-portal" else word for word in NEW), "The id 'Food' cannot be used: it must be 1 to"),
    (
        tuple("business-portal" if word == "food-portal" else word for word in NEW),
        "There is a consumer business-portal already; `gateway consumer show business-portal` shows it.",
    ),
]


@pytest.mark.parametrize(("words", "sentence"), BAD_CONSUMERS)
def test_a_consumer_that_cannot_be_connected_is_refused_with_the_reason(
    office: Office, words: tuple[str, ...], sentence: str
) -> None:
    (said,) = office.refused(*words)

    assert said.startswith(sentence)


def test_all_that_is_wrong_is_told_together(office: Office) -> None:
    assert len(office.refused(*changed(NEW, name_sv="", contact_email="kim", valid_until="2020-01-01"))) == 3


def test_states_go_back_and_forth_until_the_end_and_every_step_is_kept(office: Office) -> None:
    for action in ("suspend", "resume", "suspend", "end"):
        yes = () if action == "resume" else ("--yes",)
        assert office.json("consumer", action, "business-portal", *WHY, "--by", "lo", *yes)["done"] is True

    shown = office.json("consumer", "show", "business-portal")
    assert (shown["state"], shown["revision"]) == ("ended", 5)
    assert [(one["action"], one["by"], one["why"]) for one in shown["history"]] == [
        (action, "lo", "Ticket 17") for action in ("suspend", "resume", "suspend", "end")
    ]
    assert shown["history"][0]["changes"] == {"state": "suspended"}
    assert shown["history"][3]["changes"] == {"state": "ended", "endedAt": shown["endedAt"]}
    assert shown["history"][3]["at"] == shown["endedAt"]


@pytest.mark.parametrize(
    ("state", "action", "sentence"),
    [
        ("suspended", "suspend", "The consumer business-portal is suspended, so there is nothing to suspend."),
        (
            "ended",
            "suspend",
            "The consumer business-portal is ended since 2026-02-01 00:00 UTC, so there is nothing to suspend.",
        ),
        ("active", "resume", "The consumer business-portal is active, so there is nothing to resume."),
        (
            "ended",
            "resume",
            "The consumer business-portal is ended since 2026-02-01 00:00 UTC, so there is nothing to resume.",
        ),
        ("ended", "end", "The consumer business-portal is ended since 2026-02-01 00:00 UTC, and that is final."),
    ],
)
def test_a_step_that_cannot_be_made_is_refused(office: Office, state: str, action: str, sentence: str) -> None:
    ended_at = datetime(2026, 2, 1, tzinfo=UTC) if state == "ended" else None
    office.database["consumers"].update_one({"_id": "business-portal"}, {"$set": {"state": state, "endedAt": ended_at}})
    yes = () if action == "resume" else ("--yes",)

    assert office.refused("consumer", action, "business-portal", *WHY, *yes) == [sentence]


@pytest.mark.parametrize("action", ["suspend", "resume", "end", "show"])
def test_an_unknown_consumer_is_refused_with_what_may_have_been_meant(office: Office, action: str) -> None:
    why = () if action == "show" else WHY

    assert office.refused("consumer", action, "busines-portal", *why) == [
        (
            "There is no consumer 'busines-portal'; did you mean business-portal? "
            "There is accounting-program, business-portal."
        )
    ]


CHANGING: list[tuple[str, ...]] = [
    NEW,
    ("consumer", "suspend", "business-portal", *WHY),
    ("consumer", "end", "business-portal", *WHY),
]


@pytest.mark.parametrize("words", CHANGING)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_dry_run_says_what_would_be_done_and_changes_nothing(
    office: Office, words: tuple[str, ...], as_json: bool
) -> None:
    before = office.all()

    result = office.run(*words, "--dry-run", *(["--json"] if as_json else []))

    assert (result.exit_code, result.stderr) == (0, "")
    assert office.all() == before
    if as_json:
        assert json.loads(result.stdout)["done"] is False
    else:
        assert result.stdout.startswith("Dry run, nothing was changed. This would ")


def test_a_dry_run_of_what_would_be_refused_is_refused(office: Office) -> None:
    assert office.refused("consumer", "resume", "business-portal", *WHY, "--dry-run")


@pytest.mark.parametrize("action", ["suspend", "end"])
def test_what_removes_access_is_not_done_when_nobody_can_be_asked(office: Office, action: str) -> None:
    before = office.all()

    result = office.run("consumer", action, "business-portal", *WHY)

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"to {action} the connection of the consumer business-portal" in result.stderr
    assert "Repeat it with --yes" in result.stderr
    assert office.all() == before


def test_what_removes_access_is_asked_about_with_what_is_lost(office: Office, at_a_terminal: None) -> None:
    office.database["grants"].insert_one(grant_record("business-portal", "tax-agency", ["MOMS"]))
    words = ("consumer", "suspend", "business-portal", *WHY)

    refused = office.run(*words, answer="n\n")
    state = office.json("consumer", "show", "business-portal")["state"]
    done = office.run(*words, answer="y\n")

    assert refused.exit_code == 1
    assert "1 of its grants are in force now" in refused.stderr
    assert refused.stderr.endswith("Nothing was changed.\n")
    assert state == "active"
    assert done.exit_code == 0
    assert "Done: suspend the connection of the consumer business-portal" in done.stdout
    assert office.json("consumer", "show", "business-portal")["state"] == "suspended"


def test_of_two_operators_at_once_one_is_told(
    office: Office, at_a_terminal: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(*_: object, **__: object) -> bool:
        monkeypatch.undo()
        assert office.json("consumer", "end", "business-portal", "--why", "The other's", "--yes")["done"] is True
        return True

    monkeypatch.setattr("typer.confirm", in_another_thread(meanwhile))

    result = office.run("consumer", "suspend", "business-portal", *WHY)

    assert result.exit_code == 1
    assert result.stderr.endswith(
        "Nothing was changed: somebody else changed the consumer business-portal meanwhile. Look at it again, then "
        "repeat.\n"
    )
    shown = office.json("consumer", "show", "business-portal")
    assert (shown["state"], [one["why"] for one in shown["history"]]) == ("ended", ["The other's"])


def in_another_thread(function: Any) -> Any:
    """`function`, for where an event loop is running already."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    def run(*args: object, **kwargs: object) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(function, *args, **kwargs).result()

    return run


def test_consumers_are_listed_by_environment_and_state(office: Office) -> None:
    office.database["consumers"].insert_one(consumer_record("live-portal", environment="live", state="suspended"))

    def ids(*options: str) -> list[str]:
        return [one["id"] for one in office.json("consumer", "list", *options)]

    assert ids() == ["accounting-program", "business-portal", "live-portal"]
    assert ids("--environment", "live") == ["live-portal"]
    assert ids("--environment", "live", "--state", "active") == []
    assert ids("--state", "active") == ["accounting-program", "business-portal"]
    table = office.run("consumer", "list")
    assert all(text in table.stdout for text in ("live-portal", "suspended", "2026-01-01T00:00:00Z"))
    assert "none" in office.run("consumer", "list", "--state", "ended").stdout


def test_a_consumer_is_shown_with_its_grants_in_force_and_what_it_is_to_be_told_of(office: Office) -> None:
    given = grant_record("business-portal", "tax-agency", ["MOMS"], ["title"])
    others = [
        grant_record("business-portal", "municipality", ["SERVERINGSTILLSTAND"], withdrawnAt=SINCE),
        grant_record("business-portal", "tax-agency", ["FSKATT"], environment="live"),
        grant_record("accounting-program", "tax-agency", ["MOMS"]),
    ]
    office.database["grants"].insert_many([given, *others])
    group = "a" * 24
    office.database["notices"].insert_one(
        {
            "_id": f"{group}:3:{'b' * 24}",
            "consumer": "business-portal",
            "kind": "CASE_GROUP_CLAIMED",
            "group": group,
            "by": "accounting-program",
            "at": SINCE,
        }
    )

    shown = office.json("consumer", "show", "business-portal")

    known_as = base64.urlsafe_b64encode(f"CaseGroup:{group}".encode()).decode().rstrip("=")
    assert [(one["id"], one["fields"], one["inForce"]) for one in shown["grants"]] == [
        (str(given["_id"]), ["title"], True)
    ]
    assert shown["notices"] == [
        {"at": "2026-01-01T00:00:00Z", "kind": "CASE_GROUP_CLAIMED", "group": known_as, "by": "accounting-program"}
    ]
    text = office.run("consumer", "show", "business-portal").stdout
    assert all(part in text for part in ("Grants in force", str(given["_id"]), "To be told of", known_as, "History"))
    office.json("consumer", "suspend", "business-portal", *WHY, "--yes")
    assert office.json("consumer", "show", "business-portal")["grants"] == []


def test_a_record_that_cannot_be_understood_is_told_of_beside_the_others(office: Office) -> None:
    office.database.command("collMod", "consumers", validator={})
    office.database["consumers"].insert_one({"_id": "older", "name": {"sv": "x", "en": "x"}, "state": "active"})

    result = office.run("consumer", "list", "--json")

    assert result.exit_code == 0
    assert [one["id"] for one in json.loads(result.stdout)] == ["accounting-program", "business-portal"]
    assert result.stderr.startswith("Beware: The record older of consumers cannot be understood (KeyError: ")
    shown = office.run("consumer", "show", "older")
    assert shown.exit_code == 1
    assert shown.stderr.splitlines()[1].startswith("The record older of consumers cannot be understood")


def test_a_history_by_hand_that_cannot_be_told_keeps_nobody_from_suspending(office: Office) -> None:
    office.database.command("collMod", "consumers", validator={})
    office.database["consumers"].update_one(
        {"_id": "business-portal"}, {"$set": {"history": ["by hand"]}, "$unset": {"revision": True}}
    )

    assert office.json("consumer", "suspend", "business-portal", *WHY, "--yes")["done"] is True
    assert office.json("consumer", "show", "business-portal")["revision"] == 1


def test_a_change_is_recorded_before_it_is_made_and_after(office: Office) -> None:
    office.json(*NEW, "--by", "lo")
    office.json("consumer", "suspend", "food-portal", *WHY, "--by", "lo", "--yes")

    recorded = office.recorded()

    connect = "connect the consumer food-portal (The food portal) in the environment test"
    assert [(record["outcome"], record["details"]["action"]) for record in recorded] == [
        ("INTENDED", connect),
        ("MADE", connect),
        ("INTENDED", "suspend the connection of the consumer food-portal (The food portal)"),
        ("MADE", "suspend the connection of the consumer food-portal (The food portal)"),
    ]
    assert recorded[0]["details"] == {
        "action": connect,
        "by": "lo",
        "why": "Ticket 17",
        "type": "consumer",
        "id": "food-portal",
    }


def test_a_change_that_cannot_be_recorded_is_not_made(office: Office) -> None:
    office.database.command("collMod", "disclosures", validator={"$jsonSchema": {"required": ["never"]}})

    result = office.run(*NEW)

    assert (result.exit_code, result.stdout) == (1, "")
    logged, said = result.stderr.splitlines()
    assert "record.not_written" in logged
    assert said == "It could not be recorded. What is to be recorded first was not done then."
    assert office.database["consumers"].find_one({"_id": "food-portal"}) is None


def test_a_dry_run_is_not_recorded(office: Office) -> None:
    office.run(*NEW, "--dry-run")

    assert office.recorded() == []


def test_a_database_that_was_not_brought_up_to_date_is_a_sentence(office: Office) -> None:
    older = {"$jsonSchema": {"properties": {"representatives": {"bsonType": "string"}}}}
    office.database.command("collMod", "consumers", validator=older)

    assert office.refused(*NEW, is_recorded=True) == [
        "MongoDB refused the record, which does not fit its validators. `gateway db init` brings them up to date."
    ]


def test_a_database_out_of_reach_is_a_sentence(office: Office) -> None:
    result = office.run("consumer", "list", mongodb_uri="mongodb://127.0.0.1:1", mongodb_timeout="0.1")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("MongoDB cannot be used: 127.0.0.1:1: ")


def test_the_command_works_as_a_program_of_its_own(office: Office) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from gateway.cli import main; main()", "consumer", "list", "--json"],
        env={"GATEWAY_MONGODB_URI": office.uri, "GATEWAY_MONGODB_DATABASE": office.database.name},
        capture_output=True,
        check=True,
        timeout=60,
    )

    assert [one["id"] for one in json.loads(done.stdout)] == ["accounting-program", "business-portal"]
