"""Settings, for administrators: who may sign in, and the tokens that scripts use."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.records import tokens, users
from service.records.company import choose_default_tax_level
from service.records.errors import NotFound, RecordError
from service.store.accounts import Role
from service.store.queries import web_users
from service.web.access import does, person, shows
from service.web.pages import pages
from service.web.parts import parts

_LONGEST_NAME = 100


@pages.get("/settings")
@shows(Role.ADMIN)
def settings(session: Session) -> str:
    """Show people and tokens."""
    return _page(session)


@pages.post("/settings/tokens")
@does(Role.ADMIN)
def create_token() -> Any:
    """Make a token and show it, this once."""
    name = " ".join(request.form.get("name", "").split())[:_LONGEST_NAME]
    role = request.form.get("role", "")
    database = parts().platform.database
    if not name or role not in set(Role):
        with database.read() as session:
            faults = {"name": "" if name else "Give it a name, so that you know later what uses it."}
            return _page(session, faults=faults, typed=request.form), 422
    with database.write() as session:
        _, secret = tokens.issue_token(session, person().author(), name=name, role=Role(role))
    with database.read() as session:
        return _page(session, secret=secret, secret_name=name)


@pages.post("/settings/tokens/<token_id>/revoke")
@does(Role.ADMIN)
def revoke_token(token_id: str) -> Response:
    """End a token for good."""
    with parts().platform.database.write() as session:
        row = tokens.revoke_token(session, person().author(), token_id)
        told = f"The token '{row.name}' is revoked. Whatever still uses it is refused from now on."
    flash(told)
    return redirect(url_for("pages.settings"), 303)


@pages.post("/settings/users")
@does(Role.ADMIN)
def create_user() -> Any:
    """Add somebody who may sign in."""
    given = request.form
    role = given.get("role", "")
    database = parts().platform.database
    try:
        with database.write() as session:
            row = users.create_user(
                session,
                person().author(),
                email=given.get("email", ""),
                password=given.get("password", ""),
                role=Role(role) if role in set(Role) else Role.VIEWER,
            )
            told = f"{row.email} can sign in as {row.role} now."
    except RecordError as refusal:
        faults = {fault.field: fault.message for fault in getattr(refusal, "faults", ())}
        with database.read() as session:
            return _page(session, faults=faults, typed=given), 422
    flash(told)
    return redirect(url_for("pages.settings"), 303)


@pages.post("/settings/users/<user_id>/<any(open, close):verb>")
@does(Role.ADMIN)
def change_user(user_id: str, verb: str) -> Response:
    """Close an account and end its sessions, or open it again."""
    if user_id == person().id:
        flash("You can't close your own account. Another administrator can.")
        return redirect(url_for("pages.settings"), 303)
    with parts().platform.database.write() as session:
        row = users.set_active(session, person().author(), user_id, active=verb == "open")
        told = f"{row.email} can {'sign in again' if row.active else 'no longer sign in'}."
    flash(told)
    return redirect(url_for("pages.settings"), 303)


@pages.post("/settings/users/<user_id>/role")
@does(Role.ADMIN)
def change_role(user_id: str) -> Response:
    """Let somebody do more or less."""
    role = request.form.get("role", "")
    if user_id == person().id or role not in set(Role):
        flash("You can't change your own role. Another administrator can." if role in set(Role) else "Choose a role.")
        return redirect(url_for("pages.settings"), 303)
    with parts().platform.database.write() as session:
        row = users.set_role(session, person().author(), user_id, Role(role))
        told = f"{row.email} is {row.role} now."
    flash(told)
    return redirect(url_for("pages.settings"), 303)


@pages.post("/settings/users/<user_id>/password")
@does(Role.ADMIN)
def give_password(user_id: str) -> Any:
    """Give somebody a new password, and end their sessions."""
    database = parts().platform.database
    try:
        with database.write() as session:
            row = users.set_password(session, person().author(), user_id, request.form.get("password", ""))
            told = f"{row.email} has the new password. Sessions with the old one have ended."
    except NotFound:
        raise
    except RecordError as refusal:
        with database.read() as session:
            return _page(session, faults={f"password-{user_id}": str(refusal)}), 422
    flash(told)
    return redirect(url_for("pages.settings"), 303)


@pages.post("/settings/tax-level")
@does(Role.ADMIN)
def choose_tax_level() -> Response:
    """Choose the tax level that applies where nothing nearer names one."""
    with parts().platform.database.write() as session:
        choose_default_tax_level(session, person().author(), request.form.get("tax_level_id") or None)
    flash("Saved. Drafts follow; what is issued keeps its tax.")
    return redirect(url_for("pages.tax_levels"), 303)


def _page(session: Session, **shown: Any) -> str:
    organisation_id = person().company.id
    return render_template(
        "settings.html",
        users=web_users.users_of(session, organisation_id),
        tokens=web_users.tokens_of(session, organisation_id),
        roles=list(Role),
        **{"faults": {}, "typed": {}, "secret": None, **shown},
    )
