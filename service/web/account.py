"""Everybody's own account: a new password, for which the old one is asked; it ends every other session."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_login import login_user
from sqlalchemy.orm import Session

from service.records.errors import RecordError
from service.records.users import check_password, email_key, set_password
from service.store.accounts import Role, User
from service.store.queries.find import find
from service.web.access import does, load_person, person, shows
from service.web.attempt import SPAN
from service.web.pages import pages
from service.web.parts import parts


@pages.get("/account")
@shows()
def account(session: Session) -> str:
    """Show the form."""
    del session
    return render_template("account.html", faults={})


@pages.post("/account/password")
@does(Role.VIEWER)
def change_password() -> Any:
    """Give the person a new password."""
    given, someone, database = request.form, person(), parts().platform.database
    new = given.get("new_password", "")
    if not parts().attempts.admit(email_key(someone.email), request.remote_addr or ""):
        minutes = int(SPAN.total_seconds() // 60)
        return _again({"": f"There were too many attempts. Wait {minutes} minutes, then try again."}), 429
    with database.read() as session:
        user = find(session, User, someone.company.id, someone.id)
        session.expunge_all()
    right, _ = check_password(user, given.get("password", ""))
    faults = {} if right else {"password": "This is not the password of this account."}
    if new != given.get("again", ""):
        faults["again"] = "It is not the same as the new password."
    if faults:
        return _again(faults), 422
    try:
        with database.write() as session:
            row = set_password(session, someone.author(), someone.id, new)
            session_id = f"{row.id}:{row.session_epoch}"
    except RecordError as refusal:
        return _again({"new_password": str(refusal)}), 422
    parts().attempts.forget(email_key(someone.email))
    login_user(load_person(session_id))
    flash("Your password is changed. Sessions on other machines have ended.")
    return redirect(url_for("pages.account"), 303)


def _again(faults: dict[str, str]) -> str:
    return render_template("account.html", faults=faults)
