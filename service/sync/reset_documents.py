"""The documents that hang on a counterpart which a reset gives up: what becomes of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from msgspec import structs
from sqlalchemy.orm import Session

from service.core.money import decimal_text
from service.core.ports import EntityKind, Ref
from service.core.reset import DocumentFate, why_stays
from service.core.snapshot import Snapshot, amount_of
from service.store.queries import counterparts, resets
from service.store.records import InvoiceRow, PaymentRow
from service.store.reset_models import ResetItemRow
from service.store.sync_models import LinkRow
from service.sync.cases import Ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An invoice or a payment that is tied to a former counterpart."""

    ref: Ref
    link: LinkRow
    label: str
    holder: str  #: remote id of the counterpart it names
    fate: DocumentFate
    owes: bool  #: something is still due on it there
    sentence: str


def documents_of(session: Session, ground: Ground, items: Sequence[ResetItemRow]) -> list[Document]:
    """Return what is tied at the package to the counterparts of these items, invoices first, oldest first."""
    names = {item.remote_id: item.released_name or item.remote_name or item.label for item in items if item.remote_id}
    if not names:
        return []
    roots = resets.roots(session, ground.organisation_id, _customers(session, ground, items))
    paid = _standing_payments(session, ground, roots)
    rows = resets.invoices_in_trees(session, ground.connection_id, roots)
    shown = _shown(session, ground, EntityKind.INVOICE, [link for link, _ in rows])
    invoices = [
        _invoice(ground, link, invoice, _with_payments(shown[link.id], invoice, paid), names)
        for link, invoice in rows
        if link.id in shown and shown[link.id].get("customer") in names
    ]
    return [*invoices, *_payments(paid, invoices, names)]


def to_json(documents: Sequence[Document]) -> list[dict[str, Any]]:
    """Return documents as they are kept with a reset and as the API shows them."""
    return [
        {
            "entity": one.ref.kind.value,
            "record_id": one.ref.id,
            "link_id": one.link.id,
            "label": one.label,
            "becomes": one.fate.value,
            "message": one.sentence,
        }
        for one in documents
    ]


def _customers(session: Session, ground: Ground, items: Sequence[ResetItemRow]) -> Collection[str]:
    own = {item.record_id for item in items if item.entity == EntityKind.CUSTOMER}
    people = [item.record_id for item in items if item.entity == EntityKind.CONTACT]
    return own | resets.customers_of_contacts(session, ground.organisation_id, people)


def _shown(session: Session, ground: Ground, kind: EntityKind, rows: Sequence[LinkRow]) -> Mapping[str, Snapshot]:
    """Return documents as the package shows them, by link id; those that are gone there are left out."""
    family, mapper = ground.capabilities.family_of[kind], ground.mappers[kind]
    known = counterparts.by_remote_ids(
        session, ground.connection_id, family, [row.remote_id for row in rows if row.remote_id]
    )
    return {
        row.id: mapper.read(counterparts.record_of(known[row.remote_id]), ground.reading)
        for row in rows
        if row.remote_id in known and not known[row.remote_id].deleted
    }


def _invoice(ground: Ground, link: LinkRow, invoice: InvoiceRow, shown: Snapshot, names: Mapping[str, str]) -> Document:
    holder = str(shown.get("customer"))
    why = why_stays(shown, locked_until=ground.reference.company.lock_date)
    name = names[holder]
    return Document(
        ref=Ref(kind=EntityKind.INVOICE, id=invoice.id),
        link=link,
        label=invoice.number,
        holder=holder,
        fate=DocumentFate.MOVES if why is None else DocumentFate.STAYS,
        owes=amount_of(shown.get("amount_due")) > 0,
        sentence=(
            "It is addressed to the record that takes the place." if why is None
            else f"It stays with '{name}', because {why}."
        ),
    )  # fmt: skip


def _standing_payments(
    session: Session, ground: Ground, roots: Collection[str]
) -> list[tuple[LinkRow, PaymentRow, Snapshot]]:
    """Return the payments of whole trees that stand at the package, with what it shows of them."""
    if EntityKind.PAYMENT not in ground.mappers:
        return []
    rows = resets.payments_in_trees(session, ground.connection_id, roots)
    shown = _shown(session, ground, EntityKind.PAYMENT, [link for link, _ in rows])
    return [(link, payment, shown[link.id]) for link, payment in rows if link.id in shown and shown[link.id].active]


def _with_payments(
    shown: Snapshot, invoice: InvoiceRow, paid: Sequence[tuple[LinkRow, PaymentRow, Snapshot]]
) -> Snapshot:
    """Return an invoice with the payments on it that we know of: the feed may tell of them later than their answers."""
    known = sum((payment.amount for _, payment, _ in paid if payment.invoice_id == invoice.id), Decimal(0))
    told, due = (amount_of(shown.get(name)) for name in ("amount_paid", "amount_due"))
    if known <= told:
        return shown
    amounts = {"amount_paid": decimal_text(known), "amount_due": decimal_text(max(due - known + told, Decimal(0)))}
    return structs.replace(shown, fields={**shown.fields, **amounts})


def _payments(
    paid: Sequence[tuple[LinkRow, PaymentRow, Snapshot]], invoices: Sequence[Document], names: Mapping[str, str]
) -> list[Document]:
    """Payments go with their invoice; one without stays with whom it came from."""
    of_invoice = {one.ref.id: one for one in invoices}
    found = []
    for link, payment, shown in paid:
        invoice = of_invoice.get(payment.invoice_id or "")
        holder = invoice.holder if invoice else str(shown.get("customer"))
        if holder not in names:
            continue
        why = f"with invoice {invoice.label}" if invoice else f"with '{names[holder]}'"
        found.append(
            Document(
                ref=Ref(kind=EntityKind.PAYMENT, id=payment.id),
                link=link,
                label=_label(payment),
                holder=holder,
                fate=DocumentFate.STAYS,
                owes=False,
                sentence=f"It stays {why}.",
            )
        )
    return found


def _label(payment: PaymentRow) -> str:
    return f"{payment.kind} of {decimal_text(payment.amount)} {payment.currency} on {payment.date.isoformat()}"
