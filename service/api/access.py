"""Who asks, and what they may do: a token, its organisation, its role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from flask import current_app, g, request

from service.api.problems import ApiError
from service.api.services import services
from service.ids import is_id
from service.records.author import Author
from service.store.accounts import Role
from service.store.queries.tokens import mark_used, token_by_text

View = TypeVar("View", bound=Callable[..., Any])

#: Largest body of a request, in bytes.
MAX_BODY = 1_000_000
#: How exactly it is kept when a token was last used.
_USE_STEP = timedelta(hours=1)
_ROLE = "tieout_role"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is answered: every query names their organisation, every change their name."""

    organisation_id: str
    actor: str
    role: Role

    def author(self, now: datetime, *, why: str | None = None) -> Author:
        """Return the author of what the caller changes now."""
        return Author(organisation_id=self.organisation_id, actor=self.actor, now=now, why=why)


def authorised(role: Role) -> Callable[[View], View]:
    """Declare the role that a route needs; a route that declares none is refused to everybody."""

    def declare(view: View) -> View:
        setattr(view, _ROLE, role)
        return view

    return declare


def role_of(view: object) -> Role | None:
    """Return the role that a route declared."""
    return getattr(view, _ROLE, None)


def caller() -> Caller:
    """Return who is answered; only within a route of the API."""
    found = g.tieout_caller
    assert isinstance(found, Caller)  # noqa: S101 - admit() put it there
    return found


def admit() -> None:
    """Let a request of the API in: its token, its role, the form of its body and of the identifiers in its path.

    :raises ApiError: 401, 403, 404, 413, 415 or 400, in this order.
    """
    g.tieout_caller = found = _authenticate()
    needed = role_of(current_app.view_functions.get(request.endpoint or ""))
    if needed is None or not found.role.may(needed):
        raise ApiError(403, f"This needs the role {needed or 'of nobody'}; the token has {found.role}.")
    for name, value in (request.view_args or {}).items():
        if name.endswith("id") and not is_id(value):
            raise ApiError(404, "There is no such record.")
    request.max_content_length = MAX_BODY
    _check_body()


def _authenticate() -> Caller:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ApiError(401, "Send a token as 'Authorization: Bearer <token>'.")
    now = services().clock()
    with services().database.read() as session:
        row = token_by_text(session, token.strip())
        if row is None:
            raise ApiError(401, "This token is not known or was revoked.")
        token_id, last_used_at = row.id, row.last_used_at
        found = Caller(organisation_id=row.organisation_id, actor=f"token:{row.id}", role=Role(row.role))
    if last_used_at is None or now - last_used_at > _USE_STEP:
        with services().database.write() as session:
            mark_used(session, token_id, now)
    return found


def _check_body() -> None:
    """Refuse a body that is no JSON object; one that is missing is for the route to judge."""
    if request.method not in {"POST", "PUT", "PATCH"}:
        return
    if request.content_length is not None and request.content_length > MAX_BODY:
        raise ApiError(413, f"A request may have {MAX_BODY} bytes.")
    if not request.get_data(cache=True):
        return
    if not request.is_json:
        raise ApiError(415, "Send the body as application/json.")
    try:
        document = request.get_json()
    except RecursionError:
        raise ApiError(400, "The JSON is nested too deep.") from None
    if not isinstance(document, dict):
        raise ApiError(422, "The body must be a JSON object.")
