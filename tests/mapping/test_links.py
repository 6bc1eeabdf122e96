"""Every record of every package has an address that names the company, so that nobody lands in another one's books."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from service.core.ports import Company, EntityKind
from service.providers import PROVIDERS

#: What has no page of its own: it is seen with the documents that it joins.
PAGELESS = {("xero", EntityKind.ALLOCATION)}
KINDS = [(name, kind) for name, one in PROVIDERS.items() for kind in one.mappers if (name, kind) not in PAGELESS]
COMPANY = Company(tenant_id="9130 1", name="Books", short_code="!x9&Yz")


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_every_record_has_an_address_with_the_company_pinned(name: str, kind: EntityKind) -> None:
    address = PROVIDERS[name].mappers[kind].url("7f-e1", COMPANY)
    assert address is not None
    asked = parse_qs(urlsplit(address).query)
    assert [COMPANY.short_code] == asked.get("shortcode") or [COMPANY.tenant_id] == asked.get("deeplinkcompanyid")
    page = (asked.get("redirecturl") or asked["pagereq"])[0]
    assert page.endswith("7f-e1")
    assert urlsplit(address).scheme == "https"
