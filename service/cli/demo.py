"""``tieout demo``: the main job on sample books, for real, against the stand-in packages."""

from __future__ import annotations

import secrets
import shutil
import socket
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import click
import requests
from rich.console import Console

import sandbox as sandboxes
from scheduler.clockwork import Clockwork
from service import samples
from service.cli.common import open_with
from service.cli.serving import run_server
from service.cli.syncing import report_of, show_table, watch
from service.core.matching import EXACT
from service.logs import configure_logs
from service.records import customers
from service.records.author import Author
from service.records.inputs import CustomerChanges, CustomerInput
from service.records.users import create_user
from service.settings import load_settings
from service.store.accounts import Organisation, Role
from service.sync import connect, consenting, golive, match
from service.sync import run as running
from service.sync.platform import Platform

_FOLDER = Path("var/demo")
_EMAIL = "demo@tieout.example"
_ACTOR = "demo"
#: Seconds between scheduled syncs: long enough to see a record wait.
_INTERVAL = 600
#: The client that is edited once everything is in sync.
_EDITED = "Freeman Sporting Goods"


@click.command()
@click.option("--once", is_flag=True, help="Stop after the table.")
@click.option("--port", default=8000, show_default=True, type=int, help="Port of the dashboard.")
def demo(once: bool, port: int) -> None:  # noqa: FBT001  (click passes flags by name)
    """Load the sample books, connect both stand-in packages, sync, and show the dashboard."""
    configure_logs(level="ERROR")
    if not once:
        _require_port(port)
    shutil.rmtree(_FOLDER, ignore_errors=True)
    console = Console()
    packages = [sandboxes.start(name, auto_consent=True) for name in sandboxes.names()]
    try:
        _demonstrate(console, packages, once=once, port=port)
    finally:
        for package in packages:
            package.stop()


def _require_port(port: int) -> None:
    """Refuse at once what would otherwise fail at the very end.

    :raises click.ClickException: something listens on the dashboard's port.
    """
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        message = f"port {port} can't be used ({error.strerror}); choose another one with --port"
        raise click.ClickException(message) from error


def _demonstrate(console: Console, packages: list[sandboxes.Running], *, once: bool, port: int) -> None:
    platform = _open(packages, port)
    password = secrets.token_urlsafe(9)
    with console.status("Loading the sample books …"):
        organisation_id, edited, counts = _load(platform, password)
    console.print("Sample books: " + ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items()))
    asked = []
    for package in packages:
        with console.status(f"Connecting {package.sandbox.name} …"):
            asked.append(_connect(platform, organisation_id, package.sandbox.name))
    watch(platform, asked)
    reports = [report_of(platform, run.run_id, run.connection_id) for run, _ in asked]
    show_table(console, [label for _, label in asked], reports)
    _after_the_sync(platform, organisation_id, edited)
    if once:
        return
    console.print(f"\nDashboard: [bold]http://localhost:{port}[/bold]")
    console.print(f"Sign in as [bold]{_EMAIL}[/bold] with the password [bold]{password}[/bold]. Ctrl-C ends the demo.")
    _serve(platform, port)


def _open(packages: list[sandboxes.Running], port: int) -> Platform:
    """Open a database of the demo's own, with settings that point at the stand-in packages."""
    found: dict[str, str] = {}
    for package in packages:
        found |= {name.removeprefix("TIEOUT_").lower(): value for name, value in package.settings.items()}
    found["database_url"] = f"sqlite:///{_FOLDER / 'tieout.db'}"
    found["base_url"] = f"http://localhost:{port}"
    found["sync_interval"] = str(_INTERVAL)
    return open_with(load_settings(env_file=None, **found))


def _load(platform: Platform, password: str) -> tuple[str, str, Mapping[str, int]]:
    """Put the sample books into the database; return the organisation, the client to edit later, and the counts."""
    now = platform.clock()
    books = samples.sample_books(now.date())
    with platform.database.write() as session:
        organisation = Organisation(name=books.organisation_name, currency=books.currency, timezone="UTC")
        session.add(organisation)
        session.flush()
        author = Author(organisation_id=organisation.id, actor=_ACTOR, now=now, why="sample books")
        create_user(session, author, email=_EMAIL, password=password, role=Role.ADMIN)
        ids = samples.load(session, author, books)
        edited = next(customer.id for customer in books.customers if customer.name == _EDITED)
        return organisation.id, ids[edited], books.counts


def _connect(platform: Platform, organisation_id: str, provider: str) -> tuple[running.Asked, str]:
    """Go through the consent as a browser would, accept what matches exactly, and ask for the first sync."""
    started = connect.start(platform, organisation_id=organisation_id, provider=provider, actor=_ACTOR)
    answer = requests.get(started.authorize_url, allow_redirects=False, timeout=30)
    answer.raise_for_status()
    arguments = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    connection_id = consenting.complete(platform, provider=provider, arguments=arguments)
    where = {"organisation_id": organisation_id, "connection_id": connection_id}
    match.accept(platform, above=EXACT, actor=_ACTOR, **where)
    rest = [
        (
            one.customer_id,
            one.remote_id,
            "link" if one.confidence >= Decimal("0.95") and not one.ambiguous else "separate",
        )
        for one in match.list_matches(platform, **where)
        if one.decision is None
    ]
    match.decide(platform, decisions=rest, actor=_ACTOR, **where)
    obstacles = golive.go_live(platform, actor=_ACTOR, **where)
    if obstacles:
        raise click.ClickException("; ".join(one.message for one in obstacles[:5]))
    package = platform.provider(provider).package
    asked = running.ask(platform, organisation_id=organisation_id, connection_id=connection_id, actor=_ACTOR)
    return asked, package


def _after_the_sync(platform: Platform, organisation_id: str, edited: str) -> None:
    """Do what a working day does: an edit after the sync, and a prospect who is not sent anywhere."""
    with platform.database.write() as session:
        author = Author(organisation_id=organisation_id, actor=_ACTOR, now=platform.clock())
        prospect = CustomerInput.model_validate(
            {
                "name": "Northgate Prospects",
                "is_customer": False,
                "contacts": [{"first_name": "Nora", "last_name": "Gate", "email": "nora@northgate.example"}],
            }
        )
        customers.create_customer(session, author, prospect)
        customers.change_customer(session, author, edited, CustomerChanges.model_validate({"phone": "+1 415 555 0100"}))


def _serve(platform: Platform, port: int) -> None:
    clockwork = Clockwork(platform)
    clockwork.start()
    try:
        run_server(platform, clockwork, "127.0.0.1", port)
    finally:
        clockwork.stop()
