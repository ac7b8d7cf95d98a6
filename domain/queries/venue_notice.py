"""What a venue's public page says, in two statements. Figures are counted from cases; nothing is scored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, func, literal, or_, select
from sqlmodel import Session

from domain.actors import Role
from domain.catalogue import VenueClass, venue_classes
from domain.identifiers import mask_name
from domain.models import Area, Case, Person, Post, Venue
from domain.people import local_day
from domain.processes.hazard_report import HAZARD_REPORT
from domain.processes.rectification import OPEN, RECTIFICATION
from domain.venues import UnknownVenue, VenueClosed, cleaned_code


@dataclass(frozen=True, slots=True)
class VenueNotice:
    """A venue as its visitors may know it: people by masked names, cases as numbers and dates."""

    venue_id: UUID
    code: str
    name: str
    name_en: str
    kind: VenueClass
    address: str
    way_out: str
    owner: str
    """Masked; "" when nobody is entered."""
    warden: str
    """Masked; "" when the area has none."""
    area: str
    area_en: str
    open_rectifications: int
    correct_by: date | None
    """The nearest day by which an open one has to be done; None while none is set."""
    is_overdue: bool
    checked_at: datetime | None
    """When somebody last stood on site: a reported hazard verified, or a correction re-checked."""


def venue_notice(session: Session, code: str, *, at: datetime) -> VenueNotice:
    """Return what may be shown of the venue with that code; raises `UnknownVenue` or `VenueClosed`."""
    venue = session.execute(_venue(), {"code": cleaned_code(code)}).first()
    if venue is None:
        raise UnknownVenue(code)
    day = local_day(at)
    if venue.opened_on > day or (venue.closed_on and venue.closed_on <= day):
        raise VenueClosed(Venue(**{name: getattr(venue, name) for name in _VENUE_COLUMNS}))
    found = session.execute(_facts(), {"venue_id": venue.id, "paths": _above(venue.area_path), "day": day}).one()
    checks = [moment for moment in (_moment(found.verified_at), found.rechecked_at) if moment]
    correct_by = date.fromisoformat(found.correct_by) if found.correct_by else None
    return VenueNotice(
        venue_id=venue.id,
        code=venue.code,
        name=venue.name,
        name_en=venue.name_en,
        kind=venue_classes()[venue.class_code],
        address=venue.address,
        way_out=venue.way_out,
        owner=mask_name(venue.owner or ""),
        warden=mask_name(found.warden or ""),
        area=venue.area_name,
        area_en=venue.area_name_en,
        open_rectifications=found.open_rectifications,
        correct_by=correct_by,
        is_overdue=correct_by is not None and correct_by < day,
        checked_at=max(checks, default=None),
    )


_VENUE_COLUMNS = ("id", "code", "name", "name_en", "class_code", "address", "area_id", "way_out", "owner_id",
                  "opened_on", "closed_on")  # fmt: skip


@lru_cache(maxsize=1)
def _venue() -> Select[Any]:
    venue, area, person = (_table(model) for model in (Venue, Area, Person))
    return (
        select(
            *(venue.c[name] for name in _VENUE_COLUMNS),
            area.c.name.label("area_name"),
            area.c.name_en.label("area_name_en"),
            area.c.path.label("area_path"),
            person.c.name.label("owner"),
        )
        .join_from(venue, area, area.c.id == venue.c.area_id)
        .outerjoin(person, person.c.id == venue.c.owner_id)
        .where(venue.c.code == bindparam("code"))
    )


@lru_cache(maxsize=1)
def _facts() -> Select[Any]:
    case = _table(Case)
    here = case.c.venue_id == bindparam("venue_id")
    ordered = and_(here, case.c.process == RECTIFICATION.name, case.c.state.in_([state.name for state in OPEN]))
    reported = and_(here, case.c.process == HAZARD_REPORT.name)
    corrected = and_(here, case.c.process == RECTIFICATION.name, case.c.state == "closed")
    return select(
        select(func.count()).where(ordered).scalar_subquery().label("open_rectifications"),
        select(func.min(case.c.facts["correct_by"].as_string())).where(ordered).scalar_subquery().label("correct_by"),
        select(func.max(case.c.facts["checked_at"].as_string())).where(reported).scalar_subquery().label("verified_at"),
        select(func.max(case.c.closed_at)).where(corrected).scalar_subquery().label("rechecked_at"),
        _warden().label("warden"),
    )


def _warden() -> Any:  # noqa: ANN401 - a scalar subquery
    """Return the same person as `people.in_charge` does, within one statement."""
    post, area, person = (_table(model) for model in (Post, Area, Person))
    valid = and_(
        post.c.from_on <= bindparam("day"),
        or_(post.c.until_on.is_(None), post.c.until_on >= bindparam("day")),
    )
    above = or_(post.c.area_id.is_(None), area.c.path.in_(bindparam("paths", expanding=True)))
    return (
        select(person.c.name)
        .join_from(post, person, person.c.id == post.c.person_id)
        .outerjoin(area, area.c.id == post.c.area_id)
        .where(post.c.role == Role.WARDEN.value, post.c.venue_id.is_(None), valid, above)
        .order_by(func.coalesce(func.length(area.c.path), literal(0)).desc(), post.c.from_on, person.c.id)
        .limit(1)
        .scalar_subquery()
    )


def _above(path: str) -> list[str]:
    """Return an area's path and those of the areas around it: `a/b/` → `a/b/`, `a/`."""
    parts = path.rstrip("/").split("/")
    return ["/".join(parts[:end]) + "/" for end in range(len(parts), 0, -1)]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _table(model: Any) -> Any:  # noqa: ANN401 - SQLModel hides its tables from type checkers
    return model.__table__
