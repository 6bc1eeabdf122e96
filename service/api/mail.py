"""Sending invoices over HTTP: what would happen, doing it, and the proof of what was done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from time import monotonic
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.connections import Input
from service.api.paging import PageQuery, Query
from service.api.problems import ApiError
from service.api.routes import IdPath, routes
from service.api.runs import WaitQuery, platform
from service.api.services import services
from service.api.units import acts, reads
from service.core.letter import OPEN_STATES, LetterState, Way
from service.records.fields import RecordId
from service.store.accounts import Role
from service.store.letter_models import LetterRow, MailingRow
from service.store.queries import letters as queries
from service.store.queries.find import find
from service.store.records import InvoiceRow
from service.sync import delivering, mailing

api = routes("Mail", about="Invoices on their way to the people who receive them.")

_POLL_SECONDS = 0.05
_SEAL = Annotated[str, Field(max_length=100)]


class DeliveryOut(BaseModel):
    """Who an invoice was sent to, the rule that decided, who carried it, and whom the mail server refused."""

    to: list[str]
    cc: list[str]
    why: str
    message_id: str | None
    refused: list[str]
    letter_id: str
    state: LetterState
    way: Way
    way_why: str
    connection_id: str | None
    attachment: str | None
    link: str | None
    #: it was sent before, so nothing was sent now; this is the letter of then
    sent_before: bool


class RefusedOut(BaseModel):
    """A recipient whom the mail server did not take, with its own words."""

    address: str
    code: int
    text: str


class LetterOut(BaseModel):
    """One invoice on its way, with the proof of who it was meant for and who got it."""

    id: str
    mailing_id: str
    invoice_id: str
    number: str
    state: LetterState
    to: list[str]
    cc: list[str]
    #: the rule that decided about the people
    why: str
    asked_at: datetime
    asked_by: str
    way: Way
    way_why: str
    connection_id: str | None
    #: whom the package would have mailed it to, as read right before it was asked
    reach: dict[str, Any] | None
    #: what the package had stored of people and amounts by then
    readback: list[dict[str, Any]]
    message_id: str | None
    sender: str | None
    subject: str | None
    attachment: str | None
    link: str | None
    refused: list[RefusedOut]
    answer: str | None
    request_id: str | None
    told: str | None
    tries: int
    due_at: datetime | None
    begun_at: datetime | None
    ended_at: datetime | None
    decided_by: str | None


class LetterList(BaseModel):
    """A page of letters."""

    items: list[LetterOut]
    next: str | None


class LetterQuery(PageQuery):
    """Filters of the list."""

    state: LetterState | None = None
    invoice_id: RecordId | None = None


class PreviewOut(BaseModel):
    """One invoice as it would be sent now."""

    invoice_id: str
    number: str
    customer: str
    to: list[str]
    cc: list[str]
    why: str
    possible: bool
    #: why it can't be sent
    refusal: str | None
    sent_before: bool
    way: Way | None
    way_why: str
    connection_id: str | None
    #: sent back in ``seals``, makes sure that what was looked at is what is done
    seal: str


class NotBegun(BaseModel):
    """An invoice of which no letter was begun."""

    invoice_id: str
    message: str


class MailingOut(BaseModel):
    """Letters that were asked for together, and how far they have come."""

    id: str
    requested_at: datetime
    requested_by: str
    total: int
    counts: dict[LetterState, int]
    finished: bool
    letters: list[LetterOut]


class SendInput(Input):
    """Which invoices to send."""

    invoice_ids: list[RecordId] = Field(default_factory=list, max_length=mailing.MOST)
    #: instead of naming them: every approved invoice that was never sent, the oldest first
    unsent: bool = False
    #: send those that were sent before as well
    again: bool = False
    #: only say what would be done
    dry_run: bool = False
    seals: Annotated[dict[str, _SEAL], Field(max_length=mailing.MOST)] | None = None

    @model_validator(mode="after")
    def _names_some(self) -> Self:
        if bool(self.invoice_ids) == self.unsent:
            raise ValueError("Name the invoices in invoice_ids, or say unsent.")
        return self


class SendOut(BaseModel):
    """What would be done, or what was begun."""

    mailing: MailingOut | None
    preview: list[PreviewOut]
    refused: list[NotBegun]


class AgainQuery(Query):
    """How to send one invoice."""

    again: bool = Field(False, description="Send it although it was sent before.")


class OutcomeInput(Input):
    """What became of a letter of which nobody could tell."""

    outcome: Literal["sent", "not_sent"]


@api.post("/invoices/<id>/send", responses={200: DeliveryOut})
@acts(Role.ACCOUNTANT)
def send(path: IdPath, query: AgainQuery) -> DeliveryOut:
    """Send an issued invoice to exactly the recipients it shows; one that was sent before needs ``again``."""
    who = caller()
    sent, before = mailing.send_invoice(
        platform(), organisation_id=who.organisation_id, invoice_id=path.id, actor=who.actor, again=query.again
    )
    return DeliveryOut(
        to=sent.to,
        cc=sent.cc,
        why=sent.why,
        message_id=sent.message_id,
        refused=[one["address"] for one in sent.refused],
        letter_id=sent.id,
        state=LetterState(sent.state),
        way=Way(sent.way),
        way_why=sent.way_why,
        connection_id=sent.connection_id,
        attachment=sent.attachment,
        link=sent.link,
        sent_before=before,
    )


@api.post("/invoices/send", responses={200: SendOut, 202: SendOut})
@acts(Role.ACCOUNTANT)
def send_many(query: WaitQuery, body: SendInput) -> tuple[SendOut, int]:
    """Send many invoices, or (``dry_run``) say of each who would get it, why, how, or what stands against it."""
    who = caller()
    ids = mailing.unsent(platform(), who.organisation_id) if body.unsent else body.invoice_ids
    found = mailing.preview(platform(), who.organisation_id, ids, again=body.again)
    shown = [preview_out(one) for one in found]
    if body.dry_run:
        return SendOut(mailing=None, preview=shown, refused=[]), 200
    asked = mailing.ask(
        platform(),
        organisation_id=who.organisation_id,
        invoice_ids=ids,
        actor=who.actor,
        again=body.again,
        seals=body.seals,
    )
    until = monotonic() + query.wait
    delivering.deliver(platform(), who.organisation_id, enough=lambda: monotonic() >= until)
    while True:
        with services().database.read() as session:
            row = session.get_one(MailingRow, asked.mailing_id)
            document = mailing_out(row, queries.letters_of_mailing(session, row.id))
        if document.finished or monotonic() >= until or not platform().pause(_POLL_SECONDS):
            break
    refused = [NotBegun(invoice_id=key, message=message) for key, message in asked.refused.items()]
    status = 200 if document.finished and query.wait else 202
    return SendOut(mailing=document, preview=shown, refused=refused), status


@api.get("/mailings/<id>", responses={200: MailingOut})
@reads(Role.VIEWER)
def get_mailing(session: Session, path: IdPath) -> MailingOut:
    """Read how far a mailing has come."""
    row = find(session, MailingRow, caller().organisation_id, path.id)
    if row is None:
        raise ApiError(404, "There is no such mailing.")
    return mailing_out(row, queries.letters_of_mailing(session, row.id))


@api.get("/letters", responses={200: LetterList})
@reads(Role.VIEWER)
def list_letters(session: Session, query: LetterQuery) -> LetterList:
    """List letters, newest first."""
    found = queries.letter_page(session, caller().organisation_id, **query.model_dump())
    return LetterList(items=[letter_out(row) for row in found.items], next=found.next)


@api.get("/invoices/<id>/letters", responses={200: LetterList})
@reads(Role.VIEWER)
def list_letters_of_invoice(session: Session, path: IdPath) -> LetterList:
    """List the letters of an invoice, newest first: who it was meant for, why, and who got it."""
    organisation_id = caller().organisation_id
    if find(session, InvoiceRow, organisation_id, path.id) is None:
        raise ApiError(404, "There is no such invoice.")
    rows = queries.letters_of_invoice(session, organisation_id, path.id)
    return LetterList(items=[letter_out(row) for row in rows], next=None)


@api.get("/letters/<id>", responses={200: LetterOut})
@reads(Role.VIEWER)
def get_letter(session: Session, path: IdPath) -> LetterOut:
    """Read a letter."""
    row = find(session, LetterRow, caller().organisation_id, path.id)
    if row is None:
        raise ApiError(404, "There is no such letter.")
    return letter_out(row)


@api.post("/letters/<id>/decide", responses={200: LetterOut})
@acts(Role.ACCOUNTANT)
def decide_letter(path: IdPath, body: OutcomeInput) -> LetterOut:
    """Say what became of a letter of which nobody could tell."""
    who = caller()
    row = mailing.decide(
        platform(),
        organisation_id=who.organisation_id,
        letter_id=path.id,
        sent=body.outcome == "sent",
        actor=who.actor,
    )
    return letter_out(row)


def letter_out(row: LetterRow) -> LetterOut:
    """Return a letter's document."""
    return LetterOut.model_validate(row, from_attributes=True)


def mailing_out(row: MailingRow, letters: Sequence[LetterRow]) -> MailingOut:
    """Return a mailing's document."""
    counts = {state: sum(one.state == state for one in letters) for state in LetterState}
    waits = OPEN_STATES[:2]
    return MailingOut(
        id=row.id,
        requested_at=row.requested_at,
        requested_by=row.requested_by,
        total=len(letters),
        counts=counts,
        finished=not any(counts[state] for state in waits),
        letters=[letter_out(one) for one in letters],
    )


def preview_out(found: mailing.Preview) -> PreviewOut:
    """Return a preview's document."""
    invoice, choice = found.invoice, found.choice
    return PreviewOut(
        invoice_id=invoice.id,
        number=invoice.number,
        customer=found.customer,
        to=list(invoice.recipients.to),
        cc=list(invoice.recipients.cc),
        why=invoice.recipients.why,
        possible=found.possible,
        refusal=found.refusal,
        sent_before=found.sent_before,
        way=choice.way,
        way_why=choice.why,
        connection_id=choice.connection_id,
        seal=found.seal,
    )
