"""The CSV file: one row per entity, read and replaced as a whole under a lock."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

#: The columns: what every row has, then what customers have, then what invoices have.
COLUMNS = (
    *("family", "id", "version", "active", "modified", "key"),
    *("name", "email", "phone", "reference"),
    *("customer", "issue_date", "due_date", "total", "status"),
)
Row = dict[str, str]

_lock = Lock()


@contextmanager
def opened(path: Path) -> Iterator[list[Row]]:
    """Give the rows, and put them in the place of the file's when the block ends well."""
    with _lock:
        rows = read(path)
        before = [dict(row) for row in rows]
        yield rows
        if rows != before:
            fresh = path.with_suffix(".new")
            with fresh.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, COLUMNS)
                writer.writeheader()
                writer.writerows(rows)
            fresh.replace(path)


def read(path: Path) -> list[Row]:
    """Return the rows as they are."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [dict(row) for row in csv.DictReader(file)]
