"""How the day begins: two stand-in packages with a company for everybody, and a connection to each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

from sandbox import quickbooks, xero
from sandbox.common.clock import Clock
from sandbox.common.server import Running, serve
from service.settings import load_settings
from service.store import schema
from service.store.accounts import Organisation
from service.store.sync_models import ConnectionRow
from service.sync import connect, consenting
from service.sync.platform import Platform, build_platform
from tests.day.company import Books
from tests.support.keys import KEYS
from tests.sync.office import MovedClock, Office

Packages = Sequence[Running]

#: Seconds between two syncs of a connection.
INTERVAL = 900
#: Connections at most that share one consent, and so its tokens.
SHARED = 4


@contextmanager
def packages(connections: int, clock: Clock) -> Iterator[Packages]:
    """Serve both packages at their documented limits, with so many companies together."""
    clock.freeze()
    first, second = connections - connections // 2, connections // 2
    accounts = xero.SandboxOptions(books=("empty",) * first, clock=clock)
    books = quickbooks.SandboxOptions(books=("empty",) * second, clock=clock, rotate_always=True, auto_consent=True)
    running = [serve(xero.create_sandbox(accounts)), serve(quickbooks.create_sandbox(books))]
    try:
        yield running
    finally:
        for one in running:
            one.stop()


def settings_of(servers: Packages, url: str) -> dict[str, Any]:
    """Return the settings of a service on this database that works with both packages."""
    told = {
        name.removeprefix("TIEOUT_").lower(): value for server in servers for name, value in server.settings.items()
    }
    return told | KEYS | {"database_url": url, "sync_interval": INTERVAL, "provider_timeout": 30}


def platform_of(servers: Packages, url: str, clock: Clock) -> Platform:
    """Return a platform of the people's own, on the packages' clock, with a database that is ready."""
    built = build_platform(load_settings(env_file=None, **settings_of(servers, url)), clock=clock)
    schema.upgrade(built.database)
    return MovedClock(**{part.name: getattr(built, part.name) for part in fields(built)})


def connect_all(platform: Platform, servers: Packages, random: Random) -> list[Books]:
    """Connect each company; the first few share one consent, as those of one practice do."""
    xero_server, quickbooks_server = servers
    tenants: list[str] = list(xero_server.sandbox.organisations)  # type: ignore[attr-defined]  # this stand-in has them
    realms: list[str] = list(quickbooks_server.sandbox.companies)  # type: ignore[attr-defined]  # likewise
    books = [Books(_connected(platform, xero_server, tenant), tenant, random) for tenant in tenants]
    with platform.database.write() as session:
        shared = [session.get_one(ConnectionRow, one.office.connection_id) for one in books[: min(SHARED, len(books))]]
        for row in shared:
            row.credential_id = shared[-1].credential_id
    for realm in realms:
        quickbooks_server.sandbox.act("choose_company", {"realm": realm})
        books.append(Books(_connected(platform, quickbooks_server, realm), realm, random))
    return books


def consent(server: Running, authorize_url: str, tenant_id: str) -> dict[str, str]:
    """Allow access to a company on the package's page; return what the browser brings back."""
    if server.sandbox.name == "xero":
        page = requests.get(authorize_url, timeout=30).text
        request_id = re.findall(r'name="request_id" value="([^"]+)"', page)[0]
        chosen = {"request_id": request_id, "tenant_id": tenant_id, "answer": "allow"}
        address = urljoin(server.url, "/identity/connect/consent")
        answer = requests.post(address, data=chosen, allow_redirects=False, timeout=30)
    else:
        server.sandbox.act("choose_company", {"realm": tenant_id})
        answer = requests.get(authorize_url, allow_redirects=False, timeout=30)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def _connected(platform: Platform, server: Running, tenant_id: str) -> Office:
    with platform.database.write() as session:
        organisation = Organisation(name=f"Office {tenant_id[-4:]}", currency="USD")
        session.add(organisation)
        session.flush()
        organisation_id = organisation.id
    name = server.sandbox.name
    started = connect.start(platform, organisation_id=organisation_id, provider=name, actor="user:ann")
    arguments = consent(server, started.authorize_url, tenant_id)
    connection_id = consenting.complete(platform, provider=name, arguments=arguments)
    return Office(platform, server, organisation_id, connection_id)
