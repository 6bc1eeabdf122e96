from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.web.conftest import client_of
from tests.web.world import World, open_world, settle

PAGES = ["/sign-in", "/", "/nothing", "/static/app.css"]


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_keeps_the_browser_to_this_host(world: World, path: str) -> None:
    with client_of(world).get(path) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers


def test_only_pages_with_a_connect_button_let_a_form_lead_elsewhere(world: World) -> None:
    client = client_of(world)
    leaves = {path: client.get(path).headers["Content-Security-Policy"] for path in ("/connections", "/customers")}
    assert "form-action 'self' https:" in leaves["/connections"]
    assert "form-action 'self';" in leaves["/customers"]


def test_over_https_cookies_and_host_stay_with_it(migrated_sqlite: Path, tmp_path: Path) -> None:
    shutil.copyfile(migrated_sqlite, tmp_path / "t.db")
    world = open_world(f"sqlite:///{tmp_path / 't.db'}", base_url="https://tieout.example")
    answer = world.app.test_client().get("/sign-in")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    cookie = answer.headers["Set-Cookie"]
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    world.database.close()


def test_pages_hold_no_inline_script_and_no_inline_style(world: World) -> None:
    client = client_of(world)
    for path in ("/", "/customers", f"/customers/{world.ids['cedar']}", f"/conflicts/{world.ids['held']}"):
        page = client.get(path).text
        assert "<script>" not in page
        assert " style=" not in page
        assert " onclick=" not in page


def test_a_form_without_the_token_of_its_page_is_refused(world: World) -> None:
    client = client_of(world)
    world.app.config["WTF_CSRF_ENABLED"] = True
    answer = client.post(f"/connections/{world.ids['connection']}/sync")
    assert answer.status_code == 400
    assert "session that has ended" in answer.text
    assert not world.runner.woken


def test_pages_are_not_kept_by_the_browser_but_their_files_are(world: World) -> None:
    client = client_of(world)
    assert client.get("/").headers["Cache-Control"] == "no-store"
    with client.get("/static/app.css") as kept:
        assert "max-age=31536000" in kept.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nothing", 404, "There is no such page"),
        ("/customers/0123", 404, "There is no such page"),
        ("/customers/" + "0" * 32, 404, "It was deleted"),
        ("/conflicts/" + "0" * 32, 404, "It was deleted"),
        ("/customers?cursor=zzz", 400, "Begin again"),
        ("/connections/x/sync", 405, "takes no such request"),
    ],
)
def test_errors_are_pages_with_the_next_step(world: World, path: str, status: int, words: str) -> None:
    answer = client_of(world).get(path)
    assert answer.status_code == status
    assert words in answer.text
    assert "Go to the dashboard" in answer.text


def test_a_defect_is_a_page_too_and_tells_nothing_of_the_inside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("the inside")

    world.app.config["PROPAGATE_EXCEPTIONS"] = False
    world.app.config["TESTING"] = False
    monkeypatch.setattr("service.web.dashboard.standings", broken)
    answer = client_of(world).get("/")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "the inside" not in answer.text


def test_another_organisations_records_do_not_exist(world: World) -> None:
    ids = dict(world.ids)
    settle(neighbour := open_world(world.database.url), host="neighbour.example")
    client = client_of(neighbour)
    for path in (
        f"/customers/{ids['freeman']}",
        f"/customers/{ids['freeman']}/edit",
        f"/invoices/{ids['invoice']}",
        f"/connections/{ids['connection']}",
        f"/connections/{ids['connection']}/matches",
        f"/connections/{ids['connection']}/mapping",
        f"/connections/{ids['connection']}/preview",
        f"/conflicts/{ids['taken']}",
        f"/runs/{ids['run']}",
    ):
        assert client.get(path).status_code == 404, path
    for path in (
        f"/customers/{ids['freeman']}/send",
        f"/customers/{ids['freeman']}/archive",
        f"/connections/{ids['connection']}/sync",
        f"/connections/{ids['connection']}/pause",
        f"/connections/{ids['connection']}/go-live",
        f"/conflicts/{ids['taken']}",
    ):
        assert client.post(path, data={"option": "retry"}).status_code == 404, path
    for path in ("/", "/customers?view=flat", "/invoices", "/activity", "/runs", "/conflicts", "/connections"):
        page = client.get(path).text
        assert "Cedar Vets" not in page, path
        assert "INV-1001" not in page, path
    neighbour.database.close()
