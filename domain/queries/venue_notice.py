"""What a venue's public page says, in one statement. Figures are counted from cases; nothing is scored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, func, literal, or_, select
from sqlmodel import Session

from domain import venues
from domain.actors import Role
from domain.catalogue import VenueClass, venue_classes
from domain.identifiers import mask_name
from domain.models import Area, Case, Person, Post, Venue
from domain.people import local_day
from domain.processes.hazard_report import HAZARD_REPORT
from domain.processes.rectification import CLOSED, OPEN, RECTIFICATION
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
    """Return what may be shown of the venue with that code; raises as `venues.open_by_code` does."""
    day = local_day(at)
    wanted = {"code": cleaned_code(code), "day": day}
    found = session.connection().execute(_notice(), wanted).first()
    if found is None:
        venues.refuse_replaced(session, cleaned_code(code))
        raise UnknownVenue(code)
    if found.opened_on > day or (found.closed_on and found.closed_on <= day):
        raise VenueClosed(venues.by_code(session, code))
    checks = [moment for moment in (_moment(found.verified_at), found.rechecked_at) if moment]
    correct_by = date.fromisoformat(found.correct_by) if found.correct_by else None
    return VenueNotice(
        venue_id=found.id,
        code=found.code,
        name=found.name,
        name_en=found.name_en,
        kind=venue_classes()[found.class_code],
        address=found.address,
        way_out=found.way_out,
        owner=mask_name(found.owner or ""),
        warden=mask_name(found.warden or ""),
        area=found.area_name,
        area_en=found.area_name_en,
        open_rectifications=found.open_rectifications,
        correct_by=correct_by,
        is_overdue=correct_by is not None and correct_by < day,
        checked_at=max(checks, default=None),
    )


_VENUE_COLUMNS = ("id", "code", "name", "name_en", "class_code", "address", "way_out", "opened_on", "closed_on")


@lru_cache(maxsize=1)
def _notice() -> Select[Any]:
    """Return the one statement; a round trip costs more than anything in it."""
    venue, area, person, case = (_table(model) for model in (Venue, Area, Person, Case))
    here = case.c.venue_id == venue.c.id
    ordered = and_(here, case.c.process == RECTIFICATION.name, case.c.state.in_([state.name for state in OPEN]))
    reported = and_(here, case.c.process == HAZARD_REPORT.name)
    corrected = and_(here, case.c.process == RECTIFICATION.name, case.c.state == CLOSED.name)

    def of_cases(value: Any, where: Any, name: str) -> Any:  # noqa: ANN401 - SQLAlchemy's expressions
        return select(value).select_from(case).where(where).correlate(venue).scalar_subquery().label(name)

    return (
        select(
            *(venue.c[name] for name in _VENUE_COLUMNS),
            area.c.name.label("area_name"),
            area.c.name_en.label("area_name_en"),
            person.c.name.label("owner"),
            of_cases(func.count(), ordered, "open_rectifications"),
            of_cases(func.min(case.c.facts["correct_by"].as_string()), ordered, "correct_by"),
            of_cases(func.max(case.c.facts["checked_at"].as_string()), reported, "verified_at"),
            of_cases(func.max(case.c.closed_at), corrected, "rechecked_at"),
            _warden(area).label("warden"),
        )
        .join_from(venue, area, area.c.id == venue.c.area_id)
        .outerjoin(person, person.c.id == venue.c.owner_id)
        .where(venue.c.code == bindparam("code"))
    )


def _warden(venues_area: Any) -> Any:  # noqa: ANN401 - a table, a scalar subquery
    """Return the same person as `people.in_charge` does: the warden of the area itself or the nearest above it."""
    post, person = _table(Post), _table(Person).alias("warden")
    area = _table(Area).alias("wardens_area")
    valid = and_(
        post.c.from_on <= bindparam("day"),
        or_(post.c.until_on.is_(None), post.c.until_on >= bindparam("day")),
    )
    around = func.substr(venues_area.c.path, 1, func.length(area.c.path)) == area.c.path
    return (
        select(person.c.name)
        .join_from(post, person, person.c.id == post.c.person_id)
        .outerjoin(area, area.c.id == post.c.area_id)
        .where(post.c.role == Role.WARDEN.value, post.c.venue_id.is_(None), valid)
        .where(or_(post.c.area_id.is_(None), around))
        .order_by(func.coalesce(func.length(area.c.path), literal(0)).desc(), post.c.from_on, person.c.id)
        .limit(1)
        .correlate(venues_area)
        .scalar_subquery()
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _table(model: Any) -> Any:  # noqa: ANN401 - SQLModel hides its tables from type checkers
    return model.__table__
