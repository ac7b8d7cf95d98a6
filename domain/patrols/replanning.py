"""Tasks of a day that is planned already follow what was changed since, as long as nobody has begun them.

A change to a plan ends its row and begins another, so tasks of a row that holds no more are cancelled with the reason;
what holds instead is planned by `planning.plan_day`, under the same slot: a cancelled task sets its own aside.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case as when
from sqlalchemy import or_, select, update
from sqlmodel import Session

from domain import cases
from domain.actors import SYSTEM
from domain.language import N_
from domain.models import ChecklistTemplate, ChecklistVersion, PatrolPlan, PatrolTask, Venue
from domain.patrols import templates
from domain.patrols.wanted import Areas
from domain.processes.patrol_task import OPEN, SCHEDULED

UNTOUCHED = frozenset({SCHEDULED.name, OPEN.name})
PLAN_CHANGED = N_("The plan was changed or has ended.")
VENUE_AWAY = N_("The venue is closed or suspended.")
CHECKLIST_ENDED = N_("The checklist has ended.")
_ASIDE = 7
"""Characters of the plan's id that a slot set aside carries."""

_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]
_PLANS: Any = PatrolPlan.__table__  # type: ignore[attr-defined]
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]
_TEMPLATES: Any = ChecklistTemplate.__table__  # type: ignore[attr-defined]
_VERSIONS: Any = ChecklistVersion.__table__  # type: ignore[attr-defined]


def withdraw(session: Session, day: date, *, at: datetime, areas: Areas = None) -> int:
    """Cancel the tasks of a day that nobody has begun and nothing asks for any more; return how many."""
    plan_over = _PLANS.c.until_on <= day
    away = or_(_VENUES.c.closed_on <= day, _VENUES.c.suspended_on <= day)
    ended = _TEMPLATES.c.ended_on <= day
    reason = when((plan_over, PLAN_CHANGED), (away, VENUE_AWAY), else_=CHECKLIST_ENDED)
    query = (
        select(_TASKS.c.case_id, _TASKS.c.plan_id, _TASKS.c.slot, reason.label("reason"))
        .join(_PLANS, _PLANS.c.id == _TASKS.c.plan_id)
        .join(_VENUES, _VENUES.c.id == _TASKS.c.venue_id)
        .join(_TEMPLATES, _TEMPLATES.c.id == _PLANS.c.template_id)
        .where(*_open_tasks(day, areas), or_(plan_over, away, ended))
        .order_by(_TASKS.c.case_id)
    )
    return sum(_cancelled(session, row, at=at) for row in session.execute(query).all())


def _cancelled(session: Session, row: Any, *, at: datetime) -> bool:  # noqa: ANN401 - a row
    case = cases.reload(session, row.case_id)
    if case.state not in UNTOUCHED:
        return False
    cases.fire(session, case, "cancel", actor=SYSTEM, at=at, data={"reason": row.reason})
    if row.reason == PLAN_CHANGED:
        aside = f"{row.slot}-{row.plan_id.hex[:_ASIDE]}"
        session.connection().execute(update(_TASKS).where(_TASKS.c.case_id == row.case_id).values(slot=aside))
    return True


def rebind(session: Session, day: date, *, at: datetime, areas: Areas = None) -> int:
    """Have the tasks of a day that nobody has begun ask what their checklists ask on it; return how many."""
    query = (
        select(_TASKS.c.case_id, _TASKS.c.version_id, _VERSIONS.c.template_id)
        .join(_VERSIONS, _VERSIONS.c.id == _TASKS.c.version_id)
        .where(*_open_tasks(day, areas))
        .order_by(_TASKS.c.case_id)
    )
    rows = session.execute(query).all()
    newest = templates.versions_on(session, {row.template_id for row in rows}, day) if rows else {}
    stale = [(row.case_id, newest[row.template_id]) for row in rows if newest.get(row.template_id) != row.version_id
             and row.template_id in newest]  # fmt: skip
    numbers = _numbers(session, {version for _, version in stale})
    return sum(_rebound(session, case_id, version, numbers[version], at=at) for case_id, version in stale)


def _rebound(session: Session, case_id: UUID, version: UUID, number: int, *, at: datetime) -> bool:
    case = cases.reload(session, case_id)
    if case.state not in UNTOUCHED:
        return False
    cases.fire(session, case, "rebind", actor=SYSTEM, at=at, data={"version": version, "number": number})
    return True


def _open_tasks(day: date, areas: Areas) -> tuple[Any, ...]:
    here = () if areas is None else (_TASKS.c.area_id.in_(list(areas)),)
    return (_TASKS.c.day == day, *here, _TASKS.c.outcome == "")


def _numbers(session: Session, versions: set[UUID]) -> dict[UUID, int]:
    if not versions:
        return {}
    query = select(_VERSIONS.c.id, _VERSIONS.c.number).where(_VERSIONS.c.id.in_(versions))
    return dict(session.execute(query).tuples().all())
