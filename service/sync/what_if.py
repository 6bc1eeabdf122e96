"""Which records other choices would touch: both ways of reading and writing compared, out of what is stored.

No call is made: theirs is what was last known of the other side. For each record that both sides agreed on, what was
agreed is read anew under the new choices; what then differs is what the choices change. Records that are still to be
sent are planned under both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from msgspec import structs
from sqlalchemy.orm import Session

from service.core.choice import MappingSettings
from service.core.ports import EntityKind, Ref
from service.core.problem import ProblemKind, sentence
from service.core.snapshot import FieldName, Snapshot, Value
from service.mapping import settings as mapping_settings
from service.store.queries import counterparts, links
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync import plan
from service.sync.agenda import Agenda
from service.sync.cases import Chunk, Ground, ground_of, load_chunk
from service.sync.names import Names
from service.sync.planner import Case, Decision, decide
from service.sync.platform import Platform
from service.sync.rebase import DOCUMENTS, Sent, rebased

_CHUNK = 500
_ALL = frozenset(EntityKind)
_MONEY = _ALL - {EntityKind.CUSTOMER, EntityKind.CONTACT, EntityKind.INVOICE}
_SOLD = frozenset({EntityKind.INVOICE, EntityKind.CREDIT, EntityKind.REFUND})
_PEOPLE = frozenset({EntityKind.CUSTOMER, EntityKind.CONTACT})
#: Which kinds of record a section of the choices can reach; every other section can reach all.
_REACH: Mapping[str, frozenset[EntityKind]] = {
    "methods": _MONEY,
    "method_accounts": _MONEY,
    "currency_accounts": _MONEY,
    "categories": _SOLD,
    "items": _SOLD,
    "tracking": _SOLD,
    "terms": _PEOPLE | _SOLD,
    "taxes": _PEOPLE | _SOLD,
}


class Effect(StrEnum):
    """What becomes of a record."""

    REWRITTEN = "rewritten"  #: it is there already, turns orange, and is written with the next sync
    KEPT = "kept"  #: it is there already and stays as it was sent
    CLOSED = "closed"  #: it is there already, and may not be changed there any more: it stays as it was sent
    TAKEN_OVER = "taken_over"  #: theirs leads from now on: their value replaces ours
    SENT = "sent"  #: it waits here and would be sent
    SENT_OTHERWISE = "sent_otherwise"  #: it would be sent before as well, with other values
    HELD_BACK = "held_back"  #: it would have been sent and is not any more
    STOPPED = "stopped"  #: a choice that it needs is missing then


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field as it would be written, or stands there, before and with the other choices."""

    field: FieldName
    before: Value
    after: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """One record that the choices reach."""

    ref: Ref
    label: str
    effect: Effect
    fields: tuple[Difference, ...] = ()
    message: str = ""  #: why, of one that is stopped or may not be changed
    link_id: str | None = None
    counters: tuple[int, int] = (0, 0)  #: ``wanted`` and ``heard`` of the link when it was looked at
    baseline: Snapshot | None = None  #: what both sides agree on, read anew


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Every record that other choices touch, and links whose agreement only has to be read anew."""

    touched: tuple[Touched, ...] = ()
    reread: tuple[Touched, ...] = field(default=(), repr=False)

    @property
    def counts(self) -> Mapping[Effect, int]:
        """How many records have which effect."""
        return Counter(one.effect for one in self.touched)


def look(platform: Platform, session: Session, row: ConnectionRow, chosen: MappingSettings, *, sent: Sent) -> WhatIf:
    """Return what other choices would touch on a connection."""
    if row.reference is None:
        return WhatIf()
    ground = ground_of(platform, session, row)
    demands = platform.provider(row.provider).demands
    gone = mapping_settings.gone_entries(chosen, ground.reference, demands)
    other = replace(ground, settings=chosen, gone=gone)
    kinds = reach(ground.settings, chosen)
    touched: list[Touched] = []
    reread: list[Touched] = []
    for kind in (one for one in ground.mappers if one in kinds):
        for one in _tied(session, ground, other, row, kind, sent):
            (reread if one.effect is Effect.KEPT and not one.fields else touched).append(one)
    touched += _waiting(platform, session, ground, other, row, {one.ref for one in touched})
    return WhatIf(touched=tuple(touched), reread=tuple(reread))


def reach(before: MappingSettings, after: MappingSettings) -> frozenset[EntityKind]:
    """Return which kinds of record the differences between choices can reach."""
    old, new = mapping_settings.to_json(before), mapping_settings.to_json(after)
    differing = [name for name in new if name != "version" and old[name] != new[name]]
    return frozenset().union(*(_REACH.get(name, _ALL) for name in differing))


def _tied(
    session: Session, ground: Ground, other: Ground, row: ConnectionRow, kind: EntityKind, sent: Sent
) -> Iterator[Touched]:
    """Yield what becomes of records that both sides have agreed on."""
    after = ""
    names = [_names(session, one, row) for one in (ground, other)]
    while rows := links.agreed_after(session, row, kind, after=after, limit=_CHUNK):
        after = rows[-1].id
        old = load_chunk(session, ground, kind, rows, names[0])
        new = _under(session, other, old, rows, names[1], ground)
        for link, before, case in zip(rows, old.cases, new.cases, strict=True):
            found = _effect(ground, link, before, case, (old, new), sent)
            if found is not None:
                yield found


def _under(
    session: Session, other: Ground, chunk: Chunk, rows: Sequence[LinkRow], names: Names, ground: Ground
) -> Chunk:
    """Return cases under other choices: loaded anew only where those decide whom a record hangs on or its name."""
    alike = other.settings.job_rule is ground.settings.job_rule and other.settings.naming is ground.settings.naming
    if alike:
        return replace(chunk, context=replace(chunk.context, settings=other.settings, gone=other.gone))
    return load_chunk(session, other, chunk.kind, rows, names)


def _names(session: Session, ground: Ground, row: ConnectionRow) -> Names:
    taken = counterparts.names_taken(session, row.id, ground.capabilities.names_unique_over)
    return Names(ground.capabilities, taken, rule=ground.settings.naming)


def _effect(
    ground: Ground, link: LinkRow, before: Case, case: Case, chunks: Sequence[Chunk], sent: Sent
) -> Touched | None:
    mapper, (old, new) = ground.mappers[case.ref.kind], chunks
    if case.baseline is None or case.theirs is None or case.theirs.deleted or case.record is None:
        return None
    baseline = rebased(case.baseline, mapper.read(case.theirs, old.context), mapper.read(case.theirs, new.context))
    then = decide(structs.replace(case, baseline=baseline), mapper, new.context, ground.capabilities)
    base = Touched(
        ref=case.ref,
        label=case.label,
        effect=Effect.KEPT,
        link_id=link.id,
        counters=(link.wanted, link.heard),
        baseline=baseline,
    )
    if then.problem is None and not then.plan.pushes and not then.plan.pulls:
        return base if baseline != case.baseline else None
    now = decide(before, mapper, old.context, ground.capabilities)
    if then.problem is not None and (now.problem is None or now.problem.kind is not then.problem.kind):
        return _stopped(base, then, now)
    pushed = _new(then, now, pushes=True)
    if pushed:
        keeps = sent is Sent.KEEP and case.ref.kind in DOCUMENTS
        return replace(base, effect=Effect.KEPT if keeps else Effect.REWRITTEN, fields=pushed)
    pulled = _new(then, now, pushes=False)
    if pulled:
        return replace(base, effect=Effect.TAKEN_OVER, fields=pulled)
    return base if baseline != case.baseline else None


def _stopped(base: Touched, then: Decision, now: Decision) -> Touched | None:
    assert then.problem is not None  # noqa: S101 - asked before
    message = sentence(then.problem)
    if then.problem.kind is ProblemKind.NOT_ALLOWED_NOW:
        fields = tuple(
            Difference(field=one.field, before=one.theirs, after=one.ours) for one in then.problem.fields
        ) or _new(then, now, pushes=True)
        return replace(base, effect=Effect.CLOSED, fields=fields, message=message)
    return replace(base, effect=Effect.STOPPED, message=message)


def _new(then: Decision, now: Decision, *, pushes: bool) -> tuple[Difference, ...]:
    """Return what is moved with the other choices and was not, or otherwise, before."""
    moves = [(one.plan.pushes if pushes else one.plan.pulls) for one in (then, now)]
    known = {(action.field, action.value) for action in moves[1]}
    against = then.theirs if pushes else then.ours
    return tuple(
        Difference(field=one.field, before=None if against is None else against.get(one.field), after=one.value)
        for one in moves[0]
        if (one.field, one.value) not in known
    )


def _waiting(
    platform: Platform, session: Session, ground: Ground, other: Ground, row: ConnectionRow, known: set[Ref]
) -> Iterator[Touched]:
    """Yield what becomes of records that wait for a sync, or for a choice: planned under both."""
    plans = [
        {one.case.ref: one for *_, one in plan.decisions(session, agenda, row)}
        for agenda in (Agenda(session, each, row, now=platform.clock()) for each in (ground, other))
    ]
    for ref in [*plans[1], *(one for one in plans[0] if one not in plans[1])]:
        if ref not in known:
            found = _of_waiting(ref, plans[0].get(ref), plans[1].get(ref))
            if found is not None:
                yield found


def _of_waiting(ref: Ref, now: Decision | None, then: Decision | None) -> Touched | None:
    label = next(one.case.label for one in (then, now) if one is not None)
    was = now is not None and now.problem is None and now.writes
    will = then is not None and then.problem is None and then.writes
    if was and not will:
        if then is not None and then.problem is not None:
            return Touched(ref=ref, label=label, effect=Effect.STOPPED, message=sentence(then.problem))
        return Touched(ref=ref, label=label, effect=Effect.HELD_BACK)
    if not will or then is None:
        return None
    if not was or now is None:
        return Touched(ref=ref, label=label, effect=Effect.SENT)
    values = [one.expected.fields if one.expected is not None else {} for one in (now, then)]
    differing = tuple(
        Difference(field=name, before=values[0].get(name), after=values[1].get(name))
        for name in sorted({*values[0], *values[1]})
        if values[0].get(name) != values[1].get(name)
    )
    return Touched(ref=ref, label=label, effect=Effect.SENT_OTHERWISE, fields=differing) if differing else None
