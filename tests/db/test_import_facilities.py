"""A table of facilities into the register, with their buildings, floors and people."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from domain import register_log
from domain.actors import SYSTEM
from domain.database import Database
from domain.identifiers import is_facility_code, new_facility_code
from domain.imports.batch import Batch
from domain.imports.lines import Faults
from domain.models import Building, Facility, Floor, Person, RegisterEntry
from tests.tables import planned, said
from tests.world import World


@pytest.fixture
def hydrant(world: World):
    """Return a row, changed as wanted."""

    def row(number: int = 1, **changes: Any) -> dict[str, Any]:
        known = {
            "场所编码": world.codes["kuancheng"], "设施类型": "室内消火栓", "设施编号": f"XN-{number:03}",
            "建筑": "1号楼", "楼层": 3, "具体位置": "东侧走廊", "责任人": "褚巡查", "责任人手机": "138 0000 0011",
        }  # fmt: skip
        return {name: value for name, value in (known | changes).items() if value is not None}

    return row


def plan(session: Session, world: World, *lines: dict[str, Any], update: bool = False) -> tuple[Batch, Faults]:
    return planned(session, "facilities", lines, actor=SYSTEM, at=world.clock.now, update=update)


def store(db: Database, world: World, *lines: dict[str, Any], update: bool = False) -> Batch:
    with db.write() as session:
        batch, faults = plan(session, world, *lines, update=update)
        assert said(faults) == []
        batch.store(session)
    return batch


def one(session: Session, number: int = 1) -> Facility:
    return session.execute(select(Facility).where(col(Facility.number) == f"XN-{number:03}")).scalar_one()


def test_a_facility_comes_with_code_place_person_and_record(db: Database, world: World, hydrant) -> None:
    store(db, world, hydrant(型号="SN65", 到期日期="2030-01-01"))

    with db.read() as session:
        there = one(session)
        assert is_facility_code(there.code)
        assert (there.venue_id, there.kind, there.model) == (world.venues["kuancheng"], "hydrant_indoor", "SN65")
        assert (there.expires_on, there.responsible_id) == (date(2030, 1, 1), world.people["officer"])
        building, floor = session.get(Building, there.building_id), session.get(Floor, there.floor_id)
        assert (building.name, floor.number, floor.building_id) == ("1号楼", 3, building.id)
        kinds = [register_log.of(session, found.id)[0].kind for found in (there, building, floor)]
        assert kinds == ["facility", "building", "floor"]
        assert [breach for _, breach in register_log.chains(session) if breach] == []


def test_facilities_share_buildings_and_floors(db: Database, world: World, hydrant) -> None:
    store(
        db,
        world,
        hydrant(1),
        hydrant(2, 建筑=" 1 号楼"),
        hydrant(3, 楼层=-1),
        hydrant(4, 楼层=None),
        hydrant(5, 建筑=None, 楼层=None),
    )

    with db.read() as session:
        assert len(session.execute(select(Building)).all()) == 1
        assert sorted(session.execute(select(col(Floor.number))).scalars()) == [-1, 3]
        assert (one(session, 4).floor_id, one(session, 5).building_id) == (None, None)


def test_the_same_table_twice_changes_nothing(db: Database, world: World, hydrant) -> None:
    lines = [hydrant(number) for number in range(1, 6)]
    store(db, world, *lines)
    with db.read() as session:
        before = len(session.execute(select(RegisterEntry)).all())

    again = store(db, world, *lines)

    assert (again.new, again.changed, again.unchanged) == (0, 0, 5)
    with db.read() as session:
        assert len(session.execute(select(RegisterEntry)).all()) == before


def test_changes_are_made_when_allowed_and_are_in_the_record(db: Database, world: World, hydrant) -> None:
    store(db, world, hydrant())
    with db.write() as session:
        _, faults = plan(session, world, hydrant(楼层=4))
    assert said(faults)[0][0] == "D2"

    changed = store(db, world, hydrant(楼层=4, 型号="SN65", 责任人="卫管理", 责任人手机=13800000012), update=True)

    assert changed.changed == 1
    with db.read() as session:
        there = one(session)
        assert (session.get(Floor, there.floor_id).number, there.model, there.location) == (4, "SN65", "东侧走廊")
        assert there.responsible_id == world.people["manager"]
        assert register_log.of(session, there.id)[0].data["model"] == ["", "SN65"]


def test_a_facility_is_known_by_its_own_code_and_may_get_another_number(db: Database, world: World, hydrant) -> None:
    store(db, world, hydrant(1), hydrant(2))
    with db.read() as session:
        code = one(session).code

    renamed = store(db, world, hydrant(9, 设施编码=code, 场所编码=None), update=True)
    with db.write() as session:
        _, taken = plan(session, world, hydrant(2, 设施编码=code), update=True)

    assert renamed.changed == 1
    assert "has this number already" in said(taken)[0][1]
    with db.read() as session:
        assert one(session, 9).code == code


@pytest.mark.parametrize(
    ("changes", "where", "says"),
    [
        ({"场所编码": None}, "2", "venue's code or credit code"),
        ({"场所编码": "22222222"}, "A2", "no open venue"),
        ({"设施类型": "dragon"}, "B2", "no kind of facility “dragon”"),
        ({"楼层": 0}, "E2", "no floor 0"),
        ({"楼层": 300}, "E2", "outside of -20 to 200"),
        ({"建筑": None}, "D2", "in which building"),
        ({"责任人手机": None}, "G2", "phone of this person"),
        ({"责任人": None}, "G2", "name of this person"),
        ({"生产日期": "2026-02-02", "安装日期": "2026-01-01"}, "J2", "before it was made"),
        ({"设施编码": new_facility_code()}, "I2", "no facility with this code"),
    ],
)
def test_what_is_wrong_is_said_at_its_cell(
    db: Database, world: World, hydrant, changes: dict[str, Any], where: str, says: str
) -> None:
    with db.write() as session:
        _, faults = plan(session, world, hydrant(**changes))

    assert says in said(faults)[0][1]
    assert said(faults)[0][0] == where


def test_a_number_twice_in_a_table_is_named_but_not_of_another_kind_or_venue(
    db: Database, world: World, hydrant
) -> None:
    with db.write() as session:
        _, faults = plan(
            session, world, hydrant(), hydrant(), hydrant(设施类型="灭火器"), hydrant(场所编码=world.codes["market"])
        )

    assert said(faults) == [("C3", "The same stands in C2 already.")]


def test_somebody_new_is_entered_once(db: Database, world: World, hydrant) -> None:
    store(db, world, *(hydrant(number, 责任人="新来", 责任人手机=13900000099) for number in range(1, 4)))

    with db.read() as session:
        assert len(session.execute(select(Person).where(col(Person.name) == "新来")).all()) == 1
