"""Loading what decisions need: for a chunk of links the records, counterparts, names and references, in few queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from service.core.choice import ListRule, MappingSettings
from service.core.drift import DriftDecision, DriftRule, Known
from service.core.errors import MappingError
from service.core.model import Allocation, Contact, Customer, Invoice, JobSite, Payment
from service.core.ports import (
    Capabilities,
    EntityKind,
    Family,
    Mapper,
    MappingContext,
    Record,
    Ref,
    Reference,
    RemoteRecord,
)
from service.core.snapshot import FieldName, differences, from_json, value_from_json
from service.mapping import settings as mapping_settings
from service.store.queries import counterparts, drift, load, neighbours
from service.store.sync_models import ConnectionRow, CounterpartRow, LinkRow
from service.sync import reset_former, surroundings
from service.sync.documents import reference_from_json
from service.sync.names import NOW, Names, path_of
from service.sync.planner import Case, label_of
from service.sync.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What stays the same during one piece of work on a connection."""

    organisation_id: str
    connection_id: str
    capabilities: Capabilities
    mappers: Mapping[EntityKind, Mapper]
    settings: MappingSettings
    reference: Reference
    tax_levels: Mapping[str, str]
    drift_rule: DriftRule = DriftRule.PUT_BACK
    gone: frozenset[str] = frozenset()  #: entries of the mapping whose choice the package no longer offers

    @property
    def kinds(self) -> tuple[EntityKind, ...]:
        """The kinds of record that are compared at all: not those whose list is off."""
        return tuple(kind for kind in self.mappers if self.settings.rule_of(kind) is not ListRule.OFF)

    def compares(self, kind: EntityKind, remote_id: str | None) -> bool:
        """Tell whether a record is looked at: one that is not there only where its list is sent."""
        return self.settings.sends(kind) or remote_id is not None

    @property
    def keeps_a_tree(self) -> bool:
        """True if the package itself knows which customer stands below which."""
        return self.capabilities.native_depth > 1

    @property
    def reading(self) -> MappingContext:
        """The context that suffices to read what the package stored."""
        return MappingContext(settings=self.settings, reference=self.reference, tax_levels=self.tax_levels)


def ground_of(platform: Platform, session: Session, row: ConnectionRow) -> Ground:
    """Load what decisions about one connection share."""
    provider = platform.provider(row.provider)
    levels = load.load_tax_levels(session, row.organisation_id)
    settings, reference = mapping_settings.from_json(row.mapping), reference_from_json(row.reference)
    return Ground(
        organisation_id=row.organisation_id,
        connection_id=row.id,
        capabilities=provider.capabilities,
        mappers=provider.mappers,
        settings=settings,
        reference=reference,
        gone=mapping_settings.gone_entries(settings, reference, provider.demands),
        tax_levels={level.id: level.name for level in levels.values()},
        drift_rule=DriftRule(row.settings.get("drift", DriftRule.PUT_BACK)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some cases of one kind, with the context in which their mapper works."""

    kind: EntityKind
    cases: tuple[Case, ...]
    context: MappingContext


def load_chunk(
    session: Session,
    ground: Ground,
    kind: EntityKind,
    rows: Sequence[LinkRow],
    names: Names,
    planned: Mapping[Ref, str] | None = None,
) -> Chunk:
    """Load the cases of links of one kind.

    :param planned: stand-ins for counterparts that a preview assumes to exist by then.
    """
    mapper = ground.mappers[kind]
    records, customers = _records(session, ground.organisation_id, kind, [row.record_id for row in rows])
    theirs = _theirs(session, ground.connection_id, rows)
    bare = MappingContext(
        settings=ground.settings,
        reference=ground.reference,
        customers=customers,
        tax_levels=ground.tax_levels,
        job_sites=_job_sites(session, ground.organisation_id, kind, customers),
        gone=ground.gone,
        references={Ref(kind=kind, id=row.record_id): row.reference for row in rows if row.reference},
    )
    needs = {ref for record in records.values() for ref in mapper.needs(record, bare)}
    places = neighbours.places_of(session, ground.connection_id, needs)
    remote_ids = {**(planned or {}), **{ref: place.remote_id for ref, place in places.items() if not place.gone}}
    known = _drift(session, rows)
    cases = tuple(
        _case(ground, kind, names, row, records.get(row.record_id), theirs, customers, known.get(row.id, {}))
        for row in rows
    )
    cases = surroundings.with_surroundings(session, ground, kind, rows, cases, names, places)
    cases = reset_former.with_former(session, ground, kind, cases, replace(bare, remote_ids=remote_ids))
    chosen = {case.ref: case.name.name for case in cases if case.name is not None}
    numbers = surroundings.numbers_of(session, ground, kind, rows, records)
    return Chunk(kind=kind, cases=cases, context=replace(bare, remote_ids=remote_ids, names=chosen, numbers=numbers))


def needs_of(session: Session, ground: Ground, kind: EntityKind, record_ids: Iterable[str]) -> dict[str, Sequence[Ref]]:
    """Return which counterparts records need to name, by record id."""
    records, context = _by_itself(session, ground, kind, list(record_ids))
    mapper = ground.mappers[kind]
    return {record.id: mapper.needs(record, context) for record in records.values()}


def says_more(session: Session, ground: Ground, record: Record, ref: Ref, *, besides: Collection[FieldName]) -> bool:
    """Tell whether a record says something else to the package than it did, besides some fields.

    What is stored is the record as it is now; one that can't even be said any more counts as changed.
    """
    records, context = _by_itself(session, ground, ref.kind, [ref.id])
    now, mapper = records.get(ref.id), ground.mappers[ref.kind]
    if now is None:
        return True
    try:
        before, after = (mapper.project(one, context).snapshot for one in (record, now))
    except MappingError:
        return True
    return bool(set(differences(ours=before, theirs=after)) - set(besides))


def _by_itself(
    session: Session, ground: Ground, kind: EntityKind, ids: Sequence[str]
) -> tuple[Mapping[str, Record], MappingContext]:
    """Return records with what of their surroundings is ours alone: no counterparts, no names given there."""
    records, customers = _records(session, ground.organisation_id, kind, ids)
    context = MappingContext(
        settings=ground.settings, reference=ground.reference, customers=customers, tax_levels=ground.tax_levels
    )
    return records, context


def _records(
    session: Session, organisation_id: str, kind: EntityKind, ids: Sequence[str]
) -> tuple[Mapping[str, Record], Mapping[str, Customer]]:
    """Return the records of one kind, and every customer they point to with its ancestors."""
    match kind:
        case EntityKind.CUSTOMER:
            customers = load.load_customers(session, organisation_id, ids)
            return {i: customers[i] for i in ids if i in customers}, customers
        case EntityKind.CONTACT:
            contacts = load.load_contacts(session, organisation_id, ids)
            return contacts, _customers_of(session, organisation_id, contacts.values())
        case EntityKind.INVOICE:
            invoices = load.load_invoices(session, organisation_id, ids)
            return invoices, _customers_of(session, organisation_id, invoices.values())
        case EntityKind.PAYMENT | EntityKind.CREDIT | EntityKind.REFUND:
            payments = load.load_payments(session, organisation_id, ids)
            return payments, _customers_of(session, organisation_id, payments.values())
        case EntityKind.ALLOCATION:
            parts = load.load_allocations(session, organisation_id, ids)
            return parts, _customers_of(session, organisation_id, parts.values())


def _customers_of(
    session: Session, organisation_id: str, records: Iterable[Contact | Invoice | Payment | Allocation]
) -> Mapping[str, Customer]:
    return load.load_customers(session, organisation_id, {record.customer_id for record in records})


def _job_sites(
    session: Session, organisation_id: str, kind: EntityKind, customers: Mapping[str, Customer]
) -> Mapping[str, JobSite]:
    """Return the job sites whose address a contact may take for its own; no other kind looks at them."""
    return load.load_job_sites(session, organisation_id, customers) if kind is EntityKind.CONTACT else {}


def _drift(session: Session, rows: Sequence[LinkRow]) -> dict[str, dict[FieldName, Known]]:
    """Return, by link, what is remembered of fields of ours that were changed there."""
    return {
        link_id: {
            row.field: Known(
                ours=value_from_json(row.ours),
                theirs=value_from_json(row.theirs),
                decision=None if row.decision is None else DriftDecision(row.decision),
                kept=row.kept,
            )
            for row in found
        }
        for link_id, found in drift.in_force(session, [row.id for row in rows]).items()
    }


def _theirs(session: Session, connection_id: str, rows: Sequence[LinkRow]) -> Mapping[str, RemoteRecord]:
    found: dict[str, CounterpartRow] = {}
    for family in {Family(row.family) for row in rows}:
        wanted = [row.remote_id for row in rows if row.remote_id is not None and row.family == family]
        known = counterparts.by_remote_ids(session, connection_id, family, wanted)
        survivors = [row.merged_into for row in known.values() if row.merged_into is not None]
        found |= known | counterparts.by_remote_ids(session, connection_id, family, survivors)
    return {remote_id: counterparts.record_of(row) for remote_id, row in found.items()}


def _case(
    ground: Ground,
    kind: EntityKind,
    names: Names,
    row: LinkRow,
    record: Record | None,
    theirs: Mapping[str, RemoteRecord],
    customers: Mapping[str, Customer],
    drifted: Mapping[FieldName, Known],
) -> Case:
    there = theirs.get(row.remote_id) if row.remote_id else None
    ref = Ref(kind=kind, id=row.record_id)
    return Case(
        ref=ref,
        link_id=row.id,
        label=label_of(record, customers) if record is not None else (row.remote_name or "a deleted record"),
        record=record,
        remote_id=row.remote_id,
        theirs=there,
        survivor=theirs.get(there.merged_into) if there is not None and there.merged_into else None,
        baseline=from_json(row.baseline) if row.baseline is not None else None,
        wanted=row.wanted,
        heard=row.heard,
        confirmed=row.confirmed,
        settled=row.settled,
        generation=row.generation,
        sequence=row.sequence,
        asked=row.open_problem_id is not None,
        drift_rule=ground.drift_rule,
        drift=drifted,
        kept_there=isinstance(record, Payment) and record.origin_connection_id == ground.connection_id,
        **_named(names, ref, row, name_parts(record, customers), there, number=getattr(record, "number", None)),
    )


def _named(
    names: Names, ref: Ref, row: LinkRow, parts: Sequence[str], there: RemoteRecord | None, *, number: str | None
) -> dict[str, Any]:
    """Return what a case says of the record's display name; nothing of a document."""
    if not parts:
        return {}
    choice = names.choose(ref, parts, remote_id=row.remote_id, current=row.remote_name, number=number)
    choice = reset_former.with_number_kept(names, row, choice)
    holders = names.holders(choice.name, remote_id=row.remote_id) if choice.clash else ()
    called = there.name if there is not None and there.active else None
    turn = NOW if choice.clash else names.turn(choice.name, remote_id=row.remote_id, current=called)
    return {"name": choice, "holders": holders, "turn": turn}


def name_parts(record: Record | None, customers: Mapping[str, Customer]) -> tuple[str, ...]:
    """Return the names that a display name is made of; none for documents."""
    if isinstance(record, Customer):
        return path_of(record, customers)
    if isinstance(record, Contact):
        person = (record.full_name or record.email or "Contact").replace(":", " ")
        return (*path_of(customers[record.customer_id], customers), person)
    return ()
