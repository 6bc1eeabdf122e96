"""Read-back: what a package stored after a write, compared with what was meant.

The answer to a write is proof. Of an invoice the recipients, the tax and the totals are compared whether or not the
write carried them; of any record, every field that was written. A difference stands beside the dot and does not move
it: the package said that it took the write, and what it made of it is for a person to see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from service.core.model import Invoice
from service.core.money import currency_digits, decimal_text
from service.core.ports import Loss
from service.core.problem import field_label
from service.core.snapshot import FieldName, Snapshot, Value, value_from_json, value_to_json
from service.core.totals import TaxRounding

AMOUNTS: tuple[FieldName, ...] = ("subtotal", "tax_total", "total")
RECIPIENTS: tuple[FieldName, ...] = ("to", "cc")


class Reading(StrEnum):
    """How what was stored stands to what was meant, from the best to the worst."""

    AS_MEANT = "as_meant"
    DECLARED = "declared"  #: the package cannot hold it, as its mapper has said before
    ADOPTED = "adopted"  #: the package works it out itself, and its figure is taken over
    ROUNDING = "rounding"  #: within what the package's documented way of rounding explains
    DIFFERS = "differs"  #: the package did not do what was asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What an invoice is meant to say there."""

    to: tuple[str, ...]  #: as resolved here
    cc: tuple[str, ...]
    held_to: tuple[str, ...] | None  #: as the package can hold them; None: it holds none of its own
    held_cc: tuple[str, ...] | None
    subtotal: Decimal
    tax_total: Decimal
    total: Decimal
    currency: str
    lines: int  #: how many there are: rounding is counted by lines
    tax_theirs: bool = False  #: the tax is not ours to say: what the package works out counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was compared."""

    what: FieldName
    meant: Value
    stored: Value
    reading: Reading = Reading.AS_MEANT
    difference: str | None = None  #: of an amount: stored less meant
    cause: str | None = None  #: a sentence, unless it is as meant


def meant_by(invoice: Invoice, held: Snapshot) -> Meant:
    """Return what an invoice is meant to say; ``held`` is our side as the package can hold it."""
    return Meant(
        to=invoice.recipients.to,
        cc=invoice.recipients.cc,
        held_to=_addresses(held, "to"),
        held_cc=_addresses(held, "cc"),
        subtotal=invoice.subtotal,
        tax_total=invoice.tax_total,
        total=invoice.total,
        currency=invoice.currency,
        lines=len(invoice.lines),
        tax_theirs=not held.holds("tax_total"),
    )


def read_back(
    meant: Meant | None,
    *,
    written: Snapshot,
    stored: Snapshot,
    losses: Sequence[Loss],
    package: str,
    rounding: TaxRounding,
) -> tuple[Line, ...]:
    """Compare what a package stored with what was meant.

    :param written: the fields that the write carried; of these only what differs is told.
    :param losses: what the mapper declared before; they explain recipients.
    """
    apart = {*AMOUNTS, *RECIPIENTS} if meant is not None else set()
    lines = [
        Line(
            what=name,
            meant=value,
            stored=stored.get(name),
            reading=Reading.DIFFERS,
            cause=f"{package} stored another value than the one that was sent.",
        )
        for name, value in sorted(written.fields.items())
        if name not in apart and stored.holds(name) and stored.get(name) != value
    ]
    if meant is None:
        return tuple(lines)
    people = [
        _recipients(name, resolved, held, stored, losses, package)
        for name, resolved, held in (("to", meant.to, meant.held_to), ("cc", meant.cc, meant.held_cc))
        if resolved or held
    ]
    return (*people, *read_amounts(meant, stored, package=package, rounding=rounding), *lines)


def read_amounts(meant: Meant, stored: Snapshot, *, package: str, rounding: TaxRounding) -> tuple[Line, ...]:
    """Compare the amounts of an invoice: what is off by no more than a unit a line is rounding."""
    unit = Decimal(1).scaleb(-currency_digits(meant.currency))
    limit = unit * max(1, meant.lines)
    off = {name: _amount(stored, name) - getattr(meant, name) for name in AMOUNTS if stored.holds(name)}
    reading = Reading.ROUNDING if all(abs(part) <= limit for part in off.values()) else Reading.DIFFERS
    if meant.tax_theirs and not off.get("subtotal"):
        reading = Reading.ADOPTED
    return tuple(
        Line(
            what=name,
            meant=decimal_text(getattr(meant, name)),
            stored=decimal_text(_amount(stored, name)),
            reading=reading if part else Reading.AS_MEANT,
            difference=decimal_text(part),
            cause=_cause(name, reading, off, package, rounding, unit) if part else None,
        )
        for name, part in off.items()
    )


def worst_of(lines: Sequence[Line]) -> Reading:
    """Return the state of the whole; what was declared before is as meant."""
    told = {line.reading for line in lines}
    return next((one for one in (Reading.DIFFERS, Reading.ROUNDING) if one in told), Reading.AS_MEANT)


def variance_of(lines: Sequence[Line]) -> tuple[Decimal, Reading] | None:
    """Return by how much a package's total differs from the one that was meant, and what that is; None without one."""
    return next(((Decimal(line.difference or 0), line.reading) for line in lines if line.what == "total"), None)


def adopted_amounts(lines: Sequence[Line]) -> dict[FieldName, Decimal]:
    """Return the amounts of a package that ours have to follow; none where ours count, or are the same."""
    if not any(line.reading is Reading.ADOPTED for line in lines):
        return {}
    return {line.what: Decimal(str(line.stored)) for line in lines if line.what in AMOUNTS}


def line_to_json(line: Line) -> dict[str, Any]:
    """Return one line as a document."""
    return {
        "what": line.what,
        "meant": value_to_json(line.meant),
        "stored": value_to_json(line.stored),
        "difference": line.difference,
        "cause": line.cause,
        "reading": line.reading.value,
    }


def line_from_json(document: Mapping[str, Any]) -> Line:
    """Return the line that :func:`line_to_json` wrote."""
    return Line(
        what=str(document["what"]),
        meant=value_from_json(document["meant"]),
        stored=value_from_json(document["stored"]),
        difference=document["difference"],
        cause=document["cause"],
        reading=Reading(document["reading"]),
    )


def meant_to_json(meant: Meant) -> dict[str, Any]:
    """Return what was meant as a document; amounts are decimal strings."""
    people = {name: getattr(meant, name) for name in ("to", "cc", "held_to", "held_cc")}
    return {
        **{name: None if value is None else list(value) for name, value in people.items()},
        **{name: decimal_text(getattr(meant, name)) for name in AMOUNTS},
        "currency": meant.currency,
        "lines": meant.lines,
        "tax_theirs": meant.tax_theirs,
    }


def meant_from_json(document: Mapping[str, Any]) -> Meant:
    """Return what :func:`meant_to_json` wrote."""
    held_to, held_cc = (None if document[name] is None else tuple(document[name]) for name in ("held_to", "held_cc"))
    return Meant(
        to=tuple(document["to"]),
        cc=tuple(document["cc"]),
        held_to=held_to,
        held_cc=held_cc,
        subtotal=Decimal(document["subtotal"]),
        tax_total=Decimal(document["tax_total"]),
        total=Decimal(document["total"]),
        currency=document["currency"],
        lines=document["lines"],
        tax_theirs=document.get("tax_theirs", False),
    )


def _recipients(
    name: FieldName,
    resolved: tuple[str, ...],
    held: tuple[str, ...] | None,
    stored: Snapshot,
    losses: Sequence[Loss],
    package: str,
) -> Line:
    """Compare one list of addresses, in whatever order they stand."""
    said = [loss.reason for loss in losses if loss.field in RECIPIENTS]
    found = _addresses(stored, name)
    line = Line(what=name, meant=resolved, stored=found)
    if found is None or held is None:
        own = f"{package} keeps no {field_label(name)} of its own on an invoice and uses its customer's addresses."
        reasons = [loss.reason for loss in losses if loss.field == name] or [own]
        return Line(what=name, meant=resolved, stored=None, reading=Reading.DECLARED, cause=" ".join(reasons))
    if sorted(found) == sorted(resolved):
        return line
    if sorted(found) == sorted(held) and said:
        return Line(what=name, meant=resolved, stored=found, reading=Reading.DECLARED, cause=" ".join(said))
    cause = f"{package} stored other addresses than the ones that were sent."
    return Line(what=name, meant=resolved, stored=found, reading=Reading.DIFFERS, cause=cause)


def _cause(
    name: FieldName,
    reading: Reading,
    off: Mapping[FieldName, Decimal],
    package: str,
    rounding: TaxRounding,
    unit: Decimal,
) -> str:
    if reading is Reading.ADOPTED:
        return f"{package} works out the sales tax itself; its figure is taken over."
    if reading is Reading.ROUNDING:
        way = (
            f"{package} rounds the tax of each line and adds these up"
            if rounding is TaxRounding.PER_LINE
            else f"{package} rounds the tax of each rate once, where ours is rounded line by line"
        )
        return f"{way}; up to {decimal_text(unit)} for each line is rounding."
    if name == "total" and off.get("tax_total"):
        return f"The tax that {package} stored is not the one that was meant."
    if name == "tax_total":
        return f"{package} stored a tax that rounding does not explain; its rate there, or a rule of its own, differs."
    return f"{package} reckons the lines differently: a price, a discount or a quantity is not as it was sent."


def _amount(stored: Snapshot, name: FieldName) -> Decimal:
    return Decimal(str(stored.get(name) or 0))


def _addresses(side: Snapshot, name: FieldName) -> tuple[str, ...] | None:
    value = side.get(name)
    if not side.holds(name):
        return None
    return tuple(str(one) for one in value) if isinstance(value, tuple) else ()
