"""One piece of work on one connection: the lease, the authorised connector, the counts, the progress."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from service.core.errors import AuthorizationLost, RateLimited, SyncError, Transient
from service.core.ports import Connector, Ref
from service.mapping import settings as mapping_settings
from service.store import leases
from service.store.queries import connections as queries
from service.store.queries import counterparts
from service.store.sync_models import ConnectionRow
from service.sync.cases import Ground, ground_of
from service.sync.echoes import Echoes
from service.sync.names import Names, leaving
from service.sync.pacing import Call, DayOver, Pacer, limits_for
from service.sync.planner import Case
from service.sync.platform import Platform
from service.sync.tokens import TokenSource

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scope:
    """The records that a run may touch, each with the link counters (wanted, heard) at which it was checked."""

    counters: Mapping[Ref, tuple[int, int]]

    #: records that were left as they are, because they had moved when their turn came; what they are called
    left: dict[Ref, str] = field(default_factory=dict)
    _seen: set[Ref] = field(default_factory=set)

    def admits(self, case: Case) -> bool:
        """Tell whether a case is among them and has not moved since; one that has is noted."""
        checked = self.counters.get(case.ref)
        if checked is None:
            return False
        admitted = checked == (case.wanted, case.heard)
        if not admitted and case.ref not in self._seen:
            self.left[case.ref] = case.label
        self._seen.add(case.ref)
        return admitted


#: How much longer than one provider call a lease lasts: long enough for the work between two calls.
_MARGIN = timedelta(seconds=30)
#: A package that asks for a longer rest than this ends the run; the schedule comes back when the rest is over.
LONGEST_REST = timedelta(seconds=75)
_SHORT_REST = timedelta(seconds=2)
LEASE_STEP = timedelta(seconds=15)  #: longest wait before the lease is extended
_WORTH_TELLING = timedelta(seconds=1)
_PASSING_TRIES = 4
#: How long a wait lasts before somebody looks whether a person has asked for something meanwhile.
_GLANCE = timedelta(seconds=2)


def _nothing() -> None:
    """Do nothing between two batches."""


class LeaseLost(SyncError):
    """Another worker has the connection now; this one must write nothing more."""

    code = "lease_lost"


class Resting(SyncError):
    """The package asked to be left alone for longer than a run should wait."""

    code = "resting"

    def __init__(self, message: str, rest: timedelta) -> None:
        super().__init__(message)
        self.rest = rest


class Work:
    """What a run holds while it works on one connection."""

    def __init__(
        self, platform: Platform, connection_id: str, *, holder: str, run_id: str | None = None, reads: bool = False
    ) -> None:
        """Open the connection; makes no call yet.

        :param reads: it only reads and holds no lease: somebody else may write meanwhile.
        """
        self._leased = not reads
        self.platform = platform
        self.connection_id = connection_id
        self.run_id = run_id
        self.holder = holder
        self.counts: Counter[str] = Counter()
        self.least_calls = 0
        self.done = 0
        self.labels: dict[str, str] = {}  #: what the records of links are called, for sentences
        self.stale = False  #: a write was refused because somebody else wrote meanwhile
        self.doubt = False  #: the outcome of some write is not known
        self.waiting = 0  #: records of this pass that wait until another one has given up a name
        self.extra_passes = 0  #: because records took turns
        self.turns_over = False  #: nobody gave up a name in a whole pass: whoever waits is asked about
        self.scope: Scope | None = None  #: the records that the run may touch, if it applies a saved plan
        self.urgent = False  #: what is done now a person waits for
        self.between: Callable[[], None] = _nothing  #: done between two batches, and while one waits for its turn
        with platform.database.read() as session:
            row = session.get_one(ConnectionRow, connection_id)
            if row.credential_id is None or row.remote_tenant_id is None:
                reason = "no_permission"
                raise AuthorizationLost(reason, "The connection has no permission. Connect again.")
            self.provider = platform.provider(row.provider)
            self.organisation_id = row.organisation_id
            self.tokens = TokenSource(platform, row.credential_id)
            tenant_id, settings = row.remote_tenant_id, row.settings
        self.capabilities = self.provider.capabilities
        self.echoes = Echoes(page_size=self.capabilities.page_size)
        given = platform.settings.provider(self.provider.name)
        self._pacer = Pacer(
            platform.database,
            self.provider.name,
            tenant_id,
            limits_for(self.capabilities.limits, settings),
            caller=holder,
            longest=timedelta(seconds=given.timeout),
            metered=given.reads_per_month is not None,
        )
        self._reads, self._batch = True, False  #: what the call being made is: a read, or one of several elements
        self._entered: datetime | None = None  #: when the last call was made, if nothing was waited for since
        self._counted = False  #: the call that is about to be made was counted already
        self.connector: Connector = self.provider.connect(
            given,
            tenant_id=tenant_id,
            access_token=self._permit,
            clock=platform.clock,
        )

    def _permit(self) -> str:
        """Give the token for one more call, once the package's limits allow it; connectors ask right before each.

        :raises Resting: the calls of the day are used up, the package wants a long rest, or the service is stopping.
        """
        token = self.tokens()
        while not self._counted and not self._in_time(self._enter_alone):
            token = self.tokens()
        self._counted = False
        return token

    def set_off(
        self, note: Callable[[Session], T | None], *, batch: bool, between: Callable[[], None] = _nothing
    ) -> T | None:
        """Count the write that comes next and write down what it carries, in one commit that survives a power cut.

        It waits until the package's limits allow the call. If there is nothing to carry after all, nothing is counted.

        :param note: writes it down and returns it; None if there is nothing.
        :param between: done before each look whether the limits allow it, and so in any case once.
        :raises LeaseLost: another worker has taken over.
        :raises Resting: as for any call.
        """
        noted: list[T | None] = []

        def look() -> timedelta:
            between()
            self.tokens()  # what is counted leaves at once: to renew it takes time
            with self.holding(lasting=True) as session:
                wait = self._enter(session, self._call(batch=batch, reads=False))
                if wait <= timedelta(0):
                    noted.append(note(session))
                    if noted == [None]:
                        session.rollback()
            return wait

        while not self._in_time(look):
            pass
        self._counted = noted != [None]
        return noted[0]

    @property
    def counted(self) -> bool:
        """True between :meth:`set_off` and the call that it was for."""
        return self._counted

    def _in_time(self, look: Callable[[], timedelta]) -> bool:
        """Tell whether there is nothing to wait for; if there is, wait for a part of it."""
        try:
            wait = look()
        except DayOver as over:
            message = f"the calls that {self.capabilities.package} allows in a day are used up"
            raise Resting(message, over.rest) from over
        if wait > LONGEST_REST:
            message = f"{self.capabilities.package} wants to be left alone for a while"
            raise Resting(message, wait)
        if wait <= timedelta(0):
            return True
        if wait > _WORTH_TELLING:
            self.report(phase="waiting for the package's limit")
        self.rest(min(wait, _GLANCE))
        return False

    def _enter_alone(self) -> timedelta:
        with self.platform.database.write() as session:
            return self._enter(session, self._call(batch=self._batch, reads=self._reads))

    def _enter(self, session: Session, call: Call) -> timedelta:
        now, before = self.platform.clock(), self._entered
        told_left, took = self.connector.calls_left_today, None if before is None else now - before
        wait = self._pacer.enter(session, now, call, told_left=told_left, took=took)
        if wait <= timedelta(0):
            self._entered = now
        return wait

    def _call(self, *, batch: bool, reads: bool) -> Call:
        return Call(batch=batch, reads=reads, urgent=self.urgent)

    def _paced(self, call: Callable[[], T], *, batch: bool, reads: bool) -> T:
        """Make calls, each when the package's limits allow it."""
        before = self._batch, self._reads
        self._batch, self._reads = batch, reads
        try:
            return call()
        finally:
            self._batch, self._reads = before
            self._counted = False
            self._pacer.leave()

    def lists_took(self, calls: int) -> None:
        """Remember how many calls reading the package's lists took."""
        self._pacer.lists_took(calls)

    def ground(self) -> Ground:
        """Load what decisions share."""
        with self.platform.database.read() as session:
            row = session.get_one(ConnectionRow, self.connection_id)
            return ground_of(self.platform, session, row)

    def names(self) -> Names:
        """Load the company file's namespace."""
        families = self.capabilities.names_unique_over
        with self.platform.database.read() as session:
            taken = counterparts.names_taken(session, self.connection_id, families)
            connection = session.get_one(ConnectionRow, self.connection_id)
            rule = mapping_settings.from_json(connection.mapping).naming
            goes = None if self.turns_over else leaving(session, connection, self.capabilities)
            return Names(self.capabilities, taken, goes, rule=rule)

    @property
    def needs_another_look(self) -> bool:
        """True when something was written there meanwhile, or may have been: the feed has to be read again."""
        return self.stale or self.doubt

    @property
    def lease_span(self) -> timedelta:
        """How long a lease lasts: longer than a request can be under way."""
        return timedelta(seconds=self.platform.settings.provider_timeout) + _MARGIN

    @contextmanager
    def holding(self, *, lasting: bool = False) -> Iterator[Session]:
        """Give a unit of writing that extends the lease; one comes before every write to the package.

        :param lasting: what is written has to survive a power cut: something is about to happen elsewhere.
        :raises LeaseLost: another worker has taken over.
        :raises Resting: the service is stopping; what is left is done by the next run.
        """
        if self.platform.stopping.is_set():
            message = "the service is stopping"
            raise Resting(message, timedelta(0))
        now, span = self.platform.clock(), self.lease_span
        with self.platform.database.write(lasting=lasting) as session:
            if not leases.take(session, ConnectionRow, self.connection_id, holder=self.holder, now=now, span=span):
                message = "another worker has taken over this connection"
                raise LeaseLost(message)
            yield session

    def passes(self, most: int) -> Iterator[int]:
        """Count passes over the waves: ``most``, and one more for each in which records took turns with a name."""
        number = 0
        while number < most + self.extra_passes:
            yield number
            number += 1

    def take_turns(self, *, wrote: bool) -> None:
        """After a pass: let whoever waits have another one; if nothing at all was written, as if nobody gave way."""
        if self.waiting and not self.turns_over:
            self.extra_passes += 1
            self.turns_over = not wrote

    def still_mine(self) -> None:
        """Extend the lease, with nothing to write.

        :raises LeaseLost: another worker has taken over.
        :raises Resting: the service is stopping.
        """
        with self.holding():
            pass

    def authorised(self, call: Callable[[], T], *, batch: bool = False, reads: bool = True) -> T:
        """Make a call; if the package says that the token has ended, renew it once and make the call again.

        Safe for writes too: a request without a good token is refused before anything is written.
        """
        try:
            return self._paced(call, batch=batch, reads=reads)
        except AuthorizationLost as error:
            if error.reason != "expired":
                raise
            self.tokens.refused()
            return self._paced(call, batch=batch, reads=reads)

    def patiently(self, call: Callable[[], T], *, batch: bool = False, reads: bool = True) -> T:
        """Make a call, resting and trying again while the package says that it wrote nothing and wants us to wait.

        :param batch: it carries several elements.
        :param reads: it writes nothing.
        :raises Resting: the rest would be too long, or it has been tried often enough.
        """
        tries = 0
        while True:
            try:
                return self.authorised(call, batch=batch, reads=reads)
            except Transient as error:
                tries += 1
                rest = error.retry_after or _SHORT_REST * tries
                if isinstance(error, RateLimited):
                    self._pacer.refused(self.platform.clock() + rest)
                short = rest <= LONGEST_REST and (tries <= _PASSING_TRIES or isinstance(error, RateLimited))
                if not short:
                    raise Resting(error.message, rest) from error
                self.report(phase="waiting for the package's limit" if isinstance(error, RateLimited) else None)
                self.rest(rest)

    def rest(self, span: timedelta) -> None:
        """Wait, keeping the lease, where there is one.

        :raises Resting: the service is stopping.
        """
        if self._leased:
            self.still_mine()
        self._entered = None
        if not self.platform.pause(span.total_seconds()):
            message = "the service is stopping"
            raise Resting(message, timedelta(0))

    def report(self, *, done: int | None = None, total: int | None = None, phase: str | None = None) -> None:
        """Bring the run's row up to date, for whoever watches."""
        if self.run_id is not None:
            with self.platform.database.write() as session:
                self.report_in(session, done=done, total=total, phase=phase)

    def report_in(
        self, session: Session, *, done: int | None = None, total: int | None = None, phase: str | None = None
    ) -> None:
        """Bring the run's row up to date together with what else a unit of writing does."""
        if self.run_id is None:
            return
        told = {"done": done, "total": total, "phase": phase}
        queries.report_run(
            session,
            self.run_id,
            counts=dict(self.counts),
            calls=self.connector.calls_made,
            least_calls=self.least_calls,
            **{column: value for column, value in told.items() if value is not None},
        )
