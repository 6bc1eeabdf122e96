"""The clients of the sample books: 300 companies with their people, and 40 individuals."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from random import Random

from msgspec.structs import replace

from service.core.model import Address, Contact, Customer, CustomerKind, CustomerType, SendTo, TaxComponent, TaxLevel
from service.samples.chance import happens
from service.samples.places import HOME_COUNTRY, make_address, make_phone, pick_region
from service.samples.words import (
    AWKWARD,
    COLLIDING,
    ELSEWHERE,
    FIRST_NAMES,
    KNOWN_THERE,
    LAST_NAMES,
    LONGEST,
    PEOPLE_ELSEWHERE,
    PLACES,
    ROLES,
    SUFFIXES,
    TRADES,
)

COMPANIES = 300
INDIVIDUALS = 40

TAX_LEVELS = (
    TaxLevel(id="tax-california", name="California", rate_percent=Decimal(8)),
    TaxLevel(
        id="tax-tucson",
        name="Tucson",
        rate_percent=Decimal("9.1"),
        components=(
            TaxComponent(name="AZ State tax", rate_percent=Decimal("7.1")),
            TaxComponent(name="Tucson City", rate_percent=Decimal(2)),
        ),
    ),
    TaxLevel(id="tax-resale", name="Resale", rate_percent=Decimal(0)),
    TaxLevel(id="tax-exempt", name="Exempt", rate_percent=Decimal(0)),
)
EXEMPT = "tax-exempt"
_LEVEL_OF_REGION = {"CA": "tax-california", "AZ": "tax-tucson", "TX": "tax-resale", "WA": EXEMPT}
TERMS = {"due_on_receipt": 0, "net10": 10, "net15": 15, "net30": 30}  #: name -> days
_TERM_NAMES = list(TERMS)


def _mailbox(first: str, last: str) -> str:
    """Return first.last in ASCII."""
    plain = unicodedata.normalize("NFKD", f"{first}.{last}".replace("ß", "ss")).encode("ascii", "ignore").decode()
    return plain.lower()


_PEOPLE = [(first, last, _mailbox(first, last)) for first, last in product(FIRST_NAMES, LAST_NAMES)]


@dataclass(frozen=True, slots=True)
class _Seed:
    """What is known of a company before the rest is drawn."""

    name: str
    domain: str
    email: str | None = None
    country: str = HOME_COUNTRY
    region: str | None = None
    person: tuple[str, str] | None = None  #: first and last name of the primary contact
    sparse: bool = False  #: we know neither phone nor addresses, so that what a package knows fills them


def make_clients(rng: Random, currency: str) -> list[Customer]:
    """Return all clients, companies and individuals mixed, numbered C-1001 and on. Their ids are local references."""
    companies = [_company(rng, seed, index) for index, seed in enumerate(_seeds(rng))]
    individuals = list(_individuals(rng))
    clients = companies + individuals
    rng.shuffle(clients)
    return [_number(client, index, currency) for index, client in enumerate(clients, start=1)]


def _number(client: Customer, index: int, currency: str) -> Customer:
    ref = f"client-{index:04}"
    people = tuple(
        replace(person, id=f"{ref}-p{place}", customer_id=ref) for place, person in enumerate(client.contacts, start=1)
    )
    return replace(client, id=ref, number=f"C-{1000 + index}", currency=currency, contacts=people)


def _seeds(rng: Random) -> list[_Seed]:
    seeds = [
        _Seed(name, email.split("@")[1], email, region=region, person=(first, last), sparse=not differs)
        for name, email, region, first, last, differs in KNOWN_THERE
    ]
    seeds += [_Seed(name, f"{domain}.example", country=country) for name, domain, country in ELSEWHERE]
    seeds += [_Seed(name, f"{domain}.example", region="CA") for name, domain in AWKWARD]
    seeds += [
        _Seed(COLLIDING, "harbour-roofing.example", region="CA"),
        _Seed(LONGEST, "old-ferry.example", region="WA"),
    ]
    pairs = rng.sample(list(product(PLACES, TRADES)), COMPANIES - len(seeds))
    for place, trade in pairs:
        name = f"{place} {trade}{rng.choice(SUFFIXES)}"
        domain = f"{place}-{trade}.example".lower().replace(" ", "-")
        seeds.append(_Seed(name, domain, region=pick_region(rng)))
    return seeds


def _company(rng: Random, seed: _Seed, index: int) -> Customer:
    company = _drawn_company(rng, seed, index)
    if seed.person is None:
        return company
    primary, *others = company.contacts
    first, last = seed.person
    primary = replace(primary, first_name=first, last_name=last, phone=None, mobile=None)
    company = replace(company, is_customer=True, archived=False, contacts=(primary, *others))
    if not seed.sparse:
        return company
    return replace(company, phone=None, fax=None, website=None, billing_address=None, shipping_address=None)


def _drawn_company(rng: Random, seed: _Seed, index: int) -> Customer:
    address = make_address(rng, region=seed.region, country=seed.country)
    has_email = seed.email is not None or happens(rng, 80)
    return Customer(
        id="",
        kind=CustomerKind.COMPANY,
        type=CustomerType.CLIENT,
        name=seed.name,
        full_name=seed.name,
        depth=1,
        is_customer=(index + 1) % 50 != 0,  # six of them are contacts only
        archived=(index + 1) % 40 == 0,
        email=(seed.email or f"{rng.choice(['accounts', 'office', 'billing'])}@{seed.domain}") if has_email else None,
        other_emails=(f"copies@{seed.domain}",) if happens(rng, 12) else (),
        other_emails_invoice=rng.choice(list(SendTo)),
        phone=make_phone(rng, seed.region),
        fax=make_phone(rng, seed.region) if happens(rng, 10) else None,
        website=f"https://{seed.domain}" if happens(rng, 60) else None,
        vat_number=f"{seed.country}{rng.randrange(10**8, 10**9)}" if happens(rng, 30) else None,
        tax_level_id=_level(rng, seed),
        discount_percent=Decimal(rng.choice([0, 0, 0, 0, 5, 10])),
        payment_terms=rng.choice(_TERM_NAMES),
        billing_address=address,
        shipping_address=make_address(rng, region=seed.region, country=seed.country) if index % 9 == 0 else None,
        contacts=tuple(_people(rng, seed, index, address)),
    )


def _level(rng: Random, seed: _Seed) -> str | None:
    if seed.country != HOME_COUNTRY:
        return EXEMPT
    return _LEVEL_OF_REGION.get(seed.region or "") if happens(rng, 95) else None


def _people(rng: Random, seed: _Seed, index: int, address: Address) -> Iterator[Contact]:
    """Yield one to five people, seven at a few companies; some bring a tax level or an address of their own."""
    count = 7 if (index + 3) % 100 == 0 else rng.choice([1, 1, 2, 2, 3, 4, 5])
    for place, (first, last, mailbox) in enumerate(_draw(rng, count)):
        is_sub_contact = place == 1 and index % 6 == 0
        yield Contact(
            id="",
            customer_id="",
            first_name=first,
            last_name=last,
            role=ROLES[(index + place) % len(ROLES)],
            email=f"{mailbox}@{seed.domain}" if place == 0 or happens(rng, 85) else None,
            other_emails=(f"{mailbox}.office@{seed.domain}",) if happens(rng, 15) else (),
            phone=make_phone(rng, seed.region) if happens(rng, 50) else None,
            mobile=make_phone(rng, seed.region) if happens(rng, 40) else None,
            notes="Prefers a call before nine." if happens(rng, 5) else None,
            primary=place == 0,
            tax_level_id=EXEMPT if is_sub_contact and index % 12 == 0 else None,
            billing_address=replace(address, line2=f"Attn. {first} {last}") if is_sub_contact else None,
            use_as_billing_address=is_sub_contact,
            invoice_email=rng.choice([SendTo.NONE, SendTo.NONE, SendTo.TO, SendTo.CC]),
            other_emails_invoice=rng.choice([SendTo.NONE, SendTo.NONE, SendTo.CC]),
        )


def _draw(rng: Random, count: int) -> list[tuple[str, str, str]]:
    """Draw people: first name, last name, mail box; no two alike within the draw."""
    drawn = rng.sample(_PEOPLE, count)
    if happens(rng, 10):
        drawn[-1] = rng.choice(PEOPLE_ELSEWHERE)
    return drawn


def _individuals(rng: Random) -> Iterator[Customer]:
    drawn = [*PEOPLE_ELSEWHERE, *rng.sample(_PEOPLE, INDIVIDUALS - len(PEOPLE_ELSEWHERE))]
    for index, (first, last, mailbox) in enumerate(drawn):
        region = pick_region(rng)
        yield Customer(
            id="",
            kind=CustomerKind.INDIVIDUAL,
            type=CustomerType.CLIENT,
            name=f"{first} {last}",
            full_name=f"{first} {last}",
            depth=1,
            first_name=first,
            last_name=last,
            email=f"{mailbox}@example.com" if (index + 1) % 10 else None,
            mobile=make_phone(rng, region),
            tax_level_id=_LEVEL_OF_REGION.get(region),
            payment_terms="due_on_receipt",
            billing_address=make_address(rng, region=region, country=HOME_COUNTRY),
        )
