"""Questions and their answers."""

from __future__ import annotations

from service.store.queries.connections import runs
from service.store.records import CustomerRow
from service.store.sync_models import ProblemRow, RunRow
from tests.web.conftest import client_of
from tests.web.world import World


def test_the_inbox_gives_the_reason_first(any_world: World) -> None:
    page = client_of(any_world).get("/conflicts").text
    assert "2 records need you" in page
    assert "QuickBooks already has a vendor named &#39;Harbour Roofing Ltd&#39;. Names there must differ." in page
    assert "Rename ours…" in page
    assert "6240" not in page


def test_the_code_is_on_the_page_for_support(any_world: World) -> None:
    page = client_of(any_world).get(f"/conflicts/{any_world.ids['taken']}").text
    assert page.index("For support") < page.index("6240")
    assert "1-ab" in page
    assert 'value="Harbour Roofing Ltd (customer)"' in page


def test_renaming_settles_it_and_asks_for_a_sync(any_world: World) -> None:
    path = f"/conflicts/{any_world.ids['taken']}"
    answer = client_of(any_world, "accountant").post(
        path, data={"option": "rename_ours", "name": "Harbour Roofing (customer)"}, follow_redirects=True
    )
    assert "A sync has begun" in answer.text
    assert "Rename ours, chosen by accountant@freeman.example" in answer.text
    assert any_world.runner.woken == [any_world.ids["connection"]]
    with any_world.database.read() as session:
        assert session.get_one(CustomerRow, any_world.ids["harbour"]).name == "Harbour Roofing (customer)"
        assert session.get_one(ProblemRow, any_world.ids["taken"]).closed_at is not None


def test_fields_are_chosen_one_by_one(any_world: World) -> None:
    path = f"/conflicts/{any_world.ids['held']}"
    given = {"option": "choose_fields", "field.phone": "ours", "field.email": "theirs"}
    client_of(any_world).post(path, data=given)
    with any_world.database.read() as session:
        row = session.get_one(ProblemRow, any_world.ids["held"])
        assert row.answer
        assert row.answer["fields"] == {"phone": "ours", "email": "theirs"}


def test_an_incomplete_answer_is_named_and_keeps_what_was_chosen(world: World) -> None:
    path = f"/conflicts/{world.ids['held']}"
    answer = client_of(world).post(path, data={"option": "choose_fields", "field.phone": "ours"})
    assert answer.status_code == 422
    assert "Choose ours or theirs for every field." in answer.text
    assert 'name="field.phone" value="ours" checked' in answer.text
    assert not world.runner.woken


def test_a_name_is_needed_to_rename(world: World) -> None:
    answer = client_of(world).post(f"/conflicts/{world.ids['taken']}", data={"option": "rename_ours", "name": " "})
    assert answer.status_code == 422
    assert "Give the new name." in answer.text


def test_an_answer_that_is_not_offered_is_refused(world: World) -> None:
    for option in ("follow_merge", "nonsense", ""):
        answer = client_of(world).post(f"/conflicts/{world.ids['taken']}", data={"option": option})
        assert answer.status_code == 422


def test_the_second_answer_is_harmless(world: World) -> None:
    client, path = client_of(world), f"/conflicts/{world.ids['taken']}"
    client.post(path, data={"option": "retry"})
    answer = client.post(path, data={"option": "rename_ours", "name": "Other"}, follow_redirects=True)
    assert "settled meanwhile" in answer.text
    with world.database.read() as session:
        assert session.get_one(CustomerRow, world.ids["harbour"]).name == "Harbour Roofing Ltd"


def test_settled_ones_say_what_happened(world: World) -> None:
    client = client_of(world)
    client.post(f"/conflicts/{world.ids['taken']}", data={"option": "retry"})
    assert "Harbour Roofing Ltd" in client.get("/conflicts?status=resolved").text
    assert "Harbour Roofing Ltd" not in client.get("/conflicts").text


def test_a_viewer_reads_the_answers_without_a_button(world: World) -> None:
    page = client_of(world, "viewer").get(f"/conflicts/{world.ids['taken']}").text
    assert "Rename ours…" in page
    assert "Do this and sync" not in page


def test_the_sync_that_is_asked_for_is_the_persons(world: World) -> None:
    client_of(world).post(f"/conflicts/{world.ids['taken']}", data={"option": "retry"})
    with world.database.read() as session:
        asked = [row for row in (session.get(RunRow, row_id) for row_id in _runs(world)) if row and not row.finished_at]
        assert [row.requested_by for row in asked] == [f"user:{world.users['admin']}"]


def _runs(world: World) -> list[str]:
    with world.database.read() as session:
        found = runs(session, world.organisation_id, connection_id=None, before=None, limit=10)
        return [row.id for row in found]
