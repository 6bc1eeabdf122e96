"""The engine and the only two ways to a session: a read, and a unit of writing that commits once at its end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

from service.store import document

_BUSY_MS = 10_000


class Database:
    """One database, on SQLite or on PostgreSQL.

    ``with database.write() as session`` commits when the block ends and rolls back when it raises; nothing else in the
    service commits. On SQLite a unit of writing takes the write lock at once: a lock taken late, after a read, can't
    wait and fails.
    """

    def __init__(self, url: str) -> None:
        """Open the database at an SQLAlchemy URL; makes the folder of an SQLite file."""
        self.url = url
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        options: dict[str, Any] = {"json_serializer": document.written, "json_deserializer": document.read}
        if self.is_sqlite:
            if parsed.database and parsed.database != ":memory:":
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        else:
            # The connection that was given back last comes first: it knows the statements that are asked for now.
            options |= {"pool_size": 10, "max_overflow": 20, "pool_pre_ping": True, "pool_use_lifo": True}
        self.engine: Engine = create_engine(url, **options)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
            event.listen(self.engine, "checkin", _sync_as_usual)
        readers = self.engine.execution_options(tieout_writes=False)
        if not self.is_sqlite:
            event.listen(readers, "before_cursor_execute", _note_change)
        self._sessions = sessionmaker(readers, expire_on_commit=False)
        self._writers = sessionmaker(self.engine.execution_options(tieout_writes=True), expire_on_commit=False)
        lasting = self.engine.execution_options(tieout_writes=True, tieout_lasting=True)
        self._lasting_writers = sessionmaker(lasting, expire_on_commit=False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session for reading; what it changed is thrown away."""
        with self._sessions() as session:
            yield session  # closing it rolls back; what was loaded stays readable
            if not self.is_sqlite and _only_looked(session):
                session.commit()

    @contextmanager
    def write(self, *, lasting: bool = False) -> Iterator[Session]:
        """Give a session for one unit of work, committed as a whole or not at all.

        :param lasting: what is committed survives a power cut as well, at the price of waiting for the disk. For what
            must be known before something happens elsewhere: a write that is about to be sent, a token that has just
            replaced another. PostgreSQL always waits.
        """
        with (self._lasting_writers if lasting else self._writers)() as session:
            yield session
            session.commit()

    def analyse(self) -> None:
        """Let SQLite count what stands in its indexes, by which it chooses among them; takes seconds for a gigabyte.

        Without these figures a search among 100,000 customers takes a hundred times as long. PostgreSQL keeps its own.
        """
        if self.is_sqlite:
            with self.write() as session:
                session.execute(text("ANALYZE"))
            self.engine.dispose()  # connections read the figures when they are opened

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _note_change(connection: Connection, _cursor: object, statement: str, _values: object, *_rest: object) -> None:
    if not statement.startswith(("SELECT", "WITH")):
        connection.info["tieout_changed"] = True


def _only_looked(session: Session) -> bool:
    """Tell whether nothing was changed, so that a transaction may as well be committed.

    After a rollback psycopg forgets the statements that it has prepared, and PostgreSQL plans each of them anew.
    """
    if not (session.is_active and session.in_transaction()) or session.new or session.dirty or session.deleted:
        return False
    return not session.connection().info.pop("tieout_changed", False)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    asked = connection.get_execution_options()
    writes = asked.get("tieout_writes", False)
    # In WAL mode NORMAL loses the last commits when the power fails, but never their order; FULL loses none.
    raw = connection.connection.driver_connection
    if asked.get("tieout_lasting") and raw.execute("PRAGMA synchronous").fetchone()[0]:
        raw.execute("PRAGMA synchronous=FULL")
        connection.info["tieout_lasting"] = True
    raw.execute("BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED")


def _sync_as_usual(connection: sqlite3.Connection | None, record: Any) -> None:
    if record.info.pop("tieout_lasting", False) and connection is not None:
        connection.execute("PRAGMA synchronous=NORMAL").close()
