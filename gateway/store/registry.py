"""The registry of producers and consumers: read whole, kept in memory, read again every few seconds.

Routing is by data (DESIGN §3): a new producer is a record here, with no restart.
"""

from __future__ import annotations

import asyncio
from types import MappingProxyType

import structlog

from gateway.errors import StoreUnavailable
from gateway.model.caller import ConsumerId
from gateway.model.producer import CaseType, ConnectionState, Consumer, Producer, ProducerId
from gateway.model.purpose import InformationArea
from gateway.model.text import Text
from gateway.store.driver import Database, Document, translated

log = structlog.get_logger(__name__)


class Registry:
    """The producers and consumers as last read. When MongoDB is out of reach, what was last read stays."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._producers: MappingProxyType[ProducerId, Producer] = MappingProxyType({})
        self._consumers: MappingProxyType[ConsumerId, Consumer] = MappingProxyType({})
        self.is_read = False

    def producer(self, id_: ProducerId) -> Producer | None:
        """The producer with this id, whatever its state, or None."""
        return self._producers.get(id_)

    def producers(self) -> list[Producer]:
        """The connected producers, by id."""
        return [producer for producer in self._producers.values() if producer.state is ConnectionState.ACTIVE]

    def consumer(self, id_: ConsumerId) -> Consumer | None:
        """The consumer with this id, whatever its state, or None."""
        return self._consumers.get(id_)

    def consumers(self) -> list[Consumer]:
        """The connected consumers, by id."""
        return [consumer for consumer in self._consumers.values() if consumer.state is ConnectionState.ACTIVE]

    async def read(self) -> None:
        """Reads the registry. Raises StoreUnavailable; a record that does not fit is logged and left out."""
        producers, consumers = await asyncio.gather(self._read("producers"), self._read("consumers"))
        self._producers = MappingProxyType(
            {producer.id: producer for document in producers if (producer := _producer(document))}
        )
        self._consumers = MappingProxyType(
            {consumer.id: consumer for document in consumers if (consumer := _consumer(document))}
        )
        self.is_read = True

    async def keep_reading(self, interval: float) -> None:
        """Reads the registry every `interval` seconds until cancelled; a read that fails is logged and tried again."""
        while True:
            await asyncio.sleep(interval)
            try:
                await self.read()
            except StoreUnavailable as exc:
                log.warning("registry.not_read", problem=exc.problem, retry_in_seconds=interval)
            except Exception:
                log.exception("registry.not_read", retry_in_seconds=interval)

    async def _read(self, collection: str) -> list[Document]:
        with translated():
            return [document async for document in self._database[collection].find().sort("_id", 1)]


def _producer(document: Document) -> Producer | None:
    try:
        return Producer(
            id=ProducerId(document["_id"]),
            name=_text(document["name"]),
            endpoint=document["endpoint"],
            audience=document["audience"],
            information_areas=frozenset(InformationArea(area) for area in document["informationAreas"]),
            case_types=tuple(
                CaseType(code=kind["code"], name=_text(kind["name"]), open=kind["state"] == "open")
                for kind in document["caseTypes"]
            ),
            state=ConnectionState(document["state"]),
        )
    except (KeyError, TypeError, ValueError):
        log.exception("registry.bad_record", collection="producers", id=document.get("_id"))
        return None


def _consumer(document: Document) -> Consumer | None:
    try:
        return Consumer(
            id=ConsumerId(document["_id"]),
            name=_text(document["name"]),
            state=ConnectionState(document["state"]),
        )
    except (KeyError, TypeError, ValueError):
        log.exception("registry.bad_record", collection="consumers", id=document.get("_id"))
        return None


def _text(document: Document) -> Text:
    return Text(sv=document["sv"], en=document["en"])
