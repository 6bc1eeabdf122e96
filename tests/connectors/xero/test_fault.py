"""Xero's refusals as errors by who acts next."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service.connectors.xero.fault import failure, messages_of, rejection
from service.core.errors import (
    AuthorizationLost,
    ClosedPeriod,
    DuplicateName,
    NotAllowedNow,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Transient,
    ValidationFailed,
)
from tests.connectors.xero.answers import recorded, reply


@pytest.mark.parametrize(
    ("text", "error", "code", "field"),
    [
        ("The contact name Bob is ALREADY ASSIGNED to another contact.", DuplicateName, "duplicate_name", "name"),
        ("The Account Number already exists. Please enter a different one.", Rejected, "duplicate_number", "number"),
        ("The Contact Number already exists.", Rejected, "duplicate_reference", "reference"),
        ("Invoice # must be unique.", Rejected, "duplicate_number", "number"),
        ("The document date cannot be before the period lock date, currently set at 31 Aug", ClosedPeriod,
         "closed_period", "issue_date"),
        ("The document date cannot be before the end of year lock date", ClosedPeriod, "closed_period", "issue_date"),
        ("The specified contact details matched an archived contact.", Rejected, "archived_there", None),
        ("The contact must be un-archived before creating new invoices.", Rejected, "parent_archived", "customer"),
        ("Invoice not of valid status for modification", NotAllowedNow, "not_allowed_now", None),
        ("This document cannot be edited as it has a payment or credit note allocated to it.", NotAllowedNow,
         "not_allowed_now", None),
        ("Payment amount exceeds the amount outstanding on this document", NotAllowedNow, "not_allowed_now", "amount"),
        ("Payment can only be made against Authorised documents", NotAllowedNow, "not_allowed_now", "invoice"),
        ("A reconciled payment cannot be deleted.", NotAllowedNow, "not_allowed_now", None),
        ("The payment has already been deleted.", NotAllowedNow, "already_deleted", None),
        ("Organisation is not subscribed to currency EUR", ValidationFailed, "currency_not_enabled", "currency"),
        ("Email address must be valid.", ValidationFailed, "validation_failed", "email"),
        ("The contact could not be found", NotFound, "not_found", "customer"),
        ("The contact ID specified was not found", NotFound, "not_found", None),
        ("The document of this payment could not be found", NotFound, "not_found", "invoice"),
        ("The TaxType code 'X' cannot be used with account code '200'", ValidationFailed, "validation_failed", None),
        ("Something that nobody has seen before", ValidationFailed, "validation_failed", None),
    ],
)  # fmt: skip
def test_texts_are_told_apart_by_fragments(text: str, error: type[Rejected], code: str, field: str | None) -> None:
    found = rejection((text,), request_id="r")
    assert type(found) is error
    assert (found.code, found.field, found.message, found.request_id) == (code, field, text, "r")


def test_all_texts_of_an_element_are_told_once() -> None:
    element = {"ValidationErrors": [{"Message": "One."}, {"Message": "Two. "}, {"Message": "One."}, {}, None]}
    assert messages_of(element) == ("One.", "Two.")
    assert rejection(messages_of(element), request_id=None).message == "One. Two."
    assert messages_of({"ValidationErrors": "odd"}) == ()
    assert rejection((), request_id=None).message == "Xero gave no reason."


@pytest.mark.parametrize(
    ("name", "status", "reason", "code"),
    [
        ("token_expired", 401, "expired", "TokenExpired"),
        ("scope_missing", 401, "scope_missing", "AuthorizationUnsuccessful"),
        ("tenant_gone", 401, "expired", "AuthenticationUnsuccessful"),
        ("tenant_gone", 403, "disconnected", None),
    ],
)
@pytest.mark.parametrize("write", [True, False])
def test_a_lost_permission_says_whether_a_refresh_may_help(
    name: str, status: int, reason: str, code: str | None, write: bool
) -> None:
    found = failure(reply(recorded(name), status), write=write)
    assert isinstance(found, AuthorizationLost)
    assert (found.reason, found.provider_code) == (reason, code)


def test_a_401_without_a_readable_body_may_be_cured_by_a_refresh() -> None:
    found = failure(reply("<html>", 401), write=True)
    assert isinstance(found, AuthorizationLost)
    assert found.reason == "expired"


@pytest.mark.parametrize(
    ("headers", "wait", "problem"),
    [
        ({"X_Rate_Limit_Problem": "minute", "Retry_After": "17"}, timedelta(seconds=17), "minute"),
        ({"X_Rate_Limit_Problem": "Day", "Retry_After": "9000"}, timedelta(seconds=9000), "Day"),
        ({"X_Rate_Limit_Problem": "day"}, timedelta(hours=1), "day"),
        ({"X_Rate_Limit_Problem": "daily"}, timedelta(hours=1), "daily"),
        ({"X_Rate_Limit_Problem": "Concurrent"}, timedelta(seconds=1), "Concurrent"),
        ({"X_Rate_Limit_Problem": "appminute"}, timedelta(minutes=1), "appminute"),
        ({}, None, "429"),
    ],
)
def test_limits_tell_how_long_to_rest(headers: dict[str, str], wait: timedelta | None, problem: str) -> None:
    found = failure(reply("", 429, **headers), write=True)
    assert isinstance(found, RateLimited)
    assert (found.retry_after, found.provider_code) == (wait, problem)


def test_a_server_error_leaves_a_write_open_and_a_read_to_be_repeated() -> None:
    answer = reply("oops", 503, Retry_After="5", X_Correlation_Id="c")
    write, read = failure(answer, write=True), failure(answer, write=False)
    assert isinstance(write, OutcomeUnknown)
    assert (write.answered, write.request_id, write.detail) == (True, "c", "oops")
    assert isinstance(read, Transient)
    assert read.retry_after == timedelta(seconds=5)


def test_what_xero_does_not_know_is_not_found_in_any_form() -> None:
    found = failure(reply("The resource you're looking for cannot be found", 404), write=True)
    assert isinstance(found, NotFound)
    assert found.field is None
