"""The tree of areas with what lies in each, and their outlines drawn small enough for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import cos, radians
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from domain import access, routing
from domain.actors import Actor
from domain.models import Area, AreaBoundary, AreaLead, Organisation, Venue
from domain.rights import RIGHTS, Right

WIDTH = 1000
"""Units of the drawing across."""


@dataclass(frozen=True, slots=True)
class Node:
    """One area of the tree."""

    area: Area
    depth: int
    venues: int
    """Open venues in it and below."""
    organisations: int
    is_outlined: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """The outline of an area as an SVG path in the drawing's own units."""

    code: str
    name: str
    name_en: str
    path: str
    depth: int
    x: float
    y: float
    """Where its name stands."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Outlines of several areas on one sheet."""

    width: int
    height: int
    shapes: tuple[Shape, ...]


def reachable(actor: Actor) -> Any:  # noqa: ANN401 - a condition on `area`
    """Return the condition that leaves the areas in which this actor sees venues, and those above them."""
    if actor.grants is None:
        return col(Area.id).is_not(None)
    paths = [grant.area_path for grant in actor.grants if grant.role in RIGHTS[Right.SEE_AREAS] and not grant.venue_id]
    if None in paths:
        return col(Area.id).is_not(None)
    inside = [func.substr(col(Area.path), 1, len(path)) == path for path in paths if path]
    above = [func.substr(path, 1, func.length(col(Area.path))) == col(Area.path) for path in paths if path]
    return or_(*inside, *above) if inside else col(Area.id).is_(None)


@dataclass(frozen=True, slots=True)
class Named:
    """An area to filter by."""

    code: str
    name: str
    name_en: str
    path: str


def named(session: Session, actor: Actor) -> list[Named]:
    """Return the areas this actor may know of, each below the one it belongs to."""
    columns = (col(Area.code), col(Area.name), col(Area.name_en), col(Area.path))
    return [Named(*row) for row in session.execute(select(*columns).where(reachable(actor)).order_by(col(Area.path)))]


def tree(session: Session, actor: Actor, *, at: datetime, day: date) -> list[Node]:
    """Return the areas this actor may know of, each below the one it belongs to."""
    areas = session.execute(select(Area).where(reachable(actor)).order_by(col(Area.path))).scalars().all()
    venues = _counted(session, col(Venue.area_id), or_(col(Venue.closed_on).is_(None), col(Venue.closed_on) > day))
    bodies = _counted(session, col(Organisation.area_id), col(Organisation.ended_on).is_(None))
    outlined = set(session.execute(select(col(AreaBoundary.area_id)).where(routing.in_force(at))).scalars())
    return [
        Node(
            area,
            area.path.count("/") - 1,
            sum(venues.get(other.id, 0) for other in areas if other.path.startswith(area.path)),
            bodies.get(area.id, 0),
            area.id in outlined,
        )
        for area in areas
    ]


def _counted(session: Session, column: Any, condition: Any) -> dict[UUID, int]:  # noqa: ANN401 - SQLAlchemy's
    rows = session.execute(select(column, func.count()).where(condition).group_by(column))
    return dict(rows.tuples().all())


def drawing(
    session: Session, areas: Sequence[Area], *, at: datetime, instead: Mapping[UUID, dict[str, Any]] | None = None
) -> Drawing | None:
    """Return the outlines of these areas on one sheet; None where none has one. `instead` are such not yet in force."""
    from domain import outlines  # noqa: PLC0415 - GEOS only where outlines are looked at

    query = select(col(AreaBoundary.area_id), col(AreaBoundary.geometry)).where(
        routing.in_force(at), col(AreaBoundary.area_id).in_([area.id for area in areas])
    )
    geometries = {**dict(session.execute(query).tuples().all()), **(instead or {})}
    made = [(area, outlines.outline(geometries[area.id])) for area in areas if area.id in geometries]
    if not made:
        return None
    west = min(one.bounds[0] for _, one in made)
    south = min(one.bounds[1] for _, one in made)
    east = max(one.bounds[2] for _, one in made)
    north = max(one.bounds[3] for _, one in made)
    stretch = cos(radians((south + north) / 2))
    scale = WIDTH / max((east - west) * stretch, 1e-9)
    height = max(1, round((north - south) * scale))

    def to_sheet(lon: float, lat: float) -> tuple[float, float]:
        return round((lon - west) * stretch * scale, 1), round((north - lat) * scale, 1)

    shapes = []
    for area, one in sorted(made, key=lambda pair: pair[0].path.count("/")):
        small = one.simplify(1 / scale)  # one unit of the drawing
        middle = one.representative_point()
        x, y = to_sheet(middle.x, middle.y)
        shapes.append(Shape(area.code, area.name, area.name_en, _path(small, to_sheet), area.path.count("/"), x, y))
    return Drawing(WIDTH, height, tuple(shapes))


def _path(geometry: Any, to_sheet: Any) -> str:  # noqa: ANN401 - a polygon or several
    rings = []
    for polygon in getattr(geometry, "geoms", [geometry]):
        for ring in (polygon.exterior, *polygon.interiors):
            points = [to_sheet(lon, lat) for lon, lat in ring.coords]
            rings.append("M" + "L".join(f"{x} {y}" for x, y in points[:-1]) + "Z")
    return "".join(rings)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Which of two neighbours leads on their boundary."""

    other: Area
    lead: str


def agreements(session: Session, area: Area) -> list[Agreement]:
    """Return what was agreed with the neighbours of an area."""
    rows = session.execute(
        select(AreaLead, Area).where(
            or_(col(AreaLead.area_id) == area.id, col(AreaLead.other_id) == area.id),
            col(Area.id) != area.id,
            or_(col(Area.id) == AreaLead.area_id, col(Area.id) == AreaLead.other_id),
        )
    )
    return [
        Agreement(row.Area, area.code if row.AreaLead.lead_id == area.id else row.Area.code)
        for row in rows
    ]  # fmt: skip


def within(session: Session, actor: Actor, code: str) -> Area:
    """Return the area with that code if this actor may know of it; raises `OutOfReach`."""
    found: Area | None = session.execute(
        select(Area).where(col(Area.code) == code, reachable(actor))
    ).scalar_one_or_none()
    if found is None:
        raise access.OutOfReach(code)
    return found
