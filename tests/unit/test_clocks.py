"""Legal time against calendars written by hand: weekends, make-up days, the long holidays, an unknown year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from domain import clocks
from domain.clocks import Limit, fraction
from tests.history import working_days_after, works

CITY = ZoneInfo("Asia/Shanghai")
THREE = Limit.working_days(3)
deadline = partial(clocks.deadline, zone=CITY)


def city(text: str) -> datetime:
    """Return the moment of "2026-08-20 13:58" in the city."""
    return datetime.fromisoformat(text).replace(tzinfo=CITY)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        pytest.param("2026-08-17 09:00", "2026-08-20 17:30", id="within a week"),
        pytest.param("2026-08-20 13:58", "2026-08-25 17:30", id="over a weekend"),
        pytest.param("2026-08-23 13:58", "2026-08-26 17:30", id="received on a Sunday: the seed's own report"),
        pytest.param("2026-09-18 10:00", "2026-09-22 17:30", id="a Sunday that is worked"),
        pytest.param("2026-09-24 10:00", "2026-09-30 17:30", id="over the Mid-Autumn holiday"),
        pytest.param("2026-02-13 16:00", "2026-02-25 17:30", id="over the Spring Festival, its Saturday worked"),
        pytest.param("2026-02-27 16:00", "2026-03-03 17:30", id="the second Saturday worked for the Spring Festival"),
        pytest.param("2026-09-29 10:00", "2026-10-09 17:30", id="over the National Day week"),
        pytest.param("2026-10-08 10:00", "2026-10-12 17:30", id="the Saturday worked after the National Day week"),
        pytest.param("2026-08-20 00:00", "2026-08-25 17:30", id="the first minute of a day"),
        pytest.param("2026-08-20 23:59", "2026-08-25 17:30", id="the last minute of a day, another day in UTC"),
    ],
)
def test_three_working_days_end_when_the_office_closes(received: str, due: str) -> None:
    found = deadline(city(received), THREE)

    assert found.at == city(due)
    assert found.at.tzinfo is UTC
    assert not found.provisional


def test_twenty_four_hours_run_through_night_and_holiday() -> None:
    assert deadline(city("2026-10-01 23:30"), Limit.hours(24)).at == city("2026-10-02 23:30")


def test_minutes_are_minutes() -> None:
    assert deadline(city("2026-08-23 13:58"), Limit.minutes(30)).at == city("2026-08-23 14:28")


def test_calendar_days_end_with_the_last_day() -> None:
    assert deadline(city("2026-08-23 13:58"), Limit.calendar_days(15)).at == city("2026-09-08 00:00")


def test_fixed_moment_is_kept() -> None:
    assert deadline(city("2026-08-23 13:58"), Limit.until(city("2026-09-01 12:00"))).at == city("2026-09-01 12:00")


@pytest.mark.parametrize("received", ["2026-12-30 10:00", "2027-02-05 10:00"])
def test_deadline_in_a_year_without_a_calendar_is_provisional(received: str) -> None:
    assert deadline(city(received), THREE).provisional


def test_deadline_that_ends_with_the_known_year_is_final() -> None:
    found = deadline(city("2026-12-28 10:00"), THREE)

    assert (found.at, found.provisional) == (city("2026-12-31 17:30"), False)


def test_unknown_year_counts_monday_to_friday() -> None:
    found = deadline(city("2026-12-30 10:00"), THREE)

    assert found.at == city("2027-01-04 17:30")


def test_every_day_of_the_year_agrees_with_the_calendar_written_by_hand() -> None:
    for number in range(365):
        day = date(2026, 1, 1) + timedelta(days=number)

        assert clocks.packaged().works(day) == works(day), day
        assert clocks.packaged().knows(day)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_every_start_of_the_year_agrees_with_counting_by_hand(count: int) -> None:
    for number in range(340):
        start = city("2026-01-01 13:58") + timedelta(days=number)

        assert deadline(start, Limit.working_days(count)).at == working_days_after(start, count), start


def test_other_time_zones_have_other_days() -> None:
    late = datetime(2026, 8, 20, 23, 30, tzinfo=UTC)

    here, there = deadline(late, Limit.working_days(1)), deadline(late, Limit.working_days(1), zone=UTC)

    assert here.at == city("2026-08-24 17:30")
    assert there.at == datetime(2026, 8, 21, 17, 30, tzinfo=UTC)


def test_fraction_goes_past_the_end_too() -> None:
    start, end = city("2026-08-23 00:00"), city("2026-08-24 00:00")

    assert [fraction(start, end, share) for share in (0.75, 1, 1.25)] == [
        city("2026-08-23 18:00"), end, city("2026-08-24 06:00")
    ]  # fmt: skip
