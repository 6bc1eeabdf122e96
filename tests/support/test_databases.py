"""The databases that tests are given: fresh, of both kinds, with or without the schema."""

from __future__ import annotations

import sqlalchemy as sa


def tables(url: str) -> set[str]:
    engine = sa.create_engine(url)
    try:
        return set(sa.inspect(engine).get_table_names())
    finally:
        engine.dispose()


def leave_a_trace(url: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE trace (id INTEGER)"))
    engine.dispose()


def test_a_database_begins_empty(database_url: str) -> None:
    assert tables(database_url) == set()
    leave_a_trace(database_url)


def test_another_test_leaves_no_trace_in_it(database_url: str) -> None:
    assert tables(database_url) == set()
    leave_a_trace(database_url)


def test_a_prepared_database_has_the_schema(prepared_database_url: str) -> None:
    assert {"alembic_version", "trace"} & tables(prepared_database_url) == {"alembic_version"}
    leave_a_trace(prepared_database_url)


def test_every_prepared_database_is_a_copy_of_its_own(prepared_database_url: str) -> None:
    assert "trace" not in tables(prepared_database_url)
    leave_a_trace(prepared_database_url)
