"""What a list shows beside a case's own columns: its nearest clock, possible doubles, messages that are held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session

from domain import timing
from domain.models import Case, Outbox
from domain.processes import workflow_of
from domain.processes.hazard_report import HAZARD_REPORT, OPEN
from domain.reports import SIMILAR_WITHIN

_CASES: Any = Case.__table__  # type: ignore[attr-defined]
_PROMISES: Any = Outbox.__table__  # type: ignore[attr-defined]
_OTHERS: Any = aliased(_CASES, name="others")


@dataclass(frozen=True, slots=True)
class Marks:
    """Of one case: the nearest deadline is provisional, has warned; so many other reports may be the same.

    `held`: so many of its messages wait for a person.
    """

    provisional: bool = False
    warned: bool = False
    similar: int = 0
    held: int = 0


def marks(session: Session, ids: Iterable[UUID], *, at: datetime) -> Mapping[UUID, Marks]:
    """Return the marks of each of these cases."""
    wanted = list(ids)
    rows = session.execute(
        select(_CASES.c.id, _CASES.c.process, _CASES.c.due_at, _CASES.c.clocks).where(_CASES.c.id.in_(wanted))
    ).all()
    doubles = _doubles(session, wanted, at)
    held = _held(session, wanted)
    return {row.id: _marks(row, similar=doubles.get(row.id, 0), held=held.get(row.id, 0)) for row in rows}


def _held(session: Session, ids: list[UUID]) -> dict[UUID, int]:
    query = (
        select(_PROMISES.c.case_id, func.count())
        .where(_PROMISES.c.case_id.in_(ids), _PROMISES.c.state == "held")
        .group_by(_PROMISES.c.case_id)
    )
    return {row.case_id: int(row[1]) for row in session.execute(query)}


def _marks(row: Any, *, similar: int, held: int) -> Marks:  # noqa: ANN401 - a row
    names = {clock.name for clock in workflow_of(row.process).clocks if clock.kind != "timer"}
    readings = [timing.Reading.of(stored) for name, stored in row.clocks.items() if name in names]
    nearest = [reading for reading in readings if reading.running and reading.due_at == row.due_at]
    return Marks(
        provisional=any(reading.provisional for reading in nearest),
        warned=any(reading.level >= timing.WARNED for reading in nearest),
        similar=similar,
        held=held,
    )


def _doubles(session: Session, ids: list[UUID], at: datetime) -> dict[UUID, int]:
    """Count, as `reports.similar` does: the same premises, an open report of the last 72 h, the same family."""
    open_states = [state.name for state in OPEN]
    family = func.substr(_CASES.c.hazard_code, 1, 4)
    query = (
        select(_CASES.c.id, func.count())
        .join(
            _OTHERS,
            and_(
                _OTHERS.c.venue_id == _CASES.c.venue_id,
                _OTHERS.c.id != _CASES.c.id,
                _OTHERS.c.process == HAZARD_REPORT.name,
                _OTHERS.c.state.in_(open_states),
                _OTHERS.c.opened_at >= at - SIMILAR_WITHIN,
                func.substr(_OTHERS.c.hazard_code, 1, 4) == family,
            ),
        )
        .where(_CASES.c.id.in_(ids), _CASES.c.process == HAZARD_REPORT.name, _CASES.c.state.in_(open_states))
        .group_by(_CASES.c.id)
    )
    return {row.id: int(row[1]) for row in session.execute(query)}
