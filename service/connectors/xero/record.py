"""What Xero returns of an entity, as the sync keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from service.core.ports import Family, Payload, RemoteRecord
from service.core.snapshot import clean_email

NO_ID = "00000000-0000-0000-0000-000000000000"

#: Members that speak of one answer and not of the entity: only with them left out is the echo of a write known again.
_OF_THE_ANSWER = frozenset(
    {"StatusAttributeString", "HasErrors", "HasValidationErrors", "ValidationErrors", "ValidationStatus", "Warnings"}
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a family is found and how its elements name themselves."""

    family: Family
    plural: str
    id_member: str
    name_member: str | None

    @property
    def path(self) -> str:
        """The collection's path below the base address."""
        return f"/api.xro/2.0/{self.plural}"


CONTACTS = Shape(Family.CUSTOMER, "Contacts", "ContactID", "Name")
INVOICES = Shape(Family.INVOICE, "Invoices", "InvoiceID", "InvoiceNumber")
PAYMENTS = Shape(Family.PAYMENT, "Payments", "PaymentID", None)
CREDIT_NOTES = Shape(Family.CREDIT_NOTE, "CreditNotes", "CreditNoteID", "CreditNoteNumber")
OVERPAYMENTS = Shape(Family.OVERPAYMENT, "Overpayments", "OverpaymentID", None)

_SHAPES = (CONTACTS, INVOICES, PAYMENTS, CREDIT_NOTES, OVERPAYMENTS)
SHAPES: Mapping[Family, Shape] = {shape.family: shape for shape in _SHAPES}


def kept_of(payload: Payload) -> dict[str, Any]:
    """Return what of an element is kept: all but what an answer says of the request."""
    kept = dict(payload)
    for name in _OF_THE_ANSWER:
        kept.pop(name, None)
    return kept


def record_of(shape: Shape, payload: Payload) -> RemoteRecord | None:
    """Return the element as a record, or None if it has no id."""
    remote_id = text_of(payload, shape.id_member)
    if remote_id is None or remote_id == NO_ID:
        return None
    status = (text_of(payload, "ContactStatus" if shape is CONTACTS else "Status") or "").upper()
    modified_at = moment_of(payload, "UpdatedDateUTC") or moment_of(payload, "UpdatedDateUTCString")
    active = status in {"", "ACTIVE"} if shape is CONTACTS else status not in {"VOIDED", "DELETED"}
    return RemoteRecord(
        family=shape.family,
        remote_id=remote_id,
        version=None if modified_at is None else modified_at.isoformat(),
        active=active,
        payload=kept_of(payload),
        name=text_of(payload, shape.name_member) if shape.name_member else None,
        reference=text_of(payload, "ContactNumber") if shape is CONTACTS else None,
        email=clean_email(text_of(payload, "EmailAddress")) if shape is CONTACTS else None,
        # Who is active again after a merge stands for itself, whatever is still told of the merge.
        merged_into=None if active else text_of(payload, "MergedToContactID"),
        deleted=shape is not CONTACTS and status == "DELETED",
        modified_at=modified_at,
    )


def records_of(shape: Shape, payload: Payload) -> list[RemoteRecord]:
    """Return the element as a record, and what a credit note settles as further ones; none if it has no id."""
    record = record_of(shape, payload)
    if record is None:
        return []
    if shape is not CREDIT_NOTES:
        return [record]
    found = (allocation_of(record.remote_id, one) for one in objects_of(payload, "Allocations"))
    return [record, *(one for one in found if one is not None)]


def allocation_of(note: str, payload: Payload) -> RemoteRecord | None:
    """Return what a credit note settles of an invoice as a record; None where it is not told which, or has no id."""
    invoice, own_id = payload.get("Invoice"), text_of(payload, "AllocationID")
    invoice_id = text_of(invoice, "InvoiceID") if isinstance(invoice, Mapping) else None
    if invoice_id is None or own_id is None or own_id == NO_ID:
        return None
    gone = payload.get("IsDeleted") is True
    kept = {name: value for name, value in payload.items() if name in {"AllocationID", "Amount", "Date"}}
    return RemoteRecord(
        family=Family.ALLOCATION,
        remote_id=own_id,
        version=None,
        active=not gone,
        payload={**kept, "CreditNoteID": note, "Invoice": {"InvoiceID": invoice_id}},
        parent_id=note,
        deleted=gone,
    )


def objects_of(payload: Payload, member: str) -> list[Payload]:
    """Return the objects of a list member."""
    found = payload.get(member)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def is_ours(shape: Shape, payload: Payload) -> bool:
    """Tell whether the element belongs to sales: bills, credits of suppliers and what is paid on those don't."""
    if shape is INVOICES:
        return text_of(payload, "Type") in {None, "ACCREC"}
    if shape is CREDIT_NOTES:
        return text_of(payload, "Type") in {None, "ACCRECCREDIT"}
    if shape is OVERPAYMENTS:
        return text_of(payload, "Type") != "SPEND-OVERPAYMENT"
    if shape is PAYMENTS:
        documents = (payload.get(member) for member in ("Invoice", "CreditNote"))
        told = {text_of(one, "Type") for one in documents if isinstance(one, Mapping)}
        ours = text_of(payload, "PaymentType") in {None, "ACCRECPAYMENT", "ARCREDITPAYMENT"}
        return ours and told <= {None, "ACCREC", "ACCRECCREDIT"}
    return True


def text_of(payload: Mapping[str, Any], member: str) -> str | None:
    """Return a text member, or None for null, blanks and anything else in its place."""
    value = payload.get(member)
    return value.strip() or None if isinstance(value, str) else None


def moment_of(payload: Mapping[str, Any], member: str) -> datetime | None:
    """Return a time member, ``/Date(ms+0000)/`` or ISO 8601 in UTC, as an aware time."""
    text = text_of(payload, member) or ""
    if text.startswith("/Date(") and text.endswith(")/"):
        digits = text[6:-2].partition("+")[0]
        try:
            return _EPOCH + timedelta(milliseconds=int(digits))
        except (ValueError, OverflowError):
            return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
