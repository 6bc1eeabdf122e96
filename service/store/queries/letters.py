"""Reads and claims of letters, mailings and the wording."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from service.core.letter import OPEN_STATES, LetterState
from service.store import leases
from service.store.letter_models import LetterRow, MailingRow, WordingRow
from service.store.queries.find import chunks
from service.store.queries.pages import Key, Page, page, text
from service.store.records import InvoiceRow

_OPEN = tuple(state.value for state in OPEN_STATES)


def wording_of(session: Session, organisation_id: str) -> WordingRow | None:
    """Return an organisation's own wording; None where it has none."""
    return session.scalars(select(WordingRow).where(WordingRow.organisation_id == organisation_id)).one_or_none()


def mailing_by_token(session: Session, organisation_id: str, token: str) -> MailingRow | None:
    """Return the mailing that a form asked for before."""
    query = select(MailingRow).where(MailingRow.organisation_id == organisation_id, MailingRow.token == token)
    return session.scalars(query).one_or_none()


def letters_of_mailing(session: Session, mailing_id: str) -> Sequence[LetterRow]:
    """Return the letters of a mailing, by number."""
    query = select(LetterRow).where(LetterRow.mailing_id == mailing_id)
    return session.scalars(query.order_by(LetterRow.number, LetterRow.id)).all()


def letters_of_invoice(session: Session, organisation_id: str, invoice_id: str) -> Sequence[LetterRow]:
    """Return the letters of an invoice, newest first."""
    query = select(LetterRow).where(LetterRow.organisation_id == organisation_id, LetterRow.invoice_id == invoice_id)
    return session.scalars(query.order_by(LetterRow.asked_at.desc(), LetterRow.id.desc())).all()


def letter_page(
    session: Session,
    organisation_id: str,
    *,
    state: str | None = None,
    invoice_id: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[LetterRow]:
    """Return letters, newest first."""
    query = select(LetterRow).where(LetterRow.organisation_id == organisation_id)
    if state is not None:
        query = query.where(LetterRow.state == state)
    if invoice_id is not None:
        query = query.where(LetterRow.invoice_id == invoice_id)
    return page(session, query, [Key(LetterRow.id, text, descending=True)], order="letters", limit=limit, cursor=cursor)


def last_letters(session: Session, organisation_id: str, invoice_ids: Iterable[str]) -> dict[str, list[LetterRow]]:
    """Return the letters of invoices that were sent or are open, newest first, by invoice id."""
    found: dict[str, list[LetterRow]] = {}
    query = select(LetterRow).where(
        LetterRow.organisation_id == organisation_id, LetterRow.state != LetterState.NOT_SENT.value
    )
    for part in chunks(invoice_ids):
        wanted = query.where(LetterRow.invoice_id.in_(part)).order_by(LetterRow.asked_at.desc(), LetterRow.id.desc())
        for row in session.scalars(wanted):
            found.setdefault(row.invoice_id, []).append(row)
    return found


def never_sent(session: Session, organisation_id: str, *, limit: int) -> Sequence[str]:
    """Return the ids of approved invoices that were never sent and are not on their way, oldest first."""
    gone = exists().where(LetterRow.invoice_id == InvoiceRow.id, LetterRow.state != LetterState.NOT_SENT.value)
    query = select(InvoiceRow.id).where(
        InvoiceRow.organisation_id == organisation_id, InvoiceRow.status == "approved", ~gone
    )
    return session.scalars(query.order_by(InvoiceRow.issue_date, InvoiceRow.number).limit(limit)).all()


def waiting(session: Session, now: datetime) -> Sequence[str]:
    """Return the organisations that have letters to carry, or to find out about."""
    return session.scalars(select(LetterRow.organisation_id).where(_due(now)).distinct()).all()


def take_next(
    session: Session,
    organisation_id: str,
    *,
    holder: str,
    now: datetime,
    span: timedelta,
    only: str | None = None,
    left: Collection[str] = (),
) -> LetterRow | None:
    """Take the next letter that nobody carries; None where there is none.

    :param only: this letter or none.
    :param left: letters to leave alone, because they were tried just now.
    """
    query = select(LetterRow).where(LetterRow.organisation_id == organisation_id, _due(now))
    if only is not None:
        query = query.where(LetterRow.id == only)
    for row in session.scalars(query.order_by(LetterRow.asked_at, LetterRow.number, LetterRow.id)):
        if row.id in left or not (row.holder == holder or _is_free(row, now)):
            continue
        taken = session.execute(
            update(LetterRow)
            .where(
                LetterRow.id == row.id, LetterRow.state == row.state, LetterRow.holder.is_not_distinct_from(row.holder)
            )
            .values(holder=holder, held_until=now + span)
            .execution_options(synchronize_session=False)
        )
        if taken.rowcount:  # type: ignore[attr-defined]  # an UPDATE's result counts rows
            session.refresh(row)
            return row
    return None


def _due(now: datetime) -> ColumnElement[bool]:
    rested = or_(LetterRow.due_at.is_(None), LetterRow.due_at <= now)
    return and_(LetterRow.state.in_((LetterState.WAITING.value, LetterState.IN_FLIGHT.value)), rested)


def _is_free(row: LetterRow, now: datetime) -> bool:
    expired = row.held_until is None or row.held_until < now
    return row.holder is None or expired or leases.is_dead(row.holder)


def unknown(session: Session, organisation_id: str, *, limit: int) -> Sequence[LetterRow]:
    """Return letters that wait for somebody to say whether they left, oldest first."""
    query = select(LetterRow).where(
        LetterRow.organisation_id == organisation_id, LetterRow.state == LetterState.UNKNOWN
    )
    return session.scalars(query.order_by(LetterRow.asked_at, LetterRow.id).limit(limit)).all()


def count_unknown(session: Session, organisation_id: str) -> int:
    """Return how many letters wait for somebody to say whether they left."""
    query = select(func.count()).where(
        LetterRow.organisation_id == organisation_id, LetterRow.state == LetterState.UNKNOWN
    )
    return session.scalar(query) or 0
