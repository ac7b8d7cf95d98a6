"""Legal time against somebody who looks at every minute: slow, with code of its own, over starts nobody chose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import clocks
from domain.clocks import Calendar, Limit, OfficeHours, Unit

CITY = ZoneInfo("Asia/Shanghai")
MINUTE = timedelta(minutes=1)
FIRST = datetime.fromisoformat("2026-09-01T00:00")
"""Naive moments are the city's here: it has had one offset for the whole year."""
Pauses = list[tuple[datetime, datetime]]
LARGEST = {Unit.MINUTE: 4000, Unit.HOUR: 70, Unit.OFFICE_HOUR: 30, Unit.CALENDAR_DAY: 9, Unit.WORKING_DAY: 6}


@dataclass
class Walk:
    """Goes from minute to minute with a list of what is off, and counts."""

    start: datetime
    amount: int
    off: set[date]
    made_up: set[date]
    office: OfficeHours
    pauses: Pauses

    def is_worked(self, day: date) -> bool:
        return day in self.made_up or (day.isoweekday() <= 5 and day not in self.off)

    def stands_still(self, minute: datetime) -> bool:
        """Return whether the minute that begins then lies in a pause."""
        return any(start <= minute < end for start, end in self.pauses)

    def minutes(self) -> Iterator[datetime]:
        now = self.start
        while True:
            yield now
            now += MINUTE

    def elapsed(self, minutes: int) -> datetime:
        counted = 0
        for now in self.minutes():
            if counted == minutes:
                return now
            counted += not self.stands_still(now)
        raise AssertionError

    def office_hours(self) -> datetime:
        counted = 0
        for now in self.minutes():
            if counted == self.amount * 60:
                return now
            is_open = self.is_worked(now.date()) and self.office.opens <= now.time() < self.office.closes
            counted += is_open and not self.stands_still(now)
        raise AssertionError

    def working_days(self) -> datetime:
        counted = 0
        for now in self.minutes():
            is_end_of_a_later_day = now.time() == self.office.closes and now.date() > self.start.date()
            if is_end_of_a_later_day and self.is_worked(now.date()) and not self.stands_still(now - MINUTE):
                counted += 1
                if counted == self.amount:
                    return now
        raise AssertionError

    def calendar_days(self, *, rolls: bool) -> datetime:
        counted = 0
        for now in self.minutes():
            ended = now.date() - timedelta(days=1)
            if now.time() != time(0) or ended <= self.start.date():
                continue
            counted += counted < self.amount and not self.stands_still(now - MINUTE)
            if counted == self.amount and (self.is_worked(ended) or not rolls):
                return now
        raise AssertionError

    def over(self, limit: Limit) -> datetime:
        match limit.unit:
            case Unit.MINUTE:
                return self.elapsed(self.amount)
            case Unit.HOUR:
                return self.elapsed(self.amount * 60)
            case Unit.OFFICE_HOUR:
                return self.office_hours()
            case Unit.CALENDAR_DAY:
                return self.calendar_days(rolls=limit.rolls_forward)
            case _:
                return self.working_days()


def minutes_from(first: datetime, days: int) -> st.SearchStrategy[datetime]:
    return st.integers(0, days * 24 * 60).map(lambda minutes: first + timedelta(minutes=minutes))


def in_the_city(moment: datetime) -> datetime:
    return moment.replace(tzinfo=CITY)


@st.composite
def paused(draw: st.DrawFn, start: datetime) -> Pauses:
    """Return up to three pauses after the start, one after the other."""
    edges = sorted(draw(st.lists(minutes_from(start, 8), max_size=6, unique=True)))
    return list(zip(edges[::2], edges[1::2], strict=False))


DAYS = st.dates(date(2026, 8, 25), date(2026, 11, 30))
HALF_HOURS = st.integers(0, 47).map(lambda half: time(half // 2, 30 * (half % 2)))
OFFICES = st.tuples(HALF_HOURS, HALF_HOURS).filter(lambda pair: pair[0] < pair[1])
OFFICES_OPEN = OFFICES.map(lambda pair: OfficeHours(*pair))


@pytest.mark.parametrize("unit", LARGEST)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_every_unit_agrees_with_counting_minute_by_minute(unit: Unit, data: st.DataObject) -> None:
    start = data.draw(minutes_from(FIRST, 45), "start")
    amount = data.draw(st.integers(1, LARGEST[unit]), "amount")
    off, made_up = data.draw(st.sets(DAYS, max_size=25), "off"), data.draw(st.sets(DAYS, max_size=8), "made up")
    office = data.draw(OFFICES_OPEN if unit is not Unit.OFFICE_HOUR else st.just(OfficeHours()), "office")
    rolls = unit is Unit.CALENDAR_DAY and data.draw(st.booleans(), "rolls")
    pauses = data.draw(paused(start), "pauses")
    limit = Limit(amount, unit, rolls_forward=rolls)
    differing = {**dict.fromkeys(off, False), **dict.fromkeys(made_up, True)}
    calendar = Calendar(frozenset({2026}), differing, office)

    found = clocks.deadline(
        in_the_city(start), limit, zone=CITY, calendar=calendar,
        pauses=[(in_the_city(begins), in_the_city(ends)) for begins, ends in pauses],
    )  # fmt: skip

    expected = Walk(start, amount, off - made_up, made_up, office, pauses).over(limit)
    assert found.at == in_the_city(expected)


@pytest.mark.parametrize("unit", [Unit.OFFICE_HOUR, Unit.WORKING_DAY, Unit.CALENDAR_DAY])
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(
    start=minutes_from(datetime.fromisoformat("2026-12-15T00:00"), 30), amount=st.integers(1, 9), rolls=st.booleans()
)
def test_provisional_is_what_a_day_of_an_unknown_year_was_looked_at_for(
    unit: Unit, start: datetime, amount: int, *, rolls: bool
) -> None:
    limit = Limit(amount, unit, rolls_forward=rolls and unit is Unit.CALENDAR_DAY)

    found = clocks.deadline(in_the_city(start), limit, zone=CITY)

    end = found.at.astimezone(CITY)
    last = (end - MINUTE).date()
    if unit is Unit.CALENDAR_DAY:
        looked_at = {start.date() + timedelta(days=amount), last} if limit.rolls_forward else set()
    else:
        first = start.date() + timedelta(days=unit is Unit.WORKING_DAY)
        looked_at = {first + timedelta(days=number) for number in range((last - first).days + 1)}
    assert found.provisional == any(day.year > 2026 for day in looked_at)
