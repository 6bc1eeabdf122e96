"""The wording of an organisation's letters: read, checked and kept."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from sqlalchemy.orm import Session

from service.core.wording import BODY, SUBJECT, Wording, faults_of
from service.records.author import Author
from service.records.errors import Fault, Invalid
from service.store.letter_models import WordingRow
from service.store.queries.events import Subject, add_event
from service.store.queries.letters import wording_of

_FIELDS = ("sender_name", "reply_to", "subject", "body", "prefers_package", "needs_document")
_LONG = 50_000


class WordingInput(BaseModel):
    """A whole wording; what is left out is as it was at the beginning, what is empty is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sender_name: Annotated[str, Field(max_length=_LONG)] = ""
    reply_to: Annotated[str, Field(max_length=_LONG)] | None = None
    subject: Annotated[str, Field(max_length=_LONG)] = SUBJECT
    body: Annotated[str, Field(max_length=_LONG)] = BODY
    prefers_package: StrictBool = True
    needs_document: StrictBool = False


def load_wording(session: Session, organisation_id: str) -> Wording:
    """Return an organisation's wording; the usual one where it has none of its own."""
    row = wording_of(session, organisation_id)
    return Wording() if row is None else Wording(**{name: getattr(row, name) for name in _FIELDS})


def checked(given: WordingInput) -> Wording:
    """Return a wording that can be used.

    :raises Invalid: a template with an unknown placeholder or a stray $, something empty or too long, no address.
    """
    wording = Wording(
        sender_name=" ".join(given.sender_name.split()),
        reply_to=(given.reply_to or "").strip() or None,
        subject=given.subject.strip(),
        body=given.body.replace("\r\n", "\n").strip() + "\n",
        prefers_package=given.prefers_package,
        needs_document=given.needs_document,
    )
    faults = [Fault(field, message) for field, message in faults_of(wording).items()]
    if wording.reply_to is not None:
        try:
            validate_email(wording.reply_to, check_deliverability=False)
        except EmailNotValidError:
            faults.append(Fault("reply_to", "This is no address of mail."))
    if faults:
        raise Invalid(faults)
    return wording


def save_wording(session: Session, author: Author, given: WordingInput) -> Wording:
    """Keep a wording; letters that are sent from now on have it.

    :raises Invalid: as for :func:`checked`.
    """
    wording = checked(given)
    row = wording_of(session, author.organisation_id)
    before = {} if row is None else {name: getattr(row, name) for name in _FIELDS}
    after = asdict(wording)
    if row is None:
        row = WordingRow(organisation_id=author.organisation_id, **after, updated_by=author.actor)
        session.add(row)
    for name, value in after.items():
        setattr(row, name, value)
    row.updated_at, row.updated_by = author.now, author.actor
    changed = {name: value for name, value in after.items() if before.get(name, "") != value}
    if changed:
        add_event(
            session,
            organisation_id=author.organisation_id,
            at=author.now,
            actor=author.actor,
            verb="changed the wording of letters",
            subject=Subject(kind="wording", id=row.id or "", label="letters"),
            before={name: before.get(name) for name in changed},
            after=changed,
        )
    session.flush()
    return wording
