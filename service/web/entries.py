"""The mapping as a form: groups of choices, each with what the package offers for it, what is missing, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.core.choice import CurrencyRule, ListRule, list_of
from service.core.fields import fixed_owner, label_of
from service.core.model import TaxLevel
from service.core.money import decimal_text
from service.core.ports import Component, EntityKind, Mapper, Offer
from service.core.reconcile import Flow
from service.mapping.settings import (
    DEFAULT_ITEM,
    NO_TAX,
    PAYMENTS_ACCOUNT,
    SALES_ACCOUNT,
    chosen,
    offers_of,
)
from service.sync.mapping import MappingState
from service.sync.planner import flows_of
from service.web.words import terms_words

_NAMES: Mapping[str, str] = {
    SALES_ACCOUNT: "Sales, unless a line's category says otherwise",
    PAYMENTS_ACCOUNT: "Payments go to",
    DEFAULT_ITEM: "Lines without an item",
    NO_TAX: "Lines without tax",
}
#: What a section's entries are called: the key takes the place of the braces.
_CALLED: Mapping[str, str] = {
    "categories": "Lines of category {}",
    "items": "Lines with item {}",
    "methods": "Payments by {}",
    "method_accounts": "Payments by {} go to",
    "currency_accounts": "Payments in {} go to",
}
LISTS: Mapping[ListRule, str] = {
    ListRule.BOTH: "Both ways",
    ListRule.SEND: "Only sent: what is entered there is not taken over",
    ListRule.RECEIVE: "Only taken over: nothing of ours is sent",
    ListRule.OFF: "Not at all",
}
CURRENCIES: Mapping[CurrencyRule, str] = {
    CurrencyRule.SEND: "Sent",
    CurrencyRule.LEAVE_OUT: "Left out: not for this company",
}
OWNERS: Mapping[Flow, str] = {
    Flow.OURS: "Ours: put back what is changed there",
    Flow.BOTH: "Both: either side may change it",
    Flow.THEIRS: "Theirs: take over what they have",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One choice."""

    key: str  #: section:key
    name: str
    value: str
    options: Sequence[tuple[str, str]] = ()  #: value and words; none: anything may be typed
    blank: str = "Not chosen"  #: what choosing nothing is called; "" where something is always chosen
    missing: str = ""  #: the sentence, if records wait for it
    fault: str = ""  #: why what was typed can't be used
    why: str = ""  #: why it is chosen, or what follows from it
    records: int = 0  #: how many of ours use it

    @property
    def anchor(self) -> str:
        """The identifier of its place on the page."""
        return "choice-" + "".join(char if char.isalnum() else "-" for char in self.key)

    @property
    def gone(self) -> bool:
        """Whether what is chosen is no longer offered."""
        return bool(self.value and self.options) and all(value != self.value for value, _ in self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The choices of one matter."""

    key: str
    title: str
    about: str  #: a sentence or two for a bookkeeper
    entries: Sequence[Entry] = field(default=())


def groups_of(
    known: MappingState,
    mappers: Mapping[EntityKind, Mapper],
    *,
    package: str,
    typed: Mapping[str, str],
    faults: Mapping[str, str],
) -> list[Group]:
    """Return the form's groups in their order; empty ones are left out.

    :param typed: what somebody has chosen on the page and not saved yet.
    :param faults: sentences by the name of the member that can't be used, as in "accounts.sales".
    """
    page = _Page(known, package, typed, faults)
    groups = [
        Group(key="lists", title="What travels", about=f"Which records go to {package}, and which come from there.",
              entries=list(page.lists(mappers))),
        Group(key="income", title="Income", about="Where sales are posted.", entries=list(page.income())),
        Group(key="taxes", title="Taxes",
              about=f"Each tax level of ours and the code of {package} that stands for it. Compare the parts: "
              "the same rate may be made of others.", entries=list(page.section("taxes"))),
        Group(key="payments", title="Payments", about="Where money that was received goes.",
              entries=list(page.payments())),
        Group(key="terms", title="Payment terms", about=f"Our terms and those of {package}.",
              entries=list(page.section("terms"))),
        Group(key="currencies", title="Currencies",
              about=f"Currencies of our records besides the company's own, and what {package} does with them.",
              entries=list(page.currencies())),
        Group(key="tracking", title="Tracking",
              about="What every line is tracked by. Where nothing is chosen, the bookkeeper's own stays.",
              entries=list(page.tracking())),
        Group(key="owners", title="Who owns each field",
              about=f"What happens when a field is changed in {package}.", entries=list(page.owners(mappers))),
    ]  # fmt: skip
    return [group for group in groups if group.entries]


class _Page:
    """What is known, in the words of the form."""

    def __init__(self, known: MappingState, package: str, typed: Mapping[str, str], faults: Mapping[str, str]) -> None:
        self._known, self._package, self._typed, self._faults = known, package, typed, faults
        self._missing = {one.entry: one.message for one in known.missing}

    def lists(self, mappers: Mapping[EntityKind, Mapper]) -> Iterator[Entry]:
        """Yield which way each list travels."""
        for name in dict.fromkeys(list_of(kind) for kind in mappers):
            rule = self._known.settings.lists.get(name, ListRule.BOTH)
            yield self._rule(f"lists:{name}", name.capitalize(), rule.value, LISTS)

    def income(self) -> Iterator[Entry]:
        """Yield accounts and items of sales."""
        yield from self._entries([SALES_ACCOUNT])
        yield from self.section("categories")
        yield from self.section("items", DEFAULT_ITEM)

    def payments(self) -> Iterator[Entry]:
        """Yield what payments go by, method after method."""
        yield from self._entries([PAYMENTS_ACCOUNT])
        yield from self.section("methods")
        yield from self.section("method_accounts")

    def currencies(self) -> Iterator[Entry]:
        """Yield what becomes of each currency of ours but the company's own."""
        company, settings = self._known.company, self._known.settings
        used = {key.partition(":")[2] for key in self._known.used if key.startswith("currency_accounts:")}
        found = sorted((used | self._known.currencies | set(settings.currencies)) - {company.base_currency})
        for code in found:
            lacks = bool(company.currencies) and code not in company.currencies
            why = f"{self._package} does not have it yet: records in it wait until it is added there." if lacks else ""
            rule = settings.currencies.get(code, CurrencyRule.SEND)
            yield self._rule(f"currencies:{code}", code, rule.value, CURRENCIES, why=why)
            yield from self._entries([f"currency_accounts:{code}"])

    def tracking(self) -> Iterator[Entry]:
        """Yield what lines are tracked by: all of them, and those of each category."""
        categories = [key.partition(":")[2] for key in self._known.used if key.startswith("categories:")]
        for dimension in self._known.reference.dimensions:
            keys = [dimension.id, *(f"{dimension.id}:{category}" for category in sorted(categories))]
            yield from self._entries([f"tracking:{key}" for key in keys])

    def owners(self, mappers: Mapping[EntityKind, Mapper]) -> Iterator[Entry]:
        """Yield who owns each field whose owner can be chosen."""
        for kind, mapper in mappers.items():
            if kind is EntityKind.CONTACT:
                continue
            for name, owner in sorted(flows_of(mapper, self._known.settings).items()):
                if fixed_owner(kind, name) is None:
                    label = f"{kind.value.capitalize()}: {label_of(name)}"
                    usual = "" if owner is mapper.flows[name] else f"Usually {mapper.flows[name].value}."
                    yield self._rule(f"owners:{kind}.{name}", label, owner.value, OWNERS, why=usual)

    def section(self, section: str, *first: str) -> Iterator[Entry]:
        """Yield the entries of a section: those that are used, demanded or chosen."""
        fixed = [*(f"taxes:{level}" for level in self._known.levels), NO_TAX] if section == "taxes" else []
        used = [key for key in (*self._known.used, *self._missing) if key.startswith(f"{section}:")]
        settled = [f"{section}:{key}" for key in getattr(self._known.settings, section)]
        return self._entries(dict.fromkeys((*first, *fixed, *sorted(used), *sorted(settled))))

    def _entries(self, keys: Iterable[str]) -> Iterator[Entry]:
        for key in keys:
            offers = _fitting(key, offers_of(key, self._known.reference, self._known.demands))
            needed = offers or self._known.demands.cover(key) or chosen(self._known.settings, key)
            if self._known.demands.use(key) and needed:
                yield self._entry(key, offers)

    def _entry(self, key: str, offers: Sequence[Offer]) -> Entry:
        section = key.partition(":")[0]
        value = self._typed.get(key, chosen(self._known.settings, key) or "")
        blank = {"currency_accounts": "As all payments", "method_accounts": "As all payments", "tracking": "Nothing"}
        return Entry(
            key=key,
            name=self._name(key),
            value=value,
            options=[(offer.id, self._words(offer)) for offer in offers],
            blank=blank.get(section, "Not chosen"),
            missing=self._missing.get(key, "") if value == (chosen(self._known.settings, key) or "") else "",
            fault=self._fault(key),
            why=self._why(key, value, offers),
            records=len(self._known.used.get(key, ())),
        )

    def _rule(self, key: str, name: str, value: str, words: Mapping[Any, str], *, why: str = "") -> Entry:
        options = [(str(rule), said) for rule, said in words.items()]
        given = self._typed.get(key, value)
        return Entry(key=key, name=name, value=given, options=options, blank="", why=why, fault=self._fault(key))

    def _fault(self, key: str) -> str:
        section, _, name = key.partition(":")
        return self._faults.get(f"{section}.{name}", "")

    def _name(self, key: str) -> str:
        section, _, name = key.partition(":")
        if key in _NAMES:
            return _NAMES[key]
        if section == "tracking":
            dimension, _, category = name.partition(":")
            called = self._known.labels.get(dimension, dimension)
            return f"{called}, lines of category {category}" if category else f"{called}, all lines"
        if name in self._known.levels:
            level = self._known.levels[name]
            return f"{level.name}, {decimal_text(level.rate_percent)} %{_ours(level)}"
        if section == "terms":
            return terms_words(name)
        return _CALLED.get(section, "{}").format(name.replace("_", " "))

    def _words(self, offer: Offer) -> str:
        code = f"{offer.code} " if (offer.code and offer.code not in {offer.name, offer.id}) or _is_code(offer) else ""
        rate = f" ({decimal_text(offer.rate_percent)} %)" if offer.rate_percent is not None else ""
        accounts = {one.id: one.name for one in self._known.reference.accounts}
        posted = f" → {accounts[offer.account]}" if offer.account in accounts else ""
        kept = f" · {offer.currency}" if offer.currency else ""
        return f"{code}{offer.name}{rate}{posted}{kept}"

    def _why(self, key: str, value: str, offers: Sequence[Offer]) -> str:
        """Say why something is chosen, and of what a tax code is made."""
        offer = next((one for one in offers if one.id == value), None)
        parts = _parts(offer.components) if offer is not None else ""
        made = f"{self._package}'s code: {parts}." if parts else ""
        found = self._known.suggestion(key) if offer is not None else None
        because = f"Chosen because {found.why}." if found is not None and found.offer.id == value else ""
        return " ".join(one for one in (made, because) if one)


def _ours(level: TaxLevel) -> str:
    parts = ", ".join(f"{one.name} {decimal_text(one.rate_percent)} %" for one in level.components)
    return f" ({parts})" if parts else ""


def _parts(components: Sequence[Component]) -> str:
    return ", ".join(f"{one.name} {decimal_text(one.rate_percent)} %" for one in components)


def _is_code(offer: Offer) -> bool:
    """Tell whether the id is what people call the entry by: an account's code."""
    return offer.code is not None and offer.code == offer.id and offer.code != offer.name and offer.code.isdigit()


def _fitting(key: str, offers: Sequence[Offer]) -> list[Offer]:
    """Return the active offers of an entry, the fitting ones first where the package says which they are."""
    section = key.partition(":")[0]
    active = [offer for offer in offers if offer.active]
    if section in {"method_accounts", "currency_accounts"} or key == PAYMENTS_ACCOUNT:
        return sorted(active, key=lambda offer: (not offer.payments, offer.name.casefold()))
    if section in {"accounts", "items", "categories"}:
        return sorted(active, key=lambda offer: (not offer.sales, offer.name.casefold()))
    return active
