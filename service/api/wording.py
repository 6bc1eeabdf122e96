"""The wording of letters over HTTP."""

from __future__ import annotations

from pydantic import BaseModel
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.connections import Input
from service.api.routes import routes
from service.api.runs import platform
from service.api.units import acts, reads, writes
from service.core.wording import PLACEHOLDERS, Wording
from service.records import wording
from service.records.author import Author
from service.records.fields import RecordId
from service.records.wording import WordingInput
from service.store.accounts import Role
from service.sync import mailing

api = routes("Wording", about="What the letters say that carry invoices.")


class WordingOut(BaseModel):
    """A wording, and the placeholders that it may use."""

    sender_name: str
    reply_to: str | None
    subject: str
    body: str
    prefers_package: bool
    needs_document: bool
    placeholders: dict[str, str]


class WordingPreviewInput(Input):
    """A wording to look at before it is kept, and the invoice to look at it with; a made-up one if left out."""

    wording: WordingInput
    invoice_id: RecordId | None = None


class LetterText(BaseModel):
    """A letter as it would leave."""

    sender: str
    subject: str
    body: str
    attachment: str | None


@api.get("/wording", responses={200: WordingOut})
@reads(Role.VIEWER)
def get_wording(session: Session) -> WordingOut:
    """Read the wording of letters."""
    return _document(wording.load_wording(session, caller().organisation_id))


@api.put("/wording", responses={200: WordingOut})
@writes(Role.ACCOUNTANT)
def put_wording(session: Session, author: Author, body: WordingInput) -> WordingOut:
    """Keep a wording; a placeholder that there is none of, or an empty text, is refused."""
    return _document(wording.save_wording(session, author, body))


@api.post("/wording/preview", responses={200: LetterText})
@acts(Role.ACCOUNTANT)
def preview_wording(body: WordingPreviewInput) -> LetterText:
    """Look at a letter in a wording, without keeping it."""
    written = mailing.look_at(
        platform(),
        organisation_id=caller().organisation_id,
        wording=wording.checked(body.wording),
        invoice_id=body.invoice_id,
    )
    return LetterText.model_validate(written, from_attributes=True)


def _document(found: Wording) -> WordingOut:
    return WordingOut(
        **{name: getattr(found, name) for name in WordingOut.model_fields if name != "placeholders"},
        placeholders=dict(PLACEHOLDERS),
    )
