"""Which pairs are worth comparing: those that share something few others have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz
from rapidfuzz import process as fuzz_process

from service.core.matching.profile import Profile

_BY_HINTS = 8  #: most that are compared for one record because of what they share
_BY_NAME = 4  #: and because of how their names look, among the first of those
_LOOKED_AT = 60
_LOOKS_ALIKE = 70  #: per cent
_FAR_BEHIND = 4
_COMMON = 150  #: holders from which on a hint is none any more
_RARE_PIECES = 6
_PIECE = 3
_TAX_DIGITS = 8  #: the last of a tax number: a country's letters may stand before it or not
#: Where a letter with a mark is spelt out, or not; only to find what to compare.
_SPELT_OUT = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a"))


def candidates(ours: Sequence[Profile], theirs: Sequence[Profile]) -> Iterator[tuple[int, int]]:
    """Yield positions of pairs worth comparing, each once; of equal ones those that come first in ``theirs`` win."""
    holders = _holders(theirs)
    names, size = [_look(one) for one in theirs], len(theirs)
    for position, one in enumerate(ours):
        found: set[int] = set()
        for key in _keys(one):
            found.update(holders.get(key, ())[:_COMMON])
        shared: dict[int, int] = defaultdict(int)
        for hint in _hints(one, holders):
            there = holders[hint]
            weight = 1 + _COMMON * 16 // (len(there) + 15)
            for other in there:
                shared[other] += weight
        best = [mark % size for mark in sorted(other - weight * size for other, weight in shared.items())[:_LOOKED_AT]]
        found.update(other for other in best[:_BY_HINTS] if shared[other] * _FAR_BEHIND >= shared[best[0]])
        looks = fuzz_process.extract(
            _look(one),
            {other: names[other] for other in best},
            scorer=fuzz.ratio,
            score_cutoff=_LOOKS_ALIKE,
            limit=_BY_NAME,
        )
        found.update(other for _, _, other in looks)
        yield from ((position, other) for other in sorted(found))


def _holders(profiles: Sequence[Profile]) -> dict[str, list[int]]:
    holders: dict[str, list[int]] = defaultdict(list)
    for position in range(len(profiles)):
        for feature in {*_keys(profiles[position]), *_all_hints(profiles[position])}:
            holders[feature].append(position)
    return dict(holders)


def _look(one: Profile) -> str:
    return one.names[0].key if one.names else ""


def _keys(one: Profile) -> Iterator[str]:
    """Yield what joins two records for certain enough to compare them whatever else there is."""
    for reference in one.references:
        yield f"r:{reference}"
    if one.tax_number:
        yield f"t:{one.tax_number[-_TAX_DIGITS:]}"
    if one.email:
        yield f"e:{one.email}"
    for name in one.names:
        key = name.key
        run_together = "".join(word.plain for word in name.words)
        for spelt, bare in _SPELT_OUT:
            key, run_together = key.replace(spelt, bare), run_together.replace(spelt, bare)
        yield f"n:{key}"
        yield f"j:{run_together}"


def _all_hints(one: Profile) -> Iterator[str]:
    for name in one.names:
        for word in name.words:
            yield f"w:{word.plain}"
            padded = f"^{word.plain}$"
            for start in range(len(padded) - _PIECE + 1):
                yield f"3:{padded[start : start + _PIECE]}"
    if one.domain:
        yield f"d:{one.domain}"
    for phone in one.phones:
        yield f"p:{phone}"
    for place in one.places:
        if place.postal_code:
            yield f"z:{place.postal_code}"
        for word in place.street:
            yield f"s:{word.plain}"
        for word in place.city:
            yield f"c:{word.plain}"


def _hints(one: Profile, holders: dict[str, list[int]]) -> Iterator[str]:
    """Yield the hints of a record that lead to few others; of pieces of words the rarest alone."""
    pieces = []
    for hint in dict.fromkeys(_all_hints(one)):
        there = holders.get(hint)
        if there is None or len(there) > _COMMON:
            continue
        if hint.startswith("3:"):
            pieces.append((len(there), hint))
        else:
            yield hint
    yield from (hint for _, hint in sorted(pieces)[:_RARE_PIECES])
