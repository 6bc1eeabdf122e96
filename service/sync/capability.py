"""What each package can do and hold, side by side: made of what connectors and mappers declare themselves.

``python -m service.sync.capability`` prints the table as the document that ``docs/capabilities.md`` keeps.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.core.fields import LABELS, OWNERS, label_of
from service.core.ports import Capabilities, EntityKind
from service.core.snapshot import FieldName
from service.mapping.settings import SECTIONS
from service.providers import PROVIDERS, Provider

CARRIED = "Carried."
NOT_CARRIED = "Not carried."
_UNDOCUMENTED = "not documented"
_KINDS: Mapping[EntityKind, str] = {
    EntityKind.CUSTOMER: "Customers and jobs",
    EntityKind.CONTACT: "Sub-contacts",
    EntityKind.INVOICE: "Invoices",
    EntityKind.PAYMENT: "Payments",
    EntityKind.CREDIT: "Credits",
    EntityKind.ALLOCATION: "What a credit settles",
    EntityKind.REFUND: "Refunds",
}
#: Fields of ours that no snapshot has, because no package holds them.
_OURS_ALONE: Mapping[EntityKind, tuple[FieldName, ...]] = {EntityKind.CUSTOMER: ("ean_number",)}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing, as each package has it, in the order of the packages."""

    title: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows about one matter."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Everything, package beside package."""

    packages: tuple[str, ...]
    parts: tuple[Part, ...]


def table(providers: Mapping[str, Provider] = PROVIDERS) -> Table:
    """Return what the packages can do and hold."""
    every = list(providers.values())
    parts = [Part("What it can do", tuple(_abilities(every))), Part("What can be chosen", tuple(_choices(every)))]
    for kind, title in _KINDS.items():
        if any(kind in one.mappers for one in every):
            parts.append(Part(title, tuple(_fields(every, kind))))
    return Table(tuple(one.package for one in every), tuple(parts))


def _abilities(every: Sequence[Provider]) -> Iterator[Row]:
    asked: Mapping[str, Callable[[Capabilities], str]] = {
        "Levels of customers": lambda one: str(one.native_depth) if one.native_depth > 1 else "no tree: Client:Job",
        "Characters of a name": lambda one: str(one.name_limit),
        "Names are unique over": lambda one: ", ".join(f"{family}s" for family in sorted(one.names_unique_over)),
        "An archived one holds its name": lambda one: _yes(one.inactive_names_block),
        "Archived customers can be restored from outside": lambda one: _yes(one.restores_customers),
        "No two customers may share": lambda one: ", ".join(map(label_of, sorted(one.unique_fields))) or "nothing more",
        "Tax is rounded": lambda one: one.tax_rounding.value.replace("_", " "),
        "A merge is told as such": lambda one: _yes(not one.merges_look_deleted),
        "A repeated request is recognised for": _window,
        "Calls a minute, for a company": lambda one: str(one.limits.per_minute or _UNDOCUMENTED),
        "Calls a day, for a company": lambda one: str(one.limits.per_day or "no limit"),
        "Calls at a time": lambda one: str(one.limits.concurrent or _UNDOCUMENTED),
        "Calls to read what changed": lambda one: str(one.feed_calls),
    }
    for title, ask in asked.items():
        yield Row(title, tuple(ask(one.capabilities) for one in every))


def _choices(every: Sequence[Provider]) -> Iterator[Row]:
    for section in (*SECTIONS, "job_rule"):
        title = section.replace("_", " ").capitalize()
        yield Row(title, tuple(_chosen(one, section) for one in every))


def _chosen(provider: Provider, section: str) -> str:
    unused = sorted(entry.partition(":")[2] for entry in provider.demands.unused if entry.startswith(f"{section}:"))
    if not provider.demands.use(section):
        return "has no use for it"
    if section == "categories":
        return f"chosen from {provider.demands.categories}"
    return f"chosen, but for {', '.join(unused)}" if unused else "chosen"


def _fields(every: Sequence[Provider], kind: EntityKind) -> Iterator[Row]:
    default = OWNERS[EntityKind.CUSTOMER if kind is EntityKind.CONTACT else kind]
    held: dict[FieldName, None] = dict.fromkeys(default)
    for one in every:
        held |= dict.fromkeys(one.mappers[kind].flows if kind in one.mappers else ())
        held |= dict.fromkeys(one.losses.get(kind, {}))
    held |= dict.fromkeys(_OURS_ALONE.get(kind, ()))
    for name in (one for one in held if one in LABELS):
        cells = tuple(_cell(one, kind, name) for one in every)
        if any(cell != NOT_CARRIED for cell in cells):
            yield Row(label_of(name), cells)


def _cell(provider: Provider, kind: EntityKind, name: FieldName) -> str:
    if kind not in provider.mappers:
        return "Rides on the invoice." if kind is EntityKind.CONTACT else NOT_CARRIED
    loss = provider.losses.get(kind, {}).get(name)
    never, compared = name in provider.never_carried.get(kind, ()), name in provider.mappers[kind].flows
    if loss and not never and not compared:
        return loss  # it goes along with another field
    carried = CARRIED if compared and not never else NOT_CARRIED
    return f"{carried} {loss}" if loss else carried


def _yes(fact: bool) -> str:  # noqa: FBT001 - a fact to be put into words
    return "yes" if fact else "no"


def _window(capabilities: Capabilities) -> str:
    window = capabilities.key_window
    return _UNDOCUMENTED if window is None else f"{round(window.total_seconds() / 60)} minutes"


def document(found: Table) -> str:
    """Return the table as a document in Markdown."""
    text = [
        "# What each package can do and hold",
        "",
        "Made of what the connectors and mappers declare themselves, by `make capabilities`; a test keeps it current.",
        "What could not be carried of one record stands on that record, with the reason.",
        "",
    ]
    for part in found.parts:
        text += [
            f"## {part.title}",
            "",
            f"| | {' | '.join(found.packages)} |",
            f"| --- {'| --- ' * len(found.packages)}|",
        ]
        text += [f"| {row.title} | {' | '.join(row.cells)} |" for row in part.rows]
        text.append("")
    return "\n".join(text).replace("<", "&lt;").replace(">", "&gt;")


if __name__ == "__main__":
    sys.stdout.write(document(table()))
