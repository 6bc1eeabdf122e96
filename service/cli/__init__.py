"""The console script ``tieout``: one module per group of commands.

Exit status: 0 done; 1 done, but something needs a person; 2 wrong usage or configuration, said in one line. Progress
and logs go to standard error, what was asked for to standard output.
"""

from __future__ import annotations

import sys

import click

from service.cli import accounts, demo, doctor, serving, syncing
from service.settings import SettingsError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def tieout() -> None:
    """Keep customers, jobs and invoices in agreement with the accounting packages."""


for _command in (
    serving.serve,
    serving.worker,
    serving.scheduler,
    serving.sandbox,
    serving.db,
    accounts.user,
    accounts.token,
    syncing.plan,
    syncing.sync,
    syncing.reconcile,
    doctor.doctor,
    demo.demo,
):
    tieout.add_command(_command)


def main() -> None:
    """Run the console script."""
    try:
        tieout(standalone_mode=False)
    except SettingsError as error:
        _fail(str(error))
    except click.ClickException as error:
        _fail(error.format_message())
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)


def _fail(message: str) -> None:
    click.echo(f"tieout: {' '.join(message.split())}", err=True)
    sys.exit(2)
