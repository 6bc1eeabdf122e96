"""Letters of an office, for tests: a mail server on loopback, asking, carrying, and what arrived."""

from __future__ import annotations

from dataclasses import replace
from email.message import Message
from typing import Any

from pydantic import SecretStr

from service.store.letter_models import LetterRow
from service.store.queries import letters as queries
from service.sync import delivering, mailing
from tests.support.smtp import MailBox
from tests.sync.office import Office


def with_mail(office: Office, box: MailBox) -> Office:
    """Give an office the mail server."""
    found = {"smtp_url": SecretStr(f"smtp://127.0.0.1:{box.port}"), "mail_from": "Office <billing@office.example>"}
    platform = replace(office.platform, settings=office.platform.settings.model_copy(update=found))
    return replace(office, platform=platform)


def ask(office: Office, *invoices: str, **how: Any) -> mailing.Asked:
    """Ask for letters that nobody carries yet."""
    return mailing.ask(
        office.platform, organisation_id=office.organisation_id, invoice_ids=invoices, actor="user:ann", **how
    )


def deliver(office: Office) -> int:
    """Carry what waits."""
    return delivering.deliver(office.platform, office.organisation_id)


def letters(office: Office, invoice: str) -> list[LetterRow]:
    """Return the letters of an invoice, newest first."""
    with office.platform.database.read() as session:
        return list(queries.letters_of_invoice(session, office.organisation_id, invoice))


def letter(office: Office, invoice: str) -> LetterRow:
    """Return its only letter."""
    (found,) = letters(office, invoice)
    return found


def mailed_there(office: Office) -> list[dict[str, Any]]:
    """Return the mails that the package sent."""
    (books,) = [one for one in office.package.sandbox.dump().values() if one["mails"]] or [{"mails": []}]
    return [{"to": one["To"], "cc": one.get("Cc", []), "bcc": one.get("Bcc", [])} for one in books["mails"]]


def killed(*_: object) -> None:
    """End as a process does that is killed at this moment."""
    raise KeyboardInterrupt


def text_of(message: Message) -> str:
    """Return the plain text of a message, whatever else it carries."""
    parts = [part for part in message.walk() if part.get_content_type() == "text/plain"]
    return str(parts[0].get_payload(decode=True).decode())  # type: ignore[union-attr]  # a text has a payload
