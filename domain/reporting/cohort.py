"""The cases a report is about: those opened in its period, and the breaches in it of those opened before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, union_all
from sqlmodel import Session

from domain.models import CaseMeasure, CaseMeasurePast, StageMeasure, StageMeasurePast
from domain.reporting import columns, tally
from domain.reporting.asked import Asked
from domain.reporting.filters import Filters
from domain.reporting.tally import Part

CASES: Any = CaseMeasure.__table__  # type: ignore[attr-defined]
CASES_PAST: Any = CaseMeasurePast.__table__  # type: ignore[attr-defined]
STAGES: Any = StageMeasure.__table__  # type: ignore[attr-defined]
STAGES_PAST: Any = StageMeasurePast.__table__  # type: ignore[attr-defined]


def part(session: Session, chosen: Filters, process: str, asked: Asked, *, as_of: datetime) -> Part:
    """Return the cases of a process that were opened in the period and count."""
    loaded = columns.load(session, process, from_on=asked.from_on, until_on=asked.until_on, as_of=as_of)
    stages = tally.stages_of(process, chosen.names["stage"])
    return Part(loaded, chosen.mask(loaded), stages, chosen.names["state"])


Earlier = dict[str, dict[str, int]]
"""Process → stage → breaches of the period by cases opened before it."""


def earlier(session: Session, chosen: Filters, processes: Sequence[str], asked: Asked, *, as_of: datetime) -> Earlier:
    """Return the breaches of the period by cases opened before it."""
    found = breaches_before(chosen, processes, asked, as_of=as_of).subquery()
    query = select(found.c.process, found.c.stage, func.count()).group_by(found.c.process, found.c.stage)
    counts: Earlier = {process: {} for process in processes}
    for process, stage, count in session.execute(query).tuples():
        counts[process][stage] = count
    return counts


def breaches_before(
    chosen: Filters, processes: Sequence[str], asked: Asked, *, as_of: datetime, stage: str | None = None
) -> Any:  # noqa: ANN401 - a select
    """Return the select of the runs that fell due unmet within the period, of cases opened before it."""
    return union_all(
        *(
            select(runs.c.process, runs.c.case_id, runs.c.stage, cases.c.opened_at)
            .join(cases, cases.c.case_id == runs.c.case_id)
            .where(*stood(runs, as_of), *stood(cases, as_of), *_fell_due(runs, processes, asked, as_of))
            .where(*chosen.conditions(cases.c), *([runs.c.stage == stage] if stage else []))
            for runs in (STAGES, STAGES_PAST)
            for cases in (CASES, CASES_PAST)
        )
    )


def stood(table: Any, as_of: datetime) -> list[ColumnElement[bool]]:  # noqa: ANN401 - a table of measures
    """Return the conditions that leave the rows of a table that were true at a moment."""
    found = [table.c.from_at <= as_of]
    return [*found, table.c.until_at > as_of] if "until_at" in table.c else found


def _fell_due(runs: Any, processes: Sequence[str], asked: Asked, as_of: datetime) -> list[ColumnElement[bool]]:  # noqa: ANN401 - a table
    running = and_(runs.c.stopped_at.is_(None), runs.c.due_at < as_of, runs.c.paused.is_(False))
    done_late = and_(runs.c.fulfilled.is_(True), runs.c.stopped_at > runs.c.due_at)
    left_late = and_(runs.c.fulfilled.is_(False), runs.c.stopped_at >= runs.c.due_at)
    return [
        runs.c.process.in_(processes),
        runs.c.opened_at < asked.begins_at,
        runs.c.due_at > asked.begins_at,  # at midnight is at 24:00 of the day before
        runs.c.due_at <= asked.ends_at,
        or_(runs.c.stopped_at.is_(None), runs.c.stopped_at >= runs.c.due_at),  # as the index has it
        or_(running, done_late, left_late),
    ]
