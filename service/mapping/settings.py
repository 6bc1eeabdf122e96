"""A connection's choices: what is obvious is suggested, what is missing is said, and with which records it would stop.

An *entry* of the mapping is named ``section:key``: ``accounts:sales``, ``accounts:payments``, ``items:default``,
``items:<our item code>``, ``taxes:<tax level id>``, ``taxes:none``, ``terms:<our code>``, ``methods:<our method>``.
``MappingError.missing`` names entries the same way. Terms codes of ours are ``due_on_receipt``, ``net<days>``, ``eom``
(the end of the invoice's month) and ``eom<days>`` (that many days after it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias

from service.core.choice import CurrencyRule, JobRule, ListRule, MappingSettings, NamingRule
from service.core.model import Contact, Customer, Invoice, Payment, TaxLevel
from service.core.names import name_key
from service.core.ports import EntityKind, Offer, Record, Ref, Reference
from service.core.reconcile import Flow

#: Which records use an entry.
Uses: TypeAlias = Mapping[str, tuple[Ref, ...]]

SALES_ACCOUNT = "accounts:sales"
PAYMENTS_ACCOUNT = "accounts:payments"
DEFAULT_ITEM = "items:default"
NO_TAX = "taxes:none"

#: Sections whose values are entries of the package's lists.
SECTIONS = (
    "accounts",
    "categories",
    "items",
    "taxes",
    "terms",
    "methods",
    "method_accounts",
    "currency_accounts",
    "tracking",
)
#: Sections whose values are rules of ours.
RULES: Mapping[str, type[StrEnum]] = {"lists": ListRule, "owners": Flow, "currencies": CurrencyRule}
_TERMS = re.compile(r"(net|eom)(0|[1-9][0-9]{0,2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """When an invoice is due: days after its date, or after the end of its month."""

    days: int
    end_of_month: bool = False

    @property
    def code(self) -> str:
        """Our code; ``net0`` is ``due_on_receipt``, ``eom0`` is ``eom``."""
        if self.end_of_month:
            return f"eom{self.days}" if self.days else "eom"
        return f"net{self.days}" if self.days else "due_on_receipt"


def parse_terms(code: str | None) -> Terms | None:
    """Return what a terms code of ours means, or None for none and for words that are not of our vocabulary."""
    text = "".join((code or "").casefold().replace("_", " ").split())
    if text == "dueonreceipt":
        return Terms(days=0)
    if text == "eom":
        return Terms(days=0, end_of_month=True)
    found = _TERMS.fullmatch(text)
    return None if found is None else Terms(days=int(found[2]), end_of_month=found[1] == "eom")


def terms_code(code: str | None) -> str | None:
    """Return the one spelling of a terms code; words that are not of our vocabulary stay as they are."""
    terms = parse_terms(code)
    return code if terms is None else terms.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """Entries without which a package's documents can't be written, as far as our records use them."""

    entries: frozenset[str] = frozenset({SALES_ACCOUNT, PAYMENTS_ACCOUNT})
    sections: frozenset[str] = frozenset({"taxes"})

    def cover(self, entry: str) -> bool:
        """Tell whether the entry must be mapped."""
        return entry in self.entries or entry.partition(":")[0] in self.sections


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """An entry that a person still has to choose."""

    entry: str
    message: str  #: a sentence for an accountant
    records: tuple[Ref, ...]  #: records that can't be sent before


def uses(records: Iterable[Record]) -> dict[str, tuple[Ref, ...]]:
    """Return every entry that the records use, with the records that use it, in the order given."""
    found: dict[str, list[Ref]] = {}
    for record in records:
        ref = _ref(record)
        for entry in dict.fromkeys(_entries(record)):
            found.setdefault(entry, []).append(ref)
    return {entry: tuple(refs) for entry, refs in found.items()}


def chosen(settings: MappingSettings, entry: str) -> str | None:
    """Return what is chosen for an entry, or None."""
    section, _, key = entry.partition(":")
    choices: Mapping[str, str] = getattr(settings, section)
    return choices.get(key) or None


def suggest(
    reference: Reference,
    *,
    used: Iterable[str],
    tax_levels: Iterable[TaxLevel] = (),
    given: MappingSettings | None = None,
) -> MappingSettings:
    """Return the settings with every obvious choice made; what is chosen already stays as it is.

    Obvious is: the only fitting entry of the package's list, else the package's own default among the fitting ones.
    Fitting is: a sales account; an account that takes payments; an item of the same code; a tax code of the same rate
    (one of the same name first); terms of the same days; a payment method of the same name.

    :param used: entries that our records use; those of every tax level, both accounts, the default item and "no tax"
        are added.
    """
    levels = {level.id: level for level in tax_levels}
    settings = given or MappingSettings()
    fixed = (SALES_ACCOUNT, PAYMENTS_ACCOUNT, DEFAULT_ITEM, NO_TAX, *(f"taxes:{level_id}" for level_id in levels))
    for entry in dict.fromkeys((*fixed, *used)):
        if chosen(settings, entry) is None:
            offer = _obvious(entry, reference, levels)
            settings = settings if offer is None else choose(settings, entry, offer.id)
    return settings


def choose(settings: MappingSettings, entry: str, value: str) -> MappingSettings:
    """Return the settings with one entry chosen."""
    section, _, key = entry.partition(":")
    choices: dict[str, Any] = {section: {**getattr(settings, section), key: value}}
    return replace(settings, **choices)


def find_missing(
    settings: MappingSettings,
    reference: Reference,
    *,
    demands: Demands,
    used: Uses,
    labels: Mapping[str, str] | None = None,
) -> tuple[Missing, ...]:
    """Return the entries that records need and that are not chosen, or chosen from what the package no longer offers.

    :param labels: names of tax levels by id, for the sentences.
    """
    found = []
    for entry, records in sorted(used.items()):
        if not demands.cover(entry) or not records:
            continue
        value = chosen(settings, entry)
        if value is None:
            message = f"Nothing is chosen yet for {_words(entry, labels or {})}."
        elif not _offered(value, _offers(entry, reference)):
            message = f"What was chosen for {_words(entry, labels or {})} is no longer offered: {value}."
        else:
            continue
        found.append(Missing(entry=entry, message=message, records=records))
    return tuple(found)


def to_json(settings: MappingSettings) -> dict[str, Any]:
    """Return the settings as a JSON-ready document."""
    sections = {section: dict(getattr(settings, section)) for section in SECTIONS}
    rules = {name: {key: rule.value for key, rule in getattr(settings, name).items()} for name in RULES}
    choices = {"job_rule": settings.job_rule.value, "naming": settings.naming.value}
    return {"version": settings.version, **sections, **choices, **rules}


def from_json(document: Mapping[str, Any]) -> MappingSettings:
    """Return the settings that :func:`to_json` wrote; what is missing is empty, unknown members are ignored.

    :raises ValueError: names the member whose value can't be used, in a sentence.
    """
    sections: dict[str, Any] = {section: _texts(document, section) for section in SECTIONS}
    try:
        rules: dict[str, Any] = {
            name: {key: rule(value) for key, value in _texts(document, name).items()} for name, rule in RULES.items()
        }
        return MappingSettings(
            version=int(document.get("version") or 1),
            job_rule=JobRule(document.get("job_rule") or JobRule.OWN),
            naming=NamingRule(document.get("naming") or NamingRule.ASK),
            **sections,
            **rules,
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"The mapping can't be used: {error}.") from None


def _texts(document: Mapping[str, Any], member: str) -> dict[str, str]:
    value = document.get(member) or {}
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError(f"The mapping's member '{member}' must be an object of texts.")
    return {str(key): text for key, text in value.items() if text}


def _ref(record: Record) -> Ref:
    kinds = {
        Customer: EntityKind.CUSTOMER,
        Contact: EntityKind.CONTACT,
        Invoice: EntityKind.INVOICE,
        Payment: EntityKind.PAYMENT,
    }
    return Ref(kind=kinds[type(record)], id=record.id)


def _entries(record: Record) -> Iterator[str]:
    match record:
        case Customer():
            yield from (f"taxes:{record.tax_level_id}",) if record.tax_level_id else ()
            yield from (f"terms:{record.payment_terms}",) if record.payment_terms else ()
        case Contact():
            yield from (f"taxes:{record.tax_level_id}",) if record.tax_level_id else ()
        case Invoice():
            yield SALES_ACCOUNT
            yield DEFAULT_ITEM
            levels: Sequence[str | None] = record.line_tax_levels or [line.tax_level_id for line in record.lines]
            yield from (f"taxes:{level or 'none'}" for level in levels)
            yield from (f"items:{line.item_code}" for line in record.lines if line.item_code)
        case Payment():
            yield PAYMENTS_ACCOUNT
            yield from (f"methods:{record.method}",) if record.method else ()


def _offers(entry: str, reference: Reference) -> Sequence[Offer]:
    offers: Sequence[Offer] = getattr(reference, entry.partition(":")[0])
    return offers


def _offered(value: str, offers: Sequence[Offer]) -> bool:
    """Tell whether the value is one of the list; a package without such a list takes any value."""
    return not offers or any(offer.active and offer.id == value for offer in offers)


def _obvious(entry: str, reference: Reference, levels: Mapping[str, TaxLevel]) -> Offer | None:
    section, _, key = entry.partition(":")
    active = [offer for offer in _offers(entry, reference) if offer.active]
    match section, key:
        case "accounts", "sales":
            return _only(offer for offer in active if offer.sales)
        case "accounts", "payments":
            return _only(offer for offer in active if offer.payments)
        case "items", "default":
            return _only(offer for offer in active if offer.sales)
        case "taxes", _:
            return _tax(key, active, levels)
        case "terms", _:
            return _only(offer for offer in active if _same_terms(offer, parse_terms(key)))
        case _:
            return _only(o for o in active if name_key(key) in {name_key(o.code or ""), name_key(o.name)})


def _same_terms(offer: Offer, terms: Terms | None) -> bool:
    return offer.days is not None and Terms(days=offer.days, end_of_month=offer.end_of_month) == terms


def _tax(key: str, active: Sequence[Offer], levels: Mapping[str, TaxLevel]) -> Offer | None:
    level = levels.get(key)
    if level is None and key != "none":
        return None
    rate = Decimal(0) if level is None else level.rate_percent
    fitting = [offer for offer in active if offer.rate_percent == rate]
    named = [offer for offer in fitting if level is not None and name_key(offer.name) == name_key(level.name)]
    return _only(named or fitting)


def _only(offers: Iterable[Offer]) -> Offer | None:
    """Return the only one, else the only default one."""
    fitting = list(offers)
    if len(fitting) > 1:
        fitting = [offer for offer in fitting if offer.default]
    return fitting[0] if len(fitting) == 1 else None


def _words(entry: str, labels: Mapping[str, str]) -> str:
    section, _, key = entry.partition(":")
    match section, key:
        case "accounts", "sales":
            return "the account of sales"
        case "accounts", "payments":
            return "the account that payments go to"
        case "items", "default":
            return "the item of lines without one of their own"
        case "taxes", "none":
            return "lines without tax"
        case "taxes", _:
            return f"the tax level {labels.get(key, key)}"
        case _:
            one = {"items": "the item", "terms": "the payment terms", "methods": "the payment method"}
            return f"{one.get(section, section)} {key}"
