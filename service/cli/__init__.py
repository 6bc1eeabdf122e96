"""The console script ``tieout``: one module per group of commands.

Exit status: 0 done; 1 done, but something needs a person; 2 wrong usage or configuration, said in one line. Progress
and logs go to standard error, what was asked for to standard output.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

import click
from sqlalchemy.exc import SQLAlchemyError

from service.cli import accounts, demo, doctor, importing, keys, planning, resetting, serving, syncing
from service.cli.common import database_fault
from service.core.errors import SyncError
from service.records.errors import RecordError
from service.settings import SettingsError

_WRONG = 2
#: As shells report a program that was interrupted from the keyboard.
_INTERRUPTED = 130


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
    importing.import_,
    planning.plan,
    planning.apply,
    syncing.sync,
    syncing.reconcile,
    keys.keys,
    resetting.reset,
    doctor.doctor,
    demo.demo,
):
    tieout.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the console script and end with its status; ``arguments`` are those of the process unless given."""
    try:
        # Outside standalone mode click returns the status of an early exit, and None of a command that came to its end.
        sys.exit(tieout(arguments, standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _fail(error.format_message())
    except (SettingsError, SyncError, RecordError) as error:
        _fail(str(error))
    except SQLAlchemyError as error:
        _fail(database_fault(error))
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_INTERRUPTED)


def _fail(message: str) -> NoReturn:
    click.echo(f"tieout: {' '.join(message.split())}", err=True)
    sys.exit(_WRONG)
