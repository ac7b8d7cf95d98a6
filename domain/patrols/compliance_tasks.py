"""The tasks behind a number of the compliance of patrols, the newest day first, and excusing several at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from domain import access, cases
from domain.actors import Actor
from domain.language import Label
from domain.models import Area, Case, PatrolAnswer, PatrolPlan, PatrolTask, Person, Venue
from domain.patrols.asked import Asked, conditions
from domain.patrols.compliance import PAGE_SIZE, WHO, BadCursor, behind, failed
from domain.processes.patrol_task import PATROL_TASK
from domain.rights import Right

_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]
_ANSWERS: Any = PatrolAnswer.__table__  # type: ignore[attr-defined]
MOST_AT_ONCE = PAGE_SIZE
"""Tasks excused together: those of one page."""


OUTCOMES: Mapping[str, Label] = {
    "": Label("待完成", "open"),
    "done": Label("按时完成", "done in time"),
    "late": Label("逾期补查", "done late"),
    "missed": Label("漏查", "missed"),
    "excused": Label("已免责", "excused"),
    "cancelled": Label("已取消", "cancelled"),
}
"""`PatrolTask.outcome` in words."""


@dataclass(frozen=True, slots=True)
class Behind:
    """Which of the tasks of a period are asked for."""

    figure: str = "planned"
    item: str = ""
    """With a failure of this item."""
    person_id: UUID | None = None
    is_nobodys: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One task of a list."""

    case_id: UUID
    number: str
    title: str
    venue_code: str
    venue: str
    day: date
    frequency: str
    area: str
    due_at: datetime
    outcome: str
    state: str
    done_at: datetime | None
    who: str
    failed: int
    doubts: int
    is_known: bool = False
    """Whether the reader may open it."""


@dataclass(frozen=True, slots=True)
class Lines:
    """A page of tasks."""

    rows: tuple[Line, ...]
    next_cursor: str | None


def page(
    session: Session, asked: Asked, which: Behind, *, actor: Actor, cursor: str | None = None, size: int = PAGE_SIZE
) -> Lines:
    """Return a page of the tasks behind a number. Raises `BadCursor`."""
    where = [*conditions(session, asked, actor=actor), behind(which.figure)]
    if which.item:
        with_failure = select(_ANSWERS.c.case_id).where(failed(), _ANSWERS.c.item == which.item)
        where += [_TASKS.c.failed > 0, _TASKS.c.case_id.in_(with_failure)]
    if which.person_id is not None:
        where.append(which.person_id == WHO)
    elif which.is_nobodys:
        where.append(WHO.is_(None))
    if cursor is not None:
        day, last = _read(cursor)
        where.append(or_(_TASKS.c.day < day, and_(_TASKS.c.day == day, _TASKS.c.case_id < last)))
    order = (_TASKS.c.day.desc(), _TASKS.c.case_id.desc())
    ids = list(session.execute(select(_TASKS.c.case_id).where(*where).order_by(*order).limit(size + 1)).scalars())
    rows = _lines(session, ids[:size], actor=actor)
    more = len(ids) > size
    return Lines(rows, f"{rows[-1].day.isoformat()}.{rows[-1].case_id.hex}" if more else None)


def count(session: Session, asked: Asked, *, actor: Actor) -> int:
    """Return how many tasks there are."""
    query = select(func.count()).select_from(_TASKS).where(*conditions(session, asked, actor=actor))
    return int(session.execute(query).scalar_one())


def _lines(session: Session, ids: list[UUID], *, actor: Actor) -> tuple[Line, ...]:
    person: Any = aliased(Person)
    query = (
        select(_TASKS, col(Case.number), col(Case.state), col(PatrolPlan.title),
               col(Venue.code).label("venue_code"), col(Venue.name).label("venue"), person.name.label("who"),
               col(Area.name).label("area"))
        .join(Case, col(Case.id) == _TASKS.c.case_id)
        .join(PatrolPlan, col(PatrolPlan.id) == _TASKS.c.plan_id)
        .join(Venue, col(Venue.id) == _TASKS.c.venue_id)
        .join(Area, col(Area.id) == _TASKS.c.area_id)
        .outerjoin(person, person.id == WHO)
        .where(_TASKS.c.case_id.in_(ids))
        .order_by(_TASKS.c.day.desc(), _TASKS.c.case_id.desc())
    )  # fmt: skip
    known = access.known_of(session, actor, ids)
    return tuple(
        Line(row.case_id, row.number, row.title, row.venue_code, row.venue, row.day, row.frequency, row.area,
             row.due_at, row.outcome, row.state, row.done_at, row.who or "", row.failed, row.doubts,
             row.case_id in known)
        for row in session.execute(query)
    )  # fmt: skip


def _read(cursor: str) -> tuple[date, UUID]:
    try:
        day, _, last = cursor.partition(".")
        return date.fromisoformat(day), UUID(last)
    except ValueError as wrong:
        raise BadCursor(cursor) from wrong


def may_excuse(actor: Actor) -> bool:
    """Return whether this actor excuses patrols anywhere."""
    return actor.plays(*PATROL_TASK.named("excuse")[0].roles)


def chosen(session: Session, numbers: list[str], *, actor: Actor) -> tuple[Line, ...]:
    """Return the tasks of these numbers that can be excused and that the actor may know of."""
    sources = [state.name for state in PATROL_TASK.named("excuse")[0].sources]
    within = access.rows_visible(
        actor, Right.SEE_PATROLS, area_id=_TASKS.c.area_id, venue_id=_TASKS.c.venue_id
    )  # fmt: skip
    query = (
        select(_TASKS.c.case_id)
        .join(Case, col(Case.id) == _TASKS.c.case_id)
        .where(col(Case.number).in_(numbers[:MOST_AT_ONCE]), col(Case.state).in_(sources), within)
    )
    return _lines(session, list(session.execute(query).scalars()), actor=actor)


def excuse(session: Session, number: str, *, reason: str, actor: Actor, at: datetime) -> None:
    """Excuse one task; raises what `cases.fire` raises, and `UnknownCase` for what the actor may not know of.

    A batch excuses one after the other, each in its own transaction: pressed again after a crash, the rest follows.
    """
    case = cases.seen_by(session, actor, number)
    cases.fire(session, case, "excuse", actor=actor, at=at, data={"reason": reason})
