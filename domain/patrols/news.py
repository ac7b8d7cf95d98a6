"""Who is told of patrols that are nearly due or were missed: one message per person and occasion. Sends nothing.

Reminders go to whoever has the task. A missed one stays missed and is told to the venue's manager in the morning; the
area's warden and supervisor hear of it every week, and at once when a venue misses three in a row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import errands, notices, people, quiet_hours
from domain.actors import Role
from domain.errands import Wish
from domain.models import Delegation, PatrolTask, Person, Post
from domain.queries.patrol_news import NOTICE, Occasion
from domain.quiet_hours import QuietHours

IN_A_ROW = 3
"""So many missed one after the other, and the area hears of the venue without waiting for the week."""
LOOKED_BACK = timedelta(days=60)
"""Where a row of missed tasks is looked for; what was missed before was told then."""
OVERSEERS = (Role.WARDEN, Role.SUPERVISOR)
MANAGERS = (Role.MANAGER, Role.OWNER)
MESSAGE = "patrol_message"
"""Kind of the errands that send the messages."""
MOST_NAMED = 3
MOST_KEPT = 50
"""Tasks a message remembers, to be left unsent once none of them is open."""

_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]


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
        self.tasks += 1
        self.venues.add(task.venue_id)
        self.due_at = min(self.due_at or task.due_at, task.due_at)
        self.begins_at = max(self.begins_at or task.starts_at, task.starts_at)
        if len(self.case_ids) < MOST_KEPT:
            self.case_ids.append(task.case_id)


_COLUMNS = (_TASKS.c.case_id, _TASKS.c.venue_id, _TASKS.c.area_id, _TASKS.c.person_id, _TASKS.c.role,
            _TASKS.c.starts_at, _TASKS.c.due_at, _TASKS.c.miss_at)  # fmt: skip


def is_anything_due(session: Session, *, since: datetime, until: datetime) -> bool:
    """Return whether anybody may have to be reminded (a read)."""
    return session.execute(_due(since, until).limit(1)).first() is not None


def reminders(session: Session, *, since: datetime, until: datetime, slot: str) -> list[Letter]:
    """Return who is reminded of tasks whose moment has come after `since` up to `until`, and are not done nor over."""
    letters: dict[UUID, Letter] = {}
    holders = _Holders(session, until)
    rows = session.execute(_due(since, until)).all()
    holders.learn(rows)
    for task in rows:
        for person_id in holders.of(task):
            letters.setdefault(person_id, Letter(person_id, Occasion.DUE, slot)).add(task)
    return list(letters.values())


def _due(since: datetime, until: datetime) -> Any:  # noqa: ANN401 - a select
    tasks = _TASKS.c
    moment = (tasks.outcome == "", tasks.remind_at > since, tasks.remind_at <= until, tasks.due_at > until)
    return select(*_COLUMNS).where(*moment).order_by(tasks.due_at, tasks.case_id)


def missed(session: Session, *, since: datetime, until: datetime, slot: str) -> list[Letter]:
    """Return who hears of what was missed after `since` up to `until`: managers of all, overseers of rows of three."""
    rows = session.execute(_missed(since, until)).all()
    by_venue = _by(rows, lambda task: task.venue_id)
    letters: dict[UUID, Letter] = {}
    day = people.local_day(until)
    managers = _managers(session, by_venue, until)
    for venue_id, tasks in by_venue.items():
        for person_id in managers.get(venue_id, ()):
            letter = letters.setdefault(person_id, Letter(person_id, Occasion.MISSED, slot))
            for task in tasks:
                letter.add(task)
    in_charge = _in_charge(session, day)
    found = list(letters.values())
    for start, tasks in _rows_of_missed(session, by_venue, until):
        for person_id in in_charge(tasks[0].area_id):
            letter = Letter(person_id, Occasion.ROW, str(start))
            for task in tasks:
                letter.add(task)
            found.append(letter)
    return found


def week(session: Session, *, since: datetime, until: datetime, slot: str) -> list[Letter]:
    """Return who hears how much was missed in their areas."""
    letters: dict[UUID, Letter] = {}
    in_charge = _in_charge(session, people.local_day(until))
    for task in session.execute(_missed(since, until)):
        for person_id in in_charge(task.area_id):
            letters.setdefault(person_id, Letter(person_id, Occasion.WEEK, slot)).add(task)
    return list(letters.values())


def _missed(since: datetime, until: datetime) -> Any:  # noqa: ANN401 - a select
    tasks = _TASKS.c
    over = (tasks.outcome == "missed", tasks.miss_at > since, tasks.miss_at <= until)
    return select(*_COLUMNS).where(*over).order_by(tasks.miss_at, tasks.case_id)


def _rows_of_missed(
    session: Session, by_venue: Mapping[UUID, Sequence[Any]], until: datetime
) -> Iterator[tuple[UUID, list[Any]]]:
    """Yield the venues' rows of missed tasks that are long enough, each with the case it begins with."""
    tasks = _TASKS.c
    counted = tasks.outcome.in_(("done", "late", "missed"))
    for batch in _batches(by_venue):
        query = select(*_COLUMNS, tasks.outcome).where(
            tasks.venue_id.in_(batch), counted, tasks.due_at > until - LOOKED_BACK, tasks.miss_at <= until
        )
        ended = session.execute(query.order_by(tasks.due_at.desc(), tasks.case_id.desc())).all()
        for rows in _by(ended, lambda task: task.venue_id).values():
            last = next((place for place, task in enumerate(rows) if task.outcome != "missed"), len(rows))
            if last >= IN_A_ROW:
                # Named by its first: it goes on for weeks and is told once.
                yield rows[last - 1].case_id, list(rows[:last])


class _Holders:
    """Who has which task: a person, or whoever holds its role at the venue or for the area."""

    def __init__(self, session: Session, at: datetime) -> None:
        self._session, self._at, self._day = session, at, people.local_day(at)
        self._of_venues: dict[tuple[UUID, str], tuple[UUID, ...]] = {}
        self._of_areas = _in_charge(session, self._day, (Role.WARDEN,))

    def learn(self, tasks: Iterable[Any]) -> None:
        """Read the posts of every venue with a task that is nobody's in person."""
        venues = {task.venue_id for task in tasks if task.person_id is None and task.role != Role.WARDEN}
        for batch in _batches(venues):
            held = _posts(self._session, batch, (Role.OFFICER, *MANAGERS), self._at)
            for venue_id in batch:
                for role in (Role.OFFICER, *MANAGERS):
                    nearest = (held.get((venue_id, one.value), ()) for one in (role, *MANAGERS))
                    self._of_venues[venue_id, role.value] = next((found for found in nearest if found), ())

    def of(self, task: Any) -> tuple[UUID, ...]:  # noqa: ANN401 - a row
        """Return who has a task; where a post is vacant, the manager or the owner."""
        if task.person_id is not None:
            return (task.person_id,)
        if task.role == Role.WARDEN:
            return self._of_areas(task.area_id)
        return self._of_venues.get((task.venue_id, task.role or Role.MANAGER.value), ())


def _managers(session: Session, venues: Collection[UUID], at: datetime) -> dict[UUID, tuple[UUID, ...]]:
    """Return venue → its managers, or its owners where it has none."""
    found: dict[UUID, tuple[UUID, ...]] = {}
    for batch in _batches(venues):
        held = _posts(session, batch, MANAGERS, at)
        for venue_id in batch:
            nearest = (held.get((venue_id, role.value), ()) for role in MANAGERS)
            found[venue_id] = next((one for one in nearest if one), ())
    return found


def _posts(
    session: Session, venues: Collection[UUID], roles: Collection[Role], at: datetime
) -> dict[tuple[UUID, str], tuple[UUID, ...]]:
    """Return (venue, role) → who answers for it that day: holders, or whoever covers for them."""
    day = people.local_day(at)
    query = select(col(Post.venue_id), col(Post.role), col(Post.person_id)).where(
        col(Post.venue_id).in_(venues), col(Post.role).in_([role.value for role in roles]), *people.valid_on(day)
    )
    found: dict[tuple[UUID, str], list[UUID]] = defaultdict(list)
    for row in session.execute(query.order_by(col(Post.from_on), col(Post.person_id))):
        found[row.venue_id, row.role].append(row.person_id)
    ids = {person for held in found.values() for person in held}
    covered = _covered(session, ids, day)
    for (venue_id, role), held in found.items():
        if covered.intersection(held):
            held[:] = [one.id for one in people.of_venue(session, [Role(role)], venue_id, day=day)]
    return {key: tuple(dict.fromkeys(held)) for key, held in found.items()}


def _covered(session: Session, ids: Collection[UUID], day: date) -> set[UUID]:
    query = select(col(Delegation.from_person_id)).where(col(Delegation.from_person_id).in_(ids), *people.in_force(day))
    return set(session.execute(query).scalars())


def _in_charge(session: Session, day: date, roles: Sequence[Role] = OVERSEERS) -> Callable[[UUID], tuple[UUID, ...]]:
    """Return what says who answers for an area in these roles; an area is asked for once."""
    known: dict[UUID, tuple[UUID, ...]] = {}

    def of(area_id: UUID) -> tuple[UUID, ...]:
        if area_id not in known:
            held = (people.in_charge(session, role, area_id, day=day) for role in roles)
            known[area_id] = tuple(dict.fromkeys(person.id for some in held for person in some))
        return known[area_id]

    return of


def _by(rows: Iterable[Any], key: Callable[[Any], UUID]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def _batches(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    listed = list(ids)
    for start in range(0, len(listed), 500):
        yield listed[start : start + 500]


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
    for batch in _batches(ids):
        query = select(col(Person.id)).where(col(Person.id).in_(batch), col(Person.phone).is_not(None))
        found.update(session.execute(query).scalars())
    return found
