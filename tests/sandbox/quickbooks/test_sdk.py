"""The official SDKs driven against the sandbox, as a sanity check of its protocol."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from quickbooks import QuickBooks
from quickbooks.batch import batch_create
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import ObjectNotFoundException, QuickbooksException
from quickbooks.objects import CompanyInfo, Customer, Invoice, Item, Payment, PaymentLine, SalesItemLine
from quickbooks.objects.base import LinkedTxn, Ref
from quickbooks.objects.detailline import SalesItemLineDetail

from tests.sandbox.quickbooks.client import REDIRECT, Client, callback


class _Session(requests.Session):
    """What the SDK needs of a session: it reads ``access_token`` and sends no header of its own."""

    def __init__(self, access_token: str) -> None:
        super().__init__()
        self.access_token = access_token
        self.headers["Authorization"] = f"Bearer {access_token}"


@pytest.fixture
def sdk(qbo: Client) -> Any:
    """python-quickbooks, signed in by intuit-oauth."""
    qbo.sandbox.auto_consent = True
    auth = AuthClient(
        qbo.sandbox.options.client_id,
        qbo.sandbox.options.client_secret,
        REDIRECT,
        f"{qbo.url}/.well-known/openid_sandbox_configuration/",
    )
    asked = auth.get_authorization_url([Scopes.ACCOUNTING], state_token="s")
    told = callback(requests.get(asked, allow_redirects=False, timeout=5))
    auth.get_bearer_token(told["code"], realm_id=told["realmId"])
    auth.refresh()
    client = QuickBooks(company_id=told["realmId"], minorversion=75)
    client.api_url_v3 = client.sandbox_api_url_v3 = f"{qbo.url}/v3"
    client.session = _Session(auth.access_token)
    return client


def test_customers_are_created_read_changed_and_found(sdk: Any) -> None:
    customer = Customer()
    customer.DisplayName = "O'Brien \u00e9"
    customer.save(qb=sdk)
    assert customer.Id
    again = Customer.get(customer.Id, qb=sdk)
    again.Notes = "by the SDK"
    again.save(qb=sdk)
    (found,) = Customer.filter(DisplayName="O'Brien \u00e9", qb=sdk)
    assert (found.Notes, found.SyncToken) == ("by the SDK", "1")
    assert len(Customer.all(max_results=1000, qb=sdk)) == 30
    assert Customer.count(qb=sdk) == 30


def test_an_invoice_is_made_paid_and_voided(sdk: Any) -> None:
    customer = Customer.get(1, qb=sdk)
    line = SalesItemLine()
    line.Amount = 100
    line.SalesItemLineDetail = SalesItemLineDetail()
    line.SalesItemLineDetail.ItemRef = Item.get(3, qb=sdk).to_ref()
    invoice = Invoice()
    invoice.CustomerRef = customer.to_ref()
    invoice.Line.append(line)
    invoice = invoice.save(qb=sdk)
    assert invoice.TotalAmt == 100
    payment = Payment()
    payment.TotalAmt = 100
    payment.CustomerRef = customer.to_ref()
    paid = PaymentLine()
    paid.Amount = 100
    linked = LinkedTxn()
    linked.TxnId, linked.TxnType = invoice.Id, "Invoice"
    paid.LinkedTxn.append(linked)
    payment.Line.append(paid)
    payment = payment.save(qb=sdk)
    assert Invoice.get(invoice.Id, qb=sdk).Balance == 0
    payment.void(qb=sdk)
    assert Invoice.get(invoice.Id, qb=sdk).Balance == 100
    sent = Invoice.get(invoice.Id, qb=sdk)
    sent.send(qb=sdk, send_to="a+b@c.example")
    sent = Invoice.get(invoice.Id, qb=sdk)
    assert (sent.EmailStatus, sent.BillEmail.Address) == ("EmailSent", "a+b@c.example")
    assert sent.download_pdf(qb=sdk).startswith(b"%PDF")
    sent.void(qb=sdk)
    gone = Invoice.get(invoice.Id, qb=sdk)
    gone.delete(qb=sdk)
    with pytest.raises(ObjectNotFoundException):
        Invoice.get(invoice.Id, qb=sdk)


def test_faults_reach_the_caller(sdk: Any) -> None:
    customer = Customer()
    customer.DisplayName = "EDD"
    with pytest.raises(QuickbooksException) as refused:
        customer.save(qb=sdk)
    assert refused.value.error_code == 6240


def test_batches_changes_and_company(sdk: Any) -> None:
    rows = []
    for name in ("Fine", "EDD"):
        row = Customer()
        row.DisplayName = name
        row.CurrencyRef = Ref()
        row.CurrencyRef.value = "USD"
        rows.append(row)
    result = batch_create(rows, qb=sdk)
    assert (len(result.successes), len(result.faults)) == (1, 1)
    changes = change_data_capture([Customer, Invoice], "2030-01-01T00:00:00-08:00", qb=sdk)
    assert not hasattr(changes, "Customer")
    assert CompanyInfo.get(sdk.company_id, qb=sdk).CompanyName == "Craig's Design and Landscaping Services"
