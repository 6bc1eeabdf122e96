"""The calls of a connection over HTTP: what is left, what the next sync takes, and fewer of them as a setting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.common.server import Running
from tests.api.builders import company
from tests.api.desk import Desk, go_live, open_desk, read

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def desk(package: Running, prepared_database_url: str) -> Iterator[Desk]:
    """A service with nothing connected yet."""
    opened = open_desk(package, prepared_database_url)
    yield opened
    opened.platform.database.close()


def test_a_connection_tells_its_calls_and_what_the_next_sync_takes(desk: Desk) -> None:
    go_live(desk)
    desk.accountant.created("/customers", company())
    before = desk.connection()
    feed = desk.platform.provider(before["provider"]).capabilities.feed_calls
    assert before["forecast"]["writes"] == 1
    assert before["forecast"]["reads"] >= feed
    assert before["forecast"]["sentence"].startswith(f"about {before['forecast']['calls']} calls, about ")
    run = desk.sync()
    assert run["calls"] == run["forecast"]["calls"] == before["forecast"]["calls"]
    after = desk.connection()["budget"]
    assert after["made_today"] == before["budget"]["made_today"] + run["calls"]
    (listed,) = read(desk.viewer, "/connections")["items"]
    assert (listed["forecast"], listed["budget"]) == (None, after)


def test_a_plan_with_fewer_calls_is_a_setting(desk: Desk) -> None:
    go_live(desk)
    base = f"/connections/{desk.connection_id}"
    settings = {"settings": {"limits": {"per_minute": 30, "per_day": 900}}}
    assert desk.admin.send("PATCH", base, json=settings).status_code == 200
    connection = desk.connection()
    assert connection["settings"]["limits"] == {"per_minute": 30, "per_day": 900, "batches_per_minute": None}
    assert connection["budget"]["per_minute"] == 30
    has_days = desk.platform.provider(connection["provider"]).capabilities.limits.per_day is not None
    assert connection["budget"]["per_day"] == (900 if has_days else None)
    wrong = {"settings": {"limits": {"per_minute": 0}}}
    assert desk.admin.send("PATCH", base, json=wrong).status_code == 422
