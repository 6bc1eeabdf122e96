"""Notifications: who is told outside these pages that something needs a person, and when."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.core.notification import Channel, Moment
from service.records.errors import RecordError
from service.store.accounts import Role
from service.store.queries import notifications as queries
from service.sync import notifying
from service.sync.delivering import has_own_mail
from service.sync.telling import NotTold
from service.web.access import does, person, shows
from service.web.pages import pages
from service.web.parts import parts

#: What the choices are called.
CHANNELS = {Channel.EMAIL: "E-mail", Channel.WEBHOOK: "Web address"}
MOMENTS = {Moment.AT_ONCE: "At once", Moment.DAILY: "Once a day"}


@pages.get("/settings/notifications")
@shows(Role.ADMIN)
def notification_list(session: Session) -> str:
    """Show who is told."""
    return _page(session)


@pages.post("/settings/notifications")
@does(Role.ADMIN)
def create_notification() -> Any:
    """Add somebody to tell; the secret of a web address is shown this once."""
    given, platform = request.form, parts().platform
    try:
        with platform.database.write() as session:
            rule, secret = notifying.add_rule(
                platform,
                session,
                person().author(),
                channel=given.get("channel", ""),
                target=given.get("target", ""),
                moment=given.get("moment", ""),
                hour=int(given["hour"]) if given.get("hour", "").isdigit() else 8,
            )
            told = f"{rule.target} is told from now on."
    except RecordError as refusal:
        faults = {fault.field: fault.message for fault in getattr(refusal, "faults", ())}
        with platform.database.read() as session:
            return _page(session, faults=faults, typed=given), 422
    if secret is not None:
        with platform.database.read() as session:
            return _page(session, secret=secret, secret_of=given["target"])
    flash(told)
    return redirect(url_for("pages.notification_list"), 303)


@pages.post("/settings/notifications/<rule_id>/<any(remove, try):verb>")
@does(Role.ADMIN)
def change_notification(rule_id: str, verb: str) -> Response:
    """Tell somebody no more, or send a trial."""
    platform, someone = parts().platform, person()
    if verb == "remove":
        with platform.database.write() as session:
            notifying.remove_rule(session, someone.author(), rule_id)
        flash("Nobody is told there any more.")
    else:
        try:
            notifying.try_rule(platform, someone.company.id, rule_id)
            flash("A trial is on its way.")
        except NotTold as refusal:
            flash(f"The trial did not arrive. {refusal}")
    return redirect(url_for("pages.notification_list"), 303)


def _page(session: Session, **shown: Any) -> str:
    rules = queries.rules_of(session, person().company.id)
    return render_template(
        "notifications.html",
        rules=rules,
        told=queries.told(session, [rule.id for rule in rules]),
        channels=CHANNELS,
        moments=MOMENTS,
        has_mail=has_own_mail(parts().platform),
        **{"faults": {}, "typed": {}, "secret": None, **shown},
    )
