"""Clocks that have come due: warns, escalates and closes, each level of each clock once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, tuple_, update
from sqlmodel import Session, col

from domain import cases, timing
from domain.actors import SYSTEM
from domain.models import Case, ClockRow
from domain.processes import workflow_of
from domain.workflow import TransitionRefused


def due(session: Session, process: str, *, at: datetime) -> bool:
    """Return whether any clock of the process waits (a read; takes no lock)."""
    return session.execute(select(ClockRow.case_id).where(*_free(process, at)).limit(1)).first() is not None  # type: ignore[call-overload]


def _free(process: str, at: datetime) -> tuple[Any, ...]:
    table: Any = ClockRow.__table__  # type: ignore[attr-defined]
    return (
        table.c.process == process,
        table.c.next_at <= at,
        or_(table.c.leased_until.is_(None), table.c.leased_until <= at),
    )


def claim(
    session: Session, process: str, *, worker: str, at: datetime, lease: timedelta, most: int = 200
) -> list[tuple[UUID, str]]:
    """Take up to `most` due clocks for `worker`, most urgent first, and return their (case, name); one statement."""
    table: Any = ClockRow.__table__  # type: ignore[attr-defined]
    chosen = select(table.c.case_id, table.c.name).where(*_free(process, at)).order_by(table.c.next_at).limit(most)
    if session.get_bind().dialect.name == "postgresql":
        # Chosen and locked once: as a plain subquery the planner may run it again for each row.
        chosen = chosen.with_for_update(skip_locked=True)
    due = chosen.cte("due").prefix_with("MATERIALIZED", dialect="postgresql")
    mine = tuple_(table.c.case_id, table.c.name).in_(select(due.c.case_id, due.c.name))
    taken = update(table).where(mine).values(leased_by=worker, leased_until=at + lease)
    rows = session.execute(taken.returning(table.c.case_id, table.c.name, table.c.next_at)).all()
    return [(row.case_id, row.name) for row in sorted(rows, key=lambda row: row.next_at)]


def ring(session: Session, case_id: UUID, name: str, *, at: datetime) -> str | None:
    """Do what a due clock asks for and return the transition it fired, or None when there was nothing to do.

    Ringing twice is harmless: the level stands on the case, under its version.
    """
    case = cases.reload(session, case_id)
    workflow = workflow_of(case.process)
    clock = next(clock for clock in workflow.clocks if clock.name == name)
    reading = timing.Reading.of(case.clocks[name])
    moment = timing.next_moment(clock, reading)
    if moment is None or moment > at:
        _unlease(session, case_id, name, moment)
        return None
    # What is over already is not near any more: after a standstill nobody is warned of the past.
    warns = reading.level == 0 and clock.warn_at is not None and at < reading.due_at
    level = timing.WARNED if warns else max(reading.level + 1, timing.BREACHED)
    fired = {timing.WARNED: clock.on_warn, timing.BREACHED: clock.on_breach}.get(level, clock.on_handed_up)
    notice = {"clock": name, "level": level - 1, "due_at": reading.due_at}
    try:
        cases.fire(session, case, fired, actor=SYSTEM, at=at, data=notice, tick=(name, level))
    except TransitionRefused:
        _unlease(session, case_id, name, None)
        raise
    _note(session, case_id, name, level, warns=warns, at=at)
    return fired


def ring_together(session: Session, case_ids: Collection[UUID], name: str, *, at: datetime) -> set[UUID]:
    """Do what a due timer asks for at many cases of one process at once; return those whose clock needs no `ring` more.

    For processes with tens of thousands of cases whose time comes at midnight; it comes to what `ring` does for each.
    """
    query = select(Case).where(col(Case.id).in_(case_ids)).order_by(col(Case.id))
    held = query.with_for_update().execution_options(populate_existing=True)
    listed = list(session.execute(held).scalars())
    clock = next(one for one in workflow_of(listed[0].process).clocks if one.name == name) if listed else None
    if clock is None or clock.kind != "timer":
        return set()
    due_at = {}
    for case in listed:
        reading = timing.Reading.of(case.clocks[name])
        moment = timing.next_moment(clock, reading)
        if moment is not None and moment <= at and reading.level == 0:
            due_at[case.id] = reading.due_at
    rung = cases.fire_together(
        session, [case for case in listed if case.id in due_at], clock.on_breach, at=at, tick=(name, timing.BREACHED),
        data=lambda case: {"clock": name, "level": timing.BREACHED - 1, "due_at": due_at[case.id]},
    )  # fmt: skip
    table: Any = ClockRow.__table__  # type: ignore[attr-defined]
    here = table.c.case_id.in_(rung) & (table.c.name == name)
    session.execute(update(table).where(here).values(breached_at=at))
    return rung


def _note(session: Session, case_id: UUID, name: str, level: int, *, warns: bool, at: datetime) -> None:
    table: Any = ClockRow.__table__  # type: ignore[attr-defined]
    here = (table.c.case_id == case_id) & (table.c.name == name)
    if warns:
        session.execute(update(table).where(here).values(warned_at=at))
    elif level == timing.BREACHED:
        session.execute(update(table).where(here).values(breached_at=at))


def _unlease(session: Session, case_id: UUID, name: str, moment: datetime | None) -> None:
    table: Any = ClockRow.__table__  # type: ignore[attr-defined]
    here = (table.c.case_id == case_id) & (table.c.name == name)
    session.execute(update(table).where(here).values(leased_by=None, leased_until=None, next_at=moment))
