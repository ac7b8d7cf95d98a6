"""Counts an SLA report: every number of it from the measured cases of its period, as they stood at one moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Literal

from sqlmodel import Session

from domain import measures
from domain.actors import Actor
from domain.processes import LISTED
from domain.reporting.asked import Asked
from domain.reporting.figures import Numbers, ProcessFigures
from domain.reporting.one_moment import one_moment

DAYS_OF_DAYS = 62
DAYS_OF_WEEKS = 400
"""Charts of more days count by week, and of more by month."""
Unit = Literal["day", "week", "month"]


def numbers(session: Session, asked: Asked, *, actor: Actor, at: datetime) -> Numbers:
    """Return the numbers asked for within the reach of `actor`.

    As of `asked.as_of`, but never later than the timelines are measured; the result says as of when.
    """
    with one_moment(session):
        return _numbers(session, asked, actor=actor, at=at)


def _numbers(session: Session, asked: Asked, *, actor: Actor, at: datetime) -> Numbers:
    from domain.reporting import cohort, slices, tally  # noqa: PLC0415 - numpy: 0.1 s and 20 MB that few parts need
    from domain.reporting.filters import Filters  # noqa: PLC0415 - same

    as_of, settled = standing(session, asked, at=at)
    asked, unit = replace(asked, as_of=as_of), unit_of(asked)
    before, chosen = asked.before(), Filters(session, asked, actor)
    processes = processes_of(asked)

    def counted(one: Asked) -> tuple[list[tally.Part], tuple[ProcessFigures, ...]]:
        parts = [cohort.part(session, chosen, process, one, as_of=as_of) for process in processes]
        earlier = cohort.earlier(session, chosen, processes, one, as_of=as_of)
        whole = (tally.whole(part, ends_at=one.ends_at, earlier=earlier[part.process]) for part in parts)
        return parts, tuple(whole)

    parts, figures = counted(asked)
    bucket = BUCKETS[unit]
    return Numbers(
        asked=asked, as_of=as_of, settled=settled,
        processes=figures, before_from_on=before.from_on, before_until_on=before.until_on, before=counted(before)[1],
        areas=slices.by_area(parts, chosen), organisations=slices.by_organisation(parts, chosen),
        hazards=slices.by_hazard(parts, chosen), people=slices.by_person(parts, chosen),
        unit=unit, series=tuple(point for part in parts for point in tally.points(part, bucket)),
    )  # fmt: skip


def standing(session: Session, asked: Asked, *, at: datetime) -> tuple[datetime, bool]:
    """Return as of which moment a question is answered, and whether its numbers are final."""
    measured = measures.until(session)
    wanted = asked.as_of or at
    if measured is None:
        return wanted, False
    as_of = min(wanted, measured)
    return as_of, as_of <= measured - measures.OVERLAP


def processes_of(asked: Asked) -> tuple[str, ...]:
    """Return the processes a question is about."""
    return (asked.process,) if asked.process else tuple(LISTED)


def unit_of(asked: Asked) -> Unit:
    """Return what the charts of a period count by."""
    if asked.days <= DAYS_OF_DAYS:
        return "day"
    return "week" if asked.days <= DAYS_OF_WEEKS else "month"


BUCKETS: dict[Unit, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}
"""Unit → the day on which the day, week (from Monday) or month of a day begins."""
