"""Which tasks a city day asks for, read from plans, checklists, posts and the calendar. Writes nothing.

The answer is a function of the register and the day: whoever asks, in whatever order or shards, gets the same tasks.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import Session, col

from domain import people, rulebooks
from domain.actors import Role
from domain.models import (
    Area,
    ChecklistTemplate,
    Facility,
    KeyPart,
    PatrolPlan,
    PatrolPlanPoint,
    PatrolRoster,
    PatrolTask,
    Venue,
)
from domain.patrols import rosters, schedule, templates
from domain.patrols.schedule import Rule, Slot
from domain.patrols.serving import Serving
from domain.settings import city_zone

Areas = Collection[UUID] | None
"""Ids of areas; None: the whole city."""
BY_HOURS = frozenset({schedule.OPENING, schedule.CLOSING})
DONE = ("done", "late")

_AREAS: Any = Area.__table__  # type: ignore[attr-defined]
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]
_PLANS: Any = PatrolPlan.__table__  # type: ignore[attr-defined]
_POINTS: Any = PatrolPlanPoint.__table__  # type: ignore[attr-defined]
_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]
_TEMPLATES: Any = ChecklistTemplate.__table__  # type: ignore[attr-defined]
_FACILITIES: Any = Facility.__table__  # type: ignore[attr-defined]
_PARTS: Any = KeyPart.__table__  # type: ignore[attr-defined]

_RULES: dict[str, Rule] = {}
"""By their digest, which is what they are: never stale."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """Whose a task is: a person's, or everybody's who holds `role` at the venue."""

    person_id: UUID | None
    role: str | None
    vacant: bool = False
    """Nobody was on duty, or whoever was named holds no post any more."""


@dataclass(slots=True)
class Wanted:
    """One task of a day."""

    plan: Any
    """Row of `patrol_plan` with its checklist's name."""
    venue: Any
    slot: Slot
    rule: Rule
    miss_at: datetime
    version_id: UUID
    carrier: Carrier
    points: int
    again: int = 0
    """How many tasks of its slot were set aside before (`replanning`): the next one has another id."""

    @property
    def key(self) -> tuple[UUID, str]:
        """Return what it is of its series: planned twice, it is planned once."""
        return self.plan.series_id, self.slot.slot

    @property
    def ends_at(self) -> datetime:
        """Return until when it can still be carried out: rounds until closing, a visit until it counts as missed."""
        return self.slot.due_at if self.rule.kind == schedule.ROUNDS else self.miss_at


def of_day(session: Session, day: date, *, areas: Areas = None) -> list[Wanted]:
    """Return every task of `day` in these areas, by venue, plan and time."""
    venues = {row.id: row for row in session.execute(_open_venues(day, areas))}
    plans = session.execute(_plans_in_force(day, areas)).all() if venues else []
    if not plans:
        return []
    rules = rules_of(session, {row.rule_key: row.id for row in plans})
    versions = templates.versions_on(session, {row.template_id for row in plans}, day)
    points = dict(session.execute(_point_counts(day, areas)).tuples().all())
    carriers = _Carriers(session, plans, day)
    times = _Times(session, day, plans)
    found = []
    for plan in plans:
        version_id = versions.get(plan.template_id)
        if version_id is None:
            continue  # a checklist whose first version is still to come asks nothing yet
        venue, rule = venues[plan.venue_id], rules[plan.rule_key]
        grace = timedelta(minutes=plan.grace_minutes)
        found += [
            Wanted(plan, venue, slot, rule, slot.due_at + grace, version_id, carriers.of(plan, venue, slot),
                   points.get(plan.id, 0))
            for slot in times.slots(plan, rule, venue)
        ]  # fmt: skip
    return found


def at_once(session: Session, plan_id: UUID, slot: Slot) -> Wanted | None:
    """Return the task a plan asks for now, whatever its rule says; None: the plan, its checklist or its venue rests."""
    day, plans = slot.day, _PLANS.c
    plan = session.execute(_plans_in_force(day, None).where(plans.id == plan_id)).first()
    version_id = templates.versions_on(session, {plan.template_id}, day).get(plan.template_id) if plan else None
    if plan is None or version_id is None:
        return None
    venue = session.execute(_open_venues(day, None).where(_VENUES.c.id == plan.venue_id)).one()
    counted = dict(session.execute(_point_counts(day, None).where(plans.id == plan_id)).tuples().all())
    rule = rules_of(session, {plan.rule_key: plan.id})[plan.rule_key]
    miss_at = slot.due_at + timedelta(minutes=plan.grace_minutes)
    carrier = _Carriers(session, [plan], day).of(plan, venue, slot)
    return Wanted(plan, venue, slot, rule, miss_at, version_id, carrier, counted.get(plan.id, 0))


def in_areas(areas: Areas) -> tuple[ColumnElement[bool], ...]:
    """Return the condition on `venue` that leaves those of the areas."""
    return () if areas is None else (_VENUES.c.area_id.in_(list(areas)),)


def open_on(day: date) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on `venue` that leave what is there and not suspended on a day."""
    venues = _VENUES.c
    return (
        venues.opened_on <= day,
        or_(venues.closed_on.is_(None), venues.closed_on > day),
        or_(venues.suspended_on.is_(None), venues.suspended_on > day),
    )


def in_force(day: date) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on `patrol_plan` and its checklist that leave what holds on a day."""
    plans, checklists = _PLANS.c, _TEMPLATES.c
    return (
        plans.from_on <= day,
        or_(plans.until_on.is_(None), plans.until_on > day),
        or_(checklists.ended_on.is_(None), checklists.ended_on > day),
    )


def _open_venues(day: date, areas: Areas) -> Any:  # noqa: ANN401 - a select
    venues = _VENUES.c
    return (
        select(venues.id, venues.area_id, venues.name, venues.industry, venues.hours, _AREAS.c.path)
        .join(_AREAS, _AREAS.c.id == venues.area_id)
        .where(*in_areas(areas), *open_on(day))
    )


def _plans_in_force(day: date, areas: Areas) -> Any:  # noqa: ANN401 - a select
    plans = _PLANS.c
    return (
        select(plans.id, plans.series_id, plans.venue_id, plans.template_id, plans.title, plans.kind, plans.rule_key,
               plans.who, plans.person_id, plans.role, plans.roster_id, plans.is_late_allowed, plans.grace_minutes,
               plans.from_on, plans.campaign_id, _TEMPLATES.c.zh.label("checklist"))
        .join(_VENUES, _VENUES.c.id == plans.venue_id)
        .join(_TEMPLATES, _TEMPLATES.c.id == plans.template_id)
        .where(*in_areas(areas), *open_on(day), *in_force(day))
        .order_by(plans.venue_id, plans.id)
    )  # fmt: skip


def _point_counts(day: date, areas: Areas) -> Any:  # noqa: ANN401 - a select
    """Count the points of each plan that are there on the day: a hydrant taken down is walked to no more."""
    facilities, parts = _FACILITIES.c, _PARTS.c
    gone = or_(facilities.ended_on <= day, parts.ended_on <= day)
    return (
        select(_POINTS.c.plan_id, func.count())
        .join(_PLANS, _PLANS.c.id == _POINTS.c.plan_id)
        .join(_VENUES, _VENUES.c.id == _PLANS.c.venue_id)
        .outerjoin(_FACILITIES, facilities.id == _POINTS.c.facility_id)
        .outerjoin(_PARTS, parts.id == _POINTS.c.key_part_id)
        .where(*in_areas(areas), _PLANS.c.from_on <= day, or_(_PLANS.c.until_on.is_(None), _PLANS.c.until_on > day))
        .where(func.coalesce(gone, False).is_(False))
        .group_by(_POINTS.c.plan_id)
    )


def rules_of(session: Session, examples: Mapping[str, UUID]) -> Mapping[str, Rule]:
    """Return rules by their digest, these among them; `examples` names a plan that has each."""
    unknown = [plan_id for key, plan_id in examples.items() if key not in _RULES]
    for batch in _batches(unknown):
        rows = session.execute(select(_PLANS.c.rule_key, _PLANS.c.rule).where(_PLANS.c.id.in_(batch)))
        _RULES.update({row.rule_key: Rule.of_json(row.rule) for row in rows})
    return _RULES


def _batches(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    listed = list(ids)
    for start in range(0, len(listed), 500):
        yield listed[start : start + 500]


class _Times:
    """The slots of plans on one day; plans alike at venues alike are looked at once."""

    def __init__(self, session: Session, day: date, plans: Collection[Any]) -> None:
        self._slots = partial(
            schedule.slots, day=day, is_working=rulebooks.current(session).calendar.works, zone=city_zone()
        )
        self._day = day
        self._alike: dict[tuple[str, str], tuple[Slot, ...]] = {}
        rolling = [row.series_id for row in plans if _RULES[row.rule_key].every_days is not None]
        self._last_done, self._open = _progress(session, rolling)

    def slots(self, plan: Any, rule: Rule, venue: Any) -> tuple[Slot, ...]:  # noqa: ANN401 - rows
        """Return what of a plan begins on the day."""
        if rule.every_days is not None:
            if plan.series_id in self._open:
                return ()
            return self._slots(
                rule, hours=venue.hours, from_on=plan.from_on, last_done=self._last_done.get(plan.series_id)
            )
        hours = json.dumps(venue.hours) if rule.window in BY_HOURS else ""
        key = (plan.rule_key, hours)
        if key not in self._alike:
            self._alike[key] = self._slots(rule, hours=venue.hours, from_on=self._day)
        return self._alike[key]


def _progress(session: Session, series: Collection[UUID]) -> tuple[dict[UUID, date], set[UUID]]:
    """Return series → the day it was last carried out, and the series with a task that is still open."""
    done: dict[UUID, date] = {}
    still_open: set[UUID] = set()
    for batch in _batches(series):
        rows = session.execute(
            select(_TASKS.c.series_id, _TASKS.c.outcome, func.max(_TASKS.c.done_at).label("done_at"))
            .where(_TASKS.c.series_id.in_(batch), _TASKS.c.outcome.in_(("", *DONE)))
            .group_by(_TASKS.c.series_id, _TASKS.c.outcome)
        )
        for row in rows:
            if row.outcome == "":
                still_open.add(row.series_id)
            elif row.done_at is not None:
                day = people.local_day(row.done_at)
                done[row.series_id] = max(day, done.get(row.series_id, day))
    return done, still_open


class _Carriers:
    """Whose the tasks of plans are on one day."""

    def __init__(self, session: Session, plans: Collection[Any], day: date) -> None:
        self._rosters = _rosters(session, {row.roster_id for row in plans if row.roster_id})
        on_turn = {UUID(turn["person"]) for roster in self._rosters.values() for turn in roster.turns}
        named = {row.person_id for row in plans if row.person_id}
        self._serving = Serving(session, named | on_turn, day=day)
        self._alike: dict[tuple[UUID | None, str | None, bool], Carrier] = {}

    def of(self, plan: Any, venue: Any, slot: Slot) -> Carrier:  # noqa: ANN401 - rows
        """Return whose a slot is: where nobody is on duty, of who holds the plan's role, or of the manager."""
        if plan.who == "post":
            return self._shared(None, plan.role)
        if plan.who == "roster":
            person_id = self._on_duty(plan, venue, slot)
        else:
            person_id = plan.person_id if self._serving.at(plan.person_id, venue.id, path=venue.path) else None
        if person_id is None:
            return self._shared(None, plan.role or Role.MANAGER.value, vacant=True)
        return self._shared(person_id, None)

    def _on_duty(self, plan: Any, venue: Any, slot: Slot) -> UUID | None:  # noqa: ANN401 - rows
        roster = self._rosters.get(plan.roster_id)
        listed = rosters.on_duty(roster, slot.starts_at, until=slot.due_at, zone=city_zone()) if roster else ()
        return next((person for person in listed if self._serving.at(person, venue.id, path=venue.path)), None)

    def _shared(self, person_id: UUID | None, role: str | None, *, vacant: bool = False) -> Carrier:
        key = (person_id, role, vacant)
        if key not in self._alike:
            self._alike[key] = Carrier(person_id, role, vacant)
        return self._alike[key]


def _rosters(session: Session, ids: Collection[UUID]) -> dict[UUID, PatrolRoster]:
    found: dict[UUID, PatrolRoster] = {}
    for batch in _batches(ids):
        rows = session.execute(select(PatrolRoster).where(col(PatrolRoster.id).in_(batch))).scalars()
        found.update((row.id, row) for row in rows)
    return found
