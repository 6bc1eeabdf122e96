"""Why a change of a record was refused. Each message is a sentence for the person who asked.

RecordError
├── NotFound            there is no such record in this organisation
├── StaleRevision       somebody changed it in between
├── NotPossibleNow      its state does not allow it
│   └── Taken           a value that must be unique is in use
└── Invalid             what was given does not make a valid record
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One field and what is wrong with it; ``field`` is a path such as ``contacts.0.email``."""

    field: str
    message: str


class RecordError(Exception):
    """Base of all refusals."""


class NotFound(RecordError):
    """The record does not exist, or belongs to another organisation."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"There is no such {kind}.")
        self.kind = kind


class StaleRevision(RecordError):
    """The record was changed since the revision that the change was made for; nothing was changed."""

    def __init__(self, *, expected: int, current: int) -> None:
        super().__init__(
            f"This record was changed meanwhile: it is at revision {current}, not {expected}. Read it again."
        )
        self.expected = expected
        self.current = current


class NotPossibleNow(RecordError):
    """The record's state, or that of what hangs on it, does not allow the change."""


class Taken(NotPossibleNow):
    """Another record has this value already."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.faults = (fault,)


class Invalid(RecordError):
    """What was given does not make a valid record."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(" ".join(fault.message for fault in faults))
        self.faults = tuple(faults)


def invalid(field: str, message: str) -> Invalid:
    """Return the refusal for one field."""
    return Invalid([Fault(field, message)])
