"""Connections: what is connected, connecting another company, and pausing, resuming, reconnecting, disconnecting."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.core.errors import SyncError
from service.store.accounts import Role
from service.store.queries import connections
from service.store.queries.upkeep import last_beat
from service.sync import connect, consenting, inbox, pacing, warnings
from service.web.access import does, person, shows
from service.web.guard import let_form_leave
from service.web.pages import pages
from service.web.parts import now, package_of, parts
from service.web.setup import steps_of
from service.web.standing import standing_of, standings

_RUNS = 8


@pages.get("/connections")
@shows()
def connection_list(session: Session) -> str:
    """List connections, and offer to connect another company."""
    let_form_leave()
    platform = parts().platform
    return render_template(
        "connections.html",
        standings=standings(session, person().company.id),
        packages=[
            {"name": name, "package": provider.package, "missing": platform.settings.provider(name).missing}
            for name, provider in platform.providers.items()
        ],
    )


@pages.post("/connections")
@does(Role.ADMIN)
def start_connection() -> Response:
    """Begin a connection and send the browser to the package's consent page."""
    provider = request.form.get("provider", "")
    platform, someone = parts().platform, person()
    if provider not in platform.providers:
        abort(404)
    let_form_leave()
    try:
        started = connect.start(platform, organisation_id=someone.company.id, provider=provider, actor=someone.actor)
    except SyncError as failure:
        flash(f"{package_of(provider)} can't be reached now: {failure}")
        return redirect(url_for("pages.connection_list"), 303)
    return redirect(started.authorize_url, 303)


@pages.get("/connections/<connection_id>")
@shows()
def connection(session: Session, connection_id: str) -> str:
    """Show one connection: its state, what is left to set up, its last runs."""
    let_form_leave()
    organisation_id = person().company.id
    row = connections.get(session, organisation_id, connection_id)
    standing, meter = standing_of(session, row), inbox.meter(session, row.id, now())
    purse = pacing.purse_of(parts().platform, session, row)
    return render_template(
        "connection.html",
        one=standing,
        unscheduled=_unscheduled(session),
        row=row,
        package=standing.package,
        steps=steps_of(parts().platform, session, row),
        runs=connections.runs(session, organisation_id, connection_id=row.id, before=None, limit=_RUNS),
        warnings=warnings.warnings_of(parts().platform, session, row, purse=purse, meter=meter),
        meter=meter,
        purse=purse,
        webhooks_at=_webhooks_at(row.provider),
        others=[one for one in consenting.companies(session, organisation_id, row.id) if one.connection_id is None],
    )


@pages.get("/parts/connections/<connection_id>")
@shows()
def connection_part(session: Session, connection_id: str) -> str:
    """Give alone what of a connection's page changes while it is looked at: its counts and the run under way."""
    row = connections.get(session, person().company.id, connection_id)
    one = standing_of(session, row, foresees=False)
    return render_template("part/connection.html", one=one, unscheduled=_unscheduled(session))


def _unscheduled(session: Session) -> bool:
    """Tell whether no schedule was ever heard of, so that no sync may be promised."""
    return last_beat(session, "scheduler") is None


def _webhooks_at(provider: str) -> str | None:
    """Return the address that the app's settings at the package should name; None without a key to check with."""
    settings = parts().platform.settings
    return f"{settings.base_url}/webhooks/{provider}" if settings.provider(provider).webhook_secret else None


@pages.post("/connections/<connection_id>/companies")
@does(Role.ADMIN)
def connect_company(connection_id: str) -> Response:
    """Connect another company that the same permission reaches."""
    someone = person()
    try:
        connection_id = consenting.connect_too(
            parts().platform,
            organisation_id=someone.company.id,
            connection_id=connection_id,
            tenant_id=request.form.get("tenant_id", ""),
            actor=someone.actor,
        )
    except SyncError as refusal:
        flash(str(refusal))
    return redirect(url_for("pages.connection", connection_id=connection_id), 303)


@pages.post("/connections/<connection_id>/<any(pause, resume, disconnect):verb>")
@does(Role.ADMIN)
def change_connection(connection_id: str, verb: str) -> Response:
    """Pause, resume or disconnect."""
    use_case = {"pause": connect.pause, "resume": connect.resume, "disconnect": connect.disconnect}[verb]
    told = {
        "pause": "Paused. Nothing is sent or read until you resume; nothing is lost.",
        "resume": "Resumed. The next sync carries over what changed meanwhile.",
        "disconnect": "Disconnected. Every link is kept; reconnecting restores them.",
    }[verb]
    someone = person()
    try:
        use_case(parts().platform, organisation_id=someone.company.id, connection_id=connection_id, actor=someone.actor)
    except connect.WrongState as refusal:
        told = str(refusal)
    else:
        if verb == "resume":
            parts().runner.wake(connection_id)
    flash(told)
    return redirect(url_for("pages.connection", connection_id=connection_id), 303)


@pages.post("/connections/<connection_id>/reconnect")
@does(Role.ADMIN)
def reconnect(connection_id: str) -> Response:
    """Send the browser to the package's consent page again; every link stays."""
    let_form_leave()
    someone = person()
    try:
        started = connect.reconnect(
            parts().platform, organisation_id=someone.company.id, connection_id=connection_id, actor=someone.actor
        )
    except SyncError as failure:
        flash(f"The package can't be reached now: {failure}")
        return redirect(url_for("pages.connection", connection_id=connection_id), 303)
    return redirect(started.authorize_url, 303)
