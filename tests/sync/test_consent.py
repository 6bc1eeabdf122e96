"""Consents over their whole life: several companies, less than was asked for, ageing, new keys, the wrong browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from cryptography.fernet import Fernet

from sandbox.common.faults import FaultRule
from sandbox.xero.oauth import SignIn
from service.core.consent import Grant, Tokens, ageing, missing_scopes
from service.store.queries import connections as queries
from service.store.sync_models import ConnectionRow, CredentialRow
from service.store.vault import Vault, VaultError
from service.sync import connect, consenting, permission, warnings
from service.sync.tokens import unseal
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office, connected, connection_of, gone_live, reconnected

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def credential_of(office: Office) -> CredentialRow:
    """Return the permission of the connection."""
    with office.platform.database.read() as session:
        row = session.get_one(CredentialRow, connection_of(office).credential_id)
        session.expunge(row)
        return row


def credentials(office: Office) -> int:
    """Return how many permissions are kept."""
    with office.platform.database.read() as session:
        return session.query(CredentialRow).count()


def all_connections(office: Office) -> Sequence[ConnectionRow]:
    """Return the organisation's connections."""
    with office.platform.database.read() as session:
        rows = queries.all_of(session, office.organisation_id)
        session.expunge_all()
        return rows


def given_back(office: Office) -> list[int | None]:
    """Return how the package answered each time that a permission was given back."""
    seen = office.package.sandbox.log.seen
    return [one.status for one in seen if "revo" in one.path or one.method == "DELETE"]


def sent_back(office: Office) -> Mapping[str, str]:
    """Begin a consent and agree; return what the browser brings back."""
    name = office.package.sandbox.name
    started = connect.start(office.platform, organisation_id=office.organisation_id, provider=name, actor="user:ann")
    answer = requests.get(started.authorize_url, allow_redirects=False, timeout=10)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def test_the_browser_of_another_organisation_completes_no_consent(office: Office) -> None:
    arguments = sent_back(office)
    name = office.package.sandbox.name
    with pytest.raises(consenting.ConsentRefused, match="begun elsewhere"):
        consenting.complete(office.platform, provider=name, arguments=arguments, signed_in_to="another")
    own = office.organisation_id
    assert consenting.complete(office.platform, provider=name, arguments=arguments, signed_in_to=own)


def test_a_state_is_good_once_and_for_half_an_hour(office: Office) -> None:
    name = office.package.sandbox.name
    arguments = sent_back(office)
    consenting.complete(office.platform, provider=name, arguments=arguments)
    for again in (arguments, {**arguments, "state": "made up"}, {"code": "x"}):
        with pytest.raises(consenting.ConsentRefused, match="already used or has expired"):
            consenting.complete(office.platform, provider=name, arguments=again)


def test_companies_of_one_consent_share_its_permission_until_one_is_let_go(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow = SignIn.allow

    def allow_all(self: SignIn, request_id: str, tenant_id: str) -> dict[str, str]:
        answer = allow(self, request_id, tenant_id)
        chosen = self.connections[tenant_id]
        for one in getattr(office.package.sandbox, "organisations", {}):
            if one != tenant_id:
                self.connections[one] = replace(chosen, tenant_id=one, connection_id=f"tie to {one}")
        return answer

    def found() -> list[str | None]:
        with office.platform.database.read() as session:
            reached = consenting.companies(session, office.organisation_id, first.connection_id)
            return [one.connection_id for one in reached]

    monkeypatch.setattr(SignIn, "allow", allow_all)
    first = connected(office)
    if office.package.sandbox.name != "xero":
        assert found() == [first.connection_id], "a consent there is for one company"
        return
    assert found() == [first.connection_id, None]
    where: dict[str, Any] = {"organisation_id": office.organisation_id, "connection_id": first.connection_id}
    with office.platform.database.read() as session:
        (other,) = [
            one.tenant_id
            for one in consenting.companies(session, office.organisation_id, first.connection_id)
            if one.connection_id is None
        ]
    made = consenting.connect_too(office.platform, tenant_id=other, actor="user:ann", **where)
    assert found() == [first.connection_id, made]
    for tenant_id in (other, "unknown"):
        with pytest.raises(connect.WrongState):
            consenting.connect_too(office.platform, tenant_id=tenant_id, actor="user:ann", **where)
    second = replace(office, connection_id=made)
    for one in (first, second):
        gone_live(one)
        office.platform.pause(3600)  # whoever comes first renews the token for both
        assert (one.sync().state, credentials(office)) == ("succeeded", 1)
    connect.disconnect(office.platform, organisation_id=office.organisation_id, connection_id=made, actor="user:ann")
    assert given_back(office) == [204]
    assert (first.sync().state, connection_of(second).state, found()) == (
        "succeeded", "disconnected", [first.connection_id],
    )  # fmt: skip


def test_less_than_was_asked_for_is_refused_in_a_sentence_and_given_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    scopes = "openid accounting.contacts"
    assert missing_scopes(["openid", "email", "accounting.contacts", "accounting.payments"], scopes) == (
        "accounting.payments",
    )
    assert missing_scopes(["accounting.contacts"], "") == ()
    name, arguments = office.package.sandbox.name, sent_back(office)
    settings = office.platform.settings.provider(name)
    oauth = type(office.platform.provider(name).oauth(settings, clock=office.platform.clock))
    whole = oauth.exchange

    def narrowed(self: Any, **asked: Any) -> Grant:
        grant = whole(self, **asked)
        return replace(grant, tokens=replace(grant.tokens, scope="openid"))

    monkeypatch.setattr(oauth, "exchange", narrowed)
    with pytest.raises(consenting.ConsentRefused, match=r"granted access without .*accounting.* Nothing was connected"):
        consenting.complete(office.platform, provider=name, arguments=arguments)
    (row,) = all_connections(office)
    assert (row.state, row.credential_id, (row.problem or {}).get("kind")) == ("pending", None, "consent_refused")
    assert credentials(office) == 0
    assert given_back(office) in ([200], [204])


def test_a_denied_reconnect_is_no_problem_of_a_connection_that_works(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    where: dict[str, Any] = {"organisation_id": live_office.organisation_id, "connection_id": live_office.connection_id}

    def denied() -> None:
        started = connect.reconnect(live_office.platform, actor="user:ann", **where)
        state = dict(parse_qsl(urlsplit(started.authorize_url).query))["state"]
        arguments, name = {"error": "access_denied", "state": state}, live_office.package.sandbox.name
        with pytest.raises(consenting.ConsentRefused, match="Access was declined"):
            consenting.complete(live_office.platform, provider=name, arguments=arguments)

    denied()
    assert (connection_of(live_office).state, connection_of(live_office).problem) == ("live", None)
    bookkeeper.disconnect()
    live_office.sync()
    lost = connection_of(live_office).problem
    denied()
    assert (connection_of(live_office).state, connection_of(live_office).problem) == ("needs_reauth", lost)


def test_reconnecting_keeps_one_permission(live_office: Office) -> None:
    before = credential_of(live_office)
    reconnected(live_office)
    assert credential_of(live_office).id != before.id
    assert credentials(live_office) == 1


def test_what_another_company_granted_is_given_back(live_office: Office, bookkeeper: Bookkeeper) -> None:
    bookkeeper.prefer_the_other_company()
    with pytest.raises(consenting.ConsentRefused, match="another company"):
        reconnected(live_office)
    assert given_back(live_office) in ([200], [204])
    assert live_office.sync().state == "succeeded", "the company that was connected is not touched"


def test_an_answer_lost_in_rotation_is_survived(live_office: Office) -> None:
    live_office.platform.pause(3700)
    faults = live_office.package.sandbox.faults
    faults.add(FaultRule.from_json({"kind": "drop", "when": "after", "path": "token", "nth": 1}))
    live_office.sync()
    faults.clear()
    live_office.platform.pause(60)
    assert live_office.sync().state == "succeeded"
    assert connection_of(live_office).state == "live"


def test_a_permission_that_nothing_uses_is_kept_alive(live_office: Office) -> None:
    where: dict[str, Any] = {"organisation_id": live_office.organisation_id, "connection_id": live_office.connection_id}
    connect.pause(live_office.platform, actor="user:ann", **where)
    for _ in range(12):
        live_office.platform.pause(timedelta(days=20).total_seconds())
        assert permission.keep_alive(live_office.platform) == 1
        assert permission.keep_alive(live_office.platform) == 0
    connect.resume(live_office.platform, actor="user:ann", **where)
    assert live_office.sync().state == "succeeded"


def test_a_permission_is_given_back_although_its_token_has_ended(live_office: Office) -> None:
    where: dict[str, Any] = {"organisation_id": live_office.organisation_id, "connection_id": live_office.connection_id}
    connect.pause(live_office.platform, actor="user:ann", **where)
    live_office.platform.pause(7200)
    connect.disconnect(live_office.platform, actor="user:ann", **where)
    (told,) = live_office.events("disconnected")
    assert str(told.why).startswith("access was given back at ")
    assert given_back(live_office) in ([200], [204])
    assert credentials(live_office) == 0


def test_a_permission_that_ends_soon_is_told_of_weeks_ahead(live_office: Office) -> None:
    def told() -> list[str]:
        with live_office.platform.database.read() as session:
            row = queries.get(session, live_office.organisation_id, live_office.connection_id)
            return [one.message for one in warnings.warnings_of(live_office.platform, session, row)]

    assert told() == []
    ends_at = credential_of(live_office).refresh_expires_at
    assert ends_at is not None
    live_office.platform.pause((ends_at - live_office.platform.clock() - timedelta(days=20)).total_seconds())
    (sentence,) = told()
    assert "in 20 days" in sentence or "in 19 days" in sentence
    assert "every link is kept" in sentence


@pytest.mark.parametrize(
    ("days", "words"), [(31, None), (30, "in 30 days"), (1, "tomorrow"), (0, "today"), (-3, "today")]
)
def test_the_warning_counts_days(live_office: Office, days: int, words: str | None) -> None:
    now = live_office.platform.clock()
    found = ageing(now + timedelta(days=days), now, package="Books")
    assert (found is None) == (words is None)
    assert words is None or found is None or words in found.message


def test_keys_are_rotated_and_the_old_one_is_no_longer_needed(live_office: Office) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    before = unseal(live_office.platform, credential_of(live_office))
    with live_office.platform.database.write() as session:
        row = session.get_one(CredentialRow, connection_of(live_office).credential_id)
        secret = live_office.platform.vault.open(row.id, row.ciphertext)
        row.ciphertext = Vault([old]).seal(row.id, secret)
    both = replace(live_office.platform, vault=Vault([new, old]))
    assert permission.rotate_keys(both) == 1
    after: Tokens = unseal(replace(live_office.platform, vault=Vault([new])), credential_of(live_office))
    assert after.refresh_token == before.refresh_token
    with pytest.raises(VaultError):
        unseal(replace(live_office.platform, vault=Vault([old])), credential_of(live_office))
    with pytest.raises(VaultError):
        permission.rotate_keys(replace(live_office.platform, vault=Vault([old])))


def test_a_dead_permission_is_not_asked_for_again(live_office: Office, bookkeeper: Bookkeeper) -> None:
    bookkeeper.disconnect()
    live_office.sync()
    live_office.platform.pause(timedelta(days=20).total_seconds())
    seen = len(live_office.package.sandbox.log.seen)
    permission.keep_alive(live_office.platform)
    permission.keep_alive(live_office.platform)
    assert len(live_office.package.sandbox.log.seen) <= seen + 2
