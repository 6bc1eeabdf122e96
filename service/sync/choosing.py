"""Choosing anew what stands for what on a connection: looking at what that would touch, and doing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from service.core.choice import MappingSettings
from service.mapping import check
from service.mapping import settings as mapping_settings
from service.records.errors import StaleRevision
from service.store.queries import connections as queries
from service.store.queries import links, load
from service.store.sync_models import ConnectionRow
from service.sync import mapping, rebase
from service.sync.documents import reference_from_json
from service.sync.platform import Platform
from service.sync.rebase import Sent
from service.sync.what_if import WhatIf, look


class BadMapping(ValueError):
    """Choices that can't be used; ``faults`` are pairs of the member and a sentence."""

    def __init__(self, faults: Sequence[check.Fault]) -> None:
        super().__init__(" ".join(fault.message for fault in faults))
        self.faults = tuple(faults)


def what_if(
    platform: Platform, *, organisation_id: str, connection_id: str, document: Mapping[str, Any], sent: Sent = Sent.KEEP
) -> WhatIf:
    """Return which records other choices would touch, out of what is known: no call, and nothing is written.

    :raises BadMapping: the document can't be used.
    """
    with platform.database.read() as session:
        row = queries.get(session, organisation_id, connection_id)
        return look(platform, session, row, _checked(platform, session, row, document), sent=sent)


def save(
    platform: Platform,
    *,
    organisation_id: str,
    connection_id: str,
    document: Mapping[str, Any],
    actor: str,
    version: int | None = None,
    sent: Sent = Sent.KEEP,
    why: str | None = None,
) -> WhatIf:
    """Put new choices in the place of the old ones, as a version of its own; return what that touches.

    What both sides had agreed on is read anew under the new choices. Records that waited for a choice are looked at
    again, customers follow with the next sync, and documents that were sent are treated as ``sent`` says.

    :param version: the version that the choices were made for, if that matters to whoever made them.
    :raises BadMapping: the document can't be used.
    :raises StaleRevision: somebody else has put other choices meanwhile.
    """
    with platform.database.read() as session:
        row = queries.get(session, organisation_id, connection_id)
        _require_version(row, version)
        chosen, seen = _checked(platform, session, row, document), row.mapping_version
        before = mapping_settings.from_json(row.mapping)
        if not mapping.changes(before, chosen):
            return WhatIf()
        touched = look(platform, session, row, chosen, sent=sent)
    with platform.database.write() as session:
        row = queries.get(session, organisation_id, connection_id)
        _require_version(row, seen)
        mapping.keep(platform, session, row, chosen, actor=actor, why=why)
        rebase.carry_out(session, row, touched, actor=actor, now=platform.clock())
        links.reconsider(session, row, now=platform.clock())
        if row.state == "live":
            row.due_at = platform.clock()
    return touched


def _checked(platform: Platform, session: Session, row: ConnectionRow, document: Mapping[str, Any]) -> MappingSettings:
    provider = platform.provider(row.provider)
    faults = check.faults(
        document,
        before=mapping_settings.from_json(row.mapping),
        reference=reference_from_json(row.reference),
        demands=provider.demands,
        levels=load.load_tax_levels(session, row.organisation_id),
        mappers=provider.mappers,
        package=provider.package,
    )
    if faults:
        raise BadMapping(faults)
    return mapping_settings.from_json(document)


def _require_version(row: ConnectionRow, version: int | None) -> None:
    if version not in (None, row.mapping_version):
        raise StaleRevision(expected=version, current=row.mapping_version)
