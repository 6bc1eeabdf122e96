"""Moving a customer with everything below it: where to, what would happen, and doing it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from service.core.ports import EntityKind
from service.ids import is_id
from service.records.author import Author
from service.records.customers import change_customer
from service.records.errors import NotFound, RecordError, StaleRevision
from service.records.inputs import CustomerChanges
from service.store.accounts import Role
from service.store.queries import tree
from service.store.queries.find import find
from service.store.queries.invoices import open_invoices_of
from service.store.queries.states import sync_states
from service.store.records import CustomerRow, InvoiceRow
from service.web.access import does, person, shows
from service.web.choose import matching, searched
from service.web.pages import pages
from service.web.parts import package_of, parts

#: What the address and the form say for "under nothing".
TOP = "top"
_FOLLOWS = ("recipients", "billing_address", "tax_total", "total")


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePlan:
    """What a move would do."""

    names: Sequence[tuple[str, str]]  #: full names before and after, the moved one first
    invoices: Sequence[tuple[str, Sequence[str]]]  #: numbers of open invoices that follow, and what of them
    there: Sequence[tuple[str, int]]  #: packages and how many of the records they hold


@pages.get("/customers/<customer_id>/move")
@shows(Role.ACCOUNTANT)
def move_customer(session: Session, customer_id: str) -> str:
    """Show where a customer can stand, and, once that is chosen, what the move would do."""
    row = _row(session, customer_id)
    chosen = request.args.get("to", "")
    refusal, plan = "", None
    if chosen == TOP or is_id(chosen):
        refusal, plan = _look(customer_id, chosen)
    words = searched()
    own = {one.id for one in tree.subtree(session, row)}
    return render_template(
        "customer_move.html",
        row=row,
        parent=find(session, CustomerRow, row.organisation_id, row.parent_id) if row.parent_id else None,
        chosen=chosen,
        target=find(session, CustomerRow, row.organisation_id, chosen) if is_id(chosen) else None,
        plan=plan,
        refusal=refusal,
        q=words,
        found=[one for one in matching(session, words) if one.id not in own and one.id != row.parent_id],
        TOP=TOP,
    )


@pages.post("/customers/<customer_id>/move")
@does(Role.ACCOUNTANT)
def do_move_customer(customer_id: str) -> Any:
    """Move a customer, or say why it stays."""
    chosen = request.form.get("to", "")
    back = url_for("pages.move_customer", customer_id=customer_id, to=chosen)
    try:
        with parts().platform.database.write() as session:
            row = _change(session, person().author(), customer_id, chosen, request.form.get("revision", type=int))
            told = f"{row.full_name} is where it stands now. The next sync carries it over."
    except NotFound:
        raise
    except StaleRevision:
        flash("It was changed meanwhile. Look again at what the move would do.")
        return redirect(back, 303)
    except RecordError as refusal:
        flash(str(refusal))
        return redirect(back, 303)
    flash(told)
    return redirect(url_for("pages.customer", customer_id=customer_id), 303)


def _look(customer_id: str, chosen: str) -> tuple[str, MovePlan | None]:
    """Make the move, see what came of it, and take it back at once: what is told is what would happen."""
    with parts().platform.database.write() as session:
        row = _row(session, customer_id)
        names = {one.id: one.full_name for one in tree.subtree(session, row)}
        bills = _followed(open_invoices_of(session, row.organisation_id, names))
        try:
            moved = tree.subtree(session, _change(session, person().author(), customer_id, chosen, None))
        except NotFound:
            raise
        except RecordError as refusal:
            session.rollback()
            return str(refusal), None
        after = _followed(open_invoices_of(session, row.organisation_id, names))
        plan = MovePlan(
            names=[(names[one.id], one.full_name) for one in moved],
            invoices=[
                (number, [field for field in _FOLLOWS if values[field] != bills[number][field]])
                for number, values in after.items()
                if values != bills[number]
            ],
            there=_there(session, row.organisation_id, names),
        )
        session.rollback()
        return "", plan


def _change(session: Session, author: Author, customer_id: str, chosen: str, expected: int | None) -> CustomerRow:
    changes = CustomerChanges(parent_id=None if chosen == TOP else chosen)
    return change_customer(session, author, customer_id, changes, expected=expected)


def _followed(rows: Iterable[InvoiceRow]) -> dict[str, dict[str, Any]]:
    return {row.number: {field: getattr(row, field) for field in _FOLLOWS} for row in rows}


def _there(session: Session, organisation_id: str, record_ids: Iterable[str]) -> list[tuple[str, int]]:
    """Count, for each package that holds any of the records, how many it holds."""
    counts: dict[str, int] = {}
    for states in sync_states(session, organisation_id, EntityKind.CUSTOMER, list(record_ids)).values():
        for state in states:
            if state.link is not None and state.link.remote_id is not None:
                name = f"{package_of(state.connection.provider)} · {state.connection.organisation_name or ''}"
                counts[name] = counts.get(name, 0) + 1
    return sorted(counts.items())


def _row(session: Session, customer_id: str) -> CustomerRow:
    row = find(session, CustomerRow, person().company.id, customer_id)
    if row is None:
        raise NotFound("customer")
    return row
