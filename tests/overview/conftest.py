"""Producers that tell which cases a subject has."""

from __future__ import annotations

import pytest

from tests.issuer import ALVA, BJORN
from tests.producer import Producer


@pytest.fixture(autouse=True)
def _offers(tax: Producer, registry_office: Producer) -> None:
    """Two of the three producers offer cases, from before the gateway reads their records."""
    tax.offers = {
        ALVA: {"T-1": "FSKATT", "T-2": "MOMS", "T-3": "CLOSED", "T-4": "FSKATT"},
        BJORN: {"T-9": "FSKATT"},
    }
    registry_office.offers = {ALVA: {"B-1": "BOLAGSREGISTRERING"}}
