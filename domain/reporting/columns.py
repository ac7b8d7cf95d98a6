"""The measured cases of a period as columns of numbers, and what follows for each of them. Decides nothing.

Not imported at the top of anything that every part of the product loads: numpy costs 0.1 s and 20 MB.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlmodel import Session

from domain import measures
from domain.measured_days import CASE_FIELDS, LATE, LEFT_LATE, RESULTS, RUN_FIELDS, RUNNING, Packed, instant
from domain.models import MeasuredDay
from domain.reporting import then
from domain.reporting.figures import RATINGS

CASE: Any = np.dtype(list(CASE_FIELDS))
RUN: Any = np.dtype(list(RUN_FIELDS))
OVERDUE = LEFT_LATE + 1
"""An outcome more: running, and due before the moment of the report."""
OUTCOMES = OVERDUE + 1
SHAPE = (2, 2, len(RESULTS), 2, 2, RATINGS + 1)
"""Closed, overdue, result, disputed, reopened, rating: everything that is counted of a case, as one number."""
SHAPES = int(np.prod(SHAPE))
Mask = NDArray[np.bool_]
Whole = NDArray[np.int64]

_DAYS: Any = MeasuredDay.__table__  # type: ignore[attr-defined]


@dataclass
class Columns:
    """The cases of one process that were opened on some days, as they stood at a moment, and their runs."""

    process: str
    as_of: datetime
    cases: NDArray[Any]
    """Of `CASE`, by day and id."""
    runs: NDArray[Any]
    """Of `RUN`."""
    opened: Whole
    """Of each case: the ordinal of its day."""
    run_case: Whole
    """Of each run: the place of its case."""

    @cached_property
    def shape(self) -> Whole:
        """Return of each case what is counted of it, as one number of `SHAPES`."""
        cases = self.cases
        number = cases["closed"].astype(np.int64)
        number = number * 2 + self.is_overdue
        number = number * len(RESULTS) + cases["result"]
        number = number * 2 + cases["disputed"]
        number = number * 2 + (cases["reopened"] > 0)
        whole: Whole = number * (RATINGS + 1) + cases["rating"]
        return whole

    @cached_property
    def is_overdue(self) -> Mask:
        """Return which cases have a running deadline behind them."""
        overdue: Mask = self.cases["due_at"] < instant(self.as_of)
        return overdue

    @cached_property
    def outcome(self) -> NDArray[np.uint8]:
        """Return of each run what it came to at the moment of the report."""
        runs = self.runs
        overdue = (runs["outcome"] == RUNNING) & (runs["due_at"] < instant(self.as_of))
        outcome: NDArray[np.uint8] = np.where(overdue, OVERDUE, runs["outcome"]).astype(np.uint8)
        return outcome

    @cached_property
    def is_breach(self) -> Mask:
        """Return which runs passed their deadline before they stopped, or by now."""
        breach: Mask = np.isin(self.outcome, (LATE, LEFT_LATE, OVERDUE))
        return breach


def load(session: Session, process: str, *, from_on: date, until_on: date, as_of: datetime) -> Columns:
    """Return the cases opened from one day to another, both included."""
    days = _days(session, process, from_on, until_on, as_of)
    cases = np.frombuffer(b"".join(day.cases for day in days), dtype=CASE)
    runs = np.frombuffer(b"".join(day.runs for day in days), dtype=RUN)
    many = np.array([len(day.cases) // CASE.itemsize for day in days], dtype=np.int64)
    opened = np.repeat(np.array([day.opened_on.toordinal() for day in days], dtype=np.int64), many)
    begins = np.cumsum(many) - many
    run_case = np.repeat(begins, [len(day.runs) // RUN.itemsize for day in days]) + runs["case"]
    return Columns(process, as_of, cases, runs, opened, run_case)


def _days(session: Session, process: str, from_on: date, until_on: date, as_of: datetime) -> list[Packed]:
    """Return the packed days; those that changed after the moment are packed anew from what was true then."""
    stored = _stored(session, process, from_on, until_on)
    changed = [day.opened_on for day in stored if day.changed_at > as_of]
    before = {} if not changed else then.days_then(session, process, changed, as_of)
    days = [day if day.changed_at <= as_of else before.get(day.opened_on) for day in stored]
    return [day for day in days if day is not None]


def _stored(session: Session, process: str, from_on: date, until_on: date) -> list[Packed]:
    days = _DAYS.c
    if session.get_bind().dialect.name != "postgresql":
        query = select(days.opened_on, days.changed_at, days.cases, days.runs)
        query = query.where(days.process == process, days.opened_on.between(from_on, until_on))
        rows = session.execute(query.order_by(days.opened_on))
        return [Packed(process, row.opened_on, row.changed_at, row.cases, row.runs, b"") for row in rows]
    # As bytes and not as their hexadecimal text, which is twice as much to send and to read.
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor(binary=True) as cursor:
        cursor.execute(
            "SELECT opened_on, changed_at, cases, runs FROM measured_day "
            "WHERE process = %s AND opened_on BETWEEN %s AND %s ORDER BY opened_on",
            (process, from_on, until_on),
        )
        return [Packed(process, row[0], row[1], row[2], row[3], b"") for row in cursor]


def ids_of(session: Session, process: str, days: set[date], *, as_of: datetime) -> dict[date, bytes]:
    """Return day → the ids of the cases opened on it, 16 bytes each, in the order of their columns."""
    query = select(_DAYS.c.opened_on, _DAYS.c.changed_at, _DAYS.c.ids)
    found = {}
    for row in session.execute(query.where(_DAYS.c.process == process, _DAYS.c.opened_on.in_(days))):
        if row.changed_at <= as_of:
            found[row.opened_on] = bytes(row.ids)
        else:
            cases, _ = measures.rows_of(session, process, row.opened_on, as_of=as_of)
            found[row.opened_on] = b"".join(case.case_id.bytes for case in cases)
    return found
