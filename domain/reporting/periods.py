"""The periods of scheduled reports: which day, week or month is over, and what it is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from domain.forms import LabelledChoice
from domain.settings import city_zone

READY_AT = time(5, 30)
"""City time: what happened until midnight has been measured, and the report lies there when people come."""
CATCHES_UP = {"daily": 7, "weekly": 4, "monthly": 12}
"""How many missed periods are made up for after a time without any worker; older ones are asked for by hand."""


class Kind(LabelledChoice):
    """How often a report is made."""

    DAILY = ("daily", "日报", "Daily")
    WEEKLY = ("weekly", "周报", "Weekly")
    MONTHLY = ("monthly", "月报", "Monthly")
    ASKED = ("asked", "自选时段", "Asked for")


KINDS = {kind.value: kind for kind in Kind}
SCHEDULED = (Kind.DAILY, Kind.WEEKLY, Kind.MONTHLY)


@dataclass(frozen=True, slots=True)
class Period:
    """Some days, the last one included."""

    kind: Kind
    from_on: date
    until_on: date

    @property
    def slot(self) -> str:
        """Return what the timetable calls it: its first day."""
        return self.from_on.isoformat()


def last_over(kind: Kind, local: datetime) -> Period:
    """Return the newest period that is over and ready at that moment of the city's clock."""
    day = local.date() if local.time() >= READY_AT else local.date() - timedelta(days=1)
    return _before(kind, day)


def _before(kind: Kind, day: date) -> Period:
    """Return the period that ended last before `day` began."""
    match kind:
        case Kind.DAILY:
            yesterday = day - timedelta(days=1)
            return Period(kind, yesterday, yesterday)
        case Kind.WEEKLY:
            monday = day - timedelta(days=day.weekday())
            return Period(kind, monday - timedelta(days=7), monday - timedelta(days=1))
        case Kind.MONTHLY:
            last = day.replace(day=1) - timedelta(days=1)
            return Period(kind, last.replace(day=1), last)
        case _:
            msg = f"{kind} has no period of its own"
            raise ValueError(msg)


def missed(newest: Period, after: date | None) -> Iterator[Period]:
    """Give the periods from `newest` back to the one that began on `after`, without it; the newest first."""
    period = newest
    for _ in range(CATCHES_UP[period.kind] if after is not None else 1):
        if after is not None and period.from_on <= after:
            return
        yield period
        period = _before(period.kind, period.from_on)


def is_over(period: Period, at: datetime) -> bool:
    """Return whether the last of its days has ended."""
    return at.astimezone(city_zone()).date() > period.until_on
