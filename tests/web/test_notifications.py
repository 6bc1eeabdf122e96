"""The page of notifications: adding, trying and removing, and for administrators alone."""

from __future__ import annotations

import re

from tests.web.conftest import client_of
from tests.web.world import World

_PATH = "/settings/notifications"


def test_a_web_address_is_added_its_secret_shown_once_and_it_is_removed(world: World) -> None:
    client = client_of(world)
    assert "Nobody is told outside these pages yet" in client.get(_PATH).text
    given = {"channel": "webhook", "target": "https://hook.example/in", "moment": "daily", "hour": "7"}
    page = client.post(_PATH, data=given).text
    assert 'data-testid="secret"' in page
    page = client.get(_PATH).text
    assert 'data-testid="secret"' not in page
    assert "https://hook.example/in" in page
    assert "Once a day at 07:00" in page
    remove = re.search(rf'action="({_PATH}/[0-9a-f]+/remove)"', page)
    assert remove
    assert "Nobody is told there any more." in client.post(remove[1], follow_redirects=True).text
    assert "https://hook.example/in" not in client.get(_PATH).text


def test_what_can_not_work_is_refused_and_what_was_typed_is_kept(world: World) -> None:
    answer = client_of(world).post(_PATH, data={"channel": "webhook", "target": "hook.example", "moment": "at_once"})
    assert answer.status_code == 422
    assert "A web address begins with https://" in answer.text
    assert 'value="hook.example"' in answer.text


def test_mail_is_refused_where_none_is_set_up(world: World) -> None:
    answer = client_of(world).post(_PATH, data={"channel": "email", "target": "a@b.example", "moment": "at_once"})
    assert "Mail is not set up here" in answer.text


def test_only_an_administrator_sees_it(world: World) -> None:
    assert client_of(world, "accountant").get(_PATH).status_code == 403
    assert client_of(world, "accountant").post(_PATH, data={}).status_code == 403
