"""What goes into matching and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from service.core.model import Address

#: How sure a stated key makes a pair that nothing speaks against.
EXACT = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A customer or an entity, as far as matching looks at it."""

    id: str
    name: str
    other_names: tuple[str, ...] = ()  #: what else it is called: a company name, a person's first and last name
    is_person: bool = False  #: of ours alone: an entity there seldom says what it is
    email: str | None = None
    website: str | None = None
    phones: tuple[str, ...] = ()
    addresses: tuple[Address, ...] = ()
    tax_number: str | None = None
    references: tuple[str, ...] = ()  #: ours: its number; theirs: what is kept there of numbers like it
    parent: str | None = None  #: name of the parent: jobs of two clients may share a name, and an email too
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One pair, how sure it is (0 to 1), and why."""

    ours: str
    theirs: str
    confidence: Decimal
    evidence: tuple[str, ...]
    ambiguous: bool = False  #: another entity fits as well, or another customer does
