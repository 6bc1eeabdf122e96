"""Commands for the database, people and tokens."""

from __future__ import annotations

import pytest

from service.records.users import check_password
from service.store import schema
from service.store.accounts import Role
from service.store.database import Database
from service.store.queries import organisations
from service.store.queries.tokens import token_by_text
from service.store.queries.web_users import user_by_email
from tests.cli.shell import Shell


def test_the_database_comes_to_the_newest_schema_and_stays_there(database_url: str, shell: Shell) -> None:
    shell.environment["TIEOUT_DATABASE_URL"] = database_url
    for _ in range(2):
        said = shell.tieout("db", "upgrade")
        assert (said.status, said.out) == (0, "")
        assert str(schema.newest()) in said.err
    database = Database(database_url)
    assert schema.is_current(database)
    database.close()


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_shared_database_of_an_older_schema_is_refused(database_url: str, shell: Shell) -> None:
    shell.environment["TIEOUT_DATABASE_URL"] = database_url
    said = shell.tieout("plan")
    assert (said.status, said.err) == (2, "tieout: the database has an older schema: run 'tieout db upgrade' first\n")


def test_a_token_is_alone_on_one_line_and_works(prepared_shell: Shell) -> None:
    said = prepared_shell.tieout("token", "create", "--name", "till", "--role", "accountant")
    assert (said.status, said.err, said.out.count("\n")) == (0, "", 1)
    database = Database(prepared_shell.environment["TIEOUT_DATABASE_URL"])
    with database.read() as session:
        row = token_by_text(session, said.out.strip())
        assert row is not None
        assert (row.name, row.role) == ("till", "accountant")
    database.close()


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\nanother line\n"])
def test_a_password_is_the_first_line_of_standard_input(shell: Shell, ending: str) -> None:
    said = shell.tieout(
        "user", "create", "Ann@office.example", "--role", "admin", "--password-stdin", stdin=f"correct horse{ending}"
    )
    assert (said.status, said.out, said.err) == (0, "", "")
    database = Database(shell.environment["TIEOUT_DATABASE_URL"])
    with database.read() as session:
        user = user_by_email(session, "ann@office.example")
        assert user is not None
        assert user.role == Role.ADMIN
        assert check_password(user, "correct horse")[0]
        assert not check_password(user, "another line")[0]
    database.close()


def test_a_password_that_was_made_is_printed_alone_and_opens_the_account(shell: Shell) -> None:
    said = shell.tieout("user", "create", "ann@office.example", "--role", "viewer")
    assert (said.status, said.err, said.out.count("\n")) == (0, "", 1)
    database = Database(shell.environment["TIEOUT_DATABASE_URL"])
    with database.read() as session:
        assert check_password(user_by_email(session, "ann@office.example"), said.out.strip())[0]
    database.close()


@pytest.mark.parametrize(
    ("email", "password", "named"),
    [("ann@office.example", "short", "10 characters"), ("ann at office", "long enough to be good", "address of mail")],
)
def test_an_account_that_cannot_be_made_is_one_line(shell: Shell, email: str, password: str, named: str) -> None:
    said = shell.tieout("user", "create", email, "--role", "viewer", "--password-stdin", stdin=password)
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
    assert named in said.err


def test_an_address_has_one_account(shell: Shell) -> None:
    create = ("user", "create", "ann@office.example", "--role", "viewer")
    assert shell.tieout(*create).status == 0
    again = shell.tieout(*create)
    assert (again.status, again.out) == (2, "")
    assert "already" in again.err


def test_accounts_and_tokens_share_the_first_organisation_until_others_are_named(shell: Shell) -> None:
    create = ("token", "create", "--name", "till", "--role", "viewer")
    assert shell.tieout(*create).status == 0
    assert shell.tieout("user", "create", "ann@office.example", "--role", "viewer").status == 0
    assert shell.tieout(*create, "--organisation", "Second").status == 0
    unnamed = shell.tieout(*create)
    assert (unnamed.status, unnamed.out) == (2, "")
    assert "My company, Second" in unnamed.err
    database = Database(shell.environment["TIEOUT_DATABASE_URL"])
    with database.read() as session:
        assert [one.name for one in organisations.all_of(session)] == ["My company", "Second"]
    database.close()
