"""A process that syncs and can be killed: it is started once, and each of its lives is a fork of it.

Started with the settings as JSON on its command line. Each line on its input, a connection's id, begins a life, which
syncs until a run succeeds. It answers with the life's process id, and at its end with how it ended.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from typing import Any

from service.connectors.quickbooks import packing
from service.connectors.xero import batch
from service.core.ports import Lane
from service.settings import load_settings
from service.store.sync_models import ConnectionRow, RunRow
from service.sync import pacing, run, settle
from service.sync.platform import Platform, build_platform

#: Elements in one call: few, so that there are many calls to die in.
FEW = 3
_MOST_RUNS = 12


def main(given: dict[str, Any]) -> None:
    """Live as often as told."""
    batch.BATCH_SIZE = FEW  # type: ignore[attr-defined]  # as its lanes read it
    packing.TOGETHER = Lane("together", FEW)
    pacing.Pacer.enter = lambda *_, **__: timedelta(0)  # type: ignore[method-assign]  # no limits here
    settle.under_way = lambda work: timedelta(0)  # the package here has answered before the next life begins
    settings = load_settings(env_file=None, **given)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(0 if sync(build_platform(settings), line.strip()) else 1)
        tell(child)
        _, status = os.waitpid(child, 0)
        tell("killed" if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))


def tell(what: object) -> None:
    """Answer whoever started this process."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def sync(platform: Platform, connection_id: str) -> bool:
    """Sync until a run succeeds, however soon the schedule would come back; tell whether one did."""
    for _ in range(_MOST_RUNS):
        with platform.database.write() as session:
            connection = session.get_one(ConnectionRow, connection_id)
            connection.wait_until = None
            organisation_id = connection.organisation_id
        asked = run.ask(platform, organisation_id=organisation_id, connection_id=connection_id, actor="schedule")
        run.perform(platform, connection_id)
        with platform.database.read() as session:
            if session.get_one(RunRow, asked.run_id).state == "succeeded":
                return True
    return False


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
