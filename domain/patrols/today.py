"""What a phone takes along: one person's tasks of the next day and a half, whole, for where there is no network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, literal_column, or_, select, true
from sqlmodel import Session, col

from domain import access, people
from domain.actors import Actor, Role
from domain.language import DEFAULT_LOCALE
from domain.models import (
    Case,
    ChecklistTemplate,
    ChecklistVersion,
    PatrolAnswer,
    PatrolCheckIn,
    PatrolPlan,
    PatrolTask,
    Venue,
)
from domain.patrols import rounds
from domain.patrols.sheet import VENUE_ITSELF, Point, points_of
from domain.processes.patrol_task import CARRIERS, PATROL_TASK
from domain.settings import city_zone

AHEAD = timedelta(hours=36)
LATE_FOR = timedelta(days=14)
"""So long a missed task that may still be carried out stands on the list."""
MOST_TASKS = 300

_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]
_CASES: Any = Case.__table__  # type: ignore[attr-defined]
_CHECK_INS: Any = PatrolCheckIn.__table__  # type: ignore[attr-defined]
_ANSWERS: Any = PatrolAnswer.__table__  # type: ignore[attr-defined]


def work_of(session: Session, actor: Actor, *, at: datetime, locale: str = DEFAULT_LOCALE) -> dict[str, Any]:
    """Return what `GET /patrol/work` answers, but for the proof against forged forms: JSON, times ISO 8601 in UTC.

    Open tasks of the person and of their posts that begin within 36 hours, missed ones that may still be carried out,
    and those that ended today.
    """
    rows = _rows(session, actor, at=at)
    tasks = [row.PatrolTask for row in rows]
    points = points_of(session, {task.plan_id for task in tasks})
    done, previous = _done_points(session, tasks), _previous(session, tasks)
    plans = {plan.id: plan for plan in _of_ids(session, PatrolPlan, {task.plan_id for task in tasks})}
    return {
        "at": at.isoformat(),
        "person": {"id": str(actor.person_id), "name": actor.name},
        "tasks": [
            {
                **_task(row.PatrolTask, row.Case, plans[row.PatrolTask.plan_id]),
                "opens": _opens(row.PatrolTask, row.Venue),
                "venue": _venue(row.Venue, locale),
                "points": [_point(point, locale) for point in points.get(row.PatrolTask.plan_id, ())],
                "done_points": sorted(done.get(row.PatrolTask.case_id, ())),
                "previous": previous.get(row.PatrolTask.case_id, {}),
            }
            for row in rows
        ],
        "versions": _versions(session, {task.version_id for task in tasks}),
    }


def tag_of(work: Mapping[str, Any]) -> str:
    """Return what changes when anything of it does but the time."""
    said = {name: value for name, value in work.items() if name != "at"}
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _rows(session: Session, actor: Actor, *, at: datetime) -> list[Any]:
    """Return (task, case, venue) of the list: by the indexes of what is open, so that past years do not count."""
    if actor.person_id is None:
        return []
    theirs = _of_posts(actor)
    today = people.local_day(at)
    # Spelled out: the indexes of open tasks hold for these alone, and a prepared statement does not know its values.
    is_open = and_(_TASKS.c.outcome == literal_column("''"), _TASKS.c.starts_at < at + AHEAD)
    recent = and_(_TASKS.c.due_at > at - LATE_FOR, _TASKS.c.outcome != literal_column("''"))
    ended = and_(recent, or_(_TASKS.c.outcome == "missed", _TASKS.c.done_at >= _midnight(today)))
    mine = _TASKS.c.person_id == actor.person_id
    if not actor.plays(Role.WARDEN):  # who is sent works wherever; a post that has ended shows nothing any more
        mine = and_(mine, _TASKS.c.venue_id.in_(actor.venue_ids))
    wanted = [and_(one, is_open) for one in (mine, *_of_covered(actor))]
    wanted += [and_(one, ended) for one in _of_covered(actor)]
    for venues, whose in theirs:
        theirs_alone = and_(venues, _TASKS.c.person_id.is_(None), whose)
        wanted += [and_(theirs_alone, is_open), and_(theirs_alone, ended)]
    wanted.append(and_(mine, ended))
    ids: set[UUID] = set()
    for which in wanted:
        ids |= set(
            session.execute(select(_TASKS.c.case_id).where(which).order_by(_TASKS.c.due_at).limit(MOST_TASKS)).scalars()
        )
    query = (
        select(PatrolTask, Case, Venue)
        .join(Case, col(Case.id) == col(PatrolTask.case_id))
        .join(Venue, col(Venue.id) == col(PatrolTask.venue_id))
        .where(col(PatrolTask.case_id).in_(ids))
        .order_by(col(PatrolTask.due_at), col(PatrolTask.case_id))
        .limit(MOST_TASKS)
    )
    found = session.execute(query).all() if ids else []
    return [row for row in found if row.PatrolTask.outcome != "missed" or row.Case.facts.get("late_allowed")]


def _of_covered(actor: Actor) -> list[ColumnElement[bool]]:
    """Return, for each post the actor covers, the condition of what its holder was given by name there."""
    found = []
    for covered in actor.covers:
        theirs = _TASKS.c.person_id == covered.person_id
        if covered.role is Role.WARDEN:
            found.append(theirs)
        elif covered.role in CARRIERS and covered.venue_id is not None:
            found.append(and_(theirs, _TASKS.c.venue_id == covered.venue_id))
    return found


def _of_posts(actor: Actor) -> list[tuple[ColumnElement[bool], ColumnElement[bool]]]:
    """Return, for each kind of post the actor holds, which venues it is about and which tasks there are theirs."""
    grants = actor.grants or ()
    answers_for = {grant.venue_id for grant in grants if grant.role in {Role.MANAGER, Role.OWNER} and grant.venue_id}
    patrols = {grant.venue_id for grant in grants if grant.role is Role.OFFICER and grant.venue_id} - answers_for
    found: list[tuple[ColumnElement[bool], ColumnElement[bool]]] = []
    if answers_for:
        found.append((_TASKS.c.venue_id.in_(answers_for), or_(_TASKS.c.role.is_(None), _TASKS.c.role != "warden")))
    if patrols:
        found.append((_TASKS.c.venue_id.in_(patrols), _TASKS.c.role == Role.OFFICER.value))
    paths = {grant.area_path for grant in grants if grant.role is Role.WARDEN and grant.venue_id is None}
    if paths:
        areas = [_TASKS.c.area_id.in_(access.below(path)) for path in paths if path is not None]
        # Spelled out: the index of wardens' tasks holds for this role alone.
        of_wardens = _TASKS.c.role == literal_column("'warden'")
        found.append((true() if None in paths else or_(*areas), of_wardens))
    return found


def _midnight(day: Any) -> datetime:  # noqa: ANN401 - a date
    return datetime.combine(day, datetime.min.time(), city_zone())


def _task(task: PatrolTask, case: Case, plan: PatrolPlan) -> dict[str, Any]:
    return {
        "id": str(task.case_id),
        "number": case.number,
        "title": case.facts.get("title") or plan.title,
        "state": case.state,
        "state_label": {"zh": PATROL_TASK.state(case.state).zh, "en": PATROL_TASK.state(case.state).en},
        "kind": task.kind,
        "day": task.day.isoformat(),
        "starts_at": task.starts_at.isoformat(),
        "due_at": task.due_at.isoformat(),
        "miss_at": task.miss_at.isoformat(),
        "late_allowed": bool(case.facts.get("late_allowed")),
        "gap_minutes": plan.rule.get("gap_minutes"),
        "version": str(task.version_id),
    }


def _opens(task: PatrolTask, venue: Venue) -> list[dict[str, str]]:
    if task.kind != "rounds":
        return []
    spans = rounds.open_spans(venue.hours, task.day, city_zone())
    return [{"from": begins.isoformat(), "until": ends.isoformat()} for begins, ends in spans]


def _venue(venue: Venue, locale: str) -> dict[str, Any]:
    name = venue.name_en if locale == "en" and venue.name_en else venue.name
    return {"id": str(venue.id), "name": name, "code": venue.code, "address": venue.address, "lat": venue.lat,
            "lon": venue.lon}  # fmt: skip


def _point(point: Point, locale: str) -> dict[str, Any]:
    return {"seq": point.seq, "code": point.code, "name": point.name.in_language(locale), "kind": point.kind,
            "location": point.location, "facility_kind": point.facility_kind}  # fmt: skip


def _done_points(session: Session, tasks: Iterable[PatrolTask]) -> dict[UUID, set[int]]:
    """Return task → the points somebody has checked in at or answered about."""
    begun = [task.case_id for task in tasks if task.points_done]
    found: dict[UUID, set[int]] = {}
    for table in (_CHECK_INS, _ANSWERS):
        query = select(table.c.case_id, table.c.point).where(table.c.case_id.in_(begun)).distinct()
        for row in session.execute(query) if begun else ():
            if row.point != VENUE_ITSELF:
                found.setdefault(row.case_id, set()).add(row.point)
    return found


def _previous(session: Session, tasks: Iterable[PatrolTask]) -> dict[UUID, dict[str, Any]]:
    """Return task → "point:item" → the answer that stood when the same was carried out before."""
    ids = [task.case_id for task in tasks if task.outcome not in {"done", "late"}]
    before = _TASKS.alias("before")
    last = (
        select(before.c.case_id)
        .where(before.c.series_id == _TASKS.c.series_id, before.c.slot < _TASKS.c.slot)
        .where(before.c.outcome.in_(("done", "late")))
        .order_by(before.c.slot.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(_TASKS.c.case_id, last).where(_TASKS.c.case_id.in_(ids))
    earlier: dict[UUID, UUID] = {row[0]: row[1] for row in session.execute(query) if row[1]} if ids else {}
    answers = _standing(session, set(earlier.values()))
    return {task_id: answers.get(one, {}) for task_id, one in earlier.items()}


def _standing(session: Session, ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    query = select(_ANSWERS).where(_ANSWERS.c.case_id.in_(list(ids)), _ANSWERS.c.stands).order_by(_ANSWERS.c.at)
    found: dict[UUID, dict[str, Any]] = {}
    for row in session.execute(query) if ids else ():
        found.setdefault(row.case_id, {})[f"{row.point}:{row.item}"] = {
            "outcome": row.outcome, "value": row.value, "at": row.at.isoformat(), "comment": row.comment,
        }  # fmt: skip
    return found


def _versions(session: Session, ids: Collection[UUID]) -> dict[str, Any]:
    query = (
        select(ChecklistVersion, ChecklistTemplate)
        .join(ChecklistTemplate, col(ChecklistTemplate.id) == col(ChecklistVersion.template_id))
        .where(col(ChecklistVersion.id).in_(list(ids)))
    )
    return {
        str(version.id): {
            "number": version.number, "zh": template.zh, "en": template.en or template.zh,
            "is_signed": version.is_signed, "items": version.items,
        }
        for version, template in (session.execute(query) if ids else ())
    }  # fmt: skip


def _of_ids(session: Session, model: Any, ids: Collection[UUID]) -> list[Any]:  # noqa: ANN401 - a table
    return list(session.execute(select(model).where(model.id.in_(list(ids)))).scalars()) if ids else []
