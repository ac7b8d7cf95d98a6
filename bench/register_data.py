"""A register of city size for measuring: 65,000 venues with their owners, 300,000 facilities, 667 areas."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from domain import catalogue
from domain.actors import Role
from domain.credit_code import ALPHABET as CREDIT_ALPHABET
from domain.credit_code import check_character
from domain.database import Database
from domain.identifiers import ALPHABET, new_id, with_check_character
from domain.models import Area, Building, Facility, Person, Post, Venue

VENUES = 65_000
FACILITIES = 300_000
OF_THE_LARGEST = 2_000
SINCE = date(2024, 1, 1)
BATCH = 5_000

_FAMILY = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_ROAD = ("环城", "建设", "人民", "解放", "滨河", "玉带", "文昌", "东风", "朝阳", "工业", "果林", "渔港", "书院", "古城")
_TRADE = {
    "V01": ("塑料厂", "industry"), "V02": ("出租屋", "rental"), "V03": ("花园小区", "housing"),
    "V04": ("大厦", "office"), "V05": ("歌厅", "culture"), "V06": ("便利店", "commerce"),
    "V07": ("照料点", "civil_affairs"), "V08": ("养老院", "civil_affairs"), "V09": ("宾馆", "hotel"),
    "V10": ("饭店", "catering"), "V11": ("商场", "commerce"), "V12": ("幼儿园", "preschool"),
    "V13": ("诊所", "health"), "V14": ("仓库", "warehousing"),
}  # fmt: skip


@dataclass
class Register:
    """What was built: the areas by level, and some venues to look for."""

    areas: dict[str, list[tuple[UUID, str, str]]] = field(default_factory=dict)
    """Level → (id, code, path)."""
    codes: list[str] = field(default_factory=list)
    credit_codes: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    largest: str = ""
    """The code of the venue with the most facilities."""


def build(database: Database, *, venues: int = VENUES, facilities: int = FACILITIES) -> Register:
    """Fill an empty, migrated database; the same each time but for the ids."""
    chance = random.Random(20261120)
    made = Register()
    _put(database, Area, _areas(made))
    grids = made.areas["grid"]
    people, places, posts, buildings = [], [], [], []
    for number in range(venues):
        person, venue = new_id(), new_id()
        row = _venue(chance, number, venue, person, grids[number % len(grids)][0])
        made.codes.append(row["code"])
        made.credit_codes.append(row["credit_code"])
        made.names.append(row["name"])
        people.append({"id": person, "name": f"{chance.choice(_FAMILY)}小{number}", "phone": f"+86139{number:08}",
                       "language": "zh_CN"})  # fmt: skip
        places.append(row)
        posts.append({"id": new_id(), "person_id": person, "role": Role.OWNER.value, "venue_id": venue,
                      "from_on": SINCE})  # fmt: skip
        buildings.append({"id": new_id(), "venue_id": venue, "name": "主楼", "fire_resistance": "", "use": "",
                          "from_on": SINCE})  # fmt: skip
    made.largest = made.codes[venues // 2]
    _put(database, Person, people)
    _put(database, Venue, places)
    _put(database, Post, posts)
    _put(database, Building, buildings)
    _put(database, Facility, _facilities(chance, places, buildings, people, facilities))
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    return made


def _areas(made: Register) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []

    def put(level: str, code: str, parent: tuple[UUID, str, str] | None) -> tuple[UUID, str, str]:
        entry = (new_id(), code, f"{parent[2] if parent else ''}{code}/")
        made.areas.setdefault(level, []).append(entry)
        rows.append({"id": entry[0], "code": code, "name": f"{code} 片区", "name_en": "", "level": level,
                     "parent_id": parent[0] if parent else None, "path": entry[2]})  # fmt: skip
        return entry

    city = put("city", "c", None)
    for district in (put("district", f"d{number}", city) for number in range(6)):
        for street in (put("street", f"{district[1]}s{number}", district) for number in range(10)):
            for number in range(10):
                put("grid", f"{street[1]}g{number}", street)
    return rows


def _venue(chance: random.Random, number: int, venue: UUID, owner: UUID, area: UUID) -> dict[str, Any]:
    class_code = chance.choice(list(_TRADE))
    trade, industry = _TRADE[class_code]
    body = "91" + f"{chance.randrange(10**6):06}" + "".join(chance.choice(CREDIT_ALPHABET) for _ in range(9))
    name = f"{chance.choice(_ROAD)}{chance.choice(_FAMILY)}记{trade}{number}店"
    return {
        "id": venue, "code": _code(number, 7), "name": name, "name_en": f"{class_code} House {number}",
        "class_code": class_code, "address": f"{chance.choice(_ROAD)}路 {chance.randrange(1, 900)} 号", "area_id": area,
        "lat": 24.5, "lon": 129.5, "way_out": "走廊两端楼梯", "owner_id": owner, "opened_on": SINCE,
        "credit_code": body + check_character(body), "industry": industry, "phone": f"+86877{6000000 + number}",
        "closed_on": date(2026, 1, 1) if number % 40 == 7 else None, "hours": [], "sizes": {"area_m2": number % 3000},
        "suspended_reason": "", "key_unit_basis": "", "key_unit_since": SINCE if number % 50 == 0 else None,
    }  # fmt: skip


def _facilities(
    chance: random.Random, venues: Sequence[dict[str, Any]], buildings: Sequence[dict[str, Any]],
    people: Sequence[dict[str, Any]], count: int,
) -> list[dict[str, Any]]:  # fmt: skip
    kinds = list(catalogue.facility_kinds().values())
    large = len(venues) // 2
    rows = []
    for number in range(count):
        at = large if number < OF_THE_LARGEST else number % len(venues)
        kind = kinds[number % len(kinds)]
        rows.append(
            {
                "id": new_id(), "code": _code(number, 9), "venue_id": venues[at]["id"],
                "building_id": buildings[at]["id"], "kind": kind.code, "number": f"{kind.mark}-{number:06}",
                "location": "走廊", "model": "", "maker": "", "expires_on": date(2027 + number % 3, 1, 1),
                "responsible_id": people[at]["id"], "from_on": SINCE, "ended_reason": "",
            }
        )  # fmt: skip
    chance.shuffle(rows)
    return rows


def _code(number: int, length: int) -> str:
    body = ""
    for _ in range(length):
        number, digit = divmod(number * 7 + 3 if not body else number, len(ALPHABET))
        body += ALPHABET[digit]
    return with_check_character(body)


def _put(database: Database, model: Any, rows: list[dict[str, Any]]) -> None:
    if database.is_sqlite:
        with database.write() as session:
            for batch in _batches(rows):
                session.connection().execute(insert(model), batch)
        return
    table = model.__table__
    columns = [column for column in table.columns if column.name in rows[0]]
    names = ", ".join(f'"{column.name}"' for column in columns)
    bind = [column.type.dialect_impl(database.engine.dialect).bind_processor(database.engine.dialect)
            for column in columns]  # fmt: skip
    connection = database.engine.raw_connection()
    try:
        with connection.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:  # type: ignore[attr-defined]
            for row in rows:
                values = (row[column.name] for column in columns)
                copy.write_row([_written(v, process) for v, process in zip(values, bind, strict=True)])
        connection.commit()
    finally:
        connection.close()


def _written(value: Any, process: Any) -> Any:
    if value is None or process is None or isinstance(value, UUID):
        return value
    return process(value)


def _batches(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
