"""Case groups as MongoDB keeps them, and back. What is empty or not there is left out of a document."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.model.caller import ConsumerId
from gateway.model.case_group import Case, CaseGroup, CaseKey, GroupId, ReadPermission, TransferOffer
from gateway.model.producer import ProducerId
from gateway.model.purpose import InformationArea, Purpose
from gateway.store.driver import Document

EPOCH, EPOCH_WITHOUT_ZONE = datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1)  # noqa: DTZ001 - as its name says


def fixed(group: CaseGroup) -> Document:
    """What is said of a group once, when it is made, its owner apart."""
    return {
        "purpose": {"informationArea": group.purpose.information_area.value, "event": group.purpose.event},
        "createdAt": group.created_at,
    }


def changeable(group: CaseGroup) -> Document:
    """What a change by the owner can change; a value is None where the document has none."""
    return {
        "title": group.title,
        "cases": [_case_document(case) for case in group.cases],
        "nextCaseNumber": group.next_case_number,
        "transfer": None if group.transfer is None else _transfer_document(group.transfer),
        **shared(group),
    }


def shared(group: CaseGroup) -> Document:
    """What of `changeable` a change of owner can change, too."""
    return {
        "readPermissions": [_permission_document(one) for one in group.read_permissions] or None,
        "updatedAt": group.updated_at,
        "retainUntil": group.retain_until,
    }


def given(fields: Document) -> Document:
    """Those of `fields` that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def change_to(fields: Document, **more: object) -> Document:
    """The update that gives a document these fields, takes away those that are None, and counts the revision up."""
    fields = {**fields, **more}
    missing = {name: "" for name, value in fields.items() if value is None}
    update = {"$set": given(fields), "$inc": {"revision": 1}}
    return {**update, "$unset": missing} if missing else update


def group_of(document: Document) -> CaseGroup:
    """The group that `document` holds; without cases where they were not read. Its dates are in UTC, without a zone."""
    purpose = document["purpose"]
    transfer = document.get("transfer")
    return CaseGroup(
        id=GroupId(str(document["_id"])),
        owner=ConsumerId(document["owner"]),
        title=document["title"],
        purpose=Purpose(InformationArea(purpose["informationArea"]), purpose["event"]),
        cases=tuple(map(_case, document.get("cases", ()))),
        next_case_number=document["nextCaseNumber"],
        revision=document["revision"],
        created_at=_moment(document["createdAt"]),
        updated_at=_moment(document["updatedAt"]),
        retain_until=_moment(document["retainUntil"]),
        read_permissions=tuple(map(_permission, document.get("readPermissions", ()))),
        transfer=None if transfer is None else _transfer(transfer),
    )


def _case_document(case: Case) -> Document:
    return {
        "number": case.number,
        "producer": case.key.producer,
        "caseType": case.case_type,
        "reference": case.key.reference,
        "note": case.note,
        "noteIsPrivate": case.note_is_private,
        "addedAt": case.added_at,
    }


def _case(document: Document) -> Case:
    # By position: there may be a thousand, and names make it half as dear again.
    return Case(
        document["number"],
        CaseKey(document["producer"], document["reference"]),
        document["caseType"],
        document["note"],
        _moment(document["addedAt"]),
        document.get("noteIsPrivate", False),
    )


def _permission_document(permission: ReadPermission) -> Document:
    return {
        "consumer": permission.consumer,
        "permittedAt": permission.permitted_at,
        "validUntil": permission.valid_until,
        "producers": None if permission.producers is None else sorted(permission.producers),
        "fields": None if permission.fields is None else sorted(permission.fields),
    }


def _permission(document: Document) -> ReadPermission:
    producers, fields = document["producers"], document["fields"]
    return ReadPermission(
        consumer=ConsumerId(document["consumer"]),
        permitted_at=_moment(document["permittedAt"]),
        valid_until=_moment(document["validUntil"]),
        producers=None if producers is None else frozenset(map(ProducerId, producers)),
        fields=None if fields is None else frozenset(fields),
    )


def _transfer_document(transfer: TransferOffer) -> Document:
    return {
        "to": transfer.to,
        "keepReadPermissions": transfer.keep_read_permissions,
        "offeredAt": transfer.offered_at,
        "validUntil": transfer.valid_until,
    }


def _transfer(document: Document) -> TransferOffer:
    return TransferOffer(
        to=ConsumerId(document["to"]),
        keep_read_permissions=document["keepReadPermissions"],
        offered_at=_moment(document["offeredAt"]),
        valid_until=_moment(document["validUntil"]),
    )


def _moment(stored: datetime) -> datetime:
    """In UTC, with its zone; by reckoning, which takes a fifth of the time of `astimezone` or `replace`."""
    return EPOCH + (stored - EPOCH_WITHOUT_ZONE)
