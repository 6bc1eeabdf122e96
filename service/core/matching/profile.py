"""A party made ready to be compared: its words, numbers and places, folded once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import log2

from service.core.matching.legal_form import FILLERS, take_off
from service.core.matching.party import Party
from service.core.matching.words import Word, compact, words_of
from service.core.model import Address
from service.core.names import name_key
from service.core.snapshot import clean_email

#: Hundredths of a bit: whole numbers add up to the same in every order.
BIT = 100
#: Parties that are thought of beside those given, so that two short lists do not seem to say more than they do.
_BACKGROUND = 200
_SHORTEST_TAX_NUMBER = 6  #: shorter ones are placeholders
_SHORTEST_PHONE = 6
_PHONE_DIGITS = 8  #: the last digits: what stands before them is written in too many ways
_PUBLIC = """
gmail.com googlemail.com outlook.com hotmail.com hotmail.co.uk hotmail.fr live.com live.co.uk msn.com yahoo.com
yahoo.co.uk yahoo.fr yahoo.de ymail.com aol.com icloud.com me.com mac.com proton.me protonmail.com gmx.de gmx.net
gmx.com web.de t-online.de freenet.de orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it
tiscali.it alice.it telefonica.net terra.es btinternet.com btopenworld.com sky.com virginmedia.com ntlworld.com
bigpond.com optusnet.com.au xtra.co.nz comcast.net verizon.net att.net sbcglobal.net ziggo.nl kpnmail.nl planet.nl
mail.dk telia.com bluewin.ch skynet.be telenet.be mail.com zoho.com fastmail.com qq.com 163.com
"""
#: Mailboxes that anybody may have: their domain says nothing about a company.
_PUBLIC_DOMAINS = frozenset(_PUBLIC.split())


@dataclass(frozen=True, slots=True)
class Name:
    """One of the names of a party."""

    text: str
    folded: str  #: as people compare names
    words: tuple[Word, ...]  #: those that tell it from others
    forms: frozenset[str]  #: its legal forms
    key: str  #: shared by two names that differ in nothing that counts


@dataclass(frozen=True, slots=True)
class Place:
    """An address."""

    street: tuple[Word, ...]
    city: tuple[Word, ...]
    region: str
    postal_code: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A party, folded."""

    party: Party
    names: tuple[Name, ...]
    places: tuple[Place, ...]
    email: str | None
    domain: str | None  #: of the email, unless anybody can have an address there
    phones: frozenset[str]
    tax_number: str | None
    references: frozenset[str]


def profile_of(party: Party) -> Profile:
    """Fold a party."""
    email = clean_email(party.email)
    tax = compact(party.tax_number)
    texts = [f"{party.parent}:{name}" if party.parent else name for name in (party.name, *party.other_names) if name]
    names = {name.key: name for name in reversed([_name(text) for text in texts]) if name.words}
    places = dict.fromkeys(place for place in map(_place, party.addresses) if place is not None)
    return Profile(
        party=party,
        names=tuple(reversed(names.values())),
        places=tuple(places),
        email=email,
        domain=_domain(email) or _site(party.website),
        phones=frozenset(_phone(phone) for phone in party.phones) - {""},
        tax_number=tax if len(tax) >= _SHORTEST_TAX_NUMBER else None,
        references=frozenset(one.casefold() for one in party.references if one),
    )


class Rarity:
    """How little a value says when two records share it: counted over both lists."""

    def __init__(self, profiles: Iterable[Profile]) -> None:
        """Count."""
        self.parties = 0
        self._names: Counter[str] = Counter()
        self._streets: Counter[str] = Counter()
        self._cities: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._regions: Counter[str] = Counter()
        self._domains: Counter[str] = Counter()
        self._phones: Counter[str] = Counter()
        self._emails: Counter[str] = Counter()
        for one in profiles:
            self.parties += 1
            self._names.update({word.plain for name in one.names for word in name.words})
            for place in one.places:
                self._streets.update({word.plain for word in place.street})
                self._cities.update({word.plain for word in place.city})
                self._codes[place.postal_code] += 1
                self._regions[place.region] += 1
            self._domains[one.domain or ""] += 1
            self._emails[one.email or ""] += 1
            self._phones.update(one.phones)

    @property
    def prior(self) -> int:
        """How unlikely it is that a record and an entity taken at random are one, in hundredths of a bit."""
        return -round(BIT * log2(self.parties // 2 + _BACKGROUND))

    def of_name(self, *words: Word) -> int:
        """Say what sharing a word of a name counts; of two spellings the more usual one decides."""
        return self._bits(self._names, (word.plain for word in words))

    def of_street(self, *words: Word) -> int:
        """Say what sharing a word of a street counts."""
        return self._bits(self._streets, (word.plain for word in words))

    def of_city(self, *words: Word) -> int:
        """Say what sharing a word of a city's name counts."""
        return self._bits(self._cities, (word.plain for word in words))

    def of_postal_code(self, code: str) -> int:
        """Say what sharing a postal code counts."""
        return self._bits(self._codes, (code,))

    def of_region(self, region: str) -> int:
        """Say what sharing a region counts."""
        return self._bits(self._regions, (region,))

    def of_domain(self, domain: str) -> int:
        """Say what sharing the domain of an email counts."""
        return self._bits(self._domains, (domain,))

    def of_phone(self, phone: str) -> int:
        """Say what sharing a phone counts."""
        return self._bits(self._phones, (phone,))

    def of_email(self, email: str) -> int:
        """Say what sharing an email counts."""
        return self._bits(self._emails, (email,))

    def _bits(self, counts: Counter[str], values: Iterable[str]) -> int:
        often = max(counts[value] for value in values)
        return round(BIT * log2((self.parties + _BACKGROUND) / (often + 1)))


def _name(text: str) -> Name:
    words = words_of(text)
    plain, forms = take_off([word.plain for word in words])
    by_plain = {word.plain: word for word in words}
    told = tuple(by_plain[one] for one in plain if one not in FILLERS) or tuple(by_plain[one] for one in plain)
    return Name(text, name_key(text), told, forms, " ".join(sorted(word.plain for word in told)))


def _place(address: Address) -> Place | None:
    street = tuple(word for line in (address.line1, address.line2) for word in words_of(line))
    city = words_of(address.city)
    region, code = compact(address.region), compact(address.postal_code)
    return Place(street, city, region, code) if street or city or region or code else None


def _domain(email: str | None) -> str | None:
    _, _, domain = (email or "").rpartition("@")
    return domain if domain and domain not in _PUBLIC_DOMAINS else None


def _site(website: str | None) -> str | None:
    host = (website or "").casefold().rpartition("//")[2].partition("/")[0].removeprefix("www.")
    return host if "." in host else None


def _phone(text: str) -> str:
    digits = "".join(sign for sign in text.partition("x")[0] if sign.isdecimal())
    return digits[-_PHONE_DIGITS:] if len(digits) >= _SHORTEST_PHONE else ""
