"""What plans come to in the days ahead: which slots, whose, and what stands in their way. Plans no task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from domain import people, rulebooks, venue_people
from domain.actors import ROLE_LABELS, Role
from domain.clocks import Calendar
from domain.language import Label, Sentence
from domain.models import ChecklistTemplate, PatrolPlan, PatrolRoster, Person, Venue
from domain.patrols import plans, points, rosters, schedule
from domain.patrols.points import Point
from domain.patrols.schedule import Rule, Slot
from domain.settings import city_zone
from domain.venue_people import Holder

DAYS = 60
NO_HOURS = Sentence("Nobody entered the opening hours: nothing is planned.")
NEVER_CLOSES = Sentence("It never closes: nothing is planned after closing.")
NOBODY_ON = Sentence("Nobody is on duty by the roster; it goes to the post.")
NOBODY_HOLDS = Sentence("Nobody holds the post.")
PROVISIONAL = Sentence("The year's holidays are not published yet; the day may move.")


@dataclass(frozen=True, slots=True)
class Coming:
    """A slot of a plan in the days ahead."""

    plan: PatrolPlan
    name: Label
    slot: Slot
    who: str
    role: Label | None
    """Of a post; None: `who` is one person."""
    is_provisional: bool
    """A day that decided on it is of a year whose notice is not known."""
    troubles: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something about a plan that somebody should settle."""

    plan: PatrolPlan
    name: Label
    says: Sentence


@dataclass(slots=True)
class Preview:
    """The days ahead of a venue's plans."""

    first: date
    days: int
    coming: list[Coming] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def last(self) -> date:
        """Return the last day that was looked at."""
        return self.first + timedelta(days=self.days - 1)

    def by_day(self) -> Mapping[date, list[Coming]]:
        """Return day → what comes on it, for every day."""
        found: dict[date, list[Coming]] = {self.first + timedelta(days=number): [] for number in range(self.days)}
        for one in self.coming:
            found[max(one.slot.day, self.first)].append(one)
        return found


def of_venue(session: Session, venue: Venue, *, at: datetime, days: int = DAYS) -> Preview:
    """Return what the venue's plans come to from today on."""
    return look(session, venue, plans.of_venue(session, venue.id), at=at, days=days)


def look(
    session: Session,
    venue: Venue,
    rows: Sequence[PatrolPlan],
    *,
    at: datetime,
    days: int = DAYS,
    drafted: Mapping[UUID, Sequence[Point]] | None = None,
) -> Preview:
    """Return what these rows of plans come to; `drafted`: points of rows that are not stored."""
    first = people.local_day(at)
    preview = Preview(first, days)
    rows = [row for row in rows if row.until_on is None or row.until_on > first]
    ahead = _Ahead(session, venue, rows, drafted or {}, at)
    done = _last_done(session, rows)
    for row in rows:
        rule = Rule.of_json(row.rule)
        seen: set[str] = set()
        for number in range(days):
            day = first + timedelta(days=number)
            if not _holds(row, day) or not _takes_part(venue, day):
                continue
            days_asked = _Asked(ahead.calendar)
            for slot in schedule.slots(
                rule, day=day, hours=venue.hours, is_working=days_asked.works, zone=ahead.zone, from_on=row.from_on,
                last_done=done.get(row.series_id),
            ):  # fmt: skip
                if slot.slot not in seen:
                    seen.add(slot.slot)
                    preview.coming.append(ahead.coming(row, slot, day, is_provisional=days_asked.is_provisional))
        name = ahead.name_of(row)
        preview.troubles += [Trouble(row, name, says) for says in ahead.troubles(row, rule, preview.last)]
    preview.coming.sort(key=lambda one: (one.slot.starts_at, one.plan.title, one.slot.slot))
    preview.troubles += _vacant(preview.coming)
    return preview


def _last_done(session: Session, rows: Iterable[PatrolPlan]) -> dict[UUID, date]:
    """Return when each series that counts from completion was last carried out; the others have years of tasks."""
    return plans.last_done(session, {row.series_id for row in rows if row.rule.get("every_days")})


def _vacant(coming: Iterable[Coming]) -> Iterator[Trouble]:
    """Yield, once per plan, from which day on nobody holds the post its tasks fall to."""
    told: set[UUID] = set()
    for one in coming:
        if NOBODY_HOLDS in one.troubles and one.plan.id not in told:
            told.add(one.plan.id)
            yield Trouble(one.plan, one.name, Sentence("Nobody holds the post on %(day)s.", day=one.slot.day))


def next_of(session: Session, venue: Venue, row: PatrolPlan, *, at: datetime, days: int = 400) -> Slot | None:
    """Return the next slot of a plan that begins today or later; None: within these days there is none."""
    rule, first = Rule.of_json(row.rule), people.local_day(at)
    is_working = rulebooks.current(session).calendar.works
    done = _last_done(session, [row]).get(row.series_id)
    for number in range(days):
        day = first + timedelta(days=number)
        if _holds(row, day):
            found = schedule.slots(
                rule, day=day, hours=venue.hours, is_working=is_working, zone=city_zone(), from_on=row.from_on,
                last_done=done,
            )  # fmt: skip
            if found:
                return found[0]
    return None


def named(row: PatrolPlan, checklist: ChecklistTemplate | None) -> Label:
    """Return a plan's name in both languages where it is its checklist's."""
    if checklist is not None and row.title == checklist.zh:
        return Label(checklist.zh, checklist.en or checklist.zh)
    return Label(row.title, row.title)


def _holds(row: PatrolPlan, day: date) -> bool:
    return row.from_on <= day and (row.until_on is None or row.until_on > day)


def _takes_part(venue: Venue, day: date) -> bool:
    return venue.is_open(day) and (venue.suspended_on is None or venue.suspended_on > day)


class _Asked:
    """The calendar, and whether one of the days it was asked for is of a year nobody knows yet."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self.is_provisional = False

    def works(self, day: date) -> bool:
        """Return whether it is a working day as far as is known."""
        self.is_provisional = self.is_provisional or not self._calendar.knows(day)
        return self._calendar.works(day)


class _Ahead:
    """What is known of the people, the points and the calendar of some plans."""

    def __init__(
        self,
        session: Session,
        venue: Venue,
        rows: Iterable[PatrolPlan],
        drafted: Mapping[UUID, Sequence[Point]],
        at: datetime,
    ) -> None:
        listed = list(rows)
        self._session, self._venue = session, venue
        self.calendar, self.zone = rulebooks.current(session).calendar, city_zone()
        self._points = {**points.of_plans(session, [row.id for row in listed]), **drafted}
        self._there = points.of_venue(session, venue.id, day=people.local_day(at))
        self._holders = venue_people.of(session, venue.id)
        self._rosters = {row.id: session.get(PatrolRoster, row.roster_id) for row in listed if row.roster_id}
        self._templates = {row.id: session.get(ChecklistTemplate, row.template_id) for row in listed}
        self._named: dict[UUID, Person | None] = {}
        self._wardens: dict[date, list[Person]] = {}

    def name_of(self, row: PatrolPlan) -> Label:
        """Return what the plan is called: by itself, or as its checklist is in both languages."""
        return named(row, self._templates.get(row.id))

    def coming(self, row: PatrolPlan, slot: Slot, day: date, *, is_provisional: bool) -> Coming:
        """Return the slot with whose it is and what stands in its way on `day`."""
        troubles: list[Sentence] = [PROVISIONAL] if is_provisional else []
        gone = [point for point in self._points.get(row.id, ()) if not point.is_there(day)]
        if gone:
            troubles.append(Sentence("%(count)s points are gone by then.", count=len(gone)))
        person = self._person(row, slot, day, troubles)
        if person is not None:
            return Coming(row, self.name_of(row), slot, person.name, None, is_provisional, tuple(troubles))
        role = Role(row.role or Role.MANAGER.value)
        names = self._of_post(role, day)
        if not names:
            troubles.append(NOBODY_HOLDS)
        return Coming(
            row, self.name_of(row), slot, "、".join(names), ROLE_LABELS[role], is_provisional, tuple(troubles)
        )

    def troubles(self, row: PatrolPlan, rule: Rule, last: date) -> list[Sentence]:
        """Return what of a plan as a whole should be settled."""
        found = []
        if rule.window in (schedule.OPENING, schedule.CLOSING) and not self._venue.hours:
            found.append(NO_HOURS)
        elif rule.window == schedule.CLOSING and not self._closes(rule, row):
            found.append(NEVER_CLOSES)
        for point in self._points.get(row.id, ()):
            if point.ended_on is not None and point.ended_on <= last:
                reason = Sentence("%(point)s is there no more from %(day)s on.", point=point.name or point.code,
                                  day=point.ended_on)  # fmt: skip
                found.append(reason)
        if row.who == "person" and row.person_id and (ends := self._leaves(row.person_id, last)):
            name = self._name(row.person_id)
            found.append(Sentence("%(name)s holds no post here after %(day)s.", name=name, day=ends))
        if newer := self._newer(row):
            found.append(Sentence("%(count)s facilities entered since are in no plan.", count=newer))
        template = self._templates.get(row.id)
        if template is not None and template.ended_on is not None and template.ended_on <= last:
            found.append(Sentence("The checklist ends on %(day)s.", day=template.ended_on))
        roster = self._rosters.get(row.id)
        if roster is not None and roster.ended_on is not None and roster.ended_on <= last:
            found.append(Sentence("The roster ends on %(day)s.", day=roster.ended_on))
        return found

    def _newer(self, row: PatrolPlan) -> int:
        """Count the facilities of kinds the plan walks to that came after it and that no plan walks to."""
        kinds = {point.kind for point in self._points.get(row.id, ()) if point.is_facility}
        walked = {point.id for listed in self._points.values() for point in listed}
        return sum(
            point.is_facility and point.kind in kinds and point.from_on > row.from_on and point.id not in walked
            for point in self._there
        )

    def _person(self, row: PatrolPlan, slot: Slot, day: date, troubles: list[Sentence]) -> Person | None:
        if row.who == "person" and row.person_id is not None:
            if any(one.holds_on(day) for one in self._of_person(row.person_id)) or self._is_warden(row.person_id, day):
                return self._get(row.person_id)
            reason = Sentence("%(name)s holds no post here then; it goes to the post.", name=self._name(row.person_id))
            troubles.append(reason)
        if row.who == "roster":
            roster = self._rosters.get(row.id)
            on = rosters.who_is_on(self._session, roster, slot.starts_at, until=slot.due_at) if roster else None
            if on is not None:
                return self._get(on)
            troubles.append(NOBODY_ON)
        return None

    def _of_post(self, role: Role, day: date) -> list[str]:
        if role is Role.WARDEN:
            return [one.name for one in self._wardens_on(day)]
        return [one.person.name for one in self._holders if one.post.role == role.value and one.holds_on(day)]

    def _of_person(self, person_id: UUID) -> list[Holder]:
        return [one for one in self._holders if one.person.id == person_id]

    def _is_warden(self, person_id: UUID, day: date) -> bool:
        return any(one.id == person_id for one in self._wardens_on(day))

    def _wardens_on(self, day: date) -> list[Person]:
        if day not in self._wardens:
            self._wardens[day] = people.in_charge(self._session, Role.WARDEN, self._venue.area_id, day=day)
        return self._wardens[day]

    def _leaves(self, person_id: UUID, last: date) -> date | None:
        """Return the last day of the person's last post here where that is before `last`."""
        held = self._of_person(person_id)
        if not held or self._is_warden(person_id, last) or any(one.holds_on(last) for one in held):
            return None
        return max((one.post.until_on for one in held if one.post.until_on is not None), default=None)

    def _closes(self, rule: Rule, row: PatrolPlan) -> bool:
        week = (row.from_on + timedelta(days=number) for number in range(7))
        asked: Any = self.calendar.works
        return any(
            schedule.slots(rule, day=day, hours=self._venue.hours, is_working=asked, zone=self.zone, from_on=day)
            for day in week
        )

    def _get(self, person_id: UUID) -> Person | None:
        if person_id not in self._named:
            self._named[person_id] = self._session.get(Person, person_id)
        return self._named[person_id]

    def _name(self, person_id: UUID) -> str:
        found = self._get(person_id)
        return found.name if found else ""
