"""The plan says what the sync then does, and does nothing itself."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import func, select

from service.store.base import Base
from service.store.sync_models import IntentRow
from service.sync import plan
from service.sync.plan import Preview
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.ledger import books_of
from tests.sync.office import Office

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def plan_of(office: Office) -> Preview:
    """Return the plan of the next sync."""
    return plan.make_plan(office.platform, organisation_id=office.organisation_id, connection_id=office.connection_id)


def mixed(office: Office, bookkeeper: Bookkeeper) -> None:
    """Let there be something of everything to do."""
    kept = office.add_customer(name="Cedar Vets", phone="+1 415 555 0100")
    left = office.add_customer(name="Elm Books")
    invoice = office.add_invoice(kept)
    office.sync()
    office.edit_customer(kept, phone="+1 415 555 0199")
    office.archive(left)
    office.pay(invoice, "100")
    void = office.add_invoice(kept)
    office.sync()
    office.edit_customer(kept, phone="+1 415 555 0101")
    office.void(void)
    client = office.add_customer(name="Maple Dental")
    job = office.add_customer(name="Roof", parent_id=client)
    office.pay(office.add_invoice(job), "50")
    bookkeeper.add_vendor("Oak Bakery")
    bookkeeper.edit(office.remote_id(kept), email="theirs@cedar.example")
    office.add_customer(name="Oak Bakery")


def planned(preview: Preview) -> Counter[tuple[str, str, str]]:
    """Return what a plan would write, by action, kind and record."""
    return Counter(
        (action.action, action.entity, action.record_id)
        for action in preview.actions
        if action.action not in {"pull", "link", "ask"}
    )


def done_since(office: Office, known: set[str]) -> Counter[tuple[str, str, str]]:
    """Return what was written since, by operation, kind and record."""
    links = {link.id: link for link in office.links()}
    with office.platform.database.read() as session:
        intents = [row for row in session.scalars(select(IntentRow)) if row.id not in known]
        return Counter((row.operation, links[row.link_id].entity, links[row.link_id].record_id) for row in intents)


def intents(office: Office) -> set[str]:
    """Return the ids of every intent so far."""
    with office.platform.database.read() as session:
        return set(session.scalars(select(IntentRow.id)))


def rows(office: Office) -> dict[str, int]:
    """Return how many rows each table has."""
    with office.platform.database.read() as session:
        tables = Base.metadata.sorted_tables
        return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def test_the_sync_writes_exactly_what_the_plan_said(live_office: Office, bookkeeper: Bookkeeper) -> None:
    mixed(live_office, bookkeeper)
    live_office.sync()
    preview_before = intents(live_office)
    client = live_office.add_customer(name="Fir Travel")
    live_office.pay(live_office.add_invoice(live_office.add_customer(name="Roof", parent_id=client)), "50")
    live_office.add_customer(name="Oak Bakery", number="C-9000")
    preview, written = plan_of(live_office), live_office.writes()
    run = live_office.sync()
    assert planned(preview) == done_since(live_office, preview_before)
    assert sum(planned(preview).values()) == 4
    reads = live_office.platform.provider(live_office.package.sandbox.name).capabilities.feed_calls
    assert preview.calls == live_office.writes() - written + reads
    asks = [action.label for action in preview.actions if action.action == "ask"]
    assert (len(asks), run.counts["conflicts"]) == (1, 1)


def test_changes_are_planned_with_both_sides_and_what_becomes(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer = live_office.add_customer(name="Cedar Vets", email="billing@cedar.example")
    invoice = live_office.add_invoice(customer)
    live_office.sync()
    known = intents(live_office)
    live_office.edit_customer(customer, email="new@cedar.example")
    live_office.void(invoice)
    preview = plan_of(live_office)
    actions = {action.record_id: action for action in preview.actions}
    [email] = [change for change in actions[customer].fields if change.field == "email"]
    assert (email.ours, email.theirs, email.becomes) == (
        "new@cedar.example",
        "billing@cedar.example",
        "new@cedar.example",
    )
    assert (actions[customer].action, actions[invoice].action) == ("update", "void")
    live_office.sync()
    assert planned(preview) == done_since(live_office, known)


def test_a_plan_writes_nothing_anywhere(live_office: Office, bookkeeper: Bookkeeper) -> None:
    mixed(live_office, bookkeeper)
    before, seen, books = rows(live_office), len(live_office.package.sandbox.log.seen), books_of(
        live_office.package.sandbox
    )  # fmt: skip
    assert plan_of(live_office).actions
    assert rows(live_office) == before
    assert len(live_office.package.sandbox.log.seen) == seen
    assert books_of(live_office.package.sandbox) == books


def test_where_there_is_nothing_to_do_the_plan_is_empty(live_office: Office, bookkeeper: Bookkeeper) -> None:
    live_office.add_invoice(live_office.add_customer(name="Cedar Vets"))
    live_office.sync()
    live_office.sync()
    assert plan_of(live_office).actions == ()
