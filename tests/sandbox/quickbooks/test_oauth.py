"""Sign-in: consent, codes, tokens that live and die as documented."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests

from sandbox.quickbooks import EMPTY_REALM, SAMPLE_REALM, SandboxOptions
from tests.sandbox.quickbooks.client import REDIRECT, Client, Refused, callback
from tests.sandbox.quickbooks.conftest import MakeClient

INVALID_GRANT = b'{"error":"invalid_grant"}'


@pytest.mark.parametrize("name", ["openid_sandbox_configuration", "openid_configuration"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_the_discovery_document_points_at_this_server(qbo: Client, name: str, slash: str) -> None:
    found = requests.get(f"{qbo.url}/.well-known/{name}{slash}", timeout=5).json()
    for key in ("authorization_endpoint", "token_endpoint", "revocation_endpoint", "issuer", "userinfo_endpoint"):
        assert found[key].startswith(qbo.url)


def test_a_person_chooses_a_company_and_allows(qbo: Client) -> None:
    page = qbo.authorize()
    assert page.status_code == 200
    assert "Craig&#x27;s Design and Landscaping Services" in page.text
    form = {
        "client_id": qbo.sandbox.options.client_id,
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "redirect_uri": REDIRECT,
        "state": "state-1",
    }
    for decision, realm, expected in (
        ("allow", EMPTY_REALM, {"realmId": EMPTY_REALM, "state": "state-1"}),
        ("deny", SAMPLE_REALM, {"error": "access_denied", "state": "state-1"}),
    ):
        answer = requests.post(
            f"{qbo.url}/connect/oauth2",
            data={**form, "decision": decision, "realm": realm},
            allow_redirects=False,
            timeout=5,
        )
        told = callback(answer)
        told.pop("code", None)
        assert told == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "unknown"},
        {"redirect_uri": "http://evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1:8000/callback"},
        {"response_type": "token"},
        {"state": ""},
    ],
)
def test_a_request_that_cannot_be_trusted_is_not_sent_back(qbo: Client, changes: dict[str, str]) -> None:
    qbo.sandbox.auto_consent = True
    answer = qbo.authorize(**changes)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_registered_addresses_are_compared_exactly(make_client: MakeClient) -> None:
    qbo = make_client(SandboxOptions.unlimited(redirect_uris=(REDIRECT,)))
    assert qbo.authorize().status_code == 200
    assert qbo.authorize(redirect_uri=f"{REDIRECT}/").status_code == 400


def test_a_wrong_scope_is_told_to_the_app(qbo: Client) -> None:
    assert callback(qbo.authorize(scope="openid"))["error"] == "invalid_scope"


def test_a_code_works_once_for_its_own_address_and_ten_minutes(qbo: Client) -> None:
    qbo.sandbox.auto_consent = True
    code = callback(qbo.authorize())["code"]
    assert qbo.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT).status_code == 200
    again = qbo.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT)
    elsewhere = qbo.token(
        grant_type="authorization_code", code=callback(qbo.authorize())["code"], redirect_uri=f"{REDIRECT}/x"
    )
    late = callback(qbo.authorize())["code"]
    qbo.sandbox.clock.advance(601)
    too_late = qbo.token(grant_type="authorization_code", code=late, redirect_uri=REDIRECT)
    assert [answer.content for answer in (again, elsewhere, too_late)] == [INVALID_GRANT] * 3


def test_the_token_answer_has_the_documented_fields(qbo: Client) -> None:
    tokens = qbo.connect()
    assert (tokens["token_type"], tokens["expires_in"], tokens["x_refresh_token_expires_in"]) == (
        "bearer",
        3600,
        8640000,
    )


def _refresh(qbo: Client, value: str) -> Any:
    return qbo.token(grant_type="refresh_token", refresh_token=value)


def test_an_access_token_lasts_an_hour(qbo: Client) -> None:
    qbo.get("Customer", "1")
    qbo.sandbox.clock.advance(3601)
    answer = qbo.call("GET", "customer/1")
    assert answer.status_code == 401
    document = answer.json()
    assert document["fault"]["type"] == "AUTHENTICATION"
    assert document["fault"]["error"][0]["code"] == "3200"
    assert document["fault"]["error"][0]["message"] == "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    assert document["batchItemResponse"] == []
    qbo.tokens = _refresh(qbo, qbo.tokens["refresh_token"]).json()
    assert qbo.get("Customer", "1")["Id"] == "1"


def test_the_refresh_token_changes_its_value_once_a_day(qbo: Client) -> None:
    first = qbo.connect()["refresh_token"]
    assert _refresh(qbo, first).json()["refresh_token"] == first
    qbo.sandbox.clock.advance(24 * 3600)
    second = _refresh(qbo, first).json()["refresh_token"]
    assert second != first
    answer = _refresh(qbo, first)
    assert (answer.status_code, answer.content) == (400, INVALID_GRANT)
    assert _refresh(qbo, second).status_code == 200


def test_it_can_be_told_to_change_with_every_use(make_client: MakeClient) -> None:
    qbo = make_client(SandboxOptions.unlimited(rotate_always=True))
    first = qbo.connect()["refresh_token"]
    assert _refresh(qbo, first).json()["refresh_token"] != first
    assert _refresh(qbo, first).content == INVALID_GRANT


@pytest.mark.parametrize(("pause", "alive"), [(99, True), (101, False)])
def test_a_refresh_token_lasts_a_hundred_days_from_its_last_use(qbo: Client, pause: int, alive: bool) -> None:
    value = qbo.connect()["refresh_token"]
    for _ in range(2):
        qbo.sandbox.clock.advance(timedelta(days=pause).total_seconds())
        answer = _refresh(qbo, value)
        assert (answer.status_code == 200) is alive
        value = answer.json().get("refresh_token", value)


def test_no_refresh_token_outlives_five_years(make_client: MakeClient) -> None:
    qbo = make_client(SandboxOptions.unlimited(refresh_hard_end=timedelta(days=150)))
    value = qbo.connect()["refresh_token"]
    left = []
    for _ in range(3):
        answer = _refresh(qbo, value)
        value = answer.json().get("refresh_token", value)
        left.append(answer.json().get("x_refresh_token_expires_in"))
        qbo.sandbox.clock.advance(timedelta(days=76).total_seconds())
    assert left[0] > left[1]
    assert left[2] is None


def test_wrong_credentials_are_an_invalid_client(qbo: Client) -> None:
    answer = qbo.token("wrong", grant_type="refresh_token", refresh_token="x")
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
    ],
)
def test_incomplete_token_requests_are_refused(qbo: Client, form: dict[str, str], error: str) -> None:
    answer = qbo.token(**form)
    assert (answer.status_code, answer.json()) == (400, {"error": error})


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
def test_revoking_ends_access_and_refresh(qbo: Client, which: str) -> None:
    tokens = qbo.connect()
    options = qbo.sandbox.options
    answer = requests.post(
        f"{qbo.url}/v2/oauth2/tokens/revoke",
        auth=(options.client_id, options.client_secret),
        json={"token": tokens[which]},
        timeout=5,
    )
    assert (answer.status_code, answer.content) == (200, b"")
    assert qbo.call("GET", "customer/1").status_code == 401
    assert _refresh(qbo, tokens["refresh_token"]).content == INVALID_GRANT


def test_disconnecting_on_the_apps_page_ends_both_too(qbo: Client) -> None:
    tokens = qbo.connect()
    assert qbo.act("disconnect") == {"ended": 1}
    with pytest.raises(Refused, match="3200"):
        qbo.get("Customer", "1")
    assert _refresh(qbo, tokens["refresh_token"]).content == INVALID_GRANT


@pytest.mark.parametrize("realm", [EMPTY_REALM, "123"])
def test_a_token_opens_only_its_own_company(qbo: Client, realm: str) -> None:
    qbo.connect()
    qbo.base = f"{qbo.url}/v3/company/{realm}"
    with pytest.raises(Refused) as refused:
        qbo.get("Customer", "1")
    assert (refused.value.status, refused.value.code) == (403, "3100")
    assert "ApplicationAuthorizationFailed" in refused.value.message
