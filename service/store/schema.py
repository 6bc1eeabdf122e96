"""Bringing a database to the newest schema, and telling whether it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import migrations
from service.store.database import Database


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(database: Database, target: str = "head") -> None:
    """Run every migration that the database lacks.

    On SQLite foreign keys are off meanwhile: rebuilding a table would otherwise silently delete the rows that point to
    it. They are checked before the end.

    :raises RuntimeError: when rows point to nothing afterwards; nothing is kept of the migration then.
    """
    _run(database, lambda config: command.upgrade(config, target))


def downgrade(database: Database, target: str) -> None:
    """Undo migrations down to ``target`` ("base" for all)."""
    _run(database, lambda config: command.downgrade(config, target))


def revision_of(database: Database) -> str | None:
    """Return the revision the database is at; None for one without a schema."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """Return the revision this code needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def is_current(database: Database) -> bool:
    """Tell whether the database has the schema this code needs."""
    return revision_of(database) == newest()


def _run(database: Database, work: Callable[[Config], None]) -> None:
    config = _config()
    engine = database.engine.execution_options(tieout_writes=True)
    with engine.connect() as connection, _without_foreign_keys(database, connection):
        config.attributes["connection"] = connection
        work(config)
        if database.is_sqlite:
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                message = f"{len(broken)} rows point to rows that do not exist"
                raise RuntimeError(message)
        connection.commit()


@contextmanager
def _without_foreign_keys(database: Database, connection: Connection) -> Iterator[None]:
    if not database.is_sqlite:
        yield
        return
    # A pragma has no effect inside a transaction, so it goes to the driver before one begins.
    raw: Any = connection.connection.driver_connection
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.rollback()
        raw.execute("PRAGMA foreign_keys=ON")
