"""The cases a report is about: those opened in its period, and the breaches in it of those opened before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, union_all
from sqlmodel import Session

from domain.models import CaseMeasure, CaseMeasurePast, StageMeasure, StageMeasurePast
from domain.reporting import columns, tally
from domain.reporting.asked import Asked
from domain.reporting.figures import ProcessFigures
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


def figures(session: Session, chosen: Filters, counted: Part, asked: Asked) -> ProcessFigures:
    """Return the figures of a part as the whole of its period."""
    found = breaches_before(chosen, counted.process, asked, as_of=counted.columns.as_of).subquery()
    query = select(found.c.stage, func.count()).group_by(found.c.stage)
    earlier: dict[str, int] = dict(session.execute(query).tuples().all())
    return tally.whole(counted, ends_at=asked.ends_at, earlier=earlier)


def breaches_before(chosen: Filters, process: str, asked: Asked, *, as_of: datetime, stage: str | None = None) -> Any:  # noqa: ANN401 - a select
    """Return the select of the runs that fell due unmet within the period, of cases opened before it."""
    return union_all(
        *(
            select(runs.c.case_id, runs.c.stage, runs.c.run, cases.c.opened_at)
            .join(cases, cases.c.case_id == runs.c.case_id)
            .where(*stood(runs, as_of), *stood(cases, as_of), *_fell_due(runs, process, asked, as_of))
            .where(*chosen.conditions(cases.c), *([runs.c.stage == stage] if stage else []))
            for runs in (STAGES, STAGES_PAST)
            for cases in (CASES, CASES_PAST)
        )
    )


def stood(table: Any, as_of: datetime) -> list[ColumnElement[bool]]:  # noqa: ANN401 - a table of measures
    """Return the conditions that leave the rows of a table that were true at a moment."""
    found = [table.c.from_at <= as_of]
    return [*found, table.c.until_at > as_of] if "until_at" in table.c else found


def _fell_due(runs: Any, process: str, asked: Asked, as_of: datetime) -> list[ColumnElement[bool]]:  # noqa: ANN401 - a table
    running = and_(runs.c.stopped_at.is_(None), runs.c.due_at < as_of, runs.c.paused.is_(False))
    done_late = and_(runs.c.fulfilled.is_(True), runs.c.stopped_at > runs.c.due_at)
    left_late = and_(runs.c.fulfilled.is_(False), runs.c.stopped_at >= runs.c.due_at)
    return [
        runs.c.process == process,
        runs.c.opened_at < asked.begins_at,
        runs.c.due_at >= asked.begins_at,
        runs.c.due_at < asked.ends_at,
        or_(runs.c.stopped_at.is_(None), runs.c.stopped_at >= runs.c.due_at),  # as the index has it
        or_(running, done_late, left_late),
    ]
