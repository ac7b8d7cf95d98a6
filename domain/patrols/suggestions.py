"""Which plans a venue of its type ought to have, by the catalogue; and taking them over at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import Session, col

from domain import access, catalogue, people, venue_people
from domain.actors import Actor
from domain.catalogue import Frequency
from domain.identifiers import new_id
from domain.language import Label
from domain.models import ChecklistTemplate, PatrolPlan, Venue
from domain.patrols import catalogue_items, offered, plans, points, schedule, templates
from domain.patrols.items import Item
from domain.patrols.plan_forms import MOST_POINTS, Carrier, PatrolRole, PlanFacts
from domain.patrols.points import Point
from domain.patrols.rhythm import DaysOff, Rhythm
from domain.register_forms import YesNo
from domain.rights import Right
from domain.venue_register import held_open

_CARRIERS = (PatrolRole.OFFICER, PatrolRole.MANAGER, PatrolRole.OWNER)
"""Who carries patrols out where nobody says otherwise: the first of these posts that is held."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A plan the venue ought to have and has not."""

    frequency: Frequency
    items: tuple[Item, ...]
    is_optional: bool
    """The law leaves it to the venue (机关、团体、企业、事业单位消防安全管理规定 第二十五条)."""

    @property
    def basis(self) -> tuple[Label, ...]:
        """Return where the frequency comes from."""
        listed = self.frequency.basis.split("; ") if self.frequency.basis != "-" else []
        return tuple(catalogue.short_citation(citation) for citation in listed)


def ought_to_have(session: Session, venue: Venue, *, day: date) -> tuple[Suggestion, ...]:
    """Return the plans of the catalogue's that the venue has not, the shortest interval first.

    A plan counts whose checklist is for this type of venue and that frequency, also one the venue has written itself.
    What an event starts nobody can plan.
    """
    kind = templates.venue_type_of(venue)
    division, is_key = templates.division_of(session, venue), offered.is_key_unit(venue, day)
    there = _planned(session, venue, kind, day)
    return tuple(
        Suggestion(
            catalogue.frequencies()[key],
            catalogue_items.draw(kind, key, division=division, day=day, is_key_unit=is_key).items,
            catalogue_items.is_optional(kind, key, is_key_unit=is_key),
        )
        for key in offered.frequencies_of(session, venue, day=day)
        if key not in there and schedule.default_for(key).window != schedule.EVENT
    )


def adopt(
    session: Session, venue_id: UUID, *, actor: Actor, at: datetime, frequencies: Collection[str] | None = None
) -> list[PatrolPlan]:
    """Enter the suggested plans of these frequencies (None: all the law asks for) and return them; again: none.

    They hold from tomorrow, are the officers' (without any the manager's, else the responsible person's), and walk to
    what their checklist asks about: key parts on rounds and daily checks, facilities where an item is about them.
    """
    access.require(session, actor, Right.PLAN_PATROLS, venue_id=venue_id)
    venue = held_open(session, venue_id)
    tomorrow = people.local_day(at) + timedelta(days=1)
    role = _carrier(session, venue, tomorrow)
    there = points.of_venue(session, venue.id, day=tomorrow)
    made = []
    for suggestion in ought_to_have(session, venue, day=tomorrow):
        key = suggestion.frequency.key
        if suggestion.is_optional if frequencies is None else key not in frequencies:
            continue
        walked = _walked(suggestion, there)
        facts = PlanFacts(
            checklist=offered.OF_CATALOGUE + key, rhythm=Rhythm.USUAL, roll=DaysOff.NONE, who=Carrier.POST,
            role=role, is_late_allowed=YesNo.YES, points=[point.code for point in walked[:MOST_POINTS]],
        )  # fmt: skip
        drawn = plans.draft(session, venue, facts, at=at, day=tomorrow)
        plan_id = new_id()
        made.append(
            plans.insert(session, drawn, actor=actor, at=at, from_on=tomorrow, id=plan_id, series_id=plan_id)
        )  # fmt: skip
    return made


def _planned(session: Session, venue: Venue, kind: str, day: date) -> set[str]:
    """Return the frequencies of which the venue has a plan that holds on `day` or begins later."""
    query = (
        select(col(ChecklistTemplate.frequency))
        .join(PatrolPlan, col(PatrolPlan.template_id) == col(ChecklistTemplate.id))
        .where(
            col(PatrolPlan.venue_id) == venue.id,
            col(PatrolPlan.campaign_id).is_(None),
            col(ChecklistTemplate.venue_type) == kind,
            or_(col(PatrolPlan.until_on).is_(None), col(PatrolPlan.until_on) > day),
            or_(col(PatrolPlan.until_on).is_(None), col(PatrolPlan.until_on) > col(PatrolPlan.from_on)),
        )
    )
    return set(session.execute(query).scalars())


def _carrier(session: Session, venue: Venue, day: date) -> PatrolRole:
    held = {one.post.role for one in venue_people.of(session, venue.id) if one.holds_on(day)}
    return next((role for role in _CARRIERS if role.value in held), PatrolRole.OFFICER)


def _walked(suggestion: Suggestion, there: Sequence[Point]) -> list[Point]:
    rule = schedule.default_for(suggestion.frequency.key)
    daily = rule.kind == schedule.ROUNDS or rule.window in (schedule.DAY, schedule.SHIFT)
    asked = [item for item in suggestion.items if item.per == "point"]
    kinds = {kind for item in asked for kind in item.facility_kinds}
    every = any(not item.facility_kinds for item in asked)
    return [
        point for point in there if ((every or point.kind in kinds) if point.is_facility else daily or every)
    ]  # fmt: skip
