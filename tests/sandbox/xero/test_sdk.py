"""Xero's own Python library driven against the sandbox: what it sends is taken, what it gets it can read."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from xero_python.accounting import AccountingApi, Contact, ContactPerson, Contacts, Invoice, Invoices, LineItem, Phone
from xero_python.api_client import ApiClient, Configuration
from xero_python.api_client.oauth2 import OAuth2Token
from xero_python.exceptions import AccountingBadRequestException
from xero_python.identity import IdentityApi

from tests.sandbox.xero.caller import Caller


@pytest.fixture
def client(caller: Caller) -> Any:
    configuration = Configuration()
    configuration.oauth2_token = OAuth2Token(client_id="x", client_secret="x")
    token = {name: caller.tokens[name] for name in ("access_token", "scope", "expires_in", "token_type")}
    made = ApiClient(configuration, oauth2_token_getter=lambda: token, oauth2_token_saver=lambda _: None)
    made.rest_client.pool_manager.connection_pool_kw["retries"] = False
    yield made
    made.rest_client.pool_manager.clear()


@pytest.fixture
def accounting(client: Any, caller: Caller) -> Any:
    return AccountingApi(client, base_url=f"{caller.server.url}/api.xro/2.0")


def test_the_library_finds_the_connection(client: Any, caller: Caller) -> None:
    (found,) = IdentityApi(client, base_url=caller.server.url).get_connections()
    assert (found.tenant_id, found.tenant_type) == (caller.tenant_id, "ORGANISATION")


def test_the_library_creates_lists_and_updates_contacts(accounting: Any, caller: Caller) -> None:
    phone = Phone(phone_type="DEFAULT", phone_number="555")
    wanted = [
        Contact(name="Acme", email_address="a@b.example", contact_persons=[ContactPerson("Ann")], phones=[phone]),
        Contact(name="acme"),
    ]
    made = accounting.create_contacts(
        caller.tenant_id, Contacts(contacts=wanted), summarize_errors=False, idempotency_key="k1"
    )
    good, bad = made.contacts
    assert (good.name, bad.has_validation_errors) == ("Acme", True)
    accounting.update_contact(
        caller.tenant_id, good.contact_id, Contacts(contacts=[Contact(contact_persons=[ContactPerson()])])
    )
    listed = accounting.get_contacts(caller.tenant_id, page=1, page_size=1000)
    assert (listed.pagination.item_count, listed.contacts[0].contact_persons) == (1, [])
    with pytest.raises(AccountingBadRequestException) as refused:
        accounting.create_contacts(caller.tenant_id, Contacts(contacts=[Contact(name="ACME")]))
    assert "already assigned" in refused.value.reason


def test_the_library_writes_and_reads_invoices(accounting: Any, caller: Caller) -> None:
    contact = caller.contact()
    invoice = Invoice(
        type="ACCREC",
        contact=Contact(contact_id=contact["ContactID"]),
        date=date(2026, 11, 2),
        due_date=date(2026, 11, 22),
        status="AUTHORISED",
        line_items=[LineItem(description="Work", quantity=1, unit_amount=100, account_code="200")],
    )
    (made,) = accounting.create_invoices(caller.tenant_id, Invoices(invoices=[invoice])).invoices
    assert (str(made.total), made.date, made.status) == ("115.0", date(2026, 11, 2), "AUTHORISED")
    (read,) = accounting.get_invoices(caller.tenant_id, page=1).invoices
    assert (read.invoice_number, read.line_items[0].tax_type) == ("INV-0001", "OUTPUT2")
    assert accounting.get_organisations(caller.tenant_id).organisations[0].base_currency.value == "NZD"
    assert accounting.get_tax_rates(caller.tenant_id).tax_rates[0].tax_type == "OUTPUT2"
    assert accounting.get_accounts(caller.tenant_id).accounts[0].code == "090"
