"""Workers of long runs: whoever stops a run, however roughly, stops its worker processes too."""

from __future__ import annotations

import multiprocessing
import os
import threading


def end_if_orphaned() -> None:
    """End this process at once if the one that ordered its work is gone; forks of a worker notice it as well."""
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        os._exit(1)


def end_with_parent() -> None:
    """Let a worker end as soon as the process that started it has, whatever it is waiting for."""
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
