"""A map's numbers in words and JSON: table and drawing both take them from here, so they are the same."""

from __future__ import annotations

from typing import Any

from api.map_query import EVERY_PROCESS, month_of
from api.rendering import in_words
from api.rest.answers import moment
from domain.language import CHINESE, Sentence
from domain.queries.map_data import EMPTY_LABELS, LEVEL_LABELS, MEASURES, Asked, Figure, Figures
from domain.queries.map_shapes import Outline, Points
from domain.queries.shades import NONE_AT_ALL, Shade

SMALLEST = 0.05
"""What would be written as 0.0 is not zero."""


def answer(found: Figures, locale: str) -> dict[str, Any]:
    """Return the numbers of a map for a program, and for the page."""
    asked = found.asked
    return {
        "level": asked.level,
        "level_label": in_words(LEVEL_LABELS[asked.level], locale),
        "measure": asked.measure,
        "measure_label": in_words(MEASURES[asked.measure], locale),
        "per": "venues" if asked.per_venues else "count",
        "unit": in_words(unit_of(asked), locale),
        "process": asked.process or EVERY_PROCESS,
        "hazard": asked.hazard,
        "from": month_of(asked.from_on),
        "to": month_of(asked.until_on),
        "as_of": moment(found.measured_until),
        "legend": _legend(found, locale),
        "areas": [_area(one, asked, locale) for one in found.areas],
        "elsewhere": dict(found.rest),
        "total": dict(found.total),
    }


def unit_of(asked: Asked) -> Sentence:
    """Return what the coloured numbers are."""
    return Sentence("per 100 registered venues") if asked.per_venues else Sentence("cases")


def written(value: float | None, *, per_venues: bool) -> str:
    """Return a number as it is read: rates with one decimal; "–" for no number at all."""
    if value is None:
        return "–"
    if not per_venues:
        return f"{value:.0f}"
    return "<0.1" if 0 < value < SMALLEST else f"{value:.1f}"


def _legend(found: Figures, locale: str) -> list[dict[str, Any]]:
    per = found.asked.per_venues
    classes: list[dict[str, Any]] = [
        {"shade": 0, "words": in_words(NONE_AT_ALL, locale), "range": written(0, per_venues=per)}
    ]
    for shade in found.shades:
        words = in_words(shade.words, locale)
        classes.append({"shade": shade.depth, "words": words, "range": _range(shade, per_venues=per)})
    reasons = sorted({one.empty for one in found.areas if one.empty is not None})
    return classes + [
        {"shade": None, "words": in_words(EMPTY_LABELS[reason], locale), "range": ""} for reason in reasons
    ]


def _range(shade: Shade, *, per_venues: bool) -> str:
    least, most = (written(value, per_venues=per_venues) for value in (shade.least, shade.most))
    return least if least == most else f"{least}–{most}"


def _area(one: Figure, asked: Asked, locale: str) -> dict[str, Any]:
    return {
        "code": one.code,
        "name": named(one, locale),
        "venues": one.venues,
        "counts": dict(one.counts) if one.empty in (None, "no_venues") else None,
        "value": round(one.value, 2) if one.value is not None else None,
        "written": written(one.value, per_venues=asked.per_venues),
        "shade": one.shade,
        "empty": one.empty,
        "empty_words": in_words(EMPTY_LABELS[one.empty], locale) if one.empty else None,
    }


def collection(outlines: tuple[Outline, ...], locale: str) -> dict[str, Any]:
    """Return outlines as GeoJSON; `middle` (latitude, longitude) is where a name stands."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": one.code,
                "properties": {"code": one.code, "name": named(one, locale), "middle": list(one.middle)},
                "geometry": {"type": "MultiPolygon", "coordinates": one.polygons},
            }
            for one in outlines
        ],
    }


def points(found: Points, locale: str) -> dict[str, Any]:
    """Return venues as points."""
    return {
        "points": [
            {"venue": one.code, "name": named(one, locale), "lat": one.lat, "lon": one.lon, "count": one.count}
            for one in found.points
        ],
        "left_off": found.left_off,
    }


def named(one: Any, locale: str) -> str:  # noqa: ANN401 - whatever has both names
    """Return the name in the reader's language, the Chinese one where there is no other."""
    return str(one.name if locale == CHINESE else one.name_en or one.name)
