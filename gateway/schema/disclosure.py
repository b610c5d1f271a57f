"""The end user's own record as portals see it: who was told what about them, when, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Self

import orjson
import strawberry

from gateway.disclosure.visible import READ_DISCLOSURES
from gateway.errors import BadUserInput
from gateway.model import disclosure as model
from gateway.model.case_group import GroupId
from gateway.model.disclosure import DisclosureKind, DisclosureOutcome, LatestFirst
from gateway.model.page import Page, Window
from gateway.schema.consumer import Consumer
from gateway.schema.context import Context, Info
from gateway.schema.described_enum import described_enum
from gateway.schema.directives import READ_GROUPS, requires_one_of
from gateway.schema.ids import consumer_id, disclosure_global_id, group_global_id, producer_id
from gateway.schema.node import Node
from gateway.schema.paging import Connection, Cursors, PageRequest, connection
from gateway.schema.producer import CaseType, Producer
from gateway.schema.purpose import Purpose
from gateway.schema.sealed_cursors import SealedCursors
from gateway.schema.selection import selects

if TYPE_CHECKING:
    from gateway.schema.case_group import CaseGroup

DISCLOSURES_PER_PAGE = 50

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

described_enum(
    DisclosureKind,
    "What a consumer asked for.",
    {
        DisclosureKind.STATUS: "The status of a case in a case group.",
        DisclosureKind.OVERVIEW: "Which cases there are (`availableCases`): this is one of them, or none was told.",
    },
)

described_enum(
    DisclosureOutcome,
    "What came of it.",
    {
        DisclosureOutcome.DISCLOSED: "What stands in `fields` was disclosed to the consumer.",
        DisclosureOutcome.PRODUCER_TIMEOUT: "Nothing was disclosed: the producer did not answer within its deadline.",
        DisclosureOutcome.PRODUCER_UNAVAILABLE: "Nothing was disclosed: the producer could not be reached, was "
        "overloaded or no longer connected.",
        DisclosureOutcome.PRODUCER_FAULT: "Nothing was disclosed: the producer's answer did not fit the contract.",
        DisclosureOutcome.PRODUCER_REFUSED: "Nothing was disclosed: the producer refused it.",
        DisclosureOutcome.NO_STATUS: "Nothing was disclosed: the producer had no status for this case and caller.",
        DisclosureOutcome.NOT_PERMITTED: "Nothing was disclosed: the consumer was not allowed to read it, and the "
        "producer was not asked.",
        DisclosureOutcome.NOT_OFFERED: "Nothing was disclosed: the producer does not tell which cases a subject has.",
        DisclosureOutcome.DEADLINE_EXCEEDED: "Nothing was disclosed: the time for the whole operation ran out first.",
    },
)


@strawberry.type(description="A field that a consumer asked for.")
class DisclosureField:
    """A field's name and what it is."""

    name: str = strawberry.field(
        description="For programs: `title` and the like for the fields of `CaseStatus`, `references.url` and the like "
        "for those of its `references`; of an overview `caseType` and `reference`."
    )
    text: str = strawberry.field(description="What it is, for people: Swedish or English by `Accept-Language`.")

    @classmethod
    def of(cls, context: Context, name: str) -> Self:
        """The field with this name; one that is no longer known is named by its name alone."""
        text = model.FIELD_TEXTS.get(name)
        return cls(name=name, text=name if text is None else text.in_language(context.language))


@strawberry.type(
    description="One entry of the record: what one consumer was told of one case, or asked for and was not told. "
    "What the status said is not in it.",
    directives=[requires_one_of(READ_GROUPS, READ_DISCLOSURES)],
)
class Disclosure(Node):
    """An entry, with names in the caller's language."""

    id: strawberry.ID = strawberry.field(description="The entry's id.")
    at: datetime = strawberry.field(description="When it was recorded: just before the consumer was answered.")
    kind: DisclosureKind = strawberry.field(description="What was asked for.")
    by_representative: bool = strawberry.field(
        description="Whether somebody acted for the subject; false: the subject itself."
    )
    reference: str | None = strawberry.field(
        description="The producer's own reference for the case; null for an overview that told of no case."
    )
    case_group_id: strawberry.ID | None = strawberry.field(
        description="The id of the case group in which the case was read, which may be gone since; null for "
        "an overview."
    )
    legal_basis: list[str] = strawberry.field(
        description="Why it was lawful: what the grants that were used say that the law says, in their own words. "
        "Empty where no grant was used."
    )
    outcome: DisclosureOutcome | None = strawberry.field(
        description="What came of it, for programs; null: something that this version of the gateway does not know."
    )
    request_id: str | None = strawberry.field(description="Names the request in the gateway's and the producer's logs.")
    _entry: strawberry.Private[model.Disclosure]

    @classmethod
    def of(cls, context: Context, entry: model.Disclosure) -> Self:
        """`entry` as its subject sees it."""
        group = entry.group
        return cls(
            id=strawberry.ID(disclosure_global_id(_ids(context).sealed(entry.id.encode()))),
            at=entry.at,
            kind=entry.kind,
            by_representative=entry.by_representative,
            reference=entry.reference,
            case_group_id=None if group is None else strawberry.ID(group_global_id(group)),
            legal_basis=list(entry.legal_basis),
            outcome=entry.outcome,
            request_id=entry.request_id,
            _entry=entry,
        )

    @strawberry.field(description="Who asked; named by its id alone when it is no longer in the registry.")
    def consumer(self, info: Info) -> Consumer:
        """The consumer, from the registry."""
        return Consumer.of(info.context, self._entry.consumer)

    @strawberry.field(description="Who holds the case; null when the producer is no longer in the registry.")
    def producer(self, info: Info) -> Producer | None:
        """The producer, from the registry."""
        producer = info.context.registry.producer(self._entry.producer)
        return None if producer is None else Producer.of(info.context, producer)

    @strawberry.field(description="What kind of case it is, by the producer's own code; null where no case was told.")
    def case_type(self, info: Info) -> CaseType | None:
        """The case's type, from the registry."""
        code = self._entry.case_type
        producer = info.context.registry.producer(self._entry.producer)
        return None if code is None else CaseType.of_code(info.context, producer, code)

    @strawberry.field(description="The case group, as it is now; null for an overview, or where you may not see it.")
    async def case_group(self, info: Info) -> Annotated[CaseGroup, strawberry.lazy("gateway.schema.case_group")] | None:
        """The group if the caller may see it. One read for all entries of a page."""
        from gateway.schema.case_group import CaseGroup  # noqa: PLC0415 - each of the two leads to the other

        group = None if self._entry.group is None else await info.context.visible_groups.named(self._entry.group)
        return None if group is None else CaseGroup.of(group, of_an_entry=True)

    @strawberry.field(description="What was disclosed; empty where nothing was, or only that there is a status.")
    def fields(self, info: Info) -> list[DisclosureField]:
        """The fields that were told."""
        return [DisclosureField.of(info.context, name) for name in self._entry.fields]

    @strawberry.field(description="What else the consumer asked for and may not read: it was not told.")
    def withheld(self, info: Info) -> list[DisclosureField]:
        """The fields that were asked for and not told."""
        return [DisclosureField.of(info.context, name) for name in self._entry.withheld]

    @strawberry.field(description="What it was read for: the purpose of the case group; null where there was none.")
    def purpose(self) -> Purpose | None:
        """The purpose, as it was then."""
        purpose = self._entry.purpose
        return None if purpose is None else Purpose.of(purpose)

    @strawberry.field(description="What came of it, for people: Swedish or English by `Accept-Language`.")
    def message(self, info: Info) -> str | None:
        """The outcome in words."""
        outcome = self._entry.outcome
        return None if outcome is None else model.OUTCOME_TEXTS[outcome].in_language(info.context.language)


@strawberry.input(description="Which entries of the record to list. What is left out is not looked at.")
class DisclosureFilter:
    """A filter; every part given must hold."""

    consumer: strawberry.ID | None = strawberry.field(default=None, description="Only what this consumer asked for.")
    producer: strawberry.ID | None = strawberry.field(default=None, description="Only cases at this producer.")
    outcome: DisclosureOutcome | None = strawberry.field(default=None, description="Only what came to this.")
    from_: datetime | None = strawberry.field(name="from", default=None, description="Only from this moment on.")
    to: datetime | None = strawberry.field(
        default=None, description="Only before this moment, which must be after `from`."
    )

    def as_model(self, group: GroupId | None) -> model.DisclosureFilter:
        """The filter in the gateway's own words, for the entries of `group` alone where one is given.

        Raises BadUserInput for a period that is none, and for what is no id.
        """
        if self.from_ is not None and self.to is not None and self.from_ >= self.to:
            raise BadUserInput("`from` must be before `to`: no moment is from the one until before the other.")
        return model.DisclosureFilter(
            group=group,
            consumer=None if self.consumer is None else consumer_id(self.consumer),
            producer=None if self.producer is None else producer_id(self.producer),
            outcome=self.outcome,
            start=self.from_,
            end=self.to,
        )


DisclosuresFiltered = Annotated[
    DisclosureFilter | None, strawberry.argument(description="Which entries; all when left out.")
]


async def disclosure_connection(
    info: Info, group: GroupId | None, filter_: DisclosureFilter | None, request: PageRequest
) -> Connection[Disclosure]:
    """One page of the entries that the caller sees, the newest first; with `group`, of those about it. One read.

    Where the count alone is selected no entry is read. Raises BadUserInput and LimitExceeded.
    """
    context = info.context
    wanted = (filter_ or DisclosureFilter()).as_model(group)
    list_ = ("disclosures", *_seen_by(context), *_text(wanted))
    # A place holds the number of a record in its stream, which would tell how many others there were meanwhile.
    sealed = SealedCursors(list_)
    cursors: Cursors[model.Disclosure, LatestFirst] = Cursors(
        scope=list_,
        position=lambda entry: sealed.sealed(orjson.dumps([(entry.at - EPOCH) // MILLISECOND, entry.id])),
        parse=lambda place: _place(sealed.unsealed(place)),
    )
    window: Window[LatestFirst] = request.window(cursors)
    page: Page[model.Disclosure] = Page((), has_previous=False, has_next=False)
    if selects(info, "edges", "pageInfo"):
        page = await context.disclosures.page(wanted, window)
    return connection(
        page, cursors, lambda entry: Disclosure.of(context, entry), lambda: context.disclosures.count(wanted)
    )


async def disclosure(context: Context, sealed: str) -> Disclosure | None:
    """The entry whose global id holds `sealed`, or None where the caller sees none such."""
    try:
        id_ = model.DisclosureId(_ids(context).unsealed(sealed).decode())
    except ValueError:
        return None
    entry = await context.disclosures.by_id(id_)
    return None if entry is None else Disclosure.of(context, entry)


def _ids(context: Context) -> SealedCursors:
    """How ids are written for the subject. One is a place in a stream, which tells how much is recorded of others."""
    return SealedCursors(("disclosure", context.caller.subject_id))


def _seen_by(context: Context) -> tuple[str, ...]:
    """Whose list it is: one that shows every consumer's entries is another than one of a consumer's own."""
    return (context.caller.subject_id, context.caller.consumer, context.disclosures.consumer or "")


def _text(wanted: model.DisclosureFilter) -> tuple[str, ...]:
    outcome = None if wanted.outcome is None else wanted.outcome.value
    period = (None if bound is None else bound.isoformat() for bound in (wanted.start, wanted.end))
    return tuple(part or "" for part in (wanted.group, wanted.consumer, wanted.producer, outcome, *period))


def _place(text: bytes) -> LatestFirst:
    """A place that was written here: what is sealed is not looked at again."""
    milliseconds, id_ = orjson.loads(text)
    return LatestFirst(EPOCH + milliseconds * MILLISECOND, model.DisclosureId(id_))
