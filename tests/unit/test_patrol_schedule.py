"""Slots of patrols against another evaluation: RRULE by dateutil over decades, days off from the holiday table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import product
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import catalogue, clocks
from domain.patrols import recurrence, rhythm, schedule
from domain.patrols.plan_forms import Carrier, PlanFacts
from domain.patrols.schedule import Rule, RuleRefused, Slot
from domain.queries.record_labels import CARRIERS, ROLLS, WINDOWS

CITY = ZoneInfo("Asia/Shanghai")
FIRST, LAST = date(2024, 1, 1), date(2026, 12, 31)
HOURS = [
    {"days": [1, 2, 3, 4], "from": "09:00", "until": "12:00"},
    {"days": [1, 2, 3, 4, 5, 6], "from": "17:30", "until": "02:00"},
    {"days": [6], "from": "10:00", "until": "24:00"},
]
SEASONS = ((), (("11-01", "03-31"),), (("06-15", "08-31"), ("12-24", "12-31")))
WINTER = timedelta(days=60)
SINCE_EVER = date(2020, 1, 1)
WORKS = clocks.packaged().works


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def is_workday(day: date) -> bool:
    """By the holiday table itself; by the week where it says nothing."""
    return chinese_calendar.is_workday(day) if day <= LAST else day.weekday() < 5


def midnight_after(day: date) -> datetime:
    return at(day + timedelta(days=1), "00:00")


def at(day: date, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime.combine(day, time(), CITY).astimezone(UTC) + timedelta(hours=hour, minutes=minute)


@cache
def occurrences(rrule: str) -> list[datetime]:
    """Every occurrence around the three years, counted from 2001 on, a Monday that begins a year."""
    begins, first, last = (datetime.combine(day, time()) for day in (date(2001, 1, 1), FIRST - WINTER, LAST + WINTER))
    return rrulestr(rrule, dtstart=begins).between(first, last, inc=True)


def within(season: tuple[tuple[str, str], ...], day: date) -> bool:
    def edge(text: str) -> tuple[int, int]:
        return int(text[:2]), int(text[3:])

    here = (day.month, day.day)
    spans = [(edge(a), edge(b)) for a, b in season]
    return not spans or any((a <= here <= b) if a <= b else not (b < here < a) for a, b in spans)


@cache
def moved(day: date, roll: str) -> date:
    while roll != "none" and not is_workday(day):
        day += timedelta(days=1 if roll == "forward" else -1)
    return day


@cache
def last_of_period(window: str, day: date) -> date:
    def period(one: date) -> object:
        half = (one.day > 15, one.month, one.year)
        return {"week": one.isocalendar()[:2], "half_month": half, "month": half[1:],
                "quarter": ((one.month - 1) // 3, one.year), "half_year": (one.month > 6, one.year),
                "year": one.year}[window]  # fmt: skip

    while period(day + timedelta(days=1)) == period(day):
        day += timedelta(days=1)
    return day


def latest(window: str, named: date, day: date) -> date:
    """The last day of what is carried out on `day`: of the period it is named by, and never before."""
    return day if window == "day" else max(last_of_period(window, named), day)


def carried_out(rrule: str, roll: str, season: tuple[tuple[str, str], ...]) -> dict[date, list[datetime]]:
    """Day on which something is carried out → the occurrences meant by it, the nearest day's alone."""
    named: dict[date, list[datetime]] = {}
    for one in occurrences(rrule):
        if within(season, one.date()):
            named.setdefault(one.date(), []).append(one)
    found: dict[date, list[datetime]] = {}
    for day, listed in named.items():
        target = moved(day, roll)
        if target not in found or abs(day - target) < abs(found[target][0].date() - target):
            found[target] = listed
    return found


def business(day: date) -> tuple[datetime, datetime] | None:
    """From the first opening to the last closing of a business day of HOURS."""
    opens = {1: "09:00", 2: "09:00", 3: "09:00", 4: "09:00", 5: "17:30", 6: "10:00"}.get(day.isoweekday())
    return (at(day, opens), at(day, "26:00")) if opens else None


def expected(frequency: str, roll: str, season: tuple[tuple[str, str], ...]) -> set[Slot]:
    """What a frequency of the catalogue means, written down once more."""
    rrule = catalogue.frequencies()[frequency].rrule
    hourly = rrule == "FREQ=HOURLY;INTERVAL=2"
    found = set()
    for day, listed in carried_out("FREQ=DAILY" if hourly else rrule, roll, season).items():
        if not FIRST <= day <= LAST:
            continue
        name, open_from = listed[0].date().isoformat(), business(day)
        match frequency:
            case "business_2h" if open_from:
                found.add(Slot(name, day, *open_from))
            case "daily_close" if open_from:
                found.add(Slot(name, day, open_from[1], open_from[1] + timedelta(hours=1)))
            case "night_2h":
                found.add(Slot(name, day, at(day, "22:00"), at(day, "30:00")))
            case "shift":
                for one in listed:
                    begins = at(day, f"{one:%H:%M}")
                    found.add(Slot(f"{name}T{one:%H:%M}", day, begins, begins + timedelta(hours=8)))
            case "daily" | "weekly" | "half_monthly" | "monthly" | "quarterly" | "half_yearly" | "yearly":
                windows = {"daily": "day", "weekly": "week", "half_monthly": "half_month", "monthly": "month",
                           "quarterly": "quarter", "half_yearly": "half_year", "yearly": "year"}  # fmt: skip
                last = latest(windows[frequency], listed[0].date(), day)
                found.add(Slot(name, day, at(day, "00:00"), midnight_after(last)))
    return found


def planned(rule: Rule, first: date = FIRST, last: date = LAST, **more: object) -> set[Slot]:
    given = {"hours": HOURS, "is_working": WORKS, "zone": CITY, "from_on": SINCE_EVER, **more}
    return {slot for day in days(first, last) for slot in schedule.slots(rule, day=day, **given)}


@pytest.mark.parametrize("frequency", [key for key in catalogue.frequencies() if key not in ("event", "every_60_days")])
def test_slots_equal_another_evaluation_over_three_years(frequency: str) -> None:
    for roll, season in product(schedule.ROLLS, SEASONS):
        rule = replace(schedule.default_for(frequency), roll=roll, season=season)

        assert planned(rule) == expected(frequency, roll, season), (roll, season)


PARTS = {
    "DAILY": st.just(""),
    "WEEKLY": st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, unique=True)
    .map(lambda listed: ";BYDAY=" + ",".join(listed)),
    "MONTHLY": st.one_of(
        st.lists(st.sampled_from([1, 5, 15, 28, 31, -1, -3]), min_size=1, unique=True)
        .map(lambda listed: ";BYMONTHDAY=" + ",".join(map(str, listed))),
        st.sampled_from([";BYDAY=1MO", ";BYDAY=-1FR", ";BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ""]),
    ),
    "YEARLY": st.sampled_from([";BYMONTH=3;BYMONTHDAY=1", ";BYMONTH=11;BYDAY=2MO", ";BYYEARDAY=100", ""]),
}  # fmt: skip


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    freq = draw(st.sampled_from(sorted(PARTS)))
    text = f"FREQ={freq};INTERVAL={draw(st.integers(1, 5))}{draw(PARTS[freq])}"
    window = draw(st.sampled_from(["day", "week", "half_month", "month", "quarter", "half_year", "year"]))
    return Rule("daily", text, window, draw(st.sampled_from(schedule.ROLLS)), draw(st.sampled_from(SEASONS)))


@settings(max_examples=60, deadline=None)
@given(rule=rules(), first=st.dates(FIRST, date(2026, 9, 1)))
def test_any_rule_equals_dateutil_rolled_day_by_day(rule: Rule, first: date) -> None:
    last = first + timedelta(days=110)

    meant = {
        Slot(listed[0].date().isoformat(), day, at(day, "00:00"),
             midnight_after(latest(rule.window, listed[0].date(), day)))
        for day, listed in carried_out(rule.rrule, rule.roll, rule.season).items() if first <= day <= last
    }  # fmt: skip

    assert planned(rule, first, last) == meant


@settings(max_examples=25, deadline=None)
@given(
    done=st.lists(st.integers(0, 400), max_size=5, unique=True).map(sorted), every=st.integers(2, 90),
    roll=st.sampled_from(schedule.ROLLS), season=st.sampled_from(SEASONS),
)  # fmt: skip
def test_rolling_rule_counts_from_the_last_completion(
    done: list[int], every: int, roll: str, season: tuple[tuple[str, str], ...]
) -> None:
    rule = Rule("every_60_days", None, "rolling", roll, season, every_days=every)
    start = date(2025, 1, 6)

    for number in range(0, 420, 4):
        day = start + timedelta(days=number)
        last_done = max((start + timedelta(days=one) for one in done if one < number), default=None)
        found = schedule.slots(rule, day=day, hours=[], is_working=WORKS, zone=CITY, from_on=start, last_done=last_done)

        # Another way: walk on day by day, beginning anew whenever the one before has run out.
        begins = start if last_done is None else last_done + timedelta(days=1)
        running = None
        walked = begins
        while walked <= day + timedelta(days=20):
            if within(season, walked) and (running is None or walked >= running + timedelta(days=every)):
                if moved(walked, roll) > day:
                    break
                running = walked
            walked += timedelta(days=1)
        due = None if running is None else max(running + timedelta(days=every - 1), moved(running, roll))
        if running is None or due < day:
            assert found == ()
        else:
            slot = Slot(
                running.isoformat(), moved(running, roll), at(moved(running, roll), "00:00"), midnight_after(due)
            )
            assert found == (slot,)


def test_slot_keeps_its_name_when_a_notice_moves_its_day() -> None:
    rule = replace(schedule.default_for("monthly"), roll="forward")
    before = {slot.slot for slot in planned(rule, date(2026, 1, 1), date(2026, 1, 12), is_working=lambda _: True)}

    after = planned(rule, date(2026, 1, 1), date(2026, 1, 12))

    assert before == {slot.slot for slot in after} == {"2026-01-01"}
    assert [slot.day for slot in after] == [date(2026, 1, 4)]  # 1–3 January are off, Sunday the 4th is worked


def test_nothing_is_due_while_open_where_nobody_said_when_or_it_never_closes() -> None:
    always = [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "until": "24:00"}]
    opening, closing = schedule.default_for("business_2h"), schedule.default_for("daily_close")

    assert planned(opening, hours=[]) == planned(closing, hours=[]) == planned(closing, hours=always) == set()
    assert len(planned(opening, date(2026, 5, 1), date(2026, 5, 7), hours=always)) == 7
    assert planned(schedule.default_for("event")) == set()
    assert planned(opening, from_on=date(2027, 1, 1)) == set()


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("frequency", {"frequency": "sometimes"}),
        ("kind", {"kind": "walks"}),
        ("window", {"window": "fortnight"}),
        ("roll", {"roll": "away"}),
        ("rrule", {"rrule": None}),
        ("rrule", {"rrule": "FREQ=HOURLY"}),
        ("rrule", {"rrule": "FREQ=DAILY;BYHOUR=8"}),
        ("rrule", {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}),
        ("starts", {"starts": "24:00"}),
        ("minutes", {"minutes": 0}),
        ("every_days", {"every_days": 60}),
        ("gap_minutes", {"gap_minutes": 120}),
        ("window", {"gap_minutes": 120, "kind": "rounds", "window": "month"}),
        ("season", {"season": (("11-31", "03-01"),)}),
    ],
)
def test_rule_that_cannot_be_planned_by_is_refused_with_its_part(field: str, changes: dict[str, object]) -> None:
    with pytest.raises(RuleRefused) as refused:
        replace(schedule.default_for("daily"), **changes)

    assert refused.value.field == field


@pytest.mark.parametrize(
    "text",
    ["", "daily", "FREQ=DAILY;COUNT=3", "FREQ=WEEKLY;BYDAY=1MO", "FREQ=MONTHLY;BYDAY=XX", "FREQ=DAILY;INTERVAL=0",
     "FREQ=DAILY;FREQ=WEEKLY", "FREQ=DAILY;BYMINUTE=5", "FREQ=DAILY;BYHOUR=24", "FREQ=YEARLY;BYMONTH=13",
     "DTSTART:20261301\nRRULE:FREQ=DAILY", "DTSTART:20260101\nRRULE:FREQ=MONTHLY", "FREQ=DAILY;INTERVAL=²",
     "FREQ=MONTHLY;BYMONTHDAY=1," + "1," * 200],
)  # fmt: skip
def test_text_that_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(recurrence.NotARecurrence):
        recurrence.read(text)


def test_rule_may_count_from_a_day_of_its_own() -> None:
    rule = Rule("weekly", "DTSTART:20261123\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "day")

    found = sorted(slot.slot for slot in planned(rule, date(2026, 11, 1), date(2026, 12, 12)))

    assert found == ["2026-11-23", "2026-11-25", "2026-12-07", "2026-12-09"]


@pytest.mark.parametrize("frequency", [key for key in catalogue.frequencies() if key != "event"])
def test_rule_survives_its_form_and_its_json(frequency: str) -> None:
    default = schedule.default_for(frequency)
    seasonal = replace(default, roll="forward", season=(("11-01", "03-31"), ("06-01", "06-30")))
    own = [Rule(frequency, f"FREQ=WEEKLY;BYDAY=TU,FR{at}", **how) for at, how in (
        ("", {"window": "day", "starts": "08:30", "minutes": 90}),
        (";BYHOUR=8,16;BYMINUTE=30", {"window": "shift", "minutes": 45}),
        ("", {"window": "night", "starts": "21:00", "minutes": 600, "gap_minutes": 180, "kind": "rounds"}),
    )]  # fmt: skip
    monthly = Rule(frequency, "FREQ=MONTHLY;BYMONTHDAY=1,15,-1", "month", "back")
    free = Rule(frequency, "FREQ=MONTHLY;BYDAY=1MO", "half_month")
    for rule in (default, seasonal, *own, monthly, free):
        typed = {name: value for name, value in rhythm.values_of(rule).items() if value not in ("", [])}

        facts = PlanFacts(checklist="-", who="post", is_late_allowed="yes", **typed)

        assert rhythm.rule_of(frequency, facts) == rule
        assert Rule.of_json(rule.to_json()) == rule
        assert Rule.of_json(rule.to_json()).digest() == rule.digest()
        said = rhythm.say(rule)
        assert said.zh
        assert said.en
    assert len({rule.digest() for rule in (default, seasonal, *own, monthly, free)}) == 7


def test_record_says_plans_in_the_words_of_their_forms() -> None:
    for kind, words in ((rhythm.Lasting, WINDOWS), (rhythm.DaysOff, ROLLS), (Carrier, CARRIERS)):
        for one in kind:
            assert words[one.value] == one.label
    assert set(WINDOWS) >= set(schedule.WINDOWS) - {schedule.EVENT}
