"""What speaks against somebody having been there when they say so. Pure; nothing is refused for it.

A mark of doubt is `{"kind": …, …figures}`, kept beside the record it is about; `reason` puts it into words. Whoever
carried out the patrol may contest it, and somebody else decides (`domain.patrols.decisions`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import asin, cos, hypot, pi, radians, sin, sqrt
from typing import Any

from domain.coordinates import to_gcj02
from domain.language import Label, Sentence

Doubt = dict[str, Any]

EARTH_M = 6_371_008.8
"""Mean radius (IUGG), metres."""
NEARBY_M = 150.0
"""From a venue's mark on the map to anywhere in it, and what a position among high buildings is off."""
LARGEST_RADIUS_M = 1_000.0
COARSE_M = 2_000.0
"""A position that may be off by more says nothing."""
FASTEST_M_S = 15.0
"""54 km/h: nobody goes round a venue faster; between venues it is a car in a town."""
LEAST_WAY_M = 200.0
QUICK_POINTS, QUICK_WITHIN = 8, timedelta(seconds=10)
"""So many points within so long are codes typed from a list."""
PHOTO_APART = timedelta(minutes=15)
"""Between what the camera wrote and the answer the photo belongs to."""
ARRIVED_BEFORE = timedelta(hours=1)
"""A photo is sent as soon as there is a network, the answer when it is finished."""
AHEAD_OF_US = timedelta(minutes=2)
TOLERATED_EARLY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a phone was: WGS-84 degrees, metres."""

    lat: float
    lon: float
    accuracy_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Visit:
    """One check-in as far as it matters here."""

    point: int
    at: datetime
    fix: Fix | None


def distance_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the great-circle distance of two positions in metres (haversine)."""
    lat, lon, to_lat, to_lon = (radians(angle) for angle in (*one, *other))
    half = sin((to_lat - lat) / 2) ** 2 + cos(lat) * cos(to_lat) * sin((to_lon - lon) / 2) ** 2
    return 2 * EARTH_M * asin(min(1.0, sqrt(half)))


def reach_m(sizes: Mapping[str, Any]) -> float:
    """Return how far from its mark on the map a venue of these sizes reaches, in metres."""
    area = sizes.get("area_m2")
    if isinstance(area, bool) or not isinstance(area, int | float) or area <= 0:
        return NEARBY_M
    return NEARBY_M + min(sqrt(area / pi), LARGEST_RADIUS_M)


def of_position(fix: Fix | None, venue: tuple[float, float] | None, *, reach: float) -> list[Doubt]:
    """Return what a position says against being at the venue, its own uncertainty taken off.

    Some browsers in China give GCJ-02, some hundred metres beside WGS-84, and do not say so: the nearer one counts.
    """
    if fix is None or venue is None or fix.accuracy_m > COARSE_M:
        return []
    here = (fix.lat, fix.lon)
    away = min(distance_m(here, venue), distance_m(here, to_gcj02(*venue)))
    if away - fix.accuracy_m <= reach:
        return []
    return [{"kind": "far", "metres": round(away), "accuracy_m": round(fix.accuracy_m), "allowed_m": round(reach)}]


def of_code(how: str, reason: str, fix: Fix | None) -> list[Doubt]:
    """Return what the way a point was recognised says: no code at all, or one typed where nobody knows."""
    if how == "none":
        return [{"kind": "no_code", "why": reason}]
    return [{"kind": "typed_unplaced"}] if how == "typed" and fix is None else []


def of_time(at: datetime, *, ahead: timedelta, starts_at: datetime) -> list[Doubt]:
    """Return what its moment says: claimed to lie ahead of us, or before the task had begun."""
    found: list[Doubt] = []
    if ahead > AHEAD_OF_US:
        found.append({"kind": "future", "seconds": round(ahead.total_seconds())})
    if starts_at - at > TOLERATED_EARLY:
        found.append({"kind": "early", "minutes": round((starts_at - at).total_seconds() / 60)})
    return found


def of_way(before: Visit | None, visit: Visit) -> list[Doubt]:
    """Return whether nobody can have come from one check-in to the next so fast; both uncertainties are taken off."""
    if before is None or before.fix is None or visit.fix is None:
        return []
    one, other = before.fix, visit.fix
    between = distance_m((one.lat, one.lon), (other.lat, other.lon))
    way = between - hypot(one.accuracy_m, other.accuracy_m)
    seconds = max((visit.at - before.at).total_seconds(), 1.0)
    if way < LEAST_WAY_M or way / seconds <= FASTEST_M_S:
        return []
    return [{"kind": "too_fast", "metres": round(between), "seconds": round(seconds),
             "kmh": round(way / seconds * 3.6)}]  # fmt: skip


def of_pace(visits: Iterable[Visit]) -> list[Doubt]:
    """Return whether too many points were checked in at within a few seconds: one mark for all of them."""
    ordered = sorted(visits, key=lambda visit: visit.at)
    worst: Doubt | None = None
    for last in range(QUICK_POINTS - 1, len(ordered)):
        window = ordered[last - QUICK_POINTS + 1 : last + 1]
        length = window[-1].at - window[0].at
        if len({visit.point for visit in window}) == QUICK_POINTS and length <= QUICK_WITHIN:
            seconds = round(length.total_seconds())
            if worst is None or seconds < worst["seconds"]:
                worst = {"kind": "too_quick", "points": QUICK_POINTS, "seconds": seconds}
    return [worst] if worst else []


def of_clock(moved: timedelta | None, backwards: timedelta | None) -> list[Doubt]:
    """Return whether the phone's clock was moved while it was away."""
    apart = max((length for length in (moved, backwards) if length is not None), default=None)
    return [] if apart is None else [{"kind": "clock_moved", "minutes": max(1, round(apart.total_seconds() / 60))}]


def of_unvisited(points: Sequence[int]) -> list[Doubt]:
    """Return that there are answers about points where nobody checked in: one mark for all of them."""
    return [{"kind": "no_check_in", "points": len(set(points))}] if points else []


def of_photo_time(photo: str, taken_at: datetime | None, at: datetime, skew: timedelta) -> list[Doubt]:
    """Return whether the camera says another time than the answer; `skew` is what the phone's clock was ahead."""
    if taken_at is None:
        return []
    # A camera has the phone's clock; one that keeps its own, set right, is believed as well.
    apart = min(abs(taken_at - skew - at), abs(taken_at - at))
    if apart <= PHOTO_APART:
        return []
    return [{"kind": "photo_time", "photo": photo, "minutes": round(apart.total_seconds() / 60)}]


def of_photo_arrival(photo: str, arrived_at: datetime, at: datetime) -> list[Doubt]:
    """Return whether a photo had been here long before the answer it is said to belong to."""
    before = at - arrived_at
    if before <= ARRIVED_BEFORE:
        return []
    return [{"kind": "photo_earlier", "photo": photo, "minutes": round(before.total_seconds() / 60)}]


KINDS: Mapping[str, Label] = {
    "far": Label("位置偏离", "Position away from the venue"),
    "no_code": Label("未扫码", "No code scanned"),
    "typed_unplaced": Label("手输编码且无定位", "Code typed, no position"),
    "old_code": Label("已更换的旧码", "Replaced code"),
    "future": Label("时间超前", "Time in the future"),
    "early": Label("早于开始时间", "Before it had begun"),
    "too_fast": Label("移动过快", "Moved too fast"),
    "too_quick": Label("签到过密", "Check-ins too close together"),
    "clock_moved": Label("手机时间被改动", "Clock was moved"),
    "no_check_in": Label("未签到即填写", "Answered without check-in"),
    "photo_time": Label("照片时间不符", "Photo of another time"),
    "photo_earlier": Label("照片早于记录", "Photo older than the answer"),
    "photo_reused": Label("照片重复使用", "Photo used before"),
    "photo_missing": Label("照片未上传", "Photo did not arrive"),
}


def reason(doubt: Mapping[str, Any]) -> Sentence:
    """Return why there is a doubt, with its figures, as whoever is doubted may read it."""
    return _REASONS[doubt["kind"]](doubt)


def is_open(doubt: Mapping[str, Any]) -> bool:
    """Return whether nobody has decided on it."""
    return not doubt.get("decided")


def is_upheld(doubts: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether somebody decided that one of the marks stands: the record proves no presence then."""
    return any((doubt.get("decided") or {}).get("verdict") == "upheld" for doubt in doubts)


def open_count(marks: Iterable[Sequence[Mapping[str, Any]]]) -> int:
    """Return how many records have a mark nobody has decided on: decisions are about a record with all its marks."""
    return sum(1 for doubts in marks if any(is_open(doubt) for doubt in doubts))


_REASONS: Mapping[str, Callable[[Mapping[str, Any]], Sentence]] = {
    "far": lambda d: Sentence(
        "The position is %(metres)s m from the venue (accurate to %(accuracy)s m; up to %(allowed)s m is usual).",
        metres=d["metres"], accuracy=d["accuracy_m"], allowed=d["allowed_m"]),
    "no_code": lambda d: Sentence("No code was scanned. Reason given: %(why)s", why=d["why"]),
    "typed_unplaced": lambda _: Sentence("The code was typed, and the phone knew no position."),
    "old_code": lambda d: Sentence("The code was replaced on %(day)s; the old sheet still hangs there.", day=d["day"]),
    "future": lambda d: Sentence("The time is %(seconds)s s after the moment it arrived here.", seconds=d["seconds"]),
    "early": lambda d: Sentence("It is %(minutes)s min before the patrol had begun.", minutes=d["minutes"]),
    "too_fast": lambda d: Sentence(
        "%(metres)s m in %(seconds)s s between two check-ins: %(kmh)s km/h.",
        metres=d["metres"], seconds=d["seconds"], kmh=d["kmh"]),
    "too_quick": lambda d: Sentence(
        "%(points)s points were checked in at within %(seconds)s s.", points=d["points"], seconds=d["seconds"]),
    "clock_moved": lambda d: Sentence(
        "The phone's clock was moved by about %(minutes)s min; the times are not certain.", minutes=d["minutes"]),
    "no_check_in": lambda d: Sentence(
        "Points with answers where nobody checked in: %(points)s.", points=d["points"]),
    "photo_time": lambda d: Sentence(
        "The camera says another time: %(minutes)s min apart from the answer.", minutes=d["minutes"]),
    "photo_earlier": lambda d: Sentence(
        "The photo had arrived here %(minutes)s min before the answer was given.", minutes=d["minutes"]
    ),
    "photo_reused": lambda d: Sentence(
        "The same photo was used in another patrol.") if d.get("elsewhere") else Sentence(
        "The same photo was used at another point of this patrol."),
    "photo_missing": lambda _: Sentence("A photo that belongs to it has not arrived."),
}  # fmt: skip
