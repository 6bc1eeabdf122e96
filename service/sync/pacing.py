"""Keeping within a package's limits: every call to a company is counted where all processes see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from service.core import budget
from service.core import spent as spending
from service.core.ports import Limits
from service.core.spent import AppSpent, Spent
from service.store.database import Database
from service.store.queries import budgets
from service.store.sync_models import ConnectionRow
from service.sync.platform import Platform

#: While this share of the calls allowed at the same time is not reached, nobody says that a call has come to its end.
_CROWDED_PERCENT = 50
_MOMENT = timedelta(seconds=1)  #: before another look whether a call under way has come to its end
#: How much longer than one provider call it may count as under way.
_MARGIN = timedelta(seconds=5)


class DayOver(Exception):
    """The calls of the day are used up, but for those that are kept for what people ask for."""

    def __init__(self, rest: timedelta) -> None:
        super().__init__("the calls of the day are used up")
        self.rest = rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is about to be called, as far as limits care."""

    batch: bool = False  #: it carries several elements
    reads: bool = False  #: it is one that a package may charge for
    urgent: bool = False  #: a person asked for it


class Pacer:
    """The calls to one company: how long to wait before the next, and whether the day still has one.

    A lease lets one worker write to a connection, but two organisations may be connected to one company: what others
    have spent meanwhile is read before each call.
    """

    def __init__(
        self,
        database: Database,
        provider: str,
        tenant_id: str,
        limits: Limits,
        *,
        caller: str = "",
        longest: timedelta = timedelta(seconds=30),
        metered: bool = False,
    ) -> None:
        """Bind to a company; reads nothing yet.

        :param caller: who calls; one call at a time.
        :param longest: after which a call has come to its end in any case.
        :param metered: the package charges the app for what it reads, so that this is counted.
        """
        self._database, self._provider, self._tenant_id = database, provider, tenant_id
        self._caller, self._longest, self._metered = caller, longest + _MARGIN, metered
        self._tells = False  #: say when a call has come to its end: many are under way
        self.limits = limits

    def spent(self) -> Spent:
        """Return the calls made lately, by whomever."""
        with self._database.read() as session:
            return spending.from_json(budgets.spent(session, self._provider, self._tenant_id))

    def enter(
        self,
        session: Session,
        now: datetime,
        call: Call,
        *,
        told_left: int | None = None,
        took: timedelta | None = None,
    ) -> timedelta:
        """Count a call that is made now and return zero; or return how long to wait first, and count nothing.

        :param session: the unit of writing that it is counted in, with whatever else belongs to the call.
        :param told_left: calls left of the day, as the answer before this call told.
        :param took: what the call before this one took, with the work since.
        :raises DayOver: bulk work has used up its part of the day.
        """
        before = spending.from_json(budgets.spent(session, self._provider, self._tenant_id, locked=True))
        app = self._app(session, locked=True)
        wait = self._wait(before, app, now, call)
        if wait <= timedelta(0):
            left = None if told_left is None else max(0, told_left - 1)
            after = budget.note(
                before, now, batches=1 if call.batch else 0, told_left=left, caller=self._caller or None
            )
            after = after if took is None else budget.took(after, took)
            budgets.keep(session, self._provider, self._tenant_id, spending.to_json(after))
            if app is not None:
                noted = budget.note_app(app, now, reads=int(call.reads and self._metered))
                budgets.keep(session, self._provider, budgets.APP, spending.app_to_json(noted))
        return max(wait, timedelta(0))

    def leave(self) -> None:
        """Say that the call has come to its end, if it matters to others."""
        if self._tells:
            self._change(lambda spent: budget.leave(spent, self._caller))

    def refused(self, until: datetime) -> None:
        """Let everybody know that the package wants to be left alone for a while."""
        self._change(lambda spent: budget.rest(spent, until))

    def lists_took(self, calls: int) -> None:
        """Remember how many calls reading the package's lists took, for forecasts."""
        self._change(lambda spent: replace(spent, lists=calls))

    def _wait(self, spent: Spent, app: AppSpent | None, now: datetime, call: Call) -> timedelta:
        if not budget.may_spend(self.limits, spent, now, urgent=call.urgent):
            raise DayOver(max(budget.goes_on(self.limits, spent, now) - now, _MOMENT))
        wait = budget.delay(self.limits, spent, now, batch=call.batch, urgent=call.urgent, app=app)
        most = self.limits.concurrent
        if most is not None and self._caller:
            under_way = budget.others(spent, now, caller=self._caller, longest=self._longest)
            self._tells = under_way * 100 >= most * _CROWDED_PERCENT
            wait = max(wait, _MOMENT) if under_way >= most else wait
        return wait

    def _app(self, session: Session, *, locked: bool = False) -> AppSpent | None:
        """Return the calls of our app to all companies, where that matters."""
        if self.limits.app_per_minute is None and not self._metered:
            return None
        return spending.app_from_json(budgets.spent(session, self._provider, budgets.APP, locked=locked))

    def _change(self, change: Callable[[Spent], Spent]) -> None:
        with self._database.write() as session:
            before = spending.from_json(budgets.spent(session, self._provider, self._tenant_id, locked=True))
            budgets.keep(session, self._provider, self._tenant_id, spending.to_json(change(before)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """What a connection may spend, and what was spent lately."""

    limits: Limits
    spent: Spent
    now: datetime
    reads: int | None = None  #: metered reads of the app in this month; None where the package charges for none
    reads_allowed: int | None = None

    @property
    def left_today(self) -> int | None:
        """Calls that are left of the day; None where the package has no such limit."""
        return budget.left_today(self.limits, self.spent, self.now)

    @property
    def made_today(self) -> int:
        """Calls made within the last 24 hours."""
        return budget.made_today(self.spent, self.now)

    @property
    def per_day(self) -> int | None:
        """Calls of a whole day, as far as known."""
        return budget.allowance(self.limits, self.spent, self.now)


def limits_for(limits: Limits, settings: Mapping[str, Any]) -> Limits:
    """Return a package's limits as a connection's settings narrow them, where the plan of the company or app does."""
    chosen = settings.get("limits") or {}
    return replace(
        limits,
        **{
            name: min(int(value), getattr(limits, name))
            for name, value in chosen.items()
            if value is not None and getattr(limits, name) is not None
        },
    )


def purse_of(platform: Platform, session: Session, row: ConnectionRow) -> Purse:
    """Return what a connection may spend, and what was spent lately, by whomever."""
    now, allowed = platform.clock(), platform.settings.provider(row.provider).reads_per_month
    spent = spending.from_json(budgets.spent(session, row.provider, row.remote_tenant_id or ""))
    reads = None
    if allowed is not None:
        reads = budget.reads_of(spending.app_from_json(budgets.spent(session, row.provider, budgets.APP)), now)
    limits = limits_for(platform.provider(row.provider).capabilities.limits, row.settings)
    return Purse(limits=limits, spent=spent, now=now, reads=reads, reads_allowed=allowed)
