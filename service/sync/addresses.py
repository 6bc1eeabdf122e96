"""Where a person sees a counterpart in its package."""

from __future__ import annotations

from service.core.ports import EntityKind
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync.documents import reference_from_json
from service.sync.platform import Platform


def remote_url(platform: Platform, connection: ConnectionRow, link: LinkRow) -> str | None:
    """Return the address of a link's counterpart, with the company pinned; None where there is none."""
    if link.remote_id is None or connection.reference is None:
        return None
    mapper = platform.provider(connection.provider).mappers.get(EntityKind(link.entity))
    return None if mapper is None else mapper.url(link.remote_id, reference_from_json(connection.reference).company)
