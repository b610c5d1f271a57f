"""Apollo Gateway before the running gateway and a portal's own subgraph: one question, both answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from gateway.schema.schema import build_schema, printed
from tests.gateway import STATUS, Gateway
from tests.issuer import BJORN
from tests.producer import Producer
from tests.schema.federation import PORTAL, RouterRefuses, composed, running_router, without_scopes

FAVOURITES = "{ favourites { id colour title } }"
COLOURS = "{ favourites { id colour } }"

BOTH = f"""
  query ($id: ID!) {{
    favourites {{ colour title cases(first: 10) {{ edges {{ node {{ reference {STATUS} }} }} }} }}
    caseGroup(id: $id) {{ colour title }}
  }}
"""


@asynccontextmanager
async def router_before(gateway: Gateway, node: str, colours: dict[str, str]) -> AsyncIterator[Gateway]:
    """The portal's router, asked as the gateway is. It composes what the running gateway says of itself."""
    answer = await gateway.query("{ _service { sdl } }")
    composition = composed(node, gateway=without_scopes(answer.data["_service"]["sdl"]), portal=PORTAL)
    async with running_router(node, composition["supergraph"], f"{gateway.url}/graphql", colours) as url:
        yield replace(gateway, url=url)


async def test_one_question_is_answered_by_the_gateway_and_the_portal(
    gateway: Gateway, node: str, tax: Producer, city: Producer
) -> None:
    cafe = await gateway.a_group_with(tax.case("T-1", title="Granskas"), city.case("C-1"), title="Starta kafé")
    shop = await gateway.a_group_with(title="Öppna butik")
    city.statuses.clear()

    async with router_before(gateway, node, {cafe["id"]: "red", shop["id"]: "blue"}) as router:
        answer = await router.query(BOTH, id=shop["id"])

    assert answer.data == {
        "favourites": [
            {
                "colour": "red",
                "title": "Starta kafé",
                "cases": {
                    "edges": [
                        {"node": {"reference": "T-1", "status": {"title": "Granskas"}}},
                        {"node": {"reference": "C-1", "status": {"reason": "NO_STATUS"}}},
                    ]
                },
            },
            {"colour": "blue", "title": "Öppna butik", "cases": {"edges": []}},
        ],
        "caseGroup": {"colour": "blue", "title": "Öppna butik"},
    }
    assert tax.requests == city.requests == 1


async def test_another_subjects_group_has_no_title_behind_a_router_either(gateway: Gateway, node: str) -> None:
    own = await gateway.a_group_with(title="Starta kafé")
    foreign = await gateway.a_group_with(title="Uteservering", token=gateway.token_for(BJORN))

    async with router_before(gateway, node, {own["id"]: "red", foreign["id"]: "blue"}) as router:
        favourites = (await router.query(FAVOURITES)).json
        colours = (await router.query(COLOURS)).data["favourites"]
        of_bjorn = (await router.query(FAVOURITES, token=gateway.token_for(BJORN))).json

    assert favourites["data"] == {"favourites": [{"id": own["id"], "colour": "red", "title": "Starta kafé"}, None]}
    assert [one["colour"] for one in colours] == ["red", "blue"]
    assert of_bjorn["data"]["favourites"][0] is None
    assert of_bjorn["data"]["favourites"][1]["title"] == "Uteservering"


async def test_what_a_token_does_not_open_a_router_does_not_open_either(gateway: Gateway, node: str) -> None:
    own = await gateway.a_group_with(title="Starta kafé")
    write_alone = gateway.token_for(scope="case-groups:write")

    async with router_before(gateway, node, {own["id"]: "red"}) as router:
        closed = await router.query(FAVOURITES, token=write_alone)
        refused = await router.query(FAVOURITES, token="not-a-token")

    assert closed.json["data"] == {"favourites": [None]}
    assert (closed.code, closed.error["path"]) == ("FORBIDDEN_FIELD", ["favourites", 0])
    assert closed.error["extensions"]["requires"] == {"scopes": [["case-groups:read"]]}
    assert refused.json["data"] == {"favourites": [None]}
    assert refused.code == "UNAUTHENTICATED"


async def test_apollo_gateway_refuses_the_directives_of_scopes(node: str) -> None:
    answer = composed(node, gateway=printed(build_schema()), portal=PORTAL)

    with pytest.raises(RouterRefuses, match=r"requiresScopes/v0.1 is for: SECURITY but is unsupported"):
        async with running_router(node, answer["supergraph"], "http://127.0.0.1:1/graphql", {}):
            pass
