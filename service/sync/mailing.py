"""Sending an invoice by mail of our own, to exactly the people that the rules resolved."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from email.message import EmailMessage
from email.utils import make_msgid
from urllib.parse import unquote, urlsplit

from service.core.errors import SyncError
from service.core.model import Invoice, InvoiceStatus
from service.core.money import decimal_text, money_text
from service.records.errors import NotFound
from service.store.queries.events import Subject, add_event
from service.store.queries.find import find_organisation
from service.store.queries.load import load_invoices
from service.sync.platform import Platform

_SENDABLE = frozenset({InvoiceStatus.APPROVED, InvoiceStatus.PAID})


class NotSent(SyncError):
    """The invoice did not leave; the message says why."""

    code = "not_sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Who an invoice was handed to the mail server for, and whom the server refused."""

    to: tuple[str, ...]
    cc: tuple[str, ...]
    why: str
    message_id: str
    refused: tuple[str, ...] = ()


def send_invoice(platform: Platform, *, organisation_id: str, invoice_id: str, actor: str) -> Delivery:
    """Send an issued invoice to its recipients; To and Cc are what the invoice shows, no more and no fewer.

    :raises NotFound: there is no such invoice in the organisation.
    :raises NotSent: mail is not set up, the invoice is not issued, nobody receives it, or the mail server refuses.
    """
    with platform.database.read() as session:
        invoice = load_invoices(session, organisation_id, [invoice_id]).get(invoice_id)
        company = find_organisation(session, organisation_id).name
    if invoice is None:
        raise NotFound("invoice")
    if platform.settings.smtp_url is None or platform.settings.mail_from is None:
        raise NotSent("Mail is not set up here: TIEOUT_SMTP_URL and TIEOUT_MAIL_FROM are needed.")
    if invoice.status not in _SENDABLE:
        raise NotSent(f"{invoice.number} is {invoice.status}; only an approved invoice can be sent.")
    if not invoice.recipients.to:
        raise NotSent(f"{invoice.number} has no recipient: give its customer an email, or choose who receives it.")
    message = _message(invoice, company, platform.settings.mail_from)
    delivery = Delivery(
        to=invoice.recipients.to,
        cc=invoice.recipients.cc,
        why=invoice.recipients.why,
        message_id=str(message["Message-ID"]),
    )
    # Written down first: should the process end in the middle, the trail says that the mail may have left.
    _note(platform, organisation_id, invoice, actor, "handed to the mail server", delivery)
    try:
        refused = _hand_over(platform, message)
    except (smtplib.SMTPException, OSError) as error:
        _note(platform, organisation_id, invoice, actor, "not sent by mail", delivery)
        raise NotSent(f"The mail server did not take {invoice.number} ({type(error).__name__}).") from error
    sent = Delivery(
        to=delivery.to, cc=delivery.cc, why=delivery.why, message_id=delivery.message_id, refused=tuple(sorted(refused))
    )
    _note(platform, organisation_id, invoice, actor, "sent by mail", sent)
    return sent


def _message(invoice: Invoice, company: str, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = f"Invoice {invoice.number} from {company}"
    message["From"] = sender
    message["To"] = ", ".join(invoice.recipients.to)
    if invoice.recipients.cc:
        message["Cc"] = ", ".join(invoice.recipients.cc)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">") or None)
    message.set_content("\n".join(_lines(invoice, company)))
    return message


def _lines(invoice: Invoice, company: str) -> list[str]:
    def money(amount: Decimal) -> str:
        return f"{money_text(amount, invoice.currency)} {invoice.currency}"

    lines = [f"Invoice {invoice.number} from {company}", f"Date: {invoice.issue_date}", f"Due: {invoice.due_date}", ""]
    lines += [
        f"{line.description}: {decimal_text(line.quantity)} x {decimal_text(line.unit_price)} = {money(line.amount)}"
        for line in invoice.lines
    ]
    lines += ["", f"Subtotal: {money(invoice.subtotal)}", f"Tax: {money(invoice.tax_total)}"]
    return [*lines, f"Total: {money(invoice.total)}", f"Amount due: {money(invoice.amount_due)}"]


def _hand_over(platform: Platform, message: EmailMessage) -> Mapping[str, object]:
    """Give a message to the mail server; return the recipients it refused while it took others."""
    assert platform.settings.smtp_url is not None  # noqa: S101  (checked before a message was made)
    url = urlsplit(platform.settings.smtp_url.get_secret_value())
    context = ssl.create_default_context()
    timeout = platform.settings.provider_timeout
    host, secure = url.hostname or "localhost", url.scheme == "smtps"
    server = (
        smtplib.SMTP_SSL(host, url.port or 465, timeout=timeout, context=context)
        if secure
        else smtplib.SMTP(host, url.port or 25, timeout=timeout)
    )
    with server:
        server.ehlo()
        if not secure and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        return server.send_message(message)


def _note(
    platform: Platform, organisation_id: str, invoice: Invoice, actor: str, verb: str, delivery: Delivery
) -> None:
    with platform.database.write() as session:
        add_event(
            session,
            organisation_id=organisation_id,
            at=platform.clock(),
            actor=actor,
            verb=verb,
            subject=Subject(kind="invoice", id=invoice.id, label=invoice.number),
            after={
                "to": list(delivery.to),
                "cc": list(delivery.cc),
                "message_id": delivery.message_id,
                "refused": list(delivery.refused),
            },
            why=delivery.why,
        )
