"""What every package's OAuth endpoints share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests
import responses

from service.connectors.oauth_http import get_json, open_session, post_form, read_tokens, retry_after, send
from service.core.errors import AuthorizationLost, RateLimited, SyncError, Transient

URL = "https://identity.example/token"
NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)


def _post() -> dict[str, object]:
    with open_session() as session:
        return post_form(session, URL, {"code": "secret-code"}, client_id="app", client_secret="hush", timeout=5)


@responses.activate
def test_a_form_goes_out_with_the_app_as_basic_credentials_and_the_answer_comes_back() -> None:
    responses.post(URL, json={"access_token": "a"})
    assert _post() == {"access_token": "a"}
    sent = responses.calls[0].request
    assert sent.body == "code=secret-code"
    assert sent.headers["Authorization"] == "Basic YXBwOmh1c2g="
    assert sent.headers["Accept"] == "application/json"


@responses.activate
def test_an_empty_answer_is_no_failure() -> None:
    responses.post(URL, body="")
    assert _post() == {}


@pytest.mark.parametrize(
    ("status", "body", "error", "reason"),
    [
        (400, '{"error": "invalid_grant"}', AuthorizationLost, "revoked"),
        (400, '{"error": "invalid_scope"}', AuthorizationLost, "scope_missing"),
        (401, '{"error": "invalid_client"}', AuthorizationLost, "client_refused"),
        (400, '{"error": "odd_one"}', AuthorizationLost, "odd_one"),
        (400, "[]", AuthorizationLost, "refused"),
        (401, "<html>", AuthorizationLost, "expired"),
        (404, "nothing here", AuthorizationLost, "refused"),
        (429, "", RateLimited, None),
        (302, "", Transient, None),
        (500, "oops", Transient, None),
        (200, "<html>", Transient, None),
        (200, "[1]", Transient, None),
    ],
)
@responses.activate
def test_an_answer_becomes_the_error_that_says_who_acts_next(
    status: int, body: str, error: type[SyncError], reason: str | None
) -> None:
    responses.post(URL, status=status, body=body, headers={"Retry-After": "7"})
    with pytest.raises(error) as caught:
        _post()
    assert type(caught.value) is error
    assert getattr(caught.value, "reason", None) == reason
    if error is RateLimited:
        assert getattr(caught.value, "retry_after", None) == timedelta(seconds=7)


@pytest.mark.parametrize("broken", [requests.ConnectionError, requests.ReadTimeout, requests.TooManyRedirects])
@responses.activate
def test_silence_is_transient_and_tells_no_secret(broken: type[Exception]) -> None:
    responses.post(URL, body=broken("https://identity.example/token?code=secret-code"))
    with pytest.raises(Transient) as caught:
        _post()
    assert "secret" not in str(caught.value)
    assert caught.value.answered is False


@responses.activate
def test_what_the_answer_says_about_tokens_never_reaches_the_error() -> None:
    responses.post(URL, status=500, body='{"refresh_token": "very-secret-thing"}')
    with pytest.raises(Transient) as caught:
        _post()
    assert "very-secret-thing" not in f"{caught.value.detail}{caught.value!r}"


@responses.activate
def test_a_document_is_asked_for_with_the_bearer_token() -> None:
    responses.get(URL, json=[1])
    with open_session() as session:
        assert get_json(session, URL, timeout=5, token="abc") == [1]
    assert responses.calls[0].request.headers["Authorization"] == "Bearer abc"


@responses.activate
def test_a_redirect_is_not_followed() -> None:
    responses.get(URL, status=302, headers={"Location": "https://elsewhere.example/"})
    with open_session() as session, pytest.raises(Transient):
        send(session, "GET", URL, timeout=5, token="abc")
    assert len(responses.calls) == 1


def test_tokens_are_read_with_their_times() -> None:
    answer = {
        "access_token": "a", "refresh_token": "r", "expires_in": 1800, "scope": "x y", "id_token": "i", "odd": None
    }  # fmt: skip
    tokens = read_tokens(answer, now=NOW, refresh_lifetime=timedelta(days=60))
    assert (tokens.access_token, tokens.refresh_token, tokens.scope) == ("a", "r", "x y")
    assert tokens.access_expires_at == NOW + timedelta(minutes=30)
    assert tokens.refresh_expires_at == NOW + timedelta(days=60)
    assert tokens.extra == {"id_token": "i"}


@pytest.mark.parametrize("answer", [{}, {"access_token": "a"}, {"access_token": "a", "refresh_token": None}])
def test_an_answer_without_both_tokens_is_of_no_use(answer: dict[str, object]) -> None:
    with pytest.raises(Transient):
        read_tokens(answer, now=NOW, refresh_lifetime=None)


@pytest.mark.parametrize("lifetime", [None, "soon", "", -1e99])
def test_an_unreadable_lifetime_means_expired_at_once(lifetime: object) -> None:
    tokens = read_tokens(
        {"access_token": "a", "refresh_token": "r", "expires_in": lifetime}, now=NOW, refresh_lifetime=None
    )
    assert (tokens.access_expires_at, tokens.refresh_expires_at) == (NOW, None)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"Retry-After": "30"}, timedelta(seconds=30)),
        ({"Retry-After": " 0 "}, timedelta(0)),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "99999999999999999999"}, timedelta(days=7)),
        ({"Retry-After": "Sun, 22 Nov 2026 01:01:00 GMT"}, None),
        (
            {"Retry-After": "Sun, 22 Nov 2026 01:01:00 GMT", "Date": "Sun, 22 Nov 2026 01:00:00 GMT"},
            timedelta(minutes=1),
        ),
        ({"Retry-After": "Sun, 22 Nov 2026 00:00:00 GMT", "Date": "Sun, 22 Nov 2026 01:00:00 GMT"}, timedelta(0)),
    ],
)
def test_the_wait_asked_for_is_read(headers: dict[str, str], wait: timedelta | None) -> None:
    assert retry_after(headers) == wait
