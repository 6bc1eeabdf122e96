"""Sales tax: which code a level has in QuickBooks, and where it stands.

Outside the United States each line names its tax code. In the United States a line is only ``TAX`` or ``NON`` and the
document names one code for all taxable lines, or none with automated sales tax, where QuickBooks works the tax out
from where the goods go: its figure counts, and ours is not sent (QuickBooks facts: developer.intuit.com, Manage sales
tax).
"""

from __future__ import annotations

from typing import Any

from service.core.errors import MappingError
from service.core.ports import MappingContext
from service.mapping.quickbooks.body import chosen_or_stop, part, ref, text
from service.mapping.settings import NO_TAX, chosen

TAXABLE = "TAX"
EXEMPT = "NON"


def is_us(context: MappingContext) -> bool:
    """Tell whether the company has the tax model of the United States."""
    return bool(context.reference.company.flags.get("us_tax"))


def is_automated(context: MappingContext) -> bool:
    """Tell whether QuickBooks works out the company's sales tax."""
    return bool(context.reference.company.flags.get("ast"))


def code_for(level_id: str | None, context: MappingContext, *, field: str) -> str | None:
    """Return the tax code of a level; None for "no tax" where nothing is chosen for that.

    :raises MappingError: no code is chosen for the level, or one that names no rate.
    """
    if level_id is None:
        return chosen(context.settings, NO_TAX) or (EXEMPT if is_us(context) else None)
    name = context.tax_levels.get(level_id, level_id)
    entry = f"taxes:{level_id}"
    reason = f"No tax code of QuickBooks is chosen for the tax level {name}."
    code = chosen_or_stop(chosen(context.settings, entry), field=field, reason=reason, entry=entry)
    if code == TAXABLE and not is_automated(context):
        reason = f"The tax level {name} needs a tax code with a rate, not only '{TAXABLE}'."
        raise MappingError(field, reason, missing=entry)
    return code


def customers_have_levels(context: MappingContext) -> bool:
    """Tell whether a customer's own tax code is ours to set: with automated sales tax it is the company's."""
    return not is_automated(context)


def hold_customer(level_id: str, context: MappingContext) -> str:
    """Return the level as it will be read back.

    :raises MappingError: no code is chosen for it.
    """
    code = code_for(level_id, context, field="tax_level") or ""
    return _level_of(code, context) or level_id


def write_customer(level_id: str | None, context: MappingContext) -> dict[str, Any]:
    """Return the members that carry a customer's tax level; none takes the former code away."""
    if level_id is None:
        return {"DefaultTaxCodeRef": ref(None)}
    code = code_for(level_id, context, field="tax_level")
    if not is_us(context):
        return {"DefaultTaxCodeRef": ref(code)}
    return {"Taxable": False} if code == EXEMPT else {"Taxable": True, "DefaultTaxCodeRef": ref(code)}


def read_customer(payload: object, context: MappingContext) -> str | None:
    """Return the level of a customer; a code that is not mapped reads as its name in QuickBooks."""
    code = text(payload, "DefaultTaxCodeRef", "value")
    if is_us(context) and part(payload, "Taxable") in {False, "false"}:
        return _level_of(EXEMPT, context)
    if code is None:
        return None
    names = {offer.id: offer.name for offer in context.reference.taxes}
    return _level_of(code, context) or names.get(code) or code


def _level_of(code: str, context: MappingContext) -> str | None:
    """Return the first of our levels that have the same code, so that equal codes read alike."""
    key = NO_TAX.partition(":")[2]
    return min(
        (level for level, value in context.settings.taxes.items() if value == code and level != key), default=None
    )
