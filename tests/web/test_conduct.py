"""The form for a connection's schedule, limits and brake."""

from __future__ import annotations

import pytest

from service.store.queries.connections import all_of
from tests.web.conftest import client_of
from tests.web.world import World

_FORM = {"push": "with_documents", "interval": "900", "brake_records": "40", "brake_percent": "30"}


def _path(world: World) -> str:
    with world.database.read() as session:
        return f"/connections/{all_of(session, world.organisation_id)[0].id}/settings"


def _settings(world: World) -> dict[str, object]:
    with world.database.read() as session:
        return dict(all_of(session, world.organisation_id)[0].settings)


def test_schedule_limits_and_brake_are_chosen_on_a_page(world: World) -> None:
    client, path = client_of(world), _path(world)
    assert path in client.get(path.removesuffix("/settings")).text
    page = client.get(path).text
    assert 'name="limits.per_minute" value=""' in page
    done = client.post(path, data={**_FORM, "limits.per_minute": "30"}, follow_redirects=True).text
    assert "The next sync goes by it." in done
    assert "at most 30 in a minute" in done
    page = client.get(path).text
    for shown in (
        'name="interval" value="900"',
        'name="limits.per_minute" value="30"',
        'value="with_documents" selected',
    ):
        assert shown in page
    kept = _settings(world)
    assert (kept["push"], kept["interval"], kept["brake_records"], kept["brake_percent"]) == (
        "with_documents",
        900,
        40,
        30,
    )
    client.post(path, data={**_FORM, "interval": "", "limits.per_minute": ""})
    assert (_settings(world)["interval"], _settings(world)["limits"]) == (None, {"per_minute": None})


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("interval", "3", "greater than or equal to 15"),
        ("interval", "soon", "valid integer"),
        ("limits.per_minute", "0", "greater than or equal to 1"),
        ("limits.per_minute", "100000", "allows at most"),
        ("brake_percent", "101", "less than or equal to 100"),
        ("push", "some", "all"),
    ],
)
def test_what_can_not_be_is_refused_and_what_was_typed_is_kept(world: World, field: str, typed: str, said: str) -> None:
    client, path, before = client_of(world), _path(world), _settings(world)
    answer = client.post(path, data={**_FORM, field: typed})
    assert (answer.status_code, said in answer.text, f'id="fault-{field.replace(".", "-")}"' in answer.text) == (
        422,
        True,
        True,
    )
    assert field == "push" or f'value="{typed}"' in answer.text
    assert _settings(world) == before


def test_only_an_administrator_chooses(world: World) -> None:
    path = _path(world)
    assert client_of(world, "accountant").get(path).status_code == 403
    assert client_of(world, "accountant").post(path, data=_FORM).status_code == 403
