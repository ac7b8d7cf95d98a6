"""How often, as people say it: what a plan's form asks becomes a rule, and a rule becomes words. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any, Protocol

from domain import catalogue
from domain.forms import LabelledChoice
from domain.language import Label, Sentence
from domain.patrols import schedule
from domain.patrols.schedule import Rule, RuleRefused

_SEASON = re.compile(
    r"(\d{1,2})[-.月/](\d{1,2})日?\s*(?:-|–|—|~|至|到|to)\s*(\d{1,2})[-.月/](\d{1,2})日?", re.IGNORECASE
)
_TIME = re.compile(r"(\d{1,2})[:：](\d{2})")
_BETWEEN = re.compile(r"[\s,，、;；]+")
_LAST = frozenset({"last", "-1", "末日", "最后一日", "最后一天", "月末"})
LAST_OF_MONTH = "-1"
MOST_DAYS_OF_MONTH = 31


class Rhythm(LabelledChoice):
    """On which days."""

    USUAL = "usual", "按检查表的频次", "As often as the checklist says"
    WEEKDAYS = "weekdays", "每周的某几天", "On certain days of the week"
    MONTH_DAYS = "month_days", "每月的某几日", "On certain days of the month"
    ROLLING = "rolling", "上次完成后若干天", "So many days after it was last done"
    OWN = "own", "自定规则（RFC 5545）", "By a rule of its own (RFC 5545)"


class Weekday(LabelledChoice):
    """A day of the week, as RFC 5545 names it."""

    MO = "MO", "周一", "Mon"
    TU = "TU", "周二", "Tue"
    WE = "WE", "周三", "Wed"
    TH = "TH", "周四", "Thu"
    FR = "FR", "周五", "Fri"
    SA = "SA", "周六", "Sat"
    SU = "SU", "周日", "Sun"


class Lasting(LabelledChoice):
    """How long it may take; the values are `schedule.WINDOWS`."""

    DAY = "day", "当日内", "Within the day"
    WEEK = "week", "当周内", "Within the week"
    HALF_MONTH = "half_month", "当半月内", "Within the half month"
    MONTH = "month", "当月内", "Within the month"
    QUARTER = "quarter", "当季度内", "Within the quarter"
    HALF_YEAR = "half_year", "当半年内", "Within the half year"
    YEAR = "year", "当年内", "Within the year"
    SHIFT = "shift", "指定时刻起", "From given clock times"
    NIGHT = "night", "夜间", "At night"
    OPENING = "opening", "营业期间", "While open"
    CLOSING = "closing", "营业结束后", "After closing"


class DaysOff(LabelledChoice):
    """What happens where the day is no working day."""

    NONE = "none", "照常", "All the same"
    FORWARD = "forward", "顺延到下一个工作日", "On the next working day"
    BACK = "back", "提前到上一个工作日", "On the working day before"


_WINDOWS = {one.value: one.label for one in Lasting}
_ROLLS = {one.value: one.label for one in DaysOff}
_WEEKDAYS = {one.value: one.label for one in Weekday}


class Asked(Protocol):
    """What a form says of the rhythm."""

    rhythm: Rhythm
    weekdays: list[Weekday]
    month_days: str | None
    every_days: int | None
    rrule: str | None
    window: str | None
    times: str | None
    minutes: int | None
    gap_minutes: int | None
    roll: DaysOff
    season: str | None


def rule_of(frequency: str, asked: Asked) -> Rule:
    """Return the rule a form means for a checklist of that frequency; raises `RuleRefused` with the form's field."""
    base = schedule.default_for(frequency)
    rolling = asked.rhythm is Rhythm.ROLLING or (asked.rhythm is Rhythm.USUAL and base.window == schedule.ROLLING)
    times, season = _times(asked.times), _season(asked.season)
    if rolling:
        return Rule(
            frequency, None, schedule.ROLLING, asked.roll.value, season, starts=_single(times),
            every_days=asked.every_days or (base.every_days if asked.rhythm is Rhythm.USUAL else None),
        )  # fmt: skip
    if asked.rhythm is Rhythm.USUAL and base.window == schedule.EVENT:
        if times or season:
            raise RuleRefused(
                "times" if times else "season", Sentence("It begins when somebody starts it; leave this empty.")
            )
        return Rule(frequency, None, schedule.EVENT, minutes=asked.minutes)
    rrule = _rrule(base, asked)
    window = asked.window or _window(base, asked.rhythm)
    if len(times) > 1 and window == schedule.DAY:
        window = schedule.SHIFT
    if window == schedule.SHIFT:
        rrule, starts = _with_times(rrule, times), None
    elif times and window in (schedule.OPENING, schedule.CLOSING):
        raise RuleRefused("times", Sentence("The opening hours say when; leave the times empty."))
    else:
        starts = _single(times) or (schedule.NIGHT_BEGINS if window == schedule.NIGHT else None)
    gap = asked.gap_minutes or (base.gap_minutes if window in (schedule.OPENING, schedule.NIGHT) else None)
    return Rule(
        frequency, rrule, window, asked.roll.value, season, starts=starts, minutes=_minutes(base, window, asked),
        gap_minutes=gap, kind=schedule.ROUNDS if gap else schedule.VISITS,
    )  # fmt: skip


def values_of(rule: Rule) -> dict[str, Any]:
    """Return what a form would say to mean that rule."""
    base = schedule.default_for(rule.frequency)
    values: dict[str, Any] = {
        "rhythm": Rhythm.OWN.value, "rrule": "", "weekdays": [], "month_days": "", "every_days": rule.every_days or "",
        "window": "" if rule.window in (schedule.ROLLING, schedule.EVENT) else rule.window, "times": rule.starts or "",
        "minutes": rule.minutes or "", "gap_minutes": rule.gap_minutes or "", "roll": rule.roll,
        "season": "; ".join(f"{first} – {last}" for first, last in rule.season),
    }  # fmt: skip
    days, times = _apart(rule.rrule or "")
    values["times"] = ", ".join(times) or values["times"]
    week = re.fullmatch(r"FREQ=WEEKLY;BYDAY=([A-Z,]+)", days)
    month = re.fullmatch(r"FREQ=MONTHLY;BYMONTHDAY=([-\d,]+)", days)
    if rule.window == schedule.ROLLING:
        values["rhythm"] = Rhythm.ROLLING.value
    elif rule.rrule == base.rrule or days == _apart(base.rrule or "")[0]:
        values["rhythm"] = Rhythm.USUAL.value
    elif week:
        values |= {"rhythm": Rhythm.WEEKDAYS.value, "weekdays": week[1].split(",")}
    elif month:
        values |= {"rhythm": Rhythm.MONTH_DAYS.value, "month_days": month[1].replace(LAST_OF_MONTH, "last")}
    else:
        values["rrule"] = days
    return values


def say(rule: Rule) -> Label:
    """Return the rule in words."""
    often = catalogue.frequencies()[rule.frequency]
    base = schedule.default_for(rule.frequency)
    days, times = _apart(rule.rrule or "")
    said = [_days(rule, base, days, Label(often.zh, often.en))]
    if rule.window not in (base.window, schedule.ROLLING):
        said.append(_WINDOWS[rule.window])
    if clocks := "、".join(times) or rule.starts or "":
        said.append(Label(f"{clocks} 起", f"from {clocks.replace('、', ', ')}"))
    if rule.minutes and rule.window in (schedule.SHIFT, schedule.DAY, schedule.EVENT):
        said.append(Label(f"{rule.minutes} 分钟内", f"within {rule.minutes} min"))
    if rule.gap_minutes and rule.gap_minutes != base.gap_minutes:
        said.append(Label(f"间隔不超过 {rule.gap_minutes} 分钟", f"at most {rule.gap_minutes} min apart"))
    if rule.roll != schedule.NONE:
        roll = _ROLLS[rule.roll]
        said.append(Label(f"遇休息日{roll.zh}", f"days off: {roll.en[0].lower()}{roll.en[1:]}"))
    said += [Label(f"每年 {first} 至 {last}", f"from {first} to {last}") for first, last in rule.season]
    return Label("，".join(one.zh for one in said), ", ".join(one.en for one in said))


def _days(rule: Rule, base: Rule, days: str, usual: Label) -> Label:
    if rule.window == schedule.ROLLING:
        return Label(f"上次完成后每 {rule.every_days} 日", f"every {rule.every_days} days from the last completion")
    if days == _apart(base.rrule or "")[0]:
        return usual
    if week := re.fullmatch(r"FREQ=WEEKLY;BYDAY=([A-Z,]+)", days):
        named = [_WEEKDAYS[day] for day in week[1].split(",")]
        return Label("每" + "、".join(day.zh for day in named), "every " + ", ".join(day.en for day in named))
    if month := re.fullmatch(r"FREQ=MONTHLY;BYMONTHDAY=([-\d,]+)", days):
        numbers = month[1].split(",")
        zh = "、".join("最后一日" if number == LAST_OF_MONTH else f"{number} 日" for number in numbers)
        en = ", ".join("last" if number == LAST_OF_MONTH else number for number in numbers)
        return Label(f"每月 {zh}", f"day {en} of every month")
    if days == "FREQ=DAILY":
        return Label("每日", "daily")
    return Label(f"按规则 {days}", f"by {days}")


def _rrule(base: Rule, asked: Asked) -> str:
    match asked.rhythm:
        case Rhythm.WEEKDAYS:
            if not asked.weekdays:
                raise RuleRefused("weekdays", Sentence("Choose at least one day of the week."))
            return f"FREQ=WEEKLY;BYDAY={','.join(day.value for day in Weekday if day in asked.weekdays)}"
        case Rhythm.MONTH_DAYS:
            return f"FREQ=MONTHLY;BYMONTHDAY={','.join(map(str, _month_days(asked.month_days)))}"
        case Rhythm.OWN:
            return (asked.rrule or "").strip()
    return base.rrule or ""


def _window(base: Rule, rhythm: Rhythm) -> str:
    """Return how long it takes where nobody said: on days of one's own choice, that day."""
    kept = (schedule.OPENING, schedule.CLOSING, schedule.NIGHT, schedule.SHIFT)
    return base.window if rhythm is Rhythm.USUAL or base.window in kept else schedule.DAY


def _minutes(base: Rule, window: str, asked: Asked) -> int | None:
    usual = {schedule.NIGHT: schedule.NIGHT_MINUTES, schedule.CLOSING: schedule.AFTER_CLOSING}
    if window in schedule.PERIODS or window == schedule.OPENING:
        return None
    return asked.minutes or (base.minutes if window == base.window else usual.get(window))


def _with_times(rrule: str, times: Sequence[time]) -> str:
    """Return the rule at these clock times; at its own where none are given."""
    if not times:
        return rrule
    hours, minutes = sorted({one.hour for one in times}), sorted({one.minute for one in times})
    if len(hours) * len(minutes) != len(set(times)):
        raise RuleRefused("times", Sentence("Several times a day have the same minutes, such as 08:00, 16:00."))
    days, _ = _apart(rrule)
    at = f";BYHOUR={','.join(map(str, hours))}"
    return days + at + (f";BYMINUTE={','.join(map(str, minutes))}" if minutes != [0] else "")


def _apart(rrule: str) -> tuple[str, list[str]]:
    """Return a rule without its clock times, and those."""
    parts = dict(part.split("=", 1) for part in rrule.split(";") if "=" in part)
    hours, minutes = parts.pop("BYHOUR", ""), parts.pop("BYMINUTE", "0")
    times = [f"{int(hour):02}:{int(minute):02}" for hour in hours.split(",") if hour for minute in minutes.split(",")]
    return ";".join(f"{name}={value}" for name, value in parts.items()), times


def _times(typed: str | None) -> tuple[time, ...]:
    found = []
    for part in filter(None, _BETWEEN.split(typed or "")):
        read = _TIME.fullmatch(part)
        if read is None or int(read[1]) > 23 or int(read[2]) > 59:  # noqa: PLR2004 - of a clock
            raise RuleRefused("times", Sentence("Write times from 00:00 to 23:59, such as 08:00, 16:00."))
        found.append(time(int(read[1]), int(read[2])))
    return tuple(found)


def _single(times: Sequence[time]) -> str | None:
    if len(times) > 1:
        raise RuleRefused("times", Sentence("Only one time fits here."))
    return f"{times[0]:%H:%M}" if times else None


def _month_days(typed: str | None) -> list[int]:
    found = set()
    for part in filter(None, _BETWEEN.split((typed or "").replace("最后一 ", "最后一"))):
        number = LAST_OF_MONTH if part.lower() in _LAST else part.removesuffix("日").removesuffix("号")
        if not re.fullmatch(r"-1|\d{1,2}", number) or not (
            number == LAST_OF_MONTH or 1 <= int(number) <= MOST_DAYS_OF_MONTH
        ):
            raise RuleRefused("month_days", _MONTH_DAYS)
        found.add(int(number))
    if not found:
        raise RuleRefused("month_days", _MONTH_DAYS)
    return sorted(found, key=lambda day: (day < 0, day))


_MONTH_DAYS = Sentence("Write days of the month, such as 1, 15, last.")


def _season(typed: str | None) -> tuple[tuple[str, str], ...]:
    rest = (typed or "").strip()
    found = tuple(
        (f"{int(span[1]):02}-{int(span[2]):02}", f"{int(span[3]):02}-{int(span[4]):02}")
        for span in _SEASON.finditer(rest)
    )
    if _BETWEEN.sub("", _SEASON.sub("", rest)):
        raise RuleRefused("season", Sentence("Write days of the year such as 11-01 to 03-31."))
    return found


FIELDS: Mapping[str, str] = {"starts": "times", "frequency": "checklist", "kind": "rhythm"}
"""Part of a rule → the field of a form that says it, where the names differ."""
