"""QuickBooks' lists of customers: the export of the Customers page, the file it takes in, and its contact report.

QuickBooks facts: quickbooks.intuit.com, "Export your lists" and "Import customers". The headings differ by country and
by year, so each field knows several. A sub-customer stands as ``Customer:Job``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from service.mapping.columns import Cells, Layout, columns_of, split_name
from service.mapping.settings import terms_code

_PLACES: Mapping[str, tuple[str, ...]] = {
    "line1": ("street", "street address", "address line 1", "address 1"),
    "line2": ("street 2", "address line 2", "address 2"),
    "line3": ("street 3", "address line 3", "address 3"),
    "line4": ("street 4", "address line 4", "address 4"),
    "city": ("city", "town/city", "city/town", "address city"),
    "region": ("state", "province", "county", "region", "state/province", "address state"),
    "postal_code": ("zip", "zip code", "postal code", "postcode", "address postal code"),
    "country": ("country", "address country"),
}


def _places(which: str, prefixes: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {
        f"{which}_{part}": tuple(f"{prefix}{name}" for prefix in prefixes for name in names)
        for part, names in _PLACES.items()
    }


_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": ("Name", "Customer", "Customer full name", "Customer name", "Display name", "Display name as"),
    "company": ("Company name", "Company"),
    "first_name": ("First name", "Given name"),
    "last_name": ("Last name", "Family name", "Surname"),
    "person": ("Full name", "Primary contact", "Contact"),
    "number": ("Account no.", "Account number", "Customer no."),
    "email": ("Email", "Main email", "Email address"),
    "phone": ("Phone", "Phone number", "Main phone"),
    "phones": ("Phone numbers",),
    "mobile": ("Mobile", "Mobile number"),
    "fax": ("Fax", "Fax number"),
    "website": ("Website", "Web site"),
    "currency": ("Currency",),
    "terms": ("Terms",),
    "vat_number": ("Tax reg. no.", "VAT number", "GST number", "Business ID No."),
    "billing_block": ("Billing address", "Bill address", "Bill to"),
    "shipping_block": ("Shipping address", "Ship address", "Ship to"),
    **_places("billing", ("", "billing ", "bill to ", "bill ")),
    **_places("shipping", ("shipping ", "ship to ", "ship ")),
}
_PHONES = re.compile(
    r"(phone|mobile|fax|other|work|home)\s*:\s*(.*?)\s*(?=(?:phone|mobile|fax|other|work|home)\s*:|$)", re.IGNORECASE
)


def _refine(cells: Cells) -> Cells:
    found = dict(cells)
    for kind, told in _PHONES.findall(found.pop("phones", "")):
        found.setdefault(kind.casefold() if kind.casefold() in {"mobile", "fax"} else "phone", told)
    for which in ("billing", "shipping"):
        block = found.pop(f"{which}_block", "")
        if not found.get(f"{which}_line1"):
            found[f"{which}_line1"] = " ".join(block.split())
    terms = found.pop("terms", "")
    found["payment_terms"] = terms_code(terms) or ""
    told_of_companies = "company" in found
    company, person = found.pop("company", ""), found.pop("person", "")
    first, last = found.get("first_name", ""), found.get("last_name", "")
    if not (first or last) and person:
        first, last = split_name(person)
    name = found.get("name", "")
    if told_of_companies and not company and ":" not in name:
        found |= {"kind": "individual", "first_name": first, "last_name": last}
    else:
        found |= {"kind": "company", "first_name": "", "last_name": ""}
        found |= {"contact1_first_name": first, "contact1_last_name": last}
    return found


CUSTOMER_COLUMNS = Layout(
    name="QuickBooks' customer export", columns=columns_of(_COLUMNS), has_paths=True, refine=_refine
)
