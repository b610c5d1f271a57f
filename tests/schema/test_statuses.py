"""One question, live statuses from every producer: the main job."""

from __future__ import annotations

from tests.gateway import GROUP_WITH_STATUSES, Gateway
from tests.producer import Producer


async def test_every_case_of_a_group_has_what_its_producer_says_now(
    gateway: Gateway, tax: Producer, city: Producer, registry_office: Producer
) -> None:
    group = await gateway.a_group_with(
        tax.case("T-1", title="Under handläggning"),
        city.case("C-1", title="Beslut fattat"),
        registry_office.case("R-1", title="Registrerat"),
    )

    answer = await gateway.query(GROUP_WITH_STATUSES, id=group["id"])

    assert answer.statuses() == {"T-1": "Under handläggning", "C-1": "Beslut fattat", "R-1": "Registrerat"}
