"""Documents that stay with a former counterpart: told anew each time from what the package shows, never stored.

An invoice that is paid, voided or in a closed period can't be addressed to another customer. As long as it names a
counterpart from an earlier life of its customer, its customer is neither compared nor sent, and payments of it name the
one that it names. The day it can be moved, or is moved there, this ends by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import structs
from sqlalchemy.orm import Session

from service.core.names import NameChoice, NameRule
from service.core.ports import EntityKind, Family, MappingContext, Ref
from service.core.reset import Withheld, is_numbered, why_stays
from service.core.snapshot import Value
from service.store.queries import counterparts, resets
from service.store.sync_models import LinkRow
from service.sync.names import Names
from service.sync.planner import Case

if TYPE_CHECKING:
    from service.sync.cases import Ground

_APART = (EntityKind.CREDIT, EntityKind.REFUND)
_DOCUMENTS = (EntityKind.INVOICE, EntityKind.PAYMENT, EntityKind.ALLOCATION, *_APART)
_PEOPLE = (EntityKind.CUSTOMER, EntityKind.CONTACT)


def with_former(
    session: Session, ground: Ground, kind: EntityKind, cases: tuple[Case, ...], context: MappingContext
) -> tuple[Case, ...]:
    """Return the cases of documents with what a former counterpart of their customer means for them."""
    if kind not in _DOCUMENTS:
        return cases
    mapper = ground.mappers[kind]
    needs = {case.link_id: mapper.needs(case.record, context) for case in cases if case.record is not None}
    people = {ref for refs in needs.values() for ref in refs if ref.kind in _PEOPLE}
    former = resets.former_ids(session, ground.connection_id, people)
    if not former:
        return cases
    if kind is EntityKind.INVOICE:
        return tuple(_invoice(ground, case, needs.get(case.link_id, ()), former) for case in cases)
    if kind in _APART:
        return tuple(_apart(ground, case, needs.get(case.link_id, ()), former) for case in cases)
    holders = _holders(session, ground, needs.values(), context)
    return tuple(_payment(case, needs.get(case.link_id, ()), former, holders) for case in cases)


def _invoice(ground: Ground, case: Case, needs: Sequence[Ref], former: Mapping[Ref, Mapping[str, Family]]) -> Case:
    if case.theirs is None or case.theirs.deleted:
        return case
    theirs = ground.mappers[EntityKind.INVOICE].read(case.theirs, ground.reading)
    holder = theirs.get("customer")
    if not any(holder in former.get(ref, {}) for ref in needs):
        return case
    why = why_stays(theirs, locked_until=ground.reference.company.lock_date)
    if why is None:
        return case
    reason = f"It stays with the former record of its customer in {ground.capabilities.package}, because {why}."
    return structs.replace(case, withheld=(Withheld(field="customer", reason=reason),))


def _apart(ground: Ground, case: Case, needs: Sequence[Ref], former: Mapping[Ref, Mapping[str, Family]]) -> Case:
    """Credits and refunds stay with the counterpart that they were written for."""
    if case.theirs is None or case.theirs.deleted:
        return case
    holder = ground.mappers[case.ref.kind].read(case.theirs, ground.reading).get("customer")
    if not any(holder in former.get(ref, {}) for ref in needs):
        return case
    reason = f"It stays with the former record of its customer in {ground.capabilities.package}."
    return structs.replace(case, withheld=(Withheld(field="customer", reason=reason),))


def _payment(
    case: Case, needs: Sequence[Ref], former: Mapping[Ref, Mapping[str, Family]], holders: Mapping[Ref, Value]
) -> Case:
    for ref in needs:
        holder = holders.get(ref)
        if holder is not None and any(holder in former.get(one, {}) for one in needs):
            return structs.replace(case, stand_ins={"customer": holder})
    return case


def _holders(
    session: Session, ground: Ground, needs: Iterable[Sequence[Ref]], context: MappingContext
) -> Mapping[Ref, Value]:
    """Return whom invoices name at the package."""
    invoices = {ref for refs in needs for ref in refs if ref.kind is EntityKind.INVOICE and ref in context.remote_ids}
    family, mapper = ground.capabilities.family_of[EntityKind.INVOICE], ground.mappers[EntityKind.INVOICE]
    ids = {ref: context.remote_ids[ref] for ref in invoices}
    known = counterparts.by_remote_ids(session, ground.connection_id, family, set(ids.values()))
    return {
        ref: mapper.read(counterparts.record_of(known[remote_id]), ground.reading).get("customer")
        for ref, remote_id in ids.items()
        if remote_id in known and not known[remote_id].deleted
    }


def with_number_kept(names: Names, row: LinkRow, choice: NameChoice) -> NameChoice:
    """Return the name with the number that a reset gave it, for as long as the record is called the same here.

    Also when the former counterpart gives up the plain one: nobody would tell, and nobody has asked for another name.
    """
    if row.generation == 1 or not is_numbered(row.remote_name, choice.name):
        return choice
    numbered = str(row.remote_name)
    if names.holders(numbered, remote_id=row.remote_id):
        return choice
    names.give_back(choice.name, Ref(kind=EntityKind(row.entity), id=row.record_id))
    return structs.replace(choice, name=numbered, rule=NameRule.NUMBERED, clash=False)
