"""The time of a whole operation is bounded, whatever it waits for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.store.case_groups import CaseGroupStore
from tests.gateway import Gateway


@pytest.mark.settings(operation_deadline=0.2)
async def test_an_operation_that_waits_for_the_database_ends_at_its_deadline(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any, **__: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(CaseGroupStore, "page", never)

    answer = await gateway.query("{ caseGroups { edges { node { id } } } }")

    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert "0.2 seconds" in answer.error["message"]
