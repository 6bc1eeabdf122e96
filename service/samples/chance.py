"""How the sample books decide by lot."""

from __future__ import annotations

from random import Random


def happens(rng: Random, percent: int) -> bool:
    """Tell whether something that happens in ``percent`` of cases happens this time."""
    return rng.randrange(100) < percent
