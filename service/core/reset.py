"""Resets: what becomes of a former counterpart, of its name, and of the documents that are tied to it. Pure."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import count

from msgspec import structs

from service.core.names import name_key
from service.core.ports import Loss, Projection
from service.core.snapshot import FieldName, Snapshot, Value, amount_of

_FORMER = re.compile(r"\s*\(former(?: \d+)?\)$")
_NUMBERED = re.compile(r" \((?:[2-9]|[1-9][0-9]{1,5})\)$")


class OldCounterpart(StrEnum):
    """What a reset does with the entity that the record was tied to."""

    LEAVE = "leave"  #: nothing is written there; it keeps its name, so the new one may need another
    RENAME = "rename"  #: it gives its name and number free and stays active
    ARCHIVE = "archive"  #: likewise, and it is archived once nothing hangs on it any more


class Standing(StrEnum):
    """How the former counterpart stands at the package when the reset begins."""

    NEVER = "never"  #: nothing was ever sent
    ACTIVE = "active"
    ARCHIVED = "archived"  #: it is left as it is, whatever was chosen
    GONE = "gone"  #: deleted there
    MERGED = "merged"  #: it went up in another one


class DocumentFate(StrEnum):
    """What becomes of a document that is tied to the former counterpart."""

    MOVES = "moves"  #: it is addressed to the new counterpart
    STAYS = "stays"  #: it stays with the former one


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A field of ours that is neither compared nor sent while the reason holds: a sentence, shown as a loss."""

    field: FieldName
    reason: str


def former_name(name: str, *, taken: Container[str], limit: int) -> str:
    """Return the name under which a former counterpart makes room: "Acme (former)", then "Acme (former 2)" and so on.

    :param taken: ``name_key`` of every name there, those of archived entities too.
    :param limit: of the name in UTF-16 units.
    """
    base = _FORMER.sub("", name)
    tails = (" (former)" if number == 1 else f" (former {number})" for number in count(1))
    return next(made for tail in tails if name_key(made := _fitted(base, tail, limit)) not in taken)


def numbered_name(name: str, *, taken: Container[str], limit: int) -> str:
    """Return the name of a record whose former counterpart keeps its own: "Acme (2)", then "Acme (3)" and so on.

    Parameters are those of ``former_name``.
    """
    made = (_fitted(name, f" ({number})", limit) for number in count(2))
    return next(one for one in made if name_key(one) not in taken)


def is_numbered(name: str | None, of: str) -> bool:
    """Tell whether a name is one that ``numbered_name`` gives a record called ``of``."""
    if name is None:
        return False
    found = _NUMBERED.search(name)
    return found is not None and name_key(_fitted(of, found[0], _units(name))) == name_key(name)


def why_stays(theirs: Snapshot, *, locked_until: date | None) -> str | None:
    """Return why an invoice can't be addressed to another customer any more, as the end of a sentence; or None.

    :param theirs: the invoice as the package shows it.
    :param locked_until: the last day of the period that is closed there.
    """
    if not theirs.active or theirs.get("status") == "voided":
        return "it is voided"
    if amount_of(theirs.get("amount_paid")) > 0:
        return "it is paid" if amount_of(theirs.get("amount_due")) == 0 else "it is partly paid"
    day = theirs.get("issue_date")
    if locked_until is not None and isinstance(day, str) and date.fromisoformat(day) <= locked_until:
        return f"the books are closed until {locked_until.isoformat()}"
    return None


def adapted(projection: Projection, withheld: Sequence[Withheld], stand_ins: Mapping[FieldName, Value]) -> Projection:
    """Return a projection without the fields that are withheld, and with stand-ins for those that have one."""
    if not withheld and not stand_ins:
        return projection
    hidden = {one.field for one in withheld}
    fields = {name: value for name, value in projection.snapshot.fields.items() if name not in hidden}
    fields |= {name: value for name, value in stand_ins.items() if name in fields}
    losses = (*projection.losses, *(Loss(field=one.field, reason=one.reason) for one in withheld))
    return Projection(snapshot=structs.replace(projection.snapshot, fields=fields), losses=losses)


def counterpart_sentence(
    choice: OldCounterpart, standing: Standing, *, package: str, name: str, becomes: str | None, into: str | None = None
) -> str:
    """Say what becomes of a former counterpart.

    :param becomes: the name it gets, if it has to make room.
    :param into: what it was merged into.
    """
    if standing is not Standing.ACTIVE:
        return {
            Standing.NEVER: f"Nothing was sent to {package} yet, so nothing is left behind there.",
            Standing.GONE: f"'{name}' is gone in {package}; nothing is left of it to change.",
            Standing.MERGED: f"'{name}' was merged into {into or 'another record'} in {package} and stays so.",
            Standing.ARCHIVED: f"'{name}' is archived in {package} already and stays as it is.",
        }[standing]
    return {
        OldCounterpart.LEAVE: f"'{name}' stays in {package} as it is.",
        OldCounterpart.RENAME: f"'{name}' becomes '{becomes}' in {package} and stays active.",
        OldCounterpart.ARCHIVE: f"'{name}' becomes '{becomes}' in {package} and is archived.",
    }[choice]


def _fitted(name: str, tail: str, limit: int) -> str:
    room = limit - len(tail)
    while _units(name) > room:
        name = name[:-1]
    return name.rstrip() + tail


def _units(text: str) -> int:
    """Count UTF-16 units, the widest way in which packages count."""
    return len(text) + sum(char > "\uffff" for char in text)
