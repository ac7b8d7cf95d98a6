"""What people choose from in forms: colleagues, venues, reports of the same premises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlmodel import Session, col

from domain import access, apart, people, places, venues
from domain.actors import ROLE_LABELS, Actor, Role
from domain.language import Label
from domain.models import Area, Case, Person, Post, Venue
from domain.processes import workflow_of
from domain.queries import area_tree

MOST_VENUES = 20
MOST_REPORTS = 50


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who can be given a case."""

    id: UUID
    name: str
    role: Label
    areas: tuple[str, ...]
    in_charge: bool
    """Warden of the case's own area."""


@dataclass(frozen=True, slots=True)
class AreaChoice:
    """An area to put something into; its words stand in as deep as it lies in the tree."""

    code: str
    words: Label


@dataclass(frozen=True, slots=True)
class VenueChoice:
    """A venue that fits what was typed."""

    id: UUID
    code: str
    name: str
    address: str
    area: str


@dataclass(frozen=True, slots=True)
class ReportChoice:
    """An open report of the same premises, to merge into."""

    number: str
    state: Label
    hazard_code: str | None


def colleagues(session: Session, roles: Iterable[str], *, area_id: UUID | None, day: date) -> list[Colleague]:
    """Return who holds one of `roles` on `day`: the area's own wardens first, then by role and name."""
    wanted = [Role(role) for role in roles]
    rows = session.execute(
        select(Person, Post, Area.name)  # type: ignore[call-overload]
        .join(Post, col(Post.person_id) == col(Person.id))
        .outerjoin(Area, col(Area.id) == col(Post.area_id))
        .where(
            col(Post.role).in_([role.value for role in wanted]),
            col(Post.from_on) <= day,
            or_(col(Post.until_on).is_(None), col(Post.until_on) >= day),
        )
        .order_by(col(Person.name), col(Person.id))
    ).all()
    own = set()
    if Role.WARDEN in wanted and area_id is not None:
        own = {person.id for person in people.in_charge(session, Role.WARDEN, area_id, day=day)}
    areas: dict[tuple[UUID, Role], list[str]] = {}
    names: dict[UUID, str] = {}
    for person, post, area in rows:
        names[person.id] = person.name
        areas.setdefault((person.id, Role(post.role)), []).extend([area] if area else [])
    found = [
        Colleague(person, names[person], ROLE_LABELS[role], tuple(held), role is Role.WARDEN and person in own)
        for (person, role), held in areas.items()
    ]
    order = {label: place for place, label in enumerate(ROLE_LABELS[role] for role in wanted)}
    return sorted(found, key=lambda colleague: (not colleague.in_charge, order[colleague.role], colleague.name))


def areas(session: Session, *, day: date, actor: Actor | None = None) -> list[AreaChoice]:
    """Return every area in use on `day` that `actor` may know of (None: anybody), each below the one it is part of."""
    query = select(Area).order_by(col(Area.path))
    rows = session.execute(query.where(area_tree.reachable(actor)) if actor else query).scalars()
    return [
        AreaChoice(area.code, Label("　" * deep + area.name, "  " * deep + (area.name_en or area.name)))
        for area in rows
        if area.ended_on is None or area.ended_on > day
        for deep in (area.path.count("/") - 1,)
    ]


def find_venues(session: Session, typed: str, *, day: date, actor: Actor) -> list[VenueChoice]:
    """Return the open venues whose code, else name or address, fits `typed`; at most `MOST_VENUES`.

    A code opens its venue to anybody who reads it out, as it does on the public page; names and addresses are looked
    for among the venues that `actor` may know of.
    """
    typed = typed.strip()
    if not typed:
        return []
    exact: Venue | None
    try:
        exact = venues.open_by_code(session, typed, day=day)
    except venues.CodeReplaced as old:  # whoever reads an old sheet out means this venue; its code in force is shown
        exact = old.venue if old.venue.is_open(day) else None
    except (venues.UnknownVenue, venues.VenueClosed):
        exact = None
    pattern = "%" + typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    query = select(Venue, Area.name).join(Area, col(Area.id) == col(Venue.area_id))  # type: ignore[call-overload]
    if exact is not None:
        query = query.where(col(Venue.id) == exact.id)
    else:
        fits = (col(field).ilike(pattern, escape="\\") for field in (Venue.name, Venue.name_en, Venue.address))
        still_open = or_(col(Venue.closed_on).is_(None), col(Venue.closed_on) > day)
        query = query.where(or_(*fits), still_open, col(Venue.opened_on) <= day, access.venues_visible(actor))
    rows = session.execute(query.order_by(col(Venue.name)).limit(MOST_VENUES)).all()
    return [VenueChoice(venue.id, venue.code, venue.name, venue.address, area) for venue, area in rows]


def reports_of_same_premises(session: Session, case: Case, actor: Actor) -> list[ReportChoice]:
    """Return the other open cases of this process on the same premises that `actor` may know of, oldest first."""
    workflow = workflow_of(case.process)
    unfinished = [state.name for state in workflow.states if not state.final]
    query = select(Case).where(
        _of_same_premises(session, case),
        access.visible(actor),
        *apart.of(Case, case.process),
        col(Case.id) != case.id,
        col(Case.state).in_(unfinished),
    )
    rows = session.execute(query.order_by(col(Case.opened_at), col(Case.id)).limit(MOST_REPORTS)).scalars()
    return [ReportChoice(row.number, workflow.state(row.state).label, row.hazard_code) for row in rows]


def _of_same_premises(session: Session, case: Case) -> ColumnElement[bool]:
    """Return the condition on cases that `places.are_same` decides, but for spellings of what colleagues wrote."""
    if case.venue_id:
        return col(Case.venue_id) == case.venue_id
    marks = sorted(places.marks(session, case))
    said: Any = col(Case.facts)[places.MARK].as_string()
    same = [said.in_(marks)] if marks else []
    if case.place:
        same.append(col(Case.place) == case.place)
    return and_(col(Case.venue_id).is_(None), or_(false(), *same))
