from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from service.store.accounts import Counter, Organisation
from service.store.database import Database
from service.store.queries.counters import next_number
from service.store.records import CustomerRow, TaxLevelRow

#: As SQLite numbers how a commit waits for the disk.
NORMAL, FULL = 1, 2


def _organisation(database: Database) -> str:
    with database.write() as session:
        row = Organisation(name="Brightwater")
        session.add(row)
        session.flush()
        return row.id


def _count(database: Database, organisation_id: str) -> int:
    with database.read() as session:
        query = select(func.count()).select_from(TaxLevelRow).where(TaxLevelRow.organisation_id == organisation_id)
        return session.scalars(query).one()


def _level(organisation_id: str, name: str = "GST") -> TaxLevelRow:
    return TaxLevelRow(organisation_id=organisation_id, name=name, name_key=name.lower(), rate_percent=Decimal(10))


def _fail_after_writing(database: Database, organisation_id: str) -> None:
    with database.write() as session:
        session.add(_level(organisation_id))
        session.flush()
        raise RuntimeError


def test_a_unit_of_writing_is_kept_as_a_whole_or_not_at_all(shared_database: Database) -> None:
    organisation_id = _organisation(shared_database)
    with pytest.raises(RuntimeError):
        _fail_after_writing(shared_database, organisation_id)
    assert _count(shared_database, organisation_id) == 0
    with shared_database.write() as session:
        session.add(_level(organisation_id))
    assert _count(shared_database, organisation_id) == 1


@pytest.mark.parametrize("way", ["left as it is", "flushed", "by a statement", "and read after it"])
def test_what_a_reader_changes_is_thrown_away(shared_database: Database, way: str) -> None:
    organisation_id = _organisation(shared_database)
    level = _level(organisation_id)
    with shared_database.read() as session:
        if way == "by a statement":
            session.execute(text("UPDATE organisation SET name = 'Other' WHERE id = :id"), {"id": organisation_id})
        else:
            session.add(level)
        if way in {"flushed", "and read after it"}:
            session.flush()
        if way == "and read after it":
            assert session.get(TaxLevelRow, level.id) is level
            assert session.scalar(select(func.count()).select_from(TaxLevelRow)) != 0
    assert _count(shared_database, organisation_id) == 0
    with shared_database.read() as session:
        assert session.get_one(Organisation, organisation_id).name == "Brightwater"


def test_a_reader_whose_statement_was_refused_ends_quietly(shared_database: Database) -> None:
    with shared_database.read() as session:
        session.add(_level("nobody"))
        with pytest.raises(IntegrityError):
            session.flush()
    with shared_database.read() as session, pytest.raises(DBAPIError):
        session.execute(text("SELECT nothing"))
    assert _count(shared_database, _organisation(shared_database)) == 0


def test_what_is_asked_often_is_planned_once(shared_postgresql: Database) -> None:
    for _ in range(10):
        with shared_postgresql.read() as session:
            session.scalars(select(Organisation).where(Organisation.name == "Nobody")).all()
    with shared_postgresql.read() as session:
        prepared = session.execute(text("SELECT statement FROM pg_prepared_statements")).scalars().all()
    assert any("FROM organisation" in statement for statement in prepared)


def test_writers_that_read_first_wait_for_each_other(shared_database: Database) -> None:
    organisation_id = _organisation(shared_database)
    numbers: list[str] = []

    def work() -> None:
        for _ in range(5):
            with shared_database.write() as session:
                session.scalars(select(Counter).where(Counter.organisation_id == organisation_id)).all()
                number = next_number(
                    session, organisation_id, series="customer", prefix="C-", column=CustomerRow.number
                )
            numbers.append(number)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(numbers) == [f"C-{number}" for number in range(1001, 1021)]


def test_rows_cannot_point_to_nothing(shared_database: Database) -> None:
    with pytest.raises(IntegrityError), shared_database.write() as session:
        session.add(_level("0" * 32))


def test_the_impossible_is_a_constraint(shared_database: Database) -> None:
    organisation_id = _organisation(shared_database)
    with shared_database.write() as session:
        session.add(_level(organisation_id))
    for level in (_level(organisation_id), _level(organisation_id, "gst")):
        with pytest.raises(IntegrityError), shared_database.write() as session:
            session.add(level)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_sqlite_keeps_its_promises(shared_database: Database) -> None:
    with shared_database.read() as session:
        assert session.execute(text("pragma foreign_keys")).scalar() == 1
        assert session.execute(text("pragma journal_mode")).scalar() == "wal"


def test_what_indexes_hold_is_known_on_both_databases_once_it_was_counted(shared_database: Database) -> None:
    _organisation(shared_database)
    shared_database.analyse()
    if shared_database.is_sqlite:
        with shared_database.read() as session:
            assert session.scalar(text("select count(*) from sqlite_stat1 where tbl = 'organisation'"))


def test_a_lasting_commit_waits_for_the_disk_and_the_next_one_does_not(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/waits.db")
    with database.write(lasting=True) as session:
        assert session.scalar(text("PRAGMA synchronous")) == FULL
    with database.write() as session:
        assert session.scalar(text("PRAGMA synchronous")) == NORMAL
    with database.read() as session:
        assert session.scalar(text("PRAGMA synchronous")) == NORMAL
    database.close()
