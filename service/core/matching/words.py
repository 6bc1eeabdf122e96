"""Text as matching reads it: folded words, each with the spellings it may have."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from service.core.matching.legal_form import WHOLE_WORDS
from service.core.names import name_key

_APOSTROPHES = re.compile("['\u2018\u2019\u02bc`\u00b4]")
_INITIALS = re.compile(r"\b(?:\w\.\s?){2,}(?:\w\b(?!\w))?")  # s.r.l., J. R.
_SLASHED = re.compile(r"\b(\w)/(\w)\b")  # A/S
_WORD = re.compile(r"[^\W_]+")
#: Letters that decompose into none of the base letters.
_PLAIN = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "\u0131": "i", "ħ": "h", "ß": "ss"}
)
#: How letters are written where they are missing from a keyboard: a second spelling of the same word.
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae"})
_SHORTEST_WITH_TYPO = 4
_LONG = 8  #: letters from which on two slips may have been made


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a name or an address."""

    plain: str
    spellings: frozenset[str]  #: ``plain`` among them
    is_number: bool  #: holds a digit: one that differs is another

    def is_same(self, other: Word) -> bool:
        """Tell whether two words are one, written in the ways that people and keyboards have."""
        return self.plain == other.plain or not self.spellings.isdisjoint(other.spellings)

    def is_close(self, other: Word) -> bool:
        """Tell whether two words may be one with a slip of the pen."""
        mine, its = len(self.plain), len(other.plain)
        allowed = 2 if mine >= _LONG or its >= _LONG else 1
        if not -allowed <= mine - its <= allowed or min(mine, its) < _SHORTEST_WITH_TYPO:
            return False
        if self.is_number or other.is_number:
            return False
        return OSA.distance(self.plain, other.plain, score_cutoff=allowed) <= allowed


@lru_cache(maxsize=65536)
def _word(spelt: str) -> Word:
    plain = _plain(spelt)
    spellings = {plain, _plain(spelt.translate(_SPELT_OUT))}
    spellings |= WHOLE_WORDS.get(plain, frozenset())
    return Word(plain, frozenset(spellings), any(sign.isdigit() for sign in plain))


@lru_cache(maxsize=65536)
def words_of(text: str | None) -> tuple[Word, ...]:
    """Return the words of a text, folded: case, marks, stops and blanks do not count."""
    if not text:
        return ()
    return tuple(_word(spelt) for spelt in _split(unicodedata.normalize("NFC", name_key(text))))


def plain_words(text: str | None) -> tuple[str, ...]:
    """Return the words of a text as plain letters and digits."""
    return tuple(word.plain for word in words_of(text))


def compact(text: str | None) -> str:
    """Return letters and digits alone, folded: what is left of a number that people write in groups."""
    return "".join(sign for sign in name_key(text or "") if sign.isalnum())


def _split(folded: str) -> list[str]:
    text = _APOSTROPHES.sub("", folded).replace("f.lli", "fratelli")
    text = _INITIALS.sub(lambda found: re.sub(r"[.\s]", "", found[0]) + " ", text)
    text = _SLASHED.sub(r"\1\2", text)
    found: list[str] = []
    run: list[str] = []
    for word in _WORD.findall(text):
        if len(word) == 1 and word.isalpha():
            run.append(word)
            continue
        found += _run(run)
        run = []
        found.append(word)
    return found + _run(run)


def _run(letters: list[str]) -> list[str]:
    """Join letters that stand alone one after the other: ``A B C Roofing`` is ``ABC Roofing``."""
    return ["".join(letters)] if letters else []


def _plain(spelt: str) -> str:
    stripped = "".join(sign for sign in unicodedata.normalize("NFD", spelt) if not unicodedata.combining(sign))
    return stripped.translate(_PLAIN)
