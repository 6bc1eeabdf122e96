"""Commands that keep running: the web and API, the worker, the scheduler, a sandbox; and the database's schema."""

from __future__ import annotations

import gc
import signal
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event

import click
from waitress.server import create_server

import sandbox as sandboxes
from sandbox.common.server import banner
from scheduler.clockwork import Clockwork
from service.cli.common import build, open_platform
from service.logs import configure_logs
from service.settings import load_settings
from service.store import schema
from service.sync.platform import Elsewhere, Platform, Runner

#: Requests served at the same time; a request that waits for a run holds one.
THREADS = 16
#: Objects made and still held before the collector looks through them: more than a chunk of records takes.
_COLLECT_AFTER = 200_000


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=int)
@click.option("--embedded", is_flag=True, help="Also work and schedule in this process (the default on SQLite).")
def serve(host: str, port: int, embedded: bool) -> None:  # noqa: FBT001  (click passes flags by name)
    """Serve the pages and the API."""
    platform = open_platform(level="INFO")
    clockwork = Clockwork(platform) if embedded or platform.settings.on_sqlite else None
    try:
        run_server(platform, clockwork or Elsewhere(), host, port, ready=partial(_ready, clockwork))
    except KeyboardInterrupt:
        click.echo("stopping", err=True)
    finally:
        if clockwork is not None:
            clockwork.stop()


def _ready(clockwork: Clockwork | None, address: str) -> None:
    if clockwork is not None:
        clockwork.start()
    click.echo(f"Tieout listens on {address}", err=True)


def run_server(
    platform: Platform, runner: Runner, host: str, port: int, *, ready: Callable[[str], None] | None = None
) -> None:
    """Serve until the process is told to stop.

    :param ready: is told the address once requests are taken.
    :raises click.ClickException: nothing can listen there.
    """
    from service.app import create_app  # the pages take a while to import, and other commands need none

    signal.signal(signal.SIGTERM, lambda *_: _interrupt())
    listening = _listen(host, port)
    server = create_server(
        create_app(platform, runner),
        sockets=[listening],
        threads=THREADS,
        ident="tieout",
        clear_untrusted_proxy_headers=True,
    )
    keep_what_is_loaded()
    try:
        if ready is not None:
            ready(f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}")
        server.run()
    finally:
        server.close()


def keep_what_is_loaded() -> None:
    """Take what was loaded to begin with out of the collector's sight: looking through it again frees nothing.

    What comes later is looked through less often: a chunk of records is held until it is sent, and has no circles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 100)


def _listen(host: str, port: int) -> socket.socket:
    """Bind here, because the server would leave its socket open where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, OverflowError) as error:  # a port past the last one: OverflowError
        message = f"port {port} of {host} can't be used ({getattr(error, 'strerror', None) or error})"
        raise click.ClickException(message) from error


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
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    clockwork = Clockwork(open_platform(level="INFO"), works=works, schedules=schedules)
    keep_what_is_loaded()
    clockwork.start()
    click.echo(f"Tieout {'works' if works else 'keeps the schedule'}", err=True)
    stopped.wait()
    click.echo("stopping", err=True)
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
    signal.signal(signal.SIGTERM, lambda *_: _interrupt())
    click.echo(banner(running))
    try:
        running.wait()
    except KeyboardInterrupt:
        click.echo("stopping", err=True)
    finally:
        running.stop()


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
def upgrade() -> None:
    """Bring the database to the newest schema."""
    configure_logs(level="WARNING")
    platform = build(load_settings(env_file=Path(".env")))
    schema.upgrade(platform.database)
    click.echo(f"The database is at revision {schema.revision_of(platform.database)}.", err=True)
