"""The cases behind a report, as they stood at its moment: rows for a sheet, read without holding them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, union_all
from sqlmodel import Session

from domain import measures
from domain.actors import Actor
from domain.models import Case, CaseMeasure, CaseMeasurePast
from domain.reporting.asked import Asked
from domain.reporting.numbers import processes_of
from domain.reporting.one_moment import one_moment

if TYPE_CHECKING:
    from domain.reporting.filters import Filters

_CASES: Any = Case.__table__  # type: ignore[attr-defined]
_NOW: Any = CaseMeasure.__table__  # type: ignore[attr-defined]
_PAST: Any = CaseMeasurePast.__table__  # type: ignore[attr-defined]
_COLUMNS = ("process", "area_id", "hazard_code", "opened_at", "state", "ended_at", "result", "disputed", "reopened",
            "rating", "due_at")  # fmt: skip


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case as it stood at the moment of the report; nothing of who reported it, or works on it."""

    number: str
    process: str
    area: str | None
    """Id of its area."""
    hazard: str | None
    opened_at: datetime
    state: str
    ended_at: datetime | None
    result: str | None
    disputed: bool
    reopened: int
    rating: int | None
    due_at: datetime | None


def rows(session: Session, asked: Asked, *, actor: Actor, as_of: datetime) -> Iterator[CaseRow]:
    """Give the cases a report counts, the first opened first; a day's at a time, so that memory stays small."""
    with one_moment(session):
        yield from _rows(session, asked, actor=actor, as_of=as_of)


def _rows(session: Session, asked: Asked, *, actor: Actor, as_of: datetime) -> Iterator[CaseRow]:
    chosen = _chosen(session, asked, actor)
    for ahead in range(asked.days):
        day = asked.from_on + timedelta(days=ahead)
        found = _standing(asked, chosen, measures.day_between(day), as_of).subquery()
        query = select(_CASES.c.number, *(found.c[name] for name in _COLUMNS)).join(
            _CASES, _CASES.c.id == found.c.case_id
        )
        for row in session.execute(query.order_by(found.c.opened_at, _CASES.c.number)):
            number, process, area_id, *rest = row
            yield CaseRow(number, process, str(area_id) if area_id else None, *rest)


def named(session: Session, asked: Asked, *, actor: Actor, as_of: datetime) -> tuple[set[str], set[str]]:
    """Return the areas (ids) and the hazards (codes) of these cases."""
    chosen = _chosen(session, asked, actor)
    found = _standing(asked, chosen, (asked.begins_at, asked.ends_at), as_of).subquery()
    pairs = session.execute(select(found.c.area_id, found.c.hazard_code).distinct()).all()
    return {str(area) for area, _ in pairs if area}, {hazard for _, hazard in pairs if hazard}


def _chosen(session: Session, asked: Asked, actor: Actor) -> Filters:
    from domain.reporting.filters import Filters  # noqa: PLC0415 - numpy, which only reports need

    return Filters(session, asked, actor)


def _standing(asked: Asked, chosen: Filters, between: tuple[datetime, datetime], as_of: datetime) -> Any:  # noqa: ANN401 - a select
    """Return the select of the measures that stood at that moment, of the cases opened between two."""

    def standing(table: Any, *where: Any) -> Any:  # noqa: ANN401 - a table and its conditions, a select
        columns = table.c
        return select(columns.case_id, *(columns[name] for name in _COLUMNS)).where(
            columns.process.in_(processes_of(asked)), columns.opened_at >= between[0], columns.opened_at < between[1],
            columns.from_at <= as_of, *where, *chosen.conditions(columns),
        )  # fmt: skip

    return union_all(standing(_NOW), standing(_PAST, _PAST.c.until_at > as_of))
