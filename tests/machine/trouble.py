"""The service at work, and everything that can go wrong while it is: faults, crashes, second workers, the clock."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from sandbox.common.faults import FaultRule
from service.core.ports import Family
from service.store.records import CustomerRow
from service.sync import connect
from service.sync import run as running
from tests.machine.here import Here
from tests.machine.interruption import Crash
from tests.machine.law import need
from tests.machine.story import NAMES, WHICH, act
from tests.machine.there import There
from tests.sync.office import reconnected

FAULTS: dict[str, dict[str, Any]] = {
    "is dropped before anything is done": {"kind": "drop", "when": "before"},
    "is dropped after it was done": {"kind": "drop", "when": "after"},
    "hangs, and is done later": {"kind": "hang", "when": "before", "seconds": 60},
    "is done, and hangs then": {"kind": "hang", "when": "after", "seconds": 60},
    "gets a 500, although it was done": {"kind": "status", "status": 500, "when": "after"},
    "gets a 503": {"kind": "status", "status": 503},
    "is to be repeated in 7 seconds": {"kind": "throttle", "retry_after": 7},
    "is to be repeated in ten minutes": {"kind": "throttle", "retry_after": 600},
    "is to be repeated some time": {"kind": "throttle"},
    "gets half an answer": {"kind": "half"},
    "gets an answer that can't be read": {"kind": "malformed"},
    "has its first element refused": {"kind": "elements", "elements": [0]},
}
WRITES = "POST|PUT|DELETE"
#: How far the clock moves: past a lease, a key's window, a token, the feed's reach, a refresh token's life.
SPANS = {"a minute": 60, "four minutes": 240, "ten minutes": 600, "two hours": 7200, "a day": 86_400}
LONG_SPANS = {"32 days": 32 * 86_400, "61 days": 61 * 86_400, "102 days": 102 * 86_400}


class Trouble(Here, There):
    """The chapter of syncs that go as they should, and of those that do not."""

    @rule()
    @act
    def we_sync(self) -> None:
        self.tell("We sync.")
        self.run()

    @rule(full=st.booleans())
    @act
    def we_reconcile(self, full: bool) -> None:
        self.tell("Everything is compared with everything." if full else "What changed is compared.")
        self.run("reconcile", full=full)

    @rule(how=st.sampled_from(sorted(FAULTS)), nth=st.integers(1, 3), count=st.integers(1, 2))
    @act
    def we_sync_and_a_write_fails(self, how: str, nth: int, count: int) -> None:
        self.tell(f"We sync, and write {nth}{' and the next one' if count > 1 else ''} {how}.")
        self._fault(how, method=WRITES, nth=nth, count=count)
        self.run()
        self.world.package.sandbox.faults.clear()

    @rule(how=st.sampled_from(sorted(set(FAULTS) - {"has its first element refused"})), nth=st.integers(1, 5))
    @act
    def we_sync_and_a_request_fails(self, how: str, nth: int) -> None:
        self.tell(f"We sync, and request {nth} {how}.")
        self._fault(how, nth=nth, count=1)
        self.run()
        self.world.package.sandbox.faults.clear()

    def _fault(self, how: str, **where: Any) -> None:
        self.world.counts["faults"] += 1
        self.world.stirred = True
        self.world.package.sandbox.faults.add(FaultRule.from_json({**FAULTS[how], "path": "^/(api|v3)", **where}))

    @precondition(lambda self: self.world.package.late)
    @rule()
    @act
    def what_hung_is_done(self) -> None:
        self.land()

    def land(self) -> None:
        """Let requests that hang go on, as the package does sooner or later."""
        if self.world.package.late:
            count = self.world.package.land()
            self.world.touched = True
            self.tell(f"The package goes on with {count} request(s) that hung.")

    @rule(step=st.integers(1, 60))
    @act
    def the_process_dies_in_a_sync(self, step: int) -> None:
        self.tell(f"We sync, and the process dies at step {step}.")
        self.world.stirred = True
        self.world.interruptions.die_at(step)
        try:
            self.run()
        except Crash:
            self.world.counts["crashes"] += 1
            self.world.touched = True
            self.tell("    it is dead")
        else:
            self.tell("    the sync is done before that")
        self.world.interruptions.nothing()

    @rule(nth=st.integers(1, 6), which=WHICH, here=st.booleans(), field=st.sampled_from(("phone", "email", "name")))
    @act
    def we_sync_and_meanwhile_somebody_types(self, nth: int, which: int, here: bool, field: str) -> None:
        self.tell(f"We sync, and as request {nth} arrives:")

        def type_something() -> None:
            if here and self.customers:
                self._type_here(self.pick(self.customers, which), field)
            elif not here and self.entities(Family.CUSTOMER):
                self._type_there(self.pick(self.entities(Family.CUSTOMER), which), field)

        self.world.interruptions.at_request(nth, type_something)
        self.run()
        self.world.interruptions.nothing()

    def _type_here(self, customer: str, field: str) -> None:
        value = self.pick(NAMES, self.world.number()) if field == "name" else self.value(field)
        told = f"    we set the {field} of {self.label(customer)} to {value}"
        if self.try_here(told, lambda: self.world.office.edit_customer(customer, **{field: value})):
            self.memory.typed_here(CustomerRow, customer, field, value)

    def _type_there(self, remote_id: str, field: str) -> None:
        self.edit_there(remote_id, field, self.pick(NAMES, self.world.number()))
        if self.provider == "xero":
            # Xero takes an update of whatever is there now: what was typed after the feed was read can't be guarded.
            self.memory.forget_there((Family.CUSTOMER, remote_id))

    @rule(nth=st.integers(1, 6))
    @act
    def a_second_worker_comes(self, nth: int) -> None:
        self.tell(f"We sync, and as request {nth} arrives a second worker tries to begin.")
        found: list[str | None] = []

        def try_too() -> None:
            found.append(running.perform(self.world.office.platform, self.world.connection_id))

        self.world.interruptions.at_request(nth, try_too)
        self.run()
        self.world.interruptions.nothing()
        need(found in ([], [None]), "one writer", "a second worker began while the first was at it")

    @rule(nth=st.integers(1, 6))
    @act
    def a_worker_sleeps_through_its_lease(self, nth: int) -> None:
        self.tell(f"We sync, and at request {nth} the worker sleeps for ten minutes; another one does the run.")

        def sleep() -> None:
            self.world.counts["leases lost"] += 1
            self.world.stirred = True
            self.world.clock.advance(600)
            running.perform(self.world.office.platform, self.world.connection_id)
            self.world.touched = True

        self.world.interruptions.at_request(nth, sleep)
        self.run()
        self.world.interruptions.nothing()

    # --- time ---

    @rule(span=st.sampled_from(sorted(SPANS, key=SPANS.__getitem__)))
    @act
    def time_passes(self, span: str) -> None:
        self.pass_time(span, SPANS[span])

    @rule(span=st.sampled_from(sorted(LONG_SPANS, key=LONG_SPANS.__getitem__)))
    @act
    def a_long_time_passes(self, span: str) -> None:
        self.pass_time(span, LONG_SPANS[span])

    def pass_time(self, span: str, seconds: float) -> None:
        """Move the clock; no request hangs for longer than a moment."""
        self.land()
        self.tell(f"Time passes: {span}.")
        self.world.clock.advance(seconds)

    # --- the connection ---

    @rule()
    @act
    def we_pause_or_resume(self) -> None:
        where = self.where()
        if self.connection().state == "paused":
            self.tell("We let the connection go on.")
            connect.resume(self.world.office.platform, actor="user:ann", **where)
        elif self.connection().state in {"live", "matching"}:
            self.tell("We pause the connection.")
            connect.pause(self.world.office.platform, actor="user:ann", **where)

    @rule(by_them=st.booleans())
    @act
    def the_connection_is_cut(self, by_them: bool) -> None:
        if by_them:
            self.tell("The bookkeeper disconnects the app.")
            self.world.clerk.disconnect()
        elif self.connection().state != "disconnected":
            self.tell("We disconnect.")
            connect.disconnect(self.world.office.platform, actor="user:ann", **self.where())

    @precondition(lambda self: self.state in {"disconnected", "needs_reauth"})
    @rule()
    @act
    def we_connect_again(self) -> None:
        self.tell("We connect again.")
        reconnected(self.world.office)

    def where(self) -> dict[str, str]:
        """Return what names the connection to a use case."""
        return {"organisation_id": self.world.office.organisation_id, "connection_id": self.world.connection_id}
