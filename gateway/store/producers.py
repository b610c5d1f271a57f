"""Producers in MongoDB, as the people who connect them see and change them. The gateway reads them by the registry."""

from __future__ import annotations

from collections.abc import Mapping

from pymongo.errors import DuplicateKeyError

from gateway.model.connection import ConnectionState
from gateway.model.history import Cause, KeptProducer
from gateway.model.producer import CaseType, Producer, ProducerOverrides
from gateway.store import records
from gateway.store.driver import Database, Document, translated
from gateway.store.histories import change, entry, history, revision, state_fields
from gateway.store.records import (
    BadRecord,
    connection_document,
    contact_document,
    refusals_told,
    text_document,
)


class Producers:
    """Reads and changes what is agreed with producers. Every method raises StoreUnavailable, a change RecordRefused.

    A change is made only to a record that is as it was read; False: another change won, and nothing was changed.
    """

    def __init__(self, database: Database) -> None:
        self._producers = database["producers"]

    async def all(self) -> tuple[list[KeptProducer], list[BadRecord]]:
        """All producers by id, whatever their state, and what is wrong with those that cannot be understood."""
        with translated():
            documents = await self._producers.find().sort("_id", 1).to_list(None)
        return records.all_understood("producers", documents, _kept)

    async def insert(self, producer: Producer, cause: Cause, told: Mapping[str, object]) -> bool:
        """Stores a new producer; False, and nothing stored, when there is one with its id.

        `told` is what its history says of how it was added.
        """
        try:
            with refusals_told():
                await self._producers.insert_one(
                    {**_document(producer), "revision": 1, "history": [entry("add", told, cause)]}
                )
        except DuplicateKeyError:
            return False
        return True

    async def set_state(self, kept: KeptProducer, state: ConnectionState, action: str, cause: Cause) -> bool:
        """Changes the state of a producer; ended, it says since when."""
        return await self._change(kept, action, state_fields(state, cause), cause)

    async def set_case_type(self, kept: KeptProducer, case_type: CaseType, action: str, cause: Cause) -> bool:
        """Puts a case type where there is the one with its code, or after the others. The history tells of it alone."""
        case_types = kept.producer.with_case_type(case_type).case_types
        fields = {"caseTypes": [_case_type(one) for one in case_types]}
        return await self._change(kept, action, fields, cause, told={"caseTypes": [_case_type(case_type)]})

    async def set_offers_cases(self, kept: KeptProducer, offers_cases: bool, action: str, cause: Cause) -> bool:
        """Says whether the producer tells which cases a subject has."""
        return await self._change(kept, action, {"offersCases": offers_cases}, cause)

    async def amend(
        self, kept: KeptProducer, amended: Producer, action: str, cause: Cause, told: Mapping[str, object]
    ) -> bool:
        """Changes what the record says where `amended` says otherwise. Its history tells that, and `told`."""
        before, after = _document(kept.producer), _document(amended)
        fields = {name: value for name, value in after.items() if before[name] != value}
        return await self._change(kept, action, fields, cause, told={**fields, **told})

    async def _change(
        self,
        kept: KeptProducer,
        action: str,
        fields: Mapping[str, object],
        cause: Cause,
        told: Mapping[str, object] | None = None,
    ) -> bool:
        return await change(
            self._producers, kept.producer.id, kept.revision, action=action, fields=fields, cause=cause, told=told
        )


def _kept(document: Document) -> KeptProducer:
    return KeptProducer(records.producer(document), revision(document), history(document))


def _document(producer: Producer) -> Document:
    return {
        "_id": producer.id,
        "name": text_document(producer.name),
        "organisation": {} if producer.organisation is None else {"name": producer.organisation},
        "endpoint": producer.endpoint,
        "audience": producer.audience,
        "informationAreas": sorted(area.value for area in producer.information_areas),
        "caseTypes": [_case_type(one) for one in producer.case_types],
        "overrides": _overrides(producer.overrides),
        "support": None if producer.support is None else text_document(producer.support),
        "incidents": None if producer.incidents is None else contact_document(producer.incidents),
        "offersCases": producer.offers_cases,
        **connection_document(producer.connection),
    }


def _case_type(case_type: CaseType) -> Document:
    return {
        "code": case_type.code,
        "name": text_document(case_type.name),
        "state": case_type.state.value,
        "from": case_type.since,
        "pilots": sorted(case_type.pilots),
    }


def _overrides(overrides: ProducerOverrides) -> Document:
    """Those that are set."""
    named = {
        "connectTimeout": overrides.connect_timeout,
        "deadline": overrides.deadline,
        "maxBatch": overrides.max_batch,
        "maxConnections": overrides.max_connections,
        "maxWait": overrides.max_wait,
        "maxResponseBytes": overrides.max_response_bytes,
    }
    return {name: value for name, value in named.items() if value is not None}
