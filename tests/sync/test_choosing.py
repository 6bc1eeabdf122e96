"""Other choices for a connection: each reaches the package, what they touch is told before, and versions are kept."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from service.core.choice import ListRule, NamingRule
from service.core.ports import EntityKind
from service.mapping import settings as mapping_settings
from service.records.errors import StaleRevision
from service.store.queries import connections, mappings
from service.store.records import CustomerRow, InvoiceRow
from service.sync import choosing, mapping, warnings
from service.sync.rebase import Sent
from service.sync.what_if import Effect, WhatIf
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office, connection_of

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

CUSTOMER, INVOICE, PAYMENT = EntityKind.CUSTOMER, EntityKind.INVOICE, EntityKind.PAYMENT
LINES = [
    {"description": "Work", "quantity": "1", "unit_price": "100", "category": "Labour"},
    {"description": "Parts", "quantity": "1", "unit_price": "50", "item_code": "PART"},
    {"description": "Rest", "quantity": "1", "unit_price": "10"},
]


def chosen(office: Office) -> dict[str, Any]:
    """Return what is chosen."""
    return mapping_settings.to_json(mapping_settings.from_json(connection_of(office).mapping))


def document(office: Office, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is chosen with some sections completed or values replaced."""
    stored = chosen(office)
    return {
        **stored,
        **{name: {**stored[name], **one} if isinstance(one, Mapping) else one for name, one in changes.items()},
    }


def choose(office: Office, *, sent: Sent = Sent.KEEP, **changes: Any) -> WhatIf:
    """Choose otherwise."""
    return choosing.save(
        office.platform,
        organisation_id=office.organisation_id,
        connection_id=office.connection_id,
        document=document(office, changes),
        actor="user:ann",
        sent=sent,
    )


def look(office: Office, *, sent: Sent = Sent.KEEP, **changes: Any) -> dict[str, Effect]:
    """Return what would become of records, by what they are called, and assert that nobody was asked."""
    before = len(office.package.sandbox.log.seen)
    found = choosing.what_if(
        office.platform,
        organisation_id=office.organisation_id,
        connection_id=office.connection_id,
        document=document(office, changes),
        sent=sent,
    )
    assert len(office.package.sandbox.log.seen) == before
    return {one.label: one.effect for one in found.touched}


def there(office: Office, kind: str, remote_id: str) -> Mapping[str, Any]:
    """Return a record of the package as it keeps it."""
    rows = next(iter(office.package.sandbox.dump().values()))[kind]
    return next(row for row in (rows.values() if isinstance(rows, dict) else rows) if remote_id in _ids(row))


def _ids(row: Mapping[str, Any]) -> set[str]:
    return {str(row.get(name)) for name in ("Id", "InvoiceID", "PaymentID", "ContactID")}


def _xero(office: Office) -> bool:
    return office.package.sandbox.name == "xero"


def _lines(office: Office, invoice: str) -> list[dict[str, Any]]:
    """Return what each line there is posted and tracked by."""
    remote_id = office.remote_id(invoice, INVOICE)
    if _xero(office):
        return [
            {
                "account": line["AccountCode"],
                "item": line.get("ItemCode"),
                "tax": line["TaxType"],
                "tracking": [one["Option"] for one in line["Tracking"]],
            }
            for line in there(office, "invoices", remote_id)["LineItems"]
        ]
    details = [line.get("SalesItemLineDetail") for line in there(office, "Invoice", remote_id)["Line"]]
    return [
        {
            "item": detail["ItemRef"]["value"],
            "tax": detail["TaxCodeRef"]["value"],
            "tracking": [detail["ClassRef"]["value"]] if "ClassRef" in detail else [],
        }
        for detail in details
        if detail
    ]


def _paid_into(office: Office, payment: str) -> str:
    """Return the code, or the id, of the account that a payment went to."""
    remote_id = office.remote_id(payment, PAYMENT)
    if not _xero(office):
        return str(there(office, "Payment", remote_id)["DepositToAccountRef"]["value"])
    company = next(iter(office.package.sandbox.organisations.values()))  # type: ignore[attr-defined]  # Xero's
    return str(company.account(account_id=there(office, "payments", remote_id)["AccountID"])["Code"])


def with_items(office: Office) -> Office:
    """Let the bookkeeper add two items, the third and fourth, where there are but two; and read the lists."""
    if not _xero(office):
        for name in ("Design", "Parts"):
            fields = {"Name": name, "Type": "Service", "IncomeAccountRef": {"value": "82"}}
            office.act("create", kind="Item", fields=fields)
    office.sync("reconcile", full=True)
    return office


XERO: dict[str, Any] = {
    "accounts": {"sales": "260"},
    "categories": {"Labour": "200"},
    "items": {"default": "DevH", "PART": "BOOK"},
    "taxes": {"none": "ZERORATEDOUTPUT"},
    "method_accounts": {"card": "091"},
    "job_rule": "reference",
}
QUICKBOOKS: dict[str, Any] = {
    "categories": {"Labour": "4"},
    "items": {"default": "2", "PART": "3"},
    "terms": {"net30": "4"},
    "methods": {"card": "3"},
    "method_accounts": {"card": "36"},
}


def test_every_choice_reaches_the_package(live_office: Office) -> None:
    office, xero = live_office, _xero(live_office)
    if not xero:
        office.act("set_company", settings={"class_tracking": "line", "departments": True})
    with_items(office)
    dimensions = mapping_settings_of(office).reference.dimensions
    first = dimensions[0]
    options = {option.name: option.id for option in first.options}
    tracking = {first.id: options["North"], f"{first.id}:Labour": options["South"]}
    if not xero:
        tracking["location"] = "2"
    choose(office, tracking=tracking, **(XERO if xero else QUICKBOOKS))
    client = office.add_customer(name="Cedar Vets", payment_terms="net30")
    job = office.add_customer(name="Barn", parent_id=client)
    invoice = office.add_invoice(job, lines=LINES)
    payment = office.pay(invoice, "20", method="card")
    assert office.sync().state == "succeeded"
    if xero:
        assert _lines(office, invoice) == [
            {"account": "200", "item": "DevH", "tax": "ZERORATEDOUTPUT", "tracking": ["South"]},
            {"account": "260", "item": "BOOK", "tax": "ZERORATEDOUTPUT", "tracking": ["North"]},
            {"account": "260", "item": "DevH", "tax": "ZERORATEDOUTPUT", "tracking": ["North"]},
        ]
        assert _paid_into(office, payment) == "091"
        assert there(office, "invoices", office.remote_id(invoice, INVOICE))["Reference"] == "Barn"
        assert office.link(job) is None
    else:
        assert [line["item"] for line in _lines(office, invoice)] == ["4", "3", "2"]
        assert [line["tracking"] for line in _lines(office, invoice)] == [["2"], ["1"], ["1"]]
        assert there(office, "Invoice", office.remote_id(invoice, INVOICE))["DepartmentRef"]["value"] == "2"
        method = there(office, "Payment", office.remote_id(payment, PAYMENT))["PaymentMethodRef"]["value"]
        assert (method, _paid_into(office, payment)) == ("3", "36")
        assert there(office, "Customer", office.remote_id(client))["SalesTermRef"]["value"] == "4"
    assert office.dot(invoice, INVOICE) == "green"
    written = office.writes()
    assert office.sync().state == "succeeded"
    assert office.writes() == written
    choose(office, currency_accounts={"USD": "090" if xero else "35"})
    again = office.pay(invoice, "5", method="card")
    office.sync()
    assert _paid_into(office, again) == ("090" if xero else "35")


def mapping_settings_of(office: Office) -> mapping.MappingState:
    """Return what the mapping's page knows."""
    with office.platform.database.read() as session:
        row = connections.get(session, office.organisation_id, office.connection_id)
        return mapping.state_of(office.platform, session, row)


def test_sent_documents_stay_or_are_rewritten_as_a_person_says(live_office: Office, bookkeeper: Bookkeeper) -> None:
    office, xero = with_items(live_office), _xero(live_office)
    item: dict[str, Any] = {"items": {"default": "PMD" if xero else "2"}}
    other: dict[str, Any] = {"items": {"default": "DevD" if xero else "4"}}
    client = office.add_customer(name="Cedar Vets")
    first, paid, new = (office.add_invoice(client) for _ in range(3))
    office.sync()
    bookkeeper.pay(office.remote_id(paid, INVOICE), "300")
    office.sync()
    draft = office.add_invoice(client)
    numbers = [office.ours(InvoiceRow, one).number for one in (first, paid, new, draft)]
    told = look(office, **item)
    assert told[numbers[0]] is Effect.KEPT
    assert told[numbers[3]] is Effect.SENT_OTHERWISE
    choose(office, **item)
    assert office.dot(first, INVOICE) == "green"
    office.edit_invoice(first, reference="PO 7")  # an edit of something else does not carry the new item along
    office.sync()
    before = _lines(office, first)[0]["item"]
    assert before == (None if xero else "1")
    assert _lines(office, draft)[0]["item"] == ("PMD" if xero else "2")
    told = look(office, sent=Sent.REWRITE, **other)
    assert {told[numbers[0]], told[numbers[2]], told[numbers[3]]} == {Effect.REWRITTEN}
    if xero:
        assert told[numbers[1]] is Effect.CLOSED
    choose(office, sent=Sent.REWRITE, **other)
    assert office.dot(new, INVOICE) == "orange"
    assert office.sync().state == "succeeded"
    assert {_lines(office, one)[0]["item"] for one in (first, new, draft)} == {"DevD" if xero else "4"}
    assert office.dot(paid, INVOICE) == office.dot(new, INVOICE) == "green"


def test_what_was_agreed_is_read_anew_and_nobody_looks_as_if_he_had_changed_it(live_office: Office) -> None:
    office = live_office
    if _xero(office):
        pytest.skip("Xero has no list of terms, so that nothing it shows is read by a choice")
    client = office.add_customer(name="Cedar Vets", payment_terms="net30")
    office.sync()
    assert look(office, terms={"net30": "4"}) == {"Cedar Vets": Effect.REWRITTEN}
    choose(office, terms={"net30": "4"})
    assert office.dot(client) == "orange"
    office.sync()
    assert there(office, "Customer", office.remote_id(client))["SalesTermRef"]["value"] == "4"
    assert office.events("changed there, where ours leads", client) == []


def test_lists_say_what_travels(live_office: Office, bookkeeper: Bookkeeper) -> None:
    office = live_office
    choose(office, lists={"payments": ListRule.RECEIVE.value})
    client = office.add_customer(name="Cedar Vets")
    invoice = office.add_invoice(client)
    payment = office.pay(invoice, "20")
    office.sync()
    remote = office.remote_id(invoice, INVOICE)
    assert bookkeeper.payments_of(remote) == []
    bookkeeper.pay(remote, "100")
    office.sync()
    assert office.ours(InvoiceRow, invoice).amount_paid == 120
    choose(office, lists={"payments": ListRule.SEND.value})
    bookkeeper.pay(remote, "50")
    office.sync()
    assert bookkeeper.payments_of(remote) == [20, 50, 100]
    assert (office.ours(InvoiceRow, invoice).amount_paid, office.dot(payment, PAYMENT)) == (Decimal(120), "green")
    choose(office, lists={"payments": ListRule.OFF.value, "invoices": ListRule.OFF.value})
    office.add_invoice(client)
    office.edit_customer(client, phone="+1 212 555 0100")
    run = office.sync()
    assert (run.counts["updated"], run.counts.get("created", 0)) == (1, 0)
    choose(office, lists={"customers": ListRule.RECEIVE.value})
    other = office.add_customer(name="Fern Bakery")
    bookkeeper.edit(office.remote_id(client), phone="+1 212 555 0199")
    office.sync()
    assert (office.link(other), office.ours(CustomerRow, client).phone) == (None, "+1 212-555-0199")


def test_an_owner_of_one_kind_decides_what_becomes_of_an_edit_there(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    office = live_office
    client = office.add_customer(name="Cedar Vets", email="a@cedar.example", phone="+1 212 555 0100")
    office.sync()
    there_id = office.remote_id(client)
    choose(office, owners={"customer.email": "ours", "customer.phone": "theirs", "invoice.reference": "theirs"})
    bookkeeper.edit(there_id, email="b@cedar.example", phone="+1 212 555 0199")
    assert office.sync().state == "succeeded"
    assert bookkeeper.customer(there_id)["email"] == "a@cedar.example"
    assert office.ours(CustomerRow, client).phone == "+1 212-555-0199"
    office.edit_customer(client, phone="+1 212 555 0155")
    office.sync()
    assert office.ours(CustomerRow, client).phone == "+1 212-555-0199"
    assert look(office, owners={"customer.phone": "ours"}) == {}


def test_a_currency_that_is_left_out_is_neither_sent_nor_asked_about(live_office: Office) -> None:
    office = live_office
    choose(office, currencies={"EUR": "leave_out"})
    client, foreign = office.add_customer(name="Cedar Vets"), office.add_customer(name="Euro GmbH", currency="EUR")
    invoice = office.add_invoice(foreign, currency="EUR")
    assert office.sync().state == "succeeded"
    assert (office.dot(client), office.link(foreign), office.link(invoice, INVOICE)) == ("green", None, None)


@pytest.mark.parametrize(
    ("rule", "name"), [(NamingRule.CUSTOMER_NUMBER, "Cedar Vets ({number})"), (NamingRule.COUNT, "Cedar Vets (2)")]
)
def test_a_taken_name_gets_what_the_rule_puts_behind_it(
    live_office: Office, bookkeeper: Bookkeeper, rule: NamingRule, name: str
) -> None:
    office = live_office
    choose(office, naming=rule.value)
    bookkeeper.add_vendor("Cedar Vets")
    office.sync()
    client = office.add_customer(name="Cedar Vets")
    assert office.sync().state == "succeeded"
    number = office.ours(CustomerRow, client).number
    assert bookkeeper.customer(office.remote_id(client))["name"] == name.format(number=number)
    link = office.link(client)
    assert link is not None
    assert any("called" in loss["reason"] for loss in link.losses)
    office.edit_customer(client, phone="+1 212 555 0100")
    assert office.sync().state == "succeeded"
    assert bookkeeper.customer(office.remote_id(client))["name"] == name.format(number=number)


def test_what_is_gone_there_is_named_with_whom_it_stops_and_nothing_is_sent_by_it(live_office: Office) -> None:
    office = with_items(live_office)
    client = office.add_customer(name="Cedar Vets")
    if _xero(office):
        choose(office, accounts={"sales": "260"})
        office.act("archive_account", code="260")
    else:
        choose(office, items={"default": "2"})
        office.act("edit", kind="Item", id="2", fields={"Active": False})
    invoice = office.add_invoice(client)
    office.sync("reconcile", full=True)
    [missing] = mapping_settings_of(office).missing
    assert missing.entry == ("accounts:sales" if _xero(office) else "items:default")
    assert [ref.id for ref in missing.records] == [invoice]
    with office.platform.database.read() as session:
        row = connections.get(session, office.organisation_id, office.connection_id)
        [told] = [one for one in warnings.warnings_of(office.platform, session, row) if one.kind == "mapping"]
        assert "no longer offers what was chosen for" in told.message
    written = office.writes()
    office.sync()
    assert (office.problem().kind, office.writes()) == ("missing_mapping", written + 1)  # the customer alone is sent
    cure: dict[str, Any] = {"accounts": {"sales": "200"}} if _xero(office) else {"items": {"default": "4"}}
    choose(office, **cure)
    assert office.sync().state == "succeeded"
    assert office.dot(invoice, INVOICE) == "green"


def test_versions_say_who_changed_what_and_can_be_taken_back(live_office: Office) -> None:
    office = with_items(live_office)
    entry = ("accounts", "sales") if _xero(office) else ("items", "default")
    first = chosen(office)[entry[0]][entry[1]]
    other: dict[str, Any] = {entry[0]: {entry[1]: "260" if _xero(office) else "4"}}
    choose(office, **other)
    with office.platform.database.read() as session:
        row = connections.get(session, office.organisation_id, office.connection_id)
        newest, *_, oldest = mappings.versions(session, row)
        assert (newest.actor, newest.changed) == (
            "user:ann",
            [{"entry": ":".join(entry), "before": first, "after": "260" if _xero(office) else "4"}],
        )
        assert oldest.document[entry[0]][entry[1]] == first
    where = {"organisation_id": office.organisation_id, "connection_id": office.connection_id}
    given: dict[str, Any] = {**where, "actor": "user:bob"}
    with pytest.raises(StaleRevision):
        choosing.save(office.platform, document=oldest.document, version=oldest.version, **given)
    choosing.save(office.platform, document=oldest.document, **given)
    assert chosen(office)[entry[0]][entry[1]] == first
    assert connection_of(office).mapping_version == newest.version + 1
