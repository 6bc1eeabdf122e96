"""What the next sync would do, out of what is known: no call, and nothing written here or there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from service.core.forecast import Needs, Reckoning
from service.core.intent import Operation
from service.core.ports import Ref
from service.core.problem import sentence
from service.core.problem import to_json as problem_to_json
from service.core.reconcile import FieldAction, Move
from service.core.snapshot import Snapshot, Value, to_json, value_to_json
from service.store.queries import agreed, counterparts
from service.store.queries import connections as queries
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync import looking
from service.sync.agenda import Agenda, agenda_of
from service.sync.cases import Ground, load_chunk
from service.sync.connect import WrongState
from service.sync.names import Names, leaving
from service.sync.planner import Decision, decide
from service.sync.platform import Platform
from service.sync.waves import Wave

#: Stands for the counterpart of a record that the same sync would create before.
_TO_BE = "to be created"
_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field of a planned action."""

    field: str
    ours: Value
    theirs: Value
    becomes: Value
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing the sync would do, or would ask about."""

    action: str  #: create, update, archive, restore, void, pull, link or ask
    entity: str
    record_id: str
    label: str
    fields: tuple[Change, ...]
    losses: tuple[Mapping[str, str], ...]
    message: str | None = None  #: of an ask: the question
    kind: str | None = None  #: of an ask: the kind of the question
    agreed: bool = False  #: both sides had agreed on the record before
    stamp: str = ""  #: SHA-256 of what it was decided from: another one means that a side has moved
    counters: tuple[int, int] = (1, 0)  #: ``wanted`` and ``heard`` of the link


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A plan: its actions in the order of sending, and how many calls they take."""

    connection_id: str
    actions: tuple[Action, ...]
    calls: int
    unchanged: int
    needs: Needs  #: the calls, in the order of sending
    linked: int = 0  #: records that both sides have agreed on


def make_plan(platform: Platform, *, organisation_id: str, connection_id: str) -> Preview:
    """Return what the next sync of a connection would do.

    :raises NotFoundError: there is no such connection in the organisation.
    :raises WrongState: nothing was read from the package yet, so there is nothing to plan with.
    """
    with platform.database.read() as session:
        return plan_of(platform, session, queries.get(session, organisation_id, connection_id))


def plan_of(
    platform: Platform,
    session: Session,
    row: ConnectionRow,
    *,
    only: Collection[Ref] | None = None,
    agenda: Agenda | None = None,
) -> Preview:
    """Return what the next sync of a connection would do.

    :param only: a run that touches these records alone.
    :param agenda: what it looks at, if that was found out already.
    :raises WrongState: nothing was read from the package yet, so there is nothing to plan with.
    """
    if row.reference is None:
        message = "The books there were not read yet; the connection has to be completed first."
        raise WrongState(message)
    agenda = agenda or agenda_of(platform, session, row)
    capabilities = agenda.ground.capabilities
    connector = platform.offline_connector(row.provider)
    reckoning = Reckoning(capabilities, reads=looking.calls_to_look(platform, session, row, connector))
    actions: list[Action] = []
    unchanged = 0
    for number, wave, decision in decisions(session, agenda, row, only):
        if decision.element is not None and decision.problem is None:
            place = (wave.kind, wave.depth, bool(wave.retiring), number)
            reckoning.put(place, connector.lane(decision.element), *looking.echoes_of(capabilities, decision))
        action = _action(decision)
        if action is None:
            unchanged += 1
        else:
            actions.append(action)
    needs = reckoning.needs()
    return Preview(
        connection_id=row.id,
        actions=tuple(actions),
        calls=needs.calls,
        needs=needs,
        unchanged=unchanged,
        linked=agreed.count_agreed(session, row),
    )


def decisions(
    session: Session, agenda: Agenda, row: ConnectionRow, only: Collection[Ref] | None = None
) -> Iterator[tuple[int, Wave, Decision]]:
    """Yield what a sync would decide, in the order of sending, each with its wave and a number for that.

    Who waits for a name comes in a later round, once whoever has it has given it up.
    """
    ground = agenda.ground
    capabilities = ground.capabilities
    taken = counterparts.names_taken(session, row.id, capabilities.names_unique_over)
    names = Names(capabilities, taken, leaving(session, row, capabilities), rule=ground.settings.naming)
    planned: dict[Ref, str] = {}
    waves = agenda.waves
    turns: list[tuple[Wave, LinkRow]] | None = None
    for number in count(step=len(waves)):
        late: list[tuple[Wave, LinkRow]] = []
        for at, wave in enumerate(waves, start=number):
            chunks = agenda.chunks(wave) if turns is None else _late(turns, wave)
            for rows in chunks:
                for link, decision in _decided(session, ground, wave, rows, names, planned, only):
                    late += [(wave, link)] if decision.again else []
                    if not decision.waits:
                        yield at, wave, decision
        turns = late
        if not turns:
            return
        names.come_true()


def _decided(
    session: Session,
    ground: Ground,
    wave: Wave,
    rows: Sequence[LinkRow],
    names: Names,
    planned: dict[Ref, str],
    only: Collection[Ref] | None,
) -> Iterator[tuple[LinkRow, Decision]]:
    """Decide about some links of a wave, and note what those that come after it can count on."""
    sends = ground.settings.sends(wave.kind)
    rows = [link for link in rows if ground.compares(wave.kind, link.remote_id)]
    chunk = load_chunk(session, ground, wave.kind, rows, names, planned)
    for link, case in zip(rows, chunk.cases, strict=True):
        if only is not None and case.ref not in only:
            continue
        decision = decide(case, ground.mappers[wave.kind], chunk.context, ground.capabilities)
        if decision.writes and not sends:
            continue
        if decision.operation is Operation.CREATE:
            planned[case.ref] = _TO_BE
        if case.remote_id is not None and (name := _name_after(decision)) is not None:
            names.foresee(case.remote_id, name or None)
        yield link, decision


def _late(turns: Sequence[tuple[Wave, LinkRow]], wave: Wave) -> Iterator[Sequence[LinkRow]]:
    rows = [link for late, link in turns if late == wave]
    if rows:
        yield rows


def _name_after(decision: Decision) -> str | None:
    """Return the display name that a write leaves there: blank for who is archived; None if it stays as it is."""
    if decision.operation is Operation.ARCHIVE:
        return ""
    name = None if decision.expected is None else decision.expected.get("name")
    return None if name is None else str(name)


def _action(decision: Decision) -> Action | None:
    """Return a decision as a line of the plan; None if nothing would happen that anybody could see."""
    case, plan = decision.case, decision.plan
    losses = tuple({"field": loss.field, "reason": loss.reason} for loss in decision.losses)
    message = None
    if decision.problem is not None:
        name, message = "ask", sentence(decision.problem)
        moves: tuple[FieldAction, ...] = ()
    elif decision.operation is not None:
        name, moves = decision.operation.value, plan.pushes + plan.pulls
    elif plan.pulls:
        name, moves = "pull", plan.pulls
    elif case.baseline is None and case.remote_id is not None:
        name, moves = "link", ()
    else:
        return None
    theirs = decision.theirs or Snapshot(fields={})
    fields = tuple(
        Change(
            field=move.field,
            ours=move.value if move.move is Move.PUSH else _ours(decision, move.field),
            theirs=theirs.get(move.field) if move.move is Move.PUSH else move.value,
            becomes=move.value,
            why=move.rule.value,
        )
        for move in moves
    )
    return Action(
        action=name,
        entity=case.ref.kind.value,
        record_id=case.ref.id,
        label=case.label,
        fields=fields,
        losses=losses,
        message=message,
        kind=None if decision.problem is None else decision.problem.kind.value,
        agreed=case.baseline is not None,
        stamp=_stamp(decision, name),
        counters=(case.wanted, case.heard),
    )


def _stamp(decision: Decision, action: str) -> str:
    """Return a digest of everything that a person who reads the action relies on: both sides as they are.

    The reference that we keep there is left out: it is chosen when the record gets its link, and nobody's choice.
    """
    case = decision.case
    sides = [None if side is None else to_json(_plain(side)) for side in (decision.ours, decision.theirs)]
    asked = None if decision.problem is None else problem_to_json(decision.problem)
    moves = [(move.field, value_to_json(move.value), move.move.value) for move in decision.plan.actions]
    text = json.dumps([action, case.remote_id, sides, asked, sorted(moves, key=str)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(side: Snapshot) -> Snapshot:
    return Snapshot(fields={name: value for name, value in side.fields.items() if name != "reference"},
                    active=side.active)  # fmt: skip


def _ours(decision: Decision, field: str) -> Value:
    return None if decision.ours is None else decision.ours.get(field)


def preview_to_json(preview: Preview) -> dict[str, Any]:
    """Return the plan as the API answers it."""
    return {
        "connection_id": preview.connection_id,
        "actions": [action_to_json(action) for action in preview.actions],
        "calls": preview.calls,
        "unchanged": preview.unchanged,
    }


def action_to_json(action: Action) -> dict[str, Any]:
    """Return one line of a plan as the API answers it."""
    return {
        "action": action.action,
        "entity": action.entity,
        "record_id": action.record_id,
        "label": action.label,
        "fields": [
            {
                "field": change.field,
                "ours": value_to_json(change.ours),
                "theirs": value_to_json(change.theirs),
                "becomes": value_to_json(change.becomes),
                "why": change.why,
            }
            for change in action.fields
        ],
        "losses": [dict(loss) for loss in action.losses],
        "message": action.message,
    }
