"""Deadlines as people read them: how much is left or how much too late, in words, with a tone beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from domain.articles import Basis
from domain.language import Label, Sentence

SOON_WITHIN = timedelta(hours=6)
"""A quarter of the 24 hours to verify, where no clock has warned yet (our choice; clocks warn at 75 %)."""

HOUR, DAY = 60, 24 * 60
"""In minutes."""

Tone = Literal["late", "soon", "fine"]


@dataclass(frozen=True, slots=True)
class Deadline:
    """One deadline: the moment, the words, the tone; provisional while a year's holidays are not official."""

    at: datetime
    words: Sentence
    tone: Tone
    provisional: bool = False
    basis: Basis | None = None
    """What it rests on; None where the page says so beside it."""


def deadline(
    due_at: datetime | None,
    *,
    at: datetime,
    provisional: bool = False,
    warned: bool = False,
    basis: Basis | None = None,
) -> Deadline | None:
    """Return a deadline as it reads at `at`; None where there is none."""
    if due_at is None:
        return None
    if due_at <= at:
        return Deadline(due_at, Sentence("%(length)s over", length=coarse(at - due_at)), "late", provisional, basis)
    tone: Tone = "soon" if warned or due_at - at <= SOON_WITHIN else "fine"
    return Deadline(due_at, Sentence("%(length)s left", length=coarse(due_at - at)), tone, provisional, basis)


def coarse(length: timedelta) -> Label:
    """Return a length of time in its largest unit: days from two on, then hours, then minutes."""
    minutes = int(length.total_seconds()) // 60
    if minutes >= 2 * DAY:
        days = minutes // DAY
        return Label(f"{days} 天", f"{days} days")
    if minutes >= HOUR:
        hours = minutes // HOUR
        return Label(f"{hours} 小时", f"{hours} hour" if hours == 1 else f"{hours} hours")
    if minutes < 1:
        return Label("不足 1 分钟", "less than 1 minute")
    return Label(f"{minutes} 分钟", f"{minutes} minute" if minutes == 1 else f"{minutes} minutes")
