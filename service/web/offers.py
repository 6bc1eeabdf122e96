"""Codes that lines and payments can name: those that the mappings know."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.mapping import settings as mapping_settings
from service.store.queries.connections import all_of

_DEFAULT = mapping_settings.DEFAULT_ITEM.partition(":")[2]


def codes_offered(session: Session, organisation_id: str) -> dict[str, list[str]]:
    """Return items, categories and payment methods for which any connection's mapping has an entry, in their order."""
    items: set[str] = set()
    categories: set[str] = set()
    methods: set[str] = set()
    for row in all_of(session, organisation_id):
        settings = mapping_settings.from_json(row.mapping)
        items |= set(settings.items)
        categories |= set(settings.categories)
        methods |= {*settings.methods, *settings.method_accounts}
    return {"items": sorted(items - {_DEFAULT}), "categories": sorted(categories), "methods": sorted(methods)}
