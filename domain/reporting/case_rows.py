"""The cases behind a report, as they stood at its moment: rows for a sheet, read without holding them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, union_all
from sqlmodel import Session

from domain.actors import Actor
from domain.models import Case, CaseMeasure, CaseMeasurePast
from domain.reporting.asked import Asked

AT_ONCE = 2_000
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
    """Give the cases a report counts, the first opened first."""
    found = _standing(session, asked, actor, as_of).subquery()
    query = (
        select(_CASES.c.number, *(found.c[name] for name in _COLUMNS))
        .join(_CASES, _CASES.c.id == found.c.case_id)
        .order_by(found.c.opened_at, _CASES.c.number)
        .execution_options(yield_per=AT_ONCE)
    )
    for row in session.execute(query):
        number, process, area_id, *rest = row
        yield CaseRow(number, process, str(area_id) if area_id else None, *rest)


def named(session: Session, asked: Asked, *, actor: Actor, as_of: datetime) -> tuple[set[str], set[str]]:
    """Return the areas (ids) and the hazards (codes) of these cases."""
    found = _standing(session, asked, actor, as_of).subquery()
    pairs = session.execute(select(found.c.area_id, found.c.hazard_code).distinct()).all()
    return {str(area) for area, _ in pairs if area}, {hazard for _, hazard in pairs if hazard}


def _standing(session: Session, asked: Asked, actor: Actor, as_of: datetime) -> Any:  # noqa: ANN401 - a select
    from domain.reporting import filters  # noqa: PLC0415 - numpy, which only reports need

    chosen = filters.Filters(session, asked, actor)

    def standing(table: Any, *where: Any) -> Any:  # noqa: ANN401 - a table and its conditions, a select
        columns = table.c
        wanted = [columns.opened_at >= asked.begins_at, columns.opened_at < asked.ends_at, columns.from_at <= as_of]
        if asked.process:
            wanted.append(columns.process == asked.process)
        listed = (columns.case_id, *(columns[name] for name in _COLUMNS))
        return select(*listed).where(*wanted, *where, *chosen.conditions(columns))

    return union_all(standing(_NOW), standing(_PAST, _PAST.c.until_at > as_of))
