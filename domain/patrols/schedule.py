"""When a patrol is to be carried out: recurrence, days off, opening hours, nights, seasons. Pure; plans nothing.

A rule is asked for one day at a time and answers with the slots of that day. A slot keeps the name of the day it would
have without days off: a notice that comes late moves it and does not plan it twice.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from domain import catalogue
from domain.language import Sentence
from domain.opening_hours import Hours
from domain.patrols import recurrence, rounds
from domain.patrols.recurrence import NotARecurrence
from domain.patrols.rounds import Span

VISITS, ROUNDS = "visits", "rounds"
OPENING, CLOSING, NIGHT, SHIFT, ROLLING, EVENT = "opening", "closing", "night", "shift", "rolling", "event"
DAY, WEEK, HALF_MONTH, MONTH, QUARTER, HALF_YEAR, YEAR = (
    "day", "week", "half_month", "month", "quarter", "half_year", "year",
)  # fmt: skip
PERIODS = (WEEK, HALF_MONTH, MONTH, QUARTER, HALF_YEAR, YEAR)
WINDOWS = (DAY, *PERIODS, SHIFT, NIGHT, OPENING, CLOSING, ROLLING, EVENT)
NONE, FORWARD, BACK = "none", "forward", "back"
ROLLS = (NONE, FORWARD, BACK)
LONGEST_BREAK = 60
"""Days; no break between two working days is longer (a search that goes on has no calendar)."""
LONGEST_ROLLING = 3660
DAY_MINUTES = 24 * 60
AFTER_CLOSING = 60
"""Minutes in which the check at closing is done where the plan names no others."""
NIGHT_BEGINS, NIGHT_MINUTES = "22:00", 480
"""22:00 to 06:00: our convention, GB/T 40248-2021 7.3.5 names no hours."""
_WINDOWS = {
    "shift": SHIFT, "daily": DAY, "daily_close": CLOSING, "weekly": WEEK, "half_monthly": HALF_MONTH, "monthly": MONTH,
    "quarterly": QUARTER, "half_yearly": HALF_YEAR, "yearly": YEAR, "event": EVENT,
}  # fmt: skip
_MINUTES = {"shift": 480, "daily_close": AFTER_CLOSING}
_HOURLY = re.compile(r"FREQ=HOURLY;INTERVAL=(\d+)")
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")

IsWorking = Callable[[date], bool]


class RuleRefused(ValueError):
    """The rule cannot be planned by; `field` is the part of it that does not fit, `reason` says why."""

    def __init__(self, field: str, reason: Sentence) -> None:
        super().__init__(str(reason))
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Rule:
    """When a patrol is due. One that exists can be evaluated: making it raises `RuleRefused`."""

    frequency: str
    """Key of `catalogue.frequencies()`; what the checklist is for."""
    rrule: str | None
    """RFC 5545 (`recurrence`); None: from completion, or on an event."""
    window: str
    """One of `WINDOWS`: how long it may take."""
    roll: str = NONE
    """Where a day of the rule is no working day: nothing, the next working day (forward) or the one before (back)."""
    season: tuple[tuple[str, str], ...] = ()
    """Spans of the year ("MM-DD", "MM-DD"), both inclusive, may go over New Year; empty: all year."""
    starts: str | None = None
    """"HH:MM" of the city's clock; None: midnight, or as the window says."""
    minutes: int | None = None
    """How long it may take from its beginning; None: as the window says."""
    every_days: int | None = None
    """Rolling: so many days from the last completion."""
    gap_minutes: int | None = None
    """Rounds: the longest time nobody comes."""
    kind: str = VISITS

    def __post_init__(self) -> None:
        """Refuse what could not be evaluated."""
        _check(self)

    def to_json(self) -> dict[str, Any]:
        """Return the rule as it is stored; what says nothing is left out."""
        stored = {each.name: getattr(self, each.name) for each in fields(self)}
        stored["season"] = [list(span) for span in self.season]
        return {name: value for name, value in stored.items() if value not in (None, [])}

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> Rule:
        """Return the rule that was stored."""
        season = tuple((first, last) for first, last in stored.get("season", ()))
        return cls(**{"rrule": None, **stored, "season": season})

    def digest(self) -> str:
        """Return what rules that are alike have in common (SHA-256 in hex)."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Slot:
    """One time a plan is to be carried out."""

    slot: str
    """Its name within the series: the day of the rule, with the clock time where a day has several."""
    day: date
    """The city's day it counts for; a check at closing counts for the day that closes, also after midnight."""
    starts_at: datetime
    due_at: datetime


def default_for(frequency: str) -> Rule:
    """Return the rule a frequency of the catalogue stands for; KeyError for one there is none of."""
    rrule = catalogue.frequencies()[frequency].rrule
    gap = _HOURLY.fullmatch(rrule or "")
    if gap is not None:
        longest = int(gap[1]) * 60
        if frequency == "night_2h":
            return Rule(
                frequency,
                "FREQ=DAILY",
                NIGHT,
                starts=NIGHT_BEGINS,
                minutes=NIGHT_MINUTES,
                gap_minutes=longest,
                kind=ROUNDS,
            )
        return Rule(frequency, "FREQ=DAILY", OPENING, gap_minutes=longest, kind=ROUNDS)
    if frequency == "every_60_days":
        return Rule(frequency, None, ROLLING, every_days=60)
    return Rule(frequency, rrule, _WINDOWS[frequency], minutes=_MINUTES.get(frequency))


def slots(
    rule: Rule,
    *,
    day: date,
    hours: Hours,
    is_working: IsWorking,
    zone: tzinfo,
    from_on: date,
    last_done: date | None = None,
) -> tuple[Slot, ...]:
    """Return the slots of a city day under a plan that holds from `from_on`, in order.

    A slot belongs to the day it begins on; a check at closing to the day that closes. A rolling rule answers on every
    day with the one slot that runs then (begun on `slot.day`): what was done on `last_done` may become known late. It
    is planned only while no task of its series is open. `hours` as the venue has them; without any nothing is due
    while open or at closing.
    """
    if day < from_on or rule.window == EVENT:
        return ()
    if rule.window == ROLLING:
        return _running(rule, day, is_working, zone, last_done + timedelta(days=1) if last_done else from_on)
    named = _falling_on(rule, day, is_working)
    if named is None:
        return ()
    if rule.window in (OPENING, CLOSING):
        return _by_hours(rule, named, day, rounds.open_spans(hours, day, zone))
    return tuple(_by_clock(rule, named, day, zone))


def spans(rule: Rule, *, day: date, hours: Hours, zone: tzinfo) -> tuple[Span, ...]:
    """Return the stretches in which rounds of that day are walked; for `rounds.gaps`."""
    if rule.window == OPENING:
        return rounds.open_spans(hours, day, zone)
    begins = rounds.at_clock(day, rule.starts or "00:00", zone)
    return ((begins, _after(begins, rule, day, zone)),)


def _falling_on(rule: Rule, day: date, is_working: IsWorking) -> date | None:
    """Return the day of the rule that is carried out on `day`: the nearest of several that roll there."""
    for named in _rolling_to(day, rule.roll, is_working):
        if in_season(rule, named) and rule.rrule and recurrence.falls_on(rule.rrule, named):
            return named
    return None


def _rolling_to(day: date, roll: str, is_working: IsWorking) -> Iterator[date]:
    """Yield the days that are carried out on `day`, the nearest first."""
    if roll == NONE:
        yield day
        return
    if not is_working(day):
        return
    yield day
    step = timedelta(days=-1 if roll == FORWARD else 1)
    for _ in range(LONGEST_BREAK):
        day += step
        if is_working(day):
            return
        yield day


def _rolled(day: date, roll: str, is_working: IsWorking) -> date:
    if roll == NONE:
        return day
    step = timedelta(days=1 if roll == FORWARD else -1)
    for _ in range(LONGEST_BREAK):
        if is_working(day):
            return day
        day += step
    raise OverflowError(day)


def in_season(rule: Rule, day: date) -> bool:
    """Return whether the rule holds at that time of the year."""
    here = f"{day:%m-%d}"
    return not rule.season or any(
        first <= here <= last if first <= last else here >= first or here <= last for first, last in rule.season
    )


def _running(rule: Rule, day: date, is_working: IsWorking, zone: tzinfo, begins: date) -> tuple[Slot, ...]:
    """Return the slot of a rolling rule that runs on `day`: each begins where the one before was due."""
    length = timedelta(days=rule.every_days or 1)
    current = None
    named = _next_in_season(rule, begins)
    while (begun := _rolled(named, rule.roll, is_working)) <= day:
        current = (named, begun)
        named = _next_in_season(rule, named + length)
    if current is None:
        return ()
    named, begun = current
    last = max(named + length - timedelta(days=1), begun)
    if last < day:
        return ()
    starts_at = rounds.at_clock(begun, rule.starts or "00:00", zone)
    return (Slot(named.isoformat(), begun, starts_at, rounds.at_clock(last, "24:00", zone)),)


def _next_in_season(rule: Rule, day: date) -> date:
    while not in_season(rule, day):
        day += timedelta(days=1)
    return day


def _by_hours(rule: Rule, named: date, day: date, spans: tuple[Span, ...]) -> tuple[Slot, ...]:
    if not spans:
        return ()
    opens, closes = spans[0][0], spans[-1][1]
    if rule.window == OPENING:
        return (Slot(named.isoformat(), day, opens, closes),)
    if closes - opens >= timedelta(days=1):
        return ()  # open around the clock: it never closes
    return (Slot(named.isoformat(), day, closes, closes + timedelta(minutes=rule.minutes or AFTER_CLOSING)),)


def _by_clock(rule: Rule, named: date, day: date, zone: tzinfo) -> Iterator[Slot]:
    times = recurrence.times_of(rule.rrule or "") if rule.window == SHIFT else ()
    for begins in times or (time.fromisoformat(rule.starts or "00:00"),):
        starts_at = datetime.combine(day, begins, zone).astimezone(UTC)
        name = f"{named.isoformat()}T{begins:%H:%M}" if rule.window == SHIFT else named.isoformat()
        last = max(period_end(rule.window, named), day) if rule.window in PERIODS else day
        yield Slot(name, day, starts_at, _after(starts_at, rule, last, zone))


def _after(begins: datetime, rule: Rule, last: date, zone: tzinfo) -> datetime:
    """Return when what begins then is due: so many minutes later, or with the end of its last day."""
    if rule.minutes is not None:
        return begins + timedelta(minutes=rule.minutes)
    return rounds.at_clock(last, "24:00", zone)


def period_end(window: str, day: date) -> date:
    """Return the last day of the calendar's week, half month … year that `day` is in."""
    match window:
        case "week":
            return day + timedelta(days=6 - day.weekday())
        case "half_month" if day.day <= 15:  # noqa: PLR2004 - 1–15, 16–end (GB 50444-2008 5.2.2)
            return day.replace(day=15)
    months = {"half_month": 1, "month": 1, "quarter": 3, "half_year": 6, "year": 12}[window]
    index = (day.month - 1) // months * months + months
    return date(day.year + index // 12, index % 12 + 1, 1) - timedelta(days=1)


def _check(rule: Rule) -> None:  # noqa: C901, PLR0912 - one rule per part
    if rule.frequency not in catalogue.frequencies():
        raise RuleRefused("frequency", Sentence("Choose one of the frequencies."))
    if rule.kind not in (VISITS, ROUNDS):
        raise RuleRefused("kind", Sentence("Choose visits or rounds."))
    if rule.window not in WINDOWS:
        raise RuleRefused("window", Sentence("Choose how long it may take."))
    if rule.roll not in ROLLS:
        raise RuleRefused("roll", Sentence("Choose what happens on days off."))
    if (rule.rrule is None) != (rule.window in (ROLLING, EVENT)):
        raise RuleRefused("rrule", Sentence("Say on which days it is due."))
    if rule.rrule is not None:
        try:
            times = recurrence.read(rule.rrule).times
        except NotARecurrence as error:
            raise RuleRefused("rrule", error.reason) from error
        if times and rule.window != SHIFT:
            raise RuleRefused("rrule", Sentence("Clock times go with shifts only."))
    for clock in filter(None, [rule.starts]):
        if not _CLOCK.fullmatch(clock):
            raise RuleRefused("starts", Sentence("Write a time from 00:00 to 23:59."))
    if rule.minutes is not None and not 1 <= rule.minutes <= 366 * DAY_MINUTES:
        raise RuleRefused("minutes", Sentence("Write how many minutes it may take."))
    if rule.minutes is None and rule.window in (SHIFT, NIGHT):
        raise RuleRefused("minutes", Sentence("Write how many minutes it may take."))
    if (rule.every_days is not None) != (rule.window == ROLLING) or not 1 <= (rule.every_days or 1) <= LONGEST_ROLLING:
        raise RuleRefused("every_days", Sentence("Write after how many days it is due again."))
    if (rule.gap_minutes is not None) != (rule.kind == ROUNDS) or not 1 <= (rule.gap_minutes or 1) <= DAY_MINUTES:
        raise RuleRefused("gap_minutes", Sentence("Rounds need the longest time in minutes that nobody comes."))
    if rule.kind == ROUNDS and rule.window not in (OPENING, NIGHT, DAY):
        raise RuleRefused("window", Sentence("Rounds are walked while open, at night or all day."))
    for span in rule.season:
        if not all(_is_day(edge) for edge in span):
            raise RuleRefused("season", Sentence("Write days of the year such as 11-01 to 03-31."))


def _is_day(edge: str) -> bool:
    try:
        return date.fromisoformat(f"2024-{edge}").isoformat()[5:] == edge
    except ValueError:
        return False
