"""Plays stories as they would have happened: in order of time, clocks ringing and promises kept on the way.

A story is a generator that yields the moment at which it goes on. What a worker does afterwards (sorting a
report, opening rectifications) happens at that moment; messages are settled as demo history and never sent.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import cases, enrolments, outbox, people, rectifications, reports, sweep
from domain.actors import ANY_APPLICANT, Actor, Role
from domain.demo import pictures, roster
from domain.models import Case, ClockRow, Outbox, Person
from domain.photos import Photo
from domain.processes import WORKFLOWS
from domain.processes.enrolment_forms import Application
from domain.settings import city_zone

WORKER = "demo load"
OUTCOME = {"demo": "history"}
"""What the outbox says of a message that belongs to the invented past."""
LEASE = timedelta(minutes=1)

Story = Callable[["Stage"], Iterator[datetime]]

_CARRIED_OUT: dict[str, Callable[[Session, Outbox, datetime], object]] = {
    "triage_report": lambda session, row, at: reports.triage(session, row.case_id, at=at),
    "open_rectifications": lambda session, row, at: rectifications.open_from_finding(
        session, row.case_id, row.seq, at=at
    ),
    "tell_parent": lambda session, row, at: rectifications.tell_parent(session, row.case_id, at=at),
}


def origin_key(report: int) -> str:
    """Return the origin key of the demo's nth report, by which a later load knows that they are there."""
    return f"demo:{report}"


class StoryOutOfTime(ValueError):
    """A story wants to go on in the future or in what has been played already."""


class Stage:
    """The demo city at one moment of its past; stories act on it."""

    def __init__(self, session: Session, *, at: datetime, drawn: Mapping[str, Photo]) -> None:
        self.session = session
        self.now = self.end = at
        self._drawn = drawn
        self._actors: dict[str, Actor] = {}
        self._reports = 0
        keys = {person.phone: person.key for person in roster.people()}
        rows = session.execute(select(Person).where(col(Person.phone).in_(keys))).scalars()
        self._people: dict[str, Person] = {keys[row.phone]: row for row in rows if row.phone}

    def play(self, stories: tuple[Story, ...]) -> None:
        """Play every story to its end, interleaved by time, and then the clocks up to the end."""
        waiting: list[tuple[datetime, int, Iterator[datetime]]] = []
        for number, story in enumerate(stories):
            running = story(self)
            waiting.append((next(running), number, running))
        heapq.heapify(waiting)
        self.now = waiting[0][0]
        while waiting:
            moment, number, running = heapq.heappop(waiting)
            if not self.now <= moment <= self.end:
                raise StoryOutOfTime(f"story {number} at {moment.isoformat()}")
            self._ring_until(moment)
            self.now = moment
            following = next(running, None)
            self._keep_promises()
            if following is not None:
                heapq.heappush(waiting, (following, number, running))
        self._ring_until(self.end)
        self.now = self.end

    # Moments

    def days_ago(self, days: int, clock: str) -> datetime:
        """Return the moment so many days before the end, at that time of the city's day ("13:58")."""
        return datetime.combine(self.day(-days), time.fromisoformat(clock), city_zone()).astimezone(self.end.tzinfo)

    def minutes_ago(self, minutes: int) -> datetime:
        """Return the moment so many minutes before the end."""
        return self.end - timedelta(minutes=minutes)

    def day(self, offset: int) -> date:
        """Return the city's day so many days after the end (negative: before)."""
        return people.local_day(self.end) + timedelta(days=offset)

    # What stories do

    def report(
        self, text: str, *, by: str = "", channel: str = "web", photos: tuple[str, ...] = (), **intake: str
    ) -> UUID:
        """Open a report, by somebody unnamed or by a handler at the telephone; `venue` is a name."""
        venue = intake.pop("venue", None)
        filled = reports.Intake(
            description=text,
            venue_code=roster.venue_code(venue) if venue else None,
            photos=self.pictures(photos),
            **intake,
        )
        actor = self.actor(by) if by else Actor(frozenset({Role.REPORTER}))
        self._reports += 1
        opened = reports.open_report(
            self.session,
            filled,
            actor=actor,
            at=self.now,
            channel=channel,
            origin_key=origin_key(self._reports),
        )
        return opened.case.id

    def apply(self, name: str, address: str, *, by: str = "", **said: object) -> UUID:
        """Apply for the code of a place, by its owner or by a colleague who enters it for them."""
        application = Application.model_validate({"name": name, "address": address, **said})
        actor, channel = (self.actor(by), enrolments.VISIT) if by else (ANY_APPLICANT, enrolments.WEB)
        key = f"demo:apply:{name}"
        opened = enrolments.open_application(
            self.session, application, actor=actor, at=self.now, channel=channel, origin_key=key
        )
        return opened.case.id

    def step(self, case_id: UUID, name: str, *, by: str, photos: tuple[str, ...] = (), **data: object) -> None:
        """Fire a transition; `by` is a key of the roster, "reporter" or "applicant"."""
        case = cases.by_id(self.session, case_id)
        holders = {"reporter": reports.reporter_of, "applicant": enrolments.applicant_of}
        actor = holders[by](case) if by in holders else self.actor(by)
        if photos:
            data["photos"] = self.pictures(photos)
        cases.fire(self.session, case, name, actor=actor, at=self.now, data=data)

    def check(self, case_id: UUID, *, by: str, venue: str) -> None:
        """Arrive on site by scanning the code at the door."""
        self.step(case_id, "start_check", by=by, venue_code=roster.venue_code(venue))

    def rectifications(self, report_id: UUID) -> list[UUID]:
        """Return the rectifications a report has led to, oldest first."""
        query = select(Case).where(col(Case.parent_id) == report_id).order_by(col(Case.id))
        return [case.id for case in self.session.execute(query).scalars()]

    def is_assigned(self, case_id: UUID, key: str) -> bool:
        """Return whether a case is that person's."""
        return self.person_id(key) in cases.by_id(self.session, case_id).assignees

    def number(self, case_id: UUID) -> str:
        """Return the number people know a case by."""
        return cases.by_id(self.session, case_id).number

    def person_id(self, key: str) -> UUID:
        """Return the id of somebody of the roster."""
        return self._people[key].id

    def actor(self, key: str) -> Actor:
        """Return somebody of the roster with the roles they hold."""
        if key not in self._actors:
            self._actors[key] = people.actor_of(self.session, self._people[key], at=self.now)
        return self._actors[key]

    def pictures(self, names: Iterable[str]) -> list[UUID]:
        """Take these pictures once more and return the ids forms name them by."""
        return [pictures.record(self.session, self._drawn[name], at=self.now) for name in names]

    # What the worker does

    def _keep_promises(self) -> None:
        if not self.session.info.pop("promised", False):
            return  # nothing to ask four times over, hundreds of times
        for process in WORKFLOWS:
            while rows := outbox.claim(self.session, process, worker=WORKER, at=self.now, lease=LEASE):
                for row in rows:
                    if row.effect in _CARRIED_OUT:
                        _CARRIED_OUT[row.effect](self.session, row, self.now)
                    outbox.settle(self.session, row, worker=WORKER, at=self.now, outcome=OUTCOME)

    def _ring_until(self, moment: datetime) -> None:
        next_at = col(ClockRow.next_at)
        first = select(ClockRow).where(next_at <= moment).order_by(next_at).limit(1)
        while (row := self.session.execute(first.execution_options(populate_existing=True)).scalar()) is not None:
            self.now = row.next_at or moment
            sweep.ring(self.session, row.case_id, row.name, at=self.now)
            self._keep_promises()
