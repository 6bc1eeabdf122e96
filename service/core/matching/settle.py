"""From weighed pairs to proposals: one to one where one fits clearly best, apart where several fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from service.core.matching.profile import BIT

Pair = tuple[str, str]

#: By how much a pair has to be ahead of its rivals: eight to one.
_CLEAR = 3 * BIT
_RIVALS = 5  #: most that are shown for one record


def settle(weights: Mapping[Pair, int]) -> dict[Pair, bool]:
    """Return the pairs to propose, and of each whether another fits as well.

    A pair that is clearly ahead of every other pair of its two records is taken, and takes the two out of all others;
    that may leave a further pair ahead of what remains. The outcome does not depend on any order.

    :param weights: of each pair of ids what speaks for it, in hundredths of a bit.
    """
    chosen: dict[Pair, bool] = {}
    left = sorted(weights, key=lambda pair: (-weights[pair], pair))
    while True:
        clear = list(_clear(left, weights))
        if not clear:
            break
        chosen.update(dict.fromkeys(clear, False))
        ours, theirs = {here for here, _ in clear}, {there for _, there in clear}
        left = [pair for pair in left if pair[0] not in ours and pair[1] not in theirs]
    rivals = list(_worth_showing(left, weights))
    often = _tally(rivals)
    chosen.update({(here, there): often[f"o{here}"] + often[f"t{there}"] > 2 for here, there in rivals})  # noqa: PLR2004 - each counts itself
    return chosen


def _clear(left: Iterable[Pair], weights: Mapping[Pair, int]) -> Iterable[Pair]:
    """Yield the pairs that are ahead of every other pair of both their records; ``left`` comes best first."""
    best: dict[str, Pair] = {}
    second: dict[str, int] = {}
    for pair in left:
        for end in (f"o{pair[0]}", f"t{pair[1]}"):
            if end not in best:
                best[end] = pair
            else:
                second.setdefault(end, weights[pair])
    for end, pair in best.items():
        other = f"t{pair[1]}"
        if end.startswith("o") and best[other] == pair:
            bar = weights[pair] - _CLEAR
            if all(second.get(one, bar) <= bar for one in (end, other)):
                yield pair


def _worth_showing(left: Iterable[Pair], weights: Mapping[Pair, int]) -> Iterable[Pair]:
    """Yield the pairs that are not far behind for either record; ``left`` comes best first."""
    best: dict[str, int] = {}
    shown: dict[str, int] = defaultdict(int)
    for pair in left:
        ends = (f"o{pair[0]}", f"t{pair[1]}")
        for end in ends:
            best.setdefault(end, weights[pair])
        if all(weights[pair] > best[end] - _CLEAR and shown[end] < _RIVALS for end in ends):
            for end in ends:
                shown[end] += 1
            yield pair


def _tally(pairs: Iterable[Pair]) -> dict[str, int]:
    often: dict[str, int] = defaultdict(int)
    for here, there in pairs:
        often[f"o{here}"] += 1
        often[f"t{there}"] += 1
    return often
