"""How many statements each page takes. A number that grows with the records on a page would show here at once."""

from __future__ import annotations

import pytest

from service.store.sync_models import ConnectionRow
from tests.web.conftest import client_of, counted
from tests.web.world import World, company, invoice, link

#: Statements of a page, the one that finds who is signed in included; ``{name}`` is the id of a row.
STATEMENTS = {
    "/": 21,
    "/customers": 8,
    "/customers?view=flat&q=free": 7,
    "/customers?sort=-phone&sort=number&sort=name": 8,
    "/customers.csv": 7,
    "/customers/{freeman}/menu": 9,
    "/customers/{freeman}/jobs/new": 3,
    "/customers/{amy}/delete": 10,
    "/customers/{freeman}/as-of?at=2026-11-22T14:00": 7,
    "/customers/{freeman}/contacts/new": 6,
    "/customers/{freeman}/job-sites/new": 3,
    "/customers/{freeman}": 32,
    "/invoices": 8,
    "/letters": 4,
    "/invoices/{invoice}": 26,
    "/conflicts": 5,
    "/conflicts/{held}": 14,
    "/connections": 12,
    "/connections/{connection}": 76,  # with what the next sync will take, decided as the sync will
    "/drift": 4,
    "/runs": 6,
    "/runs/{run}": 8,
    "/links/{link}": 9,
    "/activity": 5,
    "/settings": 4,
    "/settings/company": 3,
    "/parts/standing": 15,
    "/parts/dots?ids={freeman}": 3,
    "/parts/customers/{freeman}/children": 5,
}


def statements_of(world: World, path: str) -> int:
    client = client_of(world)
    with counted(world) as statements:
        answer = client.get(path.format(**world.ids))
        assert (answer.status_code, bool(answer.text)) == (200, True)  # a file is read to its end
    return len([one for one in statements if not one.startswith(("BEGIN", "PRAGMA"))])


@pytest.mark.parametrize("path", STATEMENTS)
def test_a_page_takes_its_number_of_statements(world: World, path: str) -> None:
    assert statements_of(world, path) == STATEMENTS[path]


@pytest.mark.parametrize("path", ["/", "/customers", "/invoices"])
def test_more_records_take_no_more_statements(world: World, path: str) -> None:
    before = statements_of(world, path)
    with world.database.write() as session:
        at = session.get_one(ConnectionRow, world.ids["connection"])
        for number in range(12):
            row = company(session, world, f"Company {number}")
            bill = invoice(session, world, row)
            for record in (row, bill):
                tied = link(session, at, record)
                tied.remote_id = f"x{number}{record.number}"
    assert statements_of(world, path) == before
