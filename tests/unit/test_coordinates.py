"""Positions of Chinese maps: known points, there and back, and numbers that are no place."""

from __future__ import annotations

from math import cos, hypot, radians

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.coordinates import NotAPosition, System, checked, to_bd09, to_gcj02, to_wgs84

TIANANMEN_WGS84, TIANANMEN_GCJ02, TIANANMEN_BD09 = (
    (39.907333, 116.391083),
    (39.908734, 116.397324),
    (39.915077, 116.403697),
)
CENTIMETRES_OF_A_DEGREE = 11_132_000


def apart_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    north, east = one[0] - other[0], (one[1] - other[1]) * cos(radians(one[0]))
    return hypot(north, east) * CENTIMETRES_OF_A_DEGREE / 100


def test_the_shift_at_a_known_point_is_half_a_kilometre() -> None:
    assert apart_m(to_gcj02(*TIANANMEN_WGS84), TIANANMEN_GCJ02) < 1
    assert apart_m(to_bd09(*TIANANMEN_WGS84), TIANANMEN_BD09) < 1
    assert 400 < apart_m(TIANANMEN_WGS84, TIANANMEN_GCJ02) < 600


@given(lat=st.floats(18, 53), lon=st.floats(74, 135))
def test_a_position_comes_back_to_within_half_a_metre(lat: float, lon: float) -> None:
    assert apart_m(to_wgs84(*to_gcj02(lat, lon), System.GCJ02), (lat, lon)) < 0.5
    assert apart_m(to_wgs84(*to_bd09(lat, lon), System.BD09), (lat, lon)) < 0.5


def test_wgs84_is_only_rounded_to_a_tenth_of_a_metre() -> None:
    assert to_wgs84(24.12345678, 129.98765432, System.WGS84) == (24.123457, 129.987654)


@pytest.mark.parametrize(
    ("lat", "lon", "says"),
    [
        (116.39, 39.9, "exchanged"),
        (0.0, 0.0, "not in China"),
        (24.5, -129.5, "not in China"),
        (91.0, 200.0, "no such place"),
        (2453.1, 129.6, "no such place"),
        (48.85, 2.35, "not in China"),
    ],
)
def test_numbers_that_are_no_place_here_are_refused_with_what_is_wrong(lat: float, lon: float, says: str) -> None:
    with pytest.raises(NotAPosition, match=says):
        checked(lat, lon)
