"""What a plan of a venue may be made of: checklists, people, rosters. Offers them, and refuses anything else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import Session, col

from domain import catalogue, people, venue_people
from domain.actors import Role
from domain.cases import FieldRefused
from domain.language import Label, Sentence
from domain.models import Area, ChecklistTemplate, PatrolPlan, PatrolRoster, Person, Venue
from domain.patrols import catalogue_items, rosters, templates
from domain.patrols.catalogue_items import NothingAsked
from domain.workflow import FieldRefusal

OF_CATALOGUE = "catalogue:"
"""Begins the name of a checklist of the catalogue in a form; its frequency follows."""


def is_key_unit(venue: Venue, day: date) -> bool:
    """Return whether the venue is a 消防安全重点单位 on `day`."""
    return venue.key_unit_since is not None and venue.key_unit_since <= day


def frequencies_of(session: Session, venue: Venue, *, day: date) -> tuple[str, ...]:
    """Return the frequencies at which the catalogue has a checklist for the venue, the shortest first."""
    return catalogue_items.frequencies_of(
        templates.venue_type_of(venue), division=templates.division_of(session, venue), day=day,
        is_key_unit=is_key_unit(venue, day),
    )  # fmt: skip


def checklists(session: Session, venue: Venue, *, day: date, kept: UUID | None = None) -> list[tuple[str, Label]]:
    """Return what may be checked at a venue: name in a form, and words; `kept`: that of the plan as it is."""
    own = [(str(row.id), Label(row.zh, row.en or row.zh)) for row in _written(session, venue, day=day, kept=kept)]
    named = catalogue.checklists()[templates.venue_type_of(venue)]
    listed = ((key, catalogue.frequencies()[key]) for key in frequencies_of(session, venue, day=day))
    return [*own, *((OF_CATALOGUE + key, Label(f"{named.zh}·{often.zh}（目录）", f"{named.en}, {often.en} (catalogue)"))
                    for key, often in listed)]  # fmt: skip


def checklist(
    session: Session, venue: Venue, name: str, *, at: datetime, day: date, kept: PatrolPlan | None = None
) -> ChecklistTemplate:
    """Return the checklist of that name in a form; raises `FieldRefused`."""
    if name.startswith(OF_CATALOGUE):
        try:
            return templates.from_catalogue(
                session, templates.venue_type_of(venue), name.removeprefix(OF_CATALOGUE), at=at,
                division=templates.division_of(session, venue), is_key_unit=is_key_unit(venue, day),
            )  # fmt: skip
        except (NothingAsked, KeyError) as nothing:
            raise _refused("checklist", _CHECKLIST) from nothing
    for row in _written(session, venue, day=day, kept=kept.template_id if kept else None):
        if str(row.id) == name:
            return row
    raise _refused("checklist", _CHECKLIST)


_CHECKLIST = Sentence("Choose a checklist for this venue.")


def persons(session: Session, venue: Venue, *, day: date) -> list[Person]:
    """Return who may be given a task of the venue: who holds a post there on `day`, and its area's wardens."""
    held = [one.person for one in venue_people.of(session, venue.id) if one.holds_on(day)]
    wardens = people.in_charge(session, Role.WARDEN, venue.area_id, day=day)
    return list({person.id: person for person in (*held, *wardens)}.values())


def person(session: Session, venue: Venue, name: str | None, *, day: date) -> Person:
    """Return the person a form names by id; raises `FieldRefused`."""
    for one in persons(session, venue, day=day):
        if str(one.id) == name:
            return one
    reason = Sentence("Choose somebody who holds a post at this venue on %(day)s, or its warden.", day=day)
    raise _refused("person", reason)


def roster(session: Session, venue: Venue, name: str | None, *, at: datetime, day: date) -> PatrolRoster:
    """Return the roster a form names by id; raises `FieldRefused`."""
    for one in rosters.of_venue(session, venue.id, day=max(day, people.local_day(at))):
        if str(one.id) == name:
            return one
    raise _refused("roster", Sentence("Choose a roster of this venue."))


def _written(session: Session, venue: Venue, *, day: date, kept: UUID | None) -> Sequence[ChecklistTemplate]:
    """Return the checklists people have written that fit the venue, and the one that is `kept`."""
    path = session.execute(select(col(Area.path)).where(col(Area.id) == venue.area_id)).scalar() or ""
    steps = path.strip("/").split("/")
    above = ["/".join(steps[: length + 1]) + "/" for length in range(len(steps))]
    around = select(col(Area.id)).where(col(Area.path).in_(above))
    here: Any = ChecklistTemplate
    of_city = (
        here.venue_id.is_(None)
        & here.venue_type.in_(("", templates.venue_type_of(venue)))
        & ~here.code.startswith(OF_CATALOGUE)
        & or_(here.area_id.is_(None), here.area_id.in_(around))
    )
    fits = or_(here.venue_id == venue.id, of_city) & or_(here.ended_on.is_(None), here.ended_on > day)
    query = select(ChecklistTemplate).where(or_(fits, here.id == kept) if kept else fits)
    return session.execute(query.order_by(here.venue_id.is_(None), here.zh, here.id)).scalars().all()


def _refused(field: str, reason: Sentence) -> FieldRefused:
    return FieldRefused(FieldRefusal(field, reason))
