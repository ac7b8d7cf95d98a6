"""Who is told of patrols that are nearly due or were missed: one message per person and occasion. Sends nothing.

Reminders go to whoever has the task. A missed one stays missed and is told to the venue's manager in the morning; the
area's warden and supervisor hear of it every week, and in the morning of venues that have missed three in a row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, takewhile
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from domain import errands, notices, people, quiet_hours
from domain.errands import Wish
from domain.models import Case, ClockRow, PatrolTask, Person
from domain.patrols import holders
from domain.patrols.schedule import ROUNDS
from domain.processes.patrol_task import PATROL_TASK, UNDER_WAY
from domain.queries.patrol_news import NOTICE, Occasion
from domain.quiet_hours import QuietHours

IN_A_ROW = 3
"""So many missed one after the other, and the area hears of the venue without waiting for the week."""
LOOKED_BACK = timedelta(days=60)
"""Where a row of missed tasks is looked for; what was missed before was told then."""
MOST_LOOKED_AT = 100
"""Newest tasks of a venue, of which a row is made: more than three days have."""
MESSAGE = "patrol_message"
"""Kind of the errands that send the messages."""
MOST_NAMED = 3
MOST_KEPT = 50
"""Tasks a message remembers, to be left unsent once none of them is open."""

_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]
_CASES: Any = Case.__table__  # type: ignore[attr-defined]
_CLOCKS: Any = ClockRow.__table__  # type: ignore[attr-defined]


@dataclass(slots=True)
class Letter:
    """What one person is told on one occasion."""

    person_id: UUID
    occasion: Occasion
    slot: str
    """Which time of the occasion it is: told again under the same, nobody hears it twice."""
    tasks: int = 0
    venues: set[UUID] = field(default_factory=set)
    due_at: datetime | None = None
    """The nearest end of what is reminded of."""
    begins_at: datetime | None = None
    """The latest beginning of what is reminded of."""
    case_ids: list[UUID] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Return what makes it exist once."""
        return f"patrols:{self.occasion.value}:{self.slot}:{self.person_id}"

    def add(self, task: Any) -> None:  # noqa: ANN401 - a row
        """Count one more task."""
        self.count(1, task.venue_id)
        self.due_at = min(self.due_at or task.due_at, task.due_at)
        self.begins_at = max(self.begins_at or task.starts_at, task.starts_at)
        if len(self.case_ids) < MOST_KEPT:
            self.case_ids.append(task.case_id)

    def count(self, tasks: int, venue_id: UUID) -> None:
        """Count so many more tasks of a venue that are over."""
        self.tasks += tasks
        self.venues.add(venue_id)


def is_anything_due(session: Session, *, since: datetime, until: datetime) -> bool:
    """Return whether anybody may have to be reminded (a read)."""
    return session.execute(_due(since, until).limit(1)).first() is not None


def reminders(session: Session, *, since: datetime, until: datetime, slot: str) -> list[Letter]:
    """Return who is reminded of tasks whose moment has come after `since` up to `until`, and are not done nor over."""
    letters: dict[UUID, Letter] = {}
    having = holders.Holders(session, until)
    rows = session.execute(_due(since, until)).all()
    having.learn(rows)
    for task in rows:
        for person_id in having.of(task):
            letters.setdefault(person_id, Letter(person_id, Occasion.DUE, slot)).add(task)
    return list(letters.values())


def _due(since: datetime, until: datetime) -> Any:  # noqa: ANN401 - a select
    tasks = _TASKS.c
    moment = (tasks.outcome == "", tasks.remind_at > since, tasks.remind_at <= until, tasks.due_at > until)
    columns = (tasks.case_id, tasks.venue_id, tasks.area_id, tasks.person_id, tasks.role, tasks.starts_at, tasks.due_at)
    query = select(*columns).join(_CASES, _CASES.c.id == tasks.case_id)
    # Whoever walks their rounds knows of them; a visit somebody began may still be forgotten half-way.
    asleep = or_(tasks.kind != ROUNDS, _CASES.c.state != UNDER_WAY.name)
    return query.where(*moment, asleep).order_by(tasks.due_at, tasks.case_id)


def is_all_counted(session: Session, *, until: datetime) -> bool:
    """Return whether everything that was missed up to `until` is known as missed: no clock waits, no rounds do."""
    tasks, clocks = _TASKS.c, _CLOCKS.c
    ringing = select(clocks.case_id).where(clocks.process == PATROL_TASK.name, clocks.next_at <= until)
    rounds = select(tasks.case_id).where(tasks.outcome == "", tasks.kind == ROUNDS, tasks.miss_at <= until)
    return all(session.execute(query.limit(1)).first() is None for query in (ringing, rounds))


def missed(session: Session, *, since: datetime, until: datetime, slot: str) -> list[Letter]:
    """Return who hears of what was missed after `since` up to `until`: managers of all, overseers of rows of three."""
    rows = session.execute(_missed(since, until)).all()
    letters: dict[tuple[Occasion, UUID], Letter] = {}

    def count(occasion: Occasion, person_ids: Collection[UUID], tasks: int, venue_id: UUID) -> None:
        for person_id in person_ids:
            letter = letters.setdefault((occasion, person_id), Letter(person_id, occasion, slot))
            letter.count(tasks, venue_id)

    managers = holders.managers(session, [row.venue_id for row in rows], until)
    for row in rows:
        count(Occasion.MISSED, managers.get(row.venue_id, ()), row.tasks, row.venue_id)
    in_charge = holders.in_charge(session, people.local_day(until))
    areas = {row.venue_id: row.area_id for row in rows}
    for venue_id, tasks in _rows_of_missed(session, areas, since, until):
        count(Occasion.ROW, in_charge(areas[venue_id]), tasks, venue_id)
    return list(letters.values())


def week(session: Session, *, since: datetime, until: datetime, slot: str) -> list[Letter]:
    """Return who hears how much was missed in their areas."""
    letters: dict[UUID, Letter] = {}
    in_charge = holders.in_charge(session, people.local_day(until))
    for row in session.execute(_missed(since, until)):
        for person_id in in_charge(row.area_id):
            letters.setdefault(person_id, Letter(person_id, Occasion.WEEK, slot)).count(row.tasks, row.venue_id)
    return list(letters.values())


def _missed(since: datetime, until: datetime) -> Any:  # noqa: ANN401 - a select
    """Count what was missed by venue: a bad week has half a million tasks, and sixty thousand venues."""
    tasks = _TASKS.c
    over = (tasks.outcome == "missed", tasks.miss_at > since, tasks.miss_at <= until)
    query = select(tasks.venue_id, tasks.area_id, func.count().label("tasks")).where(*over)
    return query.group_by(tasks.venue_id, tasks.area_id).order_by(tasks.venue_id, tasks.area_id)


def _rows_of_missed(
    session: Session, venues: Collection[UUID], since: datetime, until: datetime
) -> Iterator[tuple[UUID, int]]:
    """Yield the venues whose row of missed tasks has become long enough after `since`, with how long it is now.

    Only then: it goes on for weeks and is told once.
    """
    tasks = _TASKS.c
    for batch in holders.batches(venues):
        newest = func.row_number().over(
            partition_by=tasks.venue_id, order_by=(tasks.due_at.desc(), tasks.case_id.desc())
        )
        listed = select(tasks.venue_id, tasks.outcome, tasks.miss_at, newest.label("place")).where(
            tasks.venue_id.in_(batch), tasks.outcome.in_(("done", "late", "missed")),
            tasks.due_at > until - LOOKED_BACK, tasks.miss_at <= until,
        ).subquery()  # fmt: skip
        query = select(listed).where(listed.c.place <= MOST_LOOKED_AT).order_by(listed.c.venue_id, listed.c.place)
        for venue_id, ended in groupby(session.execute(query), key=lambda task: task.venue_id):
            row = list(takewhile(lambda task: task.outcome == "missed", ended))
            if len(row) >= IN_A_ROW > sum(task.miss_at <= since for task in row):
                yield venue_id, len(row)


def are_any_open(session: Session, case_ids: Collection[UUID]) -> bool:
    """Return whether any of these tasks is still to be done."""
    query = select(_TASKS.c.case_id).where(_TASKS.c.outcome == "", _TASKS.c.case_id.in_(list(case_ids)))
    return session.execute(query.limit(1)).first() is not None


def post(session: Session, letters: Sequence[Letter], *, at: datetime) -> int:
    """Put letters into people's notices and promise their messages; return how many were told anew.

    Told again under the same key, nobody hears it twice.
    """
    told = notices.note_many(
        session, ((letter.person_id, letter.key, _notice(letter)) for letter in letters), kind=NOTICE, at=at
    )
    quiet = quiet_hours.current(session)
    reachable = _with_phone(session, {letter.person_id for letter in letters})
    wishes = []
    for letter in letters:
        send_at = _send_at(letter, at, quiet)
        if send_at is not None and letter.person_id in reachable:
            wishes.append(Wish(f"{MESSAGE}:{letter.key}", _message(letter), send_at))
    errands.promise_many(session, MESSAGE, wishes, at=at)
    return told


def _notice(letter: Letter) -> dict[str, Any]:
    return {"occasion": letter.occasion.value, "tasks": letter.tasks, "venues": len(letter.venues)}


def _message(letter: Letter) -> dict[str, Any]:
    named = sorted(str(venue) for venue in letter.venues)[:MOST_NAMED]
    return {
        **_notice(letter), "person": str(letter.person_id), "named": named,
        "due_at": letter.due_at.isoformat() if letter.due_at else None,
        "cases": [str(case_id) for case_id in letter.case_ids] if letter.occasion is Occasion.DUE else [],
    }  # fmt: skip


def _send_at(letter: Letter, at: datetime, quiet: QuietHours) -> datetime | None:
    """Return when the message goes out, after the quiet hours; None: it would come too late, the notice has to do.

    Whoever has a patrol that begins in the quiet hours is up, and is reminded in them.
    """
    over_at = quiet.over_at(at)
    if over_at is None or letter.occasion is not Occasion.DUE or letter.due_at is None or letter.begins_at is None:
        return over_at or at
    if over_at < letter.due_at:
        return over_at
    return at if quiet.over_at(letter.begins_at) else None


def _with_phone(session: Session, ids: Collection[UUID]) -> set[UUID]:
    found: set[UUID] = set()
    for batch in holders.batches(ids):
        query = select(col(Person.id)).where(col(Person.id).in_(batch), col(Person.phone).is_not(None))
        found.update(session.execute(query).scalars())
    return found
