"""Which words of two texts belong together: the same, the same but for a slip, and what is left on either side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from service.core.matching.words import Word

Pair = tuple[Word, Word]

_SPARE = 3  #: letters by which two spellings of a word may differ in length


@dataclass(frozen=True, slots=True)
class Alignment:
    """The words of two texts, side by side."""

    same: tuple[Pair, ...]
    close: tuple[Pair, ...]
    initials: tuple[Pair, ...]  #: one is the first letter of the other
    ours: tuple[Word, ...]  #: left over here
    theirs: tuple[Word, ...]  #: left over there

    @property
    def is_complete(self) -> bool:
        """True when no word is left over, though some may be spelt otherwise."""
        return not self.ours and not self.theirs

    @property
    def is_same(self) -> bool:
        """True when both say the same words, in whatever order."""
        return self.is_complete and not self.close and not self.initials


def align(ours: Sequence[Word], theirs: Sequence[Word]) -> Alignment:
    """Lay the words of two texts side by side, whatever their order."""
    left, right = list(ours), list(theirs)
    same = _take(left, right, Word.is_same)
    if left and right:
        same += _take_run_together(left, right, Word.is_same)
    close = _take(left, right, Word.is_close) if left and right else []
    if left and right:
        close += _take_run_together(left, right, Word.is_close)
    initials = _take(left, right, _is_initial) if left and right else []
    return Alignment(tuple(same), tuple(close), tuple(initials), tuple(left), tuple(right))


def _take(left: list[Word], right: list[Word], fits: Callable[[Word, Word], bool]) -> list[Pair]:
    taken: list[Pair] = []
    for word in list(left):
        found = next((other for other in right if fits(word, other)), None)
        if found is not None:
            taken.append((word, found))
            left.remove(word)
            right.remove(found)
    return taken


def _take_run_together(left: list[Word], right: list[Word], fits: Callable[[Word, Word], bool]) -> list[Pair]:
    """Pair what one side writes apart and the other does not: ``Mc Donald`` and ``McDonald``."""
    taken: list[Pair] = []
    for apart, whole, turned in ((left, right, False), (right, left, True)):
        at = 0
        while at + 1 < len(apart):
            length = len(apart[at].plain) + len(apart[at + 1].plain)
            likely = [word for word in whole if -_SPARE <= len(word.plain) - length <= _SPARE]
            joined = _together(apart[at], apart[at + 1]) if likely else None
            found = next((word for word in likely if fits(joined, word)), None) if joined else None
            if joined is None or found is None:
                at += 1
                continue
            del apart[at : at + 2]
            whole.remove(found)
            taken.append((found, joined) if turned else (joined, found))
    return taken


@lru_cache(maxsize=65536)
def _together(first: Word, second: Word) -> Word:
    spellings = frozenset(a + b for a in first.spellings for b in second.spellings)
    return Word(first.plain + second.plain, spellings, first.is_number or second.is_number)


def _is_initial(one: Word, other: Word) -> bool:
    if len(one.plain) != 1 and len(other.plain) != 1:
        return False
    return not one.is_number and not other.is_number and one.plain[0] == other.plain[0]
