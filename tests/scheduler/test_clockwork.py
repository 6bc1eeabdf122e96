"""What is due is read from rows, asked for once, done by one worker at a time, and no failure stops the clock."""

from __future__ import annotations

from datetime import UTC, timedelta
from threading import Thread

import pytest
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import text

from scheduler.clockwork import HEARTBEAT, Clockwork
from service.store.accounts import RememberedAnswer
from service.store.queries import answers, upkeep
from service.store.sync_models import ConnectionRow
from service.sync import delivering
from service.sync.platform import Platform
from tests.scheduler.conftest import PATIENCE, Moved, Runs, add_connection, ask, change, runs_of, settle
from tests.sync.office import Office


def test_a_tick_asks_for_what_is_due_and_does_it(platform: Platform, clockwork: Clockwork, runs: Runs) -> None:
    due = add_connection(platform)
    clockwork.tick()
    settle(clockwork)
    (row,) = runs_of(platform, due)
    assert (row.kind, row.requested_by, row.options, row.state) == ("sync", "schedule", {}, "succeeded")
    assert runs.ended == [due]


def test_nothing_is_asked_for_before_its_time(
    platform: Platform, clockwork: Clockwork, runs: Runs, clock: Moved
) -> None:
    later = add_connection(platform, due_at=clock.now + timedelta(seconds=60))
    for seconds in (0, 59):
        clock.on(seconds)
        clockwork.tick()
        settle(clockwork)
        assert runs_of(platform, later) == []
    clock.on(1)
    clockwork.tick()
    settle(clockwork)
    assert len(runs_of(platform, later)) == 1


@pytest.mark.parametrize("state", ["pending", "matching", "paused", "needs_reauth", "disconnected"])
def test_only_live_connections_are_synced_by_themselves(
    platform: Platform, clockwork: Clockwork, runs: Runs, state: str
) -> None:
    quiet = add_connection(platform, state)
    clockwork.tick()
    clockwork.reconcile_all()
    settle(clockwork)
    assert runs_of(platform, quiet) == []
    assert runs.began == []


def test_a_package_that_wants_a_rest_gets_it(
    platform: Platform, clockwork: Clockwork, runs: Runs, clock: Moved
) -> None:
    resting = add_connection(platform, wait_until=clock.now + timedelta(minutes=5))
    clockwork.tick()
    settle(clockwork)
    assert runs_of(platform, resting) == []
    clock.on(300)
    clockwork.tick()
    settle(clockwork)
    assert len(runs_of(platform, resting)) == 1


def test_a_tick_has_letters_carried_by_one_worker_for_each_organisation(
    clockwork: Clockwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried: list[str] = []

    def deliver(_: Platform, organisation_id: str) -> None:
        carried.append(organisation_id)
        if organisation_id == "broken":
            message = "a defect"
            raise RuntimeError(message)

    monkeypatch.setattr(delivering, "waiting", lambda _: ["broken", "office"])
    monkeypatch.setattr(delivering, "deliver", deliver)
    for times in (1, 2):
        clockwork.tick()
        settle(clockwork)
        assert sorted(carried) == sorted(["broken", "office"] * times)


def test_a_tick_does_what_others_asked_for(platform: Platform, clockwork: Clockwork, runs: Runs, clock: Moved) -> None:
    idle = add_connection(platform, due_at=clock.now + timedelta(days=1))
    run_id = ask(platform, idle)
    clockwork.tick()
    settle(clockwork)
    assert [(row.id, row.requested_by, row.state) for row in runs_of(platform, idle)] == [
        (run_id, "user:ann", "succeeded")
    ]


def test_a_connection_is_worked_on_once_at_a_time_and_others_meanwhile(
    platform: Platform, clockwork: Clockwork, runs: Runs
) -> None:
    runs.gate.clear()
    first, second = add_connection(platform), add_connection(platform)
    for _ in range(3):
        clockwork.tick()
        clockwork.wake(first)
    runs.gate.set()
    settle(clockwork)
    assert sorted(runs.began) == sorted([first, second])
    assert [len(runs_of(platform, one)) for one in (first, second)] == [1, 1]
    ask(platform, first)
    clockwork.tick()
    settle(clockwork)
    assert runs.began.count(first) == 2


def test_a_scheduler_asks_and_a_worker_works(platform: Platform, runs: Runs) -> None:
    due = add_connection(platform)
    scheduler = Clockwork(platform, works=False)
    scheduler.tick()
    scheduler.wake(due)
    assert [row.state for row in runs_of(platform, due)] == ["queued"]
    assert runs.began == []
    other = add_connection(platform)
    worker = Clockwork(platform, schedules=False)
    worker.tick()
    settle(worker)
    assert runs.ended == [due]
    assert runs_of(platform, other) == []
    for one in (scheduler, worker):
        one.stop()


def test_a_run_that_breaks_stops_neither_the_clock_nor_the_others(
    platform: Platform, clockwork: Clockwork, runs: Runs
) -> None:
    bad, good = add_connection(platform), add_connection(platform)
    runs.broken.add(bad)
    clockwork.tick()
    settle(clockwork)
    assert runs.ended == [good]
    runs.broken.clear()
    clockwork.tick()
    settle(clockwork)
    assert runs.ended == [good, bad], "what a run left behind is taken up by the next tick"


def test_a_tick_that_breaks_is_followed_by_the_next(
    platform: Platform, clockwork: Clockwork, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = add_connection(platform)
    with monkeypatch.context() as patched:
        patched.setattr(clockwork, "_ask_for_due", lambda: 1 / 0)
        clockwork.tick()
    clockwork.tick()
    settle(clockwork)
    assert runs.ended == [due]


def test_a_connection_that_stops_being_live_meanwhile_is_passed_over(
    platform: Platform, clockwork: Clockwork, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused, good = add_connection(platform), add_connection(platform)
    asked = clockwork._ask

    def pause_then_ask(organisation_id: str, connection_id: str, **options: object) -> None:
        change(platform, paused, state="paused")
        asked(organisation_id, connection_id)

    monkeypatch.setattr(clockwork, "_ask", pause_then_ask)
    clockwork.tick()
    settle(clockwork)
    assert runs.ended == [good]


def test_at_night_everything_live_is_asked_to_be_compared_with_everything(
    platform: Platform, clockwork: Clockwork, runs: Runs, clock: Moved
) -> None:
    nightly = [add_connection(platform, due_at=clock.now + timedelta(hours=1)) for _ in range(2)]
    clockwork.reconcile_all()
    for one in nightly:
        (row,) = runs_of(platform, one)
        assert (row.kind, row.options, row.requested_by) == ("reconcile", {"full": True}, "schedule")
    clockwork.tick()
    settle(clockwork)
    assert sorted(runs.ended) == sorted(nightly)
    if platform.database.is_sqlite:
        with platform.database.read() as session:  # what its indexes hold is counted at night as well
            assert session.scalar(text("select count(*) from sqlite_stat1 where tbl = 'connection'"))


def test_answers_that_nobody_asks_for_again_are_forgotten_at_night(
    platform: Platform, clockwork: Clockwork, clock: Moved
) -> None:
    connection_id = add_connection(platform)
    with platform.database.write() as session:
        organisation_id = session.get_one(ConnectionRow, connection_id).organisation_id
        for key, age in (("old", 8), ("young", 6)):
            then = clock.now - timedelta(days=age)
            answers.claim(session, organisation_id, key=key, request_hash="0", now=then)
    clockwork.reconcile_all()
    with platform.database.read() as session:
        left = [row.key for row in session.query(RememberedAnswer)]
    assert left == ["young"]


def test_the_night_is_the_one_of_the_settings(clockwork: Clockwork) -> None:
    clockwork.start()
    (nightly,) = [job for job in clockwork._clock.get_jobs() if isinstance(job.trigger, CronTrigger)]
    assert str(nightly.trigger) == str(CronTrigger.from_crontab("30 2 * * 6", timezone=UTC))
    assert nightly.func == clockwork.reconcile_all


def test_a_worker_keeps_no_schedule(platform: Platform) -> None:
    worker = Clockwork(platform, schedules=False)
    worker.start()
    assert [job.func for job in worker._clock.get_jobs()] == [worker.tick]
    worker.stop()


def test_the_clock_beats_as_soon_as_it_starts_and_ticks_by_itself(
    platform: Platform, clockwork: Clockwork, runs: Runs
) -> None:
    due = add_connection(platform)
    runs.gate.clear()
    clockwork.start()
    assert runs.beginning.wait(PATIENCE)
    runs.gate.set()
    clockwork.stop()
    assert runs.ended == [due]
    with platform.database.read() as session:
        assert upkeep.last_beat(session, HEARTBEAT) == platform.clock()


def test_each_beat_moves_the_heart(platform: Platform, clockwork: Clockwork, clock: Moved) -> None:
    for _ in range(2):
        clock.on(15)
        clockwork.beat()
        with platform.database.read() as session:
            assert upkeep.last_beat(session, HEARTBEAT) == clock.now


def test_stopping_waits_for_the_work_under_way_and_takes_no_more(
    platform: Platform, clockwork: Clockwork, runs: Runs
) -> None:
    first = add_connection(platform)
    runs.gate.clear()
    clockwork.tick()
    assert runs.beginning.wait(PATIENCE)
    stopping = Thread(target=clockwork.stop)
    stopping.start()
    assert platform.stopping.wait(PATIENCE)
    second = add_connection(platform)
    clockwork.tick()
    assert stopping.is_alive()
    assert runs.ended == []
    runs.gate.set()
    stopping.join(PATIENCE)
    assert not stopping.is_alive()
    assert (runs.began, runs.ended) == ([first], [first])
    assert [row.state for row in runs_of(platform, second)] in ([], ["queued"])


def test_a_connection_without_permission_fails_once_and_waits_for_a_person(
    platform: Platform, clockwork: Clockwork, clock: Moved
) -> None:
    lost = add_connection(platform)
    for _ in range(3):
        clockwork.tick()
        settle(clockwork)
        clock.on(3600)
    (row,) = runs_of(platform, lost)
    assert row.state == "failed"
    with platform.database.read() as session:
        assert session.get_one(ConnectionRow, lost).state == "needs_reauth"


def test_a_live_connection_is_kept_in_step_by_itself(live_office: Office) -> None:
    platform = live_office.platform
    clockwork = Clockwork(platform)
    clockwork.tick()
    settle(clockwork)
    assert live_office.counts()["green"] == 1
    live_office.add_customer(name="Maple Dental", email="billing@maple.example")
    clockwork.tick()
    settle(clockwork)
    assert live_office.counts()["green"] == 1, "its turn comes after the interval"
    platform.pause(platform.settings.sync_interval)
    clockwork.tick()
    settle(clockwork)
    assert live_office.counts()["green"] == 2
    assert [row.state for row in runs_of(platform, live_office.connection_id)] == ["succeeded"] * 2
    clockwork.stop()
