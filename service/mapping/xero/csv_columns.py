"""Xero's contact export, and the file Xero takes back: the same headings.

Xero facts: central.xero.com, "Import contacts" and "Export contacts"; PO is the postal (billing) address, SA the street
(delivery) one. A file may hold suppliers too: the group *Customers* is what to export.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.mapping.columns import Cells, Layout, columns_of
from service.mapping.xero.term import read_terms

_PEOPLE = range(1, 6)
_PLACES = {
    **{f"line{number}": f"AddressLine{number}" for number in (1, 2, 3, 4)},
    "city": "City",
    "region": "Region",
    "postal_code": "PostalCode",
    "country": "Country",
}
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": ("ContactName", "Name"),
    "number": ("AccountNumber",),
    "email": ("EmailAddress",),
    "first_name": ("FirstName",),
    "last_name": ("LastName",),
    "phone": ("PhoneNumber",),
    "fax": ("FaxNumber",),
    "mobile": ("MobileNumber",),
    "vat_number": ("TaxNumber",),
    "website": ("Website",),
    "discount_percent": ("Discount",),
    "due_day": ("DueDateSalesDay",),
    "due_term": ("DueDateSalesTerm",),
    **{
        f"{which}_{ours}": (f"{prefix}{theirs}",)
        for which, prefix in (("billing", "PO"), ("shipping", "SA"))
        for ours, theirs in _PLACES.items()
    },
    **{
        f"person{number}_{ours}": (f"Person{number}{theirs}", f"Person{number}{theirs}s")
        for number in _PEOPLE
        for ours, theirs in (
            ("first_name", "FirstName"),
            ("last_name", "LastName"),
            ("email", "Email"),
            ("included", "IncludeInEmail"),
        )
    },
}
#: Words of a due date's rule, the first that fits, and what the API calls it.
_TERMS = (
    ("following", "OFFOLLOWINGMONTH"),
    ("current", "OFCURRENTMONTH"),
    ("date", "DAYSAFTERBILLDATE"),
    ("month", "DAYSAFTERBILLMONTH"),
)


def _refine(cells: Cells) -> Cells:
    found = dict(cells)
    rule = found.pop("due_term", "").casefold()
    day = found.pop("due_day", "")
    kind = next((kind for word, kind in _TERMS if word in rule), None)
    if kind is not None and day.isdecimal():
        found["payment_terms"] = read_terms({"Day": day, "Type": kind}) or ""
    first, last = found.get("first_name", ""), found.get("last_name", "")
    if (first or last) and found.get("name", "").casefold() == " ".join(
        part for part in (first, last) if part
    ).casefold():
        found["kind"] = "individual"
    else:
        found |= {
            "kind": "company",
            "first_name": "",
            "last_name": "",
            "contact1_first_name": first,
            "contact1_last_name": last,
            "contact1_email": found.get("email", "") if first or last else "",
        }
    for number in _PEOPLE:
        for part in ("first_name", "last_name", "email"):
            found[f"contact{number + 1}_{part}"] = found.pop(f"person{number}_{part}", "")
        included = found.pop(f"person{number}_included", "").casefold() in {"yes", "true", "y", "1"}
        found[f"contact{number + 1}_invoice_email"] = "cc" if included else ""
    return found


CUSTOMER_COLUMNS = Layout(name="Xero's contact export", columns=columns_of(_COLUMNS), refine=_refine)
