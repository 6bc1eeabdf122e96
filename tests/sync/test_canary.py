"""Secrets of every kind are followed through a connection's whole life: none is found where it must not be."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import structlog
from sqlalchemy import select

from sandbox.common.faults import FaultKind, FaultRule, When
from sandbox.common.server import Running
from service.logs import OWN_LOGGERS, configure_logs
from service.store.base import Base
from service.store.sync_models import ConsentRow, CredentialRow
from service.sync import connect, consenting
from service.sync.tokens import TokenSource, unseal
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office, gone_live, open_office

_OWN = {
    "secret_key": "canary-of-the-session-key",
    "encryption_keys": "canary-of-the-encryption-key",
    "smtp_url": "smtp://books:canary-of-the-mail-server@127.0.0.1:2525",
    "mail_from": "books@office.example",
}
_WEBHOOKS = {"xero": "xero_webhook_key", "quickbooks": "qbo_webhook_verifier"}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Give everything that the service and its libraries say, down to the smallest."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, {name: logging.getLogger(name).level for name in OWN_LOGGERS})
    stream = io.StringIO()
    configure_logs(stream=stream, level="DEBUG")
    root.setLevel(logging.DEBUG)
    yield stream
    root.handlers = before[0]
    root.setLevel(before[1])
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def opened(package: Running, prepared_database_url: str) -> Iterator[Office]:
    """Give an organisation whose settings hold canaries."""
    office = open_office(package, prepared_database_url, **_given(package))
    yield office
    office.platform.database.close()


def _given(package: Running) -> dict[str, str]:
    return {**_OWN, _WEBHOOKS[package.sandbox.name]: "canary-of-the-webhooks"}


class Canaries:
    """The secrets that were met so far, by what they are."""

    def __init__(self, office: Office, given: Mapping[str, str]) -> None:
        self._office = office
        self.known = {name: value for name, value in given.items() if name != "mail_from"}
        self.known["mail password"] = "canary-of-the-mail-server"
        del self.known["smtp_url"]

    def of_consent(self, authorize_url: str) -> str:
        """Go through a consent; remember its state, verifier and code; return the connection's id."""
        answer = requests.get(authorize_url, allow_redirects=False, timeout=10)
        arguments = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
        with self._office.platform.database.read() as session:
            verifier = session.scalars(select(ConsentRow.code_verifier).order_by(ConsentRow.id.desc())).first()
        assert verifier is not None
        self.known[f"verifier {len(self.known)}"] = verifier
        self.known |= {f"state {len(self.known)}": arguments["state"], f"code {len(self.known)}": arguments["code"]}
        name = self._office.package.sandbox.name
        connection_id = consenting.complete(self._office.platform, provider=name, arguments=arguments)
        self.of_vault()
        return connection_id

    def of_vault(self) -> None:
        """Remember the tokens as they are now."""
        platform = self._office.platform
        with platform.database.read() as session:
            for row in session.scalars(select(CredentialRow).where(CredentialRow.dead_at.is_(None))):
                tokens = unseal(platform, row)
                number = len(self.known)
                self.known |= {f"access {number}": tokens.access_token, f"refresh {number}": tokens.refresh_token}

    def found_in(self, text: str) -> list[str]:
        """Name the secrets that a text holds."""
        return sorted(name for name, value in self.known.items() if value in text)


def _dump(office: Office) -> str:
    """Return every value of every table, as text."""
    told: list[str] = []
    with office.platform.database.read() as session:
        for table in Base.metadata.sorted_tables:
            told += [f"{table.name}: {tuple(row)!r}" for row in session.execute(select(table))]
    return "\n".join(told)


def test_no_secret_is_found_in_logs_errors_events_or_the_database(
    opened: Office, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, package = opened, opened.package
    name = package.sandbox.name
    canaries = Canaries(office, _given(package))
    client_secret = office.platform.settings.provider(name).client_secret
    assert client_secret is not None
    canaries.known["client secret"] = client_secret.get_secret_value()
    started = connect.start(office.platform, organisation_id=office.organisation_id, provider=name, actor="user:ann")
    office = replace(office, connection_id=canaries.of_consent(started.authorize_url))
    client = office.add_customer(name="Acme")
    office = gone_live(office)
    office.sync()
    _echo_our_header(package, canaries)
    office.edit_customer(client, email="new@acme.example")
    office.settled()
    with office.platform.database.read() as session:
        credential_id = session.scalars(select(CredentialRow.id)).one()
    TokenSource(office.platform, credential_id).renew()
    canaries.of_vault()
    _break_inside(office, canaries, monkeypatch)
    Bookkeeper(package.sandbox).disconnect()
    assert office.sync().state == "failed"
    where = {"organisation_id": office.organisation_id, "connection_id": office.connection_id}
    canaries.of_consent(connect.reconnect(office.platform, actor="user:ann", **where).authorize_url)
    office.settled()
    connect.disconnect(office.platform, actor="user:ann", **where)
    assert len(canaries.known) >= 12
    assert len(log.getvalue().splitlines()) > 20
    assert canaries.found_in(log.getvalue()) == []
    assert canaries.found_in(_dump(office)) == []
    url = office.platform.settings.database
    if url.get_backend_name() == "sqlite":
        office.platform.database.close()
        files = Path(str(url.database)).parent.glob("tieout.db*")
        assert canaries.found_in("".join(one.read_bytes().decode("latin-1") for one in files)) == []


def _echo_our_header(package: Running, canaries: Canaries) -> None:
    """Let the package say our own permission back in an error, as careless gateways do."""
    canaries.of_vault()
    access = [value for name, value in canaries.known.items() if name.startswith("access")][-1]
    said = f'refused: {{"Authorization": "Bearer {access}"}} access_token={access}'
    struck = FaultRule(
        kind=FaultKind.STATUS, when=When.BEFORE, method="POST|PUT", path="^/(v3|api)", status=500, message=said
    )
    package.sandbox.faults.add(struck)


def _break_inside(office: Office, canaries: Canaries, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run meet an error of our own that carries everything."""

    def fail(*_: object, **__: object) -> None:
        access = [value for name, value in canaries.known.items() if name.startswith("access")][-1]
        raise RuntimeError(f"unexpected: Authorization: Bearer {access}")

    with monkeypatch.context() as patched:
        patched.setattr("service.sync.brake.check", fail)
        assert (office.sync().problem or {}).get("kind") == "internal"


def test_the_search_itself_finds_what_is_planted(opened: Office, log: io.StringIO) -> None:
    canaries = Canaries(opened, _given(opened.package))
    structlog.get_logger("service").warning("said by mistake", remark=f"it is {_OWN['secret_key']}")
    opened.add_customer(name=_OWN["encryption_keys"])
    assert canaries.found_in(log.getvalue()) == ["secret_key"]
    assert canaries.found_in(_dump(opened)) == ["encryption_keys"]
