"""Resets: what one would do, doing it, what came of it, undoing it; and unlinking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.core.errors import SyncError
from service.core.ports import EntityKind, Ref
from service.core.reset import OldCounterpart
from service.store.accounts import Role
from service.store.queries import connections, find, links, resets, web_users
from service.store.queries.connections import NotFoundError
from service.store.records import InvoiceRow
from service.store.reset_models import ResetRow
from service.store.sync_models import LinkRow
from service.sync import reset as resetting
from service.sync import reset_plan
from service.sync.reset_plan import ResetPlan
from service.sync.surroundings import label_of_link
from service.web.access import does, person, shows
from service.web.pages import pages
from service.web.parts import package_of, parts

_EFFECTS = {
    OldCounterpart.RENAME: "It makes room: it gets “(former)” behind its name, and stays active.",
    OldCounterpart.ARCHIVE: "It makes room likewise, and is archived once nothing hangs on it any more.",
    OldCounterpart.LEAVE: "Nothing is written to it. It keeps its name, so the new one may have to take another.",
}
_LABELS = {
    OldCounterpart.RENAME: "Rename the former one",
    OldCounterpart.ARCHIVE: "Archive the former one",
    OldCounterpart.LEAVE: "Leave the former one as it is",
}
_UNDONE = {
    "": ("Archive it if nothing hangs on it", "Documents that can't be moved back keep it active."),
    OldCounterpart.ARCHIVE.value: ("Archive it", "Unless something is still due on it."),
    OldCounterpart.LEAVE.value: ("Leave it active", "It gives the name back and stays as it is."),
}


@pages.get("/links/<link_id>/reset")
@shows(Role.ACCOUNTANT)
def reset(session: Session, link_id: str) -> str:
    """Show what a reset of a link would do, with the choices that there are."""
    given = request.args
    choice = next((one for one in OldCounterpart if one == given.get("old")), OldCounterpart.RENAME)
    with_jobs = given.get("with_jobs") == "true"
    plan, refusal = _try(
        lambda: resetting.plan_reset(
            parts().platform,
            organisation_id=person().company.id,
            link_id=link_id,
            old_counterpart=choice,
            with_jobs=with_jobs,
        )
    )
    return render_template(
        "reset.html",
        **_about(session, link_id),
        plan=None if plan is None else reset_plan.to_json(plan),
        refusal=refusal,
        choices=[(one.value, _LABELS[one], _EFFECTS[one]) for one in _LABELS],
        chosen=choice.value,
        with_jobs=with_jobs,
        undoing=False,
    )


@pages.post("/links/<link_id>/reset")
@does(Role.SUPPORT)
def do_reset(link_id: str) -> Response:
    """Reset a link as chosen."""
    given = request.form
    choice = next((one for one in OldCounterpart if one == given.get("old")), OldCounterpart.RENAME)
    return _carry_out(
        link_id,
        lambda: resetting.reset_link(
            parts().platform,
            organisation_id=person().company.id,
            link_id=link_id,
            old_counterpart=choice,
            with_jobs=given.get("with_jobs") == "true",
            actor=person().actor,
            why=given.get("why"),
        ),
    )


@pages.get("/links/<link_id>/undo-reset")
@shows(Role.ACCOUNTANT)
def undo_reset(session: Session, link_id: str) -> str:
    """Show what undoing the reset of a link would do."""
    chosen = request.args.get("old", "")
    choice = chosen if chosen in _UNDONE else ""
    plan, refusal = _try(
        lambda: resetting.plan_undo(
            parts().platform, organisation_id=person().company.id, link_id=link_id, new_counterpart=choice or None
        )
    )
    return render_template(
        "reset.html",
        **_about(session, link_id),
        plan=None if plan is None else reset_plan.to_json(plan),
        refusal=refusal,
        choices=[(value, label, effect) for value, (label, effect) in _UNDONE.items()],
        chosen=choice,
        with_jobs=False,
        undoing=True,
    )


@pages.post("/links/<link_id>/undo-reset")
@does(Role.SUPPORT)
def do_undo_reset(link_id: str) -> Response:
    """Tie a record to its former counterpart again."""
    choice = request.form.get("old", "")
    return _carry_out(
        link_id,
        lambda: resetting.undo_reset(
            parts().platform,
            organisation_id=person().company.id,
            link_id=link_id,
            new_counterpart=choice if choice in _UNDONE and choice else None,
            actor=person().actor,
            why=request.form.get("why"),
        ),
    )


@pages.post("/links/<link_id>/unlink")
@does(Role.SUPPORT)
def unlink(link_id: str) -> Response:
    """End a link; nothing is sent or taken in any more."""
    someone = person()
    try:
        link = resetting.unlink(
            parts().platform,
            organisation_id=someone.company.id,
            link_id=link_id,
            actor=someone.actor,
            why=request.form.get("why"),
        )
    except NotFoundError:
        abort(404)
    except SyncError as refusal:
        flash(str(refusal))
        return redirect(url_for("pages.reset", link_id=link_id), 303)
    flash("It is unlinked. Nothing is sent or taken in any more, and its history is kept. Sending it begins anew.")
    return redirect(_record_url(link.entity, link.record_id) or url_for("pages.dashboard"), 303)


@pages.get("/resets/<reset_id>")
@shows()
def reset_result(session: Session, reset_id: str) -> str:
    """Show what a reset was asked to do, and what came of it."""
    organisation_id = person().company.id
    row = resets.get(session, organisation_id, reset_id)
    items = resets.items(session, row.id)
    connection = connections.get(session, organisation_id, row.connection_id)
    return render_template(
        "reset_result.html",
        row=row,
        items=items,
        connection=connection,
        package=package_of(connection.provider),
        record_url=_record_url,
        undo_url=_undo_url(session, row),
        names=web_users.names_of_actors(session, organisation_id, [row.requested_by]),
    )


def _try(make: Callable[[], ResetPlan]) -> tuple[ResetPlan | None, str | None]:
    """Return the plan, or why there is none."""
    try:
        return make(), None
    except NotFoundError:
        abort(404)
    except SyncError as refusal:
        return None, str(refusal)


def _carry_out(link_id: str, ask: Callable[[], resetting.AskedReset]) -> Response:
    try:
        asked = ask()
    except NotFoundError:
        abort(404)
    except SyncError as refusal:
        flash(str(refusal))
        return redirect(url_for("pages.reset", link_id=link_id), 303)
    parts().runner.wake(asked.connection_id)
    return redirect(url_for("pages.reset_result", reset_id=asked.reset_id), 303)


def _about(session: Session, link_id: str) -> dict[str, Any]:
    """Return what every page about a link says of it."""
    organisation_id = person().company.id
    link = links.get(session, organisation_id, link_id)
    connection = connections.get(session, organisation_id, link.connection_id)
    return {
        "link": link,
        "label": label_of_link(session, organisation_id, link),
        "connection": connection,
        "package": package_of(connection.provider),
        "record_url": _record_url(link.entity, link.record_id),
        "customer_link_id": _customer_link(session, link),
        "history": resets.of_record(session, link),
        "may_act": person().role.may(Role.SUPPORT),
    }


def _customer_link(session: Session, link: LinkRow) -> str | None:
    """Return the link of an invoice's customer: that is what can be reset."""
    if link.entity != EntityKind.INVOICE:
        return None
    invoice = find.find(session, InvoiceRow, link.organisation_id, link.record_id)
    if invoice is None:
        return None
    found = links.of_record(session, link.connection_id, Ref(kind=EntityKind.CUSTOMER, id=invoice.customer_id))
    return None if found is None else found.id


def _undo_url(session: Session, row: ResetRow) -> str | None:
    """Return where a reset can be undone; None if the person may not, or it is no more the last word."""
    if not person().role.may(Role.ACCOUNTANT) or row.kind != "reset" or row.swapped_at is None:
        return None
    fresh = [session.get_one(LinkRow, one.new_link_id) for one in resets.items(session, row.id) if one.new_link_id]
    if not fresh or any(link.retired_at is not None for link in fresh):
        return None
    return url_for("pages.undo_reset", link_id=fresh[0].id)


def _record_url(entity: str, record_id: str) -> str | None:
    match entity:
        case "customer":
            return url_for("pages.customer", customer_id=record_id)
        case "invoice":
            return url_for("pages.invoice", invoice_id=record_id)
        case _:
            return None
