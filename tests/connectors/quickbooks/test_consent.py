"""Consent at Intuit: the round trip with its company, rotation, revocation, and what can go wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from sandbox.quickbooks import SAMPLE_REALM, SandboxOptions
from service.connectors.quickbooks import oauth
from service.connectors.quickbooks.consent import IntuitOAuth
from service.core.consent import Tokens
from service.core.errors import AuthorizationLost, Transient
from tests.connectors.quickbooks.conftest import NOW, REDIRECT, SCOPES, Practice

DISCOVERY = "https://identity.example/.well-known/openid_configuration/"
ENDPOINTS = {
    "authorization_endpoint": "https://identity.example/connect/oauth2",
    "token_endpoint": "https://identity.example/tokens/bearer",
    "revocation_endpoint": "https://identity.example/tokens/revoke",
}


def _app(**changes: Any) -> IntuitOAuth:
    options = {
        "client_id": "client",
        "client_secret": "secret",
        "scopes": SCOPES,
        "urls": {"discovery": DISCOVERY},
        "timeout": 5,
        "clock": lambda: NOW,
    }
    return oauth(**{**options, **changes})


def test_a_consent_brings_tokens_and_the_company(practice: Practice) -> None:
    app = practice.oauth()
    callback = practice.consent(app, state="one-time")
    assert callback["state"] == "one-time"
    grant = app.exchange(code=callback["code"], redirect_uri=REDIRECT, code_verifier=None, callback=callback)
    assert [tenant.tenant_id for tenant in grant.tenants] == [SAMPLE_REALM]
    now = practice.sandbox.clock()
    assert timedelta(minutes=59) < grant.tokens.access_expires_at - now <= timedelta(hours=1)
    assert grant.tokens.refresh_expires_at is not None
    assert grant.tokens.refresh_expires_at - now > timedelta(days=99)
    assert "x_refresh_token_hard_expires_in" in grant.tokens.extra
    with pytest.raises(AuthorizationLost):
        app.exchange(code=callback["code"], redirect_uri=REDIRECT, code_verifier=None, callback=callback)


def test_a_refresh_gives_the_rotated_token_and_the_former_one_is_dead(
    other_practice: Callable[[SandboxOptions], Practice],
) -> None:
    practice = other_practice(SandboxOptions.unlimited(rotate_always=True))
    app = practice.oauth()
    first = practice.grant(app).tokens
    second = app.refresh(first.refresh_token)
    assert second.refresh_token != first.refresh_token
    with pytest.raises(AuthorizationLost) as dead:
        app.refresh(first.refresh_token)
    assert dead.value.reason == "revoked"


def test_a_revoked_consent_is_gone_and_may_be_revoked_again(practice: Practice) -> None:
    app = practice.oauth()
    tokens = practice.grant(app).tokens
    for _ in range(2):
        app.revoke(tokens, connection_ref=None)
    with pytest.raises(AuthorizationLost):
        app.refresh(tokens.refresh_token)


def test_the_addresses_come_from_the_discovery_document_read_once_a_day(answers: responses.RequestsMock) -> None:
    moments = [NOW]
    app = _app(clock=lambda: moments[-1])
    answers.get(DISCOVERY, json=ENDPOINTS)
    app.authorize_url(state="s", redirect_uri=REDIRECT, code_challenge=None)
    address = app.authorize_url(state="s t", redirect_uri=REDIRECT, code_challenge="ignored")
    assert address.startswith("https://identity.example/connect/oauth2?")
    assert {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()} == {
        "client_id": "client",
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "redirect_uri": REDIRECT,
        "state": "s t",
    }
    assert len(answers.calls) == 1
    moments.append(NOW + timedelta(hours=25))
    app.authorize_url(state="s", redirect_uri=REDIRECT, code_challenge=None)
    assert len(answers.calls) == 2


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 503},
        {"body": "<html>"},
        {"body": requests.ReadTimeout()},
        {"json": []},
        {"json": {"issuer": "https://identity.example"}},
    ],
)
def test_a_discovery_document_that_cannot_be_read_is_a_passing_failure(
    answers: responses.RequestsMock, answer: dict[str, Any]
) -> None:
    answers.get(DISCOVERY, **answer)
    with pytest.raises(Transient):
        _app().authorize_url(state="s", redirect_uri=REDIRECT, code_challenge=None)


def test_a_callback_without_a_company_is_refused(answers: responses.RequestsMock) -> None:
    with pytest.raises(AuthorizationLost) as refused:
        _app().exchange(code="c", redirect_uri=REDIRECT, code_verifier=None, callback={"code": "c"})
    assert refused.value.reason == "no_company"
    assert len(answers.calls) == 0


@pytest.mark.parametrize(
    ("status", "body", "meant"),
    [
        (400, '{"error":"invalid_grant"}', AuthorizationLost),
        (401, '{"error":"invalid_client"}', AuthorizationLost),
        (503, "<html>", Transient),
        (200, "{}", Transient),
    ],
)
def test_a_refresh_that_fails_says_who_acts_next(
    answers: responses.RequestsMock, status: int, body: str, meant: type[Exception]
) -> None:
    answers.get(DISCOVERY, json=ENDPOINTS)
    answers.post(ENDPOINTS["token_endpoint"], status=status, body=body)
    with pytest.raises(meant):
        _app().refresh("AB11secret")


def test_a_token_is_revoked_as_json_and_an_outage_is_told(answers: responses.RequestsMock) -> None:
    answers.get(DISCOVERY, json=ENDPOINTS)
    answers.post(ENDPOINTS["revocation_endpoint"], status=200)
    answers.post(ENDPOINTS["revocation_endpoint"], status=502, body="AB11secret")
    answers.post(ENDPOINTS["revocation_endpoint"], body=requests.ConnectionError())
    tokens = Tokens(access_token="a", refresh_token="AB11secret", access_expires_at=NOW, refresh_expires_at=None)
    app = _app()
    app.revoke(tokens, connection_ref=None)
    sent: Any = answers.calls[1].request
    assert json.loads(sent.body) == {"token": "AB11secret"}
    for _ in range(2):
        with pytest.raises(Transient):
            app.revoke(tokens, connection_ref=None)
