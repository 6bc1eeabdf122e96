"""One comparison of two parties: what it counts, and how it is said."""

from __future__ import annotations

from dataclasses import dataclass

from service.core.matching.profile import BIT

_STRONG, _WEAK = 6 * BIT, 2 * BIT


@dataclass(frozen=True, slots=True)
class Point:
    """One comparison."""

    bits: int  #: hundredths of a bit; above zero it speaks for the pair
    words: str
    felt: int | None = None  #: what a person is told that it counts, where that is not the same

    @property
    def said(self) -> str:
        """The words, with how much they count."""
        felt = self.bits if self.felt is None else self.felt
        if felt < 0:
            return f"{self.words} (against)"
        weight = "strong" if felt >= _STRONG else "weak" if felt < _WEAK else ""
        return f"{self.words} ({weight})" if weight else self.words
