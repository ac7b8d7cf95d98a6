"""What the map draws: outlines of areas, and venues as points, in the coordinate system of whoever draws them.

A point is always a registered venue; where a reporter stood is nowhere on the map.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import func, literal, or_, select
from sqlmodel import Session

from domain import access, coordinates, routing
from domain.actors import Actor
from domain.coordinates import System
from domain.models import Area, AreaBoundary, CaseMeasure, Venue
from domain.queries.map_data import Asked, Level, in_period, measure_of
from domain.rights import SEES_EVERYTHING

MOST_POINTS = 2000
"""Venues drawn at once; those with the most cases come first."""
FINENESS = 1500
"""An outline is drawn with corners no closer than this part of the map's width."""
Kind = Literal["cases", "venues"]

_AREAS: Any = Area.__table__  # type: ignore[attr-defined]
_BOUNDARIES: Any = AreaBoundary.__table__  # type: ignore[attr-defined]
_CASES: Any = CaseMeasure.__table__  # type: ignore[attr-defined]
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of one area, and where its name stands."""

    code: str
    name: str
    name_en: str
    polygons: list[list[list[list[float]]]]
    """Coordinates of a GeoJSON MultiPolygon, longitude first."""
    middle: tuple[float, float]
    """Latitude, longitude."""


@dataclass(frozen=True, slots=True)
class Point:
    """A venue on the map."""

    code: str
    name: str
    name_en: str
    lat: float
    lon: float
    count: int


@dataclass(frozen=True, slots=True)
class Points:
    """The venues drawn; `left_off` how many more there are."""

    points: tuple[Point, ...]
    left_off: int = 0


def outlines_of(session: Session, actor: Actor, level: Level, *, at: datetime, system: System) -> tuple[Outline, ...]:
    """Return the outlines in force of the areas of that level within the actor's reach, fine enough for a screen."""
    from domain import outlines  # noqa: PLC0415 - GEOS only where outlines are looked at

    paths = access.area_paths(actor)
    query = (
        select(_AREAS.c.code, _AREAS.c.name, _AREAS.c.name_en, _BOUNDARIES.c.geometry)
        .join(_BOUNDARIES, _BOUNDARIES.c.area_id == _AREAS.c.id)
        .where(_AREAS.c.level == level, routing.in_force(at))
        .order_by(_AREAS.c.path)
    )
    if None not in paths:
        within = [func.substr(_AREAS.c.path, 1, len(path)) == path for path in paths if path]
        query = query.where(or_(*within) if within else _AREAS.c.id.is_(None))
    made = [(row, outlines.outline(row.geometry)) for row in session.execute(query)]
    if not made:
        return ()
    width = max(one.bounds[2] for _, one in made) - min(one.bounds[0] for _, one in made)
    shifted = _to(system)
    found = []
    for row, one in made:
        small = one.simplify(width / FINENESS)
        rings = [[polygon.exterior, *polygon.interiors] for polygon in getattr(small, "geoms", [small])]
        polygons = [[[shifted(lat, lon)[::-1] for lon, lat in ring.coords] for ring in part] for part in rings]
        middle = one.representative_point()
        found.append(Outline(row.code, row.name, row.name_en,
                             [[[list(spot) for spot in ring] for ring in part] for part in polygons],
                             shifted(middle.y, middle.x)))  # fmt: skip
    return tuple(found)


def case_points(session: Session, actor: Actor, asked: Asked, *, at: datetime, system: System) -> Points:
    """Return the venues at which the cases asked for are, as far as the actor may open these cases."""
    mine = access.counted(actor, _CASES.c, roles=SEES_EVERYTHING)
    if actor.person_id:
        mine = or_(mine, _CASES.c.assignee_id == actor.person_id)
    number = func.count()
    query = (
        select(_VENUES.c.code, _VENUES.c.name, _VENUES.c.name_en, _VENUES.c.lat, _VENUES.c.lon, number)
        .join(_CASES, _CASES.c.venue_id == _VENUES.c.id)
        .where(*in_period(asked, _CASES.c), measure_of(asked.measure, at), access.counted(actor, _CASES.c), mine,
               _VENUES.c.lat.is_not(None), _VENUES.c.lon.is_not(None))
        .group_by(_VENUES.c.code, _VENUES.c.name, _VENUES.c.name_en, _VENUES.c.lat, _VENUES.c.lon)
        .order_by(number.desc(), _VENUES.c.code)
    )  # fmt: skip
    return _points(session, query, system)


def venue_points(session: Session, actor: Actor, *, day: date, system: System) -> Points:
    """Return the venues the actor may know of that are open on that day, key units first."""
    query = (
        select(_VENUES.c.code, _VENUES.c.name, _VENUES.c.name_en, _VENUES.c.lat, _VENUES.c.lon, literal(1))
        .where(access.venues_visible(actor), _VENUES.c.lat.is_not(None), _VENUES.c.lon.is_not(None),
               _VENUES.c.opened_on <= day, or_(_VENUES.c.closed_on.is_(None), _VENUES.c.closed_on > day))
        .order_by(_VENUES.c.key_unit_since.is_(None), _VENUES.c.code)
    )  # fmt: skip
    return _points(session, query, system)


def _points(session: Session, query: Any, system: System) -> Points:  # noqa: ANN401 - SQLAlchemy's select
    shifted = _to(system)
    rows = session.execute(query.limit(MOST_POINTS)).all()
    left = 0
    if len(rows) == MOST_POINTS:
        whole = query.order_by(None).subquery()
        left = int(session.execute(select(func.count()).select_from(whole)).scalar_one()) - MOST_POINTS
    return Points(tuple(Point(row[0], row[1], row[2], *shifted(row[3], row[4]), row[5]) for row in rows), left)


def _to(system: System) -> Callable[[float, float], tuple[float, float]]:
    """Return what turns a WGS-84 position into one of that system, rounded to a decimetre."""
    shifts: dict[System, Callable[[float, float], tuple[float, float]]] = {
        System.WGS84: lambda lat, lon: (lat, lon),
        System.GCJ02: coordinates.to_gcj02,
        System.BD09: coordinates.to_bd09,
    }

    def shifted(lat: float, lon: float) -> tuple[float, float]:
        lat, lon = shifts[system](lat, lon)
        return round(lat, 6), round(lon, 6)

    return shifted


def opens_cases(actor: Actor) -> bool:
    """Return whether the actor may open the cases their numbers count: a warden opens only their own."""
    return any(grant.role in SEES_EVERYTHING for grant in actor.grants or ()) or actor.grants is None
