"""A part of a whole, as it is shown: never per cent of nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int = 0
    whole: int = 0

    @property
    def percent(self) -> float | None:
        """Return per cent with one decimal; None where there is nothing to take a share of."""
        return round(100 * self.part / self.whole, 1) if self.whole else None


NOTHING = Share()


def together(shares: Iterable[Share]) -> Share:
    """Return the sum of the parts of the sum of the wholes."""
    listed = list(shares)
    return Share(sum(one.part for one in listed), sum(one.whole for one in listed))
