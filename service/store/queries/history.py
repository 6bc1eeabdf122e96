"""What was done, for whoever looks a second time: the lives of a link, the actions of a run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, literal, or_, select, union_all
from sqlalchemy.orm import Session

from service.core.money import money_text
from service.core.ports import EntityKind, Ref
from service.store.accounts import Event
from service.store.credit_models import AllocationRow
from service.store.queries.find import chunks
from service.store.queries.pages import Key, Page, page, text
from service.store.records import ContactRow, CustomerRow, InvoiceRow, PaymentRow
from service.store.sync_models import CallRow, IntentRow, LinkRow, ProblemRow

_MOST = 200
#: Events whose fields before and after are those of our own record.
_OURS = ("created", "edited", "archived", "unarchived")
#: Events that raise a record's revision.
_RAISES = (*_OURS, "approved", "voided", "paid", "followed", "took over the tax", "applied", "unapplied", "removed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write with the request that carried it."""

    intent: IntentRow
    call: CallRow
    link: LinkRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that a run did: a write there, or something told by an event, with the question it raised."""

    write: Write | None = None
    event: Event | None = None
    problem: ProblemRow | None = None


def writes_of(session: Session, link_ids: Collection[str]) -> dict[str, list[Write]]:
    """Return what was written for links, newest first, at most as much as a person reads."""
    query = (
        select(IntentRow, CallRow, LinkRow)
        .join(CallRow, CallRow.id == IntentRow.call_id)
        .join(LinkRow, LinkRow.id == IntentRow.link_id)
        .where(IntentRow.link_id.in_(link_ids))
        .order_by(IntentRow.id.desc())
        .limit(_MOST)
    )
    found: dict[str, list[Write]] = {link_id: [] for link_id in link_ids}
    for intent, call, link in session.execute(query):
        found[link.id].append(Write(intent=intent, call=call, link=link))
    return found


def problems_of(session: Session, link_ids: Collection[str]) -> dict[str, list[ProblemRow]]:
    """Return the questions that links raised, newest first, with their answers."""
    query = select(ProblemRow).where(ProblemRow.link_id.in_(link_ids)).order_by(ProblemRow.id.desc()).limit(_MOST)
    found: dict[str, list[ProblemRow]] = {link_id: [] for link_id in link_ids}
    for row in session.scalars(query):
        found[row.link_id].append(row)
    return found


def events_of(session: Session, lives: Sequence[LinkRow]) -> dict[str, list[Event]]:
    """Return the lines of the audit trail about the lives of one link, newest first.

    What was taken over from there is told of the record and names no link: it belongs to the life that was in force.

    :param lives: of one record at one connection, newest first.
    """
    ids = [one.id for one in lives]
    taken = and_(
        Event.record_id == lives[0].record_id,
        Event.connection_id == lives[0].connection_id,
        Event.link_id.is_(None),
    )
    query = select(Event).where(or_(Event.link_id.in_(ids), taken))
    found: dict[str, list[Event]] = {link_id: [] for link_id in ids}
    for row in session.scalars(query.order_by(Event.at.desc(), Event.id.desc()).limit(_MOST)):
        in_force = next((one.id for one in lives if one.created_at <= row.at), ids[-1])
        found[row.link_id or in_force].append(row)
    return found


def action_page(session: Session, organisation_id: str, run_id: str, *, limit: int, cursor: str | None) -> Page[Action]:
    """Return what a run did, in the order in which it was done.

    A write tells of itself; the event that says it was done is left out, as is the one about the run's own end.

    :raises BadCursor: the cursor is of another list.
    """
    written = (
        select(IntentRow.id.label("id"), literal("write").label("kind"))
        .join(CallRow, CallRow.id == IntentRow.call_id)
        .where(CallRow.run_id == run_id, CallRow.organisation_id == organisation_id)
    )
    told = select(Event.id.label("id"), literal("event").label("kind")).where(
        Event.run_id == run_id,
        Event.organisation_id == organisation_id,
        Event.call_id.is_(None),
        Event.record_kind != "run",
    )
    both = union_all(written, told).subquery()
    query = select(both.c.id)
    found = page(session, query, [Key(both.c.id, text)], order=f"actions:{run_id}", limit=limit, cursor=cursor)
    return Page(_actions(session, found.items), found.next)


def record_page(
    session: Session, organisation_id: str, record_ids: Collection[str], *, limit: int, cursor: str | None
) -> Page[Action]:
    """Return everything that happened to records, newest first: edits, answers, ties, resets, and what was written.

    :raises BadCursor: the cursor is of another list.
    """
    written = (
        select(IntentRow.id.label("id"))
        .join(LinkRow, LinkRow.id == IntentRow.link_id)
        .where(
            LinkRow.organisation_id == organisation_id,
            LinkRow.record_id.in_(record_ids),
            IntentRow.call_id.is_not(None),
        )
    )
    told = select(Event.id.label("id")).where(
        Event.organisation_id == organisation_id, Event.record_id.in_(record_ids), Event.call_id.is_(None)
    )
    both = union_all(written, told).subquery()
    keys = [Key(both.c.id, text, descending=True)]
    found = page(session, select(both.c.id), keys, order="record", limit=limit, cursor=cursor)
    return Page(_actions(session, found.items), found.next)


def changes_since(
    session: Session, organisation_id: str, record_ids: Collection[str], moment: datetime
) -> dict[str, list[Event]]:
    """Return by record of ours what was changed after a moment, or that it came to be, newest first."""
    query = select(Event).where(
        Event.organisation_id == organisation_id,
        Event.record_id.in_(record_ids),
        Event.at > moment,
        Event.verb.in_(_OURS),
    )
    found: dict[str, list[Event]] = {record_id: [] for record_id in record_ids}
    for event in session.scalars(query.order_by(Event.at.desc(), Event.id.desc())):
        found[event.record_id or ""].append(event)
    return found


def last_change(session: Session, organisation_id: str, record_id: str) -> Event | None:
    """Return the latest change of a record of ours."""
    query = select(Event).where(
        Event.organisation_id == organisation_id, Event.record_id == record_id, Event.verb.in_(_RAISES)
    )
    return session.scalars(query.order_by(Event.at.desc(), Event.id.desc()).limit(1)).first()


def labels_of(session: Session, refs: Collection[Ref]) -> dict[Ref, str]:
    """Return what records are called, as far as they are still there."""
    found: dict[Ref, str] = {}
    by_kind: dict[EntityKind, list[str]] = {}
    for ref in refs:
        by_kind.setdefault(ref.kind, []).append(ref.id)
    for kind, ids in by_kind.items():
        for part in chunks(ids):
            found.update({Ref(kind=kind, id=record_id): label for record_id, label in _labels(session, kind, part)})
    return found


def _actions(session: Session, ids: Sequence[str]) -> list[Action]:
    writes = {
        intent.id: Write(intent=intent, call=call, link=link)
        for intent, call, link in session.execute(
            select(IntentRow, CallRow, LinkRow)
            .join(CallRow, CallRow.id == IntentRow.call_id)
            .join(LinkRow, LinkRow.id == IntentRow.link_id)
            .where(IntentRow.id.in_(ids))
        )
    }
    events = {row.id: row for row in session.scalars(select(Event).where(Event.id.in_(ids)))}
    asked = {row.link_id for row in events.values() if row.link_id and row.verb == "needs a person"}
    problems = {
        (row.link_id, row.opened_at): row
        for row in session.scalars(select(ProblemRow).where(ProblemRow.link_id.in_(asked)))
    }
    return [
        Action(write=writes[one])
        if one in writes
        else Action(event=events[one], problem=problems.get((events[one].link_id or "", events[one].at)))
        for one in ids
    ]


def _labels(session: Session, kind: EntityKind, ids: Collection[str]) -> list[tuple[str, str]]:
    match kind:
        case EntityKind.CUSTOMER:
            customers = session.execute(select(CustomerRow.id, CustomerRow.full_name).where(CustomerRow.id.in_(ids)))
            return [(row.id, row.full_name) for row in customers]
        case EntityKind.INVOICE:
            invoices = session.execute(select(InvoiceRow.id, InvoiceRow.number).where(InvoiceRow.id.in_(ids)))
            return [(row.id, row.number) for row in invoices]
        case EntityKind.CONTACT:
            people = session.scalars(select(ContactRow).where(ContactRow.id.in_(ids)))
            return [(row.id, " ".join(part for part in (row.first_name, row.last_name) if part)) for row in people]
        case EntityKind.PAYMENT | EntityKind.CREDIT | EntityKind.REFUND:
            paid = session.scalars(select(PaymentRow).where(PaymentRow.id.in_(ids)))
            return [(row.id, f"{row.kind} of {money_text(row.amount, row.currency)} {row.currency}") for row in paid]
        case EntityKind.ALLOCATION:
            parts = session.execute(
                select(AllocationRow, PaymentRow, InvoiceRow.number)
                .join(PaymentRow, PaymentRow.id == AllocationRow.payment_id)
                .join(InvoiceRow, InvoiceRow.id == AllocationRow.invoice_id)
                .where(AllocationRow.id.in_(ids))
            )
            return [
                (part.id, f"{money_text(part.amount, of.currency)} {of.currency} of a {of.kind} on {number}")
                for part, of, number in parts
            ]
