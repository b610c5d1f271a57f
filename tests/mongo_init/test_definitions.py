"""The files of mongo-init/: what they say, and what is said when they are wrong."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.model.purpose import InformationArea
from gateway.store.definitions import MONGO_INIT, DefinitionError, Definitions, load_definitions, load_demo


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of mongo-init/ to spoil."""
    return shutil.copytree(MONGO_INIT, tmp_path / "mongo-init")


def test_the_information_areas_are_those_of_the_model(definitions: Definitions) -> None:
    shared = json.loads((MONGO_INIT / "definitions.json").read_text(encoding="utf-8"))

    assert shared["informationArea"]["enum"] == [area.value for area in InformationArea]


def test_no_definition_stands_twice() -> None:
    texts = [file.read_text(encoding="utf-8") for file in MONGO_INIT.rglob("*") if file.suffix in (".json", ".js")]
    whole = "".join(texts)

    for area in ("RESIDENCE_IN_ANOTHER_MEMBER_STATE", "FUNDING_A_BUSINESS"):
        assert whole.count(area) == 1
    for index in ("case_groups_retention", "case_groups_by_idempotency_key"):
        assert whole.count(index) == 1


def test_nobody_changes_the_record_and_one_role_alone_removes_from_it(definitions: Definitions) -> None:
    for role in definitions.roles:
        for collection in ("disclosures", "recordStreams", "recordSeals"):
            may_remove = role.role == "recordKeeper" and collection == "disclosures"
            allowed = set(role.privileges.get(collection, []))

            assert {"update", "remove"} & allowed == ({"remove"} if may_remove else set())


def _write(path: str, text: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / path).write_text(text, encoding="utf-8")

    return spoil


def _change(path: str, old: str, new: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        text = (folder / path).read_text(encoding="utf-8")
        assert old in text
        (folder / path).write_text(text.replace(old, new), encoding="utf-8")

    return spoil


def _remove(path: str) -> Callable[[Path], None]:
    return lambda folder: (folder / path).unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_remove("roles.json"), r"roles\.json cannot be read: No such file"),
        (_write("roles.json", "[{"), r"roles\.json cannot be understood: .* line 1"),
        (_write("roles.json", "{}"), r"roles\.json does not have the right form: .*list"),
        (_change("users.json", '"role"', '"rolle"'), r"users\.json does not have the right form: 0\.role: .*required"),
        (_change("users.json", "MONGO_INIT_GATEWAY_PASSWORD", "the password"), r"users\.json.*passwordVariable"),
        (
            _change("collections/consumers.json", '"partyId"', '"patryId"'),
            r"consumers\.json names 'patryId', which is not in definitions\.json",
        ),
        (
            _change("collections/caseGroups.json", '"unique": true', '"unique": "yes"'),
            r"caseGroups\.json .*indexes\.3\.unique",
        ),
        (_change("collections/caseGroups.json", '"_id": -1', '"_id": -2'), r"caseGroups\.json .*indexes\.0\.key"),
        (_change("collections/caseGroups.json", '"serves"', '"severs"'), r"caseGroups\.json .*severs"),
    ],
)
def test_a_bad_definition_is_named_with_its_file(folder: Path, spoil: Callable[[Path], None], message: str) -> None:
    spoil(folder)

    with pytest.raises(DefinitionError, match=message):
        load_definitions(folder)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_change("demo/caseGroups.json", '"$daysFromNow": -21', '"$daysFromNow": "soon"'), r"caseGroups\.json cannot"),
        (_change("demo/caseGroups.json", "690000000000000000000001", "first"), r"caseGroups\.json cannot.*first"),
        (_change("demo/consumers.json", '"_id"', '"id"'), r"consumers\.json .*0: .*no _id"),
    ],
)
def test_bad_demo_data_is_named_with_its_file(folder: Path, spoil: Callable[[Path], None], message: str) -> None:
    spoil(folder)

    with pytest.raises(DefinitionError, match=message):
        load_demo(folder, pseudonym=str, key_id="k1")


def test_a_folder_that_is_not_mongo_init_is_named(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=re.escape(str(tmp_path))):
        load_definitions(tmp_path)
    with pytest.raises(DefinitionError, match=re.escape(str(tmp_path / "demo"))):
        load_demo(tmp_path, pseudonym=str, key_id="k1")


def test_an_endpoint_for_a_producer_that_is_not_in_the_demo_is_an_error() -> None:
    with pytest.raises(DefinitionError, match=r"no producer 'tax' .*tax-agency"):
        load_demo(pseudonym=str, key_id="k1", endpoints={"tax": "http://127.0.0.1:1/graphql"})


def test_passwords_come_from_variables_or_files(definitions: Definitions, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("with a newline after\n")
    environment = {"MONGO_INIT_GATEWAY_PASSWORD": "plain", "MONGO_INIT_OPERATOR_PASSWORD_FILE": str(file)}

    assert definitions.passwords(environment) == {"gateway": "plain", "operator": "with a newline after"}
    assert definitions.passwords({}) == {}
    with pytest.raises(DefinitionError, match="MONGO_INIT_GATEWAY_PASSWORD_FILE names /none, which cannot be read"):
        definitions.passwords({"MONGO_INIT_GATEWAY_PASSWORD_FILE": "/none"})
