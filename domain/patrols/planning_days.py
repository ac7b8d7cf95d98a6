"""Which days are planned, in which shards, and whether planning is behind: for the timetable and the commands."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from domain import errands, people
from domain.models import Area, Errand, PatrolPlan, PatrolTask, TimetableRun, Venue
from domain.patrols.planning import Planned
from domain.settings import city_zone

DAY, SHARD = "plan_patrols", "plan_patrol_shard"
"""Kinds of errands: a day, and a part of the city's areas on it."""
PLANNED = "patrol_day"
"""Job of `timetable_run` whose rows say which days are planned whole."""
VENUES_AT_ONCE, VENUES_AT_ONCE_ON_SQLITE = 1_000, 200
"""Of a shard, which is one transaction: on SQLite everybody else waits for it."""
TOMORROW_AT, TODAY_AT = time(20), time(0, 10)
"""City time; in the evening people and phones see what comes, after midnight the day's last changes are in."""
LATE_AT = time(1)
MOST_MISSED = 366
"""Days looked back after a standstill: a yearly task begun meanwhile is due until the year's end."""

_AREAS: Any = Area.__table__  # type: ignore[attr-defined]
_PLANS: Any = PatrolPlan.__table__  # type: ignore[attr-defined]
_RUNS: Any = TimetableRun.__table__  # type: ignore[attr-defined]
_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]


def shards(session: Session) -> list[list[UUID]]:
    """Return the areas that have venues, neighbours together, in parts of some `VENUES_AT_ONCE` venues."""
    most = VENUES_AT_ONCE if session.get_bind().dialect.name == "postgresql" else VENUES_AT_ONCE_ON_SQLITE
    query = (
        select(_AREAS.c.id, func.count().label("venues"))
        .join(_VENUES, _VENUES.c.area_id == _AREAS.c.id)
        .group_by(_AREAS.c.id)
        .order_by(_AREAS.c.path)
    )
    found: list[list[UUID]] = []
    held = most
    for row in session.execute(query):
        if held + row.venues > most:
            found.append([])
            held = 0
        found[-1].append(row.id)
        held += row.venues
    return found


def promise(session: Session, day: date, *, key: str, at: datetime) -> Errand:
    """Promise that a day is planned everywhere; the same key promises it once."""
    data = {"day": day.isoformat(), "title": f"排定巡查任务 {day}"}
    return errands.promise(session, DAY, key=f"{DAY}:{key}", at=at, data=data)


def promise_shards(session: Session, parent: Errand, *, at: datetime) -> int:
    """Promise the parts of a day, each once, and return how many there are."""
    day, number = parent.data["day"], 0
    for number, areas in enumerate(shards(session), start=1):
        _promise_shard(session, day, areas, key=shard_key(parent, number), at=at)
    return number


def shard_key(parent: Errand, number: int) -> str:
    """Return the key of a part of a day, from 1."""
    return f"{SHARD}:{parent.id}:{number}"


def plan_again(session: Session, areas: Collection[UUID] | None, *, key: str, at: datetime) -> int:
    """Promise that the days planned already follow a change in these areas (None: everywhere); return how many do.

    Today and tomorrow may be planned; `key` names the change, which is followed once.
    """
    today = people.local_day(at)
    days = [today, today + timedelta(days=1)]
    here = (_RUNS.c.job == PLANNED) & _RUNS.c.slot.in_([day.isoformat() for day in days])
    known = set(session.execute(select(_RUNS.c.slot).where(here)).scalars())
    for day in (day for day in days if day.isoformat() in known):
        if areas is None:
            promise(session, day, key=f"{day}:{key}", at=at)
        else:
            _promise_shard(session, day.isoformat(), areas, key=f"{SHARD}:{day}:{key}", at=at)
    return len(known)


def _promise_shard(session: Session, day: str, areas: Collection[UUID], *, key: str, at: datetime) -> None:
    data = {"day": day, "areas": [str(area) for area in areas], "title": f"排定巡查任务 {day}"}
    errands.promise(session, SHARD, key=key, at=at, data=data)


def note_planned(session: Session, day: date, planned: Planned, *, at: datetime) -> None:
    """Write down that a day is planned whole."""
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = {"job": PLANNED, "slot": day.isoformat(), "at": at, "outcome": asdict(planned)}
    statement = dialect.insert(_RUNS).values(row)
    kept = {"at": statement.excluded.at, "outcome": statement.excluded.outcome}
    session.connection().execute(statement.on_conflict_do_update(index_elements=["job", "slot"], set_=kept))


def missed_days(session: Session, *, today: date) -> Iterator[date]:
    """Yield the days before `today` that nobody planned since the last that was, the oldest first."""
    last = _last_planned(session, before=today)
    if last is None:
        return
    day = max(last + timedelta(days=1), today - timedelta(days=MOST_MISSED))
    while day < today:
        yield day
        day += timedelta(days=1)


def _last_planned(session: Session, *, before: date) -> date | None:
    here = (_RUNS.c.job == PLANNED) & (_RUNS.c.slot < before.isoformat())
    newest = session.execute(select(func.max(_RUNS.c.slot)).where(here)).scalar()
    if newest:
        return date.fromisoformat(newest)
    # After a standstill of months the timetable has forgotten what it did; the tasks are there.
    day: date | None = session.execute(select(func.max(_TASKS.c.day)).where(_TASKS.c.day < before)).scalar()
    return day


def is_behind(session: Session, *, at: datetime) -> bool:
    """Return whether today should be planned by now and is not, in a city that plans patrols at all."""
    local = at.astimezone(city_zone())
    if local.time() < LATE_AT:
        return False
    here = (_RUNS.c.job == PLANNED) & (_RUNS.c.slot == local.date().isoformat())
    if session.execute(select(_RUNS.c.slot).where(here)).first() is not None:
        return False
    return session.execute(select(_PLANS.c.id).limit(1)).first() is not None
