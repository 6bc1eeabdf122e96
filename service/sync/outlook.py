"""What a run is going to take, before it begins: calls, time, what goes first. No call, and nothing written anywhere.

A few records are decided about one by one, as the run will; thousands are counted, as the first sending of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from service.core import budget, forecast
from service.core.forecast import Needs, Reckoning
from service.core.intent import Operation
from service.core.ports import Connector, Element, EntityKind, Family
from service.store.plan_models import PlanRow
from service.store.queries import forecasts
from service.store.sync_models import ConnectionRow
from service.sync import looking, pacing
from service.sync.agenda import agenda_of
from service.sync.cases import Ground
from service.sync.plan import plan_of
from service.sync.platform import Platform
from service.sync.waves import Wave

#: Up to so many records are planned as the run will plan them; of more the kind and the number decide.
_FEW = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a run is going to take."""

    needs: Needs
    records: int  #: that will be looked at
    left_today: int | None  #: calls of the day before it; None where the package has no such limit
    begins_at: datetime
    ends_at: datetime
    rests_at: datetime | None  #: when the day's limit interrupts it

    @property
    def lasts(self) -> timedelta:
        """How long it takes, rests included."""
        return self.ends_at - self.begins_at


def of_needs(platform: Platform, session: Session, row: ConnectionRow, needs: Needs, *, records: int) -> Outlook:
    """Return what calls will take that are known already."""
    purse = pacing.purse_of(platform, session, row)
    told = budget.forecast(needs.calls, purse.limits, purse.spent, purse.now, batches=needs.batches)
    return Outlook(
        needs=needs,
        records=records,
        left_today=told.left_today,
        begins_at=purse.now,
        ends_at=told.ends_at,
        rests_at=told.rests_at,
    )


def of_plan(platform: Platform, session: Session, row: ConnectionRow, plan: PlanRow) -> Outlook | None:
    """Return what applying a saved plan is going to take; None for one that was kept before that was known."""
    if plan.needs is None:
        return None
    return of_needs(platform, session, row, forecast.from_json(plan.needs), records=plan.actions)


def outlook_of(
    platform: Platform, session: Session, row: ConnectionRow, *, sends: bool = True, full: bool = False
) -> Outlook:
    """Return what the next run of a connection is going to take.

    :param sends: False: it compares only, and leaves the sending to another.
    :param full: it reads everything there, not only what changed.
    """
    connector = platform.offline_connector(row.provider)
    if not sends or row.state != "live" or row.reference is None:
        reads = looking.calls_to_look(platform, session, row, connector, full=full)
        return of_needs(platform, session, row, Needs(reads=reads), records=0)
    agenda = agenda_of(platform, session, row)
    waiting = agenda.waiting()
    records = sum(len(found) for _, found in waiting)
    if records == 0 or records > _FEW or full:
        reads = looking.calls_to_look(platform, session, row, connector, full=full)
        needs = _counted(session, agenda.ground, connector, waiting, reads=reads)
    else:
        needs = plan_of(platform, session, row, agenda=agenda).needs
    return of_needs(platform, session, row, needs, records=records)


#: Records of a wave, each with whether it has a counterpart.
_Waiting = list[tuple[Wave, list[tuple[str, bool]]]]


def _counted(session: Session, ground: Ground, connector: Connector, waiting: _Waiting, *, reads: int) -> Needs:
    """Return the calls of writes that are not planned one by one: each record is taken to be written."""
    reckoning = Reckoning(ground.capabilities, reads=reads)
    for number, (wave, found) in enumerate(waiting):
        place = (wave.kind, wave.depth, bool(wave.retiring), number)
        moved: dict[str, list[tuple[Family, str]]] = {}
        for record_id, family, other in forecasts.moved_by(session, wave.kind, [one for one, _ in found]):
            moved.setdefault(record_id, []).append((family, other))
        family = ground.capabilities.family_of[wave.kind]
        lanes = {there: connector.lane(_element(wave.kind, there=there)) for there in (False, True)}
        for record_id, there in found:
            reckoning.put(place, lanes[there], (family, record_id), moved.get(record_id, ()))
    return reckoning.needs()


def _element(kind: EntityKind, *, there: bool) -> Element:
    if there:
        return Element(kind=kind, operation=Operation.UPDATE, body={}, remote_id="1", version="1")
    return Element(kind=kind, operation=Operation.CREATE, body={})


def to_json(outlook: Outlook) -> dict[str, Any]:
    """Return an outlook as the API answers it and as a run keeps it."""
    needs = forecast.to_json(outlook.needs)
    return {
        "calls": outlook.needs.calls,
        **needs,
        "records": outlook.records,
        "left_today": outlook.left_today,
        "begins_at": outlook.begins_at.isoformat(),
        "ends_at": outlook.ends_at.isoformat(),
        "rests_at": None if outlook.rests_at is None else outlook.rests_at.isoformat(),
        "fits": outlook.rests_at is None,
        "sentence": sentence(outlook),
        "order": order(outlook),
    }


def sentence(outlook: Outlook) -> str:
    """Return an outlook as people read it: about 140 calls, about 2 min, 4,860 left today."""
    count = outlook.needs.calls
    parts = [f"about {count:,} {'call' if count == 1 else 'calls'}", f"about {_span(outlook.lasts)}"]
    if outlook.left_today is not None:
        parts.append(f"{outlook.left_today:,} left today")
    if outlook.rests_at is not None:
        parts.append("more than the day allows, so that it rests in between and goes on by itself")
    return ", ".join(parts)


def order(outlook: Outlook) -> str:
    """Return what goes first, as people read it: 40 customers, then 12 customers of level 2, then 3 invoices."""
    return ", then ".join(
        f"{step.records:,} {step.entity}{'' if step.records == 1 else 's'}"
        f"{f' of level {step.depth}' if step.depth else ''}{' to archive' if step.retiring else ''}"
        for step in outlook.needs.steps
    )


_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_MANY = 2


def _span(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    for size, word in ((_DAY, "days"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= _MANY * size:
            return f"{round(seconds / size)} {word}"
    return f"{max(1, seconds)} s"
