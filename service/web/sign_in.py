"""Signing in and out."""

from __future__ import annotations

from datetime import datetime

from flask import redirect, render_template, request, session, url_for
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response

from service.records.users import check_password, email_key
from service.store.accounts import User
from service.store.queries.web_users import is_anybody, user_by_email
from service.web.access import load_person, person_or_none, safe_path
from service.web.attempt import SPAN
from service.web.pages import pages
from service.web.parts import parts

_LONGEST = 320


@pages.get("/sign-in")
def sign_in() -> str | Response:
    """Show the form."""
    if person_or_none() is not None:
        return redirect(url_for("pages.dashboard"))
    with parts().platform.database.read() as reading:
        first = not is_anybody(reading)
    return render_template("sign_in.html", email="", next=safe_path(request.args.get("next"), ""), first=first)


@pages.post("/sign-in")
def take_sign_in() -> str | Response | tuple[str, int]:
    """Begin a session for a right password; the answer to a wrong one does not tell whether there is an account."""
    email = request.form.get("email", "")[:_LONGEST]
    wanted = safe_path(request.form.get("next"), "")
    if not parts().attempts.admit(email_key(email), request.remote_addr or ""):
        minutes = int(SPAN.total_seconds() // 60)
        told = f"There were too many attempts. Wait {minutes} minutes, then try again."
        return render_template("sign_in.html", email=email, next=wanted, told=told), 429
    user = _checked(email, request.form.get("password", ""))
    someone = load_person(f"{user.id}:{user.session_epoch}") if user else None
    if someone is None:
        told = "This address and password do not belong together. Check both and try again."
        return render_template("sign_in.html", email=email, next=wanted, told=told), 401
    parts().attempts.forget(email_key(email))
    session.clear()
    session.permanent = True
    login_user(someone)
    return redirect(safe_path(wanted, url_for("pages.dashboard")), 303)


@pages.post("/sign-out")
def sign_out() -> Response:
    """End the session."""
    logout_user()
    session.clear()
    return redirect(url_for("pages.sign_in"), 303)


def _checked(email: str, password: str) -> User | None:
    """Return whose password it is. The slow comparison runs outside any transaction."""
    database = parts().platform.database
    with database.read() as reading:
        user = user_by_email(reading, email_key(email))
        reading.expunge_all()
    right, better = check_password(user, password)
    if user is None or not right:
        return None
    _note(user.id, better, parts().platform.clock())
    return user


def _note(user_id: str, better: str | None, at: datetime) -> None:
    with parts().platform.database.write() as writing:
        row = writing.get_one(User, user_id)
        row.last_sign_in_at = at
        if better is not None:
            row.password_hash = better
