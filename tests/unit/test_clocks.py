"""Legal time against calendars written by hand: weekends, make-up days, the long holidays, an unknown year."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from domain import clocks
from domain.clocks import Calendar, Limit, OfficeHours, Unit, fraction
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


@pytest.mark.parametrize(
    ("received", "hours", "due"),
    [
        pytest.param("2026-08-20 16:30", 4, "2026-08-21 12:00", id="over a night"),
        pytest.param("2026-08-21 16:30", 4, "2026-08-24 12:00", id="over a weekend"),
        pytest.param("2026-08-23 13:58", 2, "2026-08-24 11:00", id="received on a Sunday"),
        pytest.param("2026-08-20 07:00", 8, "2026-08-20 17:00", id="received before the office opens"),
        pytest.param("2026-08-20 20:00", 1, "2026-08-21 10:00", id="received after it closed"),
        pytest.param("2026-08-20 09:00", 17, "2026-08-21 17:30", id="two whole days"),
        pytest.param("2026-09-30 17:00", 1, "2026-10-08 09:30", id="over the National Day week"),
        pytest.param("2026-10-09 17:00", 1, "2026-10-10 09:30", id="a Saturday that is worked"),
    ],
)
def test_office_hours_stand_still_while_the_office_is_closed(received: str, hours: int, due: str) -> None:
    assert deadline(city(received), Limit.office_hours(hours)).at == city(due)


def test_office_hours_over_the_end_of_the_known_years_are_provisional() -> None:
    known, beyond = (deadline(city("2026-12-31 16:00"), Limit.office_hours(hours)) for hours in (1, 3))

    assert (known.at, known.provisional) == (city("2026-12-31 17:00"), False)
    assert (beyond.at, beyond.provisional) == (city("2027-01-01 10:30"), True)


def test_other_office_hours_end_the_day_at_another_hour() -> None:
    early = replace(clocks.packaged(), office=OfficeHours(time(8), time(12)))

    assert deadline(city("2026-08-20 13:58"), THREE, calendar=early).at == city("2026-08-25 12:00")
    assert deadline(city("2026-08-20 13:58"), Limit.office_hours(5), calendar=early).at == city("2026-08-24 09:00")


def test_an_office_that_closes_before_it_opens_is_refused() -> None:
    with pytest.raises(ValueError, match="open before it closes"):
        OfficeHours(time(9), time(9))


@pytest.mark.parametrize(
    ("received", "due"),
    [
        pytest.param("2026-08-20 13:58", "2026-08-20 17:30", id="the same day"),
        pytest.param("2026-08-20 17:30", "2026-08-20 17:30", id="the very end of the office day"),
        pytest.param("2026-08-20 17:31", "2026-08-21 17:30", id="too late for the same day"),
        pytest.param("2026-08-22 10:00", "2026-08-24 17:30", id="a Saturday"),
    ],
)
def test_no_working_days_at_all_means_the_same_one(received: str, due: str) -> None:
    assert deadline(city(received), Limit.working_days(0)).at == city(due)


def test_other_zero_limits_are_over_at_once_or_with_the_day() -> None:
    start = city("2026-08-20 18:00")

    assert deadline(start, Limit.hours(0)).at == start
    assert deadline(start, Limit.calendar_days(0)).at == city("2026-08-21 00:00")
    assert deadline(start, Limit.office_hours(0)).at == city("2026-08-21 09:00")


@pytest.mark.parametrize(
    ("received", "due"),
    [
        pytest.param("2026-08-03 10:00", "2026-08-19 00:00", id="ends on a Tuesday"),
        pytest.param("2026-08-01 10:00", "2026-08-18 00:00", id="ends on a Sunday: the Monday"),
        pytest.param("2026-09-16 10:00", "2026-10-09 00:00", id="ends in the National Day week: the 8th"),
        pytest.param("2026-09-05 10:00", "2026-09-21 00:00", id="ends on a Sunday that is worked: it stays"),
    ],
)
def test_last_day_rolls_on_to_a_working_day_where_the_rule_says_so(received: str, due: str) -> None:
    limit = replace(Limit.calendar_days(15), rolls_forward=True)

    assert deadline(city(received), limit).at == city(due)


def test_calendar_days_are_provisional_only_when_they_may_roll_on() -> None:
    rolls = replace(Limit.calendar_days(15), rolls_forward=True)

    assert not deadline(city("2026-12-20 10:00"), Limit.calendar_days(15)).provisional
    assert deadline(city("2026-12-20 10:00"), rolls).provisional
    assert not deadline(city("2026-12-10 10:00"), rolls).provisional


def test_time_in_a_pause_does_not_count() -> None:
    pauses = [(city("2026-08-21 09:00"), city("2026-08-24 09:00"))]
    over_closing = [(city("2026-08-21 17:00"), city("2026-08-21 18:00"))]
    over_noon = [(city("2026-08-21 11:00"), city("2026-08-21 14:00"))]

    assert deadline(city("2026-08-20 13:58"), Limit.hours(24), pauses=pauses).at == city("2026-08-24 13:58")
    assert deadline(city("2026-08-20 13:58"), THREE, pauses=over_closing).at == city("2026-08-26 17:30")
    assert deadline(city("2026-08-20 13:58"), THREE, pauses=over_noon).at == city("2026-08-25 17:30")


def test_pause_after_the_end_or_before_the_start_changes_nothing() -> None:
    before = (city("2026-08-19 09:00"), city("2026-08-20 13:58"))
    after = (city("2026-08-21 13:58"), city("2026-08-30 09:00"))

    for limit in (Limit.hours(24), Limit.minutes(30)):
        free = deadline(city("2026-08-20 13:58"), limit)

        assert deadline(city("2026-08-20 13:58"), limit, pauses=[before, after]) == free


def test_limit_until_a_moment_needs_the_moment() -> None:
    with pytest.raises(ValueError, match="needs the moment"):
        deadline(city("2026-08-20 13:58"), Limit(0, Unit.UNTIL))


def test_limit_that_never_ends_is_refused() -> None:
    idle = Calendar(frozenset(), {date(2026, 1, 1) + timedelta(days=n): False for n in range(60_000)})

    with pytest.raises(OverflowError):
        deadline(city("2026-08-20 13:58"), Limit.working_days(1), calendar=idle)
    with pytest.raises(OverflowError):
        deadline(city("2026-08-20 13:58"), Limit.office_hours(1), calendar=idle)
