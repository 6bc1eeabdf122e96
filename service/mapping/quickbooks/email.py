"""Email addresses: several share one text of limited length, and none is ever cut in two."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.core.snapshot import clean_email

_BETWEEN = re.compile(r"[,;\s]+")
_SHAPE = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Addresses that fit, in order, and those that found no room or are no addresses."""

    kept: tuple[str, ...]
    over: tuple[str, ...]


def fit(addresses: Iterable[str | None], limit: int) -> Fitted:
    """Take addresses, in order and each once, while all of them joined by commas have at most ``limit`` characters.

    An address for which there is no room is passed over whole; a shorter one after it may still fit.
    """
    kept: list[str] = []
    over: list[str] = []
    for address in dict.fromkeys(found for one in addresses if (found := clean_email(one))):
        fits = bool(_SHAPE.fullmatch(address)) and len(join([*kept, address])) <= limit
        (kept if fits else over).append(address)
    return Fitted(kept=tuple(kept), over=tuple(over))


def join(addresses: Sequence[str]) -> str:
    """Return the addresses as QuickBooks takes them: separated by commas."""
    return ",".join(addresses)


def split(text: str | None) -> tuple[str, ...]:
    """Return the addresses of a text that separates them by commas, semicolons or blanks, each once."""
    found = (clean_email(part) for part in _BETWEEN.split(text or ""))
    return tuple(dict.fromkeys(address for address in found if address))
