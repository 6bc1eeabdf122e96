"""Many identifiers as one parameter: the same rows as ``IN`` finds, by one text, out of an index."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.records.author import Author
from service.store.among import among
from service.store.database import Database
from service.store.queries.lists import CustomerFilter, customer_page
from service.store.queries.web_trees import count_jobs
from service.store.records import CustomerRow
from tests.records.builders import company, job
from tests.support.statements import counted


@pytest.mark.parametrize("number", [0, 1, 3, 1500])
def test_it_finds_exactly_those_asked_for(session: Session, author: Author, number: int) -> None:
    known = [company(session, author, f"Client {each}").id for each in range(5)]
    asked = [*known[:number], *(f"unknown {each}" for each in range(number - 5))]
    found = session.scalars(select(CustomerRow.id).where(among(CustomerRow.id, asked))).all()
    assert sorted(found) == sorted(known[:number])
    left = session.scalars(select(CustomerRow.id).where(~among(CustomerRow.id, asked), CustomerRow.id.in_(known)))
    assert sorted(left) == sorted(known[number:])


def test_it_is_one_text_whatever_the_number(shared_database: Database, session: Session) -> None:
    with counted(shared_database.engine) as statements:
        for number in (0, 1, 7, 100):
            session.execute(select(CustomerRow.id).where(among(CustomerRow.id, ["x"] * number)))
    assert len(set(statements)) == 1


def test_it_is_looked_up_in_an_index(shared_sqlite: Database) -> None:
    with shared_sqlite.read() as session, counted(shared_sqlite.engine) as statements:
        session.execute(select(CustomerRow.id).where(among(CustomerRow.id, ["x"])))
        plan = session.execute(text(f"EXPLAIN QUERY PLAN {statements[0]}".replace("?", "'[]'"))).all()
    assert plan[0][3].startswith("SEARCH customer USING"), plan


def test_a_value_beside_each_row_leaves_the_page_as_it_is(session: Session, author: Author) -> None:
    for name in ("Cedar", "Alder", "Birch"):
        client = company(session, author, name)
        for number in range(len(name) - 4):
            job(session, author, client, f"Job {number}")
    pages = []
    for beside in (None, count_jobs()):
        cursor: str | None = None
        names: list[str] = []
        jobs: list[int] = []
        for _ in range(20):
            found = customer_page(
                session,
                author.organisation_id,
                CustomerFilter(),
                sort=("-name",),
                tree=True,
                limit=2,
                cursor=cursor,
                beside=beside,
            )
            names += [row.name for row in found.items]
            jobs += found.beside
            cursor = found.next
            if cursor is None:
                break
        pages.append((names, jobs))
    assert pages[0] == (["Cedar", "Job 0", "Birch", "Job 0", "Alder", "Job 0"], [])
    assert pages[1] == (pages[0][0], [1, 0, 1, 0, 1, 0])
