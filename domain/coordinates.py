"""Positions as Chinese maps give them, turned into WGS-84; knows no place and asks no map.

GCJ-02 (高德, 腾讯, what telephones in China report to such maps) is WGS-84 with a smooth shift of some hundred metres,
BD-09 (百度) is GCJ-02 shifted once more. Both formulas are what those maps' users have long worked with; the way back
is found by iteration, to well under a metre.
"""

from __future__ import annotations

from enum import StrEnum
from math import atan2, cos, hypot, pi, radians, sin, sqrt

from domain.language import Label, Sentence


class System(StrEnum):
    """The coordinate system a position is given in."""

    WGS84 = "WGS-84"
    GCJ02 = "GCJ-02"
    BD09 = "BD-09"


SYSTEM_LABELS: dict[str, Label] = {
    System.WGS84: Label("WGS-84（GPS、北斗、天地图）", "WGS-84 (GPS, BeiDou, Tianditu)"),
    System.GCJ02: Label("GCJ-02（高德、腾讯）", "GCJ-02 (Amap, Tencent)"),
    System.BD09: Label("BD-09（百度）", "BD-09 (Baidu)"),
}
SOUTH_WEST, NORTH_EAST = (3.0, 73.0), (54.0, 136.0)
"""A box around China with its seas, degrees north and east."""
AXIS, ECCENTRICITY = 6378245.0, 0.00669342162296594323
"""Metres and squared: the ellipsoid of Krassowski, which the shift is computed on."""
ROUNDS = 4
BAIDU = pi * 3000.0 / 180.0


class NotAPosition(ValueError):
    """No place on Earth, or none where this can be; `reason` says which number to look at."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.reason)


def checked(lat: float, lon: float) -> tuple[float, float]:
    """Return latitude and longitude if they can be a place in China, else raise NotAPosition."""
    if _inside(lat, lon):
        return lat, lon
    if _inside(lon, lat):
        raise NotAPosition(Sentence("Latitude and longitude are exchanged: %(lat)s is a longitude.", lat=lat))
    if abs(lat) > 90 or abs(lon) > 180:  # noqa: PLR2004 - degrees
        raise NotAPosition(
            Sentence("There is no such place: latitude is between −90 and 90, longitude between −180 and 180.")
        )
    raise NotAPosition(Sentence("This position is not in China: %(lat)s, %(lon)s.", lat=lat, lon=lon))


def to_wgs84(lat: float, lon: float, system: System) -> tuple[float, float]:
    """Return the WGS-84 latitude and longitude of a position given in `system`, in degrees with six decimals."""
    if system is System.BD09:
        lat, lon = _from_baidu(lat, lon)
    if system is not System.WGS84:
        lat, lon = _unshifted(lat, lon)
    return round(lat, 6), round(lon, 6)


def to_gcj02(lat: float, lon: float) -> tuple[float, float]:
    """Return a WGS-84 position as GCJ-02 maps show it."""
    shift_lat, shift_lon = _shift(lat, lon)
    return lat + shift_lat, lon + shift_lon


def to_bd09(lat: float, lon: float) -> tuple[float, float]:
    """Return a WGS-84 position as BD-09 maps show it."""
    lat, lon = to_gcj02(lat, lon)
    away = hypot(lon, lat) + 0.00002 * sin(lat * BAIDU)
    angle = atan2(lat, lon) + 0.000003 * cos(lon * BAIDU)
    return away * sin(angle) + 0.006, away * cos(angle) + 0.0065


def _from_baidu(lat: float, lon: float) -> tuple[float, float]:
    x, y = lon - 0.0065, lat - 0.006
    away = hypot(x, y) - 0.00002 * sin(y * BAIDU)
    angle = atan2(y, x) - 0.000003 * cos(x * BAIDU)
    return away * sin(angle), away * cos(angle)


def _unshifted(lat: float, lon: float) -> tuple[float, float]:
    found_lat, found_lon = lat, lon
    for _ in range(ROUNDS):
        shift_lat, shift_lon = _shift(found_lat, found_lon)
        found_lat, found_lon = lat - shift_lat, lon - shift_lon
    return found_lat, found_lon


def _shift(lat: float, lon: float) -> tuple[float, float]:
    x, y = lon - 105.0, lat - 35.0
    wave = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + wave
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + wave
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    squeezed = 1 - ECCENTRICITY * sin(radians(lat)) ** 2
    meridian = AXIS * (1 - ECCENTRICITY) / (squeezed * sqrt(squeezed))
    parallel = AXIS / sqrt(squeezed) * cos(radians(lat))
    return north / (meridian * pi / 180.0), east / (parallel * pi / 180.0)


def _inside(lat: float, lon: float) -> bool:
    return SOUTH_WEST[0] <= lat <= NORTH_EAST[0] and SOUTH_WEST[1] <= lon <= NORTH_EAST[1]
