"""Which area a position belongs to, and that the case says why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session

from domain import cases, reports, routing
from domain.actors import ANYBODY
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Area, AreaBoundary, AreaLead, Case, TimelineEntry
from domain.people import local_day
from domain.reports import Intake
from domain.routing import fingerprint
from tests.world import World

SOUTH, WEST = 24.5, 129.5
METRE = 1 / 111_320


def square(south: float, west: float, size: float) -> dict[str, Any]:
    east, north = west + size, south + size
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


def outline(session: Session, area_id: UUID, geometry: dict[str, Any], *, at: datetime) -> None:
    session.add(AreaBoundary(id=new_id(), area_id=area_id, geometry=geometry, sha256=fingerprint(geometry), from_at=at))
    session.flush()


@pytest.fixture
def mapped(db: Database, world: World) -> World:
    """Two grids side by side along a meridian, in one district."""
    at = world.clock.now - timedelta(days=1)
    with db.write() as session:
        outline(session, world.areas["chengyang"], square(SOUTH, WEST, 0.2), at=at)
        outline(session, world.areas["guanglong"], square(SOUTH, WEST, 0.1), at=at)
        outline(session, world.areas["fuxian"], square(SOUTH, WEST + 0.1, 0.1), at=at)
    return world


def route(db: Database, world: World, lat: float, lon: float) -> routing.Route:
    with db.read() as session:
        return routing.of_point(session, lat, lon, at=world.clock.now)


def test_a_position_inside_belongs_to_the_finest_area(db: Database, mapped: World) -> None:
    found = route(db, mapped, SOUTH + 0.05, WEST + 0.05)

    assert (found.rule, found.area_code, found.joint) == ("point", "guanglong", ())
    assert found.outline == fingerprint(square(SOUTH, WEST, 0.1))
    assert found.edge_m == pytest.approx(0.05 / METRE * 0.909, rel=0.01), "the nearest edge lies east or west"


def test_a_place_in_no_grid_belongs_to_the_district(db: Database, mapped: World) -> None:
    assert route(db, mapped, SOUTH + 0.15, WEST + 0.05).area_code == "chengyang"


@pytest.mark.parametrize(("east_m", "lead"), [(-5, "guanglong"), (5, "fuxian"), (0, "fuxian")])
def test_a_boundary_case_goes_to_one_lead_and_names_the_other(
    db: Database, mapped: World, east_m: float, lead: str
) -> None:
    found = route(db, mapped, SOUTH + 0.05, WEST + 0.1 + east_m * METRE)

    assert (found.rule, found.area_code) == ("boundary_deepest", lead)
    assert found.joint == ({"guanglong": "fuxian", "fuxian": "guanglong"}[lead],)


def test_the_agreed_lead_leads_wherever_on_the_boundary_it_is(db: Database, mapped: World) -> None:
    first, second = sorted((mapped.areas["guanglong"], mapped.areas["fuxian"]))
    with db.write() as session:
        session.add(AreaLead(area_id=first, other_id=second, lead_id=mapped.areas["guanglong"]))

    for east_m in (-15, 0, 15):
        found = route(db, mapped, SOUTH + 0.05, WEST + 0.1 + east_m * METRE)
        assert (found.rule, found.area_code, found.joint) == ("boundary_lead", "guanglong", ("fuxian",))


def test_a_shore_goes_to_the_nearest_and_the_open_sea_to_nobody(db: Database, mapped: World) -> None:
    shore = route(db, mapped, SOUTH - 100 * METRE, WEST + 0.05)
    sea = route(db, mapped, SOUTH - 300 * METRE, WEST + 0.05)

    assert (shore.rule, shore.area_code, shore.edge_m) == ("nearest", "guanglong", pytest.approx(100, abs=1))
    assert (sea.rule, sea.area_id) == ("nowhere", None)


def test_outlines_that_were_replaced_or_whose_area_ended_do_not_count(db: Database, mapped: World) -> None:
    inside = (SOUTH + 0.05, WEST + 0.05)
    assert route(db, mapped, *inside).area_code == "guanglong"
    with db.write() as session:
        session.get_one(Area, mapped.areas["guanglong"]).ended_on = mapped.clock.now.date()

    assert route(db, mapped, *inside).area_code == "chengyang"


def test_a_report_with_a_position_says_why_it_is_where_it_is(db: Database, mapped: World) -> None:
    intake = Intake(
        place="河边", hazard="equipment", description="烟感不亮", lat=SOUTH + 0.05, lon=WEST + 0.1 - 5 * METRE
    )
    with db.write() as session:
        case = reports.open_report(session, intake, actor=ANYBODY, at=mapped.clock.now).case
        area, facts = case.area_id, dict(case.facts)
        opening = session.get_one(TimelineEntry, (case.id, 1))

    assert area == mapped.areas["guanglong"]
    assert facts["routing"] == opening.data["routing"]
    assert opening.data["routing"]["rule"] == "boundary_deepest"
    assert opening.data["routing"]["joint"] == ["fuxian"]
    assert str(SOUTH + 0.05) not in str(opening.data), "the position itself is sealed"


def test_a_coded_venue_decides_and_the_warden_is_told_why(db: Database, mapped: World) -> None:
    intake = Intake(venue_code=mapped.codes["kuancheng"], hazard="equipment", description="烟感不亮")
    with db.write() as session:
        case = reports.open_report(session, intake, actor=ANYBODY, at=mapped.clock.now).case
        reports.triage(session, case.id, at=mapped.clock.now)
        case_id = case.id
    with db.read() as session:
        last = session.get_one(TimelineEntry, (case_id, 3))

    assert last.transition == "assign"
    assert "广龙片区" in last.data["note"]


def uncoded(session: Session, place: str, *, at: datetime) -> Case:
    intake = Intake(place=place, hazard="other", description="有人烧垃圾")
    return reports.open_report(session, intake, actor=ANYBODY, at=at).case


def test_a_handler_places_what_has_no_code(db: Database, mapped: World) -> None:
    with db.write() as session:
        case = uncoded(session, "河边", at=mapped.clock.now)
        assert case.area_id is None
        cases.fire(session, case, "accept", actor=mapped.actor(session, "handler"), at=mapped.clock.now,
                   data={"hazard_code": "EVA-01", "area": "fuxian"})  # fmt: skip
        assert case.area_id == mapped.areas["fuxian"]
        assert case.facts["routing"]["rule"] == "handler"
        other = uncoded(session, "桥下", at=mapped.clock.now)
        with pytest.raises(cases.FieldRefused, match="area"):
            cases.fire(session, other, "accept", actor=mapped.actor(session, "handler"), at=mapped.clock.now,
                       data={"hazard_code": "EVA-01", "area": "nowhere"})  # fmt: skip


def test_area_that_is_to_end_takes_what_lies_in_it_until_that_day(db: Database, mapped: World) -> None:
    with db.write() as session:
        area = session.get_one(Area, mapped.areas["guanglong"])
        area.ended_on = local_day(mapped.clock.now) + timedelta(days=2)

    found = []
    for _ in range(3):
        found.append(route(db, mapped, SOUTH + 0.05, WEST + 0.05).area_code)
        mapped.clock.advance(days=1)

    assert found == ["guanglong", "guanglong", "chengyang"]
