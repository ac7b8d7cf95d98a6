"""Plans the tasks of a day: the cases, entries, clocks and rows that opening each by itself would write, in bulk.

Done again, by several at once, in other shards or after a crash, it comes to the same set: a task is planned once per
series and slot. The series of numbers is held while a shard is written, so that numbers stay gapless.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import Session

from domain import faultpoints
from domain.models import PatrolPlan, PatrolTask, Venue
from domain.patrols import copying, replanning, wanted
from domain.patrols.task_sheet import CASES, CLOCKS, ENTRIES, TASKS, Sheet
from domain.patrols.wanted import Areas, Wanted
from domain.processes.patrol_task import PATROL_TASK
from domain.settings import city_zone

AT_ONCE = 5_000
"""Tasks spelled and sent together: some 20 MB of text."""

_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]
_PLANS: Any = PatrolPlan.__table__  # type: ignore[attr-defined]
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]
_HOLD = text(
    "INSERT INTO number_series (prefix, year, last) VALUES (:prefix, :year, 0) "
    "ON CONFLICT (prefix, year) DO UPDATE SET last = number_series.last"
)
_TAKE = text("UPDATE number_series SET last = last + :count WHERE prefix = :prefix AND year = :year RETURNING last")


@dataclass(frozen=True, slots=True)
class Planned:
    """What came of planning."""

    tasks: int = 0
    """Planned now."""
    already: int = 0
    """Were there before."""
    lapsed: int = 0
    """Counted as missed before anybody could have known of them: not planned, nobody missed them."""
    withdrawn: int = 0
    """Nobody had begun them, and their plan holds no more."""
    rebound: int = 0
    """Nobody had begun them, and their checklist asks something else by now."""

    def __add__(self, other: Planned) -> Planned:
        """Return the sums of two shards."""
        return Planned(
            self.tasks + other.tasks, self.already + other.already, self.lapsed + other.lapsed,
            self.withdrawn + other.withdrawn, self.rebound + other.rebound,
        )  # fmt: skip


def plan_day(session: Session, day: date, *, at: datetime, area_ids: Areas = None) -> Planned:
    """Plan the tasks that begin on a city day in these areas (None: everywhere) and return what came of it.

    What was planned of that day before and nobody has begun follows the plans and checklists as they are now. A day
    that is over is planned as far as its tasks still run.
    """
    withdrawn = replanning.withdraw(session, day, at=at, areas=area_ids)
    rebound = replanning.rebind(session, day, at=at, areas=area_ids)
    every = wanted.of_day(session, day, areas=area_ids)
    withdrawn += replanning.follow_hours(session, day, every, at=at, areas=area_ids)
    running = [one for one in every if one.ends_at > at]
    lapsed = len(every) - len(running)
    fresh = add(session, running, at=at, areas=area_ids)
    return Planned(fresh, len(running) - fresh, lapsed, withdrawn, rebound)


def add(session: Session, listed: Collection[Wanted], *, at: datetime, areas: Areas) -> int:
    """Plan those of these tasks that are not planned yet, all of them in `areas`, and return how many."""
    fresh = _unknown(session, listed, areas)
    if fresh:
        number = {"prefix": PATROL_TASK.prefix, "year": at.astimezone(city_zone()).year}
        session.connection().execute(_HOLD, number)
        # Whoever held the series before us may have been planning the same.
        fresh = _unknown(session, fresh, areas)
    if fresh:
        replanning.count_again(session, fresh, areas=areas)
        last = session.connection().execute(_TAKE, {**number, "count": len(fresh)}).scalar_one()
        _write(session, fresh, f"{PATROL_TASK.prefix}-{number['year']}-", last - len(fresh), at=at)
    return len(fresh)


def _unknown(session: Session, listed: Collection[Wanted], areas: Areas) -> list[Wanted]:
    """Return those that are not planned yet."""
    slots = {one.slot.slot for one in listed}
    if not slots:
        return []
    series = (
        select(_PLANS.c.series_id)
        .join(_VENUES, _VENUES.c.id == _PLANS.c.venue_id)
        .where(*wanted.in_areas(areas))
    )  # fmt: skip
    query = select(_TASKS.c.series_id, _TASKS.c.slot).where(_TASKS.c.slot.in_(slots), _TASKS.c.series_id.in_(series))
    known = set(session.execute(query).tuples())
    return [one for one in listed if one.key not in known]


def _write(session: Session, fresh: list[Wanted], series: str, before: int, *, at: datetime) -> None:
    connection = session.connection()
    people: set[UUID] = {one.carrier.person_id for one in fresh if one.carrier.person_id}
    sheet = Sheet(session, at=at, people=people)
    for start in range(0, len(fresh), AT_ONCE):
        for number, one in enumerate(fresh[start : start + AT_ONCE], start=before + start + 1):
            sheet.add(one, f"{series}{number:06d}")
        for table, columns, rows in (
            ("cases", CASES, sheet.cases), ("timeline_entry", ENTRIES, sheet.entries), ("clock", CLOCKS, sheet.clocks),
            ("patrol_task", TASKS, sheet.tasks),
        ):  # fmt: skip
            copying.put(connection, table, columns, rows)
            rows.clear()
            faultpoints.reach(f"planned.{table}")
