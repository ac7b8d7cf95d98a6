"""Buildings, key parts, facilities and documents of a venue: codes, series, people who answer, an end on a date."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import Session, select

from domain import buildings, documents_register, facilities, papers, register_log
from domain.access import NotPermitted, OutOfReach
from domain.cases import FieldRefused
from domain.database import Database
from domain.identifiers import is_facility_code, new_id
from domain.models import Building, Facility, Floor
from domain.register_forms import (
    BuildingFacts,
    DocumentFacts,
    Ending,
    FacilityFacts,
    FloorFacts,
    KeyPartFacts,
    Move,
    NewFacilities,
    Reason,
)
from domain.register_lock import NotNow, RegisterChanged
from domain.settings import get_settings
from tests.world import World

TODAY = date(2026, 8, 23)


def built(session: Session, world: World, **more: object) -> Building:
    form = BuildingFacts.model_validate({"name": "主楼", "storeys_above": 3, "storeys_below": 1, **more})
    by = world.actor(session, "manager")
    return buildings.add_building(session, world.venues["kuancheng"], form, actor=by, at=world.clock.now)


def added(session: Session, world: World, who: str = "manager", **more: object) -> list[Facility]:
    form = NewFacilities.model_validate({"kind": "extinguisher", **more})
    by = world.actor(session, who)
    return facilities.add(session, world.venues["kuancheng"], form, actor=by, at=world.clock.now)


def test_building_comes_with_its_floors_from_the_top_down(db: Database, world: World) -> None:
    with db.write() as session:
        building = built(session, world, fire_resistance="二")
    with db.read() as session:
        spots = buildings.spots(session, world.venues["kuancheng"], day=TODAY)
        assert [spot.floor.number if spot.floor else None for spot in spots] == [None, 3, 2, 1, -1]
        (entry,) = register_log.of(session, building.id)
        assert entry.data["floors"] == 4


def test_floor_is_named_and_added_once(db: Database, world: World) -> None:
    with db.write() as session:
        building = built(session, world)
        by = world.actor(session, "manager")
        for number in (1, 4, 4):
            form = FloorFacts(number=number, name="餐厅", use="餐饮")
            buildings.add_floor(session, building.id, form, actor=by, at=world.clock.now)
        floors = session.exec(select(Floor).where(Floor.building_id == building.id)).all()
        assert sorted((floor.number, floor.name) for floor in floors) == [
            (-1, ""), (1, "餐厅"), (2, ""), (3, ""), (4, "餐厅"),
        ]  # fmt: skip
        actions = [entry.action for entry in register_log.of(session, building.id)]
        assert actions == ["add_floor", "change_floor", "create"]


def test_series_of_facilities_is_numbered_on_and_each_has_its_own_code(db: Database, world: World) -> None:
    with db.write() as session:
        first = added(session, world, count=3)
        second = added(session, world, count=2)
        third = added(session, world, number="3F-09", count=3)

    numbers = [facility.number for facility in (*first, *second, *third)]
    assert numbers == ["MH-001", "MH-002", "MH-003", "MH-004", "MH-005", "3F-09", "3F-10", "3F-11"]
    codes = {facility.code for facility in (*first, *second, *third)}
    assert len(codes) == 8
    assert all(is_facility_code(code) for code in codes)


def test_form_sent_twice_enters_its_series_once(db: Database, world: World) -> None:
    form_id = new_id()
    form = NewFacilities(kind="exit_sign", count=4)
    for _ in range(2):
        with db.write() as session:
            by = world.actor(session, "manager")
            made = facilities.add(
                session, world.venues["kuancheng"], form, actor=by, at=world.clock.now, first_id=form_id
            )
            assert len(made) == 4
    with db.read() as session:
        assert len(session.exec(select(Facility)).all()) == 4


@pytest.mark.parametrize(
    ("start", "numbers"), [("A", ["A-01", "A-02"]), ("3F-09b", ["3F-09b", "3F-10b"]), ("99", ["99", "100"])]
)
def test_numbers_count_on_from_the_last_digits(start: str, numbers: list[str]) -> None:
    assert facilities.next_numbers(start, 2) == numbers


def test_facility_moves_is_assigned_and_ends_with_all_of_it_in_its_record(db: Database, world: World) -> None:
    at = world.clock.now
    with db.write() as session:
        building = built(session, world)
        by = world.actor(session, "manager")
        (facility,) = added(session, world)
        where = f"b:{building.id}"
        assert facilities.move(session, facility.id, Move(where=where, location="楼梯口"), actor=by, at=at, version=1)
        assert not facilities.move(
            session, facility.id, Move(where=where, location="楼梯口"), actor=by, at=at, version=2
        )
        officer = str(world.people["officer"])
        assert facilities.assign(session, facility.venue_id, [facility.id], officer, actor=by, at=at) == 1
        with pytest.raises(RegisterChanged):
            facilities.end(session, facility.id, Ending(reason="报废"), actor=by, at=at, version=2)
        facilities.end(session, facility.id, Ending(reason="报废"), actor=by, at=at, version=3)
        with pytest.raises(NotNow):
            facilities.end(session, facility.id, Ending(reason="报废"), actor=by, at=at)
        assert facilities.assign(session, facility.venue_id, [facility.id], None, actor=by, at=at) == 0
    with db.read() as session:
        found = facilities.by_code(session, facility.code.lower())
        assert (found.ended_on, found.responsible_id, found.building_id) == (
            TODAY,
            world.people["officer"],
            building.id,
        )
        assert [entry.action for entry in register_log.of(session, facility.id)] == ["end", "assign", "move", "create"]
        assert register_log.verify_everything(session).whole


def test_only_people_and_places_of_the_venue_can_be_chosen(db: Database, world: World) -> None:
    at = world.clock.now
    with db.write() as session:
        by = world.actor(session, "admin")
        form = BuildingFacts(name="别家")
        other = buildings.add_building(session, world.venues["market"], form, actor=by, at=at)
        with pytest.raises(FieldRefused):
            added(session, world, where=f"b:{other.id}")
        with pytest.raises(FieldRefused):
            added(session, world, responsible=str(world.people["handler"]))
        with pytest.raises(FieldRefused):
            added(session, world, key_part=str(new_id()))


def test_building_with_something_in_it_does_not_end(db: Database, world: World) -> None:
    at = world.clock.now
    with db.write() as session:
        building = built(session, world)
        by = world.actor(session, "manager")
        form = KeyPartFacts(kind="control_room", name="消控室", where=f"b:{building.id}")
        part = buildings.add_key_part(session, building.venue_id, form, actor=by, at=at)
        with pytest.raises(NotNow):
            buildings.end_building(session, building.id, Ending(reason="拆除"), actor=by, at=at)
        buildings.end_key_part(session, part.id, Ending(reason="停用"), actor=by, at=at, version=1)
        buildings.end_building(session, building.id, Ending(reason="拆除"), actor=by, at=at, version=1)
        assert buildings.spots(session, building.venue_id, day=TODAY) == []
        assert facilities.by_code(session, part.code).id == part.id


def test_who_keeps_no_facilities_enters_none_and_sees_none_elsewhere(db: Database, world: World) -> None:
    with db.write() as session, pytest.raises(NotPermitted):
        added(session, world, who="officer")
    with db.write() as session, pytest.raises(OutOfReach):
        added(session, world, who="warden2")
    with db.write() as session:
        (facility,) = added(session, world)
        facts = FacilityFacts(kind="extinguisher", number="X", made_on=date(2020, 1, 1), installed_on=date(2019, 1, 1))
        by = world.actor(session, "manager")
        with pytest.raises(FieldRefused):
            facilities.change(session, facility.id, facts, actor=by, at=world.clock.now)


def test_document_belongs_to_one_venue_and_is_read_by_who_may_know_of_it(db: Database, world: World) -> None:
    at, directory = world.clock.now, papers.folder(get_settings())
    kept = papers.keep(db, b"%PDF-1.7\n1 0 obj\n%%EOF\n", "执照.pdf", kind="other", at=at, directory=directory)
    facts = DocumentFacts(kind="business_licence", expires_on=date(2030, 1, 1))
    for _ in range(2):
        with db.write() as session:
            by = world.actor(session, "manager")
            document = documents_register.add(session, world.venues["kuancheng"], facts, kept.id, actor=by, at=at)
    with db.write() as session:
        with pytest.raises(documents_register.NoFile):
            documents_register.add(
                session, world.venues["market"], facts, kept.id, actor=world.actor(session, "admin"), at=at
            )
        warden = documents_register.readable(session, document.id, actor=world.actor(session, "warden"))
        assert papers.content(warden, directory).startswith(b"%PDF")
        with pytest.raises(OutOfReach):
            documents_register.readable(session, document.id, actor=world.actor(session, "warden2"))
        documents_register.end(
            session, document.id, Reason(reason="换证"), actor=world.actor(session, "manager"), at=at, version=1
        )
        assert documents_register.of(session, world.venues["kuancheng"]) == []
