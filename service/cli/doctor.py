"""``tieout doctor``: whether everything is there that the service needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import click
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.cli.common import build, print_json
from service.core.errors import SyncError
from service.logs import configure_logs
from service.settings import SettingsError, load_settings
from service.store import schema
from service.store.queries import organisations
from service.store.queries.connections import all_of
from service.store.sync_models import ConnectionRow, CredentialRow
from service.store.vault import VaultError
from service.sync.platform import Platform
from service.sync.tokens import unseal

#: What is checked, what is wrong with it (None: nothing), what to say when nothing is.
Check: TypeAlias = tuple[str, str | None, str]

_YEARS = range(2025, 2100)
#: How long before its end a permission is worth a word.
_SOON = timedelta(days=14)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def doctor(as_json: bool) -> None:  # noqa: FBT001  (click passes flags by name)
    """Check configuration, database, keys, clock and connections: a line per check, exit 1 if one fails."""
    configure_logs(level="ERROR")
    checks = [*_checks()]
    if as_json:
        print_json([{"check": name, "ok": fault is None, "message": fault or said} for name, fault, said in checks])
    else:
        for name, fault, said in checks:
            click.echo(f"{'ok  ' if fault is None else 'FAIL'} {name}: {fault or said}")
    if any(fault is not None for _, fault, _ in checks):
        raise click.exceptions.Exit(1)


def _checks() -> Iterator[Check]:
    yield "clock", _clock(), "the year is plausible"
    try:
        platform = build(load_settings(env_file=Path(".env")))
    except (SettingsError, click.ClickException) as error:
        yield "configuration", str(error), ""
        return
    yield "configuration", None, "every setting can be read"
    fault = _database(platform)
    yield "database", fault, f"at revision {schema.newest()}"
    if fault is not None:
        return
    credentials = _credentials(platform)
    yield "keys", _keys(platform, credentials), f"{len(credentials)} stored permissions can be read"
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
    if current == schema.newest():
        return None
    return f"{f'at revision {current}' if current else 'has no schema yet'}: run 'tieout db upgrade'"


def _clock() -> str | None:
    now = datetime.now(UTC)
    return None if now.year in _YEARS else f"says {now.isoformat()}"


def _is_used(platform: Platform, name: str) -> bool:
    with platform.database.read() as session:
        return any(row.provider == name for one in organisations.all_of(session) for row in all_of(session, one.id))


def _credentials(platform: Platform) -> list[CredentialRow]:
    """Return the permissions that connections use."""
    with platform.database.read() as session:
        rows = [row for one in organisations.all_of(session) for row in all_of(session, one.id)]
        used = {row.credential_id for row in rows if row.credential_id and row.state != "disconnected"}
        return [session.get_one(CredentialRow, one) for one in sorted(used)]


def _keys(platform: Platform, credentials: list[CredentialRow]) -> str | None:
    for credential in credentials:
        try:
            unseal(platform, credential)
        except (VaultError, SyncError) as error:
            return str(error)
    return None


def _connections(platform: Platform) -> Iterator[Check]:
    with platform.database.read() as session:
        for organisation in organisations.all_of(session):
            for row in all_of(session, organisation.id):
                yield f"connection {row.id}", _standing(platform, session, row), row.state.replace("_", " ")


def _standing(platform: Platform, session: Session, row: ConnectionRow) -> str | None:
    if row.state in ("pending", "disconnected"):
        return None
    credential = session.get(CredentialRow, row.credential_id) if row.credential_id else None
    if row.state == "needs_reauth" or credential is None:
        return "a person has to connect it again"
    ends = credential.refresh_expires_at
    if ends is not None and ends - platform.clock() < _SOON:
        return f"the permission ends on {ends.date().isoformat()}: connect it again before"
    return None
