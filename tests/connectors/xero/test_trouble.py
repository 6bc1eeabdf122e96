"""The connector over real HTTP when things go wrong: doubt, limits, permission, refusals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from sandbox.common.clock import Clock
from sandbox.common.server import running
from sandbox.xero import SandboxOptions, create_sandbox
from service.core.errors import AuthorizationLost, OutcomeUnknown, RateLimited, Rejected
from service.core.intent import Operation
from service.core.model import Invoice
from service.core.ports import (
    Element,
    Family,
    Written,
)
from tests.connectors.xero.books import (
    CUSTOMER,
    FAMILIES,
    FULL,
    INVOICE,
    PAYMENT,
    START,
    Books,
    connect_to,
    oauth_of,
    open_books,
)
from tests.mapping.xero.builders import invoice, payment

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
        books = open_books(strict)
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
    connector = connect_to(books.server, lambda: tokens[-1].access_token, books.grant.tenants[0].tenant_id)
    books.server.sandbox.clock.advance(31 * 60)
    request = connector.pack(books.elements(Operation.CREATE, FULL), key="k")
    with pytest.raises(AuthorizationLost) as caught:
        connector.send(request, count=1)
    assert caught.value.reason == "expired"
    tokens.append(oauth_of(books.server).refresh(tokens[0].refresh_token))
    assert isinstance(connector.send(request, count=1).outcomes[0], Written)
    connector.close()


def test_a_tie_cut_at_xero_is_told_and_one_cut_here_is_gone_there(books: Books) -> None:
    (tenant,) = books.grant.tenants
    oauth_of(books.server).revoke(books.grant.tokens, connection_ref=tenant.connection_ref)
    with pytest.raises(AuthorizationLost) as caught:
        books.connector.reference()
    assert caught.value.reason == "disconnected"
    oauth_of(books.server).revoke(books.grant.tokens, connection_ref=tenant.connection_ref)


def test_a_revoked_consent_cannot_be_refreshed(books: Books) -> None:
    oauth_of(books.server).revoke(books.grant.tokens, connection_ref=None)
    with pytest.raises(AuthorizationLost) as caught:
        oauth_of(books.server).refresh(books.grant.tokens.refresh_token)
    assert caught.value.reason == "revoked"


# --- what a person has to decide --------------------------------------------------------------------------------------


def _code(outcome: Any) -> str:
    assert isinstance(outcome, Rejected), outcome
    return outcome.code


def test_an_archived_contact_is_refused_as_such_for_edits_and_invoices(books: Books) -> None:
    books.create(FULL)
    archived = books.update(FULL, operation=Operation.ARCHIVE)
    assert archived.active is False
    assert _code(books.update(structs.replace(FULL, email="x@acme.example"))) == "archived_there"
    (outcome,) = books.send(*books.elements(Operation.CREATE, invoice(currency="EUR"), kind=INVOICE)).outcomes
    assert _code(outcome) == "parent_archived"
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
    record: Invoice = structs.replace(invoice(id="i2", number="INV-2", currency="EUR"), **changed)
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
    (outcome,) = books.send(gone).outcomes
    assert _code(outcome) == "not_found"
