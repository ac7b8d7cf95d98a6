"""Legal time: how long something may take and when that is over. Pure: no database, no current time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache

import chinese_calendar

OFFICE_CLOSES = time(17, 30)
"""A limit in working days ends when the office closes on its last day (our convention; the law names no hour)."""


class Unit(StrEnum):
    """What a limit counts in (`unit_semantics` of the time-limit catalogue)."""

    MINUTE = "elapsed_minute"
    HOUR = "elapsed_hour"
    CALENDAR_DAY = "calendar_day"
    WORKING_DAY = "working_day"
    UNTIL = "until"


@dataclass(frozen=True, slots=True)
class Limit:
    """A length of time with its unit; `until` carries a fixed moment instead (a date an inspector has set)."""

    amount: int
    unit: Unit
    moment: datetime | None = None

    @classmethod
    def minutes(cls, amount: int) -> Limit:
        """Return so many minutes by the wall clock."""
        return cls(amount, Unit.MINUTE)

    @classmethod
    def hours(cls, amount: int) -> Limit:
        """Return so many hours by the wall clock, through nights and holidays."""
        return cls(amount, Unit.HOUR)

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
class Deadline:
    """When a limit is over; provisional while no official calendar is known for one of its days."""

    at: datetime
    provisional: bool = False


@lru_cache(maxsize=4096)
def is_working_day(day: date) -> tuple[bool, bool]:
    """Return (works, provisional) for a day.

    Source: the State Council's yearly holiday notices as packaged in `chinesecalendar`. A year it does not know
    counts Monday to Friday and is marked provisional, never guessed in silence.
    """
    try:
        return bool(chinese_calendar.is_workday(day)), False
    except NotImplementedError:
        return day.weekday() < 5, True  # noqa: PLR2004 - Saturday is 5


def deadline(start: datetime, limit: Limit, *, zone: tzinfo) -> Deadline:
    """Return when `limit` is over if it starts at `start` (aware; the answer is UTC).

    Days are days of the city's `zone`; the day of receipt is not counted.
    """
    if limit.unit is Unit.UNTIL:
        if limit.moment is None:
            msg = "a limit until a moment needs the moment"
            raise ValueError(msg)
        return Deadline(limit.moment.astimezone(UTC))
    if limit.unit is Unit.MINUTE:
        return Deadline(start.astimezone(UTC) + timedelta(minutes=limit.amount))
    if limit.unit is Unit.HOUR:
        return Deadline(start.astimezone(UTC) + timedelta(hours=limit.amount))
    day, provisional = start.astimezone(zone).date(), False
    if limit.unit is Unit.CALENDAR_DAY:
        end = datetime.combine(day + timedelta(days=limit.amount + 1), time(0), zone)
        return Deadline(end.astimezone(UTC))
    left = limit.amount
    while left:
        day += timedelta(days=1)
        works, guessed = is_working_day(day)
        provisional = provisional or guessed
        left -= works
    return Deadline(datetime.combine(day, OFFICE_CLOSES, zone).astimezone(UTC), provisional)


def fraction(start: datetime, end: datetime, share: float) -> datetime:
    """Return the moment at `share` of the way from `start` to `end` (0.75: the warning; 1.25: the second level)."""
    return start + (end - start) * share
