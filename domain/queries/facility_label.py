"""What stands behind the code on a label: a facility or a key part, where it is, and at which venue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import access, catalogue, facilities, people
from domain.actors import Actor
from domain.language import Label
from domain.models import Building, Facility, Floor, KeyPart, Person, Venue
from domain.queries import record_words
from domain.queries.record_words import Page
from domain.queries.venue_page import spot_words


@dataclass(frozen=True, slots=True)
class FacilityLabel:
    """What anybody may know who stands in front of it."""

    id: UUID
    code: str
    venue: Venue
    kind: Label
    name: str
    """Its number, or the key part's name."""
    where: Label
    location: str
    is_key_part: bool
    ended_on: date | None
    question: str
    """The key of the public question under which it is reported."""

    @property
    def can_be_reported(self) -> bool:
        """Return whether it and its venue are still there."""
        return self.ended_on is None and self.venue.closed_on is None

    @property
    def said(self) -> Label:
        """Return how a report names it: 灭火器 MH-007（主楼 3 层，楼梯口）."""
        place = [part for part in (self.where.zh, self.location) if part]
        place_en = [part for part in (self.where.en, self.location) if part]
        zh = f"{self.kind.zh} {self.name}".strip() + (f"（{'，'.join(place)}）" if place else "")
        en = f"{self.kind.en} {self.name}".strip() + (f" ({', '.join(place_en)})" if place_en else "")
        return Label(zh, en)


@dataclass(frozen=True, slots=True)
class Inside:
    """What staff see besides who may know of the venue."""

    responsible: str | None
    model: str
    maker: str
    made_on: date | None
    installed_on: date | None
    expires_on: date | None
    history: Page


def label(session: Session, code: str) -> FacilityLabel:
    """Return what has this code; raises `facilities.UnknownFacility`."""
    return _label(session, facilities.by_code(session, code))


def _label(session: Session, found: Facility | KeyPart) -> FacilityLabel:
    venue = session.get(Venue, found.venue_id)
    if venue is None:
        raise facilities.UnknownFacility(found.code)
    building = session.get(Building, found.building_id) if found.building_id else None
    floor = session.get(Floor, found.floor_id) if found.floor_id else None
    kinds = catalogue.key_part_kinds() if isinstance(found, KeyPart) else catalogue.facility_kinds()
    kind = kinds.get(found.kind)
    group = getattr(kind, "group", "")
    question = "fire_lane" if found.kind == "fire_lane" else "escape" if group == "escape" else "equipment"
    return FacilityLabel(
        id=found.id,
        code=found.code,
        venue=venue,
        kind=Label(kind.zh, kind.en) if kind else Label(found.kind, found.kind),
        name=found.name if isinstance(found, KeyPart) else found.number,
        where=spot_words(building.name if building else None, floor.number if floor else None),
        location=found.location,
        is_key_part=isinstance(found, KeyPart),
        ended_on=found.ended_on,
        question="other" if isinstance(found, KeyPart) else question,
    )


def inside(session: Session, code: str, *, actor: Actor, cursor: str | None = None) -> Inside | None:
    """Return what staff see of it; None for whom the venue is out of reach."""
    found = facilities.by_code(session, code)
    known = select(col(Venue.id)).where(col(Venue.id) == found.venue_id, access.venues_visible(actor))
    if session.execute(known).first() is None:
        return None
    person = session.get(Person, found.responsible_id) if found.responsible_id else None
    facility = found if isinstance(found, Facility) else None
    return Inside(
        responsible=person.name if person else None,
        model=facility.model if facility else "",
        maker=facility.maker if facility else "",
        made_on=facility.made_on if facility else None,
        installed_on=facility.installed_on if facility else None,
        expires_on=facility.expires_on if facility else None,
        history=record_words.of_subjects(session, [found.id], cursor=cursor),
    )


def reported(session: Session, code: str, venue_code: str, *, at: datetime) -> FacilityLabel | None:
    """Return what a report at that venue is about when it was begun from a label; None when it is not that venue's."""
    try:
        found = label(session, code)
    except facilities.UnknownFacility:
        return None
    is_there = found.venue.is_open(people.local_day(at)) and found.can_be_reported
    return found if is_there and found.venue.code == venue_code else None
