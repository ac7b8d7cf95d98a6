"""A table of venues into the register: new, unchanged and changed ones, all or nothing, and who may."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlmodel import Session, col

from domain import people, register_log, venues
from domain.actors import SYSTEM, Actor, Grant, Role
from domain.coordinates import to_gcj02
from domain.database import Database
from domain.identifiers import is_venue_code, new_id, new_venue_code
from domain.imports.batch import Batch
from domain.imports.lines import Faults
from domain.models import Area, Person, Post, RegisterEntry, Venue, VenueCode
from tests.tables import credit_code, planned, said
from tests.world import World

HERE = (24.531, 129.618)


def venue(number: int = 0, **changes: Any) -> dict[str, Any]:
    known = {
        "统一社会信用代码": credit_code(number), "场所名称": f"第 {number} 号店", "类别": "V06",
        "地址": f"老街 {number} 号", "所属区域": "guanglong", "纬度": HERE[0], "经度": HERE[1],
        "责任人": f"张{number}", "责任人手机": 13900000000 + number,
    }  # fmt: skip
    return {name: value for name, value in (known | changes).items() if value is not None}


def plan(session: Session, world: World, *lines: dict[str, Any], **terms: Any) -> tuple[Batch, Faults]:
    return planned(session, "venues", lines, at=world.clock.now, **{"actor": SYSTEM, **terms})


def store(db: Database, world: World, *lines: dict[str, Any], **terms: Any) -> Batch:
    with db.write() as session:
        batch, faults = plan(session, world, *lines, **terms)
        assert said(faults) == []
        batch.store(session)
    return batch


def counts(batch: Batch) -> tuple[int, int, int]:
    return batch.new, batch.changed, batch.unchanged


def named(session: Session, name: str) -> Venue:
    return session.execute(select(Venue).where(col(Venue.name) == name)).scalar_one()


def test_a_new_venue_comes_with_code_people_and_record(db: Database, world: World) -> None:
    line = venue(
        7,
        英文名称="Shop 7",
        行业="commerce",
        营业时间="每天 09:00-22:00",
        建筑面积="120.5",
        层数=2,
        启用日期=date(2026, 1, 2),
    )
    line["建筑面积（平方米）"] = line.pop("建筑面积")

    batch = store(db, world, line)

    assert counts(batch) == (1, 0, 0)
    with db.read() as session:
        there = named(session, "第 7 号店")
        assert is_venue_code(there.code)
        assert (there.class_code, there.industry, there.credit_code, there.area_id) == (
            "V06", "commerce", credit_code(7), world.areas["guanglong"],
        )  # fmt: skip
        assert (there.lat, there.lon, there.sizes, there.opened_on) == (
            *HERE,
            {"area_m2": 120.5, "storeys": 2},
            date(2026, 1, 2),
        )
        assert there.hours[0]["until"] == "22:00"
        owner = session.get(Person, there.owner_id)
        assert (owner.name, owner.phone) == ("张7", "+8613900000007")
        assert people.of_venue(session, (Role.OWNER,), there.id, day=date(2026, 8, 23)) == [owner]
        (entry,) = register_log.of(session, there.id)
        assert (entry.action, entry.actor_role, entry.data["file"]) == ("import", "system", "venues.xlsx")
        assert entry.data["name"] == [None, "第 7 号店"]
        (of_owner,) = register_log.of(session, owner.id)
        assert "13900000007" not in str(of_owner.data)
        assert [breach for _, breach in register_log.chains(session) if breach] == []


def test_the_code_of_a_new_venue_opens_its_page(db: Database, world: World) -> None:
    store(db, world, venue(7))

    with db.read() as session:
        there = named(session, "第 7 号店")
        assert venues.open_by_code(session, there.code.lower(), day=date(2026, 8, 23)) == there


def test_the_same_table_twice_changes_nothing(db: Database, world: World) -> None:
    lines = [venue(number, 管理人=f"李{number}") for number in range(5)]
    lines.append(venue(9, 统一社会信用代码=None, 责任人手机=None))
    store(db, world, *lines)
    with db.read() as session:
        before = session.execute(select(func.count()).select_from(RegisterEntry)).scalar_one()

    again = store(db, world, *lines)

    assert counts(again) == (0, 0, 6)
    with db.read() as session:
        assert session.execute(select(func.count()).select_from(RegisterEntry)).scalar_one() == before


def test_what_differs_is_refused_unless_changes_are_allowed(db: Database, world: World) -> None:
    store(db, world, venue(1))
    with db.write() as session:
        _, faults = plan(session, world, venue(1, 地址="新街 1 号"))

    assert [where for where, _ in said(faults)] == ["D2"]
    changed = store(db, world, venue(1, 地址="新街 1 号"), update=True)
    assert counts(changed) == (0, 1, 0)
    with db.read() as session:
        there = named(session, "第 1 号店")
        assert there.address == "新街 1 号"
        newest = register_log.of(session, there.id)[0]
        assert (newest.seq, newest.data["address"]) == (2, ["老街 1 号", "新街 1 号"])
        assert [breach for _, breach in register_log.chains(session) if breach] == []


def test_an_empty_cell_ends_nothing(db: Database, world: World) -> None:
    store(db, world, venue(1, 疏散提示="走两侧", 营业时间="每天 09:00-22:00"))
    bare = {
        "统一社会信用代码": credit_code(1),
        "场所名称": "新名",
        "类别": "V06",
        "地址": "老街 1 号",
        "所属区域": "guanglong",
    }

    store(db, world, bare, update=True)

    with db.read() as session:
        there = named(session, "新名")
        assert (there.way_out, there.lat, bool(there.hours), bool(there.owner_id)) == ("走两侧", HERE[0], True, True)
        assert len(people.of_venue(session, (Role.OWNER,), there.id, day=date(2026, 8, 23))) == 1


def test_a_vacant_post_is_filled_and_a_held_one_is_not_taken(db: Database, world: World) -> None:
    store(db, world, venue(1))

    store(db, world, venue(1, 管理人="李1", 管理人手机=13700000001), update=True)
    with db.write() as session:
        _, faults = plan(session, world, venue(1, 责任人="王别人", 责任人手机=13700000002), update=True)

    assert said(faults)[0][0] == "H2"
    with db.read() as session:
        there = named(session, "第 1 号店")
        assert [one.name for one in people.of_venue(session, (Role.MANAGER,), there.id, day=date(2026, 8, 23))] == [
            "李1"
        ]


def test_one_person_answers_for_several_venues(db: Database, world: World) -> None:
    store(db, world, *(venue(number, 责任人="张一", 责任人手机=13900000000) for number in range(3)))

    with db.read() as session:
        persons = session.execute(select(Person).where(col(Person.phone) == "+8613900000000")).scalars().all()
        posts = session.execute(select(Post).where(col(Post.person_id) == persons[0].id)).scalars().all()
        assert (len(persons), len(posts)) == (1, 3)


def test_positions_of_other_maps_are_kept_as_wgs84(db: Database, world: World) -> None:
    lat, lon = to_gcj02(*HERE)

    store(
        db,
        world,
        venue(1, 纬度=lat, 经度=lon, 坐标系="gcj-02"),
        venue(2, 纬度=lat, 经度=lon, 坐标系="GCJ-02（高德、腾讯）"),
    )

    with db.read() as session:
        for number in (1, 2):
            there = named(session, f"第 {number} 号店")
            assert (there.lat, there.lon) == pytest.approx(HERE, abs=2e-6)


@pytest.mark.parametrize(
    ("changes", "where", "says"),
    [
        ({"类别": "V15"}, "C2", "There is no class “V15”"),
        ({"所属区域": "atlantis"}, "E2", "There is no area “atlantis”"),
        ({"纬度": 129.6, "经度": 24.5}, "F2", "exchanged"),
        ({"纬度": 0, "经度": 0}, "F2", "not in China"),
        ({"纬度": None}, "F2", "both latitude and longitude"),
        ({"坐标系": "UTM"}, "J2", "no coordinate system"),
        ({"统一社会信用代码": "91530481MA0000007X"}, "A2", "does not fit the others"),
        ({"责任人": None}, "H2", "name of this person"),
        ({"启用日期": date(2027, 1, 1)}, "J2", "still to come"),
        ({"重点单位认定日期": date(2026, 1, 1)}, "J2", "basis"),
        ({"编码": new_venue_code()}, "J2", "No venue has this code"),
    ],
)
def test_what_is_wrong_is_said_at_its_cell(
    db: Database, world: World, changes: dict[str, Any], where: str, says: str
) -> None:
    with db.write() as session:
        _, faults = plan(session, world, venue(7, **changes))

    assert faults.total == 1
    ((address, reason),) = said(faults)
    assert says in reason
    assert address == where


def test_the_same_venue_twice_in_a_table_is_found_by_code_and_by_place(db: Database, world: World) -> None:
    with db.write() as session:
        _, faults = plan(session, world, venue(1), venue(1, 场所名称="别名", 地址="别处"))
        _, by_place = plan(
            session, world, venue(2), venue(3, 场所名称="第2号店", 地址="老街２号", 统一社会信用代码=None)
        )

    assert said(faults)[0] == ("A3", "The same stands in A2 already.")
    assert said(by_place) == [("B3", "The same venue stands in B2 already.")]


def test_a_credit_code_of_another_venue_is_refused(db: Database, world: World) -> None:
    store(db, world, venue(1), venue(2))
    with db.read() as session:
        code = named(session, "第 1 号店").code

    with db.write() as session:
        _, by_code = plan(session, world, venue(2, 编码=code), update=True)
        _, by_place = plan(session, world, venue(3, 场所名称="第 1 号店", 地址="老街 1 号"))

    assert [reason for _, reason in said(by_code)] == ["Another venue has this credit code already."]
    assert "has another credit code" in said(by_place)[0][1]


def test_a_closed_venue_is_entered_anew_and_not_by_its_code(db: Database, world: World) -> None:
    store(db, world, venue(1))
    with db.write() as session:
        there = named(session, "第 1 号店")
        there.closed_on, code = date(2026, 8, 1), there.code

    with db.write() as session:
        _, faults = plan(session, world, venue(1, 编码=code))

    assert "closed on 2026-08-01" in said(faults)[0][1]
    assert counts(store(db, world, venue(1))) == (1, 0, 0)


def test_no_new_code_is_one_that_was_in_use(db: Database, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    former, free = new_venue_code(), new_venue_code()
    with db.write() as session:
        session.add(VenueCode(code=former, venue_id=world.venues["market"], ended_at=world.clock.now))
    offered = iter([world.codes["market"], former, free])
    monkeypatch.setattr("domain.imports.venues.new_venue_code", lambda: next(offered))

    store(db, world, venue(1))

    with db.read() as session:
        assert named(session, "第 1 号店").code == free


def test_whoever_imports_reaches_their_own_areas_only(db: Database, world: World) -> None:
    with db.read() as session:
        path = session.get(Area, world.areas["guanglong"]).path
    here = Actor(frozenset({Role.ADMINISTRATOR}), person_id=new_id(), grants=(Grant(Role.ADMINISTRATOR, path),))
    store(db, world, venue(1, 所属区域="fuxian"))
    with db.read() as session:
        code = named(session, "第 1 号店").code

    with db.write() as session:
        _, elsewhere = plan(session, world, venue(2, 所属区域="fuxian"), actor=here)
        _, taken = plan(session, world, venue(1, 场所名称="别名"), actor=here)
        _, by_code = plan(session, world, venue(5, 编码=code), actor=here, update=True)

    assert "that you may write to" in said(elsewhere)[0][1]
    assert said(taken) == [("A2", "Another venue has this credit code already.")]
    assert "No venue has this code" in said(by_code)[0][1]
    assert counts(store(db, world, venue(3), actor=here)) == (1, 0, 0)


def test_an_area_is_known_by_name_and_one_that_ended_is_refused(db: Database, world: World) -> None:
    assert counts(store(db, world, venue(1, 所属区域="广龙片区"), venue(2, 所属区域="guanglong 广龙片区"))) == (2, 0, 0)
    with db.write() as session:
        session.get(Area, world.areas["empty"]).ended_on = date(2026, 1, 1)

    with db.write() as session:
        _, faults = plan(session, world, venue(3, 所属区域="empty"))

    assert "has ended" in said(faults)[0][1]


def test_nothing_stays_of_an_import_that_breaks_off(db: Database, world: World) -> None:
    def told(_: int) -> None:
        raise KeyboardInterrupt

    with db.read() as session:
        before = session.execute(select(func.count()).select_from(Person)).scalar_one()

    with suppress(KeyboardInterrupt), db.write() as session:
        batch, _ = plan(session, world, venue(1))
        batch.store(session, told=told)

    with db.read() as session:
        assert session.execute(select(func.count()).select_from(Person)).scalar_one() == before


def test_one_error_in_the_last_of_a_hundred_thousand_rows_is_found(db: Database, world: World) -> None:
    lines = (venue(number, 责任人=None, 责任人手机=None) for number in range(99_999))
    with db.read() as session:
        batch, faults = plan(session, world, *lines, venue(99_999, 责任人=None, 责任人手机=None, 类别="V99"))

    assert (said(faults), batch.new) == ([("C100001", "There is no class “V99”: V01 to V14, or its name.")], 99_999)


def test_an_import_may_take_longer_than_any_statement_may(db: Database, world: World) -> None:
    def slowly(_: int) -> None:
        time.sleep(0.2)

    with db.write() as session:
        if not db.is_sqlite:
            session.execute(text("SET LOCAL statement_timeout = 100"))
        batch, _ = plan(session, world, venue(1))
        batch.store(session, told=slowly)

    with db.read() as session:
        assert named(session, "第 1 号店").class_code == "V06"
