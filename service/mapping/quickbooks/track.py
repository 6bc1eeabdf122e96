"""Classes and locations of an invoice.

QuickBooks facts (developer.intuit.com, Invoice, Preferences): a class stands on each line or on the whole form, as the
company has it (``ClassTrackingPerTxnLine``, ``ClassTrackingPerTxn``); a location, "Department" in the API, stands on
the form. In a snapshot ``tracking`` holds the pairs (dimension, option) of the form, then those of each line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.core.ports import Dimension, MappingContext, Payload
from service.core.snapshot import Value
from service.mapping import tracking
from service.mapping.quickbooks import lines
from service.mapping.quickbooks.body import ref, text

_MEMBERS = {"class": "ClassRef", "location": "DepartmentRef"}


def hold(categories: Sequence[str | None], context: MappingContext) -> dict[str, Value]:
    """Return the field, or nothing where nothing is chosen. A form's own class is that of its first line.

    :raises MappingError: an option that was chosen is not offered any more.
    """
    found = tracking.dimensions(context)
    if not found:
        return {}
    first = categories[0] if categories else None
    form = [(one, first if one.id == "class" else None) for one in found if not _on_lines(one, context)]
    on_form = tuple(
        (one.name, name) for one, category in form if (name := tracking.option_name(one, category, context)) is not None
    )
    per_line = [one for one in found if _on_lines(one, context)]
    on_lines = tuple(
        tuple((one.name, name) for one in per_line if (name := tracking.option_name(one, category, context)))
        for category in categories
    )
    return {tracking.FIELD: (on_form, *(on_lines if per_line else ()))}


def read(payload: Payload, context: MappingContext) -> dict[str, Value]:
    """Return the field as it stands there, in the dimensions that are ours to say."""
    found = tracking.dimensions(context)
    if not found:
        return {}
    on_form = tuple(
        (one.name, _name(one, option))
        for one in found
        if not _on_lines(one, context) and (option := text(payload, _MEMBERS[one.id], "value"))
    )
    per_line = [one for one in found if _on_lines(one, context)]
    on_lines = tuple(
        tuple((one.name, _name(one, option)) for one in per_line if option) for option in lines.read_classes(payload)
    )
    return {tracking.FIELD: (on_form, *(on_lines if per_line else ()))}


def write(value: Value, context: MappingContext) -> dict[str, Any]:
    """Return the members of the form."""
    pairs = value[0] if isinstance(value, tuple) and value else ()
    return {
        _MEMBERS[dimension.id]: ref(_id(dimension, str(pair[1])))
        for pair in (pairs if isinstance(pairs, tuple) else ())
        if isinstance(pair, tuple)
        for dimension in context.reference.dimensions
        if dimension.name == pair[0]
    }


def classes(value: Value, context: MappingContext) -> list[str | None]:
    """Return the id of the class of each line; nothing where lines have none."""
    dimension = next((one for one in context.reference.dimensions if one.id == "class"), None)
    rows = value[1:] if isinstance(value, tuple) else ()
    if dimension is None:
        return []
    return [_id(dimension, str(row[0][1])) if isinstance(row, tuple) and row and isinstance(row[0], tuple) else None
            for row in rows]  # fmt: skip


def _on_lines(dimension: Dimension, context: MappingContext) -> bool:
    return dimension.id == "class" and bool(context.reference.company.flags.get("class_per_line"))


def _name(dimension: Dimension, option_id: str) -> str:
    return next((one.name for one in dimension.options if one.id == option_id), option_id)


def _id(dimension: Dimension, name: str) -> str | None:
    return next((one.id for one in dimension.options if one.name == name), None)
