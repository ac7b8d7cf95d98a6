"""Checks the deadlines that cases carry against their timelines: states, moments, limits given, and the calendar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import audit, calendar_years, history, rulebooks
from domain.audit import Breach
from domain.clocks import Calendar, Deadline, Limit, Pause
from domain.language import Sentence
from domain.models import CalendarYear, Case, TimelineEntry
from domain.processes import workflow_of
from domain.rulebook import EVERYBODY_KNOWS_AFTER, Rulebook, Rules
from domain.timing import Reading

WAITED_AT_MOST = timedelta(minutes=1)
"""A statement lasts no longer, and a writer's turn comes sooner."""


class Recount:
    """Counts deadlines as they had to be counted at a moment: with the calendar as it was known then."""

    def __init__(self, session: Session) -> None:
        """Read the rules once."""
        self.book = rulebooks.load(session)
        every = session.execute(select(CalendarYear).order_by(col(CalendarYear.year))).scalars().all()
        self._edges = sorted({row.imported_at for row in every} | {row.replaced_at for row in every if row.replaced_at})
        self._every = every
        self._known: dict[int, Rulebook] = {}

    def known_at(self, at: datetime) -> Rulebook:
        """Return the rules with the calendar of a moment; the first that was kept holds from ever on."""
        number = max(sum(1 for edge in self._edges if edge <= at), 1)
        if number not in self._known:
            edge = self._edges[number - 1] if self._edges else at
            self._known[number] = self._with(calendar_years.calendar_of(_holding(self._every, edge)))
        return self._known[number]

    def _with(self, calendar: Calendar) -> Rulebook:
        return Rulebook(calendar, self.book.zone, self.book.region, self.book.own, self.book.conventions)

    def count(
        self, start: datetime, limit: Limit, pauses: Sequence[Pause], at: datetime, *, late: timedelta = timedelta(0)
    ) -> Deadline:
        """Return when a limit is over (`history.Counting`), for who hears of a new year so much later, or sooner."""
        return Rules(self.known_at(at - late), start).deadline(limit, pauses=pauses)


def _holding(rows: Sequence[CalendarYear], at: datetime) -> list[CalendarYear]:
    return [row for row in rows if row.imported_at <= at and (row.replaced_at is None or row.replaced_at > at)]


def verify(session: Session) -> Iterator[Breach]:
    """Yield every case whose clocks are not what its timeline makes of them."""
    recount = Recount(session)
    for case, timeline in audit.cases_with_timelines(session):
        if breach := differs(case, timeline, recount):
            yield breach


def differs(case: Case, timeline: Sequence[TimelineEntry], recount: Recount) -> Breach | None:
    """Return where the clocks of a case differ from its timeline; None where they agree, or it tells of none.

    A process that had not heard of a new year when it counted is right by what it knew: a moment earlier. One that
    waited for its turn to write says when it was asked, and counted with what was known when its turn came.
    """
    if not history.tells(timeline):
        return None
    for late in (timedelta(0), EVERYBODY_KNOWS_AFTER, -WAITED_AT_MOST):
        counted = standing(case, timeline, recount, late=late)
        wrong = next((name for name in {*counted, *case.clocks} if not _agrees(case, name, counted.get(name))), None)
        if wrong is None:
            return None
    return Breach(f"{case.number} {wrong}", Sentence("The deadline is not what the timeline makes of it."))


def standing(
    case: Case, timeline: Sequence[TimelineEntry], recount: Recount, *, late: timedelta = timedelta(0)
) -> dict[str, Reading]:
    """Return the clocks of a case as they follow from its timeline."""
    counting = partial(recount.count, late=late)
    every = list(history.replay(workflow_of(case.process), timeline, counting=counting))
    return {name: runs[-1] for name, runs in every[-1].clocks.items()} if every else {}


def _agrees(case: Case, name: str, counted: Reading | None) -> bool:
    if counted is None or name not in case.clocks:
        return False
    return Reading.of(case.clocks[name]) == counted


def of_case(session: Session, case_id: UUID) -> dict[str, Reading]:
    """Return the clocks of one case as they follow from its timeline."""
    case = session.get_one(Case, case_id)
    query = select(TimelineEntry).where(col(TimelineEntry.case_id) == case_id).order_by(col(TimelineEntry.seq))
    return standing(case, session.execute(query).scalars().all(), Recount(session))
