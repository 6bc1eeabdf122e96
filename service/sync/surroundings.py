"""Loading what stands around records at the package: only where a question may need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import structs
from sqlalchemy.orm import Session

from service.core.model import Customer, Invoice
from service.core.ports import EntityKind, Family, Record, Ref, RemoteRecord
from service.store.queries import counterparts, load, neighbours
from service.store.queries.neighbours import Place
from service.store.sync_models import LinkRow
from service.sync.asking import Around
from service.sync.names import Names
from service.sync.planner import Case, label_of

if TYPE_CHECKING:
    from service.sync.cases import Ground


def with_surroundings(
    session: Session,
    ground: Ground,
    kind: EntityKind,
    rows: Sequence[LinkRow],
    cases: tuple[Case, ...],
    names: Names,
    places: Mapping[Ref, Place],
) -> tuple[Case, ...]:
    """Add to cases what stands around their records; nothing is asked of the database that no case needs."""
    family = ground.capabilities.family_of[kind]
    away = {ref: "gone" if place.gone else "archived" for ref, place in places.items() if place.gone or place.archived}
    heirs = _heirs(session, ground, family, cases) if kind is EntityKind.CUSTOMER else {}
    jobs = _jobs_left(session, ground, kind, cases)
    strangers = _strangers(session, ground, cases, places)
    held = _held_by(session, ground, family, cases, heirs)
    alike = _lookalikes(session, ground, family, rows, cases)
    if not (away or heirs or jobs or strangers or held or alike or any(map(_clashes, cases))):
        return cases
    return tuple(
        structs.replace(
            case,
            around=Around(
                heirs=heirs.get(case.ref.id, ()),
                held_by=held.get(case.link_id),
                ours_too=_ours_too(session, ground, case, names),
                lookalikes=alike.get(case.link_id, ()),
                away=away,
                jobs=jobs.get(case.remote_id or "", ()),
                strangers=strangers.get(case.remote_id or "", 0),
            ),
        )
        for case in cases
    )


def _clashes(case: Case) -> bool:
    return case.name is not None and case.name.clash


def _jobs_left(
    session: Session, ground: Ground, kind: EntityKind, cases: Sequence[Case]
) -> Mapping[str, tuple[str, ...]]:
    """Return, by remote id, the active jobs of customers to be archived that are not archived here themselves."""
    going = [
        case.remote_id
        for case in cases
        if case.remote_id and isinstance(case.record, Customer) and case.record.archived and ground.keeps_a_tree
    ]
    if kind is not EntityKind.CUSTOMER or not going:
        return {}
    return neighbours.active_jobs(session, ground.connection_id, going)


def _strangers(
    session: Session, ground: Ground, cases: Sequence[Case], places: Mapping[Ref, Place]
) -> Mapping[str, int]:
    """Return, by remote id, how deep a bookkeeper's own customers lie below those that are to be moved there."""
    moved = [
        case.remote_id
        for case in cases
        if case.remote_id
        and case.theirs is not None
        and isinstance(case.record, Customer)
        and (above := places.get(Ref(kind=EntityKind.CUSTOMER, id=case.record.parent_id or ""))) is not None
        and above.remote_id != case.theirs.parent_id
        and ground.keeps_a_tree
    ]
    return neighbours.strangers_below(session, ground.connection_id, moved) if moved else {}


def numbers_of(
    session: Session, ground: Ground, kind: EntityKind, rows: Sequence[LinkRow], records: Mapping[str, Record]
) -> dict[Ref, str]:
    """Return numbers for records that can't have their own: a person chose another, or a former life holds it."""
    if kind not in (EntityKind.CUSTOMER, EntityKind.INVOICE):
        return {}
    found: dict[Ref, str] = {}
    former = neighbours.former_of(session, [row for row in rows if row.generation > 1])
    for row in rows:
        record = records.get(row.record_id)
        if not isinstance(record, Customer | Invoice):
            continue
        ref = Ref(kind=kind, id=record.id)
        held = {ground.mappers[kind].read(one, ground.reading).get("number") for one in former.get(row.id, ())}
        given = f"{record.number}-{row.generation}"
        # What was agreed for this life stays, also when the former one gives the number free later.
        agreed = None if row.baseline is None else row.baseline["fields"].get("number")
        if kind is EntityKind.INVOICE and row.remote_name:
            found[ref] = row.remote_name
        elif record.number in held or agreed == given:
            found[ref] = given
    return found


def label_of_link(session: Session, organisation_id: str, link: LinkRow) -> str:
    """Return what people call the record of a link."""
    ids, found = [link.record_id], dict[str, Record]()
    match EntityKind(link.entity):
        case EntityKind.CUSTOMER:
            found |= load.load_customers(session, organisation_id, ids)
        case EntityKind.CONTACT:
            found |= load.load_contacts(session, organisation_id, ids)
        case EntityKind.INVOICE:
            found |= load.load_invoices(session, organisation_id, ids)
        case EntityKind.PAYMENT | EntityKind.CREDIT | EntityKind.REFUND:
            found |= load.load_payments(session, organisation_id, ids)
        case EntityKind.ALLOCATION:
            found |= load.load_allocations(session, organisation_id, ids)
    record = found.get(link.record_id)
    if record is None:
        return link.remote_name or "another record"
    owner = [] if isinstance(record, Customer) else [record.customer_id]
    return label_of(record, load.load_customers(session, organisation_id, owner))


def _heirs(
    session: Session, ground: Ground, family: Family, cases: Sequence[Case]
) -> dict[str, tuple[RemoteRecord, ...]]:
    """Return, by customer of ours that is gone there, who has its invoices there now."""
    lost = {
        case.ref.id: case.remote_id
        for case in cases
        if case.theirs is not None and case.theirs.deleted and case.theirs.merged_into is None
    }
    if not lost or EntityKind.INVOICE not in ground.mappers:
        return {}
    mapper = ground.mappers[EntityKind.INVOICE]
    now_with: dict[str, set[str]] = {}
    for customer_id, found in neighbours.invoices_of(session, ground.connection_id, lost).items():
        shown = {mapper.read(one, ground.reading).get("customer") for one in found}
        now_with[customer_id] = {str(one) for one in shown if one is not None} - {str(lost[customer_id])}
    wanted = {remote_id for found in now_with.values() for remote_id in found}
    rows = counterparts.by_remote_ids(session, ground.connection_id, family, wanted)
    return {
        customer_id: tuple(
            counterparts.record_of(rows[one]) for one in sorted(found) if one in rows and not rows[one].deleted
        )
        for customer_id, found in now_with.items()
    }


def _held_by(
    session: Session,
    ground: Ground,
    family: Family,
    cases: Sequence[Case],
    heirs: Mapping[str, tuple[RemoteRecord, ...]],
) -> dict[str, str]:
    """Return, by link, what people call the record of ours that has what theirs was merged into."""
    winners = {case.link_id: case.survivor.remote_id for case in cases if case.survivor is not None}
    for case in cases:
        found = heirs.get(case.ref.id, ())
        if len(found) == 1:
            winners[case.link_id] = found[0].remote_id
    if not winners:
        return {}
    holders = neighbours.holders_of(session, ground.connection_id, family, set(winners.values()))
    return {
        link_id: label_of_link(session, ground.organisation_id, holders[winner])
        for link_id, winner in winners.items()
        if winner in holders and holders[winner].id != link_id
    }


def _ours_too(session: Session, ground: Ground, case: Case, names: Names) -> str | None:
    """Return what people call the record of ours that has the name there already, if one has."""
    if case.name is None or not case.name.clash:
        return None
    ids = [holder.remote_id for holder in case.holders if holder.family is Family.CUSTOMER]
    tied = neighbours.holders_of(session, ground.connection_id, Family.CUSTOMER, ids)
    if tied:
        return label_of_link(session, ground.organisation_id, next(iter(tied.values())))
    return case.label if names.given_to(case.name.name) not in (None, case.ref) else None


def _lookalikes(
    session: Session, ground: Ground, family: Family, rows: Sequence[LinkRow], cases: Sequence[Case]
) -> dict[str, tuple[RemoteRecord, ...]]:
    """Return, by link that has nothing there yet, untied entities with its reference or its number."""
    new = [(row, case) for row, case in zip(rows, cases, strict=True) if case.remote_id is None]
    references = {row.reference: row.id for row, _ in new if row.reference}
    numbers: dict[str, list[str]] = {}
    for row, case in new:
        if isinstance(case.record, Invoice) and case.record.number:
            numbers.setdefault(case.record.number, []).append(row.id)
    found: dict[str, list[RemoteRecord]] = {}
    for one in neighbours.lookalikes_of(
        session, ground.connection_id, family, references=references, names=list(numbers)
    ):
        ids = [references[one.reference]] if one.reference in references else numbers.get(one.name or "", [])
        for link_id in ids:
            found.setdefault(link_id, []).append(one)
    return {link_id: tuple(records) for link_id, records in found.items()}
