"""The invented city's ground: outlines of its areas, and the organisations that work on them.

Outlines run along the corners of a grid, each corner moved a little, so that neighbours share every edge exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from domain.demo import city
from domain.identifiers import new_id
from domain.routing import fingerprint

Corner = tuple[int, int]
"""(row, column) of the grid's corners, from the south-west."""

ROWS = len(city.GRIDS) // city.COLUMNS
WOBBLE = 0.09
"""How far a corner lies off, in cells: venues stand further inside."""


def _corner(corner: Corner) -> list[float]:
    row, column = corner
    north = ((row * 7 + column * 5) % 9 - 4) / 4 * WOBBLE
    east = ((row * 4 + column * 3) % 7 - 3) / 3 * WOBBLE
    lat = city.SOUTH_WEST[0] + city.GRID_SIZE[0] * (row + north)
    lon = city.SOUTH_WEST[1] + city.GRID_SIZE[1] * (column + east)
    return [round(lon, 6), round(lat, 6)]


def _polygon(corners: Iterable[Corner]) -> list[list[list[float]]]:
    ring = [_corner(corner) for corner in corners]
    return [[*ring, ring[0]]]


def _run(row: int, first: int, last: int) -> list[list[list[float]]]:
    """Return the outline of neighbouring cells of one row."""
    south = [(row, column) for column in range(first, last + 2)]
    return _polygon([*south, *((row + 1, column) for column in range(last + 1, first - 1, -1))])


def _cell(grid: str) -> tuple[int, int]:
    return divmod(city.GRIDS.index(grid), city.COLUMNS)


def outlines() -> dict[str, dict[str, Any]]:
    """Return area code → outline (GeoJSON MultiPolygon, WGS-84)."""
    width, height = city.COLUMNS, ROWS
    found = {grid: [_run(row, column, column)] for grid in city.GRIDS for row, column in (_cell(grid),)}
    streets: dict[str, list[tuple[int, int]]] = {}
    for area in city.AREAS:
        if area.level == "grid":
            streets.setdefault(area.parent or "", []).append(_cell(area.code))
    for street, cells in streets.items():
        rows: dict[int, list[int]] = {}
        for row, column in cells:
            rows.setdefault(row, []).append(column)
        found[street] = [_run(row, min(columns), max(columns)) for row, columns in rows.items()]
    south = [(0, column) for column in range(width + 1)]
    notch = [(1, column) for column in range(width, 0, -1)]
    found["chengyang"] = [_polygon([*south, *notch, (2, 1), (2, 0), (1, 0)])]
    found["wanglan"] = [_run(1, 1, width - 1)]
    north = [(height, column) for column in range(width, -1, -1)]
    found[city.CITY] = [_polygon([*south, (1, width), *north, (1, 0)])]
    return {code: {"type": "MultiPolygon", "coordinates": polygons} for code, polygons in found.items()}


def boundaries(areas: dict[str, UUID], at: datetime) -> list[dict[str, Any]]:
    """Return the rows of `area_boundary`."""
    return [
        {
            "id": new_id(), "area_id": areas[code], "geometry": geometry, "source": "demo",
            "sha256": fingerprint(geometry), "from_at": at, "until_at": None,
        }
        for code, geometry in outlines().items()
    ]  # fmt: skip


ORGANISATIONS = (
    ("cl-brigade", "澄岚市消防救援支队", "Chenglan Fire and Rescue", "brigade", city.CITY, None, None),
    ("cy-station", "澄阳路消防救援站", "Chengyang Road Fire Station", "station", "chengyang", "cl-brigade", None),
    ("wl-station", "工园消防救援站", "Industry Park Fire Station", "station", "wanglan", "cl-brigade", None),
    ("gl-desk", "广龙街道消防工作站", "Guanglong Street Fire Desk", "street_desk", "guanglong-st", None, None),
    ("lj-desk", "老街街道消防工作站", "Old Street Fire Desk", "street_desk", "laojie-st", None, None),
    ("guolin-team", "果林街道专职消防队", "Orchard Street Brigade", "town_brigade", "guolin-st", "wl-station", None),
    ("yugang-micro", "渔港微型消防站", "Fishing Port Micro Station", "micro_station", "yugang", "cy-station", None),
    ("culture", "澄岚市文化和旅游局", "Culture and Tourism Bureau", "industry_department", city.CITY, None, "hotel"),
    ("operator", "澄岚智慧消防运营中心", "Platform Operation Centre", "platform_operator", city.CITY, None, None),
)


def organisations(areas: dict[str, UUID], since: date) -> list[dict[str, Any]]:
    """Return the rows of `organisation`, each after the one it belongs to."""
    ids = {code: new_id() for code, *_ in ORGANISATIONS}
    return [
        {
            "id": ids[code], "code": code, "name": name, "name_en": name_en, "kind": kind, "area_id": areas[area],
            "parent_id": ids[parent] if parent else None, "industry": industry, "phone": None, "address": "",
            "lat": None, "lon": None, "from_on": since, "ended_on": None,
        }
        for code, name, name_en, kind, area, parent, industry in ORGANISATIONS
    ]  # fmt: skip
