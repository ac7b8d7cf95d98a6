"""What the demo city's venues are made of: codes of invented companies, hours, sizes, buildings, key parts, facilities.

Always the same for the same venue, so that printed labels stay true; as plain data, entered by `demo.register`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain import catalogue, register_log
from domain.actors import SYSTEM, Role
from domain.credit_code import ALPHABET as CREDIT_ALPHABET
from domain.credit_code import check_character
from domain.demo import city, roster
from domain.demo.city import DemoVenue
from domain.identifiers import ALPHABET, FACILITY_CODE_LENGTH, new_id, with_check_character
from domain.models import Building, Facility, Floor, KeyPart, RegisterEntry, RegisterHead
from domain.opening_hours import read_hours

_SEED = "fireline demo premises"
_ORGANISED = "91990100"
"""How the credit codes begin: a company, registered in division 990100, which GB/T 2260 gives to no place."""
_NOT_ORGANISED = ("V02", "V07")
"""Classes whose venues are dwellings: nobody registered a company there."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a venue of one class is like in the demo city."""

    industry: str
    hours: str
    sizes: Mapping[str, int]
    above: int
    below: int
    parts: tuple[tuple[str, str], ...]
    """Kind and name of its key parts; they stand on the lowest floor."""
    facilities: tuple[tuple[str, int], ...]
    """Kind of facility, and how many."""


_ESCAPE = (("exit_sign", 2), ("emergency_light", 1))
_SMALL = (("extinguisher", 2), ("standalone_detector", 1), *_ESCAPE)
_MEDIUM = (("extinguisher", 3), ("hydrant_indoor", 1), ("call_point", 1), ("smoke_detector", 1), *_ESCAPE)
_LARGE = (("extinguisher", 3), ("hydrant_indoor", 2), ("sprinkler_valve", 1), ("alarm_panel", 1), ("pump", 1),
          ("fire_door", 1), ("fire_lane", 1), *_ESCAPE)  # fmt: skip
_CONTROL = ("control_room", "消防控制室")
_POWER = ("electrical_room", "配电室")
_KITCHEN = ("kitchen", "厨房")
_STORE = ("store", "库房")

PROFILES: Mapping[str, Profile] = {
    "V01": Profile("industry", "周一至周六 08:00–20:00", {"area_m2": 4200, "people": 120}, 3, 0,
                   (_POWER, _STORE, ("spraying", "喷涂间")), _LARGE),
    "V02": Profile("rental", "", {"rooms": 12, "people": 18, "storeys": 4}, 4, 0,
                   (("charging", "门厅充电处"),), _SMALL),
    "V03": Profile("housing", "", {"storeys": 18, "height_m": 54, "area_m2": 26000}, 18, 1,
                   (_CONTROL, ("pump_room", "消防水泵房")), _LARGE),
    "V04": Profile("office", "周一至周五 08:00–20:00", {"storeys": 24, "height_m": 96, "area_m2": 31000}, 24, 2,
                   (_CONTROL, ("generator_room", "发电机房")), _LARGE),
    "V05": Profile("culture", "每天 13:00–次日 02:00", {"area_m2": 620, "seats": 140}, 2, 0, (_POWER,), _MEDIUM),
    "V06": Profile("commerce", "每天 08:00–21:00", {"area_m2": 80}, 1, 0, (), _SMALL),
    "V07": Profile("civil_affairs", "", {"beds": 8, "people": 10}, 1, 0, (), _SMALL),
    "V08": Profile("civil_affairs", "每天 24小时", {"beds": 86, "area_m2": 2400}, 4, 0,
                   (_CONTROL, _KITCHEN, ("elderly_care", "护理楼层")), _LARGE),
    "V09": Profile("hotel", "每天 24小时", {"rooms": 56, "beds": 98, "area_m2": 3100}, 6, 1,
                   (_CONTROL, _KITCHEN, ("store", "布草间")), _LARGE),
    "V10": Profile("catering", "每天 10:00–22:00", {"area_m2": 260, "seats": 90}, 1, 0, (_KITCHEN,), _MEDIUM),
    "V11": Profile("commerce", "每天 07:00–20:00", {"area_m2": 5200, "stalls": 210}, 2, 1, (_POWER, _STORE), _LARGE),
    "V12": Profile("education", "周一至周五 07:00–18:00", {"area_m2": 6800, "people": 900}, 5, 0,
                   (_KITCHEN, ("assembly", "礼堂")), _LARGE),
    "V13": Profile("health", "每天 24小时", {"beds": 40, "area_m2": 1800}, 4, 0, (("ward", "住院部"), _POWER), _MEDIUM),
    "V14": Profile("warehousing", "周一至周六 07:00–19:00", {"area_m2": 7600}, 1, 0,
                   (_STORE, ("charging", "叉车充电区")), _LARGE),
}  # fmt: skip


def facts(venue: DemoVenue) -> dict[str, Any]:
    """Return the columns of a venue that tell what it is like."""
    profile, number = PROFILES[venue.class_code], city.VENUES.index(venue)
    kindergarten = "幼儿园" in venue.name
    return {
        "credit_code": None if venue.class_code in _NOT_ORGANISED else credit_code(venue.name),
        "industry": "preschool" if kindergarten else profile.industry,
        "phone": f"+861380000{4001 + number}",
        "hours": read_hours(profile.hours),
        "sizes": {"beds": 60, "people": 180} if kindergarten else dict(profile.sizes),
    }


def credit_code(name: str) -> str:
    """Return the credit code of an invented company: valid like any other, and of no place there is."""
    number = _number("credit", name)
    body = _ORGANISED
    while len(body) < 17:  # noqa: PLR2004 - the 18th proves them
        number, digit = divmod(number, len(CREDIT_ALPHABET))
        body += CREDIT_ALPHABET[digit]
    return body + check_character(body)


def facility_code(name: str) -> str:
    """Return the code of a demo facility or key part: always the same for the same one."""
    number, body = _number("facility", name), ""
    for _ in range(FACILITY_CODE_LENGTH - 1):
        number, digit = divmod(number, len(ALPHABET))
        body += ALPHABET[digit]
    return with_check_character(body)


def _number(kind: str, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{_SEED}:{kind}:{name}".encode()).digest(), "big")


def rows(venues: Mapping[str, UUID], people: Mapping[str, UUID], *, since: date, at: datetime) -> list[tuple[Any, Any]]:
    """Return (model, rows) of every venue's buildings, floors, key parts and facilities, and of their record."""
    made: dict[Any, list[dict[str, Any]]] = {Building: [], Floor: [], KeyPart: [], Facility: []}
    answers = {
        post.venue: people[person.key]
        for person in roster.people()
        for post in person.posts
        if post.role is Role.OFFICER
    }
    for venue in city.VENUES:
        _furnish(made, venue, venues[venue.name], answers[venue.name], since)
    entries = [
        register_log.entry(kind, row["id"], "create", actor=SYSTEM, at=at, data=_said(row))
        for model, kind in ((Building, "building"), (KeyPart, "key_part"), (Facility, "facility"))
        for row in made[model]
    ]
    heads = [register_log.head_of(entry) for entry in entries]
    return [*made.items(), (RegisterEntry, entries), (RegisterHead, heads)]


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "id" and value not in (None, "")}


def _furnish(
    made: dict[Any, list[dict[str, Any]]], venue: DemoVenue, venue_id: UUID, officer: UUID, since: date
) -> None:
    profile = PROFILES[venue.class_code]
    building = new_id()
    made[Building].append(
        {"id": building, "venue_id": venue_id, "name": "主楼", "storeys_above": profile.above,
         "storeys_below": profile.below, "height_m": profile.sizes.get("height_m"),
         "area_m2": profile.sizes.get("area_m2"), "fire_resistance": "二", "use": "", "from_on": since}
    )  # fmt: skip
    numbers = [*range(-profile.below, 0), *range(1, profile.above + 1)]
    floors = {number: new_id() for number in numbers}
    made[Floor] += [
        {"id": floors[number], "building_id": building, "number": number, "name": "", "use": "", "from_on": since}
        for number in numbers
    ]
    there = {"venue_id": venue_id, "building_id": building, "responsible_id": officer, "from_on": since}
    made[KeyPart] += [
        {**there, "id": new_id(), "code": facility_code(f"{venue.name}:{name}"), "floor_id": floors[numbers[0]],
         "kind": kind, "name": name, "location": ""}
        for kind, name in profile.parts
    ]  # fmt: skip
    for kind, count in profile.facilities:
        for number in range(1, count + 1):
            made[Facility].append(_facility(venue, kind, number, there=there, floors=floors, since=since))


def _facility(
    venue: DemoVenue, kind: str, number: int, *, there: Mapping[str, Any], floors: Mapping[int, UUID], since: date
) -> dict[str, Any]:
    numbered = f"{catalogue.facility_kinds()[kind].mark}-{number:03}"
    outside = kind == "fire_lane"
    levels = sorted(level for level in floors if level > 0)
    installed = since + timedelta(days=_number("installed", f"{venue.name}:{numbered}") % 300)
    return {
        **there,
        "id": new_id(),
        "code": facility_code(f"{venue.name}:{numbered}"),
        "floor_id": None if outside else floors[levels[(number - 1) % len(levels)]],
        "kind": kind,
        "number": numbered,
        "location": "门前车道" if outside else "走廊",
        "installed_on": installed,
        "expires_on": installed + timedelta(days=365 + number * 30) if kind == "extinguisher" else None,
    }
