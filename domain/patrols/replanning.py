"""Tasks of a day that is planned already follow what was changed since, as long as nobody has begun them.

A change to a plan ends its row and begins another, so tasks of a row that holds no more are cancelled with the reason;
what holds instead is planned by `planning.plan_day`, under the same slot: a cancelled task sets its own aside. So does
one of a venue that closes, is suspended or opens at other hours: what holds then, or again, is planned anew.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select, update
from sqlalchemy import case as when
from sqlmodel import Session

from domain import cases, people
from domain.actors import SYSTEM
from domain.language import N_
from domain.models import Case, ChecklistTemplate, ChecklistVersion, PatrolPlan, PatrolTask, Venue
from domain.patrols import schedule, templates, wanted
from domain.patrols.wanted import Areas, Wanted
from domain.processes.patrol_task import OPEN, SCHEDULED

UNTOUCHED = frozenset({SCHEDULED.name, OPEN.name})
PLAN_CHANGED = N_("The plan was changed or has ended.")
VENUE_AWAY = N_("The venue is closed or suspended.")
CHECKLIST_ENDED = N_("The checklist has ended.")
HOURS_CHANGED = N_("The opening hours were changed.")
_ASIDE = 7
"""Digits of its own id that a slot set aside carries."""
_SET_ASIDE = re.compile(rf"(.+)-[0-9a-f]{{{_ASIDE}}}")

_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]
_PLANS: Any = PatrolPlan.__table__  # type: ignore[attr-defined]
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]
_TEMPLATES: Any = ChecklistTemplate.__table__  # type: ignore[attr-defined]
_VERSIONS: Any = ChecklistVersion.__table__  # type: ignore[attr-defined]


def withdraw(session: Session, day: date, *, at: datetime, areas: Areas = None) -> int:
    """Cancel the tasks that nobody has begun and nothing asks for any more; return how many.

    Those of `day`; and whatever is still open, of a month or a year, where the venue has closed for good.
    """
    plan_over = _PLANS.c.until_on <= day
    away = or_(_VENUES.c.closed_on <= day, _VENUES.c.suspended_on <= day)
    ended = _TEMPLATES.c.ended_on <= day
    reason = when((plan_over, PLAN_CHANGED), (away, VENUE_AWAY), else_=CHECKLIST_ENDED)
    tasks = (
        select(_TASKS.c.case_id, _TASKS.c.slot, reason.label("reason"))
        .join(_PLANS, _PLANS.c.id == _TASKS.c.plan_id)
        .join(_VENUES, _VENUES.c.id == _TASKS.c.venue_id)
        .join(_TEMPLATES, _TEMPLATES.c.id == _PLANS.c.template_id)
        .where(*_open_tasks(day, areas), or_(plan_over, away, ended))
    )
    here = () if areas is None else (_VENUES.c.area_id.in_(list(areas)),)
    gone = and_(_VENUES.c.closed_on <= people.local_day(at), _TASKS.c.outcome == "", _TASKS.c.day < day)
    of_closed = select(_TASKS.c.case_id, _TASKS.c.slot).join(_VENUES, _VENUES.c.id == _TASKS.c.venue_id)
    found = {row.case_id: (row.slot, VENUE_AWAY) for row in session.execute(of_closed.where(*here, gone))}
    found |= {row.case_id: (row.slot, row.reason) for row in session.execute(tasks)}
    return sum(_cancelled(session, case_id, *found[case_id], at=at) for case_id in sorted(found))


def follow_hours(
    session: Session, day: date, every: Collection[Wanted], *, at: datetime, areas: Areas = None
) -> int:  # fmt: skip
    """Cancel the tasks of a day that nobody has begun and that go by opening hours as they were; return how many.

    `every`: what the day asks for now; what it asks for instead is planned. What is over stays, and so do rounds
    nobody made for too long already: other hours do not undo that.
    """
    tasks = _TASKS.c
    query = (
        select(tasks.case_id, tasks.plan_id, tasks.series_id, tasks.slot, tasks.starts_at, tasks.due_at, tasks.miss_at,
               tasks.kind, _PLANS.c.rule_key)
        .join(_PLANS, _PLANS.c.id == tasks.plan_id)
        .where(*_open_tasks(day, areas))
    )  # fmt: skip
    rows = session.execute(query).all()
    rules = wanted.rules_of(session, {row.rule_key: row.plan_id for row in rows})
    times = {one.key: (one.slot.starts_at, one.slot.due_at) for one in every}
    moved = []
    for row in rows:
        rule = rules[row.rule_key]
        is_over = at >= (row.due_at if row.kind == schedule.ROUNDS else row.miss_at)
        is_kept = times.get((row.series_id, row.slot)) == (row.starts_at, row.due_at)
        if rule.window in wanted.BY_HOURS and not (is_over or is_kept):
            limit = timedelta(minutes=rule.gap_minutes) if rule.gap_minutes is not None else None
            moved.append((row.case_id, row.slot, row.starts_at, limit))
    return sum(
        _cancelled(session, case_id, slot, HOURS_CHANGED, at=at, unless_longer=(starts_at, limit))
        for case_id, slot, starts_at, limit in sorted(moved)
    )


def count_again(session: Session, fresh: Collection[Wanted], *, areas: Areas = None) -> None:
    """Have each of these know how many tasks of its slot were set aside; the series of numbers is held."""
    here = () if areas is None else (_TASKS.c.area_id.in_(list(areas)),)
    query = select(_TASKS.c.plan_id, _TASKS.c.slot).where(
        _TASKS.c.day.in_({one.slot.day for one in fresh}), *here, _TASKS.c.outcome == "cancelled"
    )
    aside: Counter[tuple[UUID, str]] = Counter()
    for row in session.execute(query):
        if named := _SET_ASIDE.fullmatch(row.slot):
            aside[row.plan_id, named[1]] += 1
    for one in fresh if aside else ():
        one.again = aside[one.plan.id, one.slot.slot]


def _cancelled(
    session: Session, case_id: UUID, slot: str, reason: str, *, at: datetime,
    unless_longer: tuple[datetime, timedelta | None] | None = None,
) -> bool:  # fmt: skip
    """Cancel a task and set its slot aside; False: somebody has begun it, or nobody came for longer than allowed."""
    case = cases.reload(session, case_id)
    if case.state not in UNTOUCHED or (unless_longer and _is_too_late(case, *unless_longer, at=at)):
        return False
    cases.fire(session, case, "cancel", actor=SYSTEM, at=at, data={"reason": reason})
    aside = f"{slot}-{case_id.hex[-_ASIDE:]}"
    session.connection().execute(update(_TASKS).where(_TASKS.c.case_id == case_id).values(slot=aside))
    return True


def _is_too_late(case: Case, starts_at: datetime, limit: timedelta | None, *, at: datetime) -> bool:
    return limit is not None and at - max(starts_at, case.opened_at) > limit


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
