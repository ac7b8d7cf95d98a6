"""Outlines of areas: reads GeoJSON, says what is wrong with it, and how a point lies to it. Pure; no database.

Distances are metres on a plane laid at the point (equirectangular): across a city's boundary the error is far below the
width of a street.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry import MultiPolygon, Point, Polygon, mapping, shape
from shapely.geometry.base import BaseGeometry

from domain.language import Sentence

METRES_PER_DEGREE = 111_320.0
"""Of latitude; of longitude times the cosine of the latitude."""
MOST_POINTS = 200_000
"""Corners of one outline: a surveyed province has fewer."""


class NotAnOutline(ValueError):
    """The geometry cannot be the outline of an area; `reason` says why."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature of a GeoJSON file: its properties, and its geometry as it was written."""

    number: int
    """1 for the first of the file."""
    properties: Mapping[str, Any]
    geometry: Mapping[str, Any] | None


def features(text: bytes) -> list[Feature]:
    """Return the features of a GeoJSON file (RFC 7946); raises `NotAnOutline` when it is none."""
    try:
        data = json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise NotAnOutline(Sentence("This file is not GeoJSON.")) from None
    rows = data.get("features") if isinstance(data, dict) and data.get("type") == "FeatureCollection" else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NotAnOutline(Sentence("This file is not a GeoJSON FeatureCollection."))
    return [
        Feature(number, _mapping(row.get("properties")) or {}, _mapping(row.get("geometry")))
        for number, row in enumerate(rows, start=1)
    ]


def _mapping(value: Any) -> Mapping[str, Any] | None:  # noqa: ANN401 - any JSON
    return value if isinstance(value, dict) else None


def outline(geometry: Mapping[str, Any] | None) -> MultiPolygon:
    """Return the outline (WGS-84 degrees, longitude first); raises `NotAnOutline` for what cannot be one."""
    if geometry is None or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        raise NotAnOutline(Sentence("The geometry is neither a Polygon nor a MultiPolygon."))
    try:
        made = shape(dict(geometry))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, shapely.errors.ShapelyError):
        raise NotAnOutline(Sentence("The coordinates of the geometry cannot be read.")) from None
    if made.is_empty or not all(map(math.isfinite, made.bounds)):
        raise NotAnOutline(Sentence("The geometry is empty."))
    if shapely.get_num_coordinates(made) > MOST_POINTS:
        raise NotAnOutline(Sentence("The outline has more than %(count)s corners.", count=MOST_POINTS))
    _check_degrees(made)
    if not made.is_valid:
        raise NotAnOutline(Sentence("The outline crosses itself: %(where)s.", where=shapely.is_valid_reason(made)[:80]))
    flat = shapely.force_2d(made)
    if isinstance(flat, MultiPolygon):
        return flat
    return MultiPolygon([flat] if isinstance(flat, Polygon) else [])


def _check_degrees(made: BaseGeometry) -> None:
    west, south, east, north = made.bounds
    if west >= -90 and east <= 90 and (south < -90 or north > 90) and south >= -180 and north <= 180:  # noqa: PLR2004 - degrees
        raise NotAnOutline(Sentence("Latitude and longitude look swapped: GeoJSON writes longitude first."))
    if west < -180 or east > 180 or south < -90 or north > 90:  # noqa: PLR2004 - degrees
        raise NotAnOutline(Sentence("The coordinates are no degrees of longitude and latitude (WGS-84)."))


def stored(made: MultiPolygon) -> dict[str, Any]:
    """Return the GeoJSON that is kept, rounded to 7 decimals (about a centimetre)."""
    return json.loads(json.dumps(mapping(shapely.normalize(shapely.set_precision(made, 1e-7)))))  # type: ignore[no-any-return]


def overlap_m2(one: MultiPolygon, other: MultiPolygon) -> float:
    """Return how many square metres two outlines share."""
    shared = one.intersection(other)
    if shared.is_empty:
        return 0.0
    lat = math.radians(shared.centroid.y)
    return float(shared.area) * METRES_PER_DEGREE**2 * math.cos(lat)


def outside_m2(inner: MultiPolygon, outer: MultiPolygon) -> float:
    """Return how many square metres of `inner` lie outside of `outer`."""
    rest = inner.difference(outer)
    return 0.0 if rest.is_empty else float(rest.area) * METRES_PER_DEGREE**2 * math.cos(math.radians(rest.centroid.y))


@dataclass(frozen=True, slots=True)
class Lies:
    """How a point lies to an outline."""

    inside: bool
    edge_m: float
    """Metres to the nearest edge."""


class Outlines:
    """Several outlines, asked together where a point lies; holds its own index."""

    def __init__(self, made: Sequence[MultiPolygon]) -> None:
        self._made = list(made)
        self._tree = shapely.STRtree(self._made)

    def near(self, lat: float, lon: float, *, within_m: float) -> dict[int, Lies]:
        """Return index → how the point lies to it, for outlines that contain it or are nearer than `within_m`."""
        stretch = math.cos(math.radians(lat))
        reach = within_m / METRES_PER_DEGREE
        box = shapely.box(lon - reach / max(stretch, 0.01), lat - reach, lon + reach / max(stretch, 0.01), lat + reach)
        found: dict[int, Lies] = {}
        point = Point(lon, lat)
        for index in sorted(int(number) for number in self._tree.query(box)):
            made = self._made[index]
            edge = _metres_to_edge(made, lat, lon, stretch)
            inside = bool(made.covers(point))
            if inside or edge <= within_m:
                found[index] = Lies(inside, round(edge, 1))
        return found


def _metres_to_edge(made: MultiPolygon, lat: float, lon: float, stretch: float) -> float:
    plane = shapely.transform(
        made.boundary,
        lambda points: (points - (lon, lat)) * (METRES_PER_DEGREE * stretch, METRES_PER_DEGREE),
    )
    return float(plane.distance(Point(0, 0)))
