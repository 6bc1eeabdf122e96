"""Drift: what was changed at the packages in fields of ours, what becomes of it, and the rule that decides."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.core.drift import DriftDecision, DriftRule, DriftStatus
from service.ids import is_id
from service.store.accounts import Role
from service.store.drift_models import DriftRow
from service.store.queries import connections, web_users
from service.store.queries import drift as queries
from service.store.sync_models import ConnectionRow
from service.sync import drift
from service.web.access import does, person, safe_path, shows
from service.web.pages import pages
from service.web.parts import package_of, parts

_ROWS = 100


@pages.get("/drift")
@shows()
def drift_list(session: Session) -> str:
    """List drifted fields, newest first."""
    organisation_id = person().company.id
    given = request.args
    status = given.get("status", "") if given.get("status") in set(DriftStatus) else DriftStatus.OPEN.value
    chosen = given.get("connection", "") if is_id(given.get("connection", "")) else ""
    found = queries.drift_page(
        session,
        organisation_id,
        status=status,
        connection_id=chosen or None,
        limit=_ROWS,
        cursor=given.get("cursor") or None,
    )
    every = [row for row in connections.all_of(session, organisation_id) if row.state != "pending"]
    of = {row.id: row for row in every}
    return render_template(
        "drift.html",
        rows=[(row, _sentence(row, of[row.connection_id])) for row in found.items],
        next=found.next,
        status=status,
        statuses=list(DriftStatus),
        connections=every,
        chosen=chosen,
        rules={row.id: row.settings.get("drift", DriftRule.PUT_BACK.value) for row in every},
        titles={row.id: f"{package_of(row.provider)} · {row.organisation_name or ''}" for row in every},
        names=web_users.names_of_actors(session, organisation_id, {row.decided_by or "" for row in found.items}),
    )


@pages.post("/drift/<drift_id>")
@does(Role.ACCOUNTANT)
def decide_drift(drift_id: str) -> Response:
    """Have a field put back, or accept it; the next sync acts on that."""
    decision = request.form.get("decision", "")
    if decision not in set(DriftDecision):
        abort(400)
    someone = person()
    try:
        drift.decide(
            parts().platform,
            organisation_id=someone.company.id,
            drift_id=drift_id,
            decision=DriftDecision(decision),
            actor=someone.actor,
        )
    except drift.AlreadySettled as refusal:
        flash(str(refusal))
    else:
        flash("Noted. The next sync acts on it.")
    return redirect(safe_path(request.form.get("back"), url_for("pages.drift_list")), 303)


@pages.post("/connections/<connection_id>/drift")
@does(Role.ADMIN)
def choose_drift_rule(connection_id: str) -> Response:
    """Choose what becomes of drift on a connection."""
    rule = request.form.get("rule", "")
    if rule not in set(DriftRule):
        abort(400)
    someone = person()
    drift.choose_rule(
        parts().platform,
        organisation_id=someone.company.id,
        connection_id=connection_id,
        rule=DriftRule(rule),
        actor=someone.actor,
    )
    flash("Noted. What waits is decided anew by the next sync.")
    return redirect(url_for("pages.drift_list", connection=connection_id), 303)


def _sentence(row: DriftRow, connection: ConnectionRow) -> str:
    return drift.sentence_of(row, connection, package_of(connection.provider))
