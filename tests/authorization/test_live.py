"""The live environment: the schema is told to those alone whose token has the scope `introspection`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.authorization.asking import granted
from tests.authorization.conftest import StartGateway
from tests.gateway import Answer, Gateway
from tests.issuer import ALL_SCOPES

ORDINARY = ALL_SCOPES.replace(" introspection", "")
INTROSPECTIVE = ALL_SCOPES

TELLING = (
    "{ __schema { types { name } } }",
    '{ __type(name: "CaseStatus") { name } }',
    "{ _service { sdl } }",
    "{ title: __schema { queryType { name } } }",
    "{ ...F } fragment F on Query { ... { _service { sdl } } }",
    "query($yes: Boolean = true) { __schema @include(if: $yes) { queryType { name } } }",
)
SUGGESTING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("{ viewr { consumer { name } } }", {}),
    ("{ viewer { consumr { name } } }", {}),
    ("{ caseGroups { edges { node { titel } } } }", {}),
    ("{ caseGroup(idd: 1) { title } }", {}),
    ("query($x: CaseGroupFiltr) { caseGroups(filter: $x) { totalCount } }", {}),
    ('{ caseGroups(filter: {evnt: "x"}) { totalCount } }', {}),
    ("{ producers(informationArea: TAXE) { totalCount } }", {}),
    ("{ ... on Quer { viewer { consumer { name } } } }", {}),
    ("query($x: CaseGroupFilter) { caseGroups(filter: $x) { totalCount } }", {"x": {"evnt": "x"}}),
    ("query($x: InformationArea) { producers(informationArea: $x) { totalCount } }", {"x": "TAXE"}),
)


async def _ask(gateway: Gateway, query: str, scope: str, **variables: Any) -> Answer:
    return await gateway.query(query, variables, token=gateway.token_for(scope=scope))


async def test_only_what_is_live_counts_in_the_live_environment(gateway_with: StartGateway) -> None:
    gateway = await gateway_with(
        granted("title", environment="live"), granted("code", environment="test"), environment="live"
    )

    answer = await _ask(gateway, "{ viewer { grants { edges { node { fields } } } } }", ORDINARY)

    assert answer.data["viewer"]["grants"]["edges"] == [{"node": {"fields": ["title"]}}]


async def test_the_schema_is_told_with_the_scope_alone(gateway_with: StartGateway) -> None:
    gateway = await gateway_with(environment="live")

    for query in TELLING:
        refused = await _ask(gateway, query, ORDINARY)
        told = await _ask(gateway, query, INTROSPECTIVE)

        assert refused.error["extensions"]["requires"] == {"scopes": [["introspection"]]}, query
        assert not any((refused.json["data"] or {}).values())
        assert b"CaseStatus" not in refused.body
        assert all(told.data.values())


async def test_no_error_suggests_what_the_schema_has_instead(gateway_with: StartGateway) -> None:
    gateway = await gateway_with(environment="live")
    unhelped = []

    for query, variables in SUGGESTING:
        hidden = await _ask(gateway, query, ORDINARY, **variables)
        told = await _ask(gateway, query, INTROSPECTIVE, **variables)

        assert hidden.json["errors"]
        assert "did you mean" not in json.dumps(hidden.json).lower(), hidden.json
        if "did you mean" not in json.dumps(told.json).lower():
            unhelped.append(told.json)
    assert unhelped == []


async def test_what_one_caller_was_suggested_is_not_remembered_for_another(gateway_with: StartGateway) -> None:
    gateway = await gateway_with(environment="live")
    query = "query($x: InformationArea) { producers(informationArea: $x) { totalCount } }"

    for scope, hidden in ((INTROSPECTIVE, False), (ORDINARY, True), (INTROSPECTIVE, False)):
        for asked, variables in ((query, {"x": "TAXE"}), ("{ viewr { consumer { name } } }", {})):
            answer = await _ask(gateway, asked, scope, **variables)
            assert (b"Did you mean" not in answer.body) is hidden


@pytest.mark.parametrize("query", TELLING)
async def test_in_the_test_environment_anybody_is_told(gateway_with: StartGateway, query: str) -> None:
    gateway = await gateway_with()

    answer = await _ask(gateway, query, ORDINARY)

    assert all(answer.data.values())
