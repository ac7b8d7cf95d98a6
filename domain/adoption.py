"""Takes over cases of an older product, whose entries keep nothing of what followed: one more says how they stand.

Reports and checks read timelines alone (`domain.history`). Entries are chained and stay as they are, so what a case
carried when the product became newer is written down once, by a step of the system, and holds from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from domain import apart, cases, history, measures, rulebooks
from domain.database import Database
from domain.models import Case, TimelineEntry
from domain.processes import workflow_of
from domain.rulebook import Rulebook
from domain.timing import Reading
from domain.workflow import Clock

BATCH = 50
"""Cases in one transaction: others wait no longer than that for a row."""
LOOKED_AT = 1000
Place = tuple[datetime, UUID]
"""(opened at, id): where among the cases, the oldest first."""


def passes(database: Database, *, now: Callable[[], datetime]) -> Iterator[int]:
    """Take over every case of before, batch by batch, each in its own transaction; yield how many each had.

    Begun again after a crash it goes on with those that are left.
    """
    after: Place | None = None
    while True:
        with database.read() as session:
            ids, after = _next(session, after)
        for first in range(0, len(ids), BATCH):
            with database.write() as session:
                taken = sum(take_over(session, one, at=now()) for one in ids[first : first + BATCH])
            yield taken
        if after is None:
            break
    with database.write() as session:
        measures.begin_anew(session)  # the cases keep the moment at which something last happened to them


def _next(session: Session, after: Place | None) -> tuple[list[UUID], Place | None]:
    """Return those of the next cases whose entries tell nothing, and where the last one looked at is; None: all were.

    Routine cases are none of before: their entries always told what followed.
    """
    later = aliased(TimelineEntry)
    taken = exists().where(col(later.case_id) == Case.id, col(later.transition) == cases.ADOPT)
    opened_at, case_id = col(Case.opened_at), col(Case.id)
    query = (
        select(opened_at, case_id, col(TimelineEntry.decided))
        .join(TimelineEntry, (col(TimelineEntry.case_id) == case_id) & (col(TimelineEntry.seq) == 1))
        .where(apart.not_routine(Case), ~taken)
    )
    if after is not None:
        beyond = (opened_at > after[0]) | (case_id > after[1])
        query = query.where(opened_at >= after[0], beyond)
    rows = session.execute(query.order_by(opened_at, case_id).limit(LOOKED_AT)).all()
    ids = [row.id for row in rows if not row.decided]
    return ids, (rows[-1].opened_at, rows[-1].id) if len(rows) == LOOKED_AT else None


def take_over(session: Session, case_id: UUID, *, at: datetime) -> bool:
    """Write down how a case of before stands; False where its timeline tells that already."""
    case = cases.reload(session, case_id)
    query = select(TimelineEntry).where(col(TimelineEntry.case_id) == case_id).order_by(col(TimelineEntry.seq))
    entries = session.execute(query).scalars().all()
    if history.tells(entries):
        return False
    book = rulebooks.current(session)
    clocks = {
        clock.name: _as_it_stands(clock, Reading.of(case.clocks[clock.name]), case, entries, book)
        for clock in workflow_of(case.process).clocks
        if clock.name in case.clocks
    }
    cases.adopt(session, case, clocks, at=at)
    return True


def _as_it_stands(
    clock: Clock, reading: Reading, case: Case, entries: Sequence[TimelineEntry], book: Rulebook
) -> Reading:
    """Return a clock with its deadline as it is, and with what was not kept of it so far.

    A limit is named only where it leads to that very deadline: nothing is made up, and nothing moves.
    """
    known = reading
    if reading.limit is None:
        rules = book.at(reading.started_at)
        limit = clock.limit(replace(cases.snapshot(case), rules=rules))
        due_at = max(rules.deadline(limit).at, reading.started_at + timedelta(microseconds=1)) if limit else None
        known = replace(known, limit=limit if due_at == reading.due_at else None)
    if known.stopped_at and known.fulfilled is None:
        ends = {state.name for state in clock.fulfilled_in}
        stopping = next((entry for entry in entries if entry.at == known.stopped_at), None)
        known = replace(known, fulfilled=stopping is not None and stopping.target in ends)
    return known
