"""The bridge between rows and the core: no fact is lost on the way, and what SQL does in bulk is what the core says."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.core.link import (
    ALLOWED,
    Confirmed,
    Deferred,
    Edited,
    Event,
    Heard,
    IllegalTransition,
    LinkFacts,
    Lost,
    Refused,
    Reopened,
    Reset,
    Retry,
    Sent,
    Settled,
    Tied,
    apply,
    is_due,
    state_of,
)
from service.core.ports import EntityKind, Family, Ref
from service.core.problem import Problem, ProblemKind
from service.ids import new_id
from service.records.author import Author
from service.store.facts import apply_to, changes_by, facts_of, problem_of, write_changes
from service.store.queries import calls, counterparts, due, links
from service.store.queries.touch import touch
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow
from tests.records.builders import company, connection
from tests.store.conftest import NOW

REJECTED = Problem(kind=ProblemKind.REJECTED, params={"name": "Acme"})
DISPUTED = Problem(kind=ProblemKind.BOTH_CHANGED, params={"name": "Acme", "lines": ("a", 1)})
AGREED = {"fields": {"name": "Acme"}, "active": True}
NEXT = {"fields": {"name": "Acme Ltd"}, "active": True}

FACTS = [
    LinkFacts(),
    LinkFacts(problem=REJECTED),
    LinkFacts(intent_open=True),
    LinkFacts(external_id="58", wanted=3, confirmed=3, heard=2, settled=2, baseline=AGREED),
    LinkFacts(external_id="58", wanted=4, confirmed=3, heard=3, settled=2, baseline=AGREED),
    LinkFacts(external_id="58", wanted=4, confirmed=3, heard=3, settled=2, baseline=AGREED, problem=DISPUTED),
    LinkFacts(external_id="58", wanted=4, confirmed=3, baseline=AGREED, intent_open=True, intent_unknown=True),
    LinkFacts(external_id="58", generation=2, wanted=4, confirmed=3, baseline=AGREED, retired_at=NOW),
]
EVENTS: list[Event] = [
    Edited(),
    Heard(),
    Tied(external_id="58"),
    Tied(external_id="77"),
    Settled(heard=2, baseline=NEXT),
    Settled(heard=0, wanted=1),
    Sent(),
    Confirmed(external_id="58", generation=1, wanted=4, heard=0, baseline=NEXT),
    Deferred(),
    Lost(),
    Refused(problem=REJECTED),
    Refused(problem=DISPUTED, heard=3),
    Retry(),
    Retry(baseline=NEXT),
    Reset(at=NOW),
    Reopened(problem=DISPUTED, baseline=None),
    Reopened(problem=REJECTED, baseline=AGREED),
]


@pytest.fixture
def tied_to(session: Session, author: Author) -> ConnectionRow:
    """A connection for links that tests make."""
    return connection(session, author)


def _row(session: Session, tied_to: ConnectionRow, facts: LinkFacts, record_id: str | None = None) -> LinkRow:
    """Store a link that has these facts."""
    ref = Ref(kind=EntityKind.CUSTOMER, id=record_id or new_id())
    row = links.add(session, tied_to, ref, Family.CUSTOMER, generation=facts.generation)
    for column in ("wanted", "confirmed", "heard", "settled", "baseline", "intent_open", "intent_unknown"):
        setattr(row, column, getattr(facts, column))
    row.remote_id, row.retired_at = facts.external_id, facts.retired_at
    if facts.problem is not None:
        retired, row.retired_at = row.retired_at, None
        session.flush()
        apply_to(session, row, Refused(problem=facts.problem), now=NOW, label="Acme")
        row.retired_at, row.intent_open = retired, facts.intent_open
    session.flush()
    assert facts_of(row, problem_of(session, row)) == facts
    return row


@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: str(state_of(facts)))
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_row_gets_exactly_the_facts_that_the_core_says(
    session: Session, tied_to: ConnectionRow, facts: LinkFacts, event: Event
) -> None:
    row = _row(session, tied_to, facts)
    later = NOW + timedelta(hours=1)
    try:
        expected = apply(facts, event)
    except IllegalTransition:
        with pytest.raises(IllegalTransition):
            apply_to(session, row, event, now=later)
        return
    assert apply_to(session, row, event, now=later, label="Acme") == expected
    session.flush()
    session.expire_all()
    stored = session.get_one(LinkRow, row.id)
    assert facts_of(stored, problem_of(session, stored)) == expected
    problems = session.scalars(select(ProblemRow).where(ProblemRow.link_id == row.id)).all()
    left_open = [one for one in problems if one.closed_at is None]
    assert [one.id for one in left_open] == ([stored.open_problem_id] if expected.problem else [])
    assert all(one.closed_by == "sync" for one in problems if one.closed_at is not None)


def test_the_same_problem_once_more_stays_the_question_it_is(session: Session, tied_to: ConnectionRow) -> None:
    row = _row(session, tied_to, LinkFacts(problem=DISPUTED))
    asked = row.open_problem_id
    apply_to(session, row, Refused(problem=DISPUTED), now=NOW + timedelta(hours=1), label="Acme")
    assert row.open_problem_id == asked
    apply_to(session, row, Refused(problem=REJECTED), now=NOW + timedelta(hours=1), label="Acme")
    assert row.open_problem_id not in {None, asked}


@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: str(state_of(facts)))
def test_an_edit_in_bulk_is_the_event_of_an_edit(
    session: Session, author: Author, tied_to: ConnectionRow, facts: LinkFacts
) -> None:
    customer = company(session, author, "Acme")
    session.flush()
    row = _row(session, tied_to, facts, customer.id)
    touch(
        session,
        organisation_id=author.organisation_id,
        refs=[Ref(kind=EntityKind.CUSTOMER, id=customer.id)],
        now=NOW,
    )
    session.expire_all()
    assert facts_of(row, problem_of(session, row)) == apply(facts, Edited())


@pytest.mark.parametrize(
    "facts", [facts for facts in FACTS if facts.external_id], ids=lambda facts: str(state_of(facts))
)
def test_news_in_bulk_is_the_event_of_hearing(session: Session, tied_to: ConnectionRow, facts: LinkFacts) -> None:
    row = _row(session, tied_to, facts)
    counterparts.hear(session, tied_to.id, Family.CUSTOMER, ["58"])
    session.expire_all()
    assert facts_of(row, problem_of(session, row)) == apply(facts, Heard())


def test_the_links_that_are_due_in_sql_are_those_of_the_core(session: Session, tied_to: ConnectionRow) -> None:
    expected = set()
    for tied, red, sending, retired, edited, heard in product((False, True), repeat=6):
        facts = LinkFacts(
            external_id=new_id() if tied else None,
            wanted=2,
            confirmed=1 if edited else 2,
            heard=1,
            settled=0 if heard else 1,
            baseline=AGREED if tied else None,
            intent_open=sending and not red,
            problem=REJECTED if red else None,
            retired_at=NOW if retired else None,
        )
        if heard and not tied:
            continue  # what is tied to nothing hears of nothing
        row = _row(session, tied_to, facts)
        if is_due(facts):
            expected.add(row.id)
    found = due.due_links(session, tied_to.id, EntityKind.CUSTOMER, now=NOW)
    assert {row.id for row in found} == expected
    assert expected


def test_every_event_is_among_those_tried() -> None:
    assert {type(event) for event in EVENTS} == set(ALLOWED)


@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: str(state_of(facts)))
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_links_changed_all_at_once_get_the_facts_that_each_would_alone(
    session: Session, tied_to: ConnectionRow, facts: LinkFacts, event: Event
) -> None:
    rows = [_row(session, tied_to, facts)]
    if facts.external_id is None:  # what is tied is tied to one alone
        rows.append(_row(session, tied_to, facts))
    plain = list(calls.links_to_send(session, [row.id for row in rows]).values())
    try:
        expected = apply(facts, event)
    except IllegalTransition:
        expected = None
    if expected is None or facts.problem is not None or expected.problem is not None:
        with pytest.raises((ValueError, IllegalTransition)):
            changes_by(plain[0], event)
        return
    if isinstance(event, Tied | Confirmed):
        del plain[1:], rows[1:]
    write_changes(session, [{"id": link.id, **changes_by(link, event)[1]} for link in plain])
    session.expire_all()
    assert [facts_of(session.get_one(LinkRow, row.id), None) for row in rows] == [expected] * len(rows)
