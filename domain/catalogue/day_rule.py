"""What a number of days means in each law: working days, or days of the calendar. Counts no time: `clocks` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from domain.catalogue.source import read

FILE = "time_limits.yaml"
WORKING, CALENDAR = "working_day", "calendar_day"


@dataclass(frozen=True, slots=True)
class DayRule:
    """How one law counts days, with the article that says so."""

    law: str
    basis: str
    provenance: str
    working_days: frozenset[int] = frozenset()
    """The numbers of days that are working days; any other is calendar days."""
    working_days_up_to: int | None = None
    """Up to this many days they are working days."""
    every_day_works: bool = False
    as_written: bool = False
    """The law says 工作日 where it means it; nothing follows from the number."""

    def unit(self, days: int) -> str | None:
        """Return `working_day` or `calendar_day` for a number of days; None where only the text tells."""
        if self.as_written:
            return None
        up_to = self.working_days_up_to
        works = self.every_day_works or days in self.working_days or (up_to is not None and days <= up_to)
        return WORKING if works else CALENDAR


@cache
def day_rules() -> Mapping[str, DayRule]:
    """Return the rule of every law that has one, by the law's key."""
    rows = read(FILE)["unit_semantics"]
    return MappingProxyType(
        {
            row["law"]: DayRule(
                row["law"],
                row["basis"],
                row["provenance"],
                frozenset(row.get("working_days", ())),
                row.get("working_days_up_to"),
                row.get("every_day_works", False),
                row.get("as_written", False),
            )
            for row in rows
        }
    )
