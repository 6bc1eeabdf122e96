"""Reading orders, search words and what a customer's key tells."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.records.author import Author
from service.records.customers import change_customer
from service.records.inputs import CustomerChanges
from service.store.queries.search import matches, words_of
from service.store.queries.tree import ancestor_ids, sort_key, subtree
from service.store.records import CustomerRow, SearchWord
from tests.records.builders import company, job


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Freeman Sporting-Goods", {"freeman", "sporting-goods", "sporting", "goods"}),
        ("Straße", {"strasse"}),
        ("O'Neill", {"o'neill", "o", "neill"}),
        ("C-1042", {"c-1042", "c", "1042"}),
        ("Client:Job", {"client:job", "client", "job"}),
        ("  ", set()),
    ],
)
def test_the_words_of_a_text(text: str, words: set[str]) -> None:
    assert words_of([text, None]) == words


def test_an_address_of_mail_is_one_word() -> None:
    assert words_of([], emails=["Billing@Freeman.example", None]) == {"billing@freeman.example"}


@pytest.mark.parametrize(
    ("phone", "words"),
    [
        ("(650) 555-0987", {"6505550987", "5550987", "0987"}),
        ("+1 650 555 0110", {"16505550110", "6505550110", "5550110", "0110"}),
        ("5551111", {"5551111"}),
        ("none", set()),
        (None, set()),
    ],
)
def test_a_phone_number_is_found_from_each_of_its_groups_on(phone: str | None, words: set[str]) -> None:
    assert words_of([], phones=[phone]) == words


def test_a_word_longer_than_an_index_takes_is_found_by_its_beginning(session: Session, author: Author) -> None:
    client = company(session, author, "x" * 255)
    query = select(CustomerRow.id).where(
        CustomerRow.organisation_id == author.organisation_id, matches(author.organisation_id, "x" * 255)
    )
    assert session.scalars(query).all() == [client.id]


NAMES = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=":"), min_size=1, max_size=255)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(names=st.lists(NAMES, min_size=5, max_size=5))
def test_any_five_levels_of_names_fit_and_stay_together(session: Session, author: Author, names: list[str]) -> None:
    row = client = company(session, author, names[0])
    for name in names[1:]:
        row = job(session, author, row, name)
    session.flush()
    below = subtree(session, client)
    assert [each.depth for each in below] == [1, 2, 3, 4, 5]
    assert list(ancestor_ids(row)) == [each.id for each in reversed(below[:-1])]
    words = session.scalars(select(SearchWord.word).where(SearchWord.customer_id == row.id)).all()
    assert max(map(len, words)) <= 64


def test_a_longer_name_comes_after_a_shorter_one_that_begins_it() -> None:
    parent = CustomerRow(sort_key=sort_key("Ann", "f" * 32, None))
    keys = [sort_key("Ann", "f" * 32, None), sort_key("Job", "1" * 32, parent), sort_key("Ann B", "0" * 32, None)]
    assert keys == sorted(keys)


def test_a_moved_subtree_is_read_in_its_new_place(session: Session, author: Author) -> None:
    old, new = company(session, author, "Old"), company(session, author, "New")
    roof = job(session, author, old, "Roof")
    tiles = job(session, author, roof, "Tiles")
    change_customer(session, author, roof.id, CustomerChanges(parent_id=new.id))
    session.flush()
    query = select(CustomerRow.name).where(CustomerRow.organisation_id == author.organisation_id)
    assert session.scalars(query.order_by(CustomerRow.sort_key)).all() == ["New", "Roof", "Tiles", "Old"]
    assert ancestor_ids(tiles) == (roof.id, new.id)
