"""Commands that keep running: the web and API, the worker, the scheduler, a sandbox; and the database's schema."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event

import click
from waitress.server import create_server

import sandbox as sandboxes
from sandbox.common.server import banner
from scheduler.clockwork import Clockwork
from service.cli.common import open_platform
from service.logs import configure_logs
from service.settings import load_settings
from service.store import schema
from service.sync.platform import Elsewhere, Platform, Runner, build_platform

#: Requests served at the same time; a request that waits for a run holds one.
THREADS = 16


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=int)
@click.option("--embedded", is_flag=True, help="Also work and schedule in this process (the default on SQLite).")
def serve(host: str, port: int, embedded: bool) -> None:  # noqa: FBT001  (click passes flags by name)
    """Serve the pages and the API."""
    platform = open_platform(level="INFO")
    clockwork = Clockwork(platform) if embedded or platform.settings.on_sqlite else None
    if clockwork is not None:
        clockwork.start()
    click.echo(f"Tieout listens on http://{host}:{port}", err=True)
    try:
        run_server(platform, clockwork or Elsewhere(), host, port)
    finally:
        if clockwork is not None:
            clockwork.stop()


def run_server(platform: Platform, runner: Runner, host: str, port: int) -> None:
    """Serve until the process is told to stop."""
    from service.app import create_app  # noqa: PLC0415  (the pages take a while to import; other commands need none)

    app = create_app(platform, runner)
    server = create_server(
        app, host=host, port=port, threads=THREADS, ident="tieout", clear_untrusted_proxy_headers=True
    )
    signal.signal(signal.SIGTERM, lambda *_: _interrupt())
    try:
        server.run()
    finally:
        server.close()


def _interrupt() -> None:
    raise KeyboardInterrupt


@click.command()
def worker() -> None:
    """Do the runs that are asked for, beside other processes (PostgreSQL)."""
    _tick(works=True, schedules=False)


@click.command()
def scheduler() -> None:
    """Ask for runs when their time has come, beside other processes (PostgreSQL)."""
    _tick(works=False, schedules=True)


def _tick(*, works: bool, schedules: bool) -> None:
    clockwork = Clockwork(open_platform(level="INFO"), works=works, schedules=schedules)
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    clockwork.start()
    stopped.wait()
    clockwork.stop()


@click.command()
@click.argument("name", type=click.Choice(sandboxes.names()))
@click.option("--port", default=0, type=int, help="Port to listen on; a free one if left out.")
def sandbox(name: str, port: int) -> None:
    """Run one stand-in package alone."""
    try:
        running = sandboxes.start(name, port)
    except OSError as error:
        message = f"port {port} can't be used ({error.strerror})"
        raise click.ClickException(message) from error
    click.echo(banner(running))
    signal.signal(signal.SIGTERM, lambda *_: _interrupt())
    try:
        running.wait()
    finally:
        running.stop()


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
def upgrade() -> None:
    """Bring the database to the newest schema."""
    configure_logs(level="WARNING")
    platform = build_platform(load_settings(env_file=Path(".env")))
    schema.upgrade(platform.database)
    click.echo(f"The database is at revision {schema.revision_of(platform.database)}.", err=True)
