"""The dot in SQL and in Python; how many statements the common reads cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.core.link import Dot, LinkFacts, dot_of
from service.core.ports import EntityKind
from service.core.problem import Problem, ProblemKind
from service.ids import new_id
from service.records.author import Author
from service.store.accounts import Organisation
from service.store.database import Database
from service.store.queries import tallies as counting
from service.store.queries.dots import dot_expression, unsettled, unsettled_dot
from service.store.queries.eligible import eligible_customers, eligible_invoices
from service.store.queries.lists import CustomerFilter, customer_page
from service.store.queries.load import load_customers, load_invoices, load_payments, load_tax_levels
from service.store.queries.states import dot_places, record_dots, sync_states
from service.store.queries.tallies import count_green, tallies
from service.store.sync_models import LinkRow
from tests.records.builders import company, connection, invoice, job, link, problem
from tests.store.conftest import NOW
from tests.support.statements import counted


def _facts(retired: bool, red: bool, sending: bool, tied: bool, agreed: bool, edited: bool, heard: bool) -> LinkFacts:
    return LinkFacts(
        external_id="58" if tied else None,
        wanted=2,
        confirmed=1 if edited else 2,
        heard=1,
        settled=0 if heard else 1,
        baseline={"fields": {}} if agreed else None,
        intent_open=sending,
        problem=Problem(kind=ProblemKind.REJECTED) if red else None,
        retired_at=NOW if retired else None,
    )


def _row(of: LinkFacts, organisation_id: str, connection_id: str) -> LinkRow:
    return LinkRow(
        organisation_id=organisation_id,
        connection_id=connection_id,
        entity="customer",
        record_id=new_id(),
        family="customer",
        remote_id=new_id() if of.external_id else None,
        wanted=of.wanted,
        confirmed=of.confirmed,
        heard=of.heard,
        settled=of.settled,
        baseline={"fields": {}} if of.baseline else None,
        intent_open=of.intent_open,
        open_problem_id=new_id() if of.problem else None,
        retired_at=of.retired_at,
    )


def test_the_dot_in_sql_is_the_dot_of_the_core_for_every_combination_of_facts(session: Session, author: Author) -> None:
    tied_to = connection(session, author)
    expected = {}
    for combination in product((False, True), repeat=7):
        facts = _facts(*combination)
        row = _row(facts, author.organisation_id, tied_to.id)
        session.add(row)
        session.flush()
        expected[row.id] = dot_of(facts).value
    query = select(LinkRow.id, dot_expression().label("dot")).where(LinkRow.connection_id == tied_to.id)
    assert {row.id: row.dot for row in session.execute(query)} == expected
    assert set(expected.values()) == {"none", "green", "orange", "red"}
    others = select(LinkRow.id, unsettled_dot().label("dot")).where(LinkRow.connection_id == tied_to.id, unsettled())
    assert {row.id: row.dot for row in session.execute(others)} == {
        one: dot for one, dot in expected.items() if dot != "green" and session.get_one(LinkRow, one).retired_at is None
    }


def _records(session: Session, author: Author, count: int) -> dict[str, list[tuple[str, bool]]]:
    """Make records of every standing; return by kind their ids, and whether they have a dot."""
    made: dict[str, list[tuple[str, bool]]] = {"customer": [], "invoice": [], "payment": []}
    for number in range(count):
        client, gone = company(session, author, f"Client {number}"), company(session, author, f"Gone {number}")
        gone.archived = True
        made["customer"] += [(client.id, True), (gone.id, False)]
        for status in ("draft", "approved", "paid", "voided"):
            bill = invoice(session, author, client)
            bill.status = status
            made["invoice"].append((bill.id, status in {"approved", "paid"}))
        made["payment"].append((new_id(), False))
    session.flush()
    return made


def test_counts_of_dots_are_those_of_every_record_counted_by_itself(session: Session, author: Author) -> None:
    first, second = connection(session, author), connection(session, author)
    kinds = [_facts(*one) for one in product((False, True), repeat=7) if sum(one) in {0, 2, 3}]
    expected = {first.id: Counter[str](), second.id: Counter[str]()}
    for number, (kind, record_id, has_dot) in enumerate(
        (kind, *one) for kind, made in _records(session, author, 20).items() for one in made
    ):
        for at, (tied_to, counts) in enumerate(expected.items()):
            facts = None if (number + at) % 5 == 0 else kinds[(7 * number + at) % len(kinds)]
            if facts is not None:
                row = _row(facts, author.organisation_id, tied_to)
                row.entity, row.record_id = kind, record_id
                session.add(row)
            if facts is not None and facts.retired_at is None:
                counts[dot_of(facts).value] += 1
            else:
                counts["none"] += has_dot
    session.flush()
    asked = {one: {**{dot.value: 0 for dot in Dot}, **counts, "conflicts": 0} for one, counts in expected.items()}
    assert tallies(session, [first, second]) == asked
    assert [count_green(session, one) for one in expected] == [counts["green"] for counts in expected.values()]
    beside = Organisation(name="Somebody else")
    session.add(beside)
    session.flush()
    _records(session, replace(author, organisation_id=beside.id), 1)
    assert tallies(session, [first, second]) == asked, "what is somebody else's counts nowhere"


@pytest.mark.parametrize(("dot", "names"), [("green", ["A"]), ("orange", ["B"]), ("red", ["C"]), ("none", ["D"])])
def test_customers_are_filtered_by_their_dot(session: Session, author: Author, dot: str, names: list[str]) -> None:
    tied_to = connection(session, author)
    a, b, c, _ = (company(session, author, name) for name in "ABCD")
    link(session, tied_to, a.id, baseline={})
    link(session, tied_to, b.id, baseline={}, wanted=2)
    problem(session, link(session, tied_to, c.id, baseline={}))
    chosen = CustomerFilter(dot=dot, connection_id=tied_to.id)
    found = customer_page(session, author.organisation_id, chosen, sort=("name",), tree=False, limit=50, cursor=None)
    assert [row.name for row in found.items] == names


def _books(session: Session, author: Author, count: int) -> tuple[list[str], list[str]]:
    tied_to, other = connection(session, author), connection(session, author)
    customers, invoices = [], []
    for number in range(count):
        client = company(session, author, f"Client {number}")
        roof = job(session, author, client, "Roof")
        problem(session, link(session, tied_to, client.id))
        link(session, other, client.id)
        customers += [client.id, roof.id]
        invoices.append(invoice(session, author, roof).id)
    session.flush()
    session.expunge_all()
    return customers, invoices


def test_reads_cost_as_much_for_many_records_as_for_few(
    shared_database: Database, session: Session, author: Author
) -> None:
    customers, invoices = _books(session, author, 25)
    organisation_id = author.organisation_id
    page: Callable[[], object] = lambda: customer_page(  # noqa: E731 - a table of reads
        session, organisation_id, CustomerFilter(), sort=("name",), tree=False, limit=50, cursor=None
    )
    reads: list[tuple[int, Callable[[], object]]] = [
        (1, page),
        (3, lambda: load_customers(session, organisation_id, customers[1::2])),
        (2, lambda: load_invoices(session, organisation_id, invoices)),
        (1, lambda: load_payments(session, organisation_id, invoices)),
        (3, lambda: sync_states(session, organisation_id, EntityKind.CUSTOMER, customers)),
        (2, lambda: record_dots(session, organisation_id, EntityKind.CUSTOMER, customers)),
    ]
    for cost, read in reads:
        session.expunge_all()
        with counted(shared_database.engine) as statements:
            read()
        assert len(statements) == cost, statements


def test_a_list_shows_of_each_record_what_its_page_does(session: Session, author: Author) -> None:
    customers, _ = _books(session, author, 25)
    organisation_id = author.organisation_id
    gone = connection(session, author)
    gone.state = "disconnected"
    connection(session, author).state = "pending"
    session.flush()
    known = sync_states(session, organisation_id, EntityKind.CUSTOMER, customers)
    expected = {
        one: [
            (state.connection.id, state.dot, state.problem and (state.problem.id, state.problem.kind)) for state in of
        ]
        for one, of in known.items()
    }
    assert any(problem for dots in expected.values() for _, _, problem in dots), "some record needs a person"
    for places in (None, dot_places(session, organisation_id)):
        short = record_dots(session, organisation_id, EntityKind.CUSTOMER, customers, places=places)
        assert {one: [(dot.connection.id, dot.dot, dot.problem) for dot in of] for one, of in short.items()} == expected


def test_of_a_large_company_alone_what_was_never_sent_may_be_a_moment_old(
    session: Session, author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000]
    monkeypatch.setattr(counting, "monotonic_ns", lambda: clock[0])
    tied_to = connection(session, author)
    new = [company(session, author, f"Client {number}") for number in range(3)]

    def counted_lately() -> tuple[int, int, int]:
        session.flush()
        counts = tallies(session, [tied_to], lately=True)[tied_to.id]
        return counts["none"], counts["green"], counts["red"]

    assert counted_lately() == (3, 0, 0)
    company(session, author, "Another")
    assert counted_lately() == (4, 0, 0), "few are counted each time"
    monkeypatch.setattr(counting, "_LARGE", 4)
    assert counted_lately() == (4, 0, 0)
    settled, asked = (False, False, False, True, True, False, False), (False, True, False, True, True, False, False)
    for row, facts in zip(new, (_facts(*settled), _facts(*asked)), strict=False):
        link = _row(facts, author.organisation_id, tied_to.id)
        link.entity, link.record_id = "customer", row.id
        session.add(link)
    assert counted_lately() == (4, 1, 1), "what was never sent is as it was; all else is as it is"
    assert tallies(session, [tied_to])[tied_to.id]["none"] == 2
    clock[0] += 21_000_000_000
    assert counted_lately() == (2, 1, 1)


def test_eligible_are_active_customers_of_the_list_and_issued_invoices(session: Session, author: Author) -> None:
    client, _ = company(session, author, "Buyer"), company(session, author, "Contact", is_customer=False)
    roof = job(session, author, client, "Roof")
    job(session, author, client, "Old").archived = True
    invoice(session, author, roof)
    issued = invoice(session, author, roof, status="approved")
    session.flush()
    assert eligible_customers(session, author.organisation_id) == [client.id, roof.id]
    assert eligible_customers(session, author.organisation_id, with_documents=True) == [client.id, roof.id]
    assert eligible_invoices(session, author.organisation_id) == [issued.id]


def test_loaded_values_say_what_the_rows_hold(session: Session, author: Author) -> None:
    client = company(session, author, email="billing@freeman.example", other_emails=["two@freeman.example"])
    bill = invoice(session, author, client)
    loaded = load_invoices(session, author.organisation_id, [bill.id])[bill.id]
    assert loaded.recipients.to == ("billing@freeman.example",)
    assert loaded.line_tax_levels == (None,)
    assert str(loaded.total) == "300.00"
    assert load_customers(session, author.organisation_id, [client.id])[client.id].other_emails == (
        "two@freeman.example",
    )
    assert load_tax_levels(session, author.organisation_id) == {}
