"""Money over HTTP, with a package behind it: what may still be changed, credits, refunds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.common.server import Running
from tests.api.builders import company, invoice
from tests.api.desk import Desk, go_live, open_desk, read
from tests.sync.bookkeeper import Bookkeeper

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def desk(package: Running, prepared_database_url: str) -> Iterator[Desk]:
    """A service with a live connection."""
    opened = open_desk(package, prepared_database_url)
    yield go_live(opened)
    opened.platform.database.close()


def issued(desk: Desk) -> dict[str, Any]:
    """Issue an invoice and send it."""
    client = desk.accountant.created("/customers", company("Cedar Vets"))
    made = desk.accountant.created("/invoices", invoice(client["id"], status="approved"))
    desk.sync()
    return made


def test_what_may_still_be_changed_there_is_said_with_its_reason(desk: Desk) -> None:
    made = issued(desk)
    (free,) = read(desk.viewer, f"/invoices/{made['id']}/editable")["items"]
    assert (free["standing"], free["editable"], free["withdraws"], free["fields"]) == ("open", True, True, None)
    there = read(desk.viewer, f"/invoices/{made['id']}")["sync"][0]["remote_id"]
    Bookkeeper(desk.package.sandbox).pay(there, "10")
    desk.sync()
    (paid,) = read(desk.viewer, f"/invoices/{made['id']}/editable")["items"]
    assert paid["standing"] == "part_paid"
    if desk.package.sandbox.name == "xero":
        assert (paid["fields"], paid["withdraws"]) == (["due_date", "number", "reference"], False)
        assert paid["reason"].startswith("Xero takes no other change of it now: a payment or a credit stands")
    (payment,) = read(desk.viewer, "/payments", invoice_id=made["id"])["items"]
    (kept,) = read(desk.viewer, f"/payments/{payment['id']}/editable")["items"]
    assert (kept["standing"], kept["withdraws"]) == ("recorded", True)
    assert desk.stranger.get(f"/invoices/{made['id']}/editable").status_code == 404


def test_a_credit_is_applied_taken_off_and_refunded(desk: Desk) -> None:
    made = issued(desk)
    credit = desk.accountant.created(
        "/payments", {"customer_id": made["customer_id"], "amount": "100", "kind": "credit", "reference": "Goodwill"}
    )
    assert (credit["allocations"], credit["unallocated"]) == ([], "100.00")
    path = f"/payments/{credit['id']}/allocations"
    part = desk.accountant.created(path, {"invoice_id": made["id"], "amount": "60"})
    assert (part["unallocated"], part["invoice_id"]) == ("40.00", made["id"])
    assert read(desk.viewer, f"/invoices/{made['id']}")["amount_paid"] == "60.00"
    refused = desk.accountant.send("POST", path, json={"invoice_id": made["id"], "amount": "50"})
    assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "amount")
    desk.sync()
    (shown,) = read(desk.viewer, f"/payments/{credit['id']}")["allocations"]
    assert shown["sync"][0]["dot"] == "green"
    desk.platform.pause(700)  # by then the feed has told of the note again
    desk.sync()
    (kept,) = read(desk.viewer, f"/payments/{credit['id']}/editable")["items"]
    assert (kept["standing"], kept["withdraws"]) == ("part_paid", False)
    assert [one["id"] for one in read(desk.viewer, "/payments", invoice_id=made["id"])["items"]] == [credit["id"]]
    refund = {"refund_of_id": credit["id"], "amount": "41", "kind": "refund"}
    assert desk.accountant.send("POST", "/payments", json=refund).status_code == 422
    desk.accountant.created("/payments", {**refund, "amount": "40"})
    assert desk.accountant.send("DELETE", f"/payments/{credit['id']}").status_code == 409
    assert desk.accountant.send("DELETE", f"{path}/{shown['id']}").status_code == 204
    assert read(desk.viewer, f"/invoices/{made['id']}")["amount_paid"] == "0.00"
    assert desk.stranger.send("DELETE", f"{path}/{shown['id']}").status_code == 404
