"""What a demonstration producer answers one caller: its data file, seen by that caller at one moment."""

from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from subgraphs.reference.assertion import Caller
from subgraphs.reference.cases import CaseBook, CaseRecord, Link, Standing
from subgraphs.reference.contract import Case, CaseConnection, CaseEdge, CaseStatus, PageInfo, Reference, bad_input


@dataclass(frozen=True, slots=True)
class DemonstrationAnswers:
    """The `Answers` of a demonstration producer.

    It discloses a case to callers who ask for that case's own subject. To everyone else a case is the same as one
    that does not exist: the reference comes back with no status.
    """

    book: CaseBook
    caller: Caller
    language: str
    moment: datetime

    def case(self, reference: str) -> Case:
        """The case with that reference, and its status if the caller may have it."""
        record = self.book.find(reference)
        # A case of another type than the gateway was told is as one that is not there: the grant is not for it.
        if record is None or record.subject != self.caller.subject or not self.caller.may_ask_about(record.case_type):
            return Case(reference=strawberry.ID(reference), status=None)
        return self._case(record)

    def cases(self, first: int, after: str | None) -> CaseConnection:
        """One page of the subject's cases. Raises GraphQLError when `after` is no cursor."""
        previous = "" if after is None else reference_at(after)
        following = [case for case in self.book.of_subject(self.caller.subject) if case.reference > previous]
        edges = [
            CaseEdge(cursor=cursor_of(case.reference), case_type=case.case_type, node=self._case(case))
            for case in following[:first]
        ]
        return CaseConnection(
            edges=edges,
            page_info=PageInfo(has_next_page=len(following) > first, end_cursor=edges[-1].cursor if edges else None),
        )

    def _case(self, record: CaseRecord) -> Case:
        standing = self.book.standing(record, self.moment)
        return Case(reference=strawberry.ID(record.reference), status=self._status(record, standing))

    def _status(self, record: CaseRecord, standing: Standing) -> CaseStatus:
        stage = standing.stage
        says_when = self.book.tells_next_change and not stage.completed
        return CaseStatus(
            code=stage.code,
            code_system=self.book.code_system,
            title=stage.title[self.language],
            description=None if stage.description is None else stage.description[self.language],
            language=self.language,
            updated_at=standing.since,
            expected_at=standing.until if says_when else None,
            requires_customer_action=stage.requires_customer_action,
            completed=stage.completed,
            references=None if stage.references is None else [self._link(record, link) for link in stage.references],
            extension=None if stage.extension is None else JSON(stage.extension),
        )

    def _link(self, record: CaseRecord, link: Link) -> Reference:
        return Reference(
            title=link.title[self.language],
            url=None if link.url is None else link.url.replace("{reference}", record.reference),
            value=None if link.value is None else link.value.replace("{reference}", record.reference),
        )


def cursor_of(reference: str) -> str:
    """The cursor of the case with that reference: where a page that ends with it ends."""
    return urlsafe_b64encode(reference.encode()).decode()


def reference_at(cursor: str) -> str:
    """The reference that a cursor stands for. Raises GraphQLError when it is none."""
    try:
        return b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except ValueError as exc:
        raise bad_input("`after` is not a cursor of this producer.") from exc
