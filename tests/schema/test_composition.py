"""The gateway is a Federation 2 subgraph: a portal can put it into a supergraph of its own (DESIGN §4)."""

from __future__ import annotations

from gateway.schema.schema import build_schema, printed
from tests.schema.federation import PORTAL, composed


def test_a_portal_can_put_the_gateway_into_a_supergraph(node: str) -> None:
    answer = composed(node, gateway=printed(build_schema()), portal=PORTAL)

    assert answer["errors"] == []
    assert "caseGroups(" in answer["supergraph"]
    assert '@requiresScopes(scopes: [["case-groups:read"]])' in answer["supergraph"]


def test_a_portal_that_contradicts_the_gateway_is_told(node: str) -> None:
    contradiction = PORTAL.replace("colour: String", "colour: String title: Int")

    answer = composed(node, gateway=printed(build_schema()), portal=contradiction)

    assert any("CaseGroup.title" in error for error in answer["errors"])
