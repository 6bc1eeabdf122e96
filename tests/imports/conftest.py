from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from service.core.model import Customer
from service.imports import Report, all_layouts, import_customers
from service.providers import PROVIDERS
from service.records.author import Author
from service.store.accounts import Organisation
from service.store.database import Database
from service.store.queries.known import Known, known_customers
from service.store.queries.load import load_customers
from tests.support.shared import shared_database, shared_postgresql, shared_sqlite

__all__ = ["shared_database", "shared_postgresql", "shared_sqlite"]

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LAYOUTS = all_layouts(PROVIDERS)


@dataclass
class Books:
    """One organisation's customers, within a transaction that is never kept."""

    session: Session
    author: Author

    def take(self, text: str | bytes, **options: Any) -> Report:
        content = text if isinstance(text, bytes) else text.encode()
        return import_customers(self.session, self.author, content, layouts=LAYOUTS, **options)

    def known(self) -> list[Known]:
        return [*known_customers(self.session, self.author.organisation_id)]

    def names(self) -> list[str]:
        return [one.full_name for one in self.known()]

    def customer(self, full_name: str) -> Customer:
        (row_id,) = (one.id for one in self.known() if one.full_name == full_name)
        return load_customers(self.session, self.author.organisation_id, [row_id])[row_id]


@pytest.fixture
def books(shared_database: Database) -> Iterator[Books]:
    with shared_database.write() as session:
        organisation = Organisation(name="Office")
        session.add(organisation)
        session.flush()
        yield Books(session, Author(organisation_id=organisation.id, actor="import", now=NOW, why="a list"))
        session.rollback()
