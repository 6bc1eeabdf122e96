"""Consent, tokens and the organisations they reach."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import responses

from service.connectors.xero import XeroOAuth, oauth
from service.core.consent import Tokens
from service.core.errors import AuthorizationLost, Transient
from tests.connectors.xero.answers import recorded

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
LOGIN, IDENTITY, API = "https://login.example", "https://identity.example", "https://api.example"
CALLBACK = "http://localhost:8000/oauth/xero/callback"


@pytest.fixture
def consent() -> XeroOAuth:
    return oauth(
        client_id="app", client_secret="hush", scopes=("openid", "offline_access", "accounting.contacts"),
        urls={"login": f"{LOGIN}/", "identity": IDENTITY, "api": API}, timeout=5, clock=lambda: NOW,
    )  # fmt: skip


def _jwt(**claims: Any) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.c2ln"


def _answer(access: str = "a", **more: Any) -> dict[str, Any]:
    return {"access_token": access, "refresh_token": "r", "expires_in": 1800, "token_type": "Bearer", **more}


def _exchange(consent: XeroOAuth, **more: Any) -> Any:
    return consent.exchange(**{"code": "c-1", "redirect_uri": CALLBACK, "code_verifier": None, "callback": {}, **more})


def test_the_person_is_sent_to_the_authorize_page(consent: XeroOAuth) -> None:
    parts = urlsplit(consent.authorize_url(state="s 1", redirect_uri=CALLBACK, code_challenge=None))
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{LOGIN}/identity/connect/authorize"
    assert "+" not in parts.query
    assert parse_qs(parts.query) == {
        "response_type": ["code"], "client_id": ["app"], "redirect_uri": [CALLBACK], "state": ["s 1"],
        "scope": ["openid offline_access accounting.contacts"],
    }  # fmt: skip
    challenged = consent.authorize_url(state="s", redirect_uri=CALLBACK, code_challenge="abc")
    assert "code_challenge=abc&code_challenge_method=S256" in challenged


@responses.activate
def test_a_code_becomes_tokens_and_the_organisations_of_this_consent(consent: XeroOAuth) -> None:
    access = _jwt(authentication_event_id="ev-1")
    responses.post(f"{IDENTITY}/connect/token", json=_answer(access, scope="openid"))
    responses.get(f"{API}/connections", body=recorded("connections"))
    grant = _exchange(consent, code_verifier="v")
    assert [(tenant.tenant_id, tenant.name, tenant.connection_ref) for tenant in grant.tenants] == [
        ("t-1", "Maple Test Books", "k1")
    ]
    assert grant.tokens.access_expires_at == NOW + timedelta(minutes=30)
    assert grant.tokens.refresh_expires_at == NOW + timedelta(days=60)
    form = dict(parse_qsl(str(responses.calls[0].request.body)))
    assert form == {
        "grant_type": "authorization_code", "code": "c-1", "redirect_uri": CALLBACK, "code_verifier": "v"
    }  # fmt: skip
    assert responses.calls[1].request.headers["Authorization"] == f"Bearer {access}"


@pytest.mark.parametrize("access", ["opaque", "a.b.c", _jwt(), _jwt(authentication_event_id="other"), _jwt(x=1) + "é"])
@responses.activate
def test_a_token_that_tells_no_event_reaches_every_organisation_of_the_person(consent: XeroOAuth, access: str) -> None:
    responses.post(f"{IDENTITY}/connect/token", json=_answer(access.encode("ascii", "ignore").decode()))
    responses.get(f"{API}/connections", body=recorded("connections"))
    assert [tenant.tenant_id for tenant in _exchange(consent).tenants] == ["t-1", "t-2"]


@responses.activate
def test_a_consent_may_reach_nothing(consent: XeroOAuth) -> None:
    responses.post(f"{IDENTITY}/connect/token", json=_answer())
    responses.get(f"{API}/connections", json=[])
    assert _exchange(consent).tenants == ()


@responses.activate
def test_organisations_that_cannot_be_read_are_transient(consent: XeroOAuth) -> None:
    responses.post(f"{IDENTITY}/connect/token", json=_answer())
    responses.get(f"{API}/connections", json={})
    with pytest.raises(Transient):
        _exchange(consent)


@responses.activate
def test_a_used_code_is_refused(consent: XeroOAuth) -> None:
    responses.post(f"{IDENTITY}/connect/token", status=400, json={"error": "invalid_grant"})
    with pytest.raises(AuthorizationLost) as caught:
        _exchange(consent)
    assert caught.value.reason == "revoked"


@responses.activate
def test_tokens_that_cannot_be_refreshed_are_told_at_once(consent: XeroOAuth) -> None:
    responses.post(f"{IDENTITY}/connect/token", json={"access_token": "a", "expires_in": 1800})
    with pytest.raises(AuthorizationLost) as caught:
        _exchange(consent)
    assert caught.value.reason == "scope_missing"


@responses.activate
def test_a_refresh_rotates_the_tokens(consent: XeroOAuth) -> None:
    responses.post(f"{IDENTITY}/connect/token", json=_answer("new", refresh_token="r2"))
    tokens = consent.refresh("r1")
    assert (tokens.access_token, tokens.refresh_token) == ("new", "r2")
    assert responses.calls[0].request.body == "grant_type=refresh_token&refresh_token=r1"


def _tokens() -> Tokens:
    return Tokens(access_token="a", refresh_token="r", access_expires_at=NOW, refresh_expires_at=None)


@pytest.mark.parametrize("status", [204, 403, 404])
@responses.activate
def test_one_organisation_is_let_go_without_touching_the_others(consent: XeroOAuth, status: int) -> None:
    responses.delete(f"{API}/connections/k1", status=status)
    consent.revoke(_tokens(), connection_ref="k1")
    assert len(responses.calls) == 1


@responses.activate
def test_letting_go_needs_a_good_token(consent: XeroOAuth) -> None:
    responses.delete(f"{API}/connections/k1", status=401, body=recorded("token_expired"))
    with pytest.raises(AuthorizationLost) as caught:
        consent.revoke(_tokens(), connection_ref="k1")
    assert caught.value.reason == "expired"


@pytest.mark.parametrize(("status", "body"), [(200, ""), (400, '{"error": "invalid_grant"}')])
@responses.activate
def test_the_whole_consent_is_taken_back_even_if_it_was_gone(consent: XeroOAuth, status: int, body: str) -> None:
    responses.post(f"{IDENTITY}/connect/revocation", status=status, body=body)
    consent.revoke(_tokens(), connection_ref=None)
    assert responses.calls[0].request.body == "token=r"


@responses.activate
def test_a_wrong_app_is_told_when_taking_back(consent: XeroOAuth) -> None:
    responses.post(f"{IDENTITY}/connect/revocation", status=400, json={"error": "invalid_client"})
    with pytest.raises(AuthorizationLost):
        consent.revoke(_tokens(), connection_ref=None)
