"""Which entity there is probably which customer here: stated keys in a stated order, then what all else is worth.

Proposals only: nothing is tied before a person, or a rule that a person switched on, has decided. One entity is
proposed for one customer at most, unless several fit, and then they say so. The same two lists give the same proposals
again, whatever order they come in.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

from service.core.matching.party import EXACT, Party, Proposal
from service.core.matching.profile import Rarity, profile_of
from service.core.matching.seek import candidates
from service.core.matching.settle import settle
from service.core.matching.weigh import Weighed, weigh

__all__ = ["EXACT", "Party", "Proposal", "propose"]

#: Less likely pairs are not worth a person's time.
_LEAST = Decimal("0.5")


def propose(
    ours: Sequence[Party], theirs: Sequence[Party], *, apart: Collection[tuple[str, str]] = ()
) -> tuple[Proposal, ...]:
    """Return proposals, surest first, at most one per customer and per entity among the unambiguous ones.

    :param apart: pairs of ids that a person has decided are not the same; never proposed again.
    """
    here = [profile_of(one) for one in sorted(ours, key=lambda one: one.id)]
    there = [profile_of(one) for one in sorted(theirs, key=lambda one: one.id)]
    rarity = Rarity([*here, *there])
    weighed: dict[tuple[str, str], Weighed] = {}
    inactive = {one.party.id for one in there if not one.party.active}
    for a, b in candidates(here, there):
        pair = (here[a].party.id, there[b].party.id)
        if pair not in apart:
            found = weigh(here[a], there[b], rarity)
            if found.confidence >= _LEAST:
                weighed[pair] = found
    proposals = [
        Proposal(
            ours=pair[0],
            theirs=pair[1],
            confidence=weighed[pair].confidence,
            evidence=(*weighed[pair].said(), *(("archived there",) if pair[1] in inactive else ())),
            ambiguous=ambiguous,
        )
        for pair, ambiguous in settle({pair: found.bits for pair, found in weighed.items()}).items()
    ]
    return tuple(sorted(proposals, key=lambda one: (-one.confidence, one.ours, one.theirs)))
