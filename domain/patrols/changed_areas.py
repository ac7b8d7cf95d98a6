"""Where something was changed by which days that are planned already have to be planned again: read from the record.

Whoever changes a plan, a roster, a checklist or a venue need not think of it; the timetable looks every few minutes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session

from domain import venue_register
from domain.models import PatrolPlan, PatrolRoster, RegisterEntry, TimetableRun, Venue
from domain.patrols import planning_days, plans, roster_register, templates

JOB = "patrol_changes"
OVERLAP = timedelta(minutes=5)
"""Entries are written down in another order than they say; one that is seen twice is followed once."""
FARTHEST_BACK = timedelta(days=2)
"""Earlier changes are in what was planned since."""
MOST_AREAS = 20
"""More than that, and the whole city is planned again."""

_ENTRIES: Any = RegisterEntry.__table__  # type: ignore[attr-defined]
_PLANS: Any = PatrolPlan.__table__  # type: ignore[attr-defined]
_ROSTERS: Any = PatrolRoster.__table__  # type: ignore[attr-defined]
_RUNS: Any = TimetableRun.__table__  # type: ignore[attr-defined]
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]
_LEADS_TO = {
    plans.KIND: (_PLANS.c.series_id, _PLANS.c.venue_id),
    templates.KIND: (_PLANS.c.template_id, _PLANS.c.venue_id),
    roster_register.KIND: (_ROSTERS.c.id, _ROSTERS.c.venue_id),
    venue_register.KIND: (_VENUES.c.id, _VENUES.c.id),
}
"""Kind of the record → the column that is its subject, and that which names the venue."""


def follow(session: Session, *, at: datetime) -> int:
    """Promise that days planned already follow what was changed since the last look; return in how many areas."""
    areas = changed(session, since=_since(session, at), until=at)
    if not areas:
        return 0
    if len(areas) > MOST_AREAS:
        planning_days.plan_again(session, None, key=max(areas.values()).isoformat(), at=at)
    else:
        for area_id, newest in areas.items():
            planning_days.plan_again(session, [area_id], key=f"{area_id}:{newest.isoformat()}", at=at)
    return len(areas)


def changed(session: Session, *, since: datetime, until: datetime) -> dict[UUID, datetime]:
    """Return the areas with venues a change concerns, each with the moment of the newest."""
    entries = _ENTRIES.c
    query = select(entries.kind, entries.subject_id, func.max(entries.at).label("at")).where(
        entries.at > since, entries.at <= until, entries.kind.in_(_LEADS_TO)
    )
    subjects: dict[str, dict[UUID, datetime]] = defaultdict(dict)
    for row in session.execute(query.group_by(entries.kind, entries.subject_id)):
        subjects[row.kind][row.subject_id] = row.at
    found: dict[UUID, datetime] = {}
    for kind, moments in subjects.items():
        for subject, area_id in _areas(session, kind, moments):
            found[area_id] = max(moments[subject], found.get(area_id, moments[subject]))
    return found


def _areas(session: Session, kind: str, subjects: Collection[UUID]) -> Iterator[tuple[UUID, UUID]]:
    subject, venue = _LEADS_TO[kind]
    planned = select(_PLANS.c.venue_id)
    listed = list(subjects)
    for start in range(0, len(listed), 500):
        query = (
            select(subject, _VENUES.c.area_id)
            .where(subject.in_(listed[start : start + 500]), _VENUES.c.id == venue, venue.in_(planned))
            .distinct()
        )
        yield from session.execute(query).tuples()


def _since(session: Session, at: datetime) -> datetime:
    last = session.execute(select(func.max(_RUNS.c.at)).where(_RUNS.c.job == JOB, _RUNS.c.at < at)).scalar()
    return max(last or at, at - FARTHEST_BACK) - OVERLAP
