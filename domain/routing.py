"""Which area a place belongs to, and why: the rule, what it looked at, and what it found are kept with the case."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session

from domain.language import Label
from domain.models import Area, AreaBoundary, AreaLead
from domain.settings import city_zone

if TYPE_CHECKING:
    from domain.outlines import Lies, Outlines

BOUNDARY_M = 20.0
"""Nearer to an edge than that the case is a boundary case: as exact as telephones know where they are."""
NEAREST_WITHIN_M = 200.0
"""A point outside of every outline belongs to the nearest one this far away: a shore, a road on the city's edge."""

RULES: Mapping[str, Label] = {
    "venue": Label("按场所所属片区", "the venue's own area"),
    "point": Label("定位点落在该片区内", "the position lies in this area"),
    "boundary_lead": Label("位于边界，由约定的牵头片区负责", "on a boundary: the agreed lead of the two areas"),
    "boundary_deepest": Label("位于边界，由所在较深的片区牵头", "on a boundary: the area it lies deeper in leads"),
    "nearest": Label("不在任何片区内，归最近的片区", "in no area: the nearest one"),
    "handler": Label("由受理员指定片区", "chosen by the handler"),
    "nowhere": Label("不在任何片区附近，由市级受理", "near no area: the city's desk"),
}
"""Every rule by name; the case page says which one was used."""

_AREAS: Any = Area.__table__  # type: ignore[attr-defined]
_BOUNDARIES: Any = AreaBoundary.__table__  # type: ignore[attr-defined]
_LEADS: Any = AreaLead.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Route:
    """To which area something goes, and why."""

    rule: str
    area_id: UUID | None
    area_code: str | None
    joint: tuple[str, ...] = ()
    """Codes of the other areas of a boundary case: told, not in the lead."""
    edge_m: float | None = None
    """Metres from the position to the nearest edge of the area."""
    outline: str | None = None
    """SHA-256 of the outline that was used."""

    def stored(self) -> dict[str, Any]:
        """Return what the case keeps; the position itself is sealed."""
        kept = {"rule": self.rule, "area": self.area_code, "joint": list(self.joint), "edge_m": self.edge_m,
                "outline": self.outline}  # fmt: skip
        return {name: value for name, value in kept.items() if value not in (None, [])}


@dataclass(frozen=True, slots=True)
class _Outlined:
    area_id: UUID
    code: str
    depth: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Atlas:
    areas: tuple[_Outlined, ...]
    outlines: Outlines


def fingerprint(geometry: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a kept outline, in hex."""
    text = json.dumps(geometry, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def of_venue(session: Session, area_id: UUID) -> Route:
    """Return the route of a case at a coded venue: its own area, decided when it was enrolled."""
    code = session.execute(select(_AREAS.c.code).where(_AREAS.c.id == area_id)).scalar()
    return Route("venue", area_id, code)


def of_point(session: Session, lat: float, lon: float, *, at: datetime) -> Route:
    """Return the route of a position (WGS-84 degrees), always the same for the same outlines."""
    atlas = _atlas_at(session, at)
    if atlas is None:
        return Route("nowhere", None, None)
    near = {
        atlas.areas[index]: lies for index, lies in atlas.outlines.near(lat, lon, within_m=NEAREST_WITHIN_M).items()
    }
    inside = {area: lies for area, lies in near.items() if lies.inside}
    if not inside:
        return _nearest(near)
    deepest = max(area.depth for area in inside)
    finest = {area: lies for area, lies in near.items() if area.depth == deepest}
    contested = {area: lies for area, lies in finest.items() if lies.inside or lies.edge_m <= BOUNDARY_M}
    if len(contested) == 1:
        ((area, lies),) = contested.items()
        return Route("point", area.area_id, area.code, edge_m=lies.edge_m, outline=area.sha256)
    return _boundary(session, contested)


def _nearest(near: Mapping[_Outlined, Lies]) -> Route:
    if not near:
        return Route("nowhere", None, None)
    area = min(near, key=lambda one: (-one.depth, near[one].edge_m, one.code))
    return Route("nearest", area.area_id, area.code, edge_m=near[area].edge_m, outline=area.sha256)


def _boundary(session: Session, contested: Mapping[_Outlined, Lies]) -> Route:
    """One lead, never two: the agreed one, else the area the position lies deeper in."""
    ordered = sorted(contested, key=lambda one: (-_depth_m(contested[one]), one.code))
    agreed = _agreed(session, ordered)
    lead, rule = (agreed, "boundary_lead") if agreed else (ordered[0], "boundary_deepest")
    joint = tuple(area.code for area in ordered if area is not lead)
    return Route(rule, lead.area_id, lead.code, joint, contested[lead].edge_m, lead.sha256)


def _depth_m(lies: Lies) -> float:
    return lies.edge_m if lies.inside else -lies.edge_m


def _agreed(session: Session, areas: list[_Outlined]) -> _Outlined | None:
    """Return the area that leads on every other of them by agreement."""
    ids = [area.area_id for area in areas]
    pairs = session.execute(
        select(_LEADS.c.area_id, _LEADS.c.other_id, _LEADS.c.lead_id).where(
            _LEADS.c.area_id.in_(ids), _LEADS.c.other_id.in_(ids)
        )
    ).all()
    leads = {frozenset((row.area_id, row.other_id)): row.lead_id for row in pairs}
    for area in areas:
        others = [other for other in areas if other is not area]
        if all(leads.get(frozenset((area.area_id, other.area_id))) == area.area_id for other in others):
            return area
    return None


def in_force(at: datetime) -> Any:  # noqa: ANN401 - a condition
    """Return the condition on `area_boundary` that leaves the outlines of that moment."""
    return and_(_BOUNDARIES.c.from_at <= at, or_(_BOUNDARIES.c.until_at.is_(None), _BOUNDARIES.c.until_at > at))


def _in_use(at: datetime) -> Any:  # noqa: ANN401 - a condition
    """Return the condition on `area` that leaves those of that day: one that is to end later still counts."""
    return or_(_AREAS.c.ended_on.is_(None), _AREAS.c.ended_on > at.astimezone(city_zone()).date())


def _atlas_at(session: Session, at: datetime) -> _Atlas | None:
    """Return the outlines in force; made once for as long as they are the same ones."""
    here = in_force(at)
    stamp = session.execute(
        select(func.count(), func.max(_BOUNDARIES.c.from_at), func.min(_BOUNDARIES.c.from_at)).where(here)
    ).one()
    if not stamp[0]:
        return None
    over = select(func.count(), func.max(_AREAS.c.ended_on)).where(~_in_use(at), _AREAS.c.ended_on.is_not(None))
    key = (str(session.get_bind().engine.url), *map(str, stamp), *map(str, session.execute(over).one()))
    if key not in _ATLASES:
        if len(_ATLASES) >= MOST_REMEMBERED:
            _ATLASES.pop(next(iter(_ATLASES)), None)
        _ATLASES[key] = _load(session, at)
    return _ATLASES[key]


MOST_REMEMBERED = 4
_ATLASES: dict[tuple[object, ...], _Atlas] = {}


def _load(session: Session, at: datetime) -> _Atlas:
    # Not at the top: GEOS and numpy cost every part 0.2 s and 20 MB, and a city without outlines needs neither.
    from domain.outlines import Outlines, outline  # noqa: PLC0415

    rows = session.execute(
        select(_AREAS.c.id, _AREAS.c.code, _AREAS.c.path, _BOUNDARIES.c.geometry, _BOUNDARIES.c.sha256)
        .join(_BOUNDARIES, _BOUNDARIES.c.area_id == _AREAS.c.id)
        .where(in_force(at), _in_use(at))
        .order_by(_AREAS.c.code)
    ).all()
    areas = tuple(_Outlined(row.id, row.code, row.path.count("/"), row.sha256) for row in rows)
    return _Atlas(areas, Outlines([outline(row.geometry) for row in rows]))
