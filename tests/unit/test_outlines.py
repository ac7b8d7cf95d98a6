"""Outlines from GeoJSON: what is taken, and in which words the rest is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain import outlines, routing

RING = [[129.5, 24.5], [129.6, 24.5], [129.6, 24.6], [129.5, 24.6], [129.5, 24.5]]


def polygon(ring: list[Any]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [ring]}


def test_a_polygon_becomes_a_multipolygon_with_a_fingerprint_of_its_own() -> None:
    made = outlines.outline(polygon(RING))
    kept = outlines.stored(made)

    assert kept["type"] == "MultiPolygon"
    assert routing.fingerprint(kept) == routing.fingerprint(outlines.stored(outlines.outline(kept)))
    turned = outlines.stored(outlines.outline(polygon(RING[::-1])))
    assert routing.fingerprint(kept) == routing.fingerprint(turned), "wherever and whichever way it was drawn"


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (None, "neither a Polygon"),
        ({"type": "Point", "coordinates": [1, 2]}, "neither a Polygon"),
        ({"type": "Polygon"}, "cannot be read"),
        ({"type": "Polygon", "coordinates": [[["a", "b"]]]}, "cannot be read"),
        ({"type": "Polygon", "coordinates": []}, "empty"),
        (polygon([[24.5, 129.5], [24.6, 129.5], [24.6, 129.6], [24.5, 129.5]]), "swapped"),
        (polygon([[500000, 2700000], [500100, 2700000], [500100, 2700100], [500000, 2700000]]), "no degrees"),
        (polygon([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]), "crosses itself"),
    ],
)
def test_what_is_no_outline_is_refused_in_words(geometry: Any, words: str) -> None:
    with pytest.raises(outlines.NotAnOutline, match=words):
        outlines.outline(geometry)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{", b'{"type":"Feature"}', b"\xff\xfe", b'{"type":"FeatureCollection","features":[1]}']
)
def test_a_file_that_is_no_feature_collection_is_refused(text: bytes) -> None:
    with pytest.raises(outlines.NotAnOutline):
        outlines.features(text)


def test_features_are_numbered_and_keep_their_properties() -> None:
    file = {"type": "FeatureCollection", "features": [{"properties": {"code": "a"}, "geometry": polygon(RING)}, {}]}

    first, second = outlines.features(b"\xef\xbb\xbf" + json.dumps(file).encode())

    assert (first.number, first.properties["code"], second.number, second.geometry) == (1, "a", 2, None)


def test_shared_and_outlying_ground_is_measured_in_square_metres() -> None:
    one = outlines.outline(polygon(RING))
    east = [[lon + 0.05, lat] for lon, lat in RING]
    other = outlines.outline(polygon(east))
    half = 0.05 * 0.1 * outlines.METRES_PER_DEGREE**2 * 0.9098

    assert outlines.overlap_m2(one, other) == pytest.approx(half, rel=0.01)
    assert outlines.outside_m2(one, other) == pytest.approx(half, rel=0.01)
    assert outlines.overlap_m2(one, outlines.outline(polygon([[lon + 1, lat] for lon, lat in RING]))) == 0
