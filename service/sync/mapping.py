"""A connection's mapping: what is chosen, what the package offers, what is missing and whom that would stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from service.core.choice import MappingSettings
from service.core.ports import Company, Reference
from service.mapping import settings as mapping_settings
from service.mapping.settings import Missing, Uses
from service.records.errors import StaleRevision
from service.store.queries import connections as queries
from service.store.queries import eligible, links, load
from service.store.queries.events import Subject, add_event
from service.store.sync_models import ConnectionRow
from service.sync.documents import reference_from_json
from service.sync.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingState:
    """Everything that the mapping page and its API show."""

    settings: MappingSettings
    reference: Reference
    missing: tuple[Missing, ...]
    company: Company
    labels: Mapping[str, str]  #: names of our tax levels, by id


def entries_in_use(session: Session, organisation_id: str) -> Uses:
    """Return which mapping entries our eligible records use, with the records."""
    customers = load.load_customers(session, organisation_id, eligible.eligible_customers(session, organisation_id))
    invoices = load.load_invoices(session, organisation_id, eligible.eligible_invoices(session, organisation_id))
    payments = load.load_payments(session, organisation_id, eligible.eligible_payments(session, organisation_id))
    return mapping_settings.uses([*customers.values(), *invoices.values(), *payments.values()])


def state_of(platform: Platform, session: Session, row: ConnectionRow) -> MappingState:
    """Return the mapping of a connection with what is still missing."""
    settings = mapping_settings.from_json(row.mapping)
    reference = reference_from_json(row.reference)
    labels = {level.id: level.name for level in load.load_tax_levels(session, row.organisation_id).values()}
    missing = mapping_settings.find_missing(
        settings,
        reference,
        demands=platform.provider(row.provider).demands,
        used=entries_in_use(session, row.organisation_id),
        labels=labels,
    )
    return MappingState(
        settings=settings, reference=reference, missing=missing, company=reference.company, labels=labels
    )


def save(
    platform: Platform,
    *,
    organisation_id: str,
    connection_id: str,
    document: Mapping[str, Any],
    actor: str,
    version: int | None = None,
) -> None:
    """Put new choices in the place of the old ones; records that waited for a choice are looked at again.

    :param version: the version that the choices were made for, if that matters to whoever made them.
    :raises ValueError: the document can't be used; the message is a sentence.
    :raises StaleRevision: somebody else has put other choices meanwhile.
    """
    chosen = mapping_settings.from_json(document)
    now = platform.clock()
    with platform.database.write() as session:
        row = queries.get(session, organisation_id, connection_id)
        if version not in (None, row.mapping_version):
            raise StaleRevision(expected=version, current=row.mapping_version)
        before = dict(row.mapping)
        after = {**mapping_settings.to_json(chosen), "version": row.mapping_version + 1}
        row.mapping, row.mapping_version = after, row.mapping_version + 1
        row.revision += 1
        links.reconsider(session, row, now=now)
        if row.state == "live":
            row.due_at = now
        add_event(
            session,
            organisation_id=organisation_id,
            at=now,
            actor=actor,
            verb="mapping changed",
            subject=Subject(kind="connection", id=row.id, label=row.organisation_name),
            connection_id=row.id,
            before=before,
            after=after,
        )
