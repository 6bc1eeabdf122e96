"""The change feed and full reads, page by page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.connectors.xero.client import Reply
from service.connectors.xero.feed import NOTES_AGE, Feed
from service.connectors.xero.record import CONTACTS, CREDIT_NOTES, INVOICES, OVERPAYMENTS, PAYMENTS, Shape, record_of
from service.core.errors import (
    AuthorizationLost,
    ConnectorError,
    CursorExpired,
    RateLimited,
    Transient,
    ValidationFailed,
)
from service.core.ports import ChangePage, Cursor, Family
from tests.connectors.xero.answers import recorded, reply

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
SINCE = Cursor("2026-11-22T01:00:00+00:00")


@dataclass
class Books:
    """Answers by path, in order; what was asked for is kept."""

    answers: Mapping[str, Sequence[Reply]]
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)

    def get(self, path: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str]) -> Reply:
        name = path.removeprefix("/api.xro/2.0/")
        before = sum(1 for asked in self.asked if asked[0] == name)
        self.asked.append((name, dict(query), dict(headers)))
        return self.answers[name][before]

    @property
    def feed(self) -> Feed:
        return Feed(self.get, lambda: NOW)


def _page(shape: Shape, *ids: str, pages: int | None = 1, at: str = "/Date(1795312800123)/") -> Reply:
    body: dict[str, Any] = {shape.plural: [{shape.id_member: one} for one in ids], "DateTimeUTC": at}
    return reply(body if pages is None else {"pagination": {"page": 1, "pageCount": pages}, **body})


QUIET = {
    "Contacts": [_page(CONTACTS)],
    "Invoices": [_page(INVOICES)],
    "Payments": [_page(PAYMENTS)],
    "CreditNotes": [_page(CREDIT_NOTES)],
    "Overpayments": [_page(OVERPAYMENTS)],
}


def _ids(pages: Sequence[ChangePage]) -> list[list[str]]:
    return [[record.remote_id for record in page.records] for page in pages]


def test_the_feed_asks_once_per_collection_from_a_little_before_the_cursor() -> None:
    books = Books(QUIET)
    pages = list(books.feed.changes(SINCE))
    assert [name for name, _, _ in books.asked] == ["Contacts", "Invoices", "Payments", "CreditNotes", "Overpayments"]
    assert {headers["If-Modified-Since"] for _, _, headers in books.asked} == {"2026-11-22T00:59:58"}
    assert books.asked[0][1] == {
        "includeArchived": "true", "order": "UpdatedDateUTC DESC", "page": "1", "pageSize": "1000"
    }  # fmt: skip
    assert books.asked[1][1]["unitdp"] == "4"
    assert sum(page.calls for page in pages) == 5


def test_credit_notes_are_read_every_ten_minutes_and_whenever_they_are_asked_for() -> None:
    books = Books(QUIET)
    lately = Cursor((NOW - NOTES_AGE + timedelta(seconds=1)).isoformat())
    list(books.feed.changes(lately))
    assert [name for name, _, _ in books.asked] == ["Contacts", "Invoices", "Payments"]
    books = Books(QUIET)
    list(books.feed.changes(lately, frozenset({Family.CREDIT_NOTE})))
    assert [name for name, _, _ in books.asked] == ["CreditNotes"]


def test_only_the_last_page_carries_the_new_cursor_which_is_the_servers_time_of_the_first_answer() -> None:
    later = "/Date(1795312890000)/"
    books = Books(
        {
            "Contacts": [_page(CONTACTS, "a", pages=2), _page(CONTACTS, "b", pages=2, at=later)],
            "Invoices": [_page(INVOICES, "c", at=later)],
            "Payments": [_page(PAYMENTS, at=later)],
            "CreditNotes": [_page(CREDIT_NOTES, at=later)],
            "Overpayments": [_page(OVERPAYMENTS, at=later)],
        }
    )
    pages = list(books.feed.changes(SINCE))
    assert _ids(pages) == [["a"], ["b"], ["c"], [], [], []]
    assert [page.cursor for page in pages] == [*[SINCE] * 5, "2026-11-22T02:00:00+00:00"]
    assert books.asked[1][1]["page"] == "2"


def test_what_is_shown_as_an_answer_showed_it_is_the_answers_record_and_nothing_else_is() -> None:
    answered = record_of(CONTACTS, {"ContactID": "a", "Name": "Ash", "ContactPersons": []})
    edited = record_of(CONTACTS, {"ContactID": "b", "Name": "Bay", "ContactPersons": []})
    assert answered is not None
    assert edited is not None
    shown = [{"ContactID": "a", "Name": "Ash", "HasValidationErrors": False}, {"ContactID": "b", "Name": "Bay Ltd"}]
    feed = Books({"Contacts": [reply({"Contacts": shown})]}).feed
    feed.remember([answered, edited])
    (page,) = feed.changes(SINCE, frozenset({Family.CUSTOMER}))
    assert page.records[0] is answered
    assert [record.name for record in page.records] == ["Ash", "Bay Ltd"]


def test_the_new_cursor_is_one_that_the_feed_takes_again() -> None:
    cursor = list(Books(QUIET).feed.changes(SINCE))[-1].cursor
    books = Books(QUIET)
    list(books.feed.changes(cursor))
    assert books.asked[0][2] == {"If-Modified-Since": "2026-11-22T01:59:58"}


@pytest.mark.parametrize(
    ("answer", "cursor"),
    [
        (reply({"Contacts": []}, Date="Sun, 22 Nov 2026 02:30:00 GMT"), "2026-11-22T02:30:00+00:00"),
        (reply("", 304, Date="Sun, 22 Nov 2026 02:30:00 GMT"), "2026-11-22T02:30:00+00:00"),
        (reply({"Contacts": []}), "2026-11-22T03:00:00+00:00"),
        (reply({"Contacts": [], "DateTimeUTC": "odd"}, Date="odd"), "2026-11-22T03:00:00+00:00"),
        (reply({"Contacts": [], "DateTimeUTC": "2026-11-22T02:10:00"}), "2026-11-22T02:10:00+00:00"),
    ],
)
def test_the_time_is_taken_where_it_is_told(answer: Reply, cursor: str) -> None:
    (page,) = Books({"Contacts": [answer]}).feed.everything([CONTACTS])
    assert (page.cursor, list(page.records)) == (cursor, [])


@pytest.mark.parametrize("cursor", ["", "x", "17"])
def test_a_cursor_that_is_none_of_ours_means_reading_everything(cursor: str) -> None:
    with pytest.raises(CursorExpired):
        list(Books(QUIET).feed.changes(Cursor(cursor)))


def test_everything_reads_the_asked_collections_whole() -> None:
    books = Books(QUIET)
    pages = list(books.feed.everything([INVOICES, CONTACTS]))
    assert [name for name, _, _ in books.asked] == ["Invoices", "Contacts"]
    assert all(headers == {} for _, _, headers in books.asked)
    assert [page.cursor for page in pages] == ["", "2026-11-22T02:00:00+00:00"]


@pytest.mark.parametrize(
    ("answers", "calls"),
    [
        ([_page(CONTACTS, *map(str, range(99)), pages=None)], 1),
        ([_page(CONTACTS, *map(str, range(100)), pages=None), _page(CONTACTS, "100", pages=None)], 2),
        ([_page(CONTACTS, *map(str, range(100)), pages=None)] * 2, 2),
        ([_page(CONTACTS, *map(str, range(100)), pages=None), _page(CONTACTS, pages=None)], 2),
        ([_page(CONTACTS, "a", pages=99)] * 2, 2),
    ],
)
def test_answers_without_pages_end_too(answers: list[Reply], calls: int) -> None:
    books = Books({"Contacts": answers})
    list(books.feed.everything([CONTACTS]))
    assert len(books.asked) == calls


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply("<html>"), Transient),
        (reply('{"Contacts": {"a": 1}}'), Transient),
        (reply("", 429), RateLimited),
        (reply(recorded("token_expired"), 401), AuthorizationLost),
        (reply({"Type": "QueryParseException", "Message": "Syntax error"}, 400), ValidationFailed),
    ],
)
def test_an_answer_that_is_none_is_an_error(answer: Reply, error: type[ConnectorError]) -> None:
    with pytest.raises(error):
        list(Books({"Contacts": [answer]}).feed.everything([CONTACTS]))


# --- records ----------------------------------------------------------------------------------------------------------


def _recorded(shape: Shape, name: str) -> Any:
    (page,) = Books({shape.plural: [reply(recorded(name))]}).feed.everything([shape])
    return page.records


def test_one_odd_contact_does_not_cost_the_page() -> None:
    elm, gone, odd = _recorded(CONTACTS, "contacts_page")
    assert (elm.name, elm.reference, elm.email, elm.active) == (
        "Elm Street Dental",
        "tieout-1",
        "ida@elm.example",
        True,
    )
    assert elm.modified_at == datetime(2026, 11, 22, 1, 58, 20, tzinfo=UTC)
    assert (gone.active, gone.merged_into, gone.deleted) == (False, elm.remote_id, False)
    assert (odd.active, odd.version) == (False, None)
    assert elm.payload["ContactPersons"] == []


def test_bills_are_not_ours_and_a_deleted_invoice_is_gone() -> None:
    open_one, deleted, voided = _recorded(INVOICES, "invoices_page")
    assert (open_one.name, open_one.active, open_one.deleted) == ("INV-1", True, False)
    assert (deleted.active, deleted.deleted) == (False, True)
    assert (voided.active, voided.deleted, voided.version) == (False, False, "2026-11-22T01:58:20+00:00")


def test_payments_of_bills_are_not_ours_and_what_is_paid_out_of_a_credit_is() -> None:
    received, paid_out, taken_back = _recorded(PAYMENTS, "payments_page")
    assert (received.active, received.payload["Amount"]) == (True, "50.00")
    assert paid_out.payload["PaymentType"] == "ARCREDITPAYMENT"
    assert (taken_back.active, taken_back.deleted) == (False, True)


def test_what_is_read_can_be_stored_as_json() -> None:
    for shape, name in ((CONTACTS, "contacts_page"), (INVOICES, "invoices_page"), (PAYMENTS, "payments_page")):
        for record in _recorded(shape, name):
            assert json.loads(json.dumps(record.payload)) == record.payload


def test_one_entity_is_fetched_whole_or_not_known() -> None:
    books = Books({"Invoices/a%2Fb": [reply(recorded("invoices_page"))], "Contacts/x": [reply("not json", 404)]})
    found = books.feed.fetch(INVOICES, "a/b")
    assert found is not None
    assert found.name == "INV-1"
    assert books.asked[0][1] == {"unitdp": "4"}
    assert books.feed.fetch(CONTACTS, "x") is None
