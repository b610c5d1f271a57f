"""The commands of docs/operations.md for consumers, grants and producers, run in their order."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.administration.conftest import Office
from tests.administration.subgraph import serving_subgraph
from tests.record import BuiltRecord, key_file, new_key, told

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def commands(heading: str) -> list[str]:
    """Those of one section of the page, less `gateway`."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\$ gateway (.+)$", section, re.MULTILINE)


def test_the_commands_of_the_page_connect_a_consumer_and_grant_it_something(office: Office) -> None:
    results = [office.run(*shlex.split(command)) for command in commands("Consumers and grants")]

    assert len(results) == 5
    assert [(result.exit_code, result.stderr) for result in results] == [(0, "")] * len(results)
    (grant,) = office.json("consumer", "show", "another-portal")["grants"]
    assert (grant["fields"], grant["purposes"]) == (["title", "updatedAt"], ["TAXES:filing-vat"])


def test_the_commands_of_the_page_connect_a_producer_and_open_its_case_type(office: Office) -> None:
    with serving_subgraph() as subgraph:
        told = [command.replace("http://127.0.0.1:8105/graphql", subgraph.url) for command in commands("Producers")]
        results = [office.run(*shlex.split(command)) for command in told]

    assert len(results) == 6
    assert [result.exit_code for result in results] == [0] * len(results), [result.stderr for result in results]
    history = office.json("producer", "show", "water-agency")["history"]
    states = [entry["changes"]["caseTypes"][0]["state"] for entry in history if "caseTypes" in entry["changes"]]
    assert states == ["open", "closed"]
    assert [entry["action"] for entry in history] == ["add", "open", "change", "close"]
    (grant,) = office.json("consumer", "show", "business-portal")["grants"]
    assert (grant["producer"], grant["caseTypes"], len(grant["fields"])) == ("water-agency", ["ANSLUTNING"], 13)
    assert grant["purposes"] == ["STARTING_RUNNING_AND_CLOSING_A_BUSINESS"]


def test_the_commands_of_the_page_look_into_the_record(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = BuiltRecord(new_key())
    built.seal(built.stream().add(told(request_id="9f8a7b6c-demo")))
    built.put(office.database)
    office.settings["record_key_file"] = str(key_file(tmp_path / "record.jwk", built.key))
    monkeypatch.chdir(tmp_path)

    results = [office.run(*shlex.split(command)) for command in commands("The record and its audit")]

    assert len(results) == 7
    assert [(result.exit_code, result.stderr) for result in results] == [(0, "")] * len(results)
