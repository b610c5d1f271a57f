"""What a caller sees of the record: all about its subject, or what its own consumer was told of it."""

from __future__ import annotations

from gateway.model.caller import Caller, ConsumerId
from gateway.model.disclosure import Disclosure, DisclosureFilter, DisclosureId, LatestFirst
from gateway.model.page import Page, Window
from gateway.store.disclosure_pages import DisclosurePages

READ_DISCLOSURES = "disclosures:read"
"""The scope that lets the end user see, through any consumer, what every consumer was told."""


def only_told_to(caller: Caller) -> ConsumerId | None:
    """The one consumer whose disclosures about its subject `caller` sees; None: every consumer's.

    Never another subject's: the store is asked for the caller's own alone.
    """
    return None if READ_DISCLOSURES in caller.scopes else caller.consumer


class VisibleDisclosures:
    """The entries of the record that one caller sees. Every method raises StoreUnavailable.

    A subject has a pseudonym of each key, and an entry stands under the one of its time. `consumer` is the one whose
    disclosures alone are seen; None: every consumer's.
    """

    def __init__(self, pages: DisclosurePages, caller: Caller) -> None:
        self._pages = pages
        self._subject = caller.subject_keys
        self.consumer = only_told_to(caller)

    async def page(self, wanted: DisclosureFilter, window: Window[LatestFirst]) -> Page[Disclosure]:
        """One page, the newest first. One read."""
        return await self._pages.page(self._subject, self.consumer, wanted, window)

    async def count(self, wanted: DisclosureFilter) -> int:
        """How many entries there are. One read."""
        return await self._pages.count(self._subject, self.consumer, wanted)

    async def by_id(self, id_: DisclosureId) -> Disclosure | None:
        """The entry, or None for an id that names none the caller sees. One read."""
        return await self._pages.by_id(self._subject, self.consumer, id_)
