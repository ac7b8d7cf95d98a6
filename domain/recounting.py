"""Counts running deadlines anew when the calendar they were counted by has changed; each move is announced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlmodel import Session

from domain import apart, cases, rulebooks
from domain.actors import SYSTEM
from domain.clocks import Deadline
from domain.database import Database
from domain.models import Case, ClockRow
from domain.processes import workflow_of
from domain.rulebook import Rulebook
from domain.timing import Reading
from domain.workflow import TransitionRefused

ERRAND = "recount_deadlines"
BATCH = 100
"""Cases in one transaction: others wait no longer than that for a row."""
EDGE = timedelta(days=31)
"""So far beside its year a notice may name days."""
LATELY = timedelta(days=2)
"""The nightly look goes through what moved since then: one night may be missed."""
LOOKED_AT = 1000
"""Cases read at once; only those with a deadline that moves are written to."""

_CASES: Any = Case.__table__  # type: ignore[attr-defined]
_CLOCKS: Any = ClockRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Move:
    """A deadline that would be another one now."""

    clock: str
    before: Deadline
    after: Deadline


def moves(clocks: dict[str, Any], book: Rulebook) -> list[Move]:
    """Return which running deadlines of a case's clocks `book` counts otherwise; what stands still waits."""
    found = []
    for name, stored in clocks.items():
        reading = Reading.of(stored)
        if not reading.running or reading.is_paused or reading.limit is None:
            continue
        over = [(start, end) for start, end in reading.pauses if end]
        due = book.at(reading.started_at).deadline(reading.limit, pauses=over)
        due = Deadline(max(due.at, reading.started_at + timedelta(microseconds=1)), due.provisional)
        if (due.at, due.provisional) != (reading.due_at, reading.provisional):
            found.append(Move(name, Deadline(reading.due_at, reading.provisional), due))
    return found


def touched(
    session: Session, year: int | None, *, after: UUID | None = None, since: datetime | None = None, most: int = BATCH
) -> list[UUID]:
    """Return cases whose running clocks a year's days may move, by id; None: all that are provisional.

    Those of routine processes end at moments that were planned, which no calendar moves.

    With `since` also those that moved from then on: counted by a process that had not heard of a notice yet, or gone
    on with the deadline of before.
    """
    which = _CLOCKS.c.provisional
    if year is not None:
        first = datetime(year, 1, 1, tzinfo=UTC) - EDGE
        last = datetime(year + 1, 1, 1, tzinfo=UTC) + EDGE
        which = or_(which, and_(_CLOCKS.c.started_at < last, _CLOCKS.c.due_at > first))
    if since is not None:
        which = or_(
            which,
            _CLOCKS.c.case_id.in_(select(_CASES.c.id).where(_CASES.c.changed_at >= since, apart.not_routine(_CASES.c))),
        )
    query = (
        select(_CLOCKS.c.case_id).where(_CLOCKS.c.stopped_at.is_(None), apart.not_routine(_CLOCKS.c), which).distinct()
    )
    if after is not None:
        query = query.where(_CLOCKS.c.case_id > after)
    return list(session.execute(query.order_by(_CLOCKS.c.case_id).limit(most)).scalars())


def count_moves(session: Session, book: Rulebook, year: int, *, most: int) -> tuple[int, bool]:
    """Return how many running deadlines `book` would move among the first `most` cases, and whether there are more."""
    count, seen, after = 0, 0, None
    while ids := touched(session, year, after=after, most=LOOKED_AT):
        if seen >= most:
            return count, True
        count += sum(len(found) for found in _moving(session, ids, book).values())
        seen, after = seen + len(ids), ids[-1]
    return count, False


def _moving(session: Session, ids: Sequence[UUID], book: Rulebook) -> dict[UUID, list[Move]]:
    """Return of these cases those with deadlines that `book` would move, by id (a read; takes no lock)."""
    rows = session.execute(select(_CASES.c.id, _CASES.c.clocks).where(_CASES.c.id.in_(ids)).order_by(_CASES.c.id))
    return {row.id: found for row in rows if (found := moves(row.clocks, book))}


def passes(
    database: Database, year: int | None, *, now: Callable[[], datetime], since: datetime | None = None
) -> Iterator[int]:
    """Count anew batch by batch, each in its own transaction; yield how many deadlines each moved.

    Begun again after a crash it moves what is left: what was counted already is as it should be. `since`: `touched`.
    """
    after: UUID | None = None
    while True:
        with database.read() as session:
            ids = touched(session, year, after=after, since=since, most=LOOKED_AT)
            moving = list(_moving(session, ids, rulebooks.load(session)))
        if not ids:
            return
        yield 0
        for first in range(0, len(moving), BATCH):
            with database.write() as session:
                rulebooks.forget(session)
                moved = sum(recount(session, one, year, at=now()) for one in moving[first : first + BATCH])
            yield moved
        after = ids[-1]


def recount(session: Session, case_id: UUID, year: int | None, *, at: datetime) -> int:
    """Count the running deadlines of one case anew and return how many moved."""
    case = cases.reload(session, case_id)
    if workflow_of(case.process).state(case.state).final:
        return 0
    book, moved = rulebooks.current(session), 0
    for move in moves(case.clocks, book):
        data = {
            "clock": move.clock,
            "year": year or _year(move, book),
            "was_due_at": move.before.at,
            "due_at": move.after.at,
            "provisional": move.after.provisional,
        }
        try:
            cases.fire(session, case, "recalculate", actor=SYSTEM, at=at, data=data)
        except TransitionRefused:  # a process without the step, or the case has ended meanwhile
            return moved
        moved += 1
    return moved


def _year(move: Move, book: Rulebook) -> int:
    """Return the year whose days a deadline waited for."""
    last: date = max(move.before.at, move.after.at).astimezone(book.zone).date()
    return last.year
