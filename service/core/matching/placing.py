"""Addresses side by side: street, city, region and postal code."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import OSA

from service.core.matching.align import align
from service.core.matching.point import Point
from service.core.matching.profile import BIT, Place, Rarity
from service.core.matching.words import Word

_WORD = 7 * BIT  #: most that a word of a street counts
_STREET = 14 * BIT
_CITY = 7 * BIT
_REGION = 2 * BIT
_POSTAL_CODE = 9 * BIT
_POSTAL_CODE_SLIP = 2 * BIT
_OTHER_WORD = -BIT
_OTHER_STREET, _OTHER_CITY, _OTHER_REGION, _OTHER_POSTAL_CODE = -4 * BIT, -3 * BIT, -2 * BIT, -3 * BIT


def place_points(ours: Sequence[Place], theirs: Sequence[Place], rarity: Rarity) -> tuple[Point, ...]:
    """Compare the two addresses that agree best; nothing where a side has none."""
    found = [_points(here, there, rarity) for here in ours for there in theirs]
    return max(found, key=lambda points: sum(point.bits for point in points), default=())


def _points(here: Place, there: Place, rarity: Rarity) -> tuple[Point, ...]:
    points = [
        _street(here.street, there.street, rarity),
        _city(here.city, there.city, rarity),
        _postal_code(here.postal_code, there.postal_code, rarity),
        _region(here.region, there.region, rarity),
    ]
    return tuple(point for point in points if point is not None)


def _street(here: Sequence[Word], there: Sequence[Word], rarity: Rarity) -> Point | None:
    if not here or not there:
        return None
    side_by_side = align(here, there)
    shared = [min(rarity.of_street(*pair), _WORD) for pair in side_by_side.same]
    shared += [min(rarity.of_street(*pair), _WORD) // 2 for pair in side_by_side.close]
    if not shared:
        return Point(_OTHER_STREET, "street differs")
    other = min(len(side_by_side.ours), len(side_by_side.theirs))
    bits = min(sum(shared), _STREET) + other * _OTHER_WORD
    if side_by_side.is_same:
        return Point(bits, "same street")
    return Point(bits, "street written otherwise" if side_by_side.is_complete else "street agrees in part")


def _city(here: Sequence[Word], there: Sequence[Word], rarity: Rarity) -> Point | None:
    if not here or not there:
        return None
    side_by_side = align(here, there)
    same = sum(rarity.of_city(*pair) for pair in side_by_side.same)
    close = sum(rarity.of_city(*pair) // 2 for pair in side_by_side.close)
    if not same and not close:
        return Point(_OTHER_CITY, "city differs")
    if side_by_side.is_same:
        return Point(min(same, _CITY), "same city")
    return Point(min(same + close, _CITY) // 2, "city written otherwise")


def _postal_code(here: str, there: str, rarity: Rarity) -> Point | None:
    if not here or not there:
        return None
    if here == there:
        return Point(min(rarity.of_postal_code(here), _POSTAL_CODE), "same postal code")
    if OSA.distance(here, there, score_cutoff=1) <= 1:
        return Point(_POSTAL_CODE_SLIP, "postal code differs by one sign")
    return Point(_OTHER_POSTAL_CODE, "postal code differs")


def _region(here: str, there: str, rarity: Rarity) -> Point | None:
    if not here or not there:
        return None
    if here == there:
        return Point(min(rarity.of_region(here), _REGION), "same region")
    return Point(_OTHER_REGION, "region differs")
