"""The plain script that the push is compared with: one record, one call of the official SDK, nothing kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from quickbooks import QuickBooks
from quickbooks.objects.base import Address as QuickBooksAddress
from quickbooks.objects.base import EmailAddress, PhoneNumber
from quickbooks.objects.customer import Customer
from requests_oauthlib import OAuth2Session  # type: ignore[import-untyped] # it has no types
from xero_python.accounting import AccountingApi, Address, Contact, Contacts, CurrencyCode, Phone
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token

#: The id that the package gave.
Saved: TypeAlias = str
Save: TypeAlias = Callable[[Mapping[str, Any]], Saved]


def xero_script(api: str, tenant: str, token: str) -> Save:
    """Return how the script saves one customer at Xero: ``create_contacts`` with one contact."""
    held = {"access_token": token, "token_type": "Bearer", "expires_in": 1800, "expires_at": 2**40, "scope": []}
    configuration = Configuration()  # a copy of one that the whole process shares, whatever it is called with
    configuration.oauth2_token = OAuth2Token()
    client = ApiClient(configuration, oauth2_token_getter=lambda: held, oauth2_token_saver=held.update)
    accounting = AccountingApi(client, base_url=f"{api}/api.xro/2.0")

    def save(given: Mapping[str, Any]) -> Saved:
        person, address = given["contacts"][0], given["billing_address"]
        contact = Contact(
            name=given["name"],
            first_name=person["first_name"],
            last_name=person["last_name"],
            email_address=given["email"],
            account_number=given["number"],
            contact_number=f"script-{given['number']}",
            default_currency=CurrencyCode.USD,
            phones=[
                Phone(phone_type="DEFAULT", phone_number=given["phone"]),
                Phone(phone_type="MOBILE", phone_number=given["mobile"]),
            ],
            addresses=[
                Address(
                    address_type="POBOX",
                    address_line1=address["line1"],
                    city=address["city"],
                    region=address["region"],
                    postal_code=address["postal_code"],
                    country=address["country"],
                )
            ],
        )
        return str(accounting.create_contacts(tenant, Contacts(contacts=[contact])).contacts[0].contact_id)

    return save


def quickbooks_script(api: str, tenant: str, token: str) -> Save:
    """Return how the script saves one customer at QuickBooks: ``Customer.save``."""
    client = QuickBooks(company_id=tenant, minorversion=75)
    client.api_url_v3 = f"{api}/v3"
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # else the session speaks to https alone, and not to a stand-in
    client.session = OAuth2Session("script", token={"access_token": token, "token_type": "Bearer"})

    def save(given: Mapping[str, Any]) -> Saved:
        person, address = given["contacts"][0], given["billing_address"]
        customer = Customer()
        customer.DisplayName = customer.CompanyName = given["name"]
        customer.GivenName, customer.FamilyName = person["first_name"], person["last_name"]
        customer.PrimaryEmailAddr, customer.PrimaryPhone, customer.Mobile = EmailAddress(), PhoneNumber(), PhoneNumber()
        customer.PrimaryEmailAddr.Address = given["email"]
        customer.PrimaryPhone.FreeFormNumber, customer.Mobile.FreeFormNumber = given["phone"], given["mobile"]
        customer.BillAddr = QuickBooksAddress()
        customer.BillAddr.Line1, customer.BillAddr.City = address["line1"], address["city"]
        customer.BillAddr.CountrySubDivisionCode = address["region"]
        customer.BillAddr.PostalCode, customer.BillAddr.Country = address["postal_code"], address["country"]
        return str(customer.save(qb=client).Id)

    return save


SCRIPTS: Mapping[str, Callable[[str, str, str], Save]] = {"quickbooks": quickbooks_script, "xero": xero_script}
