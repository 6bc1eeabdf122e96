"""The mapping as a form: every entry that is chosen, used or demanded, with what the package offers for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.core.ports import Offer
from service.mapping.settings import DEFAULT_ITEM, NO_TAX, PAYMENTS_ACCOUNT, SALES_ACCOUNT, Demands, Uses, chosen
from service.sync.mapping import MappingState

_TITLES: Mapping[str, str] = {
    "accounts": "Accounts",
    "items": "Items",
    "taxes": "Taxes",
    "terms": "Payment terms",
    "methods": "Payment methods",
}
_NAMES: Mapping[str, str] = {
    SALES_ACCOUNT: "Sales",
    PAYMENTS_ACCOUNT: "Payments go to",
    DEFAULT_ITEM: "Lines without an item",
    NO_TAX: "Lines without tax",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One choice."""

    key: str  #: section:key
    name: str
    value: str
    offers: Sequence[Offer]
    missing: str = ""  #: the sentence, if records wait for it
    records: int = 0  #: how many of ours use it

    @property
    def gone(self) -> bool:
        """Whether what is chosen is no longer offered."""
        return bool(self.value and self.offers) and all(offer.id != self.value for offer in self.offers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The choices of one kind."""

    title: str
    entries: Sequence[Entry]


def sections_of(known: MappingState, used: Uses, demands: Demands) -> list[Section]:
    """Return the form's sections in their order; empty ones are left out."""
    missing = {one.entry: one for one in known.missing}
    fixed = (SALES_ACCOUNT, PAYMENTS_ACCOUNT, DEFAULT_ITEM, *(f"taxes:{level}" for level in known.labels), NO_TAX)
    settled = (f"{section}:{key}" for section in _TITLES for key in getattr(known.settings, section))
    keys = dict.fromkeys((*fixed, *used, *missing, *settled))
    sections = []
    for section, title in _TITLES.items():
        offers = [offer for offer in getattr(known.reference, section) if offer.active]
        entries = [
            Entry(
                key=key,
                name=_NAMES.get(key) or known.labels.get(key.partition(":")[2]) or _words(key),
                value=chosen(known.settings, key) or "",
                offers=_fitting(key, offers),
                missing=missing[key].message if key in missing else "",
                records=len(used.get(key, ())),
            )
            for key in keys
            if key.startswith(f"{section}:") and (offers or demands.cover(key) or chosen(known.settings, key))
        ]
        if entries:
            sections.append(Section(title=title, entries=entries))
    return sections


def _fitting(key: str, offers: Sequence[Offer]) -> Sequence[Offer]:
    """Return the offers that fit an entry, the fitting ones first where the package says which they are."""
    if key in {SALES_ACCOUNT, DEFAULT_ITEM} or key.startswith("items:"):
        return sorted(offers, key=lambda offer: (not offer.sales, offer.name.casefold()))
    if key == PAYMENTS_ACCOUNT:
        return sorted(offers, key=lambda offer: (not offer.payments, offer.name.casefold()))
    return offers


def _words(key: str) -> str:
    return key.partition(":")[2].replace("_", " ")
