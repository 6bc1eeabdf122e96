"""The steps of a reset that need no call: what it begins with, and the moment at which the next lives begin.

Each is one transaction of the caller. A rehearsal takes the same steps and throws them away, so that what a dry run
shows is what is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import structs
from sqlalchemy.orm import Session

from service.core.intent import Operation
from service.core.link import Edited, Reset, Settled, Tied
from service.core.names import name_key
from service.core.ports import Element, EntityKind, Family, Payload, Ref
from service.core.reconcile import FieldAction, Move, Plan, RecordMove, Rule
from service.core.reset import (
    DocumentFate,
    OldCounterpart,
    Standing,
    counterpart_sentence,
    former_name,
    numbered_name,
)
from service.core.snapshot import Snapshot, Value, from_json, to_json
from service.store.facts import apply_to
from service.store.queries import counterparts, links, resets
from service.store.queries.events import Subject, add_event
from service.store.reset_models import ResetItemRow, ResetRow
from service.store.sync_models import ConnectionRow, CounterpartRow, LinkRow
from service.sync import reset_documents
from service.sync.cases import Chunk, Ground, load_chunk
from service.sync.names import Names
from service.sync.planner import Case, Decision
from service.sync.reset_documents import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A reset within one transaction."""

    session: Session
    ground: Ground
    connection: ConnectionRow
    reset: ResetRow
    items: Sequence[ResetItemRow]
    now: datetime

    @property
    def choice(self) -> OldCounterpart:
        """What was chosen for the former counterparts."""
        return OldCounterpart(self.reset.old_counterpart)

    def link(self, item: ResetItemRow) -> LinkRow:
        """Return the link that an item ends."""
        return self.session.get_one(LinkRow, item.link_id)


def stage(session: Session, ground: Ground, reset_id: str, *, now: datetime) -> Stage:
    """Load a reset for one transaction."""
    reset = session.get_one(ResetRow, reset_id)
    return Stage(
        session=session,
        ground=ground,
        connection=session.get_one(ConnectionRow, reset.connection_id),
        reset=reset,
        items=resets.items(session, reset_id),
        now=now,
    )


def prepare(on: Stage) -> None:
    """Note how each former counterpart stands, and the name under which it will make room."""
    capabilities = on.ground.capabilities
    taken = set(counterparts.names_taken(on.session, on.connection.id, capabilities.names_unique_over))
    for item in on.items:
        link = on.link(item)
        there = _counterpart(on, link)
        item.remote_id = link.remote_id
        item.remote_name = there.name if there is not None else link.remote_name
        item.standing = _standing(link, there).value
        item.released_name = None
        if item.standing == Standing.ACTIVE and on.choice is not OldCounterpart.LEAVE:
            name = item.remote_name or item.label
            item.released_name = former_name(name, taken=taken, limit=capabilities.name_limit)
            taken.add(name_key(item.released_name))
            # It is to be written to; and if the reset comes to nothing, the next sync puts the name back.
            apply_to(on.session, link, Edited(), now=on.now, by=on.reset.requested_by)
    on.reset.state = "releasing"
    on.session.flush()


def releases(on: Stage, names: Names) -> list[Decision]:
    """Return what has to be written so that the former counterparts make room; nothing for those that have done so."""
    waiting = {on.link(item).id: item for item in on.items if item.released_name is not None}
    decisions = []
    for chunk in _chunks(on, [on.session.get_one(LinkRow, link_id) for link_id in waiting], names):
        for case in chunk.cases:
            link, name = on.session.get_one(LinkRow, case.link_id), waiting[case.link_id].released_name
            decision = _release(on.ground, chunk, case, link, name)
            if decision is not None:
                decisions.append(decision)
    return decisions


def _release(ground: Ground, chunk: Chunk, case: Case, link: LinkRow, name: str | None) -> Decision | None:
    """Return the write that takes a counterpart its name, and the fields that no two may share; None if it is done."""
    if case.theirs is None:
        return None
    mapper = ground.mappers[chunk.kind]
    theirs = mapper.read(case.theirs, chunk.context)
    wanted: dict[str, Value] = {"name": name}
    wanted |= {field: None for field in ground.capabilities.unique_fields if theirs.get(field) is not None}
    changes = {field: value for field, value in wanted.items() if theirs.get(field) != value}
    if not changes:
        return None
    actions = tuple(
        FieldAction(field=field, move=Move.PUSH, value=value, rule=Rule.MAKES_ROOM) for field, value in changes.items()
    )
    meant = Snapshot(fields={**theirs.fields, **changes}, active=True)
    body = mapper.body(Operation.UPDATE, meant, changed=frozenset(changes), theirs=case.theirs, context=chunk.context)
    # What is wanted here is not sent by this write: it must not count as confirmed.
    quiet = structs.replace(case, wanted=link.confirmed, heard=link.settled, name=None)
    return Decision(
        case=quiet,
        plan=Plan(record=RecordMove.UPDATE, actions=actions),
        operation=Operation.UPDATE,
        element=_element(quiet, Operation.UPDATE, body),
        expected=Snapshot(fields=changes, active=True),
        theirs=theirs,
    )


def retirement(on: Stage, item: ResetItemRow, names: Names, *, planned: bool = False) -> Decision | None:
    """Return the write that archives a former counterpart after its link's life; None if it is archived already.

    :param planned: as it will be once documents have moved: what is known of the balance there does not count.
    :raises MappingError: the package archives nobody who stands like this.
    """
    (chunk,) = _chunks(on, [on.link(item)], names)
    (case,) = chunk.cases
    if case.theirs is None or case.theirs.deleted or not case.theirs.active:
        return None
    mapper = on.ground.mappers[chunk.kind]
    gone = Snapshot(fields={}, active=False)
    known = None if planned else case.theirs
    body = mapper.body(Operation.ARCHIVE, gone, changed=frozenset(), theirs=known, context=chunk.context)
    action = FieldAction(field="active", move=Move.PUSH, value=False, rule=Rule.FORMER_ARCHIVED)
    after = structs.replace(case, name=None, retired=True)
    return Decision(
        case=after,
        plan=Plan(record=RecordMove.ARCHIVE, actions=(action,)),
        operation=Operation.ARCHIVE,
        element=_element(after, Operation.ARCHIVE, body),
        expected=gone,
        theirs=mapper.read(case.theirs, chunk.context),
    )


def swap(on: Stage) -> list[Document]:
    """End the present lives and begin the next ones; return the documents of the former counterparts."""
    documents = reset_documents.documents_of(on.session, on.ground, on.items)
    for item in on.items:
        fresh = _renew(on, item)
        item.new_link_id, item.closed_at = fresh.id, on.now
        item.outcome = outcome_of(on, item)
        _tell(on, item, fresh)
    on.session.flush()
    if on.choice is OldCounterpart.LEAVE:
        _name_beside(on)
    for link in [*(one.link for one in documents), *_jobs_below(on)]:
        apply_to(on.session, link, Edited(), now=on.now, by=on.reset.requested_by)
    on.reset.documents = reset_documents.to_json(documents)
    on.reset.state, on.reset.swapped_at = "swapped", on.now
    if not to_archive(on):
        finish(on)
    on.session.flush()
    return documents


def to_archive(on: Stage) -> list[ResetItemRow]:
    """Return the items whose former counterpart is to be archived yet."""
    if on.choice is not OldCounterpart.ARCHIVE:
        return []
    return [item for item in on.items if item.standing == Standing.ACTIVE and item.settled_at is None]


def finish(on: Stage) -> None:
    """Close a reset of which nothing is left to do."""
    on.reset.state, on.reset.finished_at = "done", on.now


def refuse(on: Stage, why: str) -> None:
    """Give a reset up before anything was exchanged; names that were changed are put back by the next sync."""
    on.reset.state, on.reset.problem, on.reset.finished_at = "refused", why, on.now
    for item in on.items:
        item.closed_at = on.now
    first = on.items[0]
    add_event(
        on.session,
        organisation_id=on.reset.organisation_id,
        at=on.now,
        actor="sync",
        verb=f"{_word(on.reset)} refused",
        subject=Subject(kind=first.entity, id=first.record_id, label=first.label),
        link_id=first.link_id,
        connection_id=on.connection.id,
        why=why,
    )


def touched(on: Stage) -> set[Ref]:
    """Return the records that a run for this reset looks at."""
    own = {Ref(kind=EntityKind(item.entity), id=item.record_id) for item in on.items}
    documents = {Ref(kind=EntityKind(one["entity"]), id=one["record_id"]) for one in on.reset.documents}
    jobs = {Ref(kind=EntityKind(link.entity), id=link.record_id) for link in _jobs_below(on)}
    return own | documents | jobs


def outcome_of(on: Stage, item: ResetItemRow) -> str:
    """Say what becomes of an item's former counterpart."""
    into = None
    if item.standing == Standing.MERGED and item.remote_id is not None:
        family = Family(on.link(item).family)
        known = counterparts.by_remote_ids(on.session, on.connection.id, family, [item.remote_id])
        survivor = known[item.remote_id].merged_into or ""
        found = counterparts.by_remote_ids(on.session, on.connection.id, family, [survivor]).get(survivor)
        into = found.name if found is not None else None
    return counterpart_sentence(
        on.choice,
        Standing(item.standing or Standing.NEVER),
        package=on.ground.capabilities.package,
        name=item.remote_name or item.label,
        becomes=item.released_name,
        into=into,
    )


def what_hangs(on: Stage, item: ResetItemRow, *, planned: bool = False) -> str | None:
    """Return what still hangs on a former counterpart, as a sentence; None if it may be archived.

    :param planned: what the run is about to move away counts as moved.
    """
    name = item.released_name or item.remote_name
    below = set(resets.active_below(on.session, on.connection.id, Family(on.link(item).family), item.remote_id or ""))
    if planned:
        below -= {one.remote_id for one in on.items} | {link.remote_id for link in _jobs_below(on)}
    if below:
        hang = "job still hangs" if len(below) == 1 else "jobs still hang"
        return f"'{name}' stays active, because {len(below)} {hang} below it."
    documents = reset_documents.documents_of(on.session, on.ground, [item])
    held = [one for one in documents if not planned or one.fate is DocumentFate.STAYS]
    labels = [one.label for one in held if one.owes or on.reset.if_bare]
    if labels:
        verb = "belongs" if len(labels) == 1 else "belong"
        return f"'{name}' stays active, because {', '.join(labels[:3])} still {verb} to it."
    return None


def _renew(on: Stage, item: ResetItemRow) -> LinkRow:
    """Retire the link and add the next life: tied to nothing yet, or to the former counterpart again."""
    link = on.link(item)
    apply_to(on.session, link, Reset(at=on.now), now=on.now, by=on.reset.requested_by)
    link.retired_why = "reset" if on.reset.kind == "reset" else "reset undone"
    on.session.flush()
    ref = Ref(kind=EntityKind(link.entity), id=link.record_id)
    fresh = links.add(
        on.session,
        on.connection,
        ref,
        Family(link.family),
        generation=links.next_generation(on.session, on.connection.id, ref),
        hint=(link.reference or "").rpartition("-")[0],
    )
    if item.back_to_link_id is not None:
        _tie_again(on, fresh, on.session.get_one(LinkRow, item.back_to_link_id))
    on.session.flush()
    return fresh


def _tie_again(on: Stage, fresh: LinkRow, former: LinkRow) -> None:
    """Take up where the former life ended, so that edits of either side since are told apart."""
    there = _counterpart(on, former)
    fresh.reference = former.reference
    fresh.remote_name = there.name if there is not None else former.remote_name
    facts = apply_to(on.session, fresh, Tied(external_id=str(former.remote_id)), now=on.now)
    if former.baseline is not None:
        agreed = from_json(former.baseline)
        active = there.active if there is not None else agreed.active
        baseline = to_json(structs.replace(agreed, active=active))
        apply_to(on.session, fresh, Settled(heard=facts.heard, baseline=baseline), now=on.now)


def _name_beside(on: Stage) -> None:
    """Give a number to clients whose former counterpart keeps the name: two can't share it there."""
    capabilities = on.ground.capabilities
    taken = counterparts.names_taken(on.session, on.connection.id, capabilities.names_unique_over)
    names, used = Names(capabilities, taken), set(taken)
    by_link = {item.new_link_id: item for item in on.items}
    fresh = [on.session.get_one(LinkRow, link_id) for link_id in by_link if link_id is not None]
    for chunk in _chunks(on, [link for link in fresh if link.remote_id is None], names):
        for case in chunk.cases:
            if case.name is None or not case.name.clash:
                continue
            if any(held.remote_id == by_link[case.link_id].remote_id for held in case.holders):
                link = on.session.get_one(LinkRow, case.link_id)
                link.remote_name = numbered_name(case.name.name, taken=used, limit=capabilities.name_limit)
                used.add(name_key(link.remote_name))


def _jobs_below(on: Stage) -> Sequence[LinkRow]:
    """Return the links of jobs right below that are not reset themselves: where the package has a tree they move."""
    own = {item.record_id for item in on.items}
    if on.ground.capabilities.native_depth == 1:
        return []
    below = [one for one in resets.children(on.session, own) if one not in own]
    return list(resets.linked_customers(on.session, on.connection.id, below).values())


def _tell(on: Stage, item: ResetItemRow, fresh: LinkRow) -> None:
    link = on.link(item)
    before: Mapping[str, Any] = {"generation": link.generation, "remote_id": link.remote_id}
    after: Mapping[str, Any] = {
        "generation": fresh.generation,
        "remote_id": fresh.remote_id,
        "old_counterpart": on.reset.old_counterpart,
    }
    add_event(
        on.session,
        organisation_id=on.reset.organisation_id,
        at=on.now,
        actor=on.reset.requested_by,
        verb=_word(on.reset),
        subject=Subject(kind=item.entity, id=item.record_id, label=item.label),
        link_id=fresh.id,
        connection_id=on.connection.id,
        before=before,
        after=after,
        why=" ".join(part for part in (on.reset.why, item.outcome) if part),
    )


def _element(case: Case, operation: Operation, body: Payload) -> Element:
    version = None if case.theirs is None else case.theirs.version
    return Element(kind=case.ref.kind, operation=operation, body=body, remote_id=case.remote_id, version=version)


def _word(reset: ResetRow) -> str:
    return "reset" if reset.kind == "reset" else "reset undone"


def _chunks(on: Stage, rows: Sequence[LinkRow], names: Names) -> list[Chunk]:
    kinds = {EntityKind(row.entity) for row in rows}
    return [
        load_chunk(on.session, on.ground, kind, [row for row in rows if row.entity == kind], names)
        for kind in sorted(kinds)
    ]


def _counterpart(on: Stage, link: LinkRow) -> CounterpartRow | None:
    if link.remote_id is None:
        return None
    known = counterparts.by_remote_ids(on.session, on.connection.id, Family(link.family), [link.remote_id])
    return known.get(link.remote_id)


def _standing(link: LinkRow, there: CounterpartRow | None) -> Standing:
    if link.remote_id is None:
        return Standing.NEVER
    if there is not None and there.merged_into is not None:
        return Standing.MERGED
    if there is None or there.deleted:
        return Standing.GONE
    return Standing.ACTIVE if there.active else Standing.ARCHIVED
