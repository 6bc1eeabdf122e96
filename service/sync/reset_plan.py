"""What a reset would do: its own steps, taken in a transaction that is thrown away. No call is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from sqlalchemy.orm import Session

from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.names import name_key
from service.core.ports import Connector, EntityKind, Family
from service.core.reset import DocumentFate, OldCounterpart, Standing
from service.store.queries import counterparts
from service.store.reset_models import ResetItemRow, ResetRow
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync import plan as planning
from service.sync import reset_documents, reset_steps
from service.sync.cases import ground_of
from service.sync.names import Names
from service.sync.plan import Action, Change, Preview
from service.sync.planner import Decision
from service.sync.platform import Platform
from service.sync.reset_documents import Document
from service.sync.reset_steps import Stage

#: What a plan does with former counterparts, beside the actions of any sync.
MAKES_ROOM = "rename_former"
ARCHIVES = "archive_former"
LEAVES = "leave_former"
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPlan:
    """What a reset would do: the plan of its run, and what becomes of what is left behind."""

    kind: str  #: "reset" or "undo"
    old_counterpart: OldCounterpart
    preview: Preview
    documents: tuple[Mapping[str, Any], ...]
    losses: tuple[str, ...]  #: sentences: what is not as somebody may expect
    advice: str | None  #: why another choice is recommended


class _Rehearsed(Exception):
    """Ends the transaction of a rehearsal, so that nothing of it stays."""

    def __init__(self, plan: ResetPlan) -> None:
        super().__init__()
        self.plan = plan


def rehearse(platform: Platform, begin: Callable[[Session], ResetRow]) -> ResetPlan:
    """Return what a reset would do that ``begin`` writes down; whatever ``begin`` refuses is refused here too."""
    try:
        with platform.database.write() as session:
            _end(_plan(platform, session, begin(session)))
    except _Rehearsed as ended:
        return ended.plan


def _end(plan: ResetPlan) -> NoReturn:
    """End the transaction of a rehearsal with what it showed."""
    raise _Rehearsed(plan)


def to_json(plan: ResetPlan) -> dict[str, Any]:
    """Return the plan as the API answers it: that of a sync, with what becomes of what is left behind."""
    return {
        **planning.preview_to_json(plan.preview),
        "kind": plan.kind,
        "old_counterpart": plan.old_counterpart.value,
        "documents": [dict(one) for one in plan.documents],
        "losses": list(plan.losses),
        "advice": plan.advice,
    }


def _plan(platform: Platform, session: Session, reset: ResetRow) -> ResetPlan:
    session.flush()
    row = session.get_one(ConnectionRow, reset.connection_id)
    on = reset_steps.stage(session, ground_of(platform, session, row), reset.id, now=platform.clock())
    capabilities = on.ground.capabilities
    names = Names(capabilities, counterparts.names_taken(session, row.id, capabilities.names_unique_over))
    reset_steps.prepare(on)
    releases = reset_steps.releases(on, names)
    first = _first(on, releases)
    _make_room(on, releases)
    documents = reset_steps.swap(on)
    preview = planning.plan_of(platform, session, row, only=reset_steps.touched(on))
    last, archivings, looks = _last(on, names)
    calls = preview.calls + looks + _calls(platform.offline_connector(row.provider), [releases, *archivings])
    return ResetPlan(
        kind=reset.kind,
        old_counterpart=on.choice,
        preview=replace(preview, actions=(*first, *preview.actions, *last), calls=calls),
        documents=tuple(reset_documents.to_json(documents)),
        losses=_losses(on, preview, documents),
        advice=_advice(on, preview),
    )


def _first(on: Stage, releases: Sequence[Decision]) -> list[Action]:
    """Return what happens to each former counterpart before anything else."""
    written = {decision.case.link_id: decision for decision in releases}
    return [_former_action(on, item, written.get(item.link_id)) for item in on.items if item.remote_id is not None]


def _former_action(on: Stage, item: ResetItemRow, decision: Decision | None) -> Action:
    theirs = decision.theirs if decision is not None else None
    moves = decision.plan.actions if decision is not None else ()
    return Action(
        action=LEAVES if decision is None else MAKES_ROOM,
        entity=item.entity,
        record_id=item.record_id,
        label=item.label,
        fields=tuple(
            Change(
                field=move.field,
                ours=None,
                theirs=None if theirs is None else theirs.get(move.field),
                becomes=move.value,
                why=move.rule.value,
            )
            for move in moves
        ),
        losses=(),
        message=reset_steps.outcome_of(on, item),
    )


def _make_room(on: Stage, releases: Sequence[Decision]) -> None:
    """Let the counterparts look as they will once they have made room."""
    for decision in releases:
        link = on.session.get_one(LinkRow, decision.case.link_id)
        known = counterparts.by_remote_ids(on.session, on.connection.id, Family(link.family), [link.remote_id or ""])
        row, name = known[link.remote_id or ""], decision.expected.get("name") if decision.expected else None
        body = decision.element.body if decision.element is not None else {}
        if isinstance(name, str):
            row.name, row.name_key = name, name_key(name)
        row.payload = {**row.payload, **body}
    on.session.flush()


def _last(on: Stage, names: Names) -> tuple[list[Action], list[list[Decision]], int]:
    """Return what happens to former counterparts at the end, the writes of each level, and the looks before them."""
    waiting, levels, looks = reset_steps.to_archive(on), [], 0
    actions: list[Action] = []
    for depth in sorted({item.depth for item in waiting}, reverse=True):
        level, looked = [], False
        for item in (one for one in waiting if one.depth == depth):
            why = reset_steps.what_hangs(on, item, planned=True)
            decision = None if why is not None else reset_steps.retirement(on, item, names, planned=True)
            if decision is not None:
                level.append(decision)
                looked |= _needs_a_look(on, item, names)
            message = why or f"'{item.released_name}' is archived in {on.ground.capabilities.package}."
            blank = _former_action(on, item, None)
            actions.append(replace(blank, action=ARCHIVES if why is None else LEAVES, message=message))
        levels.append(level)
        looks += looked
    return actions, levels, min(looks, 1)


def _needs_a_look(on: Stage, item: ResetItemRow, names: Names) -> bool:
    """Tell whether archiving seems impossible until the package is asked again, after documents have moved."""
    try:
        reset_steps.retirement(on, item, names)
    except MappingError:
        return True
    return False


def _calls(connector: Connector, levels: Sequence[Sequence[Decision]]) -> int:
    """Count the requests that the writes of each level take."""
    calls = 0
    for level in levels:
        lanes = Counter(connector.lane(decision.element) for decision in level if decision.element is not None)
        calls += sum(-(-count // lane.size) for lane, count in lanes.items())
    return calls


def _losses(on: Stage, preview: Preview, documents: Sequence[Document]) -> tuple[str, ...]:
    package = on.ground.capabilities.package
    losses = [
        f"'{item.label}' will be called '{name}' in {package}, because its former record keeps '{item.remote_name}'."
        for item, name in _renamed(on, preview)
    ]
    staying = [one.label for one in documents if one.fate is DocumentFate.STAYS and one.ref.kind is EntityKind.INVOICE]
    if staying:
        shown = ", ".join(staying[:_NAMED]) + (f" and {len(staying) - _NAMED} more" if len(staying) > _NAMED else "")
        losses.append(f"{shown} can't be moved in {package} and {'stays' if len(staying) == 1 else 'stay'} behind.")
    return tuple(losses)


def _advice(on: Stage, preview: Preview) -> str | None:
    if on.choice is OldCounterpart.LEAVE and _renamed(on, preview):
        return "Better rename the former record: then the new one gets the name that people know."
    return None


def _renamed(on: Stage, preview: Preview) -> list[tuple[ResetItemRow, str]]:
    """Return the records that have to take another name, because the former counterpart keeps theirs."""
    if on.choice is not OldCounterpart.LEAVE:
        return []
    made = {
        (action.entity, action.record_id): str(change.becomes)
        for action in preview.actions
        for change in action.fields
        if change.field == "name" and action.action == Operation.CREATE
    }
    found = [(item, made.get((item.entity, item.record_id))) for item in on.items if item.standing == Standing.ACTIVE]
    return [(item, name) for item, name in found if name is not None and name != item.remote_name]
