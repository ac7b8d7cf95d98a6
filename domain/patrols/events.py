"""Patrols that something starts (a fire, a storm, works with open flames): planned by a person, one task at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from domain import access, people, register_log
from domain.actors import Actor
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import Case, PatrolPlan, PatrolTask
from domain.patrols import planning, plans, schedule, wanted
from domain.patrols.plan_forms import EventStart
from domain.patrols.schedule import Rule, Slot
from domain.register_lock import NotNow
from domain.rights import Right
from domain.venue_register import held_open

USUAL_MINUTES = schedule.DAY_MINUTES
"""How long it may take where the plan does not say: our convention, no source names a time."""
_DIGITS = 7
"""Of the form's id, at the end of the slot's name; one that is set aside still fits its column."""
_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]
_CASES: Any = Case.__table__  # type: ignore[attr-defined]


def may_start(plan: PatrolPlan) -> bool:
    """Return whether a plan is carried out when somebody says so, and not by the calendar."""
    return Rule.of_json(plan.rule).window == schedule.EVENT


def start(
    session: Session, plan_id: UUID, form: EventStart, *, actor: Actor, at: datetime, start_id: UUID | None = None
) -> str:
    """Plan the task of an event now and return its number; `start_id`: of a form; sent twice, it is planned once.

    Raises `NotNow` for a plan that goes by the calendar, that does not hold today or whose venue is suspended.
    """
    plan = session.get(PatrolPlan, plan_id)
    if plan is None:
        raise access.OutOfReach(str(plan_id))
    access.require(session, actor, Right.PLAN_PATROLS, venue_id=plan.venue_id)
    plans.of_its_own(session, plan.venue_id, plan_id)
    venue = held_open(session, plan.venue_id)
    mark = f"e{(start_id or new_id()).hex[-_DIGITS:]}"
    if (number := _started(session, plan.series_id, mark)) is not None:
        return number
    day, begins = people.local_day(at), at.replace(microsecond=0)
    row = next((one for one in plans.rows_of(session, plan.series_id) if _holds(one, at)), None)
    if row is None or not may_start(row):
        raise NotNow(Sentence("This plan cannot be started: it goes by the calendar, or does not hold today."))
    minutes = Rule.of_json(row.rule).minutes or USUAL_MINUTES
    slot = Slot(f"{day:%Y%m%d}{mark}", day, begins, begins + timedelta(minutes=minutes))
    task = wanted.at_once(session, row.id, slot)
    if task is None:
        raise NotNow(Sentence("Nothing can be started: the venue is suspended, or the checklist has ended."))
    planning.add(session, [task], at=at, areas=[venue.area_id])
    number = _started(session, plan.series_id, mark) or ""
    data = {"venue_id": venue.id, "task": number, "reason": form.reason}
    register_log.record(session, plans.KIND, plan.series_id, "start", actor=actor, at=at, data=data)
    return number


def _holds(row: PatrolPlan, at: datetime) -> bool:
    day = people.local_day(at)
    return row.from_on <= day and (row.until_on is None or row.until_on > day)


def _started(session: Session, series_id: UUID, mark: str) -> str | None:
    """Return the number of the task that a form started; also on another day, and one that was cancelled since."""
    query = select(_CASES.c.number).join(_TASKS, _TASKS.c.case_id == _CASES.c.id)
    here = (_TASKS.c.series_id == series_id, _TASKS.c.slot.contains(mark))
    number: str | None = session.execute(query.where(*here)).scalar()
    return number
