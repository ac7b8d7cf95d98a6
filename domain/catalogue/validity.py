"""From when to when a row of the catalogue holds, and how that is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


class BrokenValidity(ValueError):
    """A row ends before it begins, or has dates nobody can say the origin of."""


@dataclass(frozen=True, slots=True)
class Validity:
    """The first and the last day on which a row holds; None: as far back, or on, as anybody asks."""

    since: date | None = None
    until: date | None = None
    provenance: str = ""
    """How the dates are known: quoted, secondary, memory or practice; "" where there are none."""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if self.since and self.until and self.until < self.since:
            msg = f"{self.since} to {self.until}"
            raise BrokenValidity(msg)
        if (self.since or self.until) and not self.provenance:
            msg = f"nobody says how {self.since or self.until} is known"
            raise BrokenValidity(msg)

    def holds(self, day: date) -> bool:
        """Return whether the row holds on a day (of the city)."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


ALWAYS = Validity()


def of_row(row: Mapping[str, Any], otherwise: Validity = ALWAYS) -> Validity:
    """Return the validity of a row of a data file: `valid_from`, `valid_until`, `validity_provenance`."""
    since, until = row.get("valid_from"), row.get("valid_until")
    if since is None and until is None:
        return otherwise
    return Validity(
        date.fromisoformat(str(since)) if since else None,
        date.fromisoformat(str(until)) if until else None,
        row.get("validity_provenance", ""),
    )
