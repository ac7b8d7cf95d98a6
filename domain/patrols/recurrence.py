"""On which days a recurrence rule (RFC 5545) falls, asked for one day at a time. Knows no holidays and no hours.

Rules count from one day for all, a Monday that began a month, a quarter and a year, so that plans alike fall alike:
"every third month" is January, April, July, October. A rule may name its own first day (`DTSTART`) instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import product

from dateutil.rrule import rrulestr

from domain.language import Sentence

COUNTED_FROM = date(2001, 1, 1)
LONGEST = 200
MOST_TIMES = 24
"""Clock times a rule may name for one day."""
LARGEST_INTERVAL = 999

YEARS_TRIED = 12
"""A rule that falls on no day in so many years is a mistake."""
_NO_RULE = Sentence("This is no recurrence rule (RFC 5545), such as FREQ=WEEKLY;BYDAY=MO.")
_EVERYWHERE = frozenset({"FREQ", "INTERVAL", "WKST", "BYHOUR", "BYMINUTE"})
# Only what always falls on some day: dateutil looks for a day that never comes until the year 9999.
_PARTS = {
    "DAILY": _EVERYWHERE,
    "WEEKLY": _EVERYWHERE | {"BYDAY"},
    "MONTHLY": _EVERYWHERE | {"BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"},
    "YEARLY": _EVERYWHERE | {"BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "BYYEARDAY"},
}
_TIMED = {"BYHOUR": range(24), "BYMINUTE": range(60)}
_DTSTART = re.compile(r"DTSTART:(\d{4})(\d{2})(\d{2})(?:T000000)?\s+", re.IGNORECASE)
_PART = re.compile(r"[A-Z]+=[-+A-Z0-9,]+")
_DAY_NAME = re.compile(r"(?:MO|TU|WE|TH|FR|SA|SU)")


class NotARecurrence(ValueError):
    """What was given is no rule that could be planned by; `reason` tells the user so."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule as it is evaluated: its days apart from its clock times."""

    frequency: str
    interval: int
    parts: str
    """The rule without times and without its first day."""
    first: date | None
    """Nothing falls before; None: counted from `COUNTED_FROM`, and no beginning."""
    times: tuple[time, ...]
    """Clock times of each of its days; empty: the day as a whole."""


@lru_cache(maxsize=1024)
def read(text: str) -> Recurrence:
    """Return the rule that was written; raises `NotARecurrence`."""
    first, body = _first_day(text.strip())
    listed = [part for part in body.upper().removeprefix("RRULE:").split(";") if part]
    if len(text) > LONGEST or not listed or not all(_PART.fullmatch(part) for part in listed):
        raise NotARecurrence(_NO_RULE)
    parts = dict(part.split("=", 1) for part in listed)
    if len(parts) != len(listed):
        raise NotARecurrence(Sentence("The recurrence rule says something twice."))
    frequency = parts.get("FREQ", "")
    if frequency not in _PARTS:
        raise NotARecurrence(Sentence("A recurrence rule is daily, weekly, monthly or yearly."))
    for name in parts:
        if name not in _PARTS[frequency]:
            reason = Sentence("“%(part)s” cannot be part of this recurrence rule.", part=name)
            raise NotARecurrence(reason)
    _check_days(parts, first)
    untimed = ";".join(f"{name}={value}" for name, value in parts.items() if name not in _TIMED)
    rule = Recurrence(frequency, _interval(parts), untimed, first, _times(parts))
    try:
        days = _expanded(rule, (first or COUNTED_FROM).year, years=YEARS_TRIED)
    except (ValueError, TypeError, IndexError, KeyError) as error:
        raise NotARecurrence(_NO_RULE) from error
    if not days:
        raise NotARecurrence(Sentence("The recurrence rule falls on no day in %(years)s years.", years=YEARS_TRIED))
    return rule


def _check_days(parts: Mapping[str, str], first: date | None) -> None:
    if first and parts["FREQ"] not in {"DAILY", "WEEKLY"}:
        raise NotARecurrence(Sentence("Only a daily or weekly rule counts from a day of its own."))
    days = parts.get("BYDAY", "MO").split(",")
    if parts["FREQ"] == "WEEKLY" and not all(_DAY_NAME.fullmatch(day) for day in days):
        raise NotARecurrence(Sentence("Days of a weekly rule are MO, TU, WE, TH, FR, SA, SU."))


def _interval(parts: Mapping[str, str]) -> int:
    interval = parts.get("INTERVAL", "1")
    if not interval.isdigit() or not 1 <= int(interval) <= LARGEST_INTERVAL:
        raise NotARecurrence(Sentence("An interval is a number from 1 to %(most)s.", most=LARGEST_INTERVAL))
    return int(interval)


def falls_on(text: str, day: date) -> bool:
    """Return whether the rule has an occurrence on `day`."""
    return day in _days(text, day.year)


def times_of(text: str) -> tuple[time, ...]:
    """Return the clock times each of its days has; empty: the day as a whole."""
    return read(text).times


@lru_cache(maxsize=4096)
def _days(text: str, year: int) -> frozenset[date]:
    return _expanded(read(text), year)


def _expanded(rule: Recurrence, year: int, *, years: int = 1) -> frozenset[date]:
    """Return its days from that year on, begun shortly before so that no rule counts through decades."""
    begins = datetime.combine(_anchor(rule, year), time())
    through = datetime(year + years - 1, 12, 31)  # noqa: DTZ001 - days of no zone
    found = rrulestr(f"{rule.parts};UNTIL={through:%Y%m%d}", dtstart=begins)
    earliest = max(rule.first or date.min, date(year, 1, 1))
    return frozenset(each.date() for each in found if each.date() >= earliest)


def _anchor(rule: Recurrence, year: int) -> date:
    """Return a day the rule may count from instead of its own first one: whole intervals later, not after the year."""
    origin = rule.first or COUNTED_FROM
    match rule.frequency:
        case "DAILY" | "WEEKLY":
            step = rule.interval * (7 if rule.frequency == "WEEKLY" else 1)
            ahead = (date(year, 1, 1) - origin).days // step * step
            return origin + timedelta(days=ahead if rule.first is None else max(0, ahead))
        case "MONTHLY":
            ahead = (year - origin.year) * 12 // rule.interval * rule.interval
            return date(origin.year + ahead // 12, ahead % 12 + 1, 1)
        case _:
            return date(origin.year + (year - origin.year) // rule.interval * rule.interval, 1, 1)


def _first_day(text: str) -> tuple[date | None, str]:
    found = _DTSTART.match(text)
    if found is None:
        return None, text
    try:
        return date(int(found[1]), int(found[2]), int(found[3])), text[found.end() :]
    except ValueError as error:
        raise NotARecurrence(Sentence("The first day of the recurrence rule is no day.")) from error


def _times(parts: dict[str, str]) -> tuple[time, ...]:
    if "BYMINUTE" in parts and "BYHOUR" not in parts:
        raise NotARecurrence(Sentence("A rule that names minutes names hours too."))
    numbers = {name: sorted(set(_numbers(parts[name], _TIMED[name]))) for name in _TIMED if name in parts}
    hours, minutes = numbers.get("BYHOUR", []), numbers.get("BYMINUTE", [0])
    times = tuple(time(hour, minute) for hour, minute in product(hours, minutes))
    if len(times) > MOST_TIMES:
        raise NotARecurrence(Sentence("A day has at most %(most)s times.", most=MOST_TIMES))
    return times


def _numbers(text: str, allowed: range) -> list[int]:
    listed = text.split(",")
    if not all(number.isdigit() and int(number) in allowed for number in listed):
        raise NotARecurrence(Sentence("Hours are 0 to 23, minutes 0 to 59."))
    return [int(number) for number in listed]
