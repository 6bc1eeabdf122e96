"""Commands for people and tokens."""

from __future__ import annotations

import secrets
import sys

import click
from email_validator import EmailNotValidError, validate_email

from service.cli.common import open_platform, organisation_id
from service.records.author import Author
from service.records.tokens import issue_token
from service.records.users import create_user
from service.store.accounts import Role

_ROLES = click.Choice([role.value for role in Role])


@click.group()
def user() -> None:
    """People who sign in."""


@user.command("create")
@click.argument("email")
@click.option("--role", type=_ROLES, required=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--organisation", help="Name of the organisation, made if there is none of that name.")
def create(email: str, role: str, password_stdin: bool, organisation: str | None) -> None:  # noqa: FBT001
    """Create a person's account; without --password-stdin a password is made and printed."""
    try:
        address = validate_email(email, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise click.ClickException(f"{email} is not an address of mail: {error}") from error
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else secrets.token_urlsafe(12)
    platform = open_platform()
    with platform.database.write() as session:
        author = Author(
            organisation_id=organisation_id(session, organisation), actor="command line", now=platform.clock()
        )
        create_user(session, author, email=address, password=password, role=Role(role))
    if not password_stdin:
        click.echo(password)


@click.group()
def token() -> None:
    """Tokens of the API."""


@token.command("create")
@click.option("--name", required=True, help="What the token is for.")
@click.option("--role", type=_ROLES, required=True)
@click.option("--organisation", help="Name of the organisation, made if there is none of that name.")
def create_token(name: str, role: str, organisation: str | None) -> None:
    """Create a token and print it, alone on one line. It can't be read again."""
    platform = open_platform()
    with platform.database.write() as session:
        author = Author(
            organisation_id=organisation_id(session, organisation), actor="command line", now=platform.clock()
        )
        _, text = issue_token(session, author, name=name, role=Role(role))
    click.echo(text)
