"""Names: when two are the same, which are allowed, and what a record is called in a package.

Two kinds of package exist. In one, display names are unique over a whole file (customers, vendors and employees
together) while the tree is kept beside them: ``display_name``. The other has no tree at all, so that a job's place must
stand in its name: ``flattened_name``. Both rules are pure: the caller says which names are taken.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import count

from msgspec import Struct
from msgspec.structs import replace

SEPARATOR = ":"
MAX_NAME_LENGTH = 255

#: The shortest limit that the naming rules work with; every package's is far above it.
MIN_LIMIT = 40

_UNNAMED = "Unnamed"  # only when a package forbids every character of a name
_ELLIPSIS = "…"
_JOINER = "\u200d"
_NUMBER = re.compile(r" \(?([1-9][0-9]{0,5})\)?$")


class NameFault(StrEnum):
    """Why a name is not allowed."""

    BLANK = "blank"  #: nothing that can be seen
    COLON = "colon"  #: would break the path Client:Job
    TAB = "tab"
    LINE_BREAK = "line_break"
    CONTROL = "control"  #: another control character, or half of a surrogate pair: no database or package stores it
    TOO_LONG = "too_long"


_FAULT_SENTENCES = {
    NameFault.BLANK: "A name is needed.",
    NameFault.COLON: "A name cannot contain a colon, because a colon separates a client from its jobs.",
    NameFault.TAB: "A name cannot contain a tab.",
    NameFault.LINE_BREAK: "A name cannot contain a line break.",
    NameFault.CONTROL: "A name cannot contain control characters.",
    NameFault.TOO_LONG: f"A name can have at most {MAX_NAME_LENGTH} characters.",
}
_LINE_BREAKS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


@lru_cache(maxsize=8192)
def name_key(name: str) -> str:
    """Return the text that two names share when people would call them the same.

    Compatibility forms, case, invisible characters (Unicode category Cf) and runs of blanks do not count: "Straße" is
    "STRASSE", a no-break space is a space. Applying it twice changes nothing.
    """
    if name.isascii():
        return " ".join(name.lower().split())
    visible = "".join(char for char in name if unicodedata.category(char) != "Cf")
    folded = _fold(visible)
    while (again := _fold(folded)) != folded:  # rare: folding uncovers a character that composes differently
        folded = again
    return folded


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def name_fault(name: str) -> NameFault | None:
    """Return what is wrong with a name of ours, or None; the first fault in the order of ``NameFault`` is named."""
    if not name_key(name):
        return NameFault.BLANK
    if SEPARATOR in name:
        return NameFault.COLON
    if "\t" in name:
        return NameFault.TAB
    if _LINE_BREAKS.intersection(name):
        return NameFault.LINE_BREAK
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in name):
        return NameFault.CONTROL
    return NameFault.TOO_LONG if len(name) > MAX_NAME_LENGTH else None


def name_fault_sentence(fault: NameFault) -> str:
    """Return the sentence that tells a person what to change."""
    return _FAULT_SENTENCES[fault]


def full_name(parts: Iterable[str]) -> str:
    """Join names from the client down to the job: ``Client:Job:Sub-job``."""
    return SEPARATOR.join(parts)


class NameRule(StrEnum):
    """Which rule made the name that a record has in a package."""

    OWN = "own"  #: its own name, for a job in a tree as for a client
    PATH = "path"  #: Client:Job, for a package without a tree
    QUALIFIED = "qualified"  #: Job (Client), or with more of its ancestors: Job (Client / Job above)
    NUMBERED = "numbered"  #: with a number, because everything more readable is taken


class NameChoice(Struct, frozen=True, kw_only=True):
    """The name for a package, and what had to be done to get it."""

    name: str
    rule: NameRule
    altered: bool  #: cut to the limit or rid of forbidden characters: a loss to declare
    clash: bool = False  #: a client's name that is taken: a person decides, nothing may be sent under it
    beside: bool = False  #: a client's name with something behind it, because somebody has the name itself


def display_name(
    name: str,
    *,
    ancestors: Sequence[str],
    taken: Container[str],
    limit: int,
    forbidden: Iterable[str] = (),
    current: str | None = None,
) -> NameChoice:
    """Name a record in a package whose display names are unique over a whole file.

    A client (no ancestors) always keeps its own name; if that is taken the choice says ``clash``. A job keeps its own
    name while it is free, else becomes ``Job (Client)``, then ``Job (Client / Job above)`` and so on down its
    ancestors, then gets a number. The same arguments give the same name, and a job's name is never a taken one.

    :param ancestors: names from the client down to the direct parent.
    :param taken: ``name_key`` of every name in the file except the one this record has there now.
    :param limit: the longest name in UTF-16 units, the widest way packages count; at least ``MIN_LIMIT``.
    :param forbidden: characters the package refuses; they become blanks. Not blanks, brackets, digits, "/" or "…".
    :param current: the name the record has there now. It is kept (in our spelling) while it is one that this rule can
        produce for the record, so that other records coming and going rename nothing.
    :raises ValueError: for a limit below ``MIN_LIMIT``.
    """
    _require_limit(limit)
    if not ancestors:
        return _for_client(_whole(name, frozenset(forbidden), limit, NameRule.OWN), taken)
    own = _Shape((name,), forbidden)
    qualified = [_Shape((name, *ancestors[:depth]), forbidden) for depth, _ in enumerate(ancestors, start=1)]
    candidates = [own.choice(NameRule.OWN, own.as_path(limit))]
    candidates += [shape.choice(NameRule.QUALIFIED, shape.qualified(limit)) for shape in qualified]

    def numbered(number: int) -> NameChoice:
        return qualified[-1].choice(NameRule.NUMBERED, qualified[-1].qualified(limit, tail=f" {number}"))

    return _settle(candidates, numbered, taken, current)


def flattened_name(
    parts: Sequence[str],
    *,
    limit: int,
    taken: Container[str],
    forbidden: Iterable[str] = (),
    current: str | None = None,
) -> NameChoice:
    """Name a record in a package without a tree: ``Client:Job:Sub-job``, within the limit and unique.

    A path that is too long keeps every level and shares the room fairly: short names stay whole, long ones are cut at
    a word and marked with "…". A taken path gets a number; a client's (one part) never does, it says ``clash``.
    Parameters are those of ``display_name``; ``parts`` are the names from the client down to the record.

    :raises ValueError: for a limit below ``MIN_LIMIT`` or no parts.
    """
    _require_limit(limit)
    if not parts:
        raise ValueError("a record has at least its own name")
    if len(parts) == 1:
        return _for_client(_whole(parts[0], frozenset(forbidden), limit, NameRule.PATH), taken)
    shape = _Shape(tuple(parts), forbidden)

    def numbered(number: int) -> NameChoice:
        return shape.choice(NameRule.NUMBERED, shape.as_path(limit, tail=f" ({number})"))

    return _settle([shape.choice(NameRule.PATH, shape.as_path(limit))], numbered, taken, current)


def name_beside(
    choice: NameChoice,
    *,
    number: str | None,
    taken: Container[str],
    limit: int,
    current: str | None = None,
) -> NameChoice:
    """Name a client whose name somebody else has, by something behind it: ``Acme (C-1042)``, else ``Acme (2)``.

    :param choice: the client's own name, taken or not.
    :param number: its number with us; None to count.
    :param current: the name it has there now, which is kept while it is one that this rule gives.
    """
    shape = _Shape((choice.name,), ())
    first = [_beside(shape, number, limit)] if number else []

    def numbered(count_: int) -> NameChoice:
        return _beside(shape, str(count_), limit)

    own = [] if choice.clash else [choice]
    if current is not None and name_key(current) != name_key(choice.name):
        return _settle([*first, *own], numbered, taken, current)
    return _settle([*own, *first], numbered, taken, current)


def _beside(shape: _Shape, word: str, limit: int) -> NameChoice:
    made, cut = shape.as_path(limit, tail=f" ({word})")
    return NameChoice(name=made, rule=NameRule.NUMBERED, altered=cut, beside=True)


class _Shape:
    """Some names that make one, rid of what the package forbids; ``ideal`` ones are kept to see what was lost."""

    def __init__(self, names: tuple[str, ...], forbidden: Iterable[str]) -> None:
        without = frozenset(forbidden)
        self._parts = [_allowed(name, without) for name in names]
        self._ideal = [_collapse(name) for name in names]

    def choice(self, rule: NameRule, made: tuple[str, bool]) -> NameChoice:
        name, cut = made
        return NameChoice(name=name, rule=rule, altered=cut or self._parts != self._ideal)

    def as_path(self, limit: int, tail: str = "") -> tuple[str, bool]:
        """Return ``A:B:C`` and the tail within the limit, and whether something was cut."""
        room = limit - len(tail) - len(SEPARATOR) * (len(self._parts) - 1)
        kept = _fit(self._parts, room)
        return SEPARATOR.join(kept) + tail, kept != self._parts

    def qualified(self, limit: int, tail: str = "") -> tuple[str, bool]:
        """Return ``A (B / C)`` and the tail within the limit, and whether something was cut."""
        name, ancestors = self._parts[0], " / ".join(self._parts[1:])
        room = limit - len(tail) - len(" ()")
        kept = _fit([name, ancestors], room)
        return f"{kept[0]} ({kept[1]}){tail}", kept != [name, ancestors]


@lru_cache(maxsize=8192)
def _whole(name: str, forbidden: frozenset[str], limit: int, rule: NameRule) -> NameChoice:
    """Return a client's name as a package can hold it; asked for when it is chosen, and when it is sent."""
    shape = _Shape((name,), forbidden)
    return shape.choice(rule, shape.as_path(limit))


def _for_client(choice: NameChoice, taken: Container[str]) -> NameChoice:
    return replace(choice, clash=True) if name_key(choice.name) in taken else choice


def _settle(
    candidates: Sequence[NameChoice],
    numbered: Callable[[int], NameChoice],
    taken: Container[str],
    current: str | None,
) -> NameChoice:
    """Keep the current name if it is one of ours; else take the first free candidate, else the first free number."""
    if current is not None:
        key = name_key(current)
        match = _NUMBER.search(current)
        producible = [*candidates, *([numbered(int(match[1]))] if match and int(match[1]) > 1 else [])]
        for choice in producible:
            if name_key(choice.name) == key and key not in taken:
                return choice
    return next(choice for choice in _in_order(candidates, numbered) if name_key(choice.name) not in taken)


def _in_order(candidates: Sequence[NameChoice], numbered: Callable[[int], NameChoice]) -> Iterator[NameChoice]:
    yield from candidates
    yield from map(numbered, count(2))


def _fit(parts: Sequence[str], room: int) -> list[str]:
    """Cut parts to the room: short ones stay whole, the long ones get equal shares of what is left."""
    fitted = list(parts)
    if sum(map(_length, parts)) <= room:
        return fitted
    by_length = sorted(range(len(parts)), key=lambda index: _length(parts[index]))
    for done, index in enumerate(by_length):
        fitted[index] = _cut(parts[index], room // (len(parts) - done))
        room -= _length(fitted[index])
    return fitted


def _cut(text: str, limit: int) -> str:
    """Cut at a word where that keeps at least half, never inside a composed character; mark the cut."""
    if _length(text) <= limit:
        return text
    end = len(text)
    while _length(text[:end]) > limit - len(_ELLIPSIS):
        end -= 1
    whole = end
    while whole > 0 and _joins(text, whole):
        whole -= 1
    end = whole or end
    blank = text[: end + 1].rfind(" ")
    return text[: blank if blank * 2 >= end else end].rstrip(" ,;/&(-\u2013") + _ELLIPSIS


def _joins(text: str, at: int) -> bool:
    """Tell whether the character there belongs to the one before: a mark, a joiner, or what a joiner joins."""
    return unicodedata.category(text[at])[0] == "M" or _JOINER in text[at - 1 : at + 1]


def _length(text: str) -> int:
    """Count UTF-16 units: a character outside the basic plane counts two."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def _allowed(name: str, forbidden: frozenset[str]) -> str:
    """Return a name rid of what the package forbids."""
    kept = _collapse(name.translate({ord(char): " " for char in forbidden}))
    return kept if name_key(kept) else _UNNAMED


def _collapse(text: str) -> str:
    return " ".join(text.split())


def _require_limit(limit: int) -> None:
    if limit < MIN_LIMIT:
        raise ValueError(f"a name needs room for at least {MIN_LIMIT} characters, not {limit}")
