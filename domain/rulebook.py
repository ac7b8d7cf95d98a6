"""Which limit holds: the law's number, a stricter one of the region, or our own target. Pure; `clocks` counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from domain import catalogue, clocks
from domain.catalogue import TimeLimit
from domain.clocks import Calendar, Deadline, Limit, Pause, Unit

UNSPECIFIED = "day_unspecified"
"""A text that says 日 and not which kind."""


class NoNumber(LookupError):
    """Neither the law nor a target of ours says how long the stage may take."""


@dataclass(frozen=True, slots=True)
class OwnLimit:
    """What an administrator set for a row of the catalogue; holds for clocks that start while it does."""

    rule: str
    amount: int
    unit: Unit
    from_at: datetime
    until_at: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Return whether it was in force at that moment."""
        return self.from_at <= at and (self.until_at is None or at < self.until_at)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Everything deadlines are made of: the calendar, the region's overlays, what was set here."""

    calendar: Calendar = field(default_factory=clocks.packaged)
    zone: tzinfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    region: str = ""
    """Administrative division (six digits, GB/T 2260); "" for none."""
    own: tuple[OwnLimit, ...] = ()
    day_unspecified: Unit = Unit.CALENDAR_DAY

    def at(self, start: datetime) -> Rules:
        """Return the rules for what begins at that moment."""
        return Rules(self, start)


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits for what begins at `start`: a rule that changes later does not reach back."""

    book: Rulebook
    start: datetime

    def limit(self, *rules: str) -> Limit:
        """Return the strictest of the named rows, such as `CMP-20`, with the region's overlays and what was set here.

        Raises `NoNumber`, and `UnknownTimeLimit` for a row there is none of.
        """
        candidates = [limit for rule in rules for limit in self._of(rule)]
        return min(candidates, key=lambda limit: self.deadline(limit).at)

    def regional(self, rule: str) -> Limit | None:
        """Return the limit of a row that only some regions have; None elsewhere."""
        return self.limit(rule) if catalogue.limit(rule).applies_in(self.book.region) else None

    def deadline(self, limit: Limit, *, pauses: Sequence[Pause] = ()) -> Deadline:
        """Return when the limit is over."""
        return clocks.deadline(
            self.start, limit, zone=self.book.zone, calendar=self.book.calendar, pauses=pauses
        )  # fmt: skip

    def _of(self, rule: str) -> list[Limit]:
        target, own = catalogue.targets().get(rule), self._own(rule)
        if target is not None and target.is_ours_alone:
            return [own or Limit(target.amount, Unit(target.unit), rule=rule)]
        row = catalogue.limit(rule)
        if row.limit is None:
            if target is None:
                raise NoNumber(rule)
            ours = own or Limit(target.amount, Unit(target.unit), rule=rule)
            return [ours, *self._overlays(rule)]
        # The law's number stays among the candidates: what is set here can only be stricter.
        return [self._law(row), *([own] if own else []), *self._overlays(rule)]

    def _overlays(self, rule: str) -> list[Limit]:
        rows = overlays().get(rule, ())
        return [self._law(row) for row in rows if row.applies_in(self.book.region)]

    def _law(self, row: TimeLimit) -> Limit:
        if row.limit is None:
            raise NoNumber(row.id)
        unit = self.book.day_unspecified if row.unit == UNSPECIFIED else Unit(row.unit)
        return Limit(row.limit, unit, rolls_forward=row.rolls_forward, rule=row.id)

    def _own(self, rule: str) -> Limit | None:
        for own in self.book.own:
            if own.rule == rule and own.holds(self.start):
                return Limit(own.amount, own.unit, rule=rule)
        return None


@cache
def overlays() -> dict[str, tuple[TimeLimit, ...]]:
    """Return the regional rows by the national row whose stage they shorten."""
    found: dict[str, tuple[TimeLimit, ...]] = {}
    for row in catalogue.limits().values():
        if row.overlays:
            found[row.overlays] = (*found.get(row.overlays, ()), row)
    return found
