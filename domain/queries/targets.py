"""Each warden's tasks against what an administrator set as the target; for supervisors and leaders of that reach."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy import case as when
from sqlmodel import Session

from domain import access, people, product_settings
from domain.actors import Actor, Role
from domain.models import Area, CaseMeasure, Person, Post, StageMeasure
from domain.processes import WORKFLOWS
from domain.queries.cockpit import DAYS, found, midnight
from domain.queries.shares import Share
from domain.rights import RIGHTS, Right
from domain.settings import city_zone

ON_SITE = ("verify", "verify_again", "recheck")
"""Clocks that measure the work of whoever a case is assigned to."""
MOST_PEOPLE = 2000
"""More wardens than a city has."""

_AREAS: Any = Area.__table__  # type: ignore[attr-defined]
_CASES: Any = CaseMeasure.__table__  # type: ignore[attr-defined]
_PEOPLE: Any = Person.__table__  # type: ignore[attr-defined]
_POSTS: Any = Post.__table__  # type: ignore[attr-defined]
_STAGES: Any = StageMeasure.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Targets:
    """Per cent, as an administrator set them."""

    on_time: int
    discovery: int


@dataclass(frozen=True, slots=True)
class Work:
    """One warden's tasks on the cases of the thirty days."""

    person_id: UUID
    name: str
    in_time: int = 0
    late: int = 0
    overdue: int = 0
    running: int = 0
    checked: int = 0
    found: int = 0

    @property
    def on_time(self) -> Share:
        """Return the tasks done in time among those decided."""
        return Share(self.in_time, self.in_time + self.late + self.overdue)

    @property
    def discovery(self) -> Share:
        """Return the reports in which a hazard was found among those checked."""
        return Share(self.found, self.checked)


def targets(session: Session) -> Targets:
    """Return the targets in force."""
    return Targets(
        int(product_settings.value(session, "target_on_time")), int(product_settings.value(session, "target_discovery"))
    )


def work_of_each(session: Session, actor: Actor, *, at: datetime) -> tuple[Work, ...] | None:
    """Return each warden's work within the actor's reach, by name; None for whom it is no business."""
    roles = RIGHTS[Right.SEE_TARGETS]
    if not access.may(actor, Right.SEE_TARGETS):
        return None
    first = at.astimezone(city_zone()).date() - timedelta(days=DAYS - 1)
    wardens = _wardens(session, actor, at.astimezone(city_zone()).date())
    mine = (
        access.counted(actor, _CASES.c, roles),
        _CASES.c.assignee_id.in_(list(wardens)),
        _CASES.c.process.in_(list(WORKFLOWS)),
        _CASES.c.opened_at >= midnight(first),
    )
    tasks = _tasks(session, mine, midnight(first), at)
    checks_query = select(_CASES.c.assignee_id, *found()).where(*mine).group_by(_CASES.c.assignee_id)
    checks = {row[0]: (int(row[1]), int(row[2])) for row in session.execute(checks_query)}
    return tuple(
        Work(person_id, name, *tasks.get(person_id, (0, 0, 0, 0)), *checks.get(person_id, (0, 0)))
        for person_id, name in wardens.items()
    )


def _wardens(session: Session, actor: Actor, day: date) -> dict[UUID, str]:
    """Return whoever holds a warden's post in an area of the actor's reach, by name."""
    query = (
        select(_PEOPLE.c.id, _PEOPLE.c.name)
        .join(_POSTS, _POSTS.c.person_id == _PEOPLE.c.id)
        .join(_AREAS, _AREAS.c.id == _POSTS.c.area_id)
        .where(_POSTS.c.role == Role.WARDEN.value, *people.valid_on(day))
        .order_by(_PEOPLE.c.name, _PEOPLE.c.id)
        .limit(MOST_PEOPLE)
        .distinct()
    )
    paths = access.area_paths(actor, RIGHTS[Right.SEE_TARGETS])
    if None not in paths:
        query = query.where(or_(*(func.substr(_AREAS.c.path, 1, len(path)) == path for path in paths if path)))
    return {row.id: row.name for row in session.execute(query)}


def _tasks(session: Session, mine: Any, begins_at: datetime, at: datetime) -> dict[UUID, tuple[int, int, int, int]]:  # noqa: ANN401
    """Return person → tasks done in time, done late, overdue, running."""
    stages = _STAGES.c
    done = stages.fulfilled.is_(True)
    runs = and_(stages.stopped_at.is_(None))
    over = and_(runs, stages.paused.is_(False), stages.due_at < at)
    sums = [
        func.sum(when((condition, 1), else_=0))
        for condition in (and_(done, stages.stopped_at <= stages.due_at), and_(done, stages.stopped_at > stages.due_at),
                          over, and_(runs, ~over))
    ]  # fmt: skip
    query = (
        select(_CASES.c.assignee_id, *sums)
        .select_from(_STAGES.join(_CASES, _CASES.c.case_id == stages.case_id))
        .where(*mine, stages.stage.in_(ON_SITE), stages.process.in_(list(WORKFLOWS)), stages.opened_at >= begins_at)
        .group_by(_CASES.c.assignee_id)
    )
    return {row[0]: (int(row[1]), int(row[2]), int(row[3]), int(row[4])) for row in session.execute(query)}
