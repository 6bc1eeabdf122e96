"""What holds for every command: the exit status, one line for what is wrong, and which stream says what."""

from __future__ import annotations

import pytest

from tests.cli.shell import Shell

COMMANDS = [
    ("demo", "--once --port"),
    ("serve", "--host --port --embedded"),
    ("worker", ""),
    ("scheduler", ""),
    ("sandbox", "--port"),
    ("db upgrade", ""),
    ("user create", "--role --password-stdin"),
    ("token create", "--name --role"),
    ("import customers", "--dry-run --json"),
    ("plan", "--connection --json"),
    ("sync", "--connection --json"),
    ("reconcile", "--connection --full --json"),
    ("doctor", "--json"),
]


@pytest.mark.parametrize(("command", "flags"), COMMANDS)
def test_each_command_explains_itself_and_its_flags(shell: Shell, command: str, flags: str) -> None:
    said = shell.tieout(*command.split(), "--help")
    assert (said.status, said.err) == (0, "")
    for flag in flags.split():
        assert flag in said.out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("token create --name robot", "--role"),
        ("token create --role viewer", "--name"),
        ("user create ann@office.example --role king", "king"),
        ("user create nobody --role viewer", "nobody"),
        ("sandbox sage", "sage"),
        ("plan --fast", "--fast"),
        ("fly", "fly"),
        ("serve --port many", "many"),
        ("import customers nowhere.csv", "nowhere.csv"),
        ("sync --connection 0123", "no such connection"),
        ("plan", "no connection yet"),
        ("reconcile", "no connection yet"),
    ],
)
def test_wrong_usage_is_told_in_one_line_with_status_2(shell: Shell, arguments: str, named: str) -> None:
    said = shell.tieout(*arguments.split())
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("tieout: ")
    assert said.err.count("\n") == 1
    assert named in said.err


@pytest.mark.parametrize("arguments", ["", "db", "user"])
def test_no_command_at_all_shows_what_there_is(shell: Shell, arguments: str) -> None:
    said = shell.tieout(*arguments.split())
    assert (said.status, said.out) == (2, "")
    assert "Commands:" in said.err


@pytest.mark.parametrize("command", ["serve", "worker", "scheduler", "plan", "sync", "db upgrade", "token create"])
@pytest.mark.parametrize(
    ("variable", "value"),
    [("TIEOUT_DATABASE_URL", "mysql://there"), ("TIEOUT_SYNC_INTERVAL", "often"), ("TIEOUT_SECRET_KEY", "short")],
)
def test_a_wrong_setting_stops_the_start_and_is_named(shell: Shell, command: str, variable: str, value: str) -> None:
    shell.environment[variable] = value
    arguments = [*command.split(), *(["--name", "robot", "--role", "viewer"] if "token" in command else [])]
    said = shell.tieout(*arguments)
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
    assert variable in said.err


def test_keys_are_asked_for_where_several_machines_share_them(shell: Shell) -> None:
    shell.environment = {"TIEOUT_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/nothing"}
    said = shell.tieout("plan")
    assert said.status == 2
    assert "TIEOUT_SECRET_KEY" in said.err
    assert "TIEOUT_ENCRYPTION_KEYS" in said.err


@pytest.mark.parametrize("command", ["plan", "db upgrade", "worker", "doctor"])
def test_a_database_that_does_not_answer_is_one_line(shell: Shell, command: str) -> None:
    shell.environment["TIEOUT_DATABASE_URL"] = "postgresql+psycopg://nobody:secret@127.0.0.1:1/nothing"
    said = shell.tieout(*command.split())
    assert said.status == (1 if command == "doctor" else 2)
    assert "secret" not in said.out + said.err
    assert "Traceback" not in said.err
    if command != "doctor":
        assert said.err.startswith("tieout: TIEOUT_DATABASE_URL: ")
        assert said.err.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_one_line(shell: Shell) -> None:
    (shell.folder / "file").touch()
    shell.environment["TIEOUT_DATABASE_URL"] = f"sqlite:///{shell.folder / 'file' / 'tieout.db'}"
    said = shell.tieout("db", "upgrade")
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
    assert "TIEOUT_DATABASE_URL" in said.err
