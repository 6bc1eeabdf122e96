"""Our invoices as Xero sales invoices (ACCREC).

Xero facts: developer.xero.com Invoices. The contact goes by its id alone, because further members would change it. An
invoice there has no recipients and no billing address of its own: they are its contact's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.core.choice import JobRule
from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.model import Address, Customer, Invoice, InvoiceStatus
from service.core.money import decimal_text
from service.core.ports import Company, EntityKind, MappingContext, Payload, Projection, Record, Ref, RemoteRecord
from service.core.recipients import own_address
from service.core.snapshot import FieldName, Snapshot, Value, clean_text
from service.mapping.xero.base import XeroMapper
from service.mapping.xero.card import customer_ref
from service.mapping.xero.customer import inherited, lineage, mailed_by_xero
from service.mapping.xero.line import project_lines, project_tracking, read_lines, read_tracking, write_lines
from service.mapping.xero.link import invoice_url
from service.mapping.xero.value import Losses, as_day, as_decimal, as_number_text, as_object, as_text, length

NUMBER_LIMIT = 255
REFERENCE_LIMIT = 255

#: What Xero calls paid is an approved invoice to us as well: what was paid stands in the amounts.
_STATUSES = {"DRAFT": "draft", "SUBMITTED": "draft", "AUTHORISED": "approved", "PAID": "approved", "VOIDED": "voided"}
_STATUS_OF = {
    InvoiceStatus.DRAFT: "draft",
    InvoiceStatus.APPROVED: "approved",
    InvoiceStatus.PAID: "approved",
    InvoiceStatus.VOIDED: "voided",
}
_WRITTEN_STATUS = {"draft": "DRAFT", "approved": "AUTHORISED", "voided": "VOIDED"}

_Writer = Callable[[Value, Payload], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class InvoiceMapper(XeroMapper):
    """Translates ``Invoice`` records."""

    kind: EntityKind = EntityKind.INVOICE
    identity: tuple[FieldName, ...] = ("number",)

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return the one whose contact the invoice names: the sub-contact, the job, or the client."""
        return (_addressee(_require(record), context),)

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the invoice as Xero can hold it; ``customer`` is blank while the contact isn't there yet.

        :raises MappingError: the mapping lacks an account or a tax rate, a line has no description, the organisation
            does not use the currency, or the number is too long.
        """
        invoice, losses = _require(record), Losses()
        number = clean_text(context.numbers.get(Ref(kind=EntityKind.INVOICE, id=invoice.id), invoice.number))
        if number is None or length(number) > NUMBER_LIMIT:
            raise MappingError("number", f"Xero takes invoice numbers of 1 to {NUMBER_LIMIT} characters.")
        _check_currency(invoice.currency, context.reference.company)
        fields: dict[FieldName, Value] = {
            "number": number,
            "customer": context.remote_ids.get(_addressee(invoice, context)),
            "issue_date": invoice.issue_date.isoformat(),
            "due_date": invoice.due_date.isoformat(),
            "currency": invoice.currency,
            "reference": losses.fit(_reference(invoice, context), REFERENCE_LIMIT, "reference"),
            "status": _STATUS_OF[invoice.status],
            "tax_inclusive": invoice.tax_inclusive,
            "lines": project_lines(invoice, context, losses),
            **project_tracking(invoice, context),
            "subtotal": decimal_text(invoice.subtotal),
            "tax_total": decimal_text(invoice.tax_total),
            "total": decimal_text(invoice.total),
            "amount_paid": decimal_text(invoice.amount_paid),
            "amount_due": decimal_text(invoice.amount_due),
        }
        if number != clean_text(invoice.number):
            losses.add("number", f"The one it was before keeps its number in Xero; it is {number} there now.")
        _declare(invoice, context, losses)
        active = invoice.status is not InvoiceStatus.VOIDED
        return Projection(snapshot=Snapshot(fields=fields, active=active), losses=losses.all)

    def body(
        self,
        operation: Operation,
        snapshot: Snapshot,
        *,
        changed: frozenset[FieldName],
        theirs: RemoteRecord | None,
        context: MappingContext,
    ) -> Payload:
        """Build the invoice's body; the connector adds its InvoiceID. Amounts are Decimal, dates texts.

        :raises MappingError: the contact isn't there yet, or Xero's API doesn't do this with invoices.
        """
        del context
        payload: Payload = theirs.payload if theirs else {}
        match operation:
            case Operation.CREATE:
                filled = frozenset(name for name, value in snapshot.fields.items() if value is not None)
                _require_contact(snapshot)
                return {"Type": "ACCREC", **_write(snapshot, filled, payload)}
            case Operation.UPDATE:
                if "customer" in changed:
                    _require_contact(snapshot)
                # Tax types follow the way prices are meant, so both are sent when one changes.
                return _write(snapshot, changed | ({"lines"} if "tax_inclusive" in changed else set()), payload)
            case Operation.VOID | Operation.ARCHIVE | Operation.DELETE:
                draft = _STATUSES.get(str(payload.get("Status"))) == "draft"
                return {"Status": "DELETED" if draft else "VOIDED"}
            case _:
                raise MappingError("status", "Xero has no way back from a voided invoice.")

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read an invoice into the same fields that ``project`` fills; un-paged answers tell no lines."""
        payload = remote.payload
        status = (as_text(payload.get("Status")) or "").upper()
        paid, credited = (as_decimal(payload.get(name)) or 0 for name in ("AmountPaid", "AmountCredited"))
        fields: dict[FieldName, Value] = {
            "number": as_text(payload.get("InvoiceNumber")),
            "customer": as_text(as_object(payload.get("Contact")).get("ContactID")),
            "issue_date": as_day(payload, "Date"),
            "due_date": as_day(payload, "DueDate"),
            "currency": as_text(payload.get("CurrencyCode")),
            "reference": as_text(payload.get("Reference")),
            "status": _STATUSES.get(status, status.lower() or None),
            "tax_inclusive": payload.get("LineAmountTypes") == "Inclusive",
            "subtotal": as_number_text(payload.get("SubTotal")) or "0",
            "tax_total": as_number_text(payload.get("TotalTax")) or "0",
            "total": as_number_text(payload.get("Total")) or "0",
            "amount_paid": as_number_text(paid + credited) or "0",
            "amount_due": as_number_text(payload.get("AmountDue")) or "0",
        }
        if "LineItems" in payload:
            fields["lines"] = read_lines(payload)
            fields |= read_tracking(payload, context)
        return Snapshot(fields=fields, active=remote.active)

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return the address of the invoice's page in Xero."""
        return invoice_url(remote_id, company)


def _require(record: Record) -> Invoice:
    if not isinstance(record, Invoice):
        raise TypeError(f"not an invoice: {type(record).__name__}")
    return record


def _lineage(invoice: Invoice, context: MappingContext) -> tuple[Customer, ...]:
    customer = context.customers.get(invoice.customer_id)
    return tuple(lineage(customer, context)) if customer else ()


def _addressee(invoice: Invoice, context: MappingContext) -> Ref:
    if invoice.sub_contact_id is not None:
        return Ref(kind=EntityKind.CONTACT, id=invoice.sub_contact_id)
    chain = _lineage(invoice, context)
    if context.settings.job_rule is JobRule.REFERENCE and chain:
        return customer_ref(chain[-1].id)
    return customer_ref(invoice.customer_id)


def _reference(invoice: Invoice, context: MappingContext) -> str | None:
    """Return our reference, and before it the job where its invoices go to the client."""
    chain = _lineage(invoice, context)
    if context.settings.job_rule is not JobRule.REFERENCE or len(chain) < 2:  # noqa: PLR2004 - a client has no job
        return invoice.reference
    job = chain[0].full_name.partition(":")[2] or chain[0].name
    return f"{job} / {invoice.reference}" if invoice.reference else job


def _check_currency(currency: str, company: Company) -> None:
    if company.currencies and currency not in company.currencies and currency != company.base_currency:
        reason = f"{company.name} does not use the currency {currency} in Xero. Add it there first."
        raise MappingError("currency", reason, cause="currency_not_enabled")


def _declare(invoice: Invoice, context: MappingContext, losses: Losses) -> None:
    chain = _lineage(invoice, context)
    at_client = context.settings.job_rule is JobRule.REFERENCE
    customer = chain[-1 if at_client else 0] if chain else None
    to, cc = set(invoice.recipients.to), set(invoice.recipients.cc)
    if cc:
        losses.add("cc", "Xero invoices have no Cc; Tieout can send the invoice itself.")
    if to and (customer is None or to != mailed_by_xero(customer, context)) and invoice.sub_contact_id is None:
        losses.add("to", "Xero sends an invoice to its contact's addresses, not to recipients of its own.")
    own = _printed(invoice, customer, chain, context)
    if invoice.billing_address and invoice.billing_address != own:
        losses.add("billing_address", "Xero prints the billing address of the contact, not one of the invoice.")


def _printed(
    invoice: Invoice, customer: Customer | None, chain: Sequence[Customer], context: MappingContext
) -> Address | None:
    """Return the address that Xero prints: that of the contact, or of the sub-contact, whom the invoice is to."""
    people = [person for one in chain for person in one.contacts if person.id == invoice.sub_contact_id]
    if invoice.sub_contact_id is not None and not people:
        return invoice.billing_address  # whose it is has moved since; the address came from there
    own = own_address(people[0], context.job_sites) if people else None
    return own or (inherited(customer, "billing_address", context) if customer else None)


def _require_contact(snapshot: Snapshot) -> None:
    if not snapshot.get("customer"):
        raise MappingError("customer", "The invoice's customer is not in Xero yet.")


def _text(member: str) -> _Writer:
    return lambda value, _: {member: value if value is not None else ""}


_WRITERS: Mapping[FieldName, _Writer] = {
    "number": _text("InvoiceNumber"),
    "customer": lambda value, _: {"Contact": {"ContactID": value}},
    "issue_date": _text("Date"),
    "due_date": _text("DueDate"),
    "currency": _text("CurrencyCode"),
    "reference": _text("Reference"),
    "status": lambda value, _: {"Status": _WRITTEN_STATUS.get(str(value), str(value))},
    "tax_inclusive": lambda value, _: {"LineAmountTypes": "Inclusive" if value else "Exclusive"},
}


def _write(snapshot: Snapshot, changed: frozenset[FieldName], theirs: Payload) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for field, writer in _WRITERS.items():
        if field in changed:
            body |= writer(snapshot.get(field), theirs)
    if changed & {"lines", "tracking"}:
        body["LineItems"] = write_lines(snapshot.get("lines"), snapshot.get("tracking"), theirs)
    return body
