"""``import customers``: what it prints, keeps, and ends with."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.store.database import Database
from service.store.queries import organisations
from service.store.queries.known import known_customers
from tests.cli.shell import Shell

GOOD = "name,email\nCedar Vets,a@cedar.example\nCedar Vets:Roof,\n"
FAULTY = GOOD + "Maple Dental,nowhere\n"


def names(shell: Shell) -> list[str]:
    database = Database(shell.environment["TIEOUT_DATABASE_URL"])
    with database.read() as session:
        found = [one.full_name for own in organisations.all_of(session) for one in known_customers(session, own.id)]
    database.close()
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "customers.csv"


def test_a_good_file_is_taken_once(prepared_shell: Shell, file: Path) -> None:
    file.write_text(GOOD)
    said = prepared_shell.tieout("import", "customers", str(file))
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("2 rows of our own columns: 2 new, 0 already there, 0 faulty.\n")
    assert names(prepared_shell) == ["Cedar Vets", "Cedar Vets:Roof"]
    again = prepared_shell.tieout("import", "customers", str(file), "--json")
    assert again.status == 0
    assert [again.document[key] for key in ("new", "already_there", "faulty", "imported")] == [0, 2, 0, True]
    assert len(names(prepared_shell)) == 2


def test_a_dry_run_changes_nothing_at_all(prepared_shell: Shell, file: Path) -> None:
    file.write_text(GOOD)
    said = prepared_shell.tieout("import", "customers", str(file), "--dry-run")
    assert said.status == 0
    assert "2 new" in said.out
    assert "nothing was changed" in said.out
    database = Database(prepared_shell.environment["TIEOUT_DATABASE_URL"])
    with database.read() as session:
        assert not organisations.all_of(session)
    database.close()


@pytest.mark.parametrize("flags", [[], ["--dry-run"]])
def test_a_faulty_row_is_named_and_nothing_is_taken(shell: Shell, file: Path, flags: list[str]) -> None:
    file.write_text(FAULTY)
    said = shell.tieout("import", "customers", str(file), *flags)
    assert (said.status, said.err) == (1, "")
    assert said.out.startswith("line 4, email: 'nowhere' is not an address of mail")
    assert names(shell) == []
    document = shell.tieout("import", "customers", str(file), "--json", *flags).document
    assert (document["faulty"], document["imported"]) == (1, False)
    assert (document["problems"][0]["line"], document["problems"][0]["label"]) == (4, "Maple Dental")


def test_the_valid_rows_are_taken_if_asked_for(shell: Shell, file: Path) -> None:
    file.write_text(FAULTY)
    said = shell.tieout("import", "customers", str(file), "--skip-faulty")
    assert said.status == 1
    assert names(shell) == ["Cedar Vets", "Cedar Vets:Roof"]


@pytest.mark.parametrize("content", [b"", b"colour\nred\n", b"PK\x00\x01", b'name\n"open\n'])
def test_a_file_that_is_nobodys_list_is_one_line(shell: Shell, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    said = shell.tieout("import", "customers", str(file))
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
    assert str(file) in said.err
