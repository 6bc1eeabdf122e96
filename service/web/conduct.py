"""Schedule and limits of a connection: what is sent by itself, how often, with how many calls, and its brake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from pydantic import ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.records.errors import RecordError
from service.store.accounts import Role
from service.store.queries import connections
from service.store.sync_models import ConnectionRow
from service.sync import conduct
from service.web.access import does, person, shows
from service.web.pages import pages
from service.web.parts import package_of, parts
from service.web.typed import faults_of

#: What is sent by itself, in words.
PUSHES = {
    "all": "All active customers",
    "with_documents": "Customers with documents",
    "by_hand": "Only what is sent by hand",
}
_LIMITS = {
    "per_minute": "Calls in a minute",
    "per_day": "Calls in a day",
    "batches_per_minute": "Calls with several records in a minute",
}
_PLAIN = ("push", "interval", "brake_records", "brake_percent")


@pages.get("/connections/<connection_id>/settings")
@shows(Role.ADMIN)
def conduct_form(session: Session, connection_id: str) -> str:
    """Show how a connection is worked."""
    row = connections.get(session, person().company.id, connection_id)
    return _page(row, _typed(row))


@pages.post("/connections/<connection_id>/settings")
@does(Role.ADMIN)
def change_conduct(connection_id: str) -> Response | tuple[str, int]:
    """Change how a connection is worked, or say what can't be."""
    given, platform = request.form, parts().platform
    try:
        with platform.database.write() as session:
            conduct.change(platform, session, person().author(), connection_id, _settings(given))
    except (ValidationError, RecordError) as refusal:
        faults = {name.removeprefix("settings."): said for name, said in faults_of(refusal).items()}
        with platform.database.read() as session:
            row = connections.get(session, person().company.id, connection_id)
            return _page(row, {**_typed(row), **given}, faults), 422
    flash("Saved. The next sync goes by it.")
    return redirect(url_for("pages.connection", connection_id=connection_id), 303)


def _settings(given: Mapping[str, str]) -> conduct.ConnectionSettings:
    """Return what was typed.

    :raises ValidationError: something of it can't be.
    """
    chosen: dict[str, Any] = {name: given[name].strip() for name in _PLAIN if given.get(name, "").strip()}
    if "interval" in given:
        chosen["interval"] = given["interval"].strip() or None
    limits = {name: given[f"limits.{name}"].strip() or None for name in _LIMITS if f"limits.{name}" in given}
    return conduct.ConnectionSettings.model_validate({**chosen, **({"limits": limits} if limits else {})})


def _typed(row: ConnectionRow) -> dict[str, Any]:
    kept = conduct.ConnectionSettings.model_validate(row.settings)
    limits = {f"limits.{name}": getattr(kept.limits, name) for name in _LIMITS}
    return {**{name: getattr(kept, name) for name in _PLAIN}, **limits}


def _page(row: ConnectionRow, typed: Mapping[str, Any], faults: Mapping[str, str] | None = None) -> str:
    platform = parts().platform
    stated = conduct.limits_stated(platform.provider(row.provider).capabilities.limits)
    return render_template(
        "conduct.html",
        row=row,
        package=package_of(row.provider),
        typed=typed,
        faults=faults or {},
        pushes=PUSHES,
        limits=[(f"limits.{name}", label, stated[name]) for name, label in _LIMITS.items() if name in stated],
        usual=platform.settings.sync_interval,
    )
