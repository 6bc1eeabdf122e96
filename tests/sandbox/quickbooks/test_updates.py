"""Sparse and full updates, and the version that both must name."""

from __future__ import annotations

import pytest

from tests.sandbox.quickbooks.client import Client, Json, Refused, sparse


@pytest.fixture
def school(qbo: Client) -> Json:
    """A customer with something in every kind of field."""
    return qbo.customer(
        "Elm Street School",
        CompanyName="Elm Street School",
        GivenName="Ann",
        Notes="Ring the bell",
        PrimaryEmailAddr={"Address": "ap@elm.example"},
        BillAddr={"Line1": "1 Elm Road", "Line2": "Annex", "City": "Leeds"},
        SalesTermRef={"value": "3"},
        PreferredDeliveryMethod="Email",
    )


def test_a_sparse_update_leaves_absent_fields_and_raises_the_version(qbo: Client, school: Json) -> None:
    changed = qbo.write("Customer", sparse(school, Notes="Knock"))
    own = ("Notes", "SyncToken", "MetaData")
    assert {k: v for k, v in changed.items() if k not in own} == {k: v for k, v in school.items() if k not in own}
    assert (changed["Notes"], changed["SyncToken"]) == ("Knock", "1")


def test_an_empty_text_clears_a_scalar_and_null_does_not(qbo: Client, school: Json) -> None:
    changed = qbo.write("Customer", sparse(school, Notes="", GivenName=None, PrimaryEmailAddr={"Address": ""}))
    assert "Notes" not in changed
    assert "PrimaryEmailAddr" not in changed
    assert changed["GivenName"] == "Ann"


def test_a_nested_object_is_replaced_as_a_whole(qbo: Client, school: Json) -> None:
    changed = qbo.write("Customer", sparse(school, BillAddr={"City": "York"}))
    assert set(changed["BillAddr"]) == {"Id", "City"}


def test_the_display_name_cannot_be_taken_away(qbo: Client, school: Json) -> None:
    with pytest.raises(Refused, match="6080"):
        qbo.write("Customer", sparse(school, DisplayName=""))


def test_a_full_update_blanks_what_is_missing(qbo: Client, school: Json) -> None:
    full = {"Id": school["Id"], "SyncToken": school["SyncToken"], "DisplayName": "Elm Street School", "Notes": "Kept"}
    changed = qbo.write("Customer", full)
    for gone in ("CompanyName", "GivenName", "PrimaryEmailAddr", "BillAddr", "SalesTermRef"):
        assert gone not in changed
    assert (changed["Notes"], changed["PreferredDeliveryMethod"], changed["Active"]) == ("Kept", "None", True)
    assert changed["CurrencyRef"]["value"] == "USD"


def test_a_stale_version_is_told_who_was_faster(qbo: Client, school: Json) -> None:
    qbo.act("edit", id=school["Id"], fields={"Notes": "By hand"})
    for body in (sparse(school, Notes="Late"), {**school, "Notes": "Late"}):
        with pytest.raises(Refused) as refused:
            qbo.write("Customer", body)
        assert (refused.value.code, refused.value.message) == ("5010", "Stale Object Error")
        assert refused.value.detail == (
            "Stale Object Error : You and Emily Platt were working on this at the same time. "
            "Emily Platt finished before you did, so your work was not saved."
        )
    assert qbo.get("Customer", school["Id"])["Notes"] == "By hand"


def test_an_update_needs_a_version(qbo: Client, school: Json) -> None:
    with pytest.raises(Refused) as refused:
        qbo.write("Customer", {"Id": school["Id"], "sparse": True, "Notes": "x"})
    assert (refused.value.code, refused.value.element) == ("2020", "SyncToken")


@pytest.mark.parametrize(("row_id", "code"), [("999999", "610"), ("abc", "2030")])
def test_an_unknown_record_is_not_updated_or_read(qbo: Client, row_id: str, code: str) -> None:
    with pytest.raises(Refused) as written:
        qbo.write("Customer", {"Id": row_id, "SyncToken": "0", "sparse": True})
    with pytest.raises(Refused) as read:
        qbo.get("Customer", row_id)
    assert written.value.code == read.value.code == code


def test_a_refused_update_changes_nothing(qbo: Client, school: Json) -> None:
    with pytest.raises(Refused):
        qbo.write("Customer", sparse(school, Notes="New", DisplayName="Cool Cars"))
    assert qbo.get("Customer", school["Id"]) == school
