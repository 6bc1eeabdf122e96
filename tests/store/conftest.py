from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from service.records.author import Author
from service.store.accounts import Organisation
from service.store.database import Database
from tests.support.shared import shared_database, shared_postgresql, shared_sqlite

__all__ = ["shared_database", "shared_postgresql", "shared_sqlite"]

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def session(shared_database: Database) -> Iterator[Session]:
    """A unit of writing of which nothing is kept."""
    with shared_database.write() as session:
        yield session
        session.rollback()


@pytest.fixture
def author(session: Session) -> Author:
    organisation = Organisation(name="Brightwater Building Services")
    session.add(organisation)
    session.flush()
    return Author(organisation_id=organisation.id, actor="user:ann", now=NOW)
