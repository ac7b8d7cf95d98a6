"""The board of deadlines: what is due today, at risk, overdue or provisional, by clock, within a person's reach."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal_column, not_, or_, select
from sqlmodel import Session

from domain import access, apart, articles, people
from domain.actors import Actor
from domain.articles import Basis
from domain.models import Area, Case, ClockRow, Person, Post
from domain.processes import WORKFLOWS, workflow_of
from domain.queries import case_list
from domain.queries.case_list import BadCursor, Row
from domain.settings import city_zone
from domain.table import Clock
from domain.timing import Reading

PAGE_SIZE = 50
SHORT = 10
"""So many of each column stand on the board at once; its heading leads to all of them."""
LARGEST_PAGE = 200
MOST_COUNTED = 1000

_CLOCKS: Any = ClockRow.__table__  # type: ignore[attr-defined]
_CASES: Any = Case.__table__  # type: ignore[attr-defined]
_AREAS: Any = Area.__table__  # type: ignore[attr-defined]
_PEOPLE: Any = Person.__table__  # type: ignore[attr-defined]
_POSTS: Any = Post.__table__  # type: ignore[attr-defined]


class Column(StrEnum):
    """A column of the board, in its order; a deadline stands in the first of them that is true of it."""

    OVERDUE = "overdue"
    TODAY = "today"
    RISK = "risk"
    PROVISIONAL = "provisional"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deadlines somebody asks for; a field left alone asks for all."""

    area: str | None = None
    """Code of an area; those below it belong to it."""
    process: str | None = None
    """A routine process has to be named."""
    assignee_id: UUID | None = None
    unassigned: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One running deadline of one case."""

    row: Row
    clock: Clock
    due_at: datetime
    provisional: bool
    level: int
    basis: Basis
    paused_since: datetime | None = None
    """It stands still from then on, and goes on with what is left."""

    def is_overdue(self, at: datetime) -> bool:
        """Return whether it has passed; one that stands still cannot."""
        return self.due_at <= at and self.paused_since is None


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines, the most urgent first, and the cursor of those after them; None on the last page."""

    lines: tuple[Line, ...]
    next_cursor: str | None


def page(
    session: Session,
    actor: Actor,
    column: Column,
    wanted: Wanted,
    *,
    at: datetime,
    cursor: str | None = None,
    size: int = PAGE_SIZE,
) -> Page:
    """Return one page of a column as it stands at `at`; raises `BadCursor`."""
    size = max(1, min(size, LARGEST_PAGE))
    clocks = _CLOCKS.c
    where = _conditions(actor, column, wanted, at)
    if cursor:
        where.append(_after(_read_cursor(column, cursor)))
    query = (
        select(clocks.case_id, clocks.name, clocks.process, clocks.due_at, clocks.provisional, clocks.level)
        .join(_CASES, _CASES.c.id == clocks.case_id)
        .where(*where)
        .order_by(clocks.due_at, clocks.case_id, clocks.name)
        .limit(size + 1)
    )
    found = session.execute(query).all()
    shown = found[:size]
    rows = case_list.by_ids(session, actor, {one.case_id for one in shown})
    readings = _readings(session, rows)
    lines = tuple(_line(one, rows[one.case_id], readings) for one in shown if one.case_id in rows)
    return Page(lines, _cursor(column, shown[-1]) if len(found) > size else None)


def counts(
    session: Session, actor: Actor, wanted: Wanted, *, at: datetime, most: int = MOST_COUNTED
) -> dict[Column, int]:
    """Return how many deadlines each column has; counting stops at `most`."""
    found = {}
    for column in Column:
        query = select(_CLOCKS.c.case_id).join(_CASES, _CASES.c.id == _CLOCKS.c.case_id)
        some = query.where(*_conditions(actor, column, wanted, at)).limit(most).subquery()
        found[column] = int(session.execute(select(func.count()).select_from(some)).scalar_one())
    return found


def assignees(session: Session, actor: Actor, *, day: date) -> list[tuple[UUID, str]]:
    """Return (id, name) of who works on an open case that the actor may know of, by name."""
    cases = _CASES.c
    works = [
        exists().where(
            column == _PEOPLE.c.id, cases.closed_at.is_(None), apart.not_routine(cases), access.visible(actor)
        )
        for column in (cases.assignee_id, cases.second_assignee_id)
    ]
    sent = select(_POSTS.c.person_id).where(_POSTS.c.role.in_(sorted(access.WORKS_WHERE_SENT)), *people.valid_on(day))
    query = select(_PEOPLE.c.id, _PEOPLE.c.name).where(_PEOPLE.c.id.in_(sent), or_(*works))
    return [(row.id, row.name) for row in session.execute(query.order_by(_PEOPLE.c.name, _PEOPLE.c.id))]


def midnight(at: datetime) -> datetime:
    """Return when the city's day of that moment is over."""
    return datetime.combine(people.local_day(at) + timedelta(days=1), time(0), city_zone()).astimezone(UTC)


def _conditions(actor: Actor, column: Column, wanted: Wanted, at: datetime) -> list[ColumnElement[bool]]:
    # Written as the partial indexes have them: a value sent beside the statement would not be seen to fit.
    open_clock = [_CLOCKS.c.stopped_at.is_(None), *apart.of(_CLOCKS.c, wanted.process), *_no_timers()]
    due_at = _CLOCKS.c.due_at
    match column:
        case Column.OVERDUE:
            those = [due_at <= at]
        case Column.TODAY:
            those = [due_at > at, due_at <= midnight(at)]  # at 24:00 is still today
        case Column.RISK:
            those = [_CLOCKS.c.level == literal_column("1"), due_at > midnight(at)]
        case Column.PROVISIONAL:
            those = [_CLOCKS.c.provisional, _CLOCKS.c.level == literal_column("0"), due_at > midnight(at)]
    return [*open_clock, *those, access.visible(actor), *_filtered(wanted)]


def _no_timers() -> list[ColumnElement[bool]]:
    """Leave out the clocks that end a case by themselves: nobody is late for them."""
    return [
        not_(and_(_CLOCKS.c.process == workflow.name, _CLOCKS.c.name == clock.name))
        for workflow in WORKFLOWS.values()
        for clock in workflow.clocks
        if clock.kind == "timer"
    ]


def _filtered(wanted: Wanted) -> list[ColumnElement[bool]]:
    cases = _CASES.c
    found: list[ColumnElement[bool]] = []
    if wanted.area:
        root = select(_AREAS.c.path).where(_AREAS.c.code == wanted.area).scalar_subquery()
        below = select(_AREAS.c.id).where(func.substr(_AREAS.c.path, 1, func.length(root)) == root)
        found.append(cases.area_id.in_(below))
    if wanted.assignee_id:
        found.append(or_(cases.assignee_id == wanted.assignee_id, cases.second_assignee_id == wanted.assignee_id))
    if wanted.unassigned:
        found.append(cases.assignee_id.is_(None))
    return found


def _readings(session: Session, rows: Mapping[UUID, Row]) -> dict[tuple[UUID, str], Reading]:
    """Return (case, clock) → the clock as the case carries it, with the limit it was given."""
    query = select(_CASES.c.id, _CASES.c.clocks).where(_CASES.c.id.in_(list(rows)))
    return {(row.id, name): Reading.of(stored) for row in session.execute(query) for name, stored in row.clocks.items()}


def _line(one: Any, row: Row, readings: Mapping[tuple[UUID, str], Reading]) -> Line:  # noqa: ANN401 - a row
    clock = next(clock for clock in workflow_of(one.process).clocks if clock.name == one.name)
    reading = readings.get((one.case_id, one.name))
    since = reading.pauses[-1][0] if reading and reading.is_paused else None
    return Line(row, clock, one.due_at, one.provisional, one.level, articles.of_clock(clock, reading), since)


def _after(key: tuple[datetime, UUID, str]) -> ColumnElement[bool]:
    moment, case_id, name = key
    clocks = _CLOCKS.c
    same_moment = and_(clocks.due_at == moment, or_(clocks.case_id > case_id,
                                                    and_(clocks.case_id == case_id, clocks.name > name)))  # fmt: skip
    return and_(clocks.due_at >= moment, or_(clocks.due_at > moment, same_moment))


def _cursor(column: Column, last: Any) -> str:  # noqa: ANN401 - a row
    key = [column.value, last.due_at.isoformat(), last.case_id.hex, last.name]
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _read_cursor(column: Column, cursor: str) -> tuple[datetime, UUID, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        kind, moment, case_id, name = json.loads(base64.urlsafe_b64decode(padded.encode()))
        due_at = datetime.fromisoformat(moment)
        if kind != column or due_at.tzinfo is None:
            raise BadCursor(cursor[:20])
        return due_at.astimezone(UTC), UUID(case_id), str(name)
    except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as wrong:
        raise BadCursor(cursor[:20]) from wrong
