"""Consumers in MongoDB, as the people who connect them see and change them; producers are in `producers`.

The gateway itself reads both by the registry.
"""

from __future__ import annotations

from datetime import UTC

from pymongo.errors import DuplicateKeyError

from gateway.model.caller import ConsumerId
from gateway.model.connection import ConnectionState
from gateway.model.consumer import Consumer
from gateway.model.history import Cause, KeptConsumer, Notice
from gateway.store import records
from gateway.store.driver import Database, Document, translated
from gateway.store.histories import change, entry, history, revision, state_fields
from gateway.store.records import BadRecord, connection_document, refusals_told, text_document


class Connections:
    """Reads and changes what is agreed with consumers. Every method raises StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._consumers = database["consumers"]
        self._notices = database["notices"]

    async def consumers(self) -> tuple[list[KeptConsumer], list[BadRecord]]:
        """All consumers by id, whatever their state, and what is wrong with those that cannot be understood."""
        with translated():
            documents = await self._consumers.find().sort("_id", 1).to_list(None)
        return records.all_understood("consumers", documents, _kept)

    async def insert(self, consumer: Consumer, cause: Cause) -> bool:
        """Stores a new consumer; False, and nothing stored, when there is one with its id. Raises RecordRefused."""
        document = {
            "_id": consumer.id,
            "name": text_document(consumer.name),
            **connection_document(consumer.connection),
            "representatives": consumer.representatives,
            "revision": 1,
            "history": [entry("add", {}, cause)],
        }
        try:
            with refusals_told():
                await self._consumers.insert_one(document)
        except DuplicateKeyError:
            return False
        return True

    async def set_state(self, kept: KeptConsumer, state: ConnectionState, action: str, cause: Cause) -> bool:
        """Changes the state of a consumer that is as it was read; ended, it says since when. False: another change won.

        Raises RecordRefused.
        """
        fields = state_fields(state, cause)
        return await change(self._consumers, kept.consumer.id, kept.revision, action=action, fields=fields, cause=cause)

    async def notices(self, consumer: ConsumerId) -> list[Notice]:
        """What a consumer is to be told of, in order of time."""
        with translated():
            documents = await self._notices.find({"consumer": consumer}).sort("at", 1).to_list(None)
        return [Notice(one["kind"], one["group"], one["by"], one["at"].astimezone(UTC)) for one in documents]


def _kept(document: Document) -> KeptConsumer:
    return KeptConsumer(records.consumer(document), revision(document), history(document))
