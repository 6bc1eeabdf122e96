"""Keeping within a package's limits: every call to a company is counted where all processes see it."""

from __future__ import annotations

from datetime import datetime, timedelta

from service.core import budget
from service.core.budget import Spent
from service.core.ports import Limits
from service.store.database import Database
from service.store.queries import budgets


class DayOver(Exception):
    """The calls of the day are used up, but for those that are kept for what people ask for."""

    def __init__(self, rest: timedelta) -> None:
        super().__init__("the calls of the day are used up")
        self.rest = rest


class Pacer:
    """The calls to one company: how long to wait before the next, and whether the day still has one.

    A lease lets one worker write to a connection, but two organisations may be connected to one company: what others
    have spent meanwhile is read before each call.
    """

    def __init__(self, database: Database, provider: str, tenant_id: str, limits: Limits) -> None:
        """Bind to a company; reads nothing yet."""
        self._database, self._provider, self._tenant_id = database, provider, tenant_id
        self.limits = limits

    def spent(self) -> Spent:
        """Return the calls made lately, by whomever."""
        with self._database.read() as session:
            return budget.from_json(budgets.spent(session, self._provider, self._tenant_id))

    def enter(self, now: datetime, *, batch: bool, told_left: int | None = None) -> timedelta:
        """Count a call that is made now and return zero; or return how long to wait first, and count nothing.

        :param told_left: calls left of the day, as the answer before this call told.
        :raises DayOver: bulk work has used up its part of the day.
        """
        with self._database.write() as session:
            before = budget.from_json(budgets.spent(session, self._provider, self._tenant_id, locked=True))
            if not budget.may_spend(self.limits, before, now, urgent=False):
                raise DayOver(budget.next_day(before, now) - now)
            wait = budget.delay(self.limits, before, now, batch=batch)
            if wait <= timedelta(0):
                left = None if told_left is None else max(0, told_left - 1)
                after = budget.note(before, now, batches=1 if batch else 0, told_left=left)
                budgets.keep(session, self._provider, self._tenant_id, budget.to_json(after))
        return max(wait, timedelta(0))
