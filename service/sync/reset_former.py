"""Documents that stay with a former counterpart: told anew each time from what the package shows, never stored.

An invoice that is paid, voided or in a closed period can't be addressed to another customer. As long as it names a
counterpart from an earlier life of its customer, its customer is neither compared nor sent, and payments of it name the
one that it names. The day it can be moved, or is moved there, this ends by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import structs
from sqlalchemy.orm import Session

from service.core.names import NameChoice, NameRule
from service.core.ports import EntityKind, MappingContext, Ref
from service.core.reset import Withheld, is_numbered, why_stays
from service.core.snapshot import Snapshot, Value
from service.store.queries import counterparts, resets
from service.store.queries.resets import FormerLives
from service.store.sync_models import LinkRow
from service.sync.names import Names
from service.sync.planner import Case

if TYPE_CHECKING:
    from service.sync.cases import Ground

_APART = (EntityKind.CREDIT, EntityKind.REFUND)
_DOCUMENTS = (EntityKind.INVOICE, EntityKind.PAYMENT, EntityKind.ALLOCATION, *_APART)
_PEOPLE = (EntityKind.CUSTOMER, EntityKind.CONTACT)


@dataclass(frozen=True, slots=True)
class _Former:
    """Whom documents may still name although their customer is tied to another entity by now."""

    lives: Mapping[Ref, FormerLives]
    remote_ids: Mapping[Ref, str]

    def named(self, refs: Sequence[Ref], holder: Value) -> bool:
        """Tell whether one of an earlier life is named."""
        return any(holder in self.lives[ref].remote_ids for ref in refs if ref in self.lives)

    def holds(self, refs: Sequence[Ref], holder: Value) -> bool:
        """Tell whether one of an earlier life is named, or who took over from one that is gone."""
        orphaned = [ref for ref in refs if ref in self.lives and self.lives[ref].gone]
        taken_over = any(holder not in {None, self.remote_ids.get(ref)} for ref in orphaned)
        return taken_over or self.named(refs, holder)


def with_former(
    session: Session, ground: Ground, kind: EntityKind, cases: tuple[Case, ...], context: MappingContext
) -> tuple[Case, ...]:
    """Return the cases of documents with what a former counterpart of their customer means for them."""
    if kind not in _DOCUMENTS:
        return cases
    mapper = ground.mappers[kind]
    needs = {case.link_id: mapper.needs(case.record, context) for case in cases if case.record is not None}
    people = {ref for refs in needs.values() for ref in refs if ref.kind in _PEOPLE}
    former = _Former(resets.former_lives(session, ground.connection_id, people), context.remote_ids)
    if not former.lives:
        return cases
    if kind is EntityKind.INVOICE or kind in _APART:
        return tuple(_document(ground, case, needs.get(case.link_id, ()), former) for case in cases)
    holders = _holders(session, ground, needs.values(), context)
    return tuple(_payment(ground, case, needs.get(case.link_id, ()), former, holders) for case in cases)


def _document(ground: Ground, case: Case, needs: Sequence[Ref], former: _Former) -> Case:
    """An invoice stays if it can't be moved; credits and refunds stay with the one that they were written for."""
    theirs = _shown(ground, case)
    if theirs is None or not former.holds(needs, theirs.get("customer")):
        return case
    moves = case.ref.kind is EntityKind.INVOICE
    why = why_stays(theirs, locked_until=ground.reference.company.lock_date) if moves else None
    if moves and why is None:
        return case
    whose = "the former record of its customer" if former.named(needs, theirs.get("customer")) else "whom it names"
    reason = f"It stays with {whose} in {ground.capabilities.package}{f', because {why}' if why else ''}."
    return structs.replace(case, withheld=(Withheld(field="customer", reason=reason),))


def _payment(ground: Ground, case: Case, needs: Sequence[Ref], former: _Former, holders: Mapping[Ref, Value]) -> Case:
    """A payment names whom its invoice names; one that a bookkeeper recorded names whom it names."""
    named = [holders[ref] for ref in needs if holders.get(ref) is not None]
    if case.kept_there and (theirs := _shown(ground, case)) is not None:
        named.append(theirs.get("customer"))
    holder = next((one for one in named if former.holds(needs, one)), None)
    return case if holder is None else structs.replace(case, stand_ins={"customer": holder})


def _shown(ground: Ground, case: Case) -> Snapshot | None:
    """Return a document as the package shows it; None if it is not there."""
    if case.theirs is None or case.theirs.deleted:
        return None
    return ground.mappers[case.ref.kind].read(case.theirs, ground.reading)


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
