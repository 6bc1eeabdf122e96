"""The embedded engine: APScheduler ticks, a thread pool works, and what is due is read from rows.

A wake-up carries nothing but a connection's id. Losing one is harmless, because the next tick finds the same rows;
getting one twice is harmless, because the connection's lease lets one worker in.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Lock, Semaphore

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from service.core.errors import SyncError
from service.store.queries import connections as queries
from service.store.queries import inbox as inbox_queries
from service.store.queries import upkeep, urgents
from service.store.queries.answers import forget_answers
from service.sync import delivering, inbox, notifying, permission, run
from service.sync.platform import Platform

_log = structlog.get_logger(__name__)

#: Connections worked on at the same time. One that waits for its package's limit makes room for another.
WORKERS = 16
#: Connections at most that are worked on or wait for their limit.
_THREADS = 256
_TICK_SECONDS = 1
_HEARTBEAT_SECONDS = 15
_TELL_SECONDS = 20
#: How long the first answer to a request with an ``Idempotency-Key`` is repeated.
_ANSWERS_KEPT = timedelta(days=7)
_URGENT_KEPT = timedelta(days=7)
HEARTBEAT = "scheduler"


class Clockwork:
    """Looks at what is due, and does it, until it is stopped."""

    def __init__(
        self, platform: Platform, *, works: bool = True, schedules: bool = True, workers: int = WORKERS
    ) -> None:
        """Prepare; nothing runs before ``start``.

        :param works: do runs that were asked for.
        :param schedules: ask for runs when their time has come.
        :param workers: connections worked on at the same time, those left out that wait for their package's limit.
        """
        self._places = Semaphore(workers)
        self._platform = replace(platform, waiting=self._making_room)
        self._works, self._schedules = works, schedules
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="sync")
        self._busy: dict[str, Future[None]] = {}
        self._lock = Lock()
        self._clock = BackgroundScheduler(timezone=UTC)

    def start(self) -> None:
        """Begin to tick."""
        soon = datetime.now(UTC)
        self._clock.add_job(self.tick, IntervalTrigger(seconds=_TICK_SECONDS), max_instances=1, coalesce=True)
        if self._schedules:
            nightly = CronTrigger.from_crontab(self._platform.settings.reconcile_cron, timezone=UTC)
            self._clock.add_job(self.reconcile_all, nightly, max_instances=1, coalesce=True)
            beat = IntervalTrigger(seconds=_HEARTBEAT_SECONDS)
            self._clock.add_job(self.beat, beat, max_instances=1, coalesce=True, next_run_time=soon)
            self._clock.add_job(self._platform.database.analyse)  # once, now; each night again
            tell = IntervalTrigger(seconds=_TELL_SECONDS)
            self._clock.add_job(self.tell, tell, max_instances=1, coalesce=True)
        self._clock.start()

    def stop(self) -> None:
        """Stop ticking, let the calls under way come to their end, and wait for them."""
        self._platform.stopping.set()
        if self._clock.running:
            self._clock.shutdown(wait=True)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def wake(self, connection_id: str) -> None:
        """Do the run that is asked for on a connection as soon as a worker is free."""
        if not self._works or self._platform.stopping.is_set():
            return
        with self._lock:
            busy = self._busy.get(connection_id)
            if busy is None or busy.done():
                self._busy[connection_id] = self._pool.submit(self._perform, connection_id)

    def _carry(self, organisation_id: str) -> None:
        """Carry the letters of an organisation, unless that is being done."""
        if not self._works or self._platform.stopping.is_set():
            return
        key = f"letters of {organisation_id}"
        with self._lock:
            busy = self._busy.get(key)
            if busy is None or busy.done():
                self._busy[key] = self._pool.submit(self._deliver, organisation_id)

    def tick(self) -> None:
        """Look at the rows once."""
        try:
            if self._schedules:
                self._ask_for_due()
            with self._platform.database.read() as session:
                waiting = list(queries.queued_runs(session))
            letters = delivering.waiting(self._platform)
        except Exception:  # noqa: BLE001  (one bad moment must not stop the clock)
            _log.exception("tick failed")
            return
        for connection_id in waiting:
            self.wake(connection_id)
        for organisation_id in letters:
            self._carry(organisation_id)

    def reconcile_all(self) -> None:
        """Ask for a full reconciliation of every live connection, and do what else is done once a night."""
        with self._platform.database.read() as session:
            live = [(row.id, row.organisation_id) for row in queries.live(session)]
        for connection_id, organisation_id in live:
            self._ask(organisation_id, connection_id, kind="reconcile", options={"full": True})
        permission.keep_alive(self._platform)
        with self._platform.database.write() as session:
            forget_answers(session, before=self._platform.clock() - _ANSWERS_KEPT)
            inbox_queries.forget(session, before=self._platform.clock() - inbox.KEPT)
            urgents.forget(session, before=self._platform.clock() - _URGENT_KEPT)
        self._platform.database.analyse()

    def beat(self) -> None:
        """Note that the schedule is alive."""
        with self._platform.database.write() as session:
            upkeep.beat(session, HEARTBEAT, self._platform.clock())

    def tell(self) -> None:
        """Tell whoever asked for it what needs a person."""
        try:
            notifying.notify(self._platform)
        except Exception:  # noqa: BLE001  (likewise)
            _log.exception("notifying failed")

    def _ask_for_due(self) -> None:
        with self._platform.database.read() as session:
            due = queries.due(session, self._platform.clock())
        for connection_id, organisation_id in due:
            self._ask(organisation_id, connection_id)
        for connection_id, organisation_id in inbox.due(self._platform):
            self._ask(organisation_id, connection_id, actor="webhook")

    def _ask(
        self,
        organisation_id: str,
        connection_id: str,
        *,
        kind: str = "sync",
        actor: str = "schedule",
        options: dict[str, bool] | None = None,
    ) -> None:
        try:
            run.ask(
                self._platform,
                organisation_id=organisation_id,
                connection_id=connection_id,
                kind=kind,
                actor=actor,
                options=options,
            )
        except SyncError as error:
            _log.info("not asked for", connection_id=connection_id, why=str(error))

    @contextmanager
    def _making_room(self) -> Iterator[None]:
        """Let another connection be worked on while this one waits."""
        self._places.release()
        try:
            yield
        finally:
            self._places.acquire()

    def _perform(self, connection_id: str) -> None:
        try:
            with self._places:
                run.perform(self._platform, connection_id)
        except Exception:  # noqa: BLE001  (nobody reads what a pool's thread raises)
            _log.exception("work failed", connection_id=connection_id)

    def _deliver(self, organisation_id: str) -> None:
        try:
            delivering.deliver(self._platform, organisation_id)
        except Exception:  # noqa: BLE001  (likewise)
            _log.exception("letters were not carried", organisation_id=organisation_id)
