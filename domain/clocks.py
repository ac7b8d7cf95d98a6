"""Legal time: how long something may take and when that is over. Pure: no database, no current time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import cache
from types import MappingProxyType

import chinese_calendar

SATURDAY = 5
"""`date.weekday()` of the first day of the weekend."""
LONGEST_DAYS = 40_000
"""A limit is shorter than a century; a search through the days that goes on longer has gone wrong."""


class Unit(StrEnum):
    """What a limit counts in (`unit_semantics` of the time-limit catalogue)."""

    MINUTE = "elapsed_minute"
    HOUR = "elapsed_hour"
    OFFICE_HOUR = "office_hour"
    CALENDAR_DAY = "calendar_day"
    WORKING_DAY = "working_day"
    UNTIL = "until"


@dataclass(frozen=True, slots=True)
class Limit:
    """A length of time with its unit; `until` carries a fixed moment instead (a date an inspector has set)."""

    amount: int
    unit: Unit
    moment: datetime | None = None
    rolls_forward: bool = False
    """Calendar days: a last day that is no working day moves the end to the next one, where the rule says so."""
    rule: str = ""
    """The row of the catalogue it comes from, such as `CMP-20`; "" for none."""
    own: bool = False
    """Set here, where the row gives no number or as a stricter one."""

    @classmethod
    def minutes(cls, amount: int) -> Limit:
        """Return so many minutes by the wall clock."""
        return cls(amount, Unit.MINUTE)

    @classmethod
    def hours(cls, amount: int) -> Limit:
        """Return so many hours by the wall clock, through nights and holidays."""
        return cls(amount, Unit.HOUR)

    @classmethod
    def office_hours(cls, amount: int) -> Limit:
        """Return so many hours of open office, over nights, weekends and holidays."""
        return cls(amount, Unit.OFFICE_HOUR)

    @classmethod
    def calendar_days(cls, amount: int) -> Limit:
        """Return so many consecutive days, the first not counted, to the end of the last."""
        return cls(amount, Unit.CALENDAR_DAY)

    @classmethod
    def working_days(cls, amount: int) -> Limit:
        """Return so many working days of the State Council's calendar, the day of receipt not counted."""
        return cls(amount, Unit.WORKING_DAY)

    @classmethod
    def until(cls, moment: datetime) -> Limit:
        """Return a limit that ends at a moment somebody has fixed."""
        return cls(0, Unit.UNTIL, moment)


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """From when to when the office is open on a working day, in city time."""

    opens: time = time(9)
    closes: time = time(17, 30)
    """A limit in working days ends then on its last day (our convention; the law names no hour)."""

    def __post_init__(self) -> None:
        """Refuse an office that never opens."""
        if self.opens >= self.closes:
            msg = "the office has to open before it closes"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are working days: Monday to Friday, but for the days the State Council's yearly notices name."""

    years: frozenset[int]
    """The years whose notice is known; any other counts by the week and is marked provisional."""
    differing: Mapping[date, bool] = field(hash=False)
    """Day → whether it is worked, for every day that differs from its week: holidays and make-up days."""
    office: OfficeHours = OfficeHours()

    def works(self, day: date) -> bool:
        """Return whether `day` is a working day as far as is known."""
        named = self.differing.get(day)
        return day.weekday() < SATURDAY if named is None else named

    def knows(self, day: date) -> bool:
        """Return whether the official notice for the year of `day` is known."""
        return day.year in self.years


@cache
def packaged() -> Calendar:
    """Return the calendar of the notices packaged in `chinesecalendar` (2004 on), with our office hours."""
    listed: dict[date, bool] = dict.fromkeys(chinese_calendar.holidays, False)
    listed.update(dict.fromkeys(chinese_calendar.workdays, True))
    differing = {day: works for day, works in listed.items() if works != (day.weekday() < SATURDAY)}
    return Calendar(frozenset(day.year for day in listed), MappingProxyType(differing))


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a limit is over; provisional while no official calendar is known for one of its days."""

    at: datetime
    provisional: bool = False


def day_due(due_at: datetime, zone: tzinfo) -> date:
    """Return the day of `zone` that a deadline falls on: one at midnight falls on the day that ends with it."""
    return (due_at.astimezone(zone) - timedelta(microseconds=1)).date()


def due_in_digits(due_at: datetime, zone: tzinfo) -> str:
    """Return the hour of `day_due` as it is read: "17:30", and "24:00" for the end of the day."""
    here = due_at.astimezone(zone)
    return "24:00" if here.time() == time() else f"{here:%H:%M}"


Pause = tuple[datetime, datetime]
"""From when to when a limit stood still (aware); only where its rule allows that."""


def deadline(
    start: datetime, limit: Limit, *, zone: tzinfo, calendar: Calendar | None = None, pauses: Sequence[Pause] = ()
) -> Deadline:
    """Return when `limit` is over if it starts at `start` (aware; the answer is UTC).

    Days are days of the city's `zone`; the day of receipt is not counted. `pauses` are over and do not overlap: time
    in them does not count, and a day does not whose end (of the office for working days, else midnight) lies in one.
    Without a `calendar` the packaged one holds.
    """
    count = _Count(start, limit, zone, calendar or packaged(), tuple(pauses))
    match limit.unit:
        case Unit.UNTIL:
            if limit.moment is None:
                msg = "a limit until a moment needs the moment"
                raise ValueError(msg)
            return Deadline(limit.moment.astimezone(UTC))
        case Unit.MINUTE:
            return count.elapsed(timedelta(minutes=limit.amount))
        case Unit.HOUR:
            return count.elapsed(timedelta(hours=limit.amount))
        case Unit.OFFICE_HOUR:
            return count.office(timedelta(hours=limit.amount))
        case Unit.CALENDAR_DAY:
            return count.calendar_days()
        case Unit.WORKING_DAY:
            return count.working_days()


@dataclass(slots=True)
class _Count:
    start: datetime
    limit: Limit
    zone: tzinfo
    calendar: Calendar
    pauses: tuple[Pause, ...]
    provisional: bool = False

    def elapsed(self, left: timedelta) -> Deadline:
        """Add the pauses that begin before the end."""
        end = self.start.astimezone(UTC) + left
        for begins, ends in sorted(self.pauses):
            if begins < end and ends > self.start:
                end += ends - max(begins, self.start)
        return Deadline(end.astimezone(UTC))

    def working_days(self) -> Deadline:
        """Count days by where their office closes."""
        day, left = self._first(), self.limit.amount
        if left == 0:  # on the same day, or the next working one when its office is closed
            left = 1
            if self._closing(day) >= self.start:
                day -= timedelta(days=1)
        for _ in range(LONGEST_DAYS):
            day += timedelta(days=1)
            end = self._closing(day)
            left -= self._works(day) and not self._paused(end)
            if left == 0:
                return Deadline(end, self.provisional)
        raise OverflowError(self.limit)

    def calendar_days(self) -> Deadline:
        """Count days by their midnights, and roll on to a working day where the rule says so."""
        day, left = self._first(), self.limit.amount
        for _ in range(LONGEST_DAYS):
            if left == 0:
                break
            day += timedelta(days=1)
            left -= not self._paused(self._midnight(day))
        else:
            raise OverflowError(self.limit)
        while self.limit.rolls_forward and not self._works(day):
            day += timedelta(days=1)
        return Deadline(self._midnight(day), self.provisional)

    def office(self, left: timedelta) -> Deadline:
        """Count the time between opening and closing."""
        day = self._first()
        for _ in range(LONGEST_DAYS):
            if self._works(day):
                hours = self.calendar.office
                opens = datetime.combine(day, hours.opens, self.zone).astimezone(UTC)
                for begins, ends in self._running(max(opens, self.start.astimezone(UTC)), self._closing(day)):
                    if left <= ends - begins:
                        return Deadline(begins + left, self.provisional)
                    left -= ends - begins
            day += timedelta(days=1)
        raise OverflowError(self.limit)

    def _running(self, begins: datetime, ends: datetime) -> list[Pause]:
        """Return the parts of a stretch of time in which nothing is paused."""
        parts = []
        for stops, goes_on in sorted(self.pauses):
            if begins < stops < ends:
                parts.append((begins, stops))
            if stops < ends:
                begins = max(begins, goes_on)
        if begins < ends:
            parts.append((begins, ends))
        return parts

    def _first(self) -> date:
        return self.start.astimezone(self.zone).date()

    def _works(self, day: date) -> bool:
        self.provisional = self.provisional or not self.calendar.knows(day)
        return self.calendar.works(day)

    def _paused(self, moment: datetime) -> bool:
        return any(begins < moment <= ends for begins, ends in self.pauses)

    def _closing(self, day: date) -> datetime:
        return datetime.combine(day, self.calendar.office.closes, self.zone).astimezone(UTC)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day + timedelta(days=1), time(0), self.zone).astimezone(UTC)


def fraction(start: datetime, end: datetime, share: float) -> datetime:
    """Return the moment at `share` of the way from `start` to `end` (0.75: the warning; 1.25: the second level)."""
    return start + (end - start) * share
