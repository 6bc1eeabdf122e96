"""Payment terms of a contact: our codes and Xero's ``{"Day", "Type"}``.

Xero facts: developer.xero.com Contacts, "PaymentTerms"; Day is 0 to 31, and there is no way to take terms back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.mapping.settings import Terms, parse_terms

MOST_DAYS = 31

_AFTER_DATE = "DAYSAFTERBILLDATE"
_AFTER_MONTH = "DAYSAFTERBILLMONTH"
_CURRENT_MONTH = "OFCURRENTMONTH"
_NEXT_MONTH = "OFFOLLOWINGMONTH"


def can_hold(terms: Terms) -> bool:
    """Tell whether Xero has such terms."""
    return terms.days <= MOST_DAYS


def write_terms(code: str) -> dict[str, Any]:
    """Return Xero's object for a code that :func:`read_terms` returned or that can be held; ``{}`` for any other."""
    terms = parse_terms(code)
    if terms is None or not can_hold(terms):
        return {}
    if not terms.end_of_month:
        return {"Day": terms.days, "Type": _AFTER_DATE}
    # The 31st of a shorter month is its last day.
    return {"Day": terms.days, "Type": _AFTER_MONTH} if terms.days else {"Day": MOST_DAYS, "Type": _CURRENT_MONTH}


def read_terms(sales: Mapping[str, Any]) -> str | None:
    """Return our code; terms that we have no code for read as Xero's own words, which equal none of ours."""
    kind = str(sales.get("Type") or "").upper()
    try:
        day = int(sales.get("Day") or 0)
    except (TypeError, ValueError):
        return None
    if not kind:
        return None
    if kind == _AFTER_DATE:
        return Terms(days=day).code
    # "The 20th of the following month" is twenty days after the end of this one.
    if kind == _AFTER_MONTH or (kind == _NEXT_MONTH and day < MOST_DAYS):
        return Terms(days=day, end_of_month=True).code
    if kind == _CURRENT_MONTH and day >= MOST_DAYS:
        return Terms(days=0, end_of_month=True).code
    return f"{kind.lower()} {day}"
