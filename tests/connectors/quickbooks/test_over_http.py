"""The connector against the sandbox, over real HTTP: batches, doubt, limits, the feed, the life of records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from sandbox.common.faults import FaultKind, When
from sandbox.quickbooks import SandboxOptions
from service.connectors.quickbooks import connect
from service.connectors.quickbooks.connector import QuickBooksConnector
from service.core import errors
from service.core.choice import MappingSettings
from service.core.intent import Operation
from service.core.model import Address, Customer, Invoice, InvoiceStatus, Payment
from service.core.ports import Answer, Element, EntityKind, Family, MappingContext, Record, Ref, RemoteRecord, Written
from service.core.snapshot import Snapshot, differences
from service.mapping.quickbooks import MAPPERS
from tests.connectors.quickbooks.conftest import NOW, Practice, element, named
from tests.mapping.quickbooks import builders

CUSTOMER, INVOICE, PAYMENT = EntityKind.CUSTOMER, EntityKind.INVOICE, EntityKind.PAYMENT
LEVEL = "level-california"


@pytest.fixture
def books(practice: Practice) -> QuickBooksConnector:
    return practice.connect()


def _send(connector: QuickBooksConnector, elements: list[Element], key: str = "key-1") -> Answer:
    return connector.send(connector.pack(elements, key=key), count=len(elements))


def _written(connector: QuickBooksConnector, one: Element, key: str) -> RemoteRecord:
    (outcome,) = _send(connector, [one], key).outcomes
    assert isinstance(outcome, Written), outcome
    return outcome.record


def _customers(connector: QuickBooksConnector) -> dict[str, RemoteRecord]:
    pages = connector.everything(frozenset({Family.CUSTOMER}))
    return {record.name or "": record for page in pages for record in page.records}


def test_a_batch_with_one_bad_element_writes_the_others(books: QuickBooksConnector) -> None:
    answer = _send(books, named("Elm Street School", "Amy's Bird Sanctuary", "Oak Lane School"))
    assert [type(outcome) for outcome in answer.outcomes] == [Written, errors.DuplicateName, Written]
    assert answer.request_id
    assert {"Elm Street School", "Oak Lane School"} <= set(_customers(books))


def test_a_name_that_a_vendor_has_is_refused_for_a_customer(books: QuickBooksConnector) -> None:
    pages = books.everything(frozenset({Family.VENDOR}))
    vendor = next(record for page in pages for record in page.records)
    (outcome,) = _send(books, named(vendor.name or "")).outcomes
    assert isinstance(outcome, errors.DuplicateName)


@pytest.mark.parametrize("when", list(When))
def test_after_a_lost_answer_the_same_request_writes_once(
    practice: Practice, books: QuickBooksConnector, when: When
) -> None:
    practice.fail(FaultKind.DROP, when=when, path="/batch")
    elements = named("Elm Street School", "Oak Lane School")
    request = books.pack(elements, key="key-of-this-batch")
    with pytest.raises(errors.OutcomeUnknown) as lost:
        books.send(request, count=2)
    assert not lost.value.answered
    answer = books.send(request, count=2)
    assert all(isinstance(outcome, Written) for outcome in answer.outcomes)
    names = [name for name in _customers(books) if name in {"Elm Street School", "Oak Lane School"}]
    assert len(names) == 2


@pytest.mark.parametrize("kind", [FaultKind.HALF, FaultKind.MALFORMED])
def test_an_answer_that_cannot_be_read_leaves_the_outcome_unknown(
    practice: Practice, books: QuickBooksConnector, kind: FaultKind
) -> None:
    practice.fail(kind, path="/customer")
    with pytest.raises(errors.OutcomeUnknown):
        _send(books, named("Elm Street School"))
    assert "Elm Street School" in _customers(books)


def test_a_server_that_is_not_there_has_written_nothing(free_port: int) -> None:
    nowhere = connect(
        urls={"api": f"http://127.0.0.1:{free_port}"},
        tenant_id="1",
        access_token=lambda: "token-1",
        timeout=2,
        clock=lambda: NOW,
    )
    with pytest.raises(errors.Transient):
        _send(nowhere, named("Elm Street School"))


def test_a_server_that_hangs_is_left_after_the_time_allowed(practice: Practice) -> None:
    books = practice.connect(timeout=0.2)
    practice.fail(FaultKind.HANG, seconds=30.0, path="/customer")
    with pytest.raises(errors.OutcomeUnknown):
        _send(books, named("Elm Street School"))
    practice.sandbox.faults.clear()


def test_a_server_error_after_the_write_is_unknown_and_answered(practice: Practice, books: QuickBooksConnector) -> None:
    practice.fail(FaultKind.STATUS, status=500, when=When.AFTER, path="/customer")
    with pytest.raises(errors.OutcomeUnknown) as failed:
        _send(books, named("Elm Street School"))
    assert failed.value.answered
    (outcome,) = _send(books, named("Elm Street School")).outcomes
    assert isinstance(outcome, Written), "the same key replays the first answer"


def test_a_limit_names_the_rest_it_asks_for(practice: Practice, books: QuickBooksConnector) -> None:
    practice.fail(FaultKind.THROTTLE, retry_after=7)
    with pytest.raises(errors.RateLimited) as limited:
        _send(books, named("Elm Street School"))
    assert limited.value.retry_after == timedelta(seconds=7)


def test_an_access_token_that_ended_is_told_and_a_renewed_one_is_used_at_once(
    practice: Practice, books: QuickBooksConnector
) -> None:
    practice.sandbox.clock.advance(3601)
    with pytest.raises(errors.AuthorizationLost) as lost:
        books.fetch(Family.CUSTOMER, "1")
    assert lost.value.reason == "expired"
    assert practice.tokens is not None
    practice.tokens = practice.oauth().refresh(practice.tokens.refresh_token)
    assert books.fetch(Family.CUSTOMER, "1") is not None


def test_the_feed_tells_of_a_bookkeepers_edits_and_deletions_in_one_call(
    practice: Practice, books: QuickBooksConnector
) -> None:
    *_, last = books.everything(frozenset(Family))
    practice.sandbox.clock.advance(120)
    customers = _customers(books)
    amy = customers["Amy's Bird Sanctuary"]
    practice.sandbox.act("edit", {"kind": "Customer", "id": amy.remote_id, "fields": {"Notes": "called"}})
    paid = practice.sandbox.act("pay", {"invoice": _open_invoice(books), "amount": "1.00"})
    practice.sandbox.act("delete_payment", {"id": paid["Id"]})
    made = books.calls_made
    (page,) = books.changes(last.cursor)
    assert (page.calls, books.calls_made - made) == (1, 1)
    changed = {(record.family, record.remote_id): record for record in page.records}
    assert changed[Family.CUSTOMER, amy.remote_id].version != amy.version
    assert changed[Family.PAYMENT, paid["Id"]].deleted


def _open_invoice(books: QuickBooksConnector) -> str:
    pages = books.everything(frozenset({Family.INVOICE}))
    return next(r.remote_id for page in pages for r in page.records if Decimal(str(r.payload["Balance"])) > 1)


def test_a_cursor_past_the_look_back_means_reading_everything(practice: Practice, books: QuickBooksConnector) -> None:
    *_, last = books.everything(frozenset({Family.CUSTOMER}))
    practice.sandbox.clock.advance(31 * 86_400)
    with pytest.raises(errors.CursorExpired):
        list(books.changes(last.cursor))


def test_a_stale_version_writes_nothing(practice: Practice, books: QuickBooksConnector) -> None:
    amy = _customers(books)["Amy's Bird Sanctuary"]
    practice.sandbox.act("edit", {"kind": "Customer", "id": amy.remote_id, "fields": {"Notes": "called"}})
    change = element({"GivenName": "A."}, operation=Operation.UPDATE, remote_id=amy.remote_id, version=amy.version)
    (outcome,) = _send(books, [change]).outcomes
    assert isinstance(outcome, errors.StaleVersion)
    now = books.fetch(Family.CUSTOMER, amy.remote_id)
    assert now is not None
    assert now.payload["GivenName"] == "Amy"


@pytest.fixture
def context(books: QuickBooksConnector) -> MappingContext:
    """The mapping of the sample company: California's tax, the default item, terms and a payment method."""
    reference = books.reference()
    terms = next(offer.id for offer in reference.terms if offer.days == 30)
    settings = MappingSettings(
        items={"default": next(offer.id for offer in reference.items if offer.default)},
        taxes={LEVEL: "2", "none": "NON"},
        terms={"net30": terms},
        methods={"check": next(offer.id for offer in reference.methods if offer.name == "Check")},
    )
    return MappingContext(settings=settings, reference=reference)


def _element(
    record: Record,
    context: MappingContext,
    *,
    operation: Operation = Operation.CREATE,
    theirs: RemoteRecord | None = None,
    changed: frozenset[str] = frozenset(),
) -> tuple[Element, Snapshot]:
    kind = builders.kind_of(record)
    ours = MAPPERS[kind].project(record, context).snapshot
    body = MAPPERS[kind].body(operation, ours, changed=changed, theirs=theirs, context=context)
    remote_id, version = (theirs.remote_id, theirs.version) if theirs else (None, None)
    return element(dict(body), kind=kind, operation=operation, remote_id=remote_id, version=version), ours


def _tied(context: MappingContext, record: Record, remote: RemoteRecord) -> MappingContext:
    kind = builders.kind_of(record)
    customers = {**context.customers, record.id: record} if isinstance(record, Customer) else context.customers
    ids = {**context.remote_ids, Ref(kind=kind, id=record.id): remote.remote_id}
    return replace(context, remote_ids=ids, customers=customers)


def _create(books: QuickBooksConnector, record: Record, context: MappingContext) -> tuple[RemoteRecord, MappingContext]:
    """Create the record and check that what came back is what was meant."""
    one, ours = _element(record, context)
    stored = _written(books, one, f"create-{record.id}")
    theirs = MAPPERS[one.kind].read(stored, context)
    assert differences(ours=ours, theirs=theirs) == ()
    return stored, _tied(context, record, stored)


def _family() -> tuple[Customer, Customer, Invoice, Payment]:
    elm = Address(line1="1 Elm Road", line2="Unit 5", city="Leeds", region="WY", country="GB")
    client = builders.company(
        email="ap@elm.example",
        other_emails=("office@elm.example",),
        phone="(650) 253-0000",
        website="elm.example",
        vat_number="GB123456789",
        payment_terms="net30",
        tax_level_id=LEVEL,
        billing_address=elm,
        contacts=(builders.contact(first_name="Ann", last_name="Orr"),),
    )
    job = builders.job()
    lines = (
        builders.line("89.99", quantity=Decimal(3), unit_price=Decimal("33.33"), discount_percent=Decimal(10)),
        builders.line("20", description="Permit"),
    )
    invoice = builders.invoice(
        *lines,
        levels=(LEVEL, None),
        customer_id="c2",
        tax_total=Decimal("7.20"),
        total=Decimal("117.19"),
        recipients=builders.recipients("ap@elm.example", cc=("ann@elm.example",)),
        reference="PO 77",
        billing_address=elm,
    )
    payment = builders.payment("17.19", customer_id="c2", method="check", reference="CHK 12")
    return client, job, invoice, payment


def test_a_client_with_a_job_an_invoice_and_a_payment_come_back_as_they_were_meant(
    books: QuickBooksConnector, context: MappingContext
) -> None:
    client, job, invoice, payment = _family()
    context = _create(books, client, context)[1]
    there, context = _create(books, job, context)
    assert there.payload["FullyQualifiedName"] == "Elm Street School:Roof"
    stored, context = _create(books, invoice, context)
    context = _create(books, payment, context)[1]
    now = books.fetch(Family.INVOICE, stored.remote_id)
    assert now is not None
    theirs = MAPPERS[INVOICE].read(now, context)
    assert [theirs.get(name) for name in ("total", "amount_paid", "amount_due")] == ["117.19", "17.19", "100"]


def test_a_changed_billing_address_is_sent_once_and_then_agrees(
    books: QuickBooksConnector, context: MappingContext
) -> None:
    client, job, invoice, _ = _family()
    for record in (client, job):
        context = _create(books, record, context)[1]
    stored, context = _create(books, invoice, context)
    moved = structs.replace(
        invoice, billing_address=Address(line1="2 Oak Lane", city="York", postal_code="YO1 1AA", country="GB")
    )
    ours = MAPPERS[INVOICE].project(moved, context).snapshot
    changed = differences(ours=ours, theirs=MAPPERS[INVOICE].read(stored, context))
    assert changed == ("bill_to",)
    one, _ = _element(moved, context, operation=Operation.UPDATE, theirs=stored, changed=frozenset(changed))
    stored = _written(books, one, "update-1")
    assert "City" not in stored.payload["BillAddr"], "the sandbox lets it flow into free lines"
    assert differences(ours=ours, theirs=MAPPERS[INVOICE].read(stored, context)) == ()


def test_archiving_frees_the_name_and_restoring_takes_the_suffix_off(
    books: QuickBooksConnector, context: MappingContext
) -> None:
    record = builders.company()
    stored, context = _create(books, record, context)
    gone = structs.replace(record, archived=True)
    one, ours = _element(gone, context, operation=Operation.ARCHIVE, theirs=stored)
    stored = _written(books, one, "archive-1")
    assert (stored.active, stored.name) == (False, "Elm Street School (deleted)")
    theirs = MAPPERS[CUSTOMER].read(stored, context)
    assert (theirs.active, differences(ours=ours, theirs=theirs)) == (False, ())
    one, ours = _element(record, context, operation=Operation.RESTORE, theirs=stored)
    stored = _written(books, one, "restore-1")
    assert (stored.active, stored.name) == (True, "Elm Street School")


def test_an_invoice_is_voided_and_a_payment_voided_or_deleted(
    books: QuickBooksConnector, context: MappingContext
) -> None:
    client, job, invoice, payment = _family()
    for record in (client, job):
        context = _create(books, record, context)[1]
    stored, context = _create(books, invoice, context)
    paid, context = _create(books, payment, context)
    other, _ = _create(books, structs.replace(payment, id="y2", amount=Decimal(5)), context)
    one, ours = _element(structs.replace(payment, removed=True), context, operation=Operation.VOID, theirs=paid)
    voided = _written(books, one, "void-payment")
    assert not voided.active
    assert differences(ours=ours, theirs=MAPPERS[PAYMENT].read(voided, context)) == ()
    deleted = element(kind=PAYMENT, operation=Operation.DELETE, remote_id=other.remote_id, version=other.version)
    assert _written(books, deleted, "delete-payment").deleted
    assert books.fetch(Family.PAYMENT, other.remote_id) is None
    now = books.fetch(Family.INVOICE, stored.remote_id)
    assert now is not None
    void = structs.replace(invoice, status=InvoiceStatus.VOIDED)
    one, ours = _element(void, context, operation=Operation.VOID, theirs=now)
    stored = _written(books, one, "void-invoice")
    theirs = MAPPERS[INVOICE].read(stored, context)
    assert theirs.get("status") == "voided"
    assert differences(ours=ours, theirs=theirs) == ()


def test_closed_books_refuse_the_document_and_say_so(
    practice: Practice, books: QuickBooksConnector, context: MappingContext
) -> None:
    client, job, invoice, _ = _family()
    for record in (client, job):
        context = _create(books, record, context)[1]
    practice.sandbox.act("close_books", {"to": "2026-12-31"})
    (outcome,) = _send(books, [_element(invoice, context)[0]]).outcomes
    assert isinstance(outcome, errors.ClosedPeriod)
    assert books.reference().company.lock_date == date(2026, 12, 31)


def test_an_ended_subscription_breaks_the_connection(practice: Practice, books: QuickBooksConnector) -> None:
    practice.sandbox.act("set_company", {"settings": {"subscribed": False}})
    with pytest.raises(errors.SubscriptionEnded):
        _send(books, named("Elm Street School"))
    with pytest.raises(errors.SubscriptionEnded):
        _send(books, named("Elm Street School", "Oak Lane School"), "key-2")


def test_prices_that_include_tax_agree_to_the_cent_elsewhere(
    other_practice: Callable[[SandboxOptions], Practice],
) -> None:
    options = SandboxOptions.unlimited(books=("empty",), country="GB")
    books = other_practice(options).connect()
    reference = books.reference()
    assert not reference.company.flags["us_tax"]
    standard = next(offer for offer in reference.taxes if offer.rate_percent == Decimal(20))
    item = next(offer.id for offer in reference.items if offer.sales)
    settings = MappingSettings(items={"default": item}, taxes={LEVEL: standard.id})
    context = MappingContext(settings=settings, reference=reference)
    currency = reference.company.base_currency or ""
    client = builders.company(currency=currency)
    context = _create(books, client, context)[1]
    line = builders.line("120", quantity=Decimal(7), unit_price=Decimal("17.1429"))
    totals: dict[str, Any] = {"subtotal": Decimal(100), "tax_total": Decimal(20), "total": Decimal(120)}
    _create(books, builders.invoice(line, levels=(LEVEL,), currency=currency, tax_inclusive=True, **totals), context)


def test_automated_sales_tax_is_reckoned_there_and_ours_is_not_sent(
    other_practice: Callable[[SandboxOptions], Practice],
) -> None:
    books = other_practice(SandboxOptions.unlimited(books=("empty",), automated_sales_tax=True)).connect()
    reference = books.reference()
    assert reference.company.flags["ast"]
    item = next(offer.id for offer in reference.items if offer.sales)
    settings = MappingSettings(items={"default": item}, taxes={LEVEL: "TAX"})
    context = MappingContext(settings=settings, reference=reference)
    context = _create(books, builders.company(), context)[1]
    record = builders.invoice(levels=(LEVEL,), tax_total=Decimal("8.13"), total=Decimal("108.13"))
    stored = _written(books, _element(record, context)[0], "create-invoice")
    context = _tied(context, record, stored)
    later = structs.replace(record, due_date=date(2027, 1, 31))
    one, ours = _element(later, context, operation=Operation.UPDATE, theirs=stored, changed=frozenset({"due_date"}))
    theirs = MAPPERS[INVOICE].read(_written(books, one, "update-1"), context)
    assert differences(ours=ours, theirs=theirs) == ("amount_due", "total")
