"""A whole service beside a stand-in package, used through HTTP alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from werkzeug.test import TestResponse

from sandbox.common.server import Running
from service.api.openapi import Api
from service.api.services import provide
from service.app import create_app
from service.store.accounts import Role
from service.sync import run as running
from service.sync.addresses import remote_url
from service.sync.platform import Platform
from service.web.attempt import Attempts
from service.web.parts import provide as give_pages
from tests.api.conftest import Caller, join
from tests.sync.office import open_office

#: The application of one desk after the other, once it is made: its routes take long.
_LENT: list[Api] = []


@dataclass(frozen=True)
class AtOnce:
    """Does what is asked for before the answer is given."""

    platform: Platform

    def wake(self, connection_id: str) -> None:
        """Do the run that waits, if one does."""
        running.perform(self.platform, connection_id)


@dataclass
class Desk:
    """Everybody with a token, in front of one connection."""

    app: Api
    platform: Platform
    package: Running
    admin: Caller
    accountant: Caller
    viewer: Caller
    stranger: Caller
    organisation_id: str
    connection_id: str = ""

    @property
    def base(self) -> str:
        """Path of the connection."""
        return f"/connections/{self.connection_id}"

    def begin(self) -> str:
        """Start a connection; return where the browser has to go."""
        made = self.admin.created("/connections", {"provider": self.package.sandbox.name})
        self.connection_id = made["id"]
        return str(made["authorize_url"])

    def callback(self, **arguments: str) -> TestResponse:
        """Come back from the consent page, without a token."""
        path = f"/oauth/{self.package.sandbox.name}/callback"
        return self.app.test_client().get(path, query_string=arguments)

    def connection(self) -> dict[str, Any]:
        """Return the connection's document."""
        return read(self.viewer, self.base)

    def customer(self, customer_id: str) -> dict[str, Any]:
        """Return how a customer stands at the connection."""
        return at_connection(read(self.viewer, f"/customers/{customer_id}"))

    def sync(self) -> dict[str, Any]:
        """Ask for a sync and wait for it."""
        answer = self.accountant.send("POST", f"{self.base}/sync", query_string={"wait": 60})
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.get_json()
        return document


def app_of(platform: Platform) -> Api:
    """Return an application that works for this platform, and no longer for the one before."""
    runner = AtOnce(platform)
    if not _LENT:
        _LENT.append(create_app(platform, runner))
    (app,) = _LENT
    app.testing = True
    pages, services = app.extensions["tieout_pages"], app.extensions["tieout_services"]
    given = {"platform": platform, "runner": runner}
    give_pages(app, replace(pages, attempts=Attempts(platform.clock), **given))
    at_package = partial(remote_url, platform)
    own = {"database": platform.database, "clock": platform.clock, "remote_url": at_package}
    provide(app.extensions, replace(services, **own, **given))
    return app


def open_desk(package: Running, database_url: str, **settings: Any) -> Desk:
    """Open a service on an empty database, with a company that is not connected yet."""
    office = open_office(package, database_url, **settings)
    platform = office.platform
    app = app_of(platform)

    def somebody(role: Role) -> Caller:
        return join(platform.database, app, role=role, organisation_id=office.organisation_id)

    return Desk(
        app=app,
        platform=platform,
        package=package,
        admin=somebody(Role.ADMIN),
        accountant=somebody(Role.ACCOUNTANT),
        viewer=somebody(Role.VIEWER),
        stranger=join(platform.database, app, role=Role.ADMIN),
        organisation_id=office.organisation_id,
    )


def consent(authorize_url: str) -> dict[str, str]:
    """Agree on the package's page; return what it sends back with the browser."""
    answer = requests.get(authorize_url, allow_redirects=False, timeout=10)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def connect(desk: Desk) -> Desk:
    """Connect the company; nothing is decided yet."""
    answer = desk.callback(**consent(desk.begin()))
    assert answer.status_code == 303, answer.text
    return desk


def go_live(desk: Desk) -> Desk:
    """Connect the company and go live."""
    answer = connect(desk).admin.post(f"{desk.base}/go-live")
    assert answer.status_code == 200, answer.text
    return desk


def read(caller: Caller, path: str, **query: Any) -> dict[str, Any]:
    """Return a document."""
    answer = caller.get(path, **query)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.get_json()
    return document


def at_connection(record: dict[str, Any]) -> dict[str, Any]:
    """Return how a record stands at its only connection."""
    (state,) = record["sync"]
    document: dict[str, Any] = state
    return document
