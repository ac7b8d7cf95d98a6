"""A venue as its staff page shows it, to somebody who may know of it; and what its forms offer to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import Session, col

from domain import access, buildings, catalogue, documents_register, people, venue_people, venue_register
from domain.access import OutOfReach
from domain.actors import Actor, Place, Role
from domain.buildings import Spot
from domain.catalogue import FacilityKind, Industry, KeyUnitSuggestion, VenueClass
from domain.identifiers import NotAVenueCode, clean_venue_code
from domain.language import Label
from domain.models import (
    Area,
    Building,
    Document,
    KeyPart,
    Person,
    Post,
    RegisterEntry,
    RegisterHead,
    Venue,
    VenueCode,
)
from domain.queries import case_list, facility_list, record_words
from domain.queries.record_words import Page, Told
from domain.rights import Right
from domain.venue_people import Holder

MOST_CASES = 20
HISTORY = 15
"""Entries on the venue's own page; the rest stands on the page of its history."""


@dataclass(frozen=True, slots=True)
class PartShown:
    """A key part with the words for what it refers to."""

    part: KeyPart
    kind: Label
    where: Label
    responsible: str | None


@dataclass(frozen=True, slots=True)
class VenuePage:
    """What is known of a venue, and what this actor may do there."""

    venue: Venue
    area: Area
    wardens: tuple[str, ...]
    supervisors: tuple[str, ...]
    suggestion: KeyUnitSuggestion | None
    holders: Sequence[Holder]
    spots: Sequence[Spot]
    parts: tuple[PartShown, ...]
    documents: Sequence[Document]
    kinds: Sequence[tuple[FacilityKind, int]]
    cases: tuple[case_list.Row, ...]
    more_cases: bool
    history: Sequence[Told]
    more_history: bool
    rights: frozenset[Right]
    versions: dict[UUID, int]
    """Where the records of its posts, buildings, parts and documents stand."""

    @property
    def kind(self) -> VenueClass | None:
        """Return its class."""
        return catalogue.venue_classes().get(self.venue.class_code)

    @property
    def industry(self) -> Industry | None:
        """Return its industry."""
        return catalogue.industries().get(self.venue.industry or "")

    @property
    def facilities(self) -> int:
        """Return how many facilities it has."""
        return sum(count for _, count in self.kinds)

    @property
    def sizes(self) -> list[tuple[Label, Any]]:
        """Return its sizes in words."""
        return [(words, self.venue.sizes[name]) for name, words in catalogue.SIZES.items() if name in self.venue.sizes]

    def may(self, right: str) -> bool:
        """Return whether this actor has the right here and the venue still changes."""
        return Right(right) in self.rights and self.venue.closed_on is None


def seen(session: Session, actor: Actor, code: str) -> Venue:
    """Return the venue with that code, or that had it once; raises `OutOfReach` also for what one may not know of."""
    try:
        cleaned = clean_venue_code(code)
    except NotAVenueCode as wrong:
        raise OutOfReach(code) from wrong
    visible = access.venues_visible(actor)
    found: Venue | None = session.execute(select(Venue).where(col(Venue.code) == cleaned, visible)).scalar()
    if found is None:
        former = select(col(VenueCode.venue_id)).where(col(VenueCode.code) == cleaned)
        found = session.execute(select(Venue).where(col(Venue.id).in_(former), visible)).scalar()
    if found is None:
        raise OutOfReach(code)
    return found


def rights_at(session: Session, actor: Actor, venue: Venue) -> frozenset[Right]:
    """Return the rights the actor has at the venue."""
    place = access.place_of(session, area_id=None, venue_id=venue.id)
    return frozenset(right for right in Right if access.may(actor, right, place))


def venue_page(session: Session, venue: Venue, *, actor: Actor, at: datetime) -> VenuePage:
    """Return the venue's page for an actor who may know of it."""
    day = people.local_day(at)
    area = session.get(Area, venue.area_id)
    if area is None:
        raise OutOfReach(str(venue.area_id))
    holders = venue_people.of(session, venue.id)
    spots = buildings.spots(session, venue.id, day=day)
    parts = buildings.key_parts(session, venue.id, day=day)
    documents = documents_register.of(session, venue.id)
    mine = case_list.page(
        session, actor, case_list.Wanted(venue_id=venue.id, open=True), at=at, order="due", size=MOST_CASES
    )
    told = history(session, venue, size=HISTORY)
    subjects = [venue.id, *(one.post.id for one in holders), *(spot.building.id for spot in spots),
                *(part.id for part in parts), *(document.id for document in documents)]  # fmt: skip
    return VenuePage(
        venue=venue,
        area=area,
        wardens=tuple(one.name for one in people.in_charge(session, Role.WARDEN, area.id, day=day)),
        supervisors=tuple(one.name for one in people.in_charge(session, Role.SUPERVISOR, area.id, day=day)),
        suggestion=venue_register.suggestion(venue),
        holders=holders,
        spots=spots,
        parts=_parts_shown(session, parts, spots),
        documents=documents,
        kinds=facility_list.kinds_of(session, venue.id),
        cases=mine.rows,
        more_cases=mine.next_cursor is not None,
        history=told.entries,
        more_history=told.next_cursor is not None,
        rights=rights_at(session, actor, venue),
        versions=_versions(session, subjects),
    )


def history(session: Session, venue: Venue, *, cursor: str | None = None, size: int = record_words.PAGE_SIZE) -> Page:
    """Return a page of what was done to the venue, its posts, buildings, key parts and documents, the newest first.

    Raises `record_words.BadCursor`.

    Facilities have pages, and so histories, of their own; with thousands of them the venue's would drown.
    """
    parts = [select(col(model.id)).where(col(model.venue_id) == venue.id)
             for model in (Post, Building, KeyPart, Document)]  # fmt: skip
    mine = or_(col(RegisterEntry.subject_id) == venue.id, *(col(RegisterEntry.subject_id).in_(part) for part in parts))
    return record_words.page_of(session, [mine], cursor=cursor, size=size)


def areas_kept(session: Session, actor: Actor, *, at: datetime) -> list[Area]:
    """Return the areas into which the actor may enter venues, each below the one it belongs to."""
    day = people.local_day(at)
    rows = session.execute(select(Area).order_by(col(Area.path))).scalars()
    return [
        area
        for area in rows
        if (area.ended_on is None or area.ended_on > day) and access.may(actor, Right.KEEP_VENUES, Place(area.path))
    ]


def spot_words(building: str | None, floor: int | None) -> Label:
    """Return a building and floor in words: 主楼 3 层, Main, floor 3; nothing when neither is known."""
    if building is None:
        return Label("", "")
    if floor is None:
        return Label(building, building)
    return Label(
        f"{building} {floor} 层" if floor > 0 else f"{building} 地下 {-floor} 层", f"{building}, floor {floor}"
    )


def _parts_shown(session: Session, parts: Sequence[KeyPart], spots: Sequence[Spot]) -> tuple[PartShown, ...]:
    names = _names(session, {part.responsible_id for part in parts if part.responsible_id})
    buildings_by_id = {spot.building.id: spot.building.name for spot in spots}
    floors = {spot.floor.id: spot.floor.number for spot in spots if spot.floor}
    kinds = catalogue.key_part_kinds()
    return tuple(
        PartShown(
            part,
            Label(kinds[part.kind].zh, kinds[part.kind].en) if part.kind in kinds else Label(part.kind, part.kind),
            spot_words(
                buildings_by_id.get(part.building_id) if part.building_id else None,
                floors.get(part.floor_id) if part.floor_id else None,
            ),
            names.get(part.responsible_id) if part.responsible_id else None,
        )
        for part in parts
    )


def _names(session: Session, ids: set[UUID]) -> dict[UUID, str]:
    query = select(col(Person.id), col(Person.name)).where(col(Person.id).in_(ids))
    return {row[0]: row[1] for row in session.execute(query)} if ids else {}


def _versions(session: Session, subjects: Sequence[UUID]) -> dict[UUID, int]:
    query = select(col(RegisterHead.subject_id), col(RegisterHead.version))
    rows = session.execute(query.where(col(RegisterHead.subject_id).in_(subjects)))
    return {row[0]: row[1] for row in rows}
