"""Errors: what they carry, and what they never carry."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service.core.errors import (
    DETAIL_LIMIT,
    AuthorizationLost,
    CallFacts,
    ConnectorError,
    MappingError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    StaleVersion,
    Transient,
    redact,
)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain words, code 6240", "plain words, code 6240"),
        ("Authorization: Bearer abcDEF123.x-yabcDEF123", "Authorization: Bearer ***"),
        ("sent basic QWxhZGRpbjpvcGVu= now", "sent basic *** now"),
        ("Basic information is missing", "Basic information is missing"),
        ('{"access_token":"abc","expires_in":1800}', '{"access_token":***,"expires_in":1800}'),
        ('{"Error":[{"code":"6240"}]}', '{"Error":[{"code":"6240"}]}'),
        ("grant_type=authorization_code&code=AB11-x&x=1", "grant_type=authorization_code&code=***&x=1"),
        ("grant_type=refresh_token&refresh_token=AB11-x&x=1", "grant_type=refresh_token&refresh_token=***&x=1"),
        ("client_secret = s3cret", "client_secret = ***"),
        ("got eyJhbGciOiJIUzI1.eyJzdWIi.c2ln here", "got *** here"),
    ],
)
def test_errors_carry_no_secret(text: str, clean: str) -> None:
    assert redact(text) == clean
    error = ConnectorError(text, detail=text)
    assert error.detail == clean
    assert str(error) == error.message == clean


def test_an_error_keeps_an_excerpt_of_a_long_answer() -> None:
    assert redact("x" * 5_000) == "x" * DETAIL_LIMIT


FACTS: CallFacts = {
    "code": "finer",
    "request_id": "r-1",
    "provider_code": "2050",
    "detail": "max 100",
    "answered": False,
}


def test_every_error_keeps_the_facts_of_its_call() -> None:
    errors = [
        ConnectorError("No.", **FACTS),
        Rejected("No.", field="name", **FACTS),
        RateLimited("No.", retry_after=timedelta(seconds=7), **FACTS),
        AuthorizationLost("revoked", "No.", **FACTS),
    ]
    for error in errors:
        assert str(error) == error.message == "No."
        assert (error.code, error.request_id, error.provider_code) == ("finer", "r-1", "2050")
        assert (error.detail, error.answered) == ("max 100", False)


def test_an_error_that_was_told_nothing_says_nothing() -> None:
    error = RateLimited()
    assert str(error) == error.message == ConnectorError().message == ""
    assert (error.code, error.request_id, error.provider_code) == ("rate_limited", None, None)
    assert (error.detail, error.answered, error.retry_after) == (None, True, None)
    assert Rejected().message == ""
    assert Rejected().field is None
    assert RateLimited(retry_after=timedelta(seconds=7)).retry_after == timedelta(seconds=7)


def test_a_refusal_names_its_field() -> None:
    error = Rejected("No.", code="too_long", field="name", request_id="r-1", provider_code="2050", detail="max 100")
    assert (error.code, error.field, error.request_id, error.provider_code) == ("too_long", "name", "r-1", "2050")
    assert error.detail == "max 100"
    assert Rejected("No.").code == "rejected"
    assert Rejected("No.").detail is None


@pytest.mark.parametrize(
    ("kind", "answered"),
    [(OutcomeUnknown, False), (Transient, False), (RateLimited, True), (StaleVersion, True), (Rejected, True)],
)
def test_an_error_knows_whether_an_answer_was_read(kind: type[ConnectorError], answered: bool) -> None:
    assert kind("words").answered is answered
    assert kind("words", answered=not answered).answered is not answered


def test_lost_authorization_and_mapping_errors_say_why() -> None:
    assert AuthorizationLost("revoked").reason == "revoked"
    assert str(AuthorizationLost("revoked")) == "Authorization lost: revoked"
    assert AuthorizationLost("revoked", "Reconnect.").message == "Reconnect."
    error = MappingError("lines.2.tax_level", "GST has no tax code", missing="tax_code:GST")
    assert str(error) == "lines.2.tax_level: GST has no tax code"
    assert (error.field, error.reason, error.missing) == ("lines.2.tax_level", "GST has no tax code", "tax_code:GST")
