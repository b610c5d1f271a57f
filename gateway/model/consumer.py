"""Consumers as the registry knows them."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.caller import ConsumerId
from gateway.model.connection import Connection
from gateway.model.text import Text


@dataclass(frozen=True, slots=True)
class Consumer:
    """An organisation whose portal or program calls the gateway; `representatives`: also for people who represent."""

    id: ConsumerId
    name: Text
    connection: Connection
    representatives: bool
