"""The letter itself: an invoice in an organisation's words, with its PDF where there is one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid, parseaddr

from babel.dates import format_date

from service.core.model import Invoice, InvoiceLine, InvoiceStatus
from service.core.money import decimal_text, money_text
from service.core.wording import Wording, fill
from service.store.accounts import Organisation

_UNFIT = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """What a package adds to a letter."""

    document: bytes | None = None  #: its PDF
    link: str | None = None  #: where the customer sees the invoice online


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A letter as it would leave."""

    subject: str
    body: str
    sender: str  #: the From header
    attachment: str | None


def write(
    invoice: Invoice, customer: str, company: Organisation, wording: Wording, *, mail_from: str, enclosed: Enclosure
) -> Written:
    """Put an invoice into words.

    :param customer: the name of the invoice's customer.
    """
    attachment = None if enclosed.document is None else f"{_UNFIT.sub('-', invoice.number).strip('-') or 'invoice'}.pdf"
    values = values_of(invoice, customer, company, attachment=attachment, link=enclosed.link)
    name, address = parseaddr(mail_from)
    return Written(
        subject=" ".join(fill(wording.subject, values).split()),
        body=fill(wording.body, values),
        sender=formataddr((wording.sender_name or name, address)),
        attachment=attachment,
    )


def values_of(
    invoice: Invoice, customer: str, company: Organisation, *, attachment: str | None, link: str | None
) -> Mapping[str, str]:
    """Return what each placeholder stands for."""

    def money(amount: Decimal) -> str:
        return f"{money_text(amount, invoice.currency)} {invoice.currency}"

    def day(given: date) -> str:
        return format_date(given, format="medium", locale=company.locale)

    lines = [
        f"{line.description}: {decimal_text(line.quantity)} x {decimal_text(line.unit_price)} = {money(line.amount)}"
        for line in invoice.lines
    ]
    return {
        "company": company.name,
        "customer": customer,
        "number": invoice.number,
        "reference": invoice.reference or "",
        "date": day(invoice.issue_date),
        "due": day(invoice.due_date),
        "subtotal": money(invoice.subtotal),
        "tax": money(invoice.tax_total),
        "total": money(invoice.total),
        "amount_due": money(invoice.amount_due),
        "currency": invoice.currency,
        "lines": "\n".join(lines),
        "attachment": attachment or "",
        "link": link or "",
    }


def enveloped(
    written: Written, invoice: Invoice, *, message_id: str, reply_to: str | None, now: datetime, enclosed: Enclosure
) -> EmailMessage:
    """Return the message: To and Cc are the invoice's recipients, no more and no fewer."""
    message = EmailMessage()
    message["Subject"] = written.subject
    message["From"] = written.sender
    message["To"] = ", ".join(invoice.recipients.to)
    if invoice.recipients.cc:
        message["Cc"] = ", ".join(invoice.recipients.cc)
    if reply_to:
        message["Reply-To"] = reply_to
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id
    message.set_content(written.body)
    if enclosed.document is not None and written.attachment is not None:
        message.add_attachment(enclosed.document, maintype="application", subtype="pdf", filename=written.attachment)
    return message


def specimen() -> Invoice:
    """Return a made-up invoice, for looking at a wording before there is any of one's own."""
    line = InvoiceLine(
        description="Roof repair", quantity=Decimal(2), unit_price=Decimal(150), amount=Decimal("300.00")
    )
    return Invoice(
        id="",
        number="INV-1001",
        customer_id="",
        status=InvoiceStatus.APPROVED,
        issue_date=date(2026, 11, 2),
        due_date=date(2026, 12, 2),
        currency="USD",
        reference="Elm Road",
        lines=(line,),
        subtotal=Decimal("300.00"),
        total=Decimal("300.00"),
    )


def new_message_id(mail_from: str) -> str:
    """Return an identifier that no other message has."""
    return make_msgid(domain=parseaddr(mail_from)[1].rpartition("@")[2] or None)
