"""When a venue is open, week by week: read from people's words, written in words, asked at a moment. No holidays.

Stored as a list of `{"days": [1, … 7], "from": "09:00", "until": "22:00"}`, Monday is 1. `until` at or before `from` is
on the next day; "24:00" is the end of the day. An empty list: nobody said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.identifiers import NotAnIdentifier
from domain.language import CHINESE, Sentence

Hours = Sequence[Mapping[str, Any]]

LONGEST = 300
MOST_SPANS = 20
DAY_MINUTES = 24 * 60
ALL_WEEK = list(range(1, 8))
DAY, NIGHT = "00:00", "24:00"

_NAMES = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7,
          **{name: number for number, name in enumerate("一二三四五六日", start=1)}, "天": 7}  # fmt: skip
_ENGLISH = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_CHINESE = "一二三四五六日"
_NAME = r"(?:周|星期|礼拜)?\s*(?:[一二三四五六日天]|mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?"
_TO = r"\s*(?:-|至|到|to|until)\s*"
_RANGE = re.compile(rf"({_NAME})(?:{_TO}({_NAME}))?", re.IGNORECASE)
_EVERY_DAY = re.compile(r"每天|每日|天天|daily|every day", re.IGNORECASE)
_WORKDAYS = re.compile(r"工作日|weekdays|working days", re.IGNORECASE)
_WEEKEND = re.compile(r"周末|weekends?", re.IGNORECASE)
_ALWAYS = re.compile(r"全天|24\s*(?:小时|h|hours?)(?:营业)?|24/7", re.IGNORECASE)
_TIME = r"(?:次日|凌晨|next day)?\s*(\d{1,2})(?:\s*[:.点时h]\s*(\d{2})?分?)?"
_SPAN = re.compile(rf"{_TIME}{_TO}{_TIME}", re.IGNORECASE)
_PARTS = re.compile(r"[;\n]+")
_FILLING = re.compile(r"[\s,、及和与&:]+|营业|开放|open|and|next day", re.IGNORECASE)


class NotOpeningHours(NotAnIdentifier):
    """What was typed says no opening hours."""


_HOW = Sentence("Write days and times, such as “Mon–Fri 09:00–22:00; Sat, Sun 10:00–02:00”, or “daily, 24 h”.")


def read_hours(text: str) -> list[dict[str, Any]]:
    """Return the opening hours that were meant, or raise NotOpeningHours; an empty text is empty."""
    plain = unicodedata.normalize("NFKC", text).replace("–", "-").replace("—", "-").replace("~", "-").replace("−", "-")
    if not plain.strip():
        return []
    if len(text) > LONGEST:
        raise NotOpeningHours(_HOW)
    read = [span for part in _PARTS.split(plain) if part.strip() for span in _read_part(part)]
    if not read or len(read) > MOST_SPANS:
        raise NotOpeningHours(_HOW)
    return sorted(read, key=lambda span: (span["days"], span["from"]))


def checked_hours(hours: Hours) -> list[dict[str, Any]]:
    """Return hours that came as data (an import, the API) in the form they are stored, or raise NotOpeningHours."""
    found = []
    for span in hours[: MOST_SPANS + 1]:
        days, start, end = span.get("days"), span.get("from"), span.get("until")
        if not isinstance(days, list) or not days or not all(day in ALL_WEEK for day in days):
            raise NotOpeningHours(_HOW)
        found.append({"days": sorted(set(days)), "from": _checked_time(start), "until": _checked_time(end)})
    if len(found) > MOST_SPANS:
        raise NotOpeningHours(_HOW)
    return found


def say_hours(hours: Hours, locale: str) -> str:
    """Return the hours as people write them; "" when nobody said."""
    between, gap = ("；", " ") if locale == CHINESE else ("; ", " ")
    return between.join(f"{_say_days(span['days'], locale)}{gap}{_say_span(span, locale)}" for span in hours)


def is_open_at(hours: Hours, local: datetime) -> bool | None:
    """Return whether somebody is open at that moment of the city's clock; None when nobody said."""
    if not hours:
        return None
    now, today = local.hour * 60 + local.minute, local.isoweekday()
    yesterday = 7 if today == 1 else today - 1
    for span in hours:
        start, end = _minutes(span["from"]), _minutes(span["until"])
        past_midnight = end <= start
        if today in span["days"] and start <= now and (past_midnight or now < end):
            return True
        if past_midnight and yesterday in span["days"] and now < end:
            return True
    return False


def _read_part(part: str) -> list[dict[str, Any]]:
    always = _ALWAYS.search(part)
    if always:
        spans = [(DAY, NIGHT)]
        rest = _ALWAYS.sub(" ", part)
    else:
        spans = [_span(*found.groups()) for found in _SPAN.finditer(part)]
        rest = _SPAN.sub(" ", part)
    days, rest = _read_days(rest)
    if not spans or _FILLING.sub("", rest):
        raise NotOpeningHours(_HOW)
    return [{"days": days or ALL_WEEK, "from": start, "until": end} for start, end in spans]


def _read_days(text: str) -> tuple[list[int], str]:
    days: set[int] = set()
    for pattern, meant in ((_EVERY_DAY, ALL_WEEK), (_WORKDAYS, ALL_WEEK[:5]), (_WEEKEND, ALL_WEEK[5:])):
        if pattern.search(text):
            days.update(meant)
            text = pattern.sub(" ", text)
    for found in _RANGE.finditer(text):
        first, last = _day(found[1]), _day(found[2] or found[1])
        days.update(range(first, last + 1) if first <= last else [*range(first, 8), *range(1, last + 1)])
    return sorted(days), _RANGE.sub(" ", text)


def _day(name: str) -> int:
    short = re.sub(r"^(?:周|星期|礼拜)\s*", "", name.strip().lower())
    return _NAMES[short[:1] if short[0] not in "mtwfs" else short[:3]]


def _span(hour: str, minute: str | None, end_hour: str, end_minute: str | None) -> tuple[str, str]:
    start = _time(int(hour), int(minute or 0))
    end = _time(int(end_hour), int(end_minute or 0))
    if start == NIGHT:
        start = DAY
    if end in (start, DAY):
        end = NIGHT if DAY in (start, end) else end
    return start, end


def _time(hour: int, minute: int) -> str:
    if hour * 60 + minute > DAY_MINUTES or minute > 59:  # noqa: PLR2004 - minutes of an hour
        raise NotOpeningHours(Sentence("%(time)s is no time of the day.", time=f"{hour}:{minute:02}"))
    return f"{hour:02}:{minute:02}"


def _checked_time(text: object) -> str:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", text) if isinstance(text, str) else None
    if found is None:
        raise NotOpeningHours(_HOW)
    return _time(int(found[1]), int(found[2]))


def _minutes(time: str) -> int:
    hour, minute = time.split(":")
    return int(hour) * 60 + int(minute)


def _say_days(days: Iterable[int], locale: str) -> str:
    listed = sorted(days)
    if listed == ALL_WEEK:
        return "每天" if locale == CHINESE else "Daily"
    runs: list[list[int]] = []
    for day in listed:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    names = [f"周{name}" for name in _CHINESE] if locale == CHINESE else list(_ENGLISH)
    dash, comma = ("至", "、") if locale == CHINESE else ("–", ", ")
    said = [
        f"{names[run[0] - 1]}{dash}{names[run[-1] - 1]}" if len(run) > 2 else comma.join(names[day - 1] for day in run)  # noqa: PLR2004
        for run in runs
    ]
    return comma.join(said)


def _say_span(span: Mapping[str, Any], locale: str) -> str:
    start, end = span["from"], span["until"]
    if (start, end) == (DAY, NIGHT):
        return "24 小时" if locale == CHINESE else "24 h"
    if _minutes(end) > _minutes(start):
        return f"{start}–{end}"
    return f"{start}–次日 {end}" if locale == CHINESE else f"{start}–{end} next day"
