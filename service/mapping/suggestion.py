"""Choices that are obvious from what the package offers, each with the reason that people are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from service.core.choice import MappingSettings
from service.core.model import TaxLevel
from service.core.names import name_key
from service.core.ports import Offer, Reference
from service.mapping.settings import (
    DEFAULT_ITEM,
    NO_TAX,
    PAYMENTS_ACCOUNT,
    SALES_ACCOUNT,
    Demands,
    Terms,
    choose,
    chosen,
    offers_of,
    parse_terms,
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What fits an entry, and why."""

    offer: Offer
    why: str  #: follows "Chosen because"


def suggest(
    reference: Reference,
    *,
    used: Iterable[str],
    tax_levels: Iterable[TaxLevel] = (),
    given: MappingSettings | None = None,
    demands: Demands | None = None,
) -> MappingSettings:
    """Return the settings with every obvious choice made; what is chosen already stays as it is.

    :param used: entries that our records use; those of every tax level, both accounts, the default item and "no tax"
        are added, as far as they mean something to the package.
    """
    levels = {level.id: level for level in tax_levels}
    settings, asked = given or MappingSettings(), demands or Demands()
    fixed = (SALES_ACCOUNT, PAYMENTS_ACCOUNT, DEFAULT_ITEM, NO_TAX, *(f"taxes:{level_id}" for level_id in levels))
    for entry in dict.fromkeys((*fixed, *used)):
        if chosen(settings, entry) is None and asked.use(entry):
            found = obvious(entry, reference, levels, asked)
            settings = settings if found is None else choose(settings, entry, found.offer.id)
    return settings


def obvious(entry: str, reference: Reference, levels: Mapping[str, TaxLevel], demands: Demands) -> Suggestion | None:
    """Return what obviously fits an entry: the only fitting one, else the package's own default among the fitting.

    Fitting is: a sales account; an account that takes payments; an item of the same code; a tax code of the same rate
    (one of the same name first); terms of the same days; anything else of the same name or code. Accounts of a method
    or a currency are never obvious: the account of all payments stands for them.
    """
    section, _, key = entry.partition(":")
    active = [offer for offer in offers_of(entry, reference, demands) if offer.active]
    if section in {"method_accounts", "currency_accounts", "tracking"}:
        return None
    if section == "taxes":
        return _tax(key, active, levels)
    fits, what = _FITTING.get(entry, (lambda one: _alike(one, key), "one of the same name"))
    if section == "terms":
        fits, what = lambda one: _same_terms(one, parse_terms(key)), "one of the same days"
    return _only([one for one in active if fits(one)], what)


_FITTING: Mapping[str, tuple[Callable[[Offer], bool], str]] = {
    SALES_ACCOUNT: (lambda one: one.sales, "account for sales"),
    PAYMENTS_ACCOUNT: (lambda one: one.payments, "account that takes payments"),
    DEFAULT_ITEM: (lambda one: one.sales, "item that is sold"),
}


def _alike(offer: Offer, key: str) -> bool:
    return name_key(key) in {name_key(offer.code or ""), name_key(offer.name)}


def _same_terms(offer: Offer, terms: Terms | None) -> bool:
    return offer.days is not None and Terms(days=offer.days, end_of_month=offer.end_of_month) == terms


def _tax(key: str, active: Sequence[Offer], levels: Mapping[str, TaxLevel]) -> Suggestion | None:
    level = levels.get(key)
    if level is None and key != "none":
        return None
    rate = Decimal(0) if level is None else level.rate_percent
    fitting = [offer for offer in active if offer.rate_percent == rate]
    named = [offer for offer in fitting if level is not None and name_key(offer.name) == name_key(level.name)]
    return _only(named, "tax code of the same rate and name") or _only(fitting, "tax code of the same rate")


def _only(fitting: Sequence[Offer], what: str) -> Suggestion | None:
    if len(fitting) == 1:
        return Suggestion(fitting[0], f"it is the only {what}")
    default = [offer for offer in fitting if offer.default]
    return Suggestion(default[0], f"it is the package's own default {what}") if len(default) == 1 else None
