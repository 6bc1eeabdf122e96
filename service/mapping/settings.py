"""A connection's choices: what is obvious is suggested, what is missing is said, and with which records it would stop.

An *entry* of the mapping is named ``section:key``: ``accounts:sales``, ``accounts:payments``, ``items:default``,
``items:<our item code>``, ``categories:<our category>``, ``taxes:<tax level id>``, ``taxes:none``,
``terms:<our code>``, ``methods:<our method>``, ``method_accounts:<our method>``, ``currency_accounts:<currency>``,
``tracking:<dimension>[:<our category>]``.
``MappingError.missing`` names entries the same way. Terms codes of ours are ``due_on_receipt``, ``net<days>``, ``eom``
(the end of the invoice's month) and ``eom<days>`` (that many days after it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeAlias

from service.core.choice import CurrencyRule, JobRule, ListRule, MappingSettings, NamingRule
from service.core.kind import MONEY, kind_of_payment
from service.core.model import Allocation, Contact, Customer, Invoice, Payment
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
    """What a package's documents need of the choices, as far as our records use them, and what means nothing to it."""

    entries: frozenset[str] = frozenset({SALES_ACCOUNT, PAYMENTS_ACCOUNT})
    sections: frozenset[str] = frozenset({"taxes"})
    #: entries, sections or rules that the package has no use for: they are neither offered nor taken
    unused: frozenset[str] = frozenset()
    categories: str = "accounts"  #: the list that a category of ours is posted by

    def cover(self, entry: str) -> bool:
        """Tell whether the entry must be mapped."""
        return entry in self.entries or entry.partition(":")[0] in self.sections

    def use(self, entry: str) -> bool:
        """Tell whether the entry means something to the package."""
        return not self.unused & {entry, entry.partition(":")[0]}


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


def payment_account(settings: MappingSettings, *, method: str | None, currency: str) -> str | None:
    """Return the account that a payment goes to: that of its currency, else of its method, else of all payments.

    Bank accounts are kept in one currency, so that decides first.
    """
    entries = (f"currency_accounts:{currency}", f"method_accounts:{method}" if method else "", PAYMENTS_ACCOUNT)
    return next((found for entry in entries if entry and (found := chosen(settings, entry))), None)


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
    for entry, records in sorted({**used, **_tracked(settings, used)}.items()):
        value = chosen(settings, entry)
        if not records or not demands.use(entry) or not (demands.cover(entry) or value):
            continue
        if value is None:
            message = f"Nothing is chosen yet for {words(entry, labels or {})}."
        elif not is_offered(value, offers_of(entry, reference, demands)):
            message = f"What was chosen for {words(entry, labels or {})} is no longer offered: {value}."
        else:
            continue
        found.append(Missing(entry=entry, message=message, records=records))
    return tuple(found)


def _tracked(settings: MappingSettings, used: Uses) -> dict[str, tuple[Ref, ...]]:
    """Return which invoices are tracked by the options chosen, for all lines or for those of one category."""
    found: dict[str, tuple[Ref, ...]] = {}
    for key, value in settings.tracking.items():
        category = key.partition(":")[2]
        records = used.get(f"categories:{category}" if category else SALES_ACCOUNT, ())
        found |= {f"tracking:{key}": records} if value else {}
    return found


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
        Allocation: EntityKind.ALLOCATION,
    }
    kind = kind_of_payment(record.kind) if isinstance(record, Payment) else kinds[type(record)]
    return Ref(kind=kind, id=record.id)


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
            yield from (f"categories:{line.category}" for line in record.lines if line.category)
        case Payment() if record.kind in MONEY[EntityKind.CREDIT]:
            yield from (SALES_ACCOUNT, DEFAULT_ITEM, f"taxes:{record.tax_level_id or 'none'}")
        case Payment():
            yield PAYMENTS_ACCOUNT
            yield f"currency_accounts:{record.currency}"
            yield from (f"methods:{record.method}", f"method_accounts:{record.method}") if record.method else ()
        case Allocation():
            yield from ()


def gone_entries(settings: MappingSettings, reference: Reference, demands: Demands) -> frozenset[str]:
    """Return the entries whose choice the package no longer offers: nothing may be sent by them."""
    chosen_ones = (
        (f"{section}:{key}", value) for section in SECTIONS for key, value in getattr(settings, section).items()
    )
    return frozenset(
        entry
        for entry, value in chosen_ones
        if value and demands.use(entry) and not is_offered(value, offers_of(entry, reference, demands))
    )


def offers_of(entry: str, reference: Reference, demands: Demands) -> Sequence[Offer]:
    """Return what the package offers for an entry, inactive ones too."""
    section, _, key = entry.partition(":")
    if section == "tracking":
        wanted = key.partition(":")[0]
        return next((one.options for one in reference.dimensions if one.id == wanted), ())
    lists = {"categories": demands.categories, "method_accounts": "accounts", "currency_accounts": "accounts"}
    offers: Sequence[Offer] = getattr(reference, lists.get(section, section))
    return offers


def is_offered(value: str, offers: Sequence[Offer]) -> bool:
    """Tell whether the value is one of the list; a package without such a list takes any value."""
    return not offers or any(offer.active and offer.id == value for offer in offers)


def words(entry: str, labels: Mapping[str, str]) -> str:
    """Return what an entry is called in a sentence.

    :param labels: names of tax levels and of dimensions, by id.
    """
    section, _, key = entry.partition(":")
    if section == "tracking":
        dimension, _, category = key.partition(":")
        name = labels.get(dimension, dimension)
        return f"the tracking by {name} of {category}" if category else f"the tracking by {name}"
    return _NAMED.get(entry) or f"{_ONE.get(section, section)} {labels.get(key, key)}"


_NAMED: Mapping[str, str] = {
    SALES_ACCOUNT: "the account of sales",
    PAYMENTS_ACCOUNT: "the account that payments go to",
    DEFAULT_ITEM: "the item of lines without one of their own",
    NO_TAX: "lines without tax",
}
_ONE: Mapping[str, str] = {
    "taxes": "the tax level",
    "items": "the item",
    "categories": "the category",
    "terms": "the payment terms",
    "methods": "the payment method",
    "method_accounts": "the account for payments by",
    "currency_accounts": "the account for payments in",
}
