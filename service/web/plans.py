"""Plans: what the next sync would do, to be read, shared and applied; and letting go what the brake stopped."""

from __future__ import annotations

from collections import Counter

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.core.errors import SyncError
from service.store.accounts import Role
from service.store.queries import connections, plans
from service.store.queries.connections import NotFoundError
from service.store.queries.sync_lists import plan_page
from service.sync import apply, outlook, saved
from service.web.access import does, person, shows
from service.web.pages import pages
from service.web.parts import package_of, parts

_SHOWN = 300  #: actions on one page
_KEPT = 50  #: plans in the list


@pages.get("/plans")
@shows()
def plan_list(session: Session) -> str:
    """List the plans that are kept, newest first."""
    company = person().company
    found = plan_page(session, company.id, connection_id=request.args.get("connection"), limit=_KEPT, cursor=None)
    rows = {row.id: row for row in connections.all_of(session, company.id)}
    return render_template(
        "plans.html",
        plans=[(plan, rows[plan.connection_id], package_of(rows[plan.connection_id].provider)) for plan in found.items],
    )


@pages.get("/connections/<connection_id>/preview")
@shows()
def preview(session: Session, connection_id: str) -> Response:
    """Make a plan of what the next sync would do, and show it; nothing is sent."""
    row = connections.get(session, person().company.id, connection_id)
    try:
        plan_id = saved.make(
            parts().platform, organisation_id=row.organisation_id, connection_id=row.id, actor=person().actor
        )
    except SyncError as refusal:
        flash(str(refusal))
        return redirect(url_for("pages.connection", connection_id=connection_id), 303)
    return redirect(url_for("pages.plan", plan_id=plan_id), 303)


@pages.get("/plans/<plan_id>")
@shows()
def plan(session: Session, plan_id: str) -> str:
    """Show a plan, from the action after ``after``."""
    kept = plans.get(session, person().company.id, plan_id)
    row = connections.get(session, person().company.id, kept.connection_id)
    after = request.args.get("after", "-1")
    begins = int(after) if after.lstrip("-").isdecimal() else -1
    actions = plans.actions(session, kept.id, after=begins, limit=_SHOWN)
    counts = Counter((one.action, one.entity) for one in plans.actions(session, kept.id))
    left = kept.actions - (actions[-1].position + 1 if actions else kept.actions)
    foreseen = outlook.of_plan(parts().platform, session, row, kept)
    return render_template(
        "plan.html",
        row=row,
        package=package_of(row.provider),
        plan=kept,
        outlook=None if foreseen is None else outlook.sentence(foreseen),
        actions=actions,
        left=left,
        next=actions[-1].position if actions and left else None,
        counts=sorted(counts.items()),
        may_apply=person().role.may(Role.SUPPORT if kept.brake else Role.ACCOUNTANT),
    )


@pages.post("/plans/<plan_id>/apply")
@does(Role.ACCOUNTANT)
def apply_plan(plan_id: str) -> Response:
    """Do exactly what a plan says, or say why not."""
    someone = person()
    try:
        asked = apply.apply_plan(
            parts().platform,
            organisation_id=someone.company.id,
            plan_id=plan_id,
            actor=someone.actor,
            may_release=someone.role.may(Role.SUPPORT),
        )
    except SyncError as refusal:
        flash(str(refusal))
        return redirect(url_for("pages.plan", plan_id=plan_id), 303)
    parts().runner.wake(asked.connection_id)
    return redirect(url_for("pages.run", run_id=asked.run_id), 303)


@pages.post("/connections/<connection_id>/release")
@does(Role.SUPPORT)
def release(connection_id: str) -> Response:
    """Let a sync go on that the brake stopped."""
    someone = person()
    try:
        asked = apply.release(
            parts().platform, organisation_id=someone.company.id, connection_id=connection_id, actor=someone.actor
        )
    except NotFoundError:
        abort(404)
    except SyncError as refusal:
        flash(str(refusal))
        return redirect(url_for("pages.connection", connection_id=connection_id), 303)
    parts().runner.wake(asked.connection_id)
    return redirect(url_for("pages.run", run_id=asked.run_id), 303)
