"""What sales are tracked by apart from accounts: the options that a connection's choices give to a line of ours.

An option is chosen for all lines (``tracking:<dimension>``) or for lines of one category
(``tracking:<dimension>:<category>``), which wins. In a snapshot it stands by its names, as people read it.
"""

from __future__ import annotations

from service.core.errors import MappingError
from service.core.ports import Dimension, MappingContext

FIELD = "tracking"


def dimensions(context: MappingContext) -> tuple[Dimension, ...]:
    """Return the dimensions in which something is chosen, in the package's order; others are the bookkeeper's."""
    chosen = {key.partition(":")[0] for key, value in context.settings.tracking.items() if value}
    return tuple(one for one in context.reference.dimensions if one.id in chosen)


def pairs_of(category: str | None, context: MappingContext) -> tuple[tuple[str, str], ...]:
    """Return (dimension, option) of a line by its category.

    :raises MappingError: an option that was chosen is not offered any more.
    """
    return tuple(
        (dimension.name, name)
        for dimension in dimensions(context)
        if (name := option_name(dimension, category, context)) is not None
    )


def option_name(dimension: Dimension, category: str | None, context: MappingContext) -> str | None:
    """Return the name of the option chosen for lines of a category, or None.

    :raises MappingError: it is not offered any more.
    """
    by_category = f"{dimension.id}:{category}" if category else dimension.id
    entry = by_category if context.settings.tracking.get(by_category) else dimension.id
    option_id = context.settings.tracking.get(entry)
    if not option_id:
        return None
    offered = next((one for one in dimension.options if one.id == option_id and one.active), None)
    if offered is None:
        reason = f"What was chosen for {dimension.name} is no longer offered."
        raise MappingError(FIELD, reason, missing=f"tracking:{entry}")
    return offered.name
