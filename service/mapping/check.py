"""Whether choices can be used: unknown members, and values that the package does not offer, each with a sentence.

What was stored before passes as it is, so that a document that was read can always be put back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from service.core.choice import JobRule, MappingSettings, NamingRule, list_of
from service.core.fields import fixed_owner, label_of
from service.core.model import TaxLevel
from service.core.ports import EntityKind, Mapper, Reference
from service.mapping.settings import RULES, SECTIONS, Demands, is_offered, offers_of, to_json, words

_CURRENCY = re.compile(r"[A-Z]{3}")
_LONGEST = 200  #: characters of a key
_CHOICES: Mapping[str, type[StrEnum]] = {"job_rule": JobRule, "naming": NamingRule}
_KEYS: Mapping[str, frozenset[str]] = {"accounts": frozenset({"sales", "payments"})}


@dataclass(frozen=True, slots=True)
class Fault:
    """One member that can't be used."""

    field: str  #: as in "accounts.sales"
    message: str  #: a sentence


def faults(
    document: Mapping[str, Any],
    *,
    before: MappingSettings,
    reference: Reference,
    demands: Demands,
    levels: Mapping[str, TaxLevel],
    mappers: Mapping[EntityKind, Mapper],
    package: str,
) -> list[Fault]:
    """Return what is wrong with choices, member by member; nothing if they can be used."""
    stored = to_json(before)
    known = (*SECTIONS, *RULES, *_CHOICES, "version")
    found = [
        Fault(name, f"There is no setting '{name}'.{_near(name, known)}") for name in document if name not in known
    ]
    labels = {level.id: level.name for level in levels.values()}
    labels |= {dimension.id: dimension.name for dimension in reference.dimensions}
    for section in (*SECTIONS, *RULES):
        given = document.get(section) or {}
        if not isinstance(given, Mapping) or not all(isinstance(value, str) for value in given.values()):
            found.append(Fault(section, f"'{section}' must be an object of texts."))
            continue
        for key, value in given.items():
            if not value or stored[section].get(key) == value:
                continue
            wrong = (
                _rule(section, key, value, mappers)
                if section in RULES
                else _value(section, key, value, reference, demands, levels, labels, package)
            )
            found += [Fault(f"{section}.{key}", wrong)] if wrong else []
    for name, words_of in _CHOICES.items():
        value = document.get(name)
        if value and value not in {*words_of}:
            found.append(Fault(name, f"'{value}' is none of: {', '.join(words_of)}."))
        elif value and value != stored[name] and not demands.use(name):
            found.append(Fault(name, f"{package} has no use for this choice."))
    return [*found, *_lists(document)]


def _lists(document: Mapping[str, Any]) -> Iterator[Fault]:
    rules = document.get("lists")
    if isinstance(rules, Mapping):
        for name, below in (("customers", "invoices"), ("invoices", "payments")):
            if rules.get(name) == "off" and rules.get(below, "both") in {"both", "send"}:
                message = f"{below.capitalize()} can't be sent while {name} are off: they hang on them."
                yield Fault(f"lists.{below}", message)


def _value(
    section: str,
    key: str,
    value: str,
    reference: Reference,
    demands: Demands,
    levels: Mapping[str, TaxLevel],
    labels: Mapping[str, str],
    package: str,
) -> str | None:
    entry = f"{section}:{key}"
    if not demands.use(entry):
        return f"{package} has no use for this choice."
    wrong = _key(section, key, reference, levels)
    if wrong is not None:
        return wrong
    if not is_offered(value, offers_of(entry, reference, demands)):
        return f"{package} does not offer '{value}' for {words(entry, labels)}."
    return None


def _key(section: str, key: str, reference: Reference, levels: Mapping[str, TaxLevel]) -> str | None:
    if not key or len(key) > _LONGEST:
        return "A name of 1 to 200 characters is needed."
    if section in _KEYS and key not in _KEYS[section]:
        return f"There is no '{key}' here.{_near(key, _KEYS[section])}"
    if section == "taxes" and key != "none" and key not in levels:
        return "There is no tax level with this id."
    if section == "currency_accounts":
        return _currency(key)
    if section == "tracking" and key.partition(":")[0] not in {one.id for one in reference.dimensions}:
        return "The package tracks sales by nothing of this id."
    return None


def _rule(section: str, key: str, value: str, mappers: Mapping[EntityKind, Mapper]) -> str | None:
    if value not in {*RULES[section]}:
        return f"'{value}' is none of: {', '.join(RULES[section])}."
    if section == "currencies":
        return _currency(key)
    if section == "lists":
        names = {list_of(kind) for kind in mappers}
        return None if key in names else f"There is no list '{key}'.{_near(key, names)}"
    return _owner(key, value, mappers)


def _owner(key: str, value: str, mappers: Mapping[EntityKind, Mapper]) -> str | None:
    kind, _, name = key.rpartition(".")
    held = [one for one in mappers if name in mappers[one].flows and kind in {"", one.value}]
    if not held:
        fields = {field for mapper in mappers.values() for field in mapper.flows}
        return f"There is no field '{key}'.{_near(name, fields)}"
    if all((fixed := fixed_owner(one, name)) is not None and fixed != value for one in held):
        return f"{label_of(name)} can't change its owner."
    return None


def _currency(key: str) -> str | None:
    return None if _CURRENCY.fullmatch(key) else f"'{key}' is no currency: three capital letters, like EUR."


def _near(word: str, known: object) -> str:
    near = get_close_matches(word, sorted(known), n=1) if isinstance(known, (set, frozenset, tuple)) else []
    return f" Is it '{near[0]}'?" if near else ""
