"""``tieout doctor``: is everything there that the service needs?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from service.cli.common import print_json
from service.core.errors import SyncError
from service.logs import configure_logs
from service.settings import load_settings
from service.store import schema
from service.store.queries import organisations
from service.store.queries.connections import all_of
from service.store.sync_models import CredentialRow
from service.store.vault import VaultError
from service.sync.platform import Platform, build_platform
from service.sync.tokens import unseal

_YEARS = range(2025, 2100)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def doctor(as_json: bool) -> None:  # noqa: FBT001  (click passes flags by name)
    """Check configuration, database, keys, clock and connections: a line per check, exit 1 if one fails."""
    configure_logs(level="ERROR")
    platform = build_platform(load_settings(env_file=Path(".env")))
    checks = [("configuration", None, "every setting can be read"), *_checks(platform)]
    if as_json:
        print_json([{"check": name, "ok": fault is None, "message": fault or said} for name, fault, said in checks])
    else:
        for name, fault, said in checks:
            click.echo(f"{'ok  ' if fault is None else 'FAIL'} {name}: {fault or said}")
    if any(fault is not None for _, fault, _ in checks):
        raise click.exceptions.Exit(1)


def _checks(platform: Platform) -> Iterator[tuple[str, str | None, str]]:
    fault = _database(platform)
    yield "database", fault, f"at revision {schema.newest()}"
    yield "clock", _clock(), "the year is plausible"
    if fault is not None:
        return
    for name, settings in ((name, platform.settings.provider(name)) for name in platform.providers):
        used = _is_used(platform, name)
        missing = f"{', '.join(settings.missing)} not set" if settings.missing and used else None
        said = "not set up, and not used" if settings.missing else "the app's credentials are set"
        yield platform.provider(name).package, missing, said
    yield from _connections(platform)


def _database(platform: Platform) -> str | None:
    try:
        current = schema.revision_of(platform.database)
    except SQLAlchemyError as error:
        return f"can't be opened ({type(error).__name__})"
    return None if current == schema.newest() else f"at revision {current}: run 'tieout db upgrade'"


def _clock() -> str | None:
    now = datetime.now(UTC)
    return None if now.year in _YEARS else f"says {now.isoformat()}"


def _is_used(platform: Platform, name: str) -> bool:
    with platform.database.read() as session:
        return any(row.provider == name for one in organisations.all_of(session) for row in all_of(session, one.id))


def _connections(platform: Platform) -> Iterator[tuple[str, str | None, str]]:
    with platform.database.read() as session:
        for organisation in organisations.all_of(session):
            for row in all_of(session, organisation.id):
                credential = session.get(CredentialRow, row.credential_id) if row.credential_id else None
                yield f"connection {row.id}", _credential(platform, row.state, credential), f"{row.state}, keys fit"


def _credential(platform: Platform, state: str, credential: CredentialRow | None) -> str | None:
    if state in ("pending", "disconnected"):
        return None
    if state == "needs_reauth" or credential is None:
        return "a person has to connect it again"
    try:
        unseal(platform, credential)
    except (VaultError, SyncError) as error:
        return str(error)
    ends = credential.refresh_expires_at
    if ends is not None and ends - platform.clock() < timedelta(days=14):
        return f"the permission ends on {ends.date().isoformat()}: connect it again before"
    return None
