"""Gaps of rounds against a walk minute by minute, and opening hours against what they say at every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from domain.opening_hours import is_open_at
from domain.patrols import rounds

CITY = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 20)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=CITY).astimezone(UTC)
CLOCKS = st.tuples(st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59])).map(
    lambda time: f"{time[0]:02}:{time[1]:02}"
)
SPANS = st.builds(
    lambda days, begins, until: {"days": sorted(days), "from": begins, "until": until},
    st.sets(st.integers(1, 7), min_size=1), CLOCKS, st.one_of(CLOCKS, st.just("24:00")),
)  # fmt: skip
HOURS = st.lists(SPANS, min_size=1, max_size=4)


def minute(number: int) -> datetime:
    return MIDNIGHT + timedelta(minutes=number)


@given(hours=HOURS, step=st.integers(1, 7))
def test_spans_of_two_business_days_are_when_it_is_open(hours: list[dict[str, object]], step: int) -> None:
    found = [*rounds.open_spans(hours, DAY - timedelta(days=1), CITY), *rounds.open_spans(hours, DAY, CITY)]

    for number in range(0, 24 * 60, step):
        moment = minute(number)
        covered = any(begins <= moment < ends for begins, ends in found)
        assert covered is is_open_at(hours, moment.astimezone(CITY)), moment


@given(hours=HOURS, came=st.lists(st.integers(-120, 52 * 60), max_size=40), limit=st.sampled_from([30, 60, 120, 121]))
def test_gaps_equal_a_walk_minute_by_minute(hours: list[dict[str, object]], came: list[int], limit: int) -> None:
    spans = rounds.open_spans(hours, DAY, CITY)

    found = rounds.gaps(spans, [minute(number) for number in came], limit=timedelta(minutes=limit))

    too_long: set[datetime] = set()
    for begins, ends in spans:
        waited: list[datetime] = []
        walked = begins
        while walked < ends:  # through the minutes of the span, remembering those since somebody was last there
            walked += timedelta(minutes=1)
            waited.append(walked)
            if len(waited) > limit:
                too_long.update(waited)
            if (walked - MIDNIGHT) // timedelta(minutes=1) in came:
                waited = []
    told = {
        begins + timedelta(minutes=number)
        for begins, ends in found
        for number in range(1, (ends - begins) // timedelta(minutes=1) + 1)
    }
    assert told == too_long
    assert all(ends - begins > timedelta(minutes=limit) for begins, ends in found)


def test_gap_of_exactly_the_limit_is_kept_and_a_second_more_is_not() -> None:
    spans = rounds.open_spans([{"days": [5], "from": "20:00", "until": "02:00"}], DAY, CITY)
    opens, closes = spans[0]
    two_hours = timedelta(hours=2)

    kept = rounds.gaps(spans, [opens + two_hours, opens + 2 * two_hours], limit=two_hours)
    late = rounds.gaps(spans, [opens + two_hours + timedelta(seconds=1), opens + 2 * two_hours], limit=two_hours)

    assert closes - opens == 3 * two_hours
    assert kept == ()
    assert late == ((opens, opens + two_hours + timedelta(seconds=1)),)
    assert rounds.gaps(spans, [], limit=two_hours) == spans
