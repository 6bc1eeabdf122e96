"""The last days on the page of runs: what is drawn is what happened, by the days of the organisation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask_login import login_user

from service.store.sync_models import ProblemRow, RunRow
from service.web.access import load_person
from service.web.trend import last_days
from tests.web.conftest import client_of
from tests.web.world import NOW, World


def test_runs_count_for_the_day_of_the_organisation_and_questions_until_they_are_settled(any_world: World) -> None:
    at, organisation_id = any_world.ids["connection"], any_world.organisation_id
    late = datetime(2026, 11, 21, 4, 30, tzinfo=UTC)  # still the 20th in New York
    with any_world.database.write() as session:
        for moment, state in ((late, "failed"), (late, "succeeded"), (NOW - timedelta(days=40), "failed")):
            session.add(RunRow(
                organisation_id=organisation_id, connection_id=at, kind="sync", state=state, counts={},
                requested_at=moment, started_at=moment, finished_at=moment,
            ))  # fmt: skip
        settled = session.get_one(ProblemRow, any_world.ids["held"])
        settled.opened_at, settled.closed_at = NOW - timedelta(days=3), NOW - timedelta(days=1)
    with any_world.app.test_request_context(), any_world.database.read() as session:
        login_user(load_person(f"{any_world.users['admin']}:0"))
        days = {one.date.day: one for one in last_days(session, organisation_id)}
        none = last_days(session, organisation_id, connection_id="0" * 32)
    assert len(days) == 14
    assert (days[20].runs, days[20].short) == (2, 1)
    assert (days[21].runs, days[22].runs, days[22].short) == (0, 1, 1)
    assert [days[day].open for day in (18, 19, 20, 21, 22)] == [0, 1, 1, 0, 1]
    assert none == ()
    page = client_of(any_world).get("/runs").text
    assert "Last 14 days" in page
    assert 'aria-label="Open questions at the end of each day: 0 to 1 a day, 1 today"' in page
    assert "style=" not in page
