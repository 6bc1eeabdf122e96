"""Where a change feed stands: one time for all families, and later ones for those that were read further."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from service.core.errors import CursorExpired
from service.core.ports import Cursor, Family


@dataclass(frozen=True, slots=True)
class Position:
    """A cursor, taken apart: ``2026-11-22T02:00:00+00:00`` or ``…;invoice=2026-11-22T02:05:00+00:00``."""

    base: datetime
    further: Mapping[str, datetime]

    @classmethod
    def read(cls, cursor: Cursor) -> Position:
        """Read a cursor.

        :raises CursorExpired: it is none of ours.
        """
        first, *others = cursor.split(";")
        try:
            further = {name: _moment(time) for name, _, time in (one.partition("=") for one in others)}
            return cls(_moment(first), further)
        except ValueError:
            raise CursorExpired("The change feed has no cursor yet.") from None

    def start_of(self, family: Family) -> datetime:
        """Return since when the changes of a family have not been read."""
        return self.further.get(family.value, self.base)

    def after(self, moment: datetime, only: frozenset[Family] | None) -> Cursor:
        """Return the cursor after a reading that began at ``moment``, of all families or only of some."""
        if only is None:
            return plain_cursor(moment)
        further = {**self.further, **{family.value: max(moment, self.start_of(family)) for family in only}}
        named = [f"{name}={plain_cursor(further[name])}" for name in sorted(further)]
        return Cursor(";".join([plain_cursor(self.base), *named]))


def plain_cursor(moment: datetime) -> Cursor:
    """Return the cursor of a feed that stands at one time, to the second."""
    return Cursor(moment.astimezone(UTC).replace(microsecond=0).isoformat())


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
