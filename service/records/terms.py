"""Payment terms as we write them: ``net30``, ``eom15``, ``due_on_receipt``."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

#: Terms that are offered; any number of days is taken.
USUAL = ("due_on_receipt", "net7", "net14", "net30", "net60", "eom", "eom15", "eom30")

_DAYS = re.compile(r"net[ _-]?([0-9]{1,3})|eom(?:[ _-]?([0-9]{1,3}))?", re.IGNORECASE)


def due_on(issued: date, terms: str | None) -> date:
    """Return when an invoice is due: on receipt where the terms are unknown or say so.

    ``net30`` counts from the day of issue, ``eom15`` from the end of its month, which ``eom`` alone is.
    """
    found = _DAYS.fullmatch((terms or "").strip())
    if found is None:
        return issued
    if found[1] is not None:
        return issued + timedelta(days=int(found[1]))
    end_of_month = issued.replace(day=calendar.monthrange(issued.year, issued.month)[1])
    return end_of_month + timedelta(days=int(found[2] or 0))
