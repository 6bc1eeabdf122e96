from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable

import pytest
import requests

from tests.sandbox.xero.caller import CALLBACK, Caller, Json, redirected

Start = Callable[..., Caller]


def _answer_page(caller: Caller, answer: str, organisation: str) -> requests.Response:
    page = caller.authorize()
    assert page.status_code == 200
    request_id = re.search(r'name="request_id" value="([^"]+)"', page.text)
    tenant = re.search(r'value="([^"]+)"[^>]*>\s*' + re.escape(organisation), page.text)
    assert request_id is not None
    assert tenant is not None
    form = {"request_id": request_id[1], "tenant_id": tenant[1], "answer": answer}
    return requests.post(f"{caller.server.url}/identity/connect/consent", form, allow_redirects=False, timeout=5)


def _bearer(caller: Caller, token: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{caller.server.url}/connections", headers=headers, timeout=5)


def test_a_person_chooses_the_organisation_on_the_consent_page(xero: Start) -> None:
    caller = xero(books=("demo", "empty"))
    back = redirected(_answer_page(caller, "allow", "Fresh Start Ltd"))
    assert back["state"] == "s1"
    caller.tokens = caller.exchange(back["code"]).json()
    (connection,) = caller.connections()
    assert (connection["tenantName"], connection["tenantType"]) == ("Fresh Start Ltd", "ORGANISATION")
    assert connection["id"] != connection["tenantId"]


def test_a_denied_consent_comes_back_as_access_denied(xero: Start) -> None:
    assert redirected(_answer_page(xero(), "deny", "Fresh Start Ltd")) == {"error": "access_denied", "state": "s1"}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"client_id": "other"}, "unauthorized_client", id="unknown-app"),
        pytest.param({"redirect_uri": "http://127.0.0.1:8000/cb"}, "unauthorized_client", id="127.0.0.1"),
        pytest.param({"redirect_uri": "http://books.example.com/cb"}, "unauthorized_client", id="plain-http"),
        pytest.param({"response_type": "token"}, "unsupported_response_type", id="implicit"),
        pytest.param({"scope": "accounting.contacts payroll.employees"}, "invalid_scope", id="scope-not-granted"),
        pytest.param({"scope": "accounting.transactions"}, "invalid_scope", id="broad-scope-of-older-apps"),
        pytest.param({"code_challenge": "x", "code_challenge_method": "plain"}, "invalid_request", id="plain-pkce"),
    ],
)
def test_a_wrong_authorize_request_is_refused_on_the_page(xero: Start, changed: dict[str, str], code: str) -> None:
    answer = xero().authorize(**changed)
    assert answer.status_code == 400
    assert code in answer.text


def test_registered_redirects_are_compared_exactly(xero: Start) -> None:
    caller = xero(redirect_uris=(CALLBACK,))
    assert caller.authorize().status_code == 200
    assert caller.authorize(redirect_uri=f"{CALLBACK}/").status_code == 400


def test_a_code_works_once(xero: Start) -> None:
    caller = xero(auto_consent=True)
    code = redirected(caller.authorize())["code"]
    assert caller.exchange(code).status_code == 200
    again = caller.exchange(code)
    assert (again.status_code, again.json()) == (400, {"error": "invalid_grant"})


def test_a_code_is_dead_after_five_minutes_or_with_another_redirect(xero: Start) -> None:
    caller = xero(auto_consent=True)
    code = redirected(caller.authorize())["code"]
    other = caller.token(grant_type="authorization_code", code=code, redirect_uri="https://else.example.com")
    assert other.json() == {"error": "invalid_grant"}
    code = redirected(caller.authorize())["code"]
    caller.sandbox.clock.advance(300)
    assert caller.exchange(code).json() == {"error": "invalid_grant"}


def test_pkce_is_verified(xero: Start) -> None:
    caller = xero(auto_consent=True)
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    for given, status in ((verifier, 200), ("w" * 43, 400)):
        code = redirected(caller.authorize(code_challenge=challenge, code_challenge_method="S256"))["code"]
        assert caller.exchange(code, code_verifier=given).status_code == status


def test_wrong_credentials_are_an_invalid_client(xero: Start) -> None:
    caller = xero(auto_consent=True)
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "a", "client_secret": "b"}
    answer = requests.post(f"{caller.server.url}/connect/token", form, timeout=5)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})


def test_credentials_may_come_in_the_form(xero: Start) -> None:
    caller = xero(auto_consent=True)
    options = caller.sandbox.options
    form = {
        "grant_type": "authorization_code",
        "code": redirected(caller.authorize())["code"],
        "redirect_uri": CALLBACK,
        "client_id": options.client_id,
        "client_secret": options.client_secret,
    }
    assert requests.post(f"{caller.server.url}/connect/token", form, timeout=5).status_code == 200


def test_the_access_token_names_the_consent_that_made_the_connection(caller: Caller) -> None:
    payload = caller.tokens["access_token"].split(".")[1]
    claims: Json = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["authentication_event_id"] == caller.connections()[0]["authEventId"]
    assert caller.tokens["expires_in"] == 1800


def test_an_access_token_lives_thirty_minutes(caller: Caller) -> None:
    caller.sandbox.clock.advance(1799)
    assert caller.api("GET", "Organisation").status_code == 200
    caller.sandbox.clock.advance(1)
    expired = caller.api("GET", "Organisation")
    assert expired.status_code == 401
    assert expired.json()["Detail"] == "TokenExpired: token expired at 11/22/2026 01:30:00"


def test_refresh_tokens_rotate_and_the_previous_one_has_thirty_minutes_of_grace(caller: Caller) -> None:
    first = caller.tokens["refresh_token"]
    second = caller.refresh(first).json()["refresh_token"]
    assert second != first
    caller.sandbox.clock.advance(1799)
    assert caller.refresh(first).status_code == 200
    caller.sandbox.clock.advance(1)
    assert caller.refresh(first).json() == {"error": "invalid_grant"}
    assert caller.refresh(second).status_code == 200


def test_the_grace_of_a_refresh_token_ends_when_its_successor_is_used(caller: Caller) -> None:
    first = caller.tokens["refresh_token"]
    second = caller.refresh(first).json()["refresh_token"]
    caller.refresh(second)
    assert caller.refresh(first).json() == {"error": "invalid_grant"}


def test_a_refresh_token_is_dead_after_sixty_idle_days(caller: Caller) -> None:
    caller.sandbox.clock.advance(60 * 86400)
    assert caller.refresh(caller.tokens["refresh_token"]).json() == {"error": "invalid_grant"}


def test_no_refresh_token_without_offline_access(xero: Start) -> None:
    assert "refresh_token" not in xero().sign_in(scope="accounting.settings.read").tokens


def test_a_revoked_token_takes_all_connections_with_it(caller: Caller) -> None:
    options = caller.sandbox.options
    answer = requests.post(
        f"{caller.server.url}/connect/revocation",
        {"token": caller.tokens["refresh_token"]},
        auth=(options.client_id, options.client_secret),
        timeout=5,
    )
    assert (answer.status_code, answer.content) == (200, b"")
    assert _bearer(caller, caller.tokens["access_token"]).status_code == 401
    assert caller.refresh(caller.tokens["refresh_token"]).status_code == 400


def test_a_connection_is_deleted_by_its_own_id_only(caller: Caller) -> None:
    connection = caller.connections()[0]
    base = f"{caller.server.url}/connections"
    assert requests.delete(f"{base}/{connection['tenantId']}", headers=caller.headers, timeout=5).status_code == 404
    assert requests.delete(f"{base}/{connection['id']}", headers=caller.headers, timeout=5).status_code == 204
    assert caller.connections() == []


def test_an_app_disconnected_inside_xero_still_refreshes_but_reads_nothing(caller: Caller) -> None:
    caller.act("disconnect")
    assert caller.connections() == []
    refused = caller.api("GET", "Contacts")
    assert (refused.status_code, refused.json()["Detail"]) == (403, "AuthenticationUnsuccessful")
    assert caller.refresh(caller.tokens["refresh_token"]).status_code == 200


def test_one_token_serves_all_organisations_and_the_header_chooses(xero: Start) -> None:
    caller = xero(books=("empty", "empty"))
    for name in ("Fresh Start Ltd", "Fresh Start Ltd 2"):
        caller.tokens = caller.exchange(redirected(_answer_page(caller, "allow", name + "<"))["code"]).json()
    seen = set()
    for connection in caller.connections():
        caller.tenant_id = connection["tenantId"]
        seen.add(caller.get("Organisation")["Organisations"][0]["Name"])
    assert seen == {"Fresh Start Ltd", "Fresh Start Ltd 2"}
    event_id = caller.connections()[1]["authEventId"]
    url = f"{caller.server.url}/connections?authEventId={event_id}"
    assert len(requests.get(url, headers=caller.headers, timeout=5).json()) == 1


@pytest.mark.parametrize(
    ("headers", "status", "detail"),
    [
        pytest.param({"Authorization": "Bearer x"}, 401, "AuthenticationUnsuccessful", id="unknown-token"),
        pytest.param({"xero-tenant-id": "x"}, 403, "AuthenticationUnsuccessful", id="unknown-tenant"),
        pytest.param({"xero-tenant-id": ""}, 403, "AuthenticationUnsuccessful", id="no-tenant"),
    ],
)
def test_the_gateway_says_why(caller: Caller, headers: dict[str, str], status: int, detail: str) -> None:
    answer = caller.api("GET", "Contacts", headers=headers)
    assert (answer.status_code, answer.json()["Status"], answer.json()["Detail"]) == (status, status, detail)


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("accounting.contacts.read", "GET", "Contacts", 200),
        ("accounting.contacts.read", "PUT", "Contacts", 401),
        ("accounting.contacts", "GET", "Invoices", 401),
        ("accounting.invoices", "GET", "Items", 200),
        ("accounting.settings.read", "GET", "TaxRates", 200),
        ("accounting.invoices", "GET", "Payments", 401),
    ],
)
def test_a_missing_scope_is_said(xero: Start, scope: str, method: str, path: str, status: int) -> None:
    answer = xero().sign_in(scope=scope).api(method, path)
    assert answer.status_code == status
    if status == 401:
        assert answer.json()["Detail"] == "AuthorizationUnsuccessful"
