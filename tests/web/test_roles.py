"""Nobody sees a button that fails, and every action checks the role by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from service.store.accounts import Role
from tests.web.conftest import client_of
from tests.web.world import World, add_credit, add_matching

#: What each action needs; an action that is missing here fails the test.
NEEDS = {
    "pages.take_sign_in": None,
    "pages.sign_out": None,
    "pages.choose_theme": None,
    "pages.choose_columns": Role.VIEWER,
    "pages.sync_connection": Role.ACCOUNTANT,
    "pages.send_customer": Role.ACCOUNTANT,
    "pages.do_reset": Role.SUPPORT,
    "pages.do_undo_reset": Role.SUPPORT,
    "pages.unlink": Role.SUPPORT,
    "pages.archive_customer": Role.ACCOUNTANT,
    "pages.flag_customer": Role.ACCOUNTANT,
    "pages.do_delete_customer": Role.ACCOUNTANT,
    "pages.add_customer": Role.ACCOUNTANT,
    "pages.add_job": Role.ACCOUNTANT,
    "pages.add_contact": Role.ACCOUNTANT,
    "pages.save_contact": Role.ACCOUNTANT,
    "pages.remove_contact": Role.ACCOUNTANT,
    "pages.add_site": Role.ACCOUNTANT,
    "pages.save_site": Role.ACCOUNTANT,
    "pages.remove_site": Role.ACCOUNTANT,
    "pages.save_customer": Role.ACCOUNTANT,
    "pages.do_move_customer": Role.ACCOUNTANT,
    "pages.add_invoice": Role.ACCOUNTANT,
    "pages.save_invoice": Role.ACCOUNTANT,
    "pages.reckoned_part": Role.ACCOUNTANT,
    "pages.do_approve_invoice": Role.ACCOUNTANT,
    "pages.do_void_invoice": Role.ACCOUNTANT,
    "pages.do_delete_invoice": Role.ACCOUNTANT,
    "pages.add_invoice_payment": Role.ACCOUNTANT,
    "pages.add_customer_payment": Role.ACCOUNTANT,
    "pages.save_payment": Role.ACCOUNTANT,
    "pages.apply_payment": Role.ACCOUNTANT,
    "pages.unapply_payment": Role.ACCOUNTANT,
    "pages.do_remove_payment": Role.ACCOUNTANT,
    "pages.answer_conflict": Role.ACCOUNTANT,
    "pages.answer_alike": Role.ACCOUNTANT,
    "pages.take_answers_back": Role.ACCOUNTANT,
    "pages.decide_drift": Role.ACCOUNTANT,
    "pages.choose_drift_rule": Role.ADMIN,
    "pages.decide_matches": Role.ACCOUNTANT,
    "pages.take_in": Role.ACCOUNTANT,
    "pages.create_notification": Role.ADMIN,
    "pages.change_notification": Role.ADMIN,
    "pages.save_mapping": Role.ACCOUNTANT,
    "pages.take_mapping_back": Role.ACCOUNTANT,
    "pages.start_connection": Role.ADMIN,
    "pages.change_connection": Role.ADMIN,
    "pages.change_conduct": Role.ADMIN,
    "pages.reconnect": Role.ADMIN,
    "pages.go_live": Role.ADMIN,
    "pages.connect_company": Role.ADMIN,
    "pages.apply_plan": Role.ACCOUNTANT,
    "pages.release": Role.SUPPORT,
    "pages.send_invoices": Role.ACCOUNTANT,
    "pages.decide_letter": Role.ACCOUNTANT,
    "pages.change_wording": Role.ACCOUNTANT,
    "pages.choose_tax_level": Role.ADMIN,
    "pages.save_company": Role.ADMIN,
    "pages.add_tax_level": Role.ACCOUNTANT,
    "pages.change_password": Role.VIEWER,
    "pages.change_role": Role.ADMIN,
    "pages.give_password": Role.ADMIN,
    "pages.create_token": Role.ADMIN,
    "pages.revoke_token": Role.ADMIN,
    "pages.create_user": Role.ADMIN,
    "pages.change_user": Role.ADMIN,
}


#: Pages of one address and the same arguments that are looked at; further ones differ in the record alone.
_OF_A_KIND = 3


class Forms(HTMLParser):
    """The forms of a page, with what they send as they stand, and its links."""

    def __init__(self, path: str, page: str) -> None:
        super().__init__()
        self.posts: list[tuple[str, dict[str, str]]] = []
        self.links: list[str] = []
        self._path = path
        self._open: dict[str, str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._open = {}
            if given.get("method") == "post":
                self.posts.append((given.get("action") or self._path, self._open))
            elif given.get("action", "/").startswith("/"):
                self.links.append(given.get("action") or self._path)
        if tag in ("input", "button") and self._open is not None and "name" in given:
            self._open.setdefault(given["name"], given.get("value", ""))
        if tag == "button" and "formaction" in given:
            self.posts.append((given["formaction"], self._open or {}))
        if tag == "a" and given.get("href", "").startswith("/"):
            self.links.append(given["href"].partition("#")[0])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def crawled(world: World, client: FlaskClient) -> Iterator[tuple[str, Forms]]:
    """Follow every link from the dashboard; give each page with its forms. A page that fails fails the test."""
    waiting, seen, alike = ["/"], {"/"}, Counter[tuple[str, frozenset[str]]]()
    while waiting:
        path = waiting.pop(0)
        page = client.get(path, follow_redirects=True)
        assert page.status_code == 200, path
        text = page.text  # a file is read to its end as well
        forms = Forms(path, text if page.mimetype == "text/html" else "")
        yield path, forms
        for link in forms.links:
            kind = (endpoint_of(world, link, "GET"), frozenset(parse_qs(urlsplit(link).query)))
            if link not in seen and alike[kind] < _OF_A_KIND:
                seen.add(link)
                alike[kind] += 1
                waiting.append(link)


def endpoint_of(world: World, path: str, method: str) -> str:
    with world.app.test_request_context(path, method=method) as context:
        assert context.request.endpoint, path
        return context.request.endpoint


def test_the_table_of_needs_is_complete(world: World) -> None:
    posts = {rule.endpoint for rule in world.app.url_map.iter_rules() if "POST" in (rule.methods or set())}
    assert posts == set(NEEDS)


@pytest.mark.parametrize("role", list(Role))
def test_every_action_refuses_weaker_roles(world: World, role: Role) -> None:
    client = client_of(world, role)
    unknown = "0" * 32
    for rule in world.app.url_map.iter_rules():
        needed = NEEDS.get(rule.endpoint)
        if needed is None or role.may(needed):
            continue
        path = rule.rule
        for name in rule.arguments:
            converter = next(part for part in path.split("/") if name in part)
            path = path.replace(converter, {"verb": _first_verb(converter)}.get(name, unknown))
        assert client.post(path).status_code == 403, path
    assert not world.runner.woken


def _first_verb(converter: str) -> str:
    return converter.partition("(")[2].partition(",")[0] if "(" in converter else converter


@pytest.mark.parametrize("role", list(Role))
def test_nobody_sees_a_button_or_a_link_that_fails(world: World, role: Role) -> None:
    add_matching(world)
    add_credit(world)
    client, reached = client_of(world, role), set()
    for path, forms in crawled(world, client):
        reached.add(endpoint_of(world, path, "GET"))
        for action, given in forms.posts:
            needed = NEEDS[endpoint_of(world, action, "POST")]
            assert needed is None or role.may(needed), f"{action} on {path}"
            if role is Role.VIEWER and "sign-out" not in action and "new_password" not in given:
                assert client.post(action, data=given).status_code in (200, 303), f"{action} on {path}"
    assert reached >= {"pages.customer", "pages.invoice", "pages.conflict", "pages.connection", "pages.link_history"}


def test_settings_are_for_administrators(world: World) -> None:
    assert client_of(world, "support").get("/settings").status_code == 403
    assert client_of(world, "admin").get("/settings").status_code == 200


def test_the_editing_form_is_for_those_who_may_save(world: World) -> None:
    answer = client_of(world, "viewer").get(f"/customers/{world.ids['cedar']}/edit")
    assert answer.status_code == 403
    assert "may only read" in answer.text
