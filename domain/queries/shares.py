"""A part of a whole, as it is shown: never per cent of nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        """Return per cent with one decimal; None where there is nothing to take a share of."""
        return round(100 * self.part / self.whole, 1) if self.whole else None
