"""Who looks at a page, and what they may see and do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from flask import abort, redirect, request, url_for
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response

from service.ids import is_id
from service.records.author import Author
from service.store.accounts import Role
from service.store.queries.web_users import signed_in
from service.web.parts import now, parts

login = LoginManager()
login.session_protection = None  # sessions end by their epoch; an address of the network may change at any time
csrf = CSRFProtect()

View = Callable[..., Any]

_NEEDS = {
    Role.VIEWER: "Only people of this company can see this.",
    Role.ACCOUNTANT: "Your account may only read. An administrator can give you the role accountant.",
    Role.SUPPORT: "This is for support. An administrator can give you that role.",
    Role.ADMIN: "This is for administrators of your company's Tieout.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The organisation whose books are looked at."""

    id: str
    name: str
    currency: str
    timezone: str
    locale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is signed in, in the form that Flask-Login asks for."""

    id: str
    email: str
    role: Role
    epoch: int
    company: Company
    open_questions: int = 0  #: of the company, when the page was asked for

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """Return what the session keeps: whoever raises the epoch ends it."""
        return f"{self.id}:{self.epoch}"

    @property
    def actor(self) -> str:
        """The person as the audit trail names them."""
        return f"user:{self.id}"

    def may(self, role: str) -> bool:
        """Tell whether the person may do what ``role`` may; for templates, which name roles by their text."""
        return self.role.may(Role(role))

    def author(self) -> Author:
        """Return the author of what the person changes now."""
        return Author(organisation_id=self.company.id, actor=self.actor, now=now())


@login.user_loader  # type: ignore[untyped-decorator]  # the library has no types
def load_person(session_id: str) -> Person | None:
    """Return who a session belongs to; nobody once the account is closed or its sessions were ended."""
    user_id, _, epoch = session_id.partition(":")
    with parts().platform.database.read() as session:
        found = signed_in(session, user_id)
    if found is None or not found.active or str(found.session_epoch) != epoch:
        return None
    company = Company(
        id=found.organisation_id,
        name=found.organisation_name,
        currency=found.currency,
        timezone=found.timezone,
        locale=found.locale,
    )
    return Person(
        id=user_id,
        email=found.email,
        role=Role(found.role),
        epoch=found.session_epoch,
        company=company,
        open_questions=found.open_questions,
    )


@login.unauthorized_handler  # type: ignore[untyped-decorator]  # likewise
def ask_to_sign_in() -> Response:
    """Send to the sign-in page, and back afterwards where that makes sense."""
    return _to_sign_in()


def _to_sign_in() -> Response:
    wanted = request.full_path.rstrip("?") if request.method == "GET" and not request.path.startswith("/parts/") else ""
    return redirect(url_for("pages.sign_in", next=wanted if wanted not in {"", "/"} else None))


def person() -> Person:
    """Return who is signed in; only within a view that asks for a role."""
    found = current_user._get_current_object()  # noqa: SLF001 - the only way to the object behind the proxy
    assert isinstance(found, Person)  # noqa: S101 - the view asked for a role
    return found


def person_or_none() -> Person | None:
    """Return who is signed in, on pages for everybody."""
    return person() if current_user and current_user.is_authenticated else None


def shows(role: Role = Role.VIEWER) -> Callable[[View], View]:
    """Declare a page that people of a role may see; the view gets a session for reading."""

    def declare(view: View) -> View:
        @wraps(view)
        def run(**path: str) -> Any:
            refusal = _admit(role, path)
            if refusal is not None:
                return refusal
            with parts().platform.database.read() as session:
                return view(session, **path)

        return run

    return declare


def does(role: Role) -> Callable[[View], View]:
    """Declare an action that people of a role may take; its form must carry the token against forgery."""

    def declare(view: View) -> View:
        @wraps(view)
        def run(**path: str) -> Any:
            refusal = _admit(role, path)
            if refusal is not None:
                return refusal
            return view(**path)

        return run

    return declare


def safe_path(text: str | None, otherwise: str) -> str:
    """Return a path of this service to go to, and never another host."""
    if not text or not text.startswith("/") or text.startswith("//") or "\\" in text or any(ord(c) < 32 for c in text):  # noqa: PLR2004 - control characters
        return otherwise
    split = urlsplit(text)
    return otherwise if split.scheme or split.netloc else text


def _admit(role: Role, path: dict[str, str]) -> Response | None:
    if not current_user.is_authenticated:
        return _to_sign_in()
    if not person().role.may(role):
        abort(403, _NEEDS[role])
    if any(name.endswith("_id") and not is_id(value) for name, value in path.items()):
        abort(404)
    return None
