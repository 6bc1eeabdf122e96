"""The columns of a list of customers: whose list it is, and which of our fields each of its headings means.

A row is read into one flat set of texts, named as in our own list (``FIELDS``); what a package says in other words is
put into these by the package's ``refine``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

#: Field -> text as it stands in the file; blank where the cell is.
Cells: TypeAlias = Mapping[str, str]

PEOPLE = range(1, 7)
_ADDRESS = ("line1", "line2", "line3", "line4", "city", "region", "postal_code", "country")
_PERSON = ("first_name", "last_name", "role", "email", "phone", "mobile", "invoice_email")

#: Every field a list may fill. ``name`` may be a path, ``Client:Job``, where the layout says so.
FIELDS: tuple[str, ...] = (
    "number",
    "name",
    "parent",
    "kind",
    "first_name",
    "last_name",
    "email",
    "other_emails",
    "phone",
    "mobile",
    "fax",
    "website",
    "vat_number",
    "ean_number",
    "currency",
    "tax_level",
    "discount_percent",
    "payment_terms",
    "sales_rep",
    "shipping_method",
    "is_customer",
    "status",
    *(f"{which}_{part}" for which in ("billing", "shipping") for part in _ADDRESS),
    *(f"contact{number}_{part}" for number in PEOPLE for part in _PERSON),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns of one kind of list."""

    name: str  #: what the list is called, for people
    columns: Mapping[str, str]  #: heading as :func:`heading_key` folds it -> field, or a name that ``refine`` reads
    has_paths: bool = False  #: names are paths, ``Client:Job``
    refine: Callable[[Cells], Cells] = field(default=lambda cells: cells)


def heading_key(heading: str) -> str:
    """Return a heading in the form in which headings are compared: without case, blanks, and the mark of a must."""
    return re.sub(r"[\s_]+", " ", heading.strip().lstrip("*")).strip().casefold()


def columns_of(fields: Mapping[str, tuple[str, ...]]) -> Mapping[str, str]:
    """Return heading -> field for field -> headings."""
    return {heading_key(heading): name for name, headings in fields.items() for heading in headings}


def split_name(name: str) -> tuple[str, str]:
    """Return first and last name of a person: the last word is the last name, a single word the first name."""
    first, _, last = name.strip().rpartition(" ")
    return (first.strip(), last) if first else (last, "")
