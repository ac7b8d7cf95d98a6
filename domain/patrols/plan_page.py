"""A venue's plans as its page shows them: what holds, what is to come, what ended, and when each comes next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import access, people, register_lock
from domain.actors import ROLE_LABELS, Actor, Role
from domain.language import Label
from domain.models import ChecklistTemplate, PatrolPlan, PatrolRoster, Person, Venue
from domain.patrols import plans, points, preview, rhythm, rosters, suggestions
from domain.patrols.points import Point
from domain.patrols.preview import Preview
from domain.patrols.schedule import Rule, Slot
from domain.patrols.suggestions import Suggestion
from domain.rights import Right


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a plan in words."""

    plan: PatrolPlan
    name: Label
    checklist: Label
    often: Label
    who: Label
    points: tuple[Point, ...]

    def holds_on(self, day: date) -> bool:
        """Return whether it holds on `day`."""
        return self.plan.from_on <= day and (self.plan.until_on is None or self.plan.until_on > day)


@dataclass(frozen=True, slots=True)
class Series:
    """A plan with its rows in time."""

    lines: tuple[Line, ...]
    now: Line
    """The row in force; of a plan to come its first, of one that ended its last."""
    next: Slot | None
    """When it comes next; None: not within the year ahead."""
    has_ended: bool

    @property
    def to_come(self) -> tuple[Line, ...]:
        """Return the rows that hold later than the one in force."""
        return tuple(line for line in self.lines if line.plan.from_on > self.now.plan.from_on)


@dataclass(frozen=True, slots=True)
class RosterLine:
    """A roster and who stands in it."""

    roster: PatrolRoster
    names: tuple[str, ...]
    shifts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class VenuePlans:
    """Everything about the plans of one venue."""

    venue: Venue
    series: tuple[Series, ...]
    ended: tuple[Series, ...]
    suggested: tuple[Suggestion, ...]
    rosters: tuple[RosterLine, ...]
    ahead: Preview
    may_plan: bool


def of_venue(session: Session, venue: Venue, *, actor: Actor, at: datetime) -> VenuePlans:
    """Return the plans of a venue whose patrols the actor may see."""
    day = people.local_day(at)
    ahead = preview.of_venue(session, venue, at=at)
    series = _series(session, venue, plans.of_venue(session, venue.id), ahead, at=at)
    place = access.place_of(session, area_id=None, venue_id=venue.id)
    return VenuePlans(
        venue=venue,
        series=tuple(one for one in series if not one.has_ended),
        ended=tuple(one for one in series if one.has_ended),
        suggested=suggestions.ought_to_have(session, venue, day=day) if venue.closed_on is None else (),
        rosters=_rosters(session, venue, day),
        ahead=ahead,
        may_plan=venue.closed_on is None and access.may(actor, Right.PLAN_PATROLS, place),
    )


def of_series(session: Session, venue: Venue, plan_id: UUID, *, at: datetime) -> tuple[Series, Preview, int]:
    """Return a plan of the venue by any of its rows, what it comes to, and where its record stands."""
    plan = plans.of_its_own(session, venue.id, plan_id)
    rows = plans.rows_of(session, plan.series_id) or [plan]
    ahead = preview.look(session, venue, rows, at=at)
    (series,) = _series(session, venue, rows, ahead, at=at)
    return series, ahead, register_lock.version_of(session, plan.series_id)


def _series(
    session: Session, venue: Venue, rows: Sequence[PatrolPlan], ahead: Preview, *, at: datetime
) -> list[Series]:  # fmt: skip
    day = people.local_day(at)
    lines = _lines(session, rows)
    grouped: dict[UUID, list[Line]] = defaultdict(list)
    for line in lines:
        grouped[line.plan.series_id].append(line)
    soon: dict[UUID, Slot] = {}
    for coming in ahead.coming:
        soon.setdefault(coming.plan.series_id, coming.slot)
    found = []
    for series_id, listed in grouped.items():
        last = listed[-1].plan
        ended = last.until_on is not None and last.until_on <= day
        now = next((line for line in listed if line.holds_on(day)), listed[-1] if ended else listed[0])
        upcoming = soon.get(series_id) or (None if ended else preview.next_of(session, venue, last, at=at))
        found.append(Series(tuple(listed), now, upcoming, ended))
    return found


def _lines(session: Session, rows: Sequence[PatrolPlan]) -> list[Line]:
    walked = points.of_plans(session, [row.id for row in rows])
    template_ids = {row.template_id for row in rows}
    query = select(ChecklistTemplate).where(col(ChecklistTemplate.id).in_(template_ids))
    templates = {one.id: one for one in session.execute(query).scalars()}
    names = _names(session, {row.person_id for row in rows if row.person_id})
    rosters_named = {row.roster_id: session.get(PatrolRoster, row.roster_id) for row in rows if row.roster_id}
    found = []
    for row in rows:
        template, role = templates[row.template_id], ROLE_LABELS[Role(row.role)] if row.role else Label("", "")
        roster = rosters_named.get(row.roster_id) if row.roster_id else None
        who = role
        if row.person_id:
            who = Label(names.get(row.person_id, ""), names.get(row.person_id, ""))
        elif roster:
            who = Label(f"值班表“{roster.name}”", f"by the roster “{roster.name}”")
        words = Label(template.zh, template.en or template.zh)
        found.append(
            Line(
                row, preview.named(row, template), words, rhythm.say(Rule.of_json(row.rule)), who, tuple(walked[row.id])
            )
        )
    return found


def _rosters(session: Session, venue: Venue, day: date) -> tuple[RosterLine, ...]:
    listed = rosters.of_venue(session, venue.id, day=day)
    ids = {UUID(turn["person"]) for roster in listed for turn in roster.turns}
    names = _names(session, ids)
    return tuple(
        RosterLine(
            roster,
            tuple(dict.fromkeys(names.get(UUID(turn["person"]), "") for turn in roster.turns)),
            rosters.shifts_of(roster),
        )
        for roster in listed
    )


def _names(session: Session, ids: set[UUID]) -> dict[UUID, str]:
    query = select(col(Person.id), col(Person.name)).where(col(Person.id).in_(ids))
    return {row[0]: row[1] for row in session.execute(query)} if ids else {}
