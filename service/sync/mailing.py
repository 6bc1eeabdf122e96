"""Sending invoices: who gets them, who carries them, and never twice.

Asking for a letter commits it; carrying it is another step (``delivering``), by whatever worker comes first. An invoice
has at most one letter on its way, and one that was sent is sent again only when somebody says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from babel.dates import format_date
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.core.errors import SyncError
from service.core.letter import OPEN_STATES, Choice, LetterState, choose, refusal_of, seal_of
from service.core.model import Invoice
from service.core.ports import EntityKind
from service.core.wording import Wording
from service.ids import new_id
from service.records.errors import NotFound
from service.records.wording import load_wording
from service.store import leases
from service.store.letter_models import LetterRow, MailingRow
from service.store.queries import letters as queries
from service.store.queries.events import Subject, add_event
from service.store.queries.find import find, find_organisation
from service.store.queries.load import load_customers, load_invoices
from service.sync import delivering, envelope, ways
from service.sync.platform import Platform

#: Invoices in one mailing.
MOST = 500


class NotSent(SyncError):
    """The invoice did not leave; the message says why."""

    code = "not_sent"


class PerhapsSent(SyncError):
    """Nobody knows whether the invoice left; a person decides before anything else is sent."""

    code = "outcome_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One invoice as it would be sent now."""

    invoice: Invoice
    customer: str
    choice: Choice
    refusal: str | None  #: why it can't be sent, whatever carries it
    seal: str  #: digest of what is shown; sent back, it makes sure that this is what is done
    sent_before: bool = False  #: it is refused only because it was sent before

    @property
    def possible(self) -> bool:
        """Tell whether it would be sent."""
        return self.refusal is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A mailing, and what of it was not begun."""

    mailing_id: str
    refused: Mapping[str, str]  #: invoice id -> why


def preview(
    platform: Platform, organisation_id: str, invoice_ids: Sequence[str], *, again: bool = False
) -> list[Preview]:
    """Return what sending these invoices now would do, in the order given; nothing is called and nothing is written.

    :param again: send what was sent before as well.
    :raises NotFound: one of them does not exist in the organisation.
    """
    with platform.database.read() as session:
        return _previews(platform, session, organisation_id, invoice_ids, again=again)


def unsent(platform: Platform, organisation_id: str) -> Sequence[str]:
    """Return approved invoices that were never sent, oldest first, as many as fit into one mailing."""
    with platform.database.read() as session:
        return queries.never_sent(session, organisation_id, limit=MOST)


def ask(
    platform: Platform,
    *,
    organisation_id: str,
    invoice_ids: Sequence[str],
    actor: str,
    again: bool = False,
    seals: Mapping[str, str] | None = None,
    token: str | None = None,
    holder: str | None = None,
) -> Asked:
    """Commit a letter for each invoice that can be sent; carrying them is for ``delivering.deliver``.

    :param seals: of previews, by invoice id: an invoice of which people or way have changed since is not sent.
    :param token: names the question: asked once more, the answer is the same mailing and nothing is begun.
    :param holder: the worker that is going to carry them; None: whichever comes first.
    :raises NotFound: one of the invoices does not exist in the organisation; nothing is begun.
    """
    now = platform.clock()
    with platform.database.write(lasting=True) as session:
        if token is not None and (known := queries.mailing_by_token(session, organisation_id, token)) is not None:
            return Asked(mailing_id=known.id, refused={})
        mailing = MailingRow(
            id=new_id(), organisation_id=organisation_id, requested_by=actor, requested_at=now, token=token
        )
        session.add(mailing)
        session.flush()
        refused = {}
        for found in _previews(platform, session, organisation_id, invoice_ids, again=again):
            invoice = found.invoice
            changed = seals is not None and seals.get(invoice.id, found.seal) != found.seal
            if found.refusal is not None:
                refused[invoice.id] = found.refusal
            elif changed:
                refused[invoice.id] = (
                    f"Who receives {invoice.number}, or how, has changed since you looked. Look again."
                )
            elif not _begin(session, mailing, found, holder=holder):
                refused[invoice.id] = f"{invoice.number} is on its way already."
        return Asked(mailing_id=mailing.id, refused=refused)


def send_invoice(
    platform: Platform, *, organisation_id: str, invoice_id: str, actor: str, again: bool = False
) -> tuple[LetterRow, bool]:
    """Send one invoice at once; return its letter, and False.

    One that was sent before is not sent twice: the letter of then is returned, and True.

    :raises NotFound: there is no such invoice in the organisation.
    :raises NotSent: it can't be sent, or nobody took it; nothing has left.
    :raises PerhapsSent: it may have left.
    """
    with platform.database.read() as session:
        (found,) = _previews(platform, session, organisation_id, [invoice_id], again=again)
        if found.sent_before:
            return queries.last_letters(session, organisation_id, [invoice_id])[invoice_id][0], True
    holder = leases.new_holder()
    asked = ask(
        platform, organisation_id=organisation_id, invoice_ids=[invoice_id], actor=actor, again=again, holder=holder
    )
    if invoice_id in asked.refused:
        raise NotSent(asked.refused[invoice_id])
    with platform.database.read() as session:
        (letter,) = queries.letters_of_mailing(session, asked.mailing_id)
    delivering.deliver(platform, organisation_id, only=letter.id, holder=holder, patient=False)
    with platform.database.read() as session:
        (letter,) = queries.letters_of_mailing(session, asked.mailing_id)
    if letter.state == LetterState.NOT_SENT:
        raise NotSent(letter.told or "The invoice was not sent.")
    if letter.state == LetterState.UNKNOWN:
        raise PerhapsSent(letter.told or "It is not known whether the invoice left.")
    return letter, False


def look_at(
    platform: Platform, *, organisation_id: str, wording: Wording, invoice_id: str | None = None
) -> envelope.Written:
    """Return a letter in a wording, of an invoice or of a made-up one, as if it had a PDF and a link.

    :raises NotFound: there is no such invoice in the organisation.
    """
    enclosed = envelope.Enclosure(document=b"", link="https://pay.example/invoice")
    with platform.database.read() as session:
        company = find_organisation(session, organisation_id)
        invoice, customer = envelope.specimen(), "Elm School"
        if invoice_id is not None:
            invoices = load_invoices(session, organisation_id, [invoice_id])
            if not invoices:
                raise NotFound("invoice")
            invoice = invoices[invoice_id]
            customer = load_customers(session, organisation_id, [invoice.customer_id])[invoice.customer_id].full_name
    sender = platform.settings.mail_from or f"{company.name} <billing@example.com>"
    return envelope.write(invoice, customer, company, wording, mail_from=sender, enclosed=enclosed)


def decide(platform: Platform, *, organisation_id: str, letter_id: str, sent: bool, actor: str) -> LetterRow:
    """Say what became of a letter of which nobody could tell; after "not sent" the invoice can be sent again.

    :raises NotFound: there is no such letter in the organisation.
    :raises NotSent: nothing about the letter is unknown.
    """
    now = platform.clock()
    with platform.database.write() as session:
        row = find(session, LetterRow, organisation_id, letter_id, lock=True)
        if row is None:
            raise NotFound("letter")
        if row.state != LetterState.UNKNOWN:
            raise NotSent(f"What became of the letter of {row.number} is known.")
        row.state = LetterState.SENT if sent else LetterState.NOT_SENT
        row.decided_by, row.ended_at = actor, now
        add_event(
            session,
            organisation_id=organisation_id,
            at=now,
            actor=actor,
            verb=f"decided that a letter was {'sent' if sent else 'not sent'}",
            subject=Subject(kind=EntityKind.INVOICE, id=row.invoice_id, label=row.number),
            after={"to": row.to, "cc": row.cc, "letter_id": row.id},
        )
        return row


def _previews(
    platform: Platform, session: Session, organisation_id: str, invoice_ids: Iterable[str], *, again: bool
) -> list[Preview]:
    ids = list(dict.fromkeys(invoice_ids))
    invoices = load_invoices(session, organisation_id, ids)
    if len(invoices) < len(ids):
        raise NotFound("invoice")
    customers = load_customers(session, organisation_id, {one.customer_id for one in invoices.values()})
    wording = load_wording(session, organisation_id)
    locale = find_organisation(session, organisation_id).locale
    offers = ways.offers_of(platform, session, organisation_id, invoices.values())
    letters = queries.last_letters(session, organisation_id, ids)
    own = delivering.has_own_mail(platform)
    found = []
    for invoice in (invoices[one] for one in ids):
        choice = choose(
            invoice.recipients,
            offers[invoice.id],
            own_mail=own,
            prefers_package=wording.prefers_package,
            needs_document=wording.needs_document,
        )
        refusal = refusal_of(number=invoice.number, status=invoice.status, recipients=invoice.recipients)
        refusal = refusal or (None if choice.possible else choice.why)
        on_its_way = _open_sentence(letters.get(invoice.id, ()))
        before = None if again else _sent_sentence(letters.get(invoice.id, ()), locale)
        found.append(
            Preview(
                invoice=invoice,
                customer=customers[invoice.customer_id].full_name,
                choice=choice,
                refusal=on_its_way or before or refusal,
                seal=seal_of(invoice.recipients, choice),
                sent_before=on_its_way is None and before is not None,
            )
        )
    return found


def _open_sentence(letters: Sequence[LetterRow]) -> str | None:
    row = next((one for one in letters if one.state in OPEN_STATES), None)
    if row is None:
        return None
    if row.state == LetterState.UNKNOWN:
        return f"It is not known whether the last letter of {row.number} left. Say so on its page first."
    return f"{row.number} is on its way already."


def _sent_sentence(letters: Sequence[LetterRow], locale: str) -> str | None:
    row = next((one for one in letters if one.state == LetterState.SENT), None)
    if row is None:
        return None
    on = format_date((row.ended_at or row.asked_at).date(), format="medium", locale=locale)
    return f"{row.number} was sent on {on} to {', '.join([*row.to, *row.cc])}."


def _begin(session: Session, mailing: MailingRow, found: Preview, *, holder: str | None) -> bool:
    """Commit one letter with its mailing; False if another one of the invoice was begun at this moment."""
    invoice, choice = found.invoice, found.choice
    assert choice.way is not None  # noqa: S101  (what can't go was refused)
    row = LetterRow(
        organisation_id=mailing.organisation_id,
        mailing_id=mailing.id,
        invoice_id=invoice.id,
        number=invoice.number,
        to=list(invoice.recipients.to),
        cc=list(invoice.recipients.cc),
        why=invoice.recipients.why,
        asked_at=mailing.requested_at,
        asked_by=mailing.requested_by,
        way=choice.way,
        way_why=choice.why,
        connection_id=choice.connection_id,
        holder=holder,
        held_until=None if holder is None else mailing.requested_at + delivering.HELD,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True
