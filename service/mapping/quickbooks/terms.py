"""Payment terms: our codes, and the ids of QuickBooks' list of terms."""

from __future__ import annotations

from service.core.ports import MappingContext
from service.mapping.quickbooks.body import text
from service.mapping.settings import chosen, terms_code


def hold(code: str, context: MappingContext) -> str | None:
    """Return the code as it will be read back, or None if no terms are chosen for it."""
    remote = chosen(context.settings, f"terms:{code}") or chosen(context.settings, f"terms:{terms_code(code)}")
    return None if remote is None else _code_of(remote, context)


def read(payload: object, context: MappingContext) -> str | None:
    """Return our code of an entity's terms; terms that are not mapped read as their name in QuickBooks."""
    remote = text(payload, "SalesTermRef", "value")
    if remote is None:
        return None
    names = {offer.id: offer.name for offer in context.reference.terms}
    return _code_of(remote, context) or names.get(remote) or text(payload, "SalesTermRef", "name") or remote


def _code_of(remote: str, context: MappingContext) -> str | None:
    """Return the first of our codes that stand for the same terms, so that equal terms read alike."""
    return min((code for code, value in context.settings.terms.items() if value == remote), default=None)
