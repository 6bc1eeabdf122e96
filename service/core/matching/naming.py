"""Names side by side. People and companies want different evidence.

A company is told from others by every word of its name but its legal form: ``Smith Roofing`` is not ``Smith Roofing
Supplies``. A person's name may be written short, or in part, and is shared by others; the address decides with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from service.core.matching.align import Alignment, align
from service.core.matching.legal_form import CONJUNCTIONS
from service.core.matching.point import Point
from service.core.matching.profile import BIT, Name, Profile, Rarity
from service.core.matching.words import Word, plain_words


class NameLevel(IntEnum):
    """How far two names agree, best last."""

    OTHER = 0  #: both hold words that the other lacks, or they share none
    PART = 1  #: one holds words that the other lacks
    SLIP = 2  #: the same words but for slips of the pen
    FORM = 3  #: the same words, but the legal form is another
    SAME = 4  #: nothing differs that counts


@dataclass(frozen=True, slots=True)
class NameFound:
    """The best that two parties' names have in common."""

    level: NameLevel
    here: Name
    there: Name
    bits: int  #: hundredths of a bit
    felt: int | None = None
    nearness: int = 0  #: how much nearer it is than others of its level; orders rivals, and makes none surer

    @property
    def is_equal(self) -> bool:
        """True when people would say that it is the same name."""
        return self.here.folded == self.there.folded

    def point(self) -> Point:
        """Say what the comparison found."""
        return Point(self.bits, _words(self.here, self.there, self.level), self.felt)


#: Odds of a company whose names agree so far, in bits; 4.3 bits are 95 per cent.
_COMPANY = {NameLevel.SAME: 430, NameLevel.FORM: 150, NameLevel.SLIP: 200, NameLevel.PART: -40, NameLevel.OTHER: -500}
_EQUAL, _SAME_FORM = 8 * BIT, 4 * BIT
_PART_WORD = -120  #: each word more that one side has
_OTHER_WORD = -200
_SLIP = -50  #: each word more that is spelt otherwise
_PERSON_WORD = 10 * BIT
_PERSON_OTHER = -4 * BIT
_PERSON_MISSING = -BIT // 2
_INITIAL = BIT


def compare_names(ours: Profile, theirs: Profile, rarity: Rarity) -> NameFound | None:
    """Compare every name of one with every name of the other; the pair that agrees best counts."""
    weigh = _person if ours.party.is_person else _company
    found = [weigh(here, there, rarity) for here in ours.names for there in theirs.names]
    return max(found, key=lambda one: (one.bits, one.level, one.nearness), default=None)


def _company(here: Name, there: Name, rarity: Rarity) -> NameFound:
    side_by_side = align(here.words, there.words)
    level = _level(side_by_side)
    if level is NameLevel.SAME and here.forms and there.forms and here.forms.isdisjoint(there.forms):
        level = NameLevel.FORM
    bits = _COMPANY[level] - rarity.prior
    if level is NameLevel.SLIP:
        bits += _SLIP * (len(side_by_side.close) + len(side_by_side.initials) - 1)
    if level is NameLevel.PART:
        bits += _PART_WORD * (len(side_by_side.ours) + len(side_by_side.theirs) - 1)
    if level is NameLevel.OTHER:
        shared = sum(rarity.of_name(*pair) for pair in side_by_side.same)
        bits = min(shared, -rarity.prior) + _COMPANY[level]
        bits += _OTHER_WORD * (len(side_by_side.ours) + len(side_by_side.theirs) - 2)
    nearness = (
        _EQUAL
        if here.folded == there.folded
        else _SAME_FORM
        if level is NameLevel.SAME and here.forms == there.forms
        else 0
    )
    return NameFound(level, here, there, bits, _COMPANY[level], nearness)


def _person(here: Name, there: Name, rarity: Rarity) -> NameFound:
    side_by_side = align(_no_numbers(here.words), _no_numbers(there.words))
    level = _level(side_by_side)
    bits = sum(min(rarity.of_name(*pair), _PERSON_WORD) for pair in side_by_side.same)
    bits += sum(min(rarity.of_name(*pair), _PERSON_WORD) // 2 for pair in side_by_side.close)
    bits += _INITIAL * len(side_by_side.initials)
    left, right = len(side_by_side.ours), len(side_by_side.theirs)
    bits += _PERSON_OTHER * min(left, right) + _PERSON_MISSING * abs(left - right)
    return NameFound(level, here, there, bits)


def _level(side_by_side: Alignment) -> NameLevel:
    if not side_by_side.same and not side_by_side.close:
        return NameLevel.OTHER
    if side_by_side.is_same:
        return NameLevel.SAME
    if side_by_side.is_complete:
        return NameLevel.SLIP
    return NameLevel.OTHER if side_by_side.ours and side_by_side.theirs else NameLevel.PART


def _no_numbers(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Leave out numbers: a package that wants every name once makes ``Ann Lee (2)`` of the second one."""
    return tuple(word for word in words if not word.is_number) or words


def _words(here: Name, there: Name, level: NameLevel) -> str:
    if here.folded == there.folded:
        return "same name"
    more_here, more_there = _more(here.text, there.text), _more(there.text, here.text)
    both = f"'{here.text}' here, '{there.text}' there"
    if level is NameLevel.SLIP:
        return f"name differs by spelling: {both}"
    if level is NameLevel.OTHER or (more_here and more_there):
        return f"same name, written otherwise: {both}" if level is NameLevel.SAME else f"name differs: {both}"
    return f"name differs by '{more_here or more_there}'" if more_here or more_there else "same name"


def _more(text: str, other: str) -> str:
    """Return the words of a name that the other lacks, as they stand in it."""
    known = CONJUNCTIONS.union(plain_words(other))
    return " ".join(
        piece.strip(",;()[]") for piece in text.split() if (words := plain_words(piece)) and not known.issuperset(words)
    )
