"""Questions and their answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from service.core.ports import Family
from service.core.problem import Problem
from service.store.records import CustomerRow
from service.store.sync_models import ConnectionRow, ProblemRow
from service.web.conflict import PAUSE
from tests.web.conftest import client_of
from tests.web.package import remote_customer
from tests.web.world import World, both_changed, company, counterpart, duplicate, link, problem


def test_the_inbox_gives_the_reason_first(any_world: World) -> None:
    page = client_of(any_world).get("/conflicts").text
    assert "2 records need you" in page
    assert "QuickBooks already has a vendor named &#39;Harbour Roofing Ltd&#39;. Names there must differ." in page
    assert "Rename ours…" in page
    assert "6240" not in page


def test_the_code_is_on_the_page_for_support(any_world: World) -> None:
    page = client_of(any_world).get(f"/conflicts/{any_world.ids['taken']}").text
    assert "In QuickBooks, a new record for Harbour Roofing Ltd:" in page
    assert page.index("For support") < page.index("6240")
    assert "1-ab" in page
    assert 'value="Harbour Roofing Ltd (customer)"' in page


def test_renaming_settles_it_and_asks_for_a_sync(any_world: World) -> None:
    path = f"/conflicts/{any_world.ids['taken']}"
    answer = client_of(any_world, "accountant").post(
        path, data={"option": "rename_ours", "name": "Harbour Roofing (customer)"}, follow_redirects=True
    )
    assert "Rename ours, chosen by accountant@freeman.example" in answer.text
    assert "until then nothing is sent" in answer.text
    assert "Next: Cedar Vets" in answer.text
    with any_world.database.read() as session:
        assert session.get_one(CustomerRow, any_world.ids["harbour"]).name == "Harbour Roofing (customer)"
        assert session.get_one(ProblemRow, any_world.ids["taken"]).closed_at is not None
        due = session.get_one(ConnectionRow, any_world.ids["connection"]).due_at
        assert due == any_world.clock() + PAUSE


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
    assert 'name="field.phone" value="ours" data-implies="choose_fields" checked' in answer.text


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


def test_an_answer_is_taken_back_from_its_page(any_world: World) -> None:
    accountant, path = client_of(any_world, "accountant"), f"/conflicts/{any_world.ids['taken']}"
    answer = {"option": "rename_ours", "name": "Harbour Roofing (customer)"}
    page = accountant.post(path, data=answer, follow_redirects=True).text
    assert "Name becomes Harbour Roofing Ltd again. Nothing was sent yet" in page
    assert 'data-testid="take-back"' not in client_of(any_world, "viewer").get(path).text
    again = accountant.post("/conflicts/take-back", data={"id": any_world.ids["taken"]})
    assert again.location != path
    page = accountant.get(again.location or "").text
    assert "1 answer is taken back." in page
    assert 'data-testid="answer-form"' in page
    with any_world.database.read() as session:
        assert session.get_one(CustomerRow, any_world.ids["harbour"]).name == "Harbour Roofing Ltd"
    late = accountant.post("/conflicts/take-back", data={"id": any_world.ids["taken"]}, follow_redirects=True).text
    assert "This answer was taken back already." in late
    assert "taken back" in accountant.get("/conflicts?status=resolved").text


def test_who_answered_meanwhile_is_told_to_whoever_has_the_page_open(world: World) -> None:
    path = f"/conflicts/{world.ids['taken']}"
    assert client_of(world).get(f"/parts{path}").text.strip() == ""
    client_of(world, "accountant").post(path, data={"option": "retry"})
    told = client_of(world).get(f"/parts{path}").text
    assert "Settled meanwhile: Try again, chosen by accountant@freeman.example." in told
    late = client_of(world).post(path, data={"option": "unlink"}, follow_redirects=True).text
    assert "answered already by accountant@freeman.example" in late


def more_like(world: World, name: str, of: str, asked: Problem, **fields: Any) -> str:
    """Add a customer about whom something like it is asked; return the question's id."""
    with world.database.write() as session:
        at = session.get_one(ConnectionRow, world.ids["connection"])
        row = company(session, world, name, **fields)
        tie = link(session, at, row, "red", **({"remote_id": of} if of else {"remote_id": None, "baseline": None}))
        return problem(session, tie, name, asked).id


def test_the_same_answer_is_given_to_many_alike_after_a_preview(any_world: World) -> None:
    names = ["Ash Roofing", "Birch Roofing"]
    others = [more_like(any_world, name, "", duplicate(name)) for name in names]
    bare = duplicate("Nameless")
    own = more_like(any_world, "Nameless", "", replace(bare, params={**bare.params, "suggestion": None}))
    accountant, path = client_of(any_world, "accountant"), f"/conflicts/{any_world.ids['taken']}"
    inbox = accountant.get("/conflicts").text
    assert 'Name taken there <span class="figure">4</span>' in inbox
    assert "The same for 3 others like it" in accountant.get(path).text
    shown = accountant.post(f"{path}/alike", data={"option": "rename_ours"}, follow_redirects=True).text
    assert "becomes Ash Roofing (customer)" in shown
    assert shown.count('data-fits="yes"') == 3
    assert "Needs an answer of its own." in shown
    accountant.post(f"/conflicts/{others[1]}", data={"option": "retry"})
    ids = [any_world.ids["taken"], *others, own]
    page = accountant.post(
        f"{path}/alike", data={"do": "1", "option": "rename_ours", "id": ids}, follow_redirects=True
    ).text
    assert "2 conflicts answered together" in page
    assert "1 other was settled meanwhile" in page
    assert "Nameless needs an answer of its own." in page
    with any_world.database.read() as session:
        assert session.get_one(CustomerRow, any_world.ids["harbour"]).name == "Harbour Roofing Ltd (customer)"
    back = accountant.post(
        "/conflicts/take-back", data={"id": [any_world.ids["taken"], others[0]]}, follow_redirects=True
    ).text
    assert "2 answers are taken back." in back
    with any_world.database.read() as session:
        assert session.get_one(CustomerRow, any_world.ids["harbour"]).name == "Harbour Roofing Ltd"


def test_field_by_field_for_many_needs_a_side_for_each_field(world: World) -> None:
    path = f"/conflicts/{world.ids['held']}/alike"
    other = more_like(world, "Oak Vets", "78", both_changed("Oak Vets"), phone="555 1111", email="a@cedar.example")
    accountant = client_of(world, "accountant")
    assert 'data-fits="no"' in accountant.get(f"{path}?option=choose_fields&field.phone=ours").text
    sides = {"field.phone": "ours", "field.email": "theirs"}
    assert accountant.get(path, query_string={"option": "choose_fields", **sides}).text.count('data-fits="yes"') == 2
    accountant.post(path, data={"do": "1", "option": "choose_fields", "id": other, **sides})
    with world.database.read() as session:
        answered = session.get_one(ProblemRow, other).answer
        assert answered
        assert answered["fields"] == {"phone": "ours", "email": "theirs"}


def test_both_records_stand_side_by_side_with_what_differs_marked(world: World) -> None:
    with world.database.write() as session:
        at = session.get_one(ConnectionRow, world.ids["connection"])
        counterpart(session, at, remote_customer("901", "Harbour Roofing Ltd", family=Family.VENDOR))
    viewer = client_of(world, "viewer")
    taken = viewer.get(f"/conflicts/{world.ids['taken']}").text
    assert '<span class="tag">vendor</span>' in taken
    held = viewer.get(f"/conflicts/{world.ids['held']}").text
    assert "555 <mark>1111</mark>" in held
    assert "555 <mark>2222</mark>" in held
    assert held.index("Phone") < held.index("agree")
