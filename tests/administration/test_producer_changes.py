"""`gateway producer change`: a record is changed in one go, after the same checks, and its history tells it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.store.producers import Producers
from tests.administration.conftest import Office
from tests.administration.subgraph import CONTRACT, Subgraph, serving_subgraph
from tests.administration.test_producers import BEWARE
from tests.agreements import grant_record

CHANGE = ("producer", "change", "tax-agency", "--why", "Ticket 19")


@pytest.fixture
def subgraph() -> Iterator[Subgraph]:
    with serving_subgraph() as serving:
        yield serving


def record(office: Office) -> dict[str, Any]:
    """The tax agency's."""
    found = office.database["producers"].find_one({"_id": "tax-agency"})
    assert found is not None
    return found


def test_what_is_named_is_changed_and_the_rest_stays(office: Office) -> None:
    before = record(office)

    answer = office.json(
        *(
            *CHANGE,
            "--name-en",
            "The tax office",
            "--organisation",
            "Skatteverket",
            "--contact-email",
            "lo@example.com",
        ),
        *("--incidents-name", "The night shift", "--incidents-email", "night@example.com"),
        *("--support-sv", "Ring oss.", "--support-en", "Call us.", "--deadline", "2.5", "--max-batch", "20"),
        *("--area", "TAXES", "--area", "GOODS", "--by", "lo"),
    )

    changes: dict[str, Any] = {
        "name": {"sv": "tax-agency på svenska", "en": "The tax office"},
        "organisation": {"name": "Skatteverket"},
        "contact": {"name": "Kim Berg", "email": "lo@example.com"},
        "incidents": {"name": "The night shift", "email": "night@example.com"},
        "support": {"sv": "Ring oss.", "en": "Call us."},
        "overrides": {"deadline": 2.5, "maxBatch": 20},
        "informationAreas": ["GOODS", "TAXES"],
    }
    after = record(office)
    (entry,) = after.pop("history")
    assert after == {**before, **changes, "revision": 1}
    assert (entry["by"], entry["action"], entry["why"], entry["changes"]) == ("lo", "change", "Ticket 19", changes)
    assert answer["what"] == (
        "change name, organisation, contact, incidents, support, informationAreas, overrides of the producer "
        "tax-agency (tax-agency in English)"
    )
    assert answer["producer"]["overrides"]["deadline"] == 2.5


def test_one_of_two_that_belong_together_can_be_changed_where_both_are_there(office: Office) -> None:
    office.json(*CHANGE, "--support-sv", "Ring oss.", "--support-en", "Call us.")
    office.json(*CHANGE, "--support-en", "Phone us.")

    assert record(office)["support"] == {"sv": "Ring oss.", "en": "Phone us."}


def test_what_is_unset_is_taken_out(office: Office) -> None:
    office.json(*CHANGE, "--organisation", "Skatteverket", "--deadline", "2", "--max-batch", "20")
    office.json(*CHANGE, "--support-sv", "Ring oss.", "--support-en", "Call us.")

    office.json(*CHANGE, "--unset", "organisation", "--unset", "deadline", "--unset", "support")

    after = record(office)
    assert (after["organisation"], after["overrides"], after["support"]) == ({}, {"maxBatch": 20}, None)
    assert after["revision"] == 3


def test_another_endpoint_is_checked_before_it_is_asked(office: Office, subgraph: Subgraph) -> None:
    result = office.run(*CHANGE, "--endpoint", subgraph.url, "--json")

    assert (result.exit_code, result.stderr) == (0, f"{BEWARE}\n")
    after = record(office)
    assert (after["endpoint"], after["offersCases"]) == (subgraph.url, True)
    (entry,) = after["history"]
    assert entry["changes"] == {"endpoint": subgraph.url, "offersCases": True}
    assert len(subgraph.asked) == 2


def test_another_audience_is_checked_where_the_producer_is(office: Office, subgraph: Subgraph) -> None:
    office.database["producers"].update_one({"_id": "tax-agency"}, {"$set": {"endpoint": subgraph.url}})

    office.run(*CHANGE, "--audience", "https://new.example")

    assert record(office)["audience"] == "https://new.example"
    assert len(subgraph.asked) == 2


def test_other_changes_ask_the_producer_nothing(office: Office) -> None:
    """It is at an address where nobody is."""
    assert office.json(*CHANGE, "--max-wait", "0.5")["done"] is True


def test_an_endpoint_that_does_not_fit_is_refused_unless_forced(office: Office, subgraph: Subgraph) -> None:
    subgraph.sdl = CONTRACT.replace("  completed: Boolean\n", "")

    said = office.refused(*CHANGE, "--endpoint", subgraph.url)
    forced = office.run(*CHANGE, "--endpoint", subgraph.url, "--force")

    assert said[0].startswith("CaseStatus.completed is missing")
    assert said[-1] == "Nothing was changed. Where you know better, repeat it with --force."
    assert forced.exit_code == 0
    assert "although the check found 1 misfits" in forced.stdout
    (entry,) = record(office)["history"]
    assert [one.startswith("CaseStatus.completed") for one in entry["changes"]["forced"]] == [True]


BAD: list[tuple[tuple[str, ...], str]] = [
    ((), "Nothing was changed: the record of the producer tax-agency says all that already."),
    (("--name-sv", "tax-agency på svenska"), "Nothing was changed: the record of the producer tax-agency says all"),
    (("--name-sv", ""), "--name-sv is empty; it must say something."),
    (("--organisation", ""), "--organisation is empty; it must say something."),
    (("--contact-email", "kim"), "--contact-email is 'kim', which is no e-mail address such as kim@example.com."),
    (("--support-sv", "Ring."), "--support-sv and --support-en are given together: the producer tax-agency has neit"),
    (("--incidents-name", "Lo"), "--incidents-name and --incidents-email are given together: the producer tax-agency"),
    (("--unset", "deadline", "--deadline", "2"), "--unset deadline takes out what another option sets: give one of "),
    (("--unset", "support", "--support-sv", "a", "--support-en", "b"), "--unset support takes out what another option"),
    (("--area", "TAXS"), "--area TAXS: there is no such information area; did you mean TAXES?"),
    (("--endpoint", "ftp://x.example"), "--endpoint is 'ftp://x.example', which is no address of a web server"),
    (("--endpoint", "http://10.1.2.3/"), "--endpoint leads to 10.1.2.3, which the gateway does not connect to"),
    (("--endpoint", "http://me@127.0.0.1:9/"), "--endpoint is 'http://…@127.0.0.1:9/', with credentials in it"),
    (("--audience", "https://municipality.example"), "--audience is that of the producer municipality already"),
    (("--audience", "the taxes"), "--audience is 'the taxes': it must be an address or a name such as"),
]


@pytest.mark.parametrize(("words", "sentence"), BAD)
def test_what_cannot_stand_in_a_record_is_refused_with_what_would_be_right(
    office: Office, words: tuple[str, ...], sentence: str
) -> None:
    office.database["producers"].update_one({"_id": "tax-agency"}, {"$set": {"endpoint": "http://127.0.0.1:2/"}})

    (said,) = office.refused(*CHANGE, *words, "--force")

    assert said.startswith(sentence)


def test_what_was_wrong_before_keeps_nobody_from_changing_the_rest(office: Office) -> None:
    """Both producers of this office have one endpoint."""
    assert office.json(*CHANGE, "--name-sv", "Skatteverket")["producer"]["name"]["sv"] == "Skatteverket"


def test_the_endpoint_of_another_is_refused(office: Office, subgraph: Subgraph) -> None:
    office.database["producers"].update_one({"_id": "municipality"}, {"$set": {"endpoint": subgraph.url}})

    (said,) = office.refused(*CHANGE, "--endpoint", subgraph.url)

    assert said.startswith("--endpoint is that of the producer municipality already: each has its own")


def test_to_look_first_changes_nothing(office: Office, subgraph: Subgraph) -> None:
    before = office.all()

    result = office.run(*CHANGE, "--endpoint", subgraph.url, "--dry-run", "--json")

    assert json.loads(result.stdout)["done"] is False
    assert office.all() == before


def test_a_grant_for_an_area_that_is_gone_is_named(office: Office) -> None:
    record_ = grant_record("business-portal", "tax-agency", ["FSKATT"], purposes=[("TAXES", "filing-vat")])
    office.database["grants"].insert_one(record_)

    result = office.run(*CHANGE, "--area", "GOODS")

    assert result.exit_code == 0
    assert result.stderr == (
        f"Beware: The grant {record_['_id']} is for TAXES, which is then no area of the producer; it holds all the "
        "same.\n"
    )


def test_nothing_of_a_producer_that_has_ended_is_changed(office: Office) -> None:
    office.json("producer", "end", "tax-agency", "--why", "Ticket 19", "--yes")

    assert office.refused(*CHANGE, "--name-sv", "Skatteverket") == [
        "The connection of the producer tax-agency has ended; nothing of its record can be changed."
    ]


def test_of_two_who_change_a_record_at_once_one_is_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    carry_out = Producers.amend

    async def late(*arguments: Any) -> bool:
        office.database["producers"].update_one({"_id": "tax-agency"}, {"$set": {"revision": 7}})
        return await carry_out(*arguments)

    monkeypatch.setattr(Producers, "amend", late)

    result = office.run(*CHANGE, "--name-sv", "Skatteverket")

    assert result.exit_code == 1
    assert result.stderr.startswith("Nothing was changed: somebody else changed the producer tax-agency meanwhile.")
    assert record(office)["name"]["sv"] == "tax-agency på svenska"
