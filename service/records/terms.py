"""Payment terms as we write them: ``net30``, ``eom15``, ``due_on_receipt``."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

_DAYS = re.compile(r"(net|eom)[ _-]?([0-9]{1,3})", re.IGNORECASE)


def due_on(issued: date, terms: str | None) -> date:
    """Return when an invoice is due: on receipt where the terms are unknown or say so.

    ``net30`` counts from the day of issue, ``eom15`` from the end of its month.
    """
    found = _DAYS.fullmatch((terms or "").strip())
    if found is None:
        return issued
    start = issued
    if found[1].lower() == "eom":
        start = issued.replace(day=calendar.monthrange(issued.year, issued.month)[1])
    return start + timedelta(days=int(found[2]))
