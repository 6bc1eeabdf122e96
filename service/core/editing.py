"""What may still be changed of a record that is at a package: by how it stands there, and by the day it is dated.

A package refuses changes of what is paid, deposited, reconciled or voided, and anything within a period that it keeps
closed. Each provider's mapping holds a table of such rules with the source of each; here they are applied, before any
call is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.core.intent import Operation
from service.core.snapshot import FieldName, Snapshot, amount_of

#: Fields that say on which day a document counts.
DAYS: tuple[FieldName, ...] = ("issue_date", "date")

_WITHDRAWS = frozenset({Operation.VOID, Operation.DELETE, Operation.ARCHIVE})


class Standing(StrEnum):
    """How an entity stands at a package, as far as it matters for what may be done with it."""

    ACTIVE = "active"  #: a customer in use
    ARCHIVED = "archived"  #: a customer out of use
    DRAFT = "draft"  #: a document that is not issued there yet
    OPEN = "open"  #: issued, and nothing stands against it
    PART_PAID = "part_paid"  #: something of it is paid, credited or used up
    PAID = "paid"  #: nothing of it is left
    RECORDED = "recorded"  #: money that nobody has banked yet
    DEPOSITED = "deposited"  #: money on a bank deposit
    RECONCILED = "reconciled"  #: money that was found on a bank statement
    VOIDED = "voided"  #: taken back for good
    PROJECT = "project"  #: a sub-customer that is a project


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRule:
    """One row of a provider's table: what may be done with an entity that stands so."""

    standing: Standing
    fields: frozenset[FieldName] | None = None  #: what may be changed; None: everything that is not fixed
    fixed: frozenset[FieldName] = frozenset()  #: what may not be changed
    withdraws: bool = True  #: it may be voided, deleted or archived
    reason: str = ""  #: the end of a sentence for an accountant: why not
    floor: str | None = None  #: likewise, why its total may not fall below what is settled of it; None: it may
    source: str = ""  #: where the provider says so

    def refuses(self, changed: Iterable[FieldName]) -> frozenset[FieldName]:
        """Return which of the fields may not be changed."""
        names = frozenset(changed)
        allowed = names if self.fields is None else names & self.fields
        return (names - allowed) | (names & self.fixed)

    @property
    def open(self) -> bool:
        """True if nothing is refused."""
        return self.fields is None and not self.fixed and self.withdraws


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a package would not take of a write, and why; no fields where it is the write as a whole."""

    fields: frozenset[FieldName]
    reason: str


def refusal(
    rule: EditRule, operation: Operation, changed: Iterable[FieldName], *, ours: Snapshot, theirs: Snapshot
) -> Refusal | None:
    """Return what the package would not take of a write; None if it takes all of it.

    :param changed: the fields that the write would carry.
    """
    if operation in _WITHDRAWS:
        return None if rule.withdraws else Refusal(fields=frozenset(), reason=rule.reason)
    names = frozenset(changed)
    if found := rule.refuses(names):
        return Refusal(fields=found, reason=rule.reason)
    below = amount_of(ours.get("total")) < amount_of(theirs.get("amount_paid"))
    if rule.floor is not None and "lines" in names and below:
        return Refusal(fields=frozenset({"lines"}), reason=rule.floor)
    return None


def in_closed_period(ours: Snapshot | None, theirs: Snapshot | None, *, closed_until: date | None) -> bool:
    """Tell whether a document is dated, or would be, within a period that is closed up to and with a day."""
    if closed_until is None:
        return False
    days = [side.get(name) for side in (ours, theirs) if side is not None for name in DAYS]
    return any(isinstance(day, str) and date.fromisoformat(day) <= closed_until for day in days)


def closed_reason(closed_until: date) -> str:
    """Say that a period is closed, as the end of a sentence."""
    return f"the books there are closed up to and with {closed_until.isoformat()}"
