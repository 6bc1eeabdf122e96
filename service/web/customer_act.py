"""What can be done with a customer from its row or its page: each action says beforehand what it does."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import flash, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.core.ports import EntityKind, Ref
from service.records import customers
from service.records.errors import NotFound, RecordError
from service.records.inputs import CustomerChanges
from service.store.accounts import Role
from service.store.queries import tree
from service.store.queries.find import find
from service.store.queries.load import contacts_of
from service.store.queries.states import sync_states
from service.store.records import CustomerRow
from service.sync import sending
from service.sync.addresses import remote_url
from service.sync.connect import WrongState
from service.web import listing
from service.web.access import does, person, safe_path, shows
from service.web.pages import pages
from service.web.parts import parts
from service.web.words import plural

COLUMNS_COOKIE = "customer_columns"
_YEAR = 365 * 86_400


@pages.get("/customers/<customer_id>/menu")
@shows()
def customer_menu(session: Session, customer_id: str) -> str:
    """Show what can be done with a customer on a page of its own, for a browser without scripts."""
    return render_template("customer_menu.html", **_menu(session, customer_id))


@pages.get("/parts/customers/<customer_id>/menu")
@shows()
def customer_menu_part(session: Session, customer_id: str) -> str:
    """Give what can be done with a customer, to be shown beside its row."""
    return render_template("part/customer_menu.html", **_menu(session, customer_id))


@pages.post("/customers/columns")
@does(Role.VIEWER)
def choose_columns() -> Response:
    """Keep which columns the list shows; only those that there are, and the usual ones where none is left."""
    wanted = ".".join(one for one in listing.COLUMNS if one in request.form.getlist("column"))
    response = make_response(redirect(_back(url_for("pages.customer_list")), 303))
    secure = parts().platform.settings.base_url.startswith("https://")
    response.set_cookie(COLUMNS_COOKIE, wanted, max_age=_YEAR, secure=secure, httponly=True, samesite="Lax")
    return response


@pages.post("/customers/<customer_id>/send")
@does(Role.ACCOUNTANT)
def send_customer(customer_id: str) -> Response:
    """Send a customer to every live connection now."""
    someone, ref = person(), Ref(kind=EntityKind.CUSTOMER, id=customer_id)
    try:
        asked = sending.send_now(
            parts().platform,
            organisation_id=someone.company.id,
            ref=ref,
            connection_id=None,
            actor=someone.actor,
        )
    except WrongState as refusal:
        flash(str(refusal))
    else:
        for one in asked:
            parts().runner.wake(one.connection_id)
        waits = [one.waits for one in asked if one.waits is not None]
        flash(waits[0] if waits else f"A sync has begun at {plural(len(asked), 'connection')}.")
    return redirect(_back(url_for("pages.customer", customer_id=customer_id)), 303)


@pages.post("/customers/<customer_id>/archive")
@does(Role.ACCOUNTANT)
def archive_customer(customer_id: str) -> Response:
    """Archive a customer, alone or with its jobs, or take it back out."""
    archive, with_jobs = request.form.get("archived") == "true", request.form.get("with_jobs") == "true"

    def change(session: Session) -> str:
        author, expected = person().author(), _revision()
        if archive:
            row = customers.archive_customer(session, author, customer_id, with_jobs=with_jobs, expected=expected)
        else:
            row = customers.unarchive_customer(session, author, customer_id, expected=expected)
        return f"{row.name} is {'archived' if archive else 'active again'}. The next sync carries it over."

    return _do(customer_id, change)


@pages.post("/customers/<customer_id>/flag")
@does(Role.ACCOUNTANT)
def flag_customer(customer_id: str) -> Response:
    """Move somebody between the lists of customers and of contacts."""
    wanted = request.form.get("is_customer") == "true"

    def change(session: Session) -> str:
        changes = CustomerChanges(is_customer=wanted)
        row = customers.change_customer(session, person().author(), customer_id, changes, expected=_revision())
        return f"{row.name} is {'a customer' if wanted else 'a contact'} now."

    return _do(customer_id, change)


@pages.get("/customers/<customer_id>/delete")
@shows(Role.ACCOUNTANT)
def delete_customer(session: Session, customer_id: str) -> str:
    """Show what would go with a customer, or why it stays."""
    organisation_id = person().company.id
    row = _row(session, customer_id)
    return render_template(
        "customer_delete.html",
        row=row,
        kept=customers.why_kept(session, organisation_id, row),
        people=len(contacts_of(session, organisation_id, [row.id]).get(row.id, ())),
        sites=len(tree.job_sites_of(session, organisation_id, [row.id])),
    )


@pages.post("/customers/<customer_id>/delete")
@does(Role.ACCOUNTANT)
def do_delete_customer(customer_id: str) -> Response:
    """Delete a customer on which nothing hangs."""

    def change(session: Session) -> str:
        name = _row(session, customer_id).name
        customers.delete_customer(session, person().author(), customer_id, expected=_revision())
        return f"{name} is deleted."

    kept = url_for("pages.delete_customer", customer_id=customer_id)
    return _do(customer_id, change, then=url_for("pages.customer_list"), otherwise=kept)


def _do(
    customer_id: str, change: Callable[[Session], str], *, then: str | None = None, otherwise: str | None = None
) -> Response:
    """Carry out a change and say what came of it; go back to where the person was."""
    back = _back(url_for("pages.customer", customer_id=customer_id))
    try:
        with parts().platform.database.write() as session:
            told = change(session)
    except NotFound:
        raise
    except RecordError as refusal:
        flash(str(refusal))
        return redirect(otherwise or back, 303)
    flash(told)
    return redirect(then or back, 303)


def _revision() -> int | None:
    """Return the revision that the person saw; None for a form that does not say."""
    return request.form.get("revision", type=int)


def _back(otherwise: str) -> str:
    return safe_path(request.form.get("next"), otherwise)


def _row(session: Session, customer_id: str) -> CustomerRow:
    row = find(session, CustomerRow, person().company.id, customer_id)
    if row is None:
        raise NotFound("customer")
    return row


def _menu(session: Session, customer_id: str) -> dict[str, object]:
    organisation_id, platform = person().company.id, parts().platform
    row = _row(session, customer_id)
    states = sync_states(session, organisation_id, EntityKind.CUSTOMER, [row.id])[row.id]
    came = urlsplit(request.referrer or "")
    return {
        "row": row,
        "there": [
            (state, remote_url(platform, state.connection, state.link) if state.link else None) for state in states
        ],
        "live": sum(state.connection.state == "live" for state in states),
        "asked": any(state.problem for state in states),
        "jobs": sum(not below.archived for below in tree.subtree(session, row)[1:]),
        "kept": customers.why_kept(session, organisation_id, row),
        "back": safe_path(f"{came.path}?{came.query}".rstrip("?"), url_for("pages.customer_list")),
    }
