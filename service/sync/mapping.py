"""A connection's mapping: what is chosen, what the package offers, what is missing and whom that would stop."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from service.core.choice import MappingSettings
from service.core.model import Customer, TaxLevel
from service.core.ports import Company, EntityKind, Record, Ref, Reference
from service.mapping import settings as mapping_settings
from service.mapping import suggestion
from service.mapping.settings import Demands, Missing, Uses
from service.mapping.suggestion import Suggestion
from service.store.mapping_models import MappingVersionRow
from service.store.queries import eligible, load
from service.store.queries.events import Subject, add_event
from service.store.sync_models import ConnectionRow
from service.sync.documents import reference_from_json
from service.sync.planner import label_of
from service.sync.platform import Platform

#: Who makes a choice that is obvious from the package's lists.
BY_ITSELF = "sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingState:
    """Everything that the mapping page and its API show."""

    settings: MappingSettings
    reference: Reference
    missing: tuple[Missing, ...]
    company: Company
    labels: Mapping[str, str]  #: names of our tax levels and of the package's dimensions, by id
    levels: Mapping[str, TaxLevel]
    demands: Demands
    used: Uses
    currencies: frozenset[str]  #: of our customers and invoices
    kinds: tuple[EntityKind, ...]  #: kinds of record that the package holds

    def suggestion(self, entry: str) -> Suggestion | None:
        """Return what obviously fits an entry, and why."""
        return suggestion.obvious(entry, self.reference, self.levels, self.demands)


def entries_in_use(session: Session, organisation_id: str, settings: MappingSettings | None = None) -> Uses:
    """Return which mapping entries our eligible records use, with the records.

    :param settings: only the records that these let be sent.
    """
    chosen = settings or MappingSettings()
    records: list[Any] = []
    if chosen.sends(EntityKind.CUSTOMER):
        ids = eligible.eligible_customers(session, organisation_id)
        found = load.load_customers(session, organisation_id, ids)
        records += [found[one] for one in ids]
    if chosen.sends(EntityKind.INVOICE):
        ids = eligible.eligible_invoices(session, organisation_id)
        records += load.load_invoices(session, organisation_id, ids).values()
    if chosen.sends(EntityKind.PAYMENT):
        ids = eligible.eligible_payments(session, organisation_id)
        records += load.load_payments(session, organisation_id, ids).values()
    left_out = chosen.left_out
    return mapping_settings.uses(one for one in records if getattr(one, "currency", None) not in left_out)


def state_of(
    platform: Platform, session: Session, row: ConnectionRow, settings: MappingSettings | None = None
) -> MappingState:
    """Return the mapping of a connection with what is still missing.

    :param settings: other choices than those that are stored.
    """
    provider = platform.provider(row.provider)
    chosen = settings or mapping_settings.from_json(row.mapping)
    reference = reference_from_json(row.reference)
    levels = load.load_tax_levels(session, row.organisation_id)
    labels = {level.id: level.name for level in levels.values()}
    labels |= {dimension.id: dimension.name for dimension in reference.dimensions}
    used = entries_in_use(session, row.organisation_id, chosen)
    missing = mapping_settings.find_missing(chosen, reference, demands=provider.demands, used=used, labels=labels)
    return MappingState(
        settings=chosen,
        reference=reference,
        missing=missing,
        company=reference.company,
        labels=labels,
        levels=levels,
        demands=provider.demands,
        used=used,
        currencies=eligible.currencies_of(session, row.organisation_id),
        kinds=tuple(provider.mappers),
    )


def labels_of(session: Session, organisation_id: str, refs: Collection[Ref]) -> dict[Ref, str]:
    """Return what people call records: a full name, an invoice's number, a payment's amount and customer."""
    loaders: Mapping[EntityKind, Callable[[Session, str, list[str]], Mapping[str, Record]]] = {
        EntityKind.CUSTOMER: load.load_customers,
        EntityKind.CONTACT: load.load_contacts,
        EntityKind.INVOICE: load.load_invoices,
        EntityKind.PAYMENT: load.load_payments,
        EntityKind.CREDIT: load.load_payments,
        EntityKind.REFUND: load.load_payments,
    }
    records: dict[Ref, Record] = {}
    for kind in {ref.kind for ref in refs} & set(loaders):
        ids = [ref.id for ref in refs if ref.kind is kind]
        found = loaders[kind](session, organisation_id, ids)
        records |= {Ref(kind=kind, id=one): found[one] for one in ids if one in found}
    owners = {record.customer_id for record in records.values() if not isinstance(record, Customer)}
    customers = load.load_customers(session, organisation_id, owners)
    return {ref: label_of(record, customers) for ref, record in records.items()}


def complete(platform: Platform, session: Session, row: ConnectionRow, reference: Reference) -> None:
    """Make every obvious choice that nobody has made yet, after the package's lists were read."""
    levels = load.load_tax_levels(session, row.organisation_id)
    given = mapping_settings.from_json(row.mapping)
    suggested = suggestion.suggest(
        reference,
        used=entries_in_use(session, row.organisation_id, given),
        tax_levels=levels.values(),
        given=given,
        demands=platform.provider(row.provider).demands,
    )
    if suggested != given or not row.mapping_version:
        keep(platform, session, row, suggested, actor=BY_ITSELF, why="obvious from the package's lists")


def changes(before: MappingSettings, after: MappingSettings) -> list[dict[str, Any]]:
    """Return what differs, entry by entry."""
    flat = [_flat(mapping_settings.to_json(one)) for one in (before, after)]
    return [
        {"entry": entry, "before": flat[0].get(entry), "after": flat[1].get(entry)}
        for entry in sorted({*flat[0], *flat[1]})
        if flat[0].get(entry) != flat[1].get(entry)
    ]


def _flat(document: Mapping[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}:{key}": one for key, one in value.items() if one}
        elif name != "version":
            flat[name] = value
    return flat


def keep(
    platform: Platform, session: Session, row: ConnectionRow, chosen: MappingSettings, *, actor: str, why: str | None
) -> None:
    """Make choices the connection's newest version."""
    now, before = platform.clock(), dict(row.mapping)
    changed = changes(mapping_settings.from_json(before), chosen)
    row.mapping_version += 1
    row.mapping = {**mapping_settings.to_json(chosen), "version": row.mapping_version}
    row.revision += 1
    kept = {"document": row.mapping, "changed": changed, "actor": actor, "why": why, "at": now}
    session.add(
        MappingVersionRow(
            organisation_id=row.organisation_id, connection_id=row.id, version=row.mapping_version, **kept
        )
    )
    if actor == BY_ITSELF and row.mapping_version == 1:
        return
    add_event(
        session,
        organisation_id=row.organisation_id,
        at=now,
        actor=actor,
        verb="mapping changed",
        subject=Subject(kind="connection", id=row.id, label=row.organisation_name),
        connection_id=row.id,
        before={one["entry"]: one["before"] for one in changed},
        after={one["entry"]: one["after"] for one in changed},
        why=why,
    )
