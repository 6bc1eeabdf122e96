"""How far two parties agree: what each comparison counts, for and against, in words and in hundredths of a bit.

The model is that of Fellegi and Sunter: a comparison counts the logarithm of how much likelier its outcome is for two
records of one customer than for two of different ones. Sharing a rare word says more than sharing a common one, so that
what agreement counts is reckoned from the two lists; what disagreement counts is set down beside each comparison.
Stated keys stand above all that.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from service.core.matching.naming import NameFound, NameLevel, compare_names
from service.core.matching.party import EXACT
from service.core.matching.placing import place_points
from service.core.matching.point import Point
from service.core.matching.profile import BIT, Profile, Rarity

_REFERENCE, _TAX_NUMBER, _NAME_AND_EMAIL = 120 * BIT, 100 * BIT, 80 * BIT
_DOMAIN_AND_NAME = 20 * BIT
_STATED = 3 * BIT  #: a stated key needs no word about its weight
_EMAIL, _PHONE, _DOMAIN = 10 * BIT, 8 * BIT, 2 * BIT
_OTHER_EMAIL, _OTHER_DOMAIN, _OTHER_TAX_NUMBER = -BIT // 2, -BIT, -8 * BIT
_PLACE_OF_COMPANY = 6 * BIT  #: most that an address counts for a company: branches and neighbours share it
_PLACE_AGAINST_COMPANY = -3 * BIT
#: What a person's name counts by itself, where nothing is known against it: 95 per cent, as for a company.
_NAME_ALONE = 430
#: A package that wants every name once refuses another record of it, so that the question has to be put anyway.
_EQUAL_NAME = 50
#: An email that few share, and another name: the company here may be the person who pays there.
_EMAIL_ALONE, _FEW = 160, 5 * BIT
_SHORTEST_TAX_NUMBER = 8  #: digits that have to be left when a country's letters are taken off
#: A pair that a stated key joins although the names differ: a person looks at it.
_KEY_WITH_OTHER_NAME = Decimal("0.9")
_DOMAIN_SURE = Decimal("0.99")
#: As sure as a pair can be without a stated key.
_SUREST = Decimal("0.99")
#: As sure as a pair can be whose names differ in a word that tells one from another.
_OTHER_NAME = Decimal("0.9")
_COUNTRY = 2  #: letters before a tax number
_CENT = Decimal("0.01")
_CERTAIN = 12 * BIT  #: from which on certainty is not reckoned any more


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the comparisons of one pair came to."""

    bits: int  #: hundredths of a bit; what orders rivals
    confidence: Decimal
    key: Point | None
    name: NameFound | None
    points: tuple[Point, ...]

    def said(self) -> tuple[str, ...]:
        """Return every comparison in words: a stated key, the name, then the rest."""
        points = [*([self.key] if self.key else []), *([self.name.point()] if self.name else []), *self.points]
        told = self.key.words if self.key else ""
        return tuple(point.said for point in points if point is self.key or point.words not in told)


def weigh(ours: Profile, theirs: Profile, rarity: Rarity) -> Weighed:
    """Compare a customer with an entity."""
    name = compare_names(ours, theirs, rarity)
    key = _stated(ours, theirs, name)
    places = place_points(ours.places, theirs.places, rarity)
    points = (*_reaching(ours, theirs, rarity), *places)
    place = sum(point.bits for point in places)
    bits = rarity.prior + sum(point.bits for point in points) + (name.bits if name else 0)
    if not ours.party.is_person:
        bits += min(max(place, _PLACE_AGAINST_COMPANY), _PLACE_OF_COMPANY) - place
    level, nearness = (name.level, name.nearness) if name else (NameLevel.OTHER, 0)
    if level is NameLevel.SAME and ours.party.is_person and all(point.bits >= 0 for point in points):
        bits = max(bits, _NAME_ALONE)
    if name is not None and name.is_equal:
        bits = max(bits, _EQUAL_NAME)
    if ours.email and ours.email == theirs.email and rarity.of_email(ours.email) >= _FEW:
        bits = max(bits, _EMAIL_ALONE)
    if key is not None:
        sure = key[1] if level is not NameLevel.OTHER else _KEY_WITH_OTHER_NAME
        return Weighed(key[0].bits + bits + nearness, sure, key[0], name, points)
    sure = min(_confidence(bits), _SUREST)
    if level in (NameLevel.OTHER, NameLevel.PART) or (level is NameLevel.SLIP and not ours.party.is_person):
        sure = min(sure, _OTHER_NAME)
    return Weighed(bits + nearness, sure, None, name, points)


def _stated(ours: Profile, theirs: Profile, name: NameFound | None) -> tuple[Point, Decimal] | None:
    """Return the first stated key that joins the two, in their stated order."""
    if not ours.references.isdisjoint(theirs.references):
        return Point(_REFERENCE, "our own number is kept there", _STATED), EXACT
    if _same_tax_number(ours.tax_number, theirs.tax_number):
        return Point(_TAX_NUMBER, "same VAT number", _STATED), EXACT
    if name is None or name.level is not NameLevel.SAME:
        return None
    if ours.email and ours.email == theirs.email:
        return Point(_NAME_AND_EMAIL, "same name and same email", _STATED), EXACT
    if ours.domain and ours.domain == theirs.domain and not ours.party.is_person:
        return Point(_DOMAIN_AND_NAME, "same name and same email domain", _STATED), _DOMAIN_SURE
    return None


def _reaching(ours: Profile, theirs: Profile, rarity: Rarity) -> list[Point]:
    points = []
    if ours.email and theirs.email:
        if ours.email == theirs.email:
            points.append(Point(min(rarity.of_email(ours.email), _EMAIL), "same email"))
        elif ours.domain and ours.domain == theirs.domain:
            points.append(Point(min(rarity.of_domain(ours.domain), _DOMAIN), "same email domain"))
        elif ours.domain and theirs.domain:
            points.append(Point(_OTHER_DOMAIN, "email differs"))
        else:
            points.append(Point(_OTHER_EMAIL, "email differs"))
    if shared := ours.phones & theirs.phones:
        points.append(Point(min(max(map(rarity.of_phone, shared)), _PHONE), "same phone"))
    if ours.tax_number and theirs.tax_number and not _same_tax_number(ours.tax_number, theirs.tax_number):
        points.append(Point(_OTHER_TAX_NUMBER, "VAT number differs"))
    return points


def _same_tax_number(here: str | None, there: str | None) -> bool:
    """Tell whether two numbers are one, with the country's letters or without."""
    if not here or not there:
        return False
    shorter, longer = sorted((here, there), key=len)
    prefix = longer[: len(longer) - len(shorter)]
    return longer.endswith(shorter) and (
        not prefix or (len(prefix) == _COUNTRY and prefix.isalpha() and len(shorter) >= _SHORTEST_TAX_NUMBER)
    )


def _confidence(bits: int) -> Decimal:
    if abs(bits) >= _CERTAIN:
        return EXACT if bits > 0 else Decimal(0)
    return (1 / (1 + Decimal(2) ** (Decimal(-bits) / BIT))).quantize(_CENT)
