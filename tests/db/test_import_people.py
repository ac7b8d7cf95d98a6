"""A table of people into the register: who they are, what posts they get, and what a table never does."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from domain import people, register_log
from domain.actors import SYSTEM, Actor, Role
from domain.database import Database
from domain.imports.batch import Batch
from domain.imports.lines import Faults
from domain.models import Person, Post, Venue
from tests.tables import credit_code, planned, said
from tests.world import World

DAY = date(2026, 8, 23)


def person(**changes: Any) -> dict[str, Any]:
    known = {"姓名": "张一", "手机": 13900000001, "岗位": "warden", "区域": "guanglong"}
    return {name: value for name, value in (known | changes).items() if value is not None}


def plan(session: Session, world: World, *lines: dict[str, Any]) -> tuple[Batch, Faults]:
    return planned(session, "people", lines, actor=SYSTEM, at=world.clock.now)


def store(db: Database, world: World, *lines: dict[str, Any]) -> Batch:
    with db.write() as session:
        batch, faults = plan(session, world, *lines)
        assert said(faults) == []
        batch.store(session)
    return batch


def test_a_person_gets_a_post_and_both_have_a_record(db: Database, world: World) -> None:
    store(db, world, person(任职起="2026-08-01", 任职止="2026-12-31"))

    with db.read() as session:
        there = session.execute(select(Person).where(col(Person.name) == "张一")).scalar_one()
        (post,) = people.posts_of(session, there.id, day=DAY)
        assert (post.role, post.area_id, post.from_on, post.until_on) == (
            "warden", world.areas["guanglong"], date(2026, 8, 1), date(2026, 12, 31),
        )  # fmt: skip
        assert [entry.action for entry in register_log.of(session, post.id)] == ["import"]
        assert "13900000001" not in str(register_log.of(session, there.id)[0].data)


def test_several_rows_of_a_person_are_one_person_with_several_posts(db: Database, world: World) -> None:
    batch = store(
        db, world, person(), person(区域="fuxian"), person(岗位="消防巡查人", 区域=None, 场所编码=world.codes["market"])
    )

    assert batch.new == 3
    with db.read() as session:
        there = session.execute(select(Person).where(col(Person.name) == "张一")).scalar_one()
        posts = people.posts_of(session, there.id, day=DAY)
        assert sorted((post.role, post.venue_id) for post in posts if post.venue_id) == [
            ("officer", world.venues["market"])
        ]
        assert len(posts) == 3


def test_the_same_table_twice_changes_nothing(db: Database, world: World) -> None:
    lines = [
        person(),
        person(姓名="张二", 手机=None),
        person(岗位="片区消防专管员", 区域="抚湖", 姓名="张三", 手机=13900000003),
    ]
    lines[2]["区域"] = "抚湖片区"
    store(db, world, *lines)

    again = store(db, world, *lines)

    assert (again.new, again.unchanged) == (0, 3)
    with db.read() as session:
        assert (
            session.execute(select(func.count()).where(col(Person.name) == "张二").select_from(Person)).scalar_one()
            == 1
        )


def test_somebody_who_is_there_is_known_again_by_name_and_phone(db: Database, world: World) -> None:
    store(db, world, person(姓名="李庚", 手机="138 0000 0002", 区域="fuxian"))

    with db.read() as session:
        held = people.posts_of(session, world.people["warden"], day=DAY)
        assert {post.area_id for post in held} == {world.areas["guanglong"], world.areas["fuxian"]}


def test_a_venue_is_named_by_its_credit_code_too(db: Database, world: World) -> None:
    with db.write() as session:
        session.get(Venue, world.venues["market"]).credit_code = credit_code(1)

    store(db, world, person(岗位="owner", 区域=None, 统一社会信用代码=credit_code(1)))

    with db.read() as session:
        (owner,) = people.of_venue(session, (Role.OWNER,), world.venues["market"], day=DAY)
        assert owner.name == "张一"


@pytest.mark.parametrize(
    ("changes", "where", "says"),
    [
        ({"岗位": "administrator"}, "C2", "no post that a table can give"),
        ({"岗位": "auditor"}, "C2", "no post that a table can give"),
        ({"岗位": "举报人"}, "C2", "no post that a table can give"),
        ({"岗位": "owner"}, "D2", "not for an area"),
        ({"区域": None}, "2", "write its code"),
        ({"区域": "atlantis"}, "D2", "There is no area"),
        ({"单位编码": "nobody"}, "E2", "no organisation"),
        ({"任职起": "2026-08-01", "任职止": "2026-07-31"}, "F2", "before the first"),
        ({"姓名": "张别名", "手机": 13800000002}, "B2", "another name"),
        ({"岗位": "owner", "区域": None, "场所编码": "22222222"}, "D2", "no open venue"),
    ],
)
def test_what_is_wrong_is_said_at_its_cell(
    db: Database, world: World, changes: dict[str, Any], where: str, says: str
) -> None:
    with db.write() as session:
        _, faults = plan(session, world, person(**changes))

    assert [address for address, reason in said(faults) if says in reason] == [where]


def test_a_closed_venue_gets_nobody(db: Database, world: World) -> None:
    with db.write() as session:
        _, faults = plan(session, world, person(岗位="owner", 区域=None, 场所编码=world.codes["closed"]))

    assert "no open venue" in said(faults)[0][1]


def test_a_post_given_twice_in_a_table_is_named(db: Database, world: World) -> None:
    with db.write() as session:
        _, faults = plan(session, world, person(), person())

    assert said(faults) == [("A3", "The same stands in A2 already.")]


def test_nothing_of_this_gives_an_account_or_ends_a_post(db: Database, world: World) -> None:
    with db.read() as session:
        before = {post.id: post.until_on for post in session.execute(select(Post)).scalars()}

    store(db, world, person(姓名="钱专管", 手机=13800000003))

    with db.read() as session:
        after = {post.id: post.until_on for post in session.execute(select(Post)).scalars()}
        assert before.items() <= after.items()


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("people", {"岗位": "supervisor", "区域": "guanglong"}),
        ("people", {"岗位": "owner", "场所编码": "market"}),
        ("venues", {"名称": "自家店", "类别": "V06", "地址": "老街 1 号", "区域": "guanglong"}),
    ],
)
def test_whoever_imports_gives_themselves_no_post(db: Database, world: World, table: str, line: dict[str, Any]) -> None:
    line = {key: world.codes[value] if key == "场所编码" else value for key, value in line.items()}
    who, phone = ("责任人", "责任人手机") if table == "venues" else ("姓名", "手机")
    with db.write() as session:
        admin = session.get_one(Person, world.people["admin"])
        actor: Actor = world.actor(session, "admin")
        mine = {**line, who: admin.name, phone: admin.phone}
        batch, faults = planned(session, table, [mine], actor=actor, at=world.clock.now)
        _, others = planned(session, table, [mine], actor=world.actor(session, "supervisor"), at=world.clock.now)

    assert [reason for _, reason in said(faults)] == ["Nobody gives themselves a post: another administrator does it."]
    assert batch.size == 0
    assert "Nobody gives themselves" not in str(said(others))
