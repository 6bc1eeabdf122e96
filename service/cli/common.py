"""What commands share: the platform, the organisation, exit statuses, JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.ids import new_id
from service.logs import configure_logs
from service.settings import Settings, load_settings
from service.store import schema
from service.store.accounts import Organisation
from service.store.queries import organisations
from service.store.queries.connections import all_of
from service.sync.platform import Platform, build_platform

NEEDS_A_PERSON = 1
DEFAULT_ORGANISATION = "My company"


def open_platform(*, level: str = "WARNING", **overrides: Any) -> Platform:
    """Read the settings and open the database at its newest schema.

    :raises SettingsError: a setting is wrong or missing.
    :raises click.ClickException: the database can't be opened, or has an older schema.
    """
    configure_logs(level=level)
    return open_with(load_settings(env_file=Path(".env"), **overrides))


def open_with(settings: Settings) -> Platform:
    """Open the database that settings name; on SQLite its schema is brought up to date by itself.

    :raises click.ClickException: the database can't be opened, or has an older schema.
    """
    platform = build(settings)
    try:
        if settings.on_sqlite:
            schema.upgrade(platform.database)
        elif not schema.is_current(platform.database):
            message = "the database has an older schema: run 'tieout db upgrade' first"
            raise click.ClickException(message)
    except SQLAlchemyError as error:
        raise click.ClickException(database_fault(error)) from error
    return platform


def build(settings: Settings) -> Platform:
    """Build the platform that settings describe, for the length of a command; no schema is asked for.

    :raises click.ClickException: the folder of an SQLite file can't be made.
    """
    try:
        platform = build_platform(settings)
    except OSError as error:
        message = f"TIEOUT_DATABASE_URL: the database can't be opened ({error.strerror})"
        raise click.ClickException(message) from error
    context = click.get_current_context(silent=True)
    if context is not None:
        context.call_on_close(platform.database.close)
    return platform


def database_fault(error: SQLAlchemyError) -> str:
    """Return in one line what is wrong with the database; the driver's words name no password."""
    told = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    return f"TIEOUT_DATABASE_URL: the database can't be used ({told or type(error).__name__})"


def organisation_id(session: Session, name: str | None) -> str:
    """Return the organisation of that name, made if need be; without a name the first one.

    :raises click.ClickException: there are several and none was named.
    """
    known = organisations.all_of(session)
    if name is None and len(known) > 1:
        names = ", ".join(one.name for one in known)
        message = f"there are several organisations, so name one with --organisation: {names}"
        raise click.ClickException(message)
    found = next((one for one in known if name is None or one.name == name), None)
    if found is None:
        found = Organisation(id=new_id(), name=name or DEFAULT_ORGANISATION)
        session.add(found)
        session.flush()
    return found.id


@dataclass(frozen=True, slots=True)
class Chosen:
    """One connection that a command works on."""

    id: str
    organisation_id: str
    label: str
    state: str


def chosen_connections(platform: Platform, connection_id: str | None) -> list[Chosen]:
    """Return the named connection, or all of them but those that were taken off.

    :raises click.ClickException: there is no such connection, or none at all.
    """
    with platform.database.read() as session:
        found = [
            Chosen(
                row.id,
                organisation.id,
                f"{platform.provider(row.provider).package} · {row.organisation_name or 'not connected yet'}",
                row.state,
            )
            for organisation in organisations.all_of(session)
            for row in all_of(session, organisation.id)
            if row.id == connection_id or (connection_id is None and row.state != "disconnected")
        ]
    if not found:
        message = "there is no such connection" if connection_id else "there is no connection yet"
        raise click.ClickException(message)
    return found


def print_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))
