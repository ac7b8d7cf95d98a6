"""Rounds while a venue is open: when that is, and between which moments nobody came. Pure.

"At least every two hours" is a longest gap and no grid: from opening to the first round, from each to the next, from
the last to closing (GB/T 40248-2021 7.3.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Any

from domain.opening_hours import Hours

Span = tuple[datetime, datetime]
"""From when until when (aware, UTC)."""


def open_spans(hours: Hours, day: date, zone: tzinfo) -> tuple[Span, ...]:
    """Return when a venue is open on a business day: what opens on it, also when it closes after midnight.

    In order, none touching another. Empty: closed all day, or nobody said when it is open.
    """
    found = sorted(
        (at_clock(day, span["from"], zone), at_clock(_closing_day(span, day), span["until"], zone))
        for span in hours
        if day.isoweekday() in span["days"]
    )
    merged: list[Span] = []
    for begins, ends in found:
        if merged and begins <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ends))
        else:
            merged.append((begins, ends))
    return tuple(merged)


def gaps(spans: Iterable[Span], moments: Iterable[datetime], *, limit: timedelta) -> tuple[Span, ...]:
    """Return the stretches longer than `limit` in which nobody came while it was open, in order.

    Moments outside the spans do not count: whoever came before opening has not been there since.
    """
    came = sorted(moments)
    found: list[Span] = []
    for begins, ends in spans:
        edges = [begins, *(moment for moment in came if begins <= moment <= ends), ends]
        found += [(one, next_one) for one, next_one in pairwise(edges) if next_one - one > limit]
    return tuple(found)


def at_clock(day: date, clock: str, zone: tzinfo) -> datetime:
    """Return the moment (UTC) at which the city's clock shows "HH:MM" on `day`; "24:00" is its end."""
    hour, minute = (int(part) for part in clock.split(":"))
    whole, hour = divmod(hour, 24)
    return datetime.combine(day + timedelta(days=whole), time(hour, minute), zone).astimezone(UTC)


def _closing_day(span: Mapping[str, Any], day: date) -> date:
    return day if span["from"] < span["until"] else day + timedelta(days=1)
