"""Which limit holds: the law's number, a stricter one of the region, or our own target. Pure; `clocks` counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from domain import catalogue, clocks
from domain.catalogue import TimeLimit
from domain.clocks import Calendar, Deadline, Limit, OfficeHours, Pause, Unit

UNSPECIFIED = "day_unspecified"
"""A text that says 日 and not which kind."""


class NoNumber(LookupError):
    """Neither the law nor a target of ours says how long the stage may take."""


SINCE_EVER = datetime.min.replace(tzinfo=UTC)
DELIVERED = OfficeHours()
COUNTED = frozenset({*(unit.value for unit in Unit if unit is not Unit.UNTIL), UNSPECIFIED})
"""Units in which a row gives a time, and not a frequency or a share."""
EVERYBODY_KNOWS_AFTER = timedelta(seconds=5)
"""So long after a change every process goes by it (`rulebooks.FRESH_SECONDS`, and the transaction that made it)."""


def in_force_from(set_at: datetime) -> datetime:
    """Return the moment from which what was set holds: a full minute, at which every process knows of it.

    Were it the moment itself, a process that has not read it yet would give a clock another limit than a recount.
    """
    known = set_at + EVERYBODY_KNOWS_AFTER
    minute = known.replace(second=0, microsecond=0)
    return minute if minute == known else minute + timedelta(minutes=1)


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
class Convention:
    """What the law leaves open and the product was set to, for clocks that start from then on."""

    from_at: datetime = SINCE_EVER
    office: OfficeHours = DELIVERED
    day_unspecified: Unit = Unit.CALENDAR_DAY
    """What a text means that says 日 and not which kind."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Everything deadlines are made of: the calendar, the region's overlays, what was set here."""

    calendar: Calendar = field(default_factory=clocks.packaged)
    zone: tzinfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    region: str = ""
    """Administrative division (six digits, GB/T 2260); "" for none."""
    own: tuple[OwnLimit, ...] = ()
    """The newest first: of two that hold, the first."""
    conventions: tuple[Convention, ...] = (Convention(),)
    """One after the other, the oldest first."""

    def at(self, start: datetime) -> Rules:
        """Return the rules for what begins at that moment."""
        return Rules(self, start)


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits for what begins at `start`: a rule that changes later does not reach back."""

    book: Rulebook
    start: datetime

    def limit(self, *rules: str) -> Limit | None:
        """Return the strictest of the named rows, such as `CMP-20`, with the region's overlays and what was set here.

        None where none of them was in force at the start. Raises `NoNumber`, and `UnknownTimeLimit` for a row there
        is none of.
        """
        candidates = [limit for rule in rules for limit in self._of(rule)]
        return min(candidates, key=lambda limit: self.deadline(limit).at, default=None)

    def regional(self, rule: str) -> Limit | None:
        """Return the limit of a row that only some regions have; None elsewhere."""
        return self.limit(rule) if catalogue.limit(rule).applies_in(self.book.region) else None

    def law(self, rule: str) -> Limit | None:
        """Return what the row itself says of time, as it holds at the start; None where it gives no number."""
        row = catalogue.limits().get(rule)
        if row is None or row.limit is None or row.unit not in COUNTED or not row.holds(self._day):
            return None
        return self._law(row)

    def own(self, rule: str) -> Limit | None:
        """Return what was set here for a row and holds at the start."""
        for own in self.book.own:
            if own.rule == rule and own.holds(self.start):
                return Limit(own.amount, own.unit, rule=rule, own=True)
        return None

    def deadline(self, limit: Limit, *, pauses: Sequence[Pause] = ()) -> Deadline:
        """Return when the limit is over."""
        calendar, office = self.book.calendar, self._convention.office
        if calendar.office != office:
            calendar = replace(calendar, office=office)
        return clocks.deadline(self.start, limit, zone=self.book.zone, calendar=calendar, pauses=pauses)

    @property
    def _convention(self) -> Convention:
        held = [convention for convention in self.book.conventions if convention.from_at <= self.start]
        return held[-1] if held else self.book.conventions[0]

    @property
    def _day(self) -> date:
        return self.start.astimezone(self.book.zone).date()

    def _of(self, rule: str) -> list[Limit]:
        own = self.own(rule)
        target = catalogue.targets().get(rule)
        if target is not None:
            ours = own or Limit(target.amount, Unit(target.unit), rule=rule, own=True)
            return [ours, *self._overlays(rule)]
        row = catalogue.limit(rule)
        if row.limit is None:
            raise NoNumber(rule)
        if not row.holds(self._day):
            return self._overlays(rule)
        # The law's number stays among the candidates: what is set here can only be stricter.
        return [self._law(row), *([own] if own else []), *self._overlays(rule)]

    def _overlays(self, rule: str) -> list[Limit]:
        found = []
        for row in overlays().get(rule, ()):
            if row.applies_in(self.book.region) and row.holds(self._day):
                own = self.own(row.id)
                found += [self._law(row), *([own] if own else [])]
        return found

    def _law(self, row: TimeLimit) -> Limit:
        if row.limit is None:
            raise NoNumber(row.id)
        unit = self._convention.day_unspecified if row.unit == UNSPECIFIED else Unit(row.unit)
        return Limit(row.limit, unit, rolls_forward=row.rolls_forward, rule=row.id)


def subject_of(rule: str) -> UUID:
    """Return under which id what was set for a row is recorded."""
    return uuid5(NAMESPACE_URL, f"fireline:limit:{rule}")


@cache
def overlays() -> dict[str, tuple[TimeLimit, ...]]:
    """Return the regional rows by the national row whose stage they shorten."""
    found: dict[str, tuple[TimeLimit, ...]] = {}
    for row in catalogue.limits().values():
        if row.overlays:
            found[row.overlays] = (*found.get(row.overlays, ()), row)
    return found
