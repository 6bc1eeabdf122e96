"""How many statements each page takes, whatever the number of records: counted in a small company and a larger one."""

from __future__ import annotations

from service.store.accounts import Role
from tests.web.conftest import client_of, counted
from tests.web.crowd import crowd
from tests.web.world import World, add_matching

#: Statements of a page, the one that finds who is signed in included; ``{name}`` is the id of a row.
STATEMENTS = {
    "/": 15,
    "/activity": 4,
    "/capabilities": 1,
    "/conflicts": 4,
    "/conflicts?status=resolved": 4,
    "/conflicts/{held}": 13,
    "/conflicts/{taken}": 13,
    "/conflicts/{held}/alike?option=keep_ours": 11,
    "/conflicts/{taken}/alike": 10,
    "/conflicts/{taken}/alike?option=unlink": 10,
    "/conflicts/answered?id={held}": 2,
    "/connections": 9,
    "/connections/{connection}": 87,  # with what the next sync will take, decided as the sync will
    "/connections/{matching}": 39,
    "/connections/{connection}/settings": 2,
    "/connections/{connection}/mapping": 21,
    "/connections/{matching}/matches": 18,
    "/connections/{matching}/newcomers?remote_id=6": 3,
    "/contacts/{contact}/edit": 6,
    "/customers": 4,
    "/customers?view=flat&q=com": 4,
    "/customers?sort=-phone&sort=number&sort=name": 4,
    "/customers.csv": 4,
    "/customers/{freeman}": 33,
    "/customers/{freeman}/as-of?at=2026-11-22T14:00": 8,
    "/customers/{freeman}/contacts/new": 5,
    "/customers/{amy}/delete": 9,
    "/customers/{freeman}/edit": 6,
    "/customers/{freeman}/invoices/new": 8,
    "/customers/{freeman}/job-sites/new": 2,
    "/customers/{freeman}/jobs/new": 2,
    "/customers/{freeman}/menu": 8,
    "/customers/{freeman}/move": 4,
    "/customers/new": 1,
    "/drift": 3,
    "/invoices": 5,
    "/invoices/{invoice}": 25,
    "/invoices/{draft}/edit": 14,
    "/invoices/{invoice}/void": 9,
    "/invoices/new": 2,
    "/invoices/send?unsent=1": 13,
    "/job-sites/{site}/edit": 3,
    "/letters": 4,
    "/links/{link}": 8,
    "/links/{link}/reset": 123,  # with a dry run of it
    "/links/{link}/undo-reset": 10,
    "/mailings/{mailing}": 5,
    "/parts/conflicts": 4,
    "/parts/conflicts/{held}": 3,
    "/parts/connections/{connection}": 9,
    "/parts/customers/{freeman}/children": 4,
    "/parts/customers/{freeman}/menu": 8,
    "/parts/dots?ids={freeman}": 3,
    "/parts/mailings/{mailing}": 5,
    "/parts/runs/{run}": 3,
    "/parts/standing": 12,
    "/account": 1,
    "/customers/{freeman}/payments/new": 8,
    "/invoices/{invoice}/payments/new": 7,
    "/payments/{payment}": 12,
    "/payments/{payment}/edit": 5,
    "/payments/{payment}/remove": 20,
    "/settings/company": 2,
    "/settings/schedule": 3,
    "/settings/tax-levels": 4,
    "/plans": 3,
    "/plans/{plan}": 5,
    "/resets/{reset}": 5,
    "/runs": 6,
    "/runs/{run}": 8,
    "/settings": 3,
    "/settings/notifications": 3,
    "/variances": 4,
    "/wording": 3,
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
