"""A case's status as portals see it: one typed outcome for every case, always."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Self, cast

import strawberry
from strawberry.scalars import JSON

from gateway.model.status import (
    REFERENCE_FIELDS,
    UNAVAILABLE_TEXTS,
    StatusAnswer,
    StatusOutcome,
    Unavailable,
    UnavailableReason,
)
from gateway.policy.statuses import Withheld
from gateway.schema.context import Context
from gateway.schema.described_enum import described_enum
from gateway.schema.directives import RequiresGrant

REASONS = {
    UnavailableReason.PRODUCER_TIMEOUT: "The producer did not answer within its deadline.",
    UnavailableReason.PRODUCER_UNAVAILABLE: "The producer cannot be reached, is overloaded or no longer connected.",
    UnavailableReason.PRODUCER_FAULT: "The producer answered with something that does not fit the contract.",
    UnavailableReason.PRODUCER_REFUSED: "The producer refuses to disclose to this caller.",
    UnavailableReason.NO_STATUS: "The producer answered that it has no status to disclose for this case and caller.",
    UnavailableReason.NOT_PERMITTED: "The consumer may not read this status; the producer was not asked.",
    UnavailableReason.DEADLINE_EXCEEDED: "The time for the whole operation ran out first.",
    UnavailableReason.NOT_RECORDED: "The disclosure could not be recorded, so the status is withheld.",
}

described_enum(
    UnavailableReason,
    "Why a status cannot be said. Being denied is told apart from failing.",
    REASONS,
    name="StatusUnavailableReason",
)


Said = Mapping[str, object]
"""What a producer says, by contract name. In the place of what is withheld stands the error that says why."""


def _said(name: str, description: str, grant: str | None = None) -> Any:
    """A field of the contract, as its producer says it: null where it says nothing, and where nobody selected it.

    An exception in the place of a value becomes the field's error, at its exact path.
    """
    directives = [RequiresGrant(field=grant or name)]
    return strawberry.field(resolver=lambda self: self._said.get(name), directives=directives, description=description)


@strawberry.type(description="Where the end user can go on, or what the producer's case is called elsewhere.")
class Reference:
    """The contract's Reference."""

    title: str | None = _said("title", "What this refers to, for people.", grant="references.title")
    url: str | None = _said("url", "An address to go to.", grant="references.url")
    value: str | None = _said("value", "A value, such as a registration number.", grant="references.value")
    _said: strawberry.Private[Said]

    @classmethod
    def of(cls, said: Said, withheld: Mapping[str, Withheld]) -> Self:
        """What `said` holds; the rest is as for a status."""
        if withheld:
            names = {name: withheld.get(f"references.{name}") for name in REFERENCE_FIELDS}
            said = {**said, **{name: reason.error() for name, reason in names.items() if reason}}
        return cls(_said=said)


def _references(self: CaseStatus) -> list[Reference] | None:
    """What the producer refers to, of each what may be read; or why nothing of it may be."""
    said = self._said.get("references")
    if isinstance(said, list):
        return [Reference.of(reference, self._withheld) for reference in said]
    return cast(None, said)


@strawberry.type(
    description="What the producer says about the case right now, passed on uninterpreted. Every field is the "
    "producer's own and null where it says nothing, or where you may not read it: then `errors` says so."
)
class CaseStatus:
    """The contract's CaseStatus, with when it was fetched."""

    code: str | None = _said("code", "The producer's own status or event type; opaque to the gateway.")
    code_system: str | None = _said("codeSystem", "The URI of the code list that `code` is from.")
    title: str | None = _said("title", "The status in a few words, for people.")
    description: str | None = _said("description", "The status explained, for people.")
    language: str | None = _said(
        "language", "The language (BCP 47) that the producer answered `title` and `description` in."
    )
    updated_at: datetime | None = _said("updatedAt", "When it happened at the producer.")
    expected_at: datetime | None = _said("expectedAt", "When the producer expects the next change, if it says.")
    requires_customer_action: bool | None = _said(
        "requiresCustomerAction", "Whether the producer says that the end user has something to do."
    )
    completed: bool | None = _said("completed", "Whether the producer says that its case is finished.")

    references: list[Reference] | None = strawberry.field(
        resolver=_references, description="Where the end user can go on."
    )
    extension: JSON | None = _said("extension", "The producer's own structured extra, untouched.")
    fetched_at: datetime | None = strawberry.field(
        resolver=lambda self: self._answer.fetched_at,
        description="When the gateway got this answer from the producer.",
    )
    reused: bool | None = strawberry.field(
        resolver=lambda self: self._answer.reused,
        description="Whether an earlier answer was used again because the producer allowed it (`Cache-Control`).",
    )
    _answer: strawberry.Private[StatusAnswer]
    _said: strawberry.Private[Said]
    _withheld: strawberry.Private[Mapping[str, Withheld]]

    @classmethod
    def of(cls, answer: StatusAnswer, withheld: Mapping[str, Withheld]) -> Self:
        """The status that `answer` holds, and in the place of each field that is withheld the reason why."""
        said = answer.fields
        if withheld:
            said = {**said, **{name: reason.error() for name, reason in withheld.items()}}
        return cls(_answer=answer, _said=said, _withheld=withheld)


@strawberry.type(description="The status cannot be said, and why. The case itself stays in the list.")
class StatusUnavailable:
    """An expected outcome: data, not an error."""

    reason: UnavailableReason = strawberry.field(description="Why, for programs.")
    message: str = strawberry.field(description="Why, for people: Swedish or English by `Accept-Language`.")
    retry_after_seconds: int | None = strawberry.field(
        description="After how many seconds to try again: as the producer asked, or when the gateway will ask it "
        "again. Null where neither is known."
    )
    request_id: str = strawberry.field(description="Names this request in the gateway's and the producer's logs.")

    @classmethod
    def of(cls, outcome: Unavailable, context: Context) -> Self:
        """`outcome` in the caller's language."""
        return cls(
            reason=outcome.reason,
            message=UNAVAILABLE_TEXTS[outcome.reason].in_language(context.language),
            retry_after_seconds=outcome.retry_after_seconds,
            request_id=context.request_id,
        )


CaseStatusResult = Annotated[
    CaseStatus | StatusUnavailable,
    strawberry.union(
        "CaseStatusResult",
        description="What the producer says now, or why that is not known. Always one of the two, for every case.",
    ),
]


def status_results(
    outcomes: Iterable[StatusOutcome], withheld: Mapping[str, Withheld], context: Context
) -> list[CaseStatus | StatusUnavailable]:
    """The outcomes as portals see them, and in the place of each field that is withheld the reason why."""
    return [
        CaseStatus.of(outcome, withheld)
        if isinstance(outcome, StatusAnswer)
        else StatusUnavailable.of(outcome, context)
        for outcome in outcomes
    ]
