"""Sending invoices: who would get them and how, doing it, how far it has come, and the words they go with."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.core.letter import OPEN_STATES, LetterState, Way
from service.core.wording import PLACEHOLDERS
from service.ids import is_id
from service.records import wording as records
from service.records.errors import Invalid, NotFound
from service.records.wording import WordingInput
from service.store.accounts import Role
from service.store.letter_models import LetterRow, MailingRow
from service.store.queries import letters as queries
from service.store.queries import web_users
from service.store.queries.connections import all_of
from service.store.queries.find import find
from service.sync import delivering, mailing
from service.web.access import does, person, safe_path, shows
from service.web.pages import pages
from service.web.parts import package_of, parts

_LONGEST = 100_000
_ROWS = 50


@pages.get("/invoices/send")
@shows(Role.ACCOUNTANT)
def look_before_sending(session: Session) -> str:
    """Show of each chosen invoice who would get it, why, and how, or what stands against it."""
    platform, organisation_id = parts().platform, person().company.id
    again = request.args.get("again") == "1"
    if request.args.get("unsent") == "1":
        ids = list(mailing.unsent(platform, organisation_id))
    else:
        ids = [one for one in request.args.getlist("id") if is_id(one)][: mailing.MOST]
    found = mailing.preview(platform, organisation_id, ids, again=again) if ids else []
    return render_template(
        "send.html",
        possible=[one for one in found if one.possible],
        refused=[one for one in found if not one.possible],
        sent_before=any(one.sent_before for one in found),
        again=again,
        ids=ids,
        own_mail=delivering.has_own_mail(platform),
        token_text=secrets.token_urlsafe(16),
        packages=packages_of(session),
        Way=Way,
    )


@pages.post("/invoices/send")
@does(Role.ACCOUNTANT)
def send_invoices() -> Response:
    """Ask for the letters that were looked at; the same form sent twice asks once."""
    given = request.form
    ids = [one for one in given.getlist("id") if is_id(one)][: mailing.MOST]
    if not ids:
        flash("Choose at least one invoice.")
        return redirect(safe_path(given.get("back"), url_for("pages.invoice_list")), 303)
    asked = mailing.ask(
        parts().platform,
        organisation_id=person().company.id,
        invoice_ids=ids,
        actor=person().actor,
        again=given.get("again") == "1",
        seals={one: given.get(f"seal-{one}", "")[:100] for one in ids},
        token=given.get("token", "")[:100] or None,
    )
    for refusal in asked.refused.values():
        flash(refusal)
    return redirect(url_for("pages.mailing", mailing_id=asked.mailing_id), 303)


@pages.get("/mailings/<mailing_id>", endpoint="mailing")
@shows()
def mailing_page(session: Session, mailing_id: str) -> str:
    """Show how far a mailing has come."""
    return render_template("mailing.html", **_mailing(session, mailing_id))


@pages.get("/parts/mailings/<mailing_id>")
@shows()
def mailing_part(session: Session, mailing_id: str) -> str:
    """Give a mailing's live part alone."""
    return render_template("part/mailing.html", **_mailing(session, mailing_id))


@pages.get("/letters")
@shows()
def letter_list(session: Session) -> str:
    """List letters, newest first: who each was meant for, and who got it."""
    organisation_id = person().company.id
    state = request.args.get("state", "") if request.args.get("state") in set(LetterState) else ""
    found = queries.letter_page(
        session, organisation_id, state=state or None, limit=_ROWS, cursor=request.args.get("cursor") or None
    )
    actors = {one.asked_by for one in found.items} | {one.decided_by for one in found.items if one.decided_by}
    return render_template(
        "letters.html",
        letters=found.items,
        next=found.next,
        state=state,
        states=list(LetterState),
        packages=packages_of(session),
        names=web_users.names_of_actors(session, organisation_id, actors),
    )


@pages.post("/letters/<letter_id>/decide")
@does(Role.ACCOUNTANT)
def decide_letter(letter_id: str) -> Response:
    """Say what became of a letter of which nobody could tell."""
    outcome = request.form.get("outcome", "")
    if outcome not in {"sent", "not_sent"}:
        abort(400)
    someone = person()
    try:
        row = mailing.decide(
            parts().platform,
            organisation_id=someone.company.id,
            letter_id=letter_id,
            sent=outcome == "sent",
            actor=someone.actor,
        )
    except mailing.NotSent as refusal:
        flash(str(refusal))
        return redirect(safe_path(request.form.get("back"), url_for("pages.invoice_list")), 303)
    flash("Noted." if outcome == "sent" else f"Noted. {row.number} can be sent again.")
    return redirect(url_for("pages.invoice", invoice_id=row.invoice_id), 303)


@pages.get("/wording")
@shows(Role.ACCOUNTANT)
def wording(session: Session) -> str:
    """Show the words that letters go with, and a letter in them."""
    found = records.load_wording(session, person().company.id)
    return _wording_page(WordingInput(**{name: getattr(found, name) for name in WordingInput.model_fields}))


@pages.post("/wording")
@does(Role.ACCOUNTANT)
def change_wording() -> Any:
    """Look at a wording, or keep it."""
    given = request.form
    typed = WordingInput.model_construct(
        sender_name=given.get("sender_name", "")[:_LONGEST],
        reply_to=given.get("reply_to", "").strip()[:_LONGEST] or None,
        subject=given.get("subject", "")[:_LONGEST],
        body=given.get("body", "")[:_LONGEST],
        prefers_package=given.get("prefers_package") == "1",
        needs_document=given.get("needs_document") == "1",
    )
    try:
        if given.get("do") != "save":
            return _wording_page(typed)
        with parts().platform.database.write() as session:
            records.save_wording(session, person().author(), typed)
    except Invalid as refusal:
        return _wording_page(typed, {fault.field: fault.message for fault in refusal.faults}), 422
    flash("Saved. Letters that are sent from now on have these words.")
    return redirect(url_for("pages.wording"), 303)


def _wording_page(typed: WordingInput, faults: Mapping[str, str] | None = None) -> str:
    letter = None
    if not faults:
        checked = records.checked(typed)
        letter = mailing.look_at(parts().platform, organisation_id=person().company.id, wording=checked)
    return render_template("wording.html", typed=typed, faults=faults or {}, letter=letter, placeholders=PLACEHOLDERS)


def _mailing(session: Session, mailing_id: str) -> dict[str, Any]:
    organisation_id = person().company.id
    row = find(session, MailingRow, organisation_id, mailing_id)
    if row is None:
        raise NotFound("mailing")
    letters = queries.letters_of_mailing(session, row.id)
    waits = {state.value for state in OPEN_STATES[:2]}
    return {
        "row": row,
        "letters": letters,
        "waiting": sum(one.state in waits for one in letters),
        "counts": {state.value: sum(one.state == state for one in letters) for state in LetterState},
        "packages": packages_of(session),
        "names": web_users.names_of_actors(session, organisation_id, {row.requested_by}),
    }


def letters_of(session: Session, invoice_id: str) -> list[LetterRow]:
    """Return the letters of an invoice, newest first."""
    return list(queries.letters_of_invoice(session, person().company.id, invoice_id))


def packages_of(session: Session) -> dict[str, str]:
    """Return the packages' names by connection, for saying who carried a letter."""
    return {row.id: package_of(row.provider) for row in all_of(session, person().company.id)}
