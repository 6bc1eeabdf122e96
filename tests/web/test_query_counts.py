"""How many statements each page takes, whatever the number of records: counted in a small company and a larger one."""

from __future__ import annotations

from service.store.accounts import Role
from tests.web.conftest import client_of, counted
from tests.web.crowd import crowd
from tests.web.world import World, add_matching

#: Statements of a page, the one that finds who is signed in included; ``{name}`` is the id of a row.
STATEMENTS = {
    "/": 17,
    "/activity": 5,
    "/capabilities": 2,
    "/conflicts": 5,
    "/conflicts?status=resolved": 5,
    "/conflicts/{held}": 14,
    "/conflicts/{taken}": 14,
    "/conflicts/{held}/alike?option=keep_ours": 12,
    "/conflicts/{taken}/alike": 11,
    "/conflicts/{taken}/alike?option=unlink": 11,
    "/conflicts/answered?id={held}": 3,
    "/connections": 10,
    "/connections/{connection}": 87,  # with what the next sync will take, decided as the sync will
    "/connections/{matching}": 39,
    "/connections/{connection}/settings": 3,
    "/connections/{connection}/mapping": 22,
    "/connections/{matching}/matches": 19,
    "/connections/{matching}/newcomers?remote_id=6": 4,
    "/contacts/{contact}/edit": 7,
    "/customers": 6,
    "/customers?view=flat&q=com": 6,
    "/customers?sort=-phone&sort=number&sort=name": 6,
    "/customers.csv": 6,
    "/customers/{freeman}": 35,
    "/customers/{freeman}/as-of?at=2026-11-22T14:00": 9,
    "/customers/{freeman}/contacts/new": 6,
    "/customers/{amy}/delete": 10,
    "/customers/{freeman}/edit": 7,
    "/customers/{freeman}/invoices/new": 9,
    "/customers/{freeman}/job-sites/new": 3,
    "/customers/{freeman}/jobs/new": 3,
    "/customers/{freeman}/menu": 9,
    "/customers/{freeman}/move": 5,
    "/customers/new": 2,
    "/drift": 4,
    "/invoices": 7,
    "/invoices/{invoice}": 26,
    "/invoices/{draft}/edit": 15,
    "/invoices/{invoice}/void": 10,
    "/invoices/new": 3,
    "/invoices/send?unsent=1": 14,
    "/job-sites/{site}/edit": 4,
    "/letters": 5,
    "/links/{link}": 9,
    "/links/{link}/reset": 124,  # with a dry run of it
    "/links/{link}/undo-reset": 11,
    "/mailings/{mailing}": 6,
    "/parts/conflicts": 5,
    "/parts/conflicts/{held}": 3,
    "/parts/connections/{connection}": 8,
    "/parts/customers/{freeman}/children": 5,
    "/parts/customers/{freeman}/menu": 8,
    "/parts/dots?ids={freeman}": 3,
    "/parts/mailings/{mailing}": 5,
    "/parts/runs/{run}": 3,
    "/parts/standing": 13,
    "/account": 2,
    "/customers/{freeman}/payments/new": 9,
    "/invoices/{invoice}/payments/new": 8,
    "/payments/{payment}": 13,
    "/payments/{payment}/edit": 6,
    "/payments/{payment}/remove": 21,
    "/settings/company": 3,
    "/settings/schedule": 4,
    "/settings/tax-levels": 5,
    "/plans": 4,
    "/plans/{plan}": 6,
    "/resets/{reset}": 6,
    "/runs": 7,
    "/runs/{run}": 9,
    "/settings": 4,
    "/settings/notifications": 4,
    "/variances": 5,
    "/wording": 4,
}
#: What is no page to be counted: it asks nothing, sends elsewhere, or writes what it shows.
NOT_COUNTED = {"pages.static", "pages.sign_in", "pages.oauth_callback", "pages.preview"}


def statements_of(world: World, path: str) -> int:
    client = client_of(world, Role.ADMIN)
    with counted(world) as statements:
        answer = client.get(path.format(**world.ids))
        assert (answer.status_code, answer.text is not None) == (200, True), path  # a file is read to its end
    return len([one for one in statements if not one.startswith(("BEGIN", "PRAGMA"))])


def test_each_page_takes_its_number_of_statements_whatever_the_number_of_records(world: World) -> None:
    add_matching(world)
    for more in (1, 12):
        crowd(world, more)
        statements_of(world, "/connections/{matching}/matches")  # works out the new proposals
        assert {path: statements_of(world, path) for path in STATEMENTS} == STATEMENTS


def test_every_page_is_counted(world: World) -> None:
    add_matching(world)
    crowd(world, 1)
    paths = [path.partition("?")[0].format(**world.ids) for path in STATEMENTS]
    adapter = world.app.url_map.bind("localhost")
    counted_pages = {adapter.match(path, method="GET")[0] for path in paths}
    rules = world.app.url_map.iter_rules()
    assert {rule.endpoint for rule in rules if "GET" in (rule.methods or ())} - NOT_COUNTED == counted_pages
