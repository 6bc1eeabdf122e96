"""Which entity there is probably which customer here: stated keys in a stated order, evidence a person can read.

Proposals only: nothing is tied before a person, or a rule that a person switched on, has decided. One entity is
proposed for one customer at most. The same two lists give the same proposals again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from service.core.names import name_key
from service.core.snapshot import clean_email

EXACT = Decimal(1)
NAME_ALONE = Decimal("0.95")
EMAIL_ALONE = Decimal("0.75")


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A customer or an entity, as far as matching looks at it."""

    id: str
    name: str
    email: str | None = None
    tax_number: str | None = None
    reference: str | None = None  #: ours: numbers by which the package may know the customer; theirs: what it keeps
    parent: str | None = None  #: name of the parent, folded with the name where two jobs share one
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One pair, how sure it is (0 to 1), and why."""

    ours: str
    theirs: str
    confidence: Decimal
    evidence: tuple[str, ...]
    ambiguous: bool = False  #: another entity fits as well, or another customer does


Key = Callable[[Party], str | None]


def propose(ours: Sequence[Party], theirs: Sequence[Party]) -> tuple[Proposal, ...]:
    """Return proposals, surest first, at most one per customer and per entity among the unambiguous ones."""
    taken_ours: set[str] = set()
    taken_theirs: set[str] = set()
    found: list[Proposal] = []
    for key, confidence, words in _RULES:
        found += _by_key(ours, theirs, key, confidence, words, taken_ours, taken_theirs)
    return tuple(sorted(found, key=lambda one: (-one.confidence, one.ours, one.theirs)))


def _by_key(
    ours: Sequence[Party],
    theirs: Sequence[Party],
    key: Key,
    confidence: Decimal,
    words: str,
    taken_ours: set[str],
    taken_theirs: set[str],
) -> list[Proposal]:
    left = _grouped((party for party in ours if party.id not in taken_ours), key)
    right = _grouped((party for party in theirs if party.id not in taken_theirs), key)
    found = []
    for value in sorted(left.keys() & right.keys()):
        pairs = [(a, b) for a in left[value] for b in right[value]]
        ambiguous = len(pairs) > 1
        for a, b in pairs:
            evidence = _evidence(a, b, words)
            found.append(
                Proposal(ours=a.id, theirs=b.id, confidence=confidence, evidence=evidence, ambiguous=ambiguous)
            )
            taken_ours.add(a.id)
            taken_theirs.add(b.id)
    return found


def _evidence(a: Party, b: Party, words: str) -> tuple[str, ...]:
    """Return what speaks for the pair, and against it."""
    said = [words]
    same_name, same_email = _name(a) == _name(b), _email(a) is not None and _email(a) == _email(b)
    if same_name and "same name" not in words:
        said.append("same name")
    if not same_name:
        said.append(f"name differs: '{_full_name(a)}' here, '{_full_name(b)}' there")
    if same_email and "same email" not in words:
        said.append("same email")
    if same_name and _email(a) and _email(b) and not same_email:
        said.append("email differs")
    if not b.active:
        said.append("archived there")
    return tuple(said)


def _grouped(parties: Iterable[Party], key: Key) -> dict[str, list[Party]]:
    groups: dict[str, list[Party]] = defaultdict(list)
    for party in parties:
        value = key(party)
        if value:
            groups[value].append(party)
    return groups


def _reference(party: Party) -> str | None:
    return party.reference.casefold() if party.reference else None


def _tax_number(party: Party) -> str | None:
    kept = "".join(sign for sign in (party.tax_number or "").casefold() if sign.isalnum())
    return kept if len(kept) >= 6 else None  # noqa: PLR2004 - shorter ones are placeholders


def _email_and_name(party: Party) -> str | None:
    email = _email(party)
    return f"{email}\n{_name(party)}" if email else None


def _name(party: Party) -> str:
    """Fold the name with the parent's: jobs of two clients may share a name, and an email too."""
    return name_key(_full_name(party))


def _full_name(party: Party) -> str:
    return f"{party.parent}:{party.name}" if party.parent else party.name


def _email(party: Party) -> str | None:
    return clean_email(party.email)


_RULES: tuple[tuple[Key, Decimal, str], ...] = (
    (_reference, EXACT, "our own number is kept there"),
    (_tax_number, EXACT, "same tax number"),
    (_email_and_name, EXACT, "same name and same email"),
    (_name, NAME_ALONE, "same name"),
    (_email, EMAIL_ALONE, "same email"),
)
