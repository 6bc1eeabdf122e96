"""The company's lists, normalised."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from service.connectors.quickbooks.connector import QuickBooksConnector
from service.core.errors import AuthorizationLost
from service.core.ports import Reference
from tests.connectors.quickbooks.conftest import ROOT, recorded


@pytest.fixture
def british(recorded_connector: QuickBooksConnector, answers: responses.RequestsMock) -> Reference:
    rows: dict[str, Any] = {}
    for item in json.loads(recorded("reference_uk.json"))["BatchItemResponse"]:
        rows |= item["QueryResponse"]
    _serve(answers, rows)
    reference = recorded_connector.reference()
    assert {call.request.method for call in answers.calls} == {"GET"}
    return reference


def _serve(answers: responses.RequestsMock, rows: Mapping[str, Any]) -> None:
    """Answer each list by a query of its own, the settings at their own addresses."""

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        name = parse_qs(urlsplit(request.url).query)["query"][0].split(" from ")[1].split()[0]
        return 200, {}, json.dumps({"QueryResponse": {name: rows[name]} if name in rows else {}})

    answers.get(f"{ROOT}/companyinfo/4620816365", json={"CompanyInfo": rows["CompanyInfo"][0]})
    answers.get(f"{ROOT}/preferences", json={"Preferences": rows["Preferences"][0]})
    answers.add_callback(responses.GET, f"{ROOT}/query", callback=answer)


def test_the_company_says_its_country_currency_and_closed_books(british: Reference) -> None:
    company = british.company
    assert (company.name, company.country, company.base_currency) == ("Elm Joinery Ltd", "GB", "GBP")
    assert (company.lock_date, company.timezone) == (date(2025, 12, 31), "Europe/London")
    assert company.flags == {
        "us_tax": False,
        "ast": False,
        "sales_tax": True,
        "multicurrency": True,
        "custom_numbers": True,
        "class": False,
        "class_per_line": False,
        "location": False,
        "sandbox": False,
    }


def test_tax_codes_have_the_rate_that_they_come_to(british: Reference) -> None:
    rates = {offer.name: offer.rate_percent for offer in british.taxes}
    assert rates == {"20.0% S": Decimal(20), "Harmonised": Decimal("15.5"), "Exempt": Decimal(0)}


def test_terms_say_days_or_the_end_of_the_month_or_nothing(british: Reference) -> None:
    terms = {offer.name: (offer.days, offer.end_of_month, offer.default) for offer in british.terms}
    assert terms == {
        "Net 30": (30, False, True),
        "End of month": (0, True, False),
        "20th of next month": (20, True, False),
        "15th, or later": (None, False, False),
    }


def test_accounts_and_items_say_what_they_are_fit_for(british: Reference) -> None:
    accounts = {offer.name: (offer.sales, offer.payments, offer.default, offer.active) for offer in british.accounts}
    assert accounts == {
        "Sales": (True, False, False, True),
        "Current": (False, True, False, True),
        "Undeposited Funds": (False, True, True, True),
        "Rent": (False, False, False, False),
    }
    items = {offer.name: (offer.code, offer.sales, offer.default) for offer in british.items}
    assert items == {
        "Sales": ("S-1", True, True),
        "Labour:Hours": (None, True, False),
        "Labour": (None, False, False),
    }
    assert [offer.name for offer in british.methods] == ["BACS"]


def test_a_server_that_knows_no_settings_and_no_sku_is_asked_in_the_plainest_way(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    fault = {"Error": [{"Message": "Unsupported Operation", "code": "500"}], "type": "ValidationFault"}
    answers.get(f"{ROOT}/companyinfo/4620816365", json={"CompanyInfo": {"CompanyName": "Elm", "Country": "US"}})
    answers.get(f"{ROOT}/preferences", json={"Fault": fault}, status=400)

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        statement = parse_qs(urlsplit(request.url).query)["query"][0]
        if "Sku" in statement:
            return 400, {}, json.dumps({"Fault": fault})
        rows = {"Item": [{"Id": "1", "Name": "Services", "Type": "Service"}]} if "Item" in statement else {}
        return 200, {}, json.dumps({"QueryResponse": rows})

    answers.add_callback(responses.GET, f"{ROOT}/query", callback=answer)
    reference = recorded_connector.reference()
    assert reference.company.name == "Elm"
    assert reference.company.base_currency == "USD"
    assert [offer.name for offer in reference.items] == ["Services"]
    assert [offer.id for offer in reference.taxes] == ["NON"]


def test_automated_sales_tax_offers_taxable_or_not(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    _serve(
        answers,
        {
            "CompanyInfo": [{"CompanyName": "Elm", "Country": "US"}],
            "Preferences": [{"TaxPrefs": {"PartnerTaxEnabled": False}}],
        },
    )
    reference = recorded_connector.reference()
    assert reference.company.flags["ast"]
    assert [(offer.id, offer.rate_percent) for offer in reference.taxes] == [("NON", Decimal(0)), ("TAX", None)]


def test_a_lost_authorisation_is_not_taken_for_empty_lists(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    answers.get(f"{ROOT}/companyinfo/4620816365", body=recorded("fault_token_expired.json"), status=401)
    with pytest.raises(AuthorizationLost):
        recorded_connector.reference()
