"""The one sentence that answers whether everything is all right."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from service.store.queries import upkeep
from service.web.standing import Standing, answer
from tests.web.conftest import client_of
from tests.web.world import NOW, World


def standing(
    state: str = "live", *, company: str = "Craig's Design", synced: int | None = 2, **counts: int
) -> Standing:
    last = None if synced is None else NOW - timedelta(minutes=synced)
    row = SimpleNamespace(state=state, organisation_name=company, last_sync_at=last, problem=None)
    return Standing(row=cast("Any", row), package="Package", counts={"green": 0, "orange": 0, **counts}, run=None)


@pytest.mark.parametrize(
    ("found", "open_questions", "dot", "sentence"),
    [
        ([], 0, "none", "Nothing is connected yet. Connect a package to begin."),
        ([standing("pending")], 0, "none", "Nothing is connected yet. Connect a package to begin."),
        ([standing("disconnected")], 0, "none", "Nothing is connected yet. Connect a package to begin."),
        ([standing("matching")], 0, "none", "Package · Craig's Design is being set up. Nothing is sent yet."),
        ([standing("paused")], 0, "none", "Package · Craig's Design is paused. Nothing is sent or read meanwhile."),
        ([standing(synced=None)], 0, "none", "Nothing has been sent yet. Sync now to begin."),
        ([standing(green=312)], 0, "green", "All 312 records agree with Package as of 19:00."),
        ([standing(green=1)], 0, "green", "The 1 record agrees with Package as of 19:00."),
        ([standing(green=1200), standing(green=34)], 0, "green", "All 1,234 records agree with Package as of 19:00."),
        ([standing(green=3, orange=1)], 0, "orange", "1 record waits for the next sync. Nothing needs you."),
        ([standing(green=3, orange=4)], 0, "orange", "4 records wait for the next sync. Nothing needs you."),
        ([standing(green=3)], 1, "red", "1 record needs you. Everything else agreed at 19:00."),
        ([standing(green=3)], 3, "red", "3 records need you. Everything else agreed at 19:00."),
        ([standing(synced=None)], 3, "red", "3 records need you."),
        ([standing(), standing(synced=62)], 3, "red", "3 records need you. Everything else agreed at 18:00."),
        ([standing(green=3, orange=2)], 3, "red", "3 records need you. 2 more wait for the next sync."),
        (
            [standing(), standing("needs_reauth")],
            3,
            "red",
            "Package · Craig's Design needs to be reconnected. Nothing is lost meanwhile.",
        ),
    ],
)  # fmt: skip
def test_the_worst_thing_decides_the_answer(
    empty: World, found: list[Standing], open_questions: int, dot: str, sentence: str
) -> None:
    with empty.app.test_request_context():
        assert answer(found, open_questions, NOW) == (dot, sentence)


def test_letters_in_doubt_need_somebody_too(empty: World) -> None:
    with empty.app.test_request_context():
        told = [
            answer([standing(green=3)], *counts, doubtful=doubtful)
            for counts, doubtful in (((0, NOW), 1), ((2, NOW), 1))
        ]
        alone = answer([], 0, NOW, doubtful=2)
    assert [sentence for _, sentence in told] == [
        "1 letter needs you. Everything else agreed at 19:00.",
        "2 records and 1 letter need you. Everything else agreed at 19:00.",
    ]
    assert alone == ("red", "2 letters need you.")


def test_a_day_is_named_where_it_is_not_today(empty: World) -> None:
    with empty.app.test_request_context():
        told = answer([standing(green=2, synced=60 * 24 * 3)], 0, NOW)[1]
    assert told == "All 2 records agree with Package as of 19 Nov, 19:02."


def test_where_no_schedule_runs_the_dashboard_says_so_and_promises_no_sync(world: World) -> None:
    client = client_of(world, "viewer")
    page = client.get("/").text
    assert "No schedule runs. Syncs start only when you ask for them." in page
    assert '<div class="next">next sync' not in page
    assert "when somebody asks" in client_of(world).get("/settings/schedule").text
    connection = f"/parts/connections/{world.ids['connection']}"
    assert "No schedule runs: the next starts when you ask for it." in client.get(connection).text
    with world.database.write() as session:
        upkeep.beat(session, "scheduler", NOW)
    page = client.get("/").text
    assert "No schedule runs" not in page + client.get(connection).text
    assert '<div class="next">next sync' in page
    with world.database.write() as session:
        upkeep.beat(session, "scheduler", NOW - timedelta(hours=2))
    assert "The schedule has been silent since" in client.get("/").text
