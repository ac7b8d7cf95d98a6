"""What a venue's public page says, in one statement, and another where hazards are open. Graded by `domain.grades`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, func, literal, or_, select
from sqlmodel import Session

from domain import catalogue, venues
from domain.actors import Role
from domain.catalogue import Hazard, Severity, VenueClass, venue_classes
from domain.grades import Graded, OpenHazard, graded
from domain.identifiers import mask_name
from domain.models import Area, Case, Delegation, Person, Post, Venue
from domain.opening_hours import is_open_at
from domain.people import local_day
from domain.processes.hazard_report import HAZARD_REPORT
from domain.processes.rectification import CLOSED, OPEN, RECTIFICATION
from domain.settings import city_zone
from domain.venues import UnknownVenue, VenueClosed, cleaned_code

MOST_HAZARDS = 20
"""So many open hazards are listed, those due first; the count says how many there are."""


PATROL, PATROLLED = "patrol_task", ("done", "done_late")
"""The process of patrols, and the states in which one was walked."""


@dataclass(frozen=True, slots=True)
class ShownHazard:
    """A hazard that was found on site and is not corrected yet."""

    hazard: Hazard | None
    """None for one that the catalogue does not know any more."""
    correct_by: date | None
    """The last day to correct it; None while none is set."""
    is_overdue: bool

    @property
    def severity(self) -> Severity:
        """Return how bad it is; general where nobody can say any more."""
        return self.hazard.severity if self.hazard else Severity.GENERAL


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
    """Masked; whoever covers today; "" when the area has none."""
    area: str
    area_en: str
    open_rectifications: int
    hazards: tuple[ShownHazard, ...]
    """The open ones, those due first; at most `MOST_HAZARDS`."""
    graded: Graded
    hours: Sequence[Mapping[str, Any]]
    is_open_now: bool | None
    """None when nobody said when it is open."""
    suspended_on: date | None
    """Since when it does not operate; None while it does."""
    checked_at: datetime | None
    """When somebody last stood on site: a reported hazard verified, or a correction re-checked."""
    patrolled_at: datetime | None
    """When the venue's own last patrol was done, late or in time; None when none is recorded."""


def venue_notice(session: Session, code: str, *, at: datetime) -> VenueNotice:
    """Return what may be shown of the venue with that code; raises as `venues.open_by_code` does."""
    day = local_day(at)
    wanted = {"code": cleaned_code(code), "day": day}
    found = session.connection().execute(_notice(), wanted).first()
    if found is None:
        venues.open_by_code(session, code, day=day)  # says why there is none
        raise UnknownVenue(code)
    if found.opened_on > day or (found.closed_on and found.closed_on <= day):
        raise VenueClosed(venues.by_code(session, code))
    checks = [moment for moment in (_moment(found.verified_at), found.rechecked_at) if moment]
    checked_at = max(checks, default=None)
    hazards = _hazards(session, found.id, day) if found.open_rectifications else ()
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
        hazards=hazards[:MOST_HAZARDS],
        graded=graded(
            [OpenHazard(shown.severity, shown.correct_by) for shown in hazards],
            checked_on=local_day(checked_at) if checked_at else None,
            is_suspended=found.suspended_on is not None,
            day=day,
        ),
        hours=found.hours,
        is_open_now=is_open_at(found.hours, at.astimezone(city_zone())) if found.suspended_on is None else None,
        suspended_on=found.suspended_on,
        checked_at=checked_at,
        patrolled_at=found.patrolled_at,
    )


_VENUE_COLUMNS = ("id", "code", "name", "name_en", "class_code", "address", "way_out", "opened_on", "closed_on",
                  "hours", "suspended_on")  # fmt: skip


@lru_cache(maxsize=1)
def _notice() -> Select[Any]:
    """Return the one statement; a round trip costs more than anything in it."""
    venue, area, person, case = (_table(model) for model in (Venue, Area, Person, Case))
    here = case.c.venue_id == venue.c.id
    ordered = and_(here, case.c.process == RECTIFICATION.name, case.c.state.in_([state.name for state in OPEN]))
    reported = and_(here, case.c.process == HAZARD_REPORT.name)
    patrolled = and_(here, case.c.process == PATROL, case.c.state.in_(PATROLLED))
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
            of_cases(func.max(case.c.facts["checked_at"].as_string()), reported, "verified_at"),
            of_cases(func.max(case.c.closed_at), corrected, "rechecked_at"),
            of_cases(func.max(case.c.closed_at), patrolled, "patrolled_at"),
            _warden(area).label("warden"),
        )
        .join_from(venue, area, area.c.id == venue.c.area_id)
        .outerjoin(person, person.c.id == venue.c.owner_id)
        .where(venue.c.code == bindparam("code"))
    )


@lru_cache(maxsize=1)
def _open_hazards() -> Select[Any]:
    case = _table(Case)
    due = case.c.facts["correct_by"].as_string()
    here = (case.c.venue_id == bindparam("venue_id"), case.c.process == RECTIFICATION.name)
    unfinished = case.c.state.in_([state.name for state in OPEN])
    query = select(case.c.hazard_code, due.label("correct_by")).where(*here, unfinished)
    return query.order_by(due.is_(None), due, case.c.id)


def _hazards(session: Session, venue_id: UUID, day: date) -> tuple[ShownHazard, ...]:
    shown = []
    for row in session.connection().execute(_open_hazards(), {"venue_id": venue_id}):
        correct_by = date.fromisoformat(row.correct_by) if row.correct_by else None
        hazard = catalogue.hazards().get(row.hazard_code or "")
        shown.append(ShownHazard(hazard, correct_by, correct_by is not None and correct_by < day))
    return tuple(shown)


def _warden(venues_area: Any) -> Any:  # noqa: ANN401 - a table, a scalar subquery
    """Return the same person as `people.in_charge` does: the nearest area's warden, or whoever covers for them."""
    post, person = _table(Post), _table(Person).alias("warden")
    area = _table(Area).alias("wardens_area")
    valid = and_(
        post.c.from_on <= bindparam("day"),
        or_(post.c.until_on.is_(None), post.c.until_on >= bindparam("day")),
    )
    cover, stand_in = _table(Delegation), _table(Person).alias("stand_in")
    covered = and_(
        cover.c.from_person_id == post.c.person_id,
        or_(cover.c.post_id.is_(None), cover.c.post_id == post.c.id),
        cover.c.from_on <= bindparam("day"),
        cover.c.until_on >= bindparam("day"),
        cover.c.ended_at.is_(None),
    )
    around = func.substr(venues_area.c.path, 1, func.length(area.c.path)) == area.c.path
    return (
        select(func.coalesce(stand_in.c.name, person.c.name))
        .join_from(post, person, person.c.id == post.c.person_id)
        .outerjoin(area, area.c.id == post.c.area_id)
        .outerjoin(cover, covered)
        .outerjoin(stand_in, stand_in.c.id == cover.c.to_person_id)
        .where(post.c.role == Role.WARDEN.value, post.c.venue_id.is_(None), post.c.industry.is_(None), valid)
        .where(or_(post.c.area_id.is_(None), around))
        .order_by(
            func.coalesce(func.length(area.c.path), literal(0)).desc(),
            post.c.from_on,
            person.c.id,
            cover.c.made_at,
            cover.c.id,
        )
        .limit(1)
        .correlate(venues_area)
        .scalar_subquery()
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _table(model: Any) -> Any:  # noqa: ANN401 - SQLModel hides its tables from type checkers
    return model.__table__
