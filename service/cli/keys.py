"""Commands for the keys that encrypt secrets at rest."""

from __future__ import annotations

import click

from service.cli.common import open_platform
from service.store.vault import VaultError
from service.sync.permission import rotate_keys


@click.group()
def keys() -> None:
    """The keys that encrypt the packages' tokens."""


@keys.command()
def rotate() -> None:
    """Encrypt every stored token again with the newest of TIEOUT_ENCRYPTION_KEYS; the others can go afterwards."""
    try:
        count = rotate_keys(open_platform())
    except VaultError as error:
        message = f"TIEOUT_ENCRYPTION_KEYS: {error}; nothing was changed"
        raise click.ClickException(message) from error
    click.echo(f"{count} {'token was' if count == 1 else 'tokens were'} encrypted again with the newest key.")
