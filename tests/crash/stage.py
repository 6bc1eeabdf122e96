"""The stage of a scenario: a company at work on a package in this process, which can be copied by forking.

What is in memory (the package, its clock) is copied by the fork, the database by copying its file. Each cell is played
on a copy of its own, so that cells know nothing of each other.
"""

from __future__ import annotations

import gc
import logging
import os
import pickle
import shutil
import signal
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy import event

from service.store.database import Database
from tests.support.inprocess import InProcess, providers_of, start_in_process, without_fsync
from tests.support.orphan import end_if_orphaned
from tests.sync.office import Office, live, open_office

T = TypeVar("T")

#: Longest that anything played on a copy of the stage may work, in seconds of its own: the machine may be busy.
PATIENCE = 60
#: How much longer than it works it may take by the clock: a busy machine is slow, but nothing waits for ever.
_BUSY = 30
#: Lines of a traceback that are told.
_FRAMES = 6
_DAY = timedelta(hours=24)


class Stage:
    """A live office on a database whose file can be exchanged."""

    def __init__(self, name: str, template: Path, folder: Path) -> None:
        """Open the office of a package on a copy of a migrated database."""
        # What runs log is expected here, and to write it beautifully takes longer than a cell.
        structlog.configure(processors=[], wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        # Keys are forgotten within a day, as none is promised to be kept for longer.
        kept = {"request_ids_kept": _DAY} if name == "quickbooks" else {}
        self.package: InProcess = start_in_process(name, **kept)
        self._folder = folder
        self._path = Path(shutil.copyfile(template, folder / f"{name}-{os.getpid()}.db"))
        office = open_office(self.package, f"sqlite:///{self._path}")
        database = without_fsync(office.platform.database)
        event.listen(database.engine, "do_connect", self._connect)
        platform = replace(office.platform, database=database, providers=providers_of(self.package))
        self.office: Office = live(replace(office, platform=platform))

    def play(self, part: Callable[[], T], *, patience: int = PATIENCE) -> T:
        """Play a part on a copy of the stage, and return what came of it.

        :raises RuntimeError: it never came to its end.
        """
        end_if_orphaned()
        database: Database = self.office.platform.database
        database.close()
        gc.freeze()
        inlet, outlet = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(inlet)
            self._perform(part, outlet, patience)
        os.close(outlet)
        with os.fdopen(inlet, "rb") as told:
            answer = told.read()
        _, status = os.waitpid(child, 0)
        if not answer:
            message = f"a part ended with status {status}"
            raise RuntimeError(message)
        result: Any = pickle.loads(answer)  # noqa: S301 - our own child wrote it
        if isinstance(result, BaseException):
            raise result
        return result  # type: ignore[no-any-return]

    def _perform(self, part: Callable[[], Any], outlet: int, patience: int) -> None:
        """Play a part in a process of its own, which ends here."""
        signal.setitimer(signal.ITIMER_PROF, patience)
        signal.alarm(patience * _BUSY)
        gc.disable()
        status, mine = 1, self._folder / f"{os.getpid()}.db"
        try:
            shutil.copyfile(self._path, mine)
            self._path = mine
            try:
                result = part()
            except Exception as error:  # noqa: BLE001 - it is raised again where the part was ordered
                result = RuntimeError("".join(traceback.format_exception(error)[-_FRAMES:]))
            with os.fdopen(outlet, "wb") as told:
                pickle.dump(result, told)
            status = 0
        finally:
            for left in self._folder.glob(f"{mine.name}*"):
                left.unlink(missing_ok=True)
            os._exit(status)

    def _connect(self, _dialect: Any, _record: Any, arguments: list[Any], _options: Any) -> None:
        arguments[0] = str(self._path)
