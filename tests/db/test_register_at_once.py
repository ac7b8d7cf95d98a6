"""Two clerks at the register at the same moment: one is first, the other hears of it, and nothing is there twice."""

from __future__ import annotations

from functools import partial

from sqlmodel import select

from domain import buildings, facilities, register_log, venue_people, venue_register
from domain.cases import FieldRefused
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Facility, Post, Venue
from domain.register_forms import Appointment, BuildingFacts, Closing, Ending, NewFacilities, VenueFacts
from domain.register_lock import NotNow, RegisterChanged
from tests.at_once import at_once
from tests.world import World

CREDIT = "91350100M000100Y43"
FOUR = range(4)


def facts(**more: object) -> VenueFacts:
    given = {"name": "新开茶馆", "class_code": "V10", "address": "环城路 1 号", "area": "guanglong", **more}
    return VenueFacts.model_validate(given)


def test_one_of_four_changes_is_taken_and_the_others_hear_of_it(db: Database, world: World) -> None:
    def change(number: int) -> bool:
        with db.write() as session:
            actor = world.actor(session, "supervisor")
            return venue_register.change(
                session, world.venues["kuancheng"], facts(name=f"第 {number} 个名"), actor=actor,
                at=world.clock.now, version=0,
            )  # fmt: skip

    results = at_once([partial(change, number) for number in FOUR])

    assert sorted(map(type, results), key=str) == sorted([bool, *[RegisterChanged] * 3], key=str)
    with db.read() as session:
        assert len(register_log.of(session, world.venues["kuancheng"])) == 1
        assert register_log.verify_everything(session).whole


def test_one_of_four_venues_gets_the_credit_code(db: Database, world: World) -> None:
    def enter(number: int) -> Venue:
        with db.write() as session:
            actor = world.actor(session, "supervisor")
            form = facts(name=f"第 {number} 家", credit_code=CREDIT)
            return venue_register.create(session, form, actor=actor, at=world.clock.now)

    results = at_once([partial(enter, number) for number in FOUR])

    assert sorted(type(result).__name__ for result in results) == ["FieldRefused"] * 3 + ["Venue"]
    with db.read() as session:
        assert len(session.exec(select(Venue).where(Venue.credit_code == CREDIT)).all()) == 1


def test_series_sent_four_times_at_once_is_entered_once(db: Database, world: World) -> None:
    form_id, form = new_id(), NewFacilities(kind="extinguisher", count=5)

    def add() -> int:
        with db.write() as session:
            actor = world.actor(session, "manager")
            return len(
                facilities.add(
                    session, world.venues["kuancheng"], form, actor=actor, at=world.clock.now, first_id=form_id
                )
            )

    assert at_once([add for _ in FOUR]) == [5] * 4
    with db.read() as session:
        numbers = [one.number for one in session.exec(select(Facility)).all()]
        assert sorted(numbers) == ["MH-001", "MH-002", "MH-003", "MH-004", "MH-005"]


def test_two_series_at_once_do_not_share_numbers(db: Database, world: World) -> None:
    def add() -> int:
        with db.write() as session:
            actor = world.actor(session, "manager")
            form = NewFacilities(kind="extinguisher", count=3)
            return len(facilities.add(session, world.venues["kuancheng"], form, actor=actor, at=world.clock.now))

    assert at_once([add for _ in FOUR]) == [3] * 4
    with db.read() as session:
        numbers = [one.number for one in session.exec(select(Facility)).all()]
        assert len(set(numbers)) == len(numbers) == 12


def test_of_two_owners_appointed_at_once_one_is_left(db: Database, world: World) -> None:
    def appoint(number: int) -> Post:
        with db.write() as session:
            actor = world.actor(session, "supervisor")
            form = Appointment(role="owner", name=f"新责任{number}", phone=f"1390000000{number}")
            return venue_people.appoint(session, world.venues["kuancheng"], form, actor=actor, at=world.clock.now)

    results = at_once([partial(appoint, number) for number in FOUR])

    assert sorted(type(result).__name__ for result in results) == ["FieldRefused"] * 3 + ["Post"]
    with db.read() as session:
        owners = [
            one for one in venue_people.of(session, world.venues["kuancheng"])
            if one.post.role == "owner" and one.post.until_on is None
        ]  # fmt: skip
        assert len(owners) == 1
        assert session.get(Venue, world.venues["kuancheng"]).owner_id == owners[0].person.id


def test_nothing_comes_into_a_venue_that_is_being_closed(db: Database, world: World) -> None:
    venue_id, at = world.venues["kuancheng"], world.clock.now

    def close() -> None:
        with db.write() as session:
            actor = world.actor(session, "supervisor")
            venue_register.close(session, venue_id, Closing(reason="拆迁"), actor=actor, at=at)

    def add() -> int:
        with db.write() as session:
            actor = world.actor(session, "admin")
            form = NewFacilities(kind="exit_sign", count=2)
            return len(facilities.add(session, venue_id, form, actor=actor, at=at))

    results = at_once([close, add, add, add])

    assert results[0] is None
    assert all(result == 2 or isinstance(result, NotNow) for result in results[1:])
    with db.read() as session:
        assert all(one.ended_on is not None for one in session.exec(select(Facility)).all())


def test_building_does_not_end_beneath_what_comes_into_it(db: Database, world: World) -> None:
    venue_id, at = world.venues["kuancheng"], world.clock.now
    with db.write() as session:
        admin = world.actor(session, "admin")
        building = buildings.add_building(session, venue_id, BuildingFacts(name="主楼"), actor=admin, at=at)

    def end() -> None:
        with db.write() as session:
            actor = world.actor(session, "admin")
            buildings.end_building(session, building.id, Ending(reason="拆除"), actor=actor, at=at)

    def add() -> int:
        with db.write() as session:
            actor = world.actor(session, "manager")
            form = NewFacilities(kind="exit_sign", where=f"b:{building.id}")
            return len(facilities.add(session, venue_id, form, actor=actor, at=at))

    ended, added = at_once([end, add])

    if ended is None:
        assert isinstance(added, FieldRefused)
    else:
        assert isinstance(ended, NotNow)
        assert added == 1
