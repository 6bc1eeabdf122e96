"""Credits and adjustments as Xero credit notes of one line.

Xero facts: developer.xero.com Credit Notes; what a note settles are its allocations, and a payment on it pays it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from service.core.choice import JobRule
from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.model import Payment, PaymentKind
from service.core.money import decimal_text
from service.core.ports import (
    Company,
    EntityKind,
    MappingContext,
    Payload,
    Projection,
    Record,
    Ref,
    RemoteRecord,
)
from service.core.snapshot import FieldName, Snapshot
from service.mapping.settings import NO_TAX, SALES_ACCOUNT, chosen
from service.mapping.xero.base import XeroMapper
from service.mapping.xero.card import customer_ref, project_tax
from service.mapping.xero.customer import lineage
from service.mapping.xero.line import UNTAXED
from service.mapping.xero.link import credit_url
from service.mapping.xero.value import Losses, as_day, as_decimal, as_number_text, as_object, as_text

REFERENCE_LIMIT = 255
_WORDS = {PaymentKind.CREDIT: "Credit", PaymentKind.ADJUSTMENT: "Adjustment"}


@dataclass(frozen=True, slots=True)
class CreditMapper(XeroMapper):
    """Translates a credit: a note of one line over its whole amount, tax included."""

    kind: EntityKind = EntityKind.CREDIT
    identity: tuple[FieldName, ...] = ("customer", "amount", "currency", "date", "reference")

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return the customer it is for."""
        return (_customer(money_of(record), context),)

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the credit as Xero can hold it.

        :raises MappingError: no account is chosen for sales, no tax rate for its level, or the currency is not used.
        """
        credit, losses = money_of(record), Losses()
        company = context.reference.company
        if company.currencies and credit.currency not in company.currencies:
            reason = f"{company.name} does not use the currency {credit.currency} in Xero. Add it there first."
            raise MappingError("currency", reason, cause="currency_not_enabled")
        account = chosen(context.settings, SALES_ACCOUNT)
        if account is None:
            raise MappingError("account", "No Xero account is chosen for sales.", missing=SALES_ACCOUNT)
        level = credit.tax_level_id
        tax = project_tax(level, "tax_level", context) if level else chosen(context.settings, NO_TAX) or UNTAXED
        snapshot = Snapshot(
            fields={
                "customer": context.remote_ids.get(_customer(credit, context)),
                "amount": decimal_text(credit.amount),
                "currency": credit.currency,
                "date": credit.date.isoformat(),
                "reference": losses.fit(credit.reference, REFERENCE_LIMIT, "reference"),
                "line": (_WORDS.get(credit.kind, "Credit"), account, tax),  # written, never compared
            },
            active=not credit.removed,
        )
        return Projection(snapshot=snapshot, losses=losses.all)

    def body(
        self,
        operation: Operation,
        snapshot: Snapshot,
        *,
        changed: frozenset[FieldName],
        theirs: RemoteRecord | None,
        context: MappingContext,
    ) -> Payload:
        """Build the note's body; the connector adds its CreditNoteID.

        :raises MappingError: Xero has no way back from a voided note.
        """
        del theirs, context
        match operation:
            case Operation.CREATE:
                head = {"Type": "ACCRECCREDIT", "Status": "AUTHORISED", "LineAmountTypes": "Inclusive"}
                contact = {"Contact": {"ContactID": snapshot.get("customer")}}
                return {**head, **contact, "CurrencyCode": snapshot.get("currency"), **_written(snapshot, None)}
            case Operation.UPDATE:
                return _written(snapshot, changed)
            case Operation.VOID | Operation.ARCHIVE | Operation.DELETE:
                return {"Status": "VOIDED"}
            case _:
                raise MappingError("status", "Xero has no way back from a voided credit note.")

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read a note into the fields that are compared."""
        del context
        payload = remote.payload
        return Snapshot(
            fields={
                "customer": as_text(as_object(payload.get("Contact")).get("ContactID")),
                "amount": as_number_text(payload.get("Total")) or "0",
                "currency": as_text(payload.get("CurrencyCode")),
                "date": as_day(payload, "Date"),
                "reference": as_text(payload.get("Reference")),
            },
            active=remote.active,
        )

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return the address of the note's page in Xero."""
        return credit_url(remote_id, company)


def money_of(record: Record) -> Payment:
    """Return the record as the money it is.

    :raises TypeError: it is of another kind.
    """
    if not isinstance(record, Payment):
        raise TypeError(f"a {type(record).__name__} is neither credit nor refund")
    return record


def _customer(money: Payment, context: MappingContext) -> Ref:
    """Return whose contact it names: the client's, where jobs have none of their own."""
    customer = context.customers.get(money.customer_id)
    if context.settings.job_rule is JobRule.REFERENCE and customer is not None:
        customer = tuple(lineage(customer, context))[-1]
    return customer_ref(money.customer_id if customer is None else customer.id)


def _written(snapshot: Snapshot, changed: frozenset[FieldName] | None) -> dict[str, Any]:
    """Return the members of the changed fields; of all, for a new note."""
    line: Any = snapshot.get("line")
    written: dict[str, Any] = {}
    if changed is None or "date" in changed:
        written["Date"] = snapshot.get("date")
    if changed is None or "reference" in changed:
        written["Reference"] = snapshot.get("reference") or ""
    if changed is None or "amount" in changed:
        description, account, tax = line
        amount = {"Quantity": 1, "UnitAmount": as_decimal(snapshot.get("amount"))}
        written["LineItems"] = [{"Description": description, **amount, "AccountCode": account, "TaxType": tax}]
    return written
