"""Connector and mappers together over real HTTP, against the stand-in Xero."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from sandbox.common.clock import Clock
from sandbox.common.server import Running, running
from sandbox.xero import GRANULAR_SCOPES, SandboxOptions, create_sandbox
from service.connectors import xero
from service.core.errors import AuthorizationLost, ConnectorError, DuplicateName, OutcomeUnknown, RateLimited, Rejected
from service.core.intent import Operation
from service.core.model import Address, Invoice, InvoiceStatus, SendTo
from service.core.ports import (
    Answer,
    Element,
    EntityKind,
    Family,
    Grant,
    MappingContext,
    Record,
    Ref,
    RemoteRecord,
    Written,
)
from service.core.snapshot import Snapshot, differences
from service.mapping.settings import suggest
from service.mapping.xero import MAPPERS
from tests.mapping.xero.builders import customer, invoice, job, line, payment, person

START = datetime(2026, 11, 22, 1, tzinfo=UTC)
CALLBACK = "http://localhost:8000/oauth/xero/callback"
CUSTOMER, CONTACT, INVOICE, PAYMENT = EntityKind.CUSTOMER, EntityKind.CONTACT, EntityKind.INVOICE, EntityKind.PAYMENT
FAMILIES = frozenset({Family.CUSTOMER, Family.INVOICE, Family.PAYMENT})


@dataclass
class Books:
    """A signed-in connection to an organisation of the sandbox, and the mappers' context that it gives."""

    server: Running
    grant: Grant
    connector: xero.XeroConnector
    context: MappingContext
    keys: int = 0
    remote_ids: dict[Ref, str] = field(default_factory=dict)

    def elements(self, operation: Operation, *records: Record, kind: EntityKind = CUSTOMER) -> list[Element]:
        """Each record as a create, or as an update of everything that differs from what is there now."""
        made = []
        for record in records:
            ours = self.project(record, kind)
            ref = Ref(kind=kind, id=record.id)
            theirs = None if operation is Operation.CREATE else self.there(ref)
            changed = frozenset(ours.fields)
            if theirs is not None:
                changed = frozenset(differences(ours=ours, theirs=self.read(theirs, kind)))
            body = MAPPERS[kind].body(operation, ours, changed=changed, theirs=theirs, context=self.context)
            made.append(Element(kind=kind, operation=operation, body=body, remote_id=self.remote_ids.get(ref)))
        return made

    def send(self, *elements: Element, key: str | None = None) -> Answer:
        self.keys += 1
        request = self.connector.pack(elements, key=key or f"key-{self.keys}")
        return self.connector.send(request, count=len(elements))

    def create(self, *records: Record, kind: EntityKind = CUSTOMER) -> list[RemoteRecord]:
        """Create all; each must be taken, and read back as what was meant."""
        outcomes = self.send(*self.elements(Operation.CREATE, *records, kind=kind)).outcomes
        written = []
        for record, outcome in zip(records, outcomes, strict=True):
            assert isinstance(outcome, Written), outcome
            self.remote_ids[Ref(kind=kind, id=record.id)] = outcome.record.remote_id
            assert self.apart(record, outcome.record, kind) == ()
            written.append(outcome.record)
        return written

    def update(self, record: Record, kind: EntityKind = CUSTOMER, operation: Operation = Operation.UPDATE) -> Any:
        (outcome,) = self.send(*self.elements(operation, record, kind=kind)).outcomes
        return outcome.record if isinstance(outcome, Written) else outcome

    def there(self, ref: Ref) -> RemoteRecord:
        found = self.connector.fetch(Family.CUSTOMER if ref.kind is CONTACT else Family(ref.kind), self.remote_ids[ref])
        assert found is not None
        return found

    def project(self, record: Record, kind: EntityKind) -> Snapshot:
        self.context = replace(self.context, remote_ids=dict(self.remote_ids))
        return MAPPERS[kind].project(record, self.context).snapshot

    def read(self, remote: RemoteRecord, kind: EntityKind = CUSTOMER) -> Snapshot:
        return MAPPERS[kind].read(remote, self.context)

    def apart(self, record: Record, remote: RemoteRecord, kind: EntityKind) -> tuple[str, ...]:
        """Names of fields on which the two differ; the amounts are the package's to compute."""
        ours, theirs = self.project(record, kind), self.read(remote, kind)
        amounts = {"subtotal", "tax_total", "total", "amount_due", "amount_paid"}
        return tuple(sorted(set(differences(ours=ours, theirs=theirs)) - amounts))

    def fault(self, **rule: Any) -> None:
        url = f"{self.server.url}/_sandbox/faults"
        requests.post(url, json=rule, timeout=5).raise_for_status()

    def bookkeeper(self, action: str, **arguments: Any) -> None:
        url = f"{self.server.url}/_sandbox/bookkeeper"
        requests.post(url, json={"action": action, **arguments}, timeout=5).raise_for_status()


def _oauth(server: Running) -> xero.XeroOAuth:
    said = server.settings
    return xero.oauth(
        client_id=said["TIEOUT_XERO_CLIENT_ID"],
        client_secret=said["TIEOUT_XERO_CLIENT_SECRET"],
        scopes=GRANULAR_SCOPES.split(),
        urls=_urls(server),
        timeout=5,
        clock=server.sandbox.clock,
    )


def _urls(server: Running) -> dict[str, str]:
    return {name: server.settings[f"TIEOUT_XERO_{name.upper()}_URL"] for name in ("login", "identity", "api")}


def _sign_in(server: Running) -> Grant:
    consent = _oauth(server)
    page = consent.authorize_url(state="s-1", redirect_uri=CALLBACK, code_challenge=None)
    answer = requests.get(page, allow_redirects=False, timeout=5)
    callback = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert callback["state"] == "s-1"
    return consent.exchange(code=callback["code"], redirect_uri=CALLBACK, code_verifier=None, callback=callback)


def _connect(server: Running, tokens: Callable[[], str], tenant_id: str, timeout: float = 5) -> xero.XeroConnector:
    return xero.connect(
        urls=_urls(server), tenant_id=tenant_id, access_token=tokens, timeout=timeout, clock=server.sandbox.clock,
        sleep=lambda _: None,
    )  # fmt: skip


def _open(server: Running) -> Books:
    grant = _sign_in(server)
    connector = _connect(server, lambda: grant.tokens.access_token, grant.tenants[0].tenant_id)
    reference = connector.reference()
    settings = suggest(reference, used=())
    settings = replace(settings, taxes={**settings.taxes, "vat": "OUTPUT2"})
    return Books(server, grant, connector, MappingContext(settings=settings, reference=reference))


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    options = replace(SandboxOptions.unlimited(), books=("empty",), auto_consent=True, clock=Clock(START))
    with running(create_sandbox(options)) as started:
        yield started


@pytest.fixture
def books(server: Running) -> Iterator[Books]:
    server.sandbox.faults.clear()
    server.sandbox.clock.freeze(START)
    server.sandbox.reset()
    server.sandbox.log.clear()
    opened = _open(server)
    yield opened
    opened.connector.close()


FULL = customer(
    number="C-1", email="billing@acme.example", phone="09 496 0001", mobile="+44 7700 900123", vat_number="123-456",
    currency="EUR", tax_level_id="vat", payment_terms="eom20",
    billing_address=Address(line1="4 Elm Street", line2="Back", city="Leeds", postal_code="LS1", country="GB"),
    shipping_address=Address(line1="Dock 4", city="Abidjan", country="CI"),
    contacts=(
        person("p1", first_name="Ida", last_name="Moss", email="billing@acme.example", primary=True),
        person("p2", first_name="Bo", last_name="Ek", email="bo@acme.example", invoice_email=SendTo.TO),
        person("p3", first_name="小林", email=None),
    ),
)  # fmt: skip


# --- the ordinary run -------------------------------------------------------------------------------------------------


def test_what_is_created_reads_back_as_it_was_meant(books: Books) -> None:
    roof = job("Roof", FULL)
    books.context = replace(
        books.context,
        customers={FULL.id: FULL, roof.id: roof},
        references={Ref(kind=CUSTOMER, id=FULL.id): "tieout-1"},
    )
    created = books.create(FULL, roof, customer(id="c3", name="Тест 東京 Ünï"))
    assert [record.name for record in created] == ["Acme", "Acme:Roof", "Тест 東京 Ünï"]
    assert created[0].reference == "tieout-1"
    for record, entity in ((FULL, created[0]), (roof, created[1])):
        whole = books.connector.fetch(Family.CUSTOMER, entity.remote_id)
        assert whole is not None
        assert books.apart(record, whole, CUSTOMER) == ()


def test_an_edit_sends_what_changed_and_leaves_what_a_bookkeeper_added(books: Books) -> None:
    books.create(FULL)
    books.bookkeeper("edit_contact", contact="Acme", fields={"Phones": [{"PhoneType": "DDI", "PhoneNumber": "77"}]})
    moved = replace(FULL, email="new@acme.example", phone=None, shipping_address=None, contacts=FULL.contacts[:1])
    after = books.update(moved)
    assert books.apart(moved, after, CUSTOMER) == ()
    ddi = [phone for phone in after.payload["Phones"] if phone["PhoneType"] == "DDI"]
    assert ddi[0]["PhoneNumber"] == "77"
    assert books.elements(Operation.UPDATE, moved)[0].body == {}


def test_one_bad_element_fails_alone(books: Books) -> None:
    books.create(customer(id="c1", name="Taken"))
    good, bad, last = customer(id="c2", name="Good"), customer(id="c3", name="TAKEN"), customer(id="c4", name="Last")
    outcomes = books.send(*books.elements(Operation.CREATE, good, bad, last)).outcomes
    assert [type(outcome).__name__ for outcome in outcomes] == ["Written", "DuplicateName", "Written"]
    assert isinstance(outcomes[1], DuplicateName)
    assert outcomes[1].request_id is None or outcomes[1].request_id


def test_fifty_contacts_are_one_call(books: Books) -> None:
    before = books.connector.calls_made
    books.create(*(customer(id=f"c{n}", name=f"Customer {n}") for n in range(50)))
    assert books.connector.calls_made == before + 1
    assert len(books.server.sandbox.log.writes) == 1


def test_invoices_and_payments_go_over_and_come_back(books: Books) -> None:
    books.create(FULL)
    bill = invoice(
        line("Roof\nworks", quantity=Decimal("2.5"), unit_price=Decimal("10.1234"), discount_percent=Decimal(10)),
        line("Permit", unit_price=Decimal("99.99")),
        currency="EUR", reference="PO 7", line_tax_levels=("vat", None), total=Decimal("126.19"),
    )  # fmt: skip
    (created,) = books.create(bill, kind=INVOICE)
    assert books.read(created, INVOICE).get("total") == "126.19"
    assert created.payload["LineItems"][0]["UnitAmount"] == "10.1234"
    money = payment(amount=Decimal("26.19"), reference="cheque 7")
    (paid,) = books.create(money, kind=PAYMENT)
    now = books.read(books.there(Ref(kind=INVOICE, id="i1")), INVOICE)
    assert (now.get("amount_paid"), now.get("amount_due"), now.get("status")) == ("26.19", "100", "approved")
    (taken_back,) = books.send(
        Element(kind=PAYMENT, operation=Operation.DELETE, body={"Status": "DELETED"}, remote_id=paid.remote_id)
    ).outcomes
    assert isinstance(taken_back, Written)
    assert taken_back.record.deleted


def test_an_edited_invoice_keeps_its_lines_ids(books: Books) -> None:
    books.create(FULL)
    bill = invoice(line("A"), line("B"), currency="EUR")
    (created,) = books.create(bill, kind=INVOICE)
    after = books.update(replace(bill, lines=(line("B"), line("C", quantity=Decimal(3))), reference="PO 8"), INVOICE)
    ids = [entry["LineItemID"] for entry in created.payload["LineItems"]]
    assert after.payload["LineItems"][0]["LineItemID"] == ids[1]
    assert [entry["Description"] for entry in after.payload["LineItems"]] == ["B", "C"]


def test_a_voided_invoice_is_voided_there(books: Books) -> None:
    books.create(FULL)
    bill = invoice(currency="EUR")
    books.create(bill, kind=INVOICE)
    voided = replace(bill, status=InvoiceStatus.VOIDED)
    after = books.update(voided, INVOICE, Operation.VOID)
    assert (after.active, books.read(after, INVOICE).get("status")) == (False, "voided")
    refused = books.update(bill, INVOICE)
    assert type(refused).__name__ == "NotAllowedNow"


# --- the change feed --------------------------------------------------------------------------------------------------


def test_the_feed_tells_what_changed_and_nothing_else(books: Books) -> None:
    books.create(FULL, customer(id="c2", name="Quiet"))
    cursor = list(books.connector.everything(FAMILIES))[-1].cursor
    books.server.sandbox.clock.advance(60)
    before = books.connector.calls_made
    cursor = list(books.connector.changes(cursor))[-1].cursor
    assert books.connector.calls_made == before + 3
    books.bookkeeper("edit_contact", contact="Acme", fields={"EmailAddress": "desk@acme.example"})
    books.bookkeeper("archive_contact", contact="Quiet")
    pages = list(books.connector.changes(cursor))
    found = {record.name: record for page in pages for record in page.records}
    assert set(found) == {"Acme", "Quiet"}
    assert (found["Acme"].email, found["Quiet"].active) == ("desk@acme.example", False)
    assert books.read(found["Acme"]).get("people") == books.project(FULL, CUSTOMER).get("people")


def test_many_pages_are_read_to_the_end(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    few = replace(xero.CAPABILITIES, page_size=7)
    monkeypatch.setattr("service.connectors.xero.feed.CAPABILITIES", few)
    books.create(*(customer(id=f"c{n}", name=f"Customer {n:02}") for n in range(30)))
    pages = list(books.connector.everything(frozenset({Family.CUSTOMER})))
    assert sorted(record.name or "" for page in pages for record in page.records) == [
        f"Customer {n:02}" for n in range(30)
    ]
    assert len(pages) == 5


# --- doubt ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "landed"),
    [
        ({"kind": "drop", "when": "before"}, False),
        ({"kind": "drop", "when": "after"}, True),
        ({"kind": "half"}, True),
        ({"kind": "malformed"}, True),
    ],
)
def test_after_silence_the_feed_tells_what_landed_and_the_same_key_writes_once(
    books: Books, fault: dict[str, Any], landed: bool
) -> None:
    cursor = list(books.connector.everything(FAMILIES))[-1].cursor
    books.fault(**fault, method="PUT", path="/Contacts")
    elements = books.elements(Operation.CREATE, FULL)
    with pytest.raises(OutcomeUnknown) as caught:
        books.send(*elements, key="same")
    assert caught.value.answered is False
    found = [record.name for page in books.connector.changes(cursor) for record in page.records]
    assert found == (["Acme"] if landed else [])
    (outcome,) = books.send(*elements, key="same").outcomes
    assert isinstance(outcome, Written)
    everyone = [record.name for page in books.connector.everything(FAMILIES) for record in page.records]
    assert everyone == ["Acme"]


def test_a_server_error_on_a_write_is_an_answer_that_settles_nothing(books: Books) -> None:
    books.fault(kind="status", status=503, method="PUT", path="/Contacts")
    with pytest.raises(OutcomeUnknown) as caught:
        books.send(*books.elements(Operation.CREATE, FULL))
    assert caught.value.answered is True


def test_a_limit_stops_at_once_and_says_how_long(books: Books) -> None:
    books.fault(kind="throttle", retry_after=42, path="/Contacts", count=None)
    with pytest.raises(RateLimited) as write:
        books.send(*books.elements(Operation.CREATE, FULL))
    with pytest.raises(RateLimited) as read:
        list(books.connector.everything(FAMILIES))
    assert write.value.retry_after == read.value.retry_after == timedelta(seconds=42)


def test_the_limits_that_are_left_are_told() -> None:
    options = replace(SandboxOptions(), books=("empty",), auto_consent=True, clock=Clock(START))
    with running(create_sandbox(options)) as strict:
        books = _open(strict)
        assert books.connector.remaining.minute == 60 - books.connector.calls_made
        assert books.connector.remaining.day == 5000 - books.connector.calls_made
        for _ in range(books.connector.remaining.minute or 0):
            books.connector.fetch(Family.CUSTOMER, "nobody")
        with pytest.raises(RateLimited) as caught:
            books.connector.fetch(Family.CUSTOMER, "nobody")
        assert caught.value.provider_code == "minute"
        assert caught.value.retry_after is not None
        books.connector.close()


# --- permission -------------------------------------------------------------------------------------------------------


def test_an_expired_token_is_told_and_a_refreshed_one_is_used_at_once(books: Books) -> None:
    tokens = [books.grant.tokens]
    connector = _connect(books.server, lambda: tokens[-1].access_token, books.grant.tenants[0].tenant_id)
    books.server.sandbox.clock.advance(31 * 60)
    request = connector.pack(books.elements(Operation.CREATE, FULL), key="k")
    with pytest.raises(AuthorizationLost) as caught:
        connector.send(request, count=1)
    assert caught.value.reason == "expired"
    tokens.append(_oauth(books.server).refresh(tokens[0].refresh_token))
    assert isinstance(connector.send(request, count=1).outcomes[0], Written)
    connector.close()


def test_a_tie_cut_at_xero_is_told_and_one_cut_here_is_gone_there(books: Books) -> None:
    (tenant,) = books.grant.tenants
    _oauth(books.server).revoke(books.grant.tokens, connection_ref=tenant.connection_ref)
    with pytest.raises(AuthorizationLost) as caught:
        books.connector.reference()
    assert caught.value.reason == "disconnected"
    _oauth(books.server).revoke(books.grant.tokens, connection_ref=tenant.connection_ref)


def test_a_revoked_consent_cannot_be_refreshed(books: Books) -> None:
    _oauth(books.server).revoke(books.grant.tokens, connection_ref=None)
    with pytest.raises(AuthorizationLost) as caught:
        _oauth(books.server).refresh(books.grant.tokens.refresh_token)
    assert caught.value.reason == "revoked"


# --- what a person has to decide --------------------------------------------------------------------------------------


def _code(outcome: Any) -> str:
    assert isinstance(outcome, Rejected), outcome
    return outcome.code


def test_an_archived_contact_is_refused_as_such_for_edits_and_invoices(books: Books) -> None:
    books.create(FULL)
    archived = books.update(FULL, operation=Operation.ARCHIVE)
    assert archived.active is False
    assert _code(books.update(replace(FULL, email="x@acme.example"))) == "archived_there"
    (outcome,) = books.send(*books.elements(Operation.CREATE, invoice(currency="EUR"), kind=INVOICE)).outcomes
    assert _code(outcome) == "archived_there"
    assert isinstance(outcome, Rejected)
    assert outcome.field == "customer"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"number": "INV-1"}, "duplicate_number"),
        ({"issue_date": datetime(2019, 1, 1, tzinfo=UTC).date()}, "closed_period"),
    ],
)
def test_refused_invoices_say_why(books: Books, changed: dict[str, Any], code: str) -> None:
    books.create(FULL)
    books.create(invoice(number="INV-1", currency="EUR"), kind=INVOICE)
    books.bookkeeper("lock", period="2020-01-01")
    record: Invoice = replace(invoice(id="i2", number="INV-2", currency="EUR"), **changed)
    (outcome,) = books.send(*books.elements(Operation.CREATE, record, kind=INVOICE)).outcomes
    assert _code(outcome) == code


def test_an_overpayment_is_not_allowed_now(books: Books) -> None:
    books.create(FULL)
    books.create(invoice(currency="EUR"), kind=INVOICE)
    (outcome,) = books.send(*books.elements(Operation.CREATE, payment(amount=Decimal(1000)), kind=PAYMENT)).outcomes
    assert _code(outcome) == "not_allowed_now"


def test_an_entity_that_is_gone_is_not_found(books: Books) -> None:
    nobody = "99999999-0000-4000-8000-000000000000"
    element = Element(kind=CUSTOMER, operation=Operation.UPDATE, body={"Name": "X"}, remote_id=nobody)
    (outcome,) = books.send(element).outcomes
    assert _code(outcome) == "not_found"
    assert books.connector.fetch(Family.CUSTOMER, nobody) is None
    gone = Element(kind=PAYMENT, operation=Operation.DELETE, body={"Status": "DELETED"}, remote_id="nobody")
    with pytest.raises(ConnectorError) as caught:
        books.send(gone)
    assert caught.value.code == "not_found"
