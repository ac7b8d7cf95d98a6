"""The map's numbers: right, within one's reach, and no number where nothing is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from api.app import create_app
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Post, Venue
from domain.settings import Settings
from tests.measured import all_measured, measured, outlined
from tests.staff_member import Office, office_of, seen
from tests.world import World


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


@pytest.fixture
def counted(office: Office) -> Office:
    """Three cases in 广龙 (one overdue, one fixed), one in 抚湖, one nobody has placed; everything is measured."""
    world, now = office.world, office.world.clock.now
    with office.db.write() as session:
        measured(session, world, area="guanglong", venue="kuancheng", due_at=now - timedelta(hours=1))
        measured(session, world, area="guanglong", venue="kuancheng", hazard_code="EVA-01")
        measured(session, world, area="guanglong", ended_at=now, state="closed", result="fixed")
        measured(session, world, area="fuxian", venue="market")
        measured(session, world, area=None)
        outlined(session, world)
        all_measured(session, now)
    return office


def numbers(office: Office, who: str, **query: str) -> dict[str, Any]:
    answer = office.member(who).client.get("/api/v1/map/areas", params={"level": "grid", **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_rate_is_per_hundred_registered_venues_and_zero_is_not_no_data(counted: Office) -> None:
    found = numbers(counted, "handler")
    areas = {one["code"]: one for one in found["areas"]}

    # One open venue in 广龙 (the closed one no longer counts), none of its three cases is left out.
    assert areas["guanglong"]["value"] == 300
    assert areas["guanglong"]["venues"] == 1
    assert areas["guanglong"]["counts"] == {
        "opened": 3, "open": 2, "overdue": 1, "fixed": 1, "unproven": 0, "reopened": 0
    }  # fmt: skip
    assert (areas["empty"]["value"], areas["empty"]["shade"], areas["empty"]["empty"]) == (0, 0, None)
    assert found["elsewhere"]["opened"] == 1
    assert found["total"]["opened"] == 5

    with counted.db.write() as session:
        session.get_one(Venue, counted.world.venues["lonely"]).closed_on = date(2026, 1, 1)
    empty = {one["code"]: one for one in numbers(counted, "handler")["areas"]}["empty"]
    assert (empty["value"], empty["shade"], empty["empty"]) == (None, None, "no_venues")
    early = numbers(counted, "handler", **{"from": "2025-01", "to": "2025-02"})
    assert {(one["value"], one["empty"]) for one in early["areas"]} == {(None, "before_records")}


def test_filters_and_measures_choose_what_is_counted(counted: Office) -> None:
    def value(**query: str) -> float:
        return next(one["value"] for one in numbers(counted, "handler", **query)["areas"] if one["code"] == "guanglong")

    assert value(measure="overdue", per="count") == 1
    assert value(hazard="EVA-01", per="count") == 1
    assert value(process="rectification", per="count") == 0
    assert value(process="all", measure="fixed") == 100
    assert numbers(counted, "handler", level="district")["areas"][0]["value"] == pytest.approx(133.33)


def test_nothing_outside_of_ones_area_is_number_outline_or_point(counted: Office) -> None:
    warden = counted.member("warden")
    found = numbers(counted, "warden")
    shapes = warden.client.get("/api/v1/map/outlines?level=grid").json()
    page = warden.opens("/map").text

    assert [(one["code"], one["counts"]["opened"]) for one in found["areas"]] == [("guanglong", 3)]
    assert (found["total"]["opened"], found["elsewhere"]["opened"]) == (3, 0)
    assert [one["id"] for one in shapes["features"]] == ["guanglong"]
    assert "抚湖" not in page
    # A warden counts the area's cases and opens only their own: other people's cases are no points of theirs.
    assert warden.client.get("/api/v1/map/points").json()["points"] == []
    venues = warden.client.get("/api/v1/map/points?layer=venues").json()["points"]
    assert [one["venue"] for one in venues] == [counted.world.codes["kuancheng"]]
    assert warden.client.get("/api/v1/map/areas?level=district").status_code == 422
    assert counted.member("officer").client.get("/api/v1/map/areas").status_code == 403
    points = counted.member("handler").client.get("/api/v1/map/points").json()["points"]
    assert {(one["venue"], one["count"]) for one in points} == {
        (counted.world.codes["kuancheng"], 2), (counted.world.codes["market"], 1)
    }  # fmt: skip


def test_who_answers_for_a_venue_does_not_count_reports_about_it(counted: Office) -> None:
    with counted.db.write() as session:
        measured(session, counted.world, area="guanglong", venue="kuancheng", process="rectification")
        session.add(Post(id=new_id(), person_id=counted.world.people["owner"], role="warden",
                         area_id=counted.world.areas["guanglong"], from_on=date(2020, 1, 1)))  # fmt: skip

    found = numbers(counted, "owner", process="all")

    # The two reports about their own venue are not theirs to know of; its rectification, and what lies elsewhere, are.
    assert found["areas"][0]["counts"]["opened"] == 2


WRONG = (
    ({"from": "2026-08", "to": "2026-07"}, "to"), ({"from": "2001-08", "to": "2026-08"}, "from"),
    ({"from": "1926-08"}, "from"), ({"from": "2026-13"}, "from"), ({"to": "2027-01"}, "to"),
    ({"from": "august"}, "from"), ({"level": "planet"}, "level"), ({"measure": "x"}, "measure"),
    ({"process": "x"}, "process"), ({"hazard": "NO-99"}, "hazard"), ({"per": "x"}, "per"),
)  # fmt: skip


def test_wrong_period_or_filter_is_named_and_kept(counted: Office) -> None:
    handler = counted.member("handler")
    for query, field in WRONG:
        answer = handler.client.get("/api/v1/map/areas", params=query)
        page = handler.opens("/map", **query)

        assert answer.status_code == page.status_code == 422, query
        assert [one["field"] for one in answer.json()["errors"]] == [field]
        assert f'href="#{field}"' in page.text
        if field in ("from", "to"):
            assert f'value="{query[field]}"' in page.text


def test_month_of_long_ago_is_a_month_and_too_early(counted: Office) -> None:
    handler = counted.member("handler")
    for month in ("1900-01", "0000-12", "1999-12"):
        page = seen(handler.opens("/map", **{"from": month}))

        assert "请选择 2000 年及以后的月份" in page
        assert "请按" not in page
    assert "请选择 2000 年" not in seen(handler.opens("/map", **{"from": "2000-01", "to": "2000-01"}))


def test_positions_come_in_the_system_of_who_draws_them(counted: Office) -> None:
    handler = counted.member("handler").client
    plain, shifted = (
        handler.get("/api/v1/map/points", params={"system": system}).json()["points"][0]
        for system in ("WGS-84", "GCJ-02")
    )

    assert (plain["lat"], plain["lon"]) == (24.61, 102.92)
    assert 0.0005 < abs(shifted["lon"] - plain["lon"]) < 0.01
    assert handler.get("/api/v1/map/points?system=moon").status_code == 422


def test_table_works_alone_sorts_and_leads_to_the_cases(counted: Office) -> None:
    handler = counted.member("handler")
    page = handler.opens("/map", level="grid").text
    rows = re.findall(r'<tr data-area="(\w+)"', page)
    turned = re.findall(r'<tr data-area="(\w+)"', handler.opens("/map", level="grid", sort="opened").text)
    link = re.search(r'href="(/cases\?view=all[^"]*area=guanglong)">3<', page)

    assert rows == ["guanglong", "fuxian", "empty"]
    assert turned == ["empty", "fuxian", "guanglong"]
    assert link
    listed = handler.client.get(link[1].replace("&amp;", "&")).text
    assert len(re.findall(r"<tr data-number=", listed)) == 3


def test_tiles_are_let_in_from_their_host_on_the_map_alone(counted: Office) -> None:
    settings = Settings(map_tiles="https://t0.tiles.example/{z}/{x}/{y}.png?k=1")
    assert "tiles.example" not in counted.member("handler").opens("/map").headers["content-security-policy"]
    counted.app = create_app(counted.db, settings)
    counted.app.state.clock = lambda: counted.world.clock.now
    handler = counted.member("handler")

    policy = handler.opens("/map").headers["content-security-policy"]
    assert "img-src 'self' https://t0.tiles.example data: blob:;" in policy
    assert "tiles.example" not in handler.opens("/cases").headers["content-security-policy"]
    for wrong in ("https://t.example/{z}/{x}.png", "javascript:{z}{x}{y}", "https://{s}.t.example/{z}/{x}/{y}"):
        with pytest.raises(ValueError, match="tiles"):
            Settings(map_tiles=wrong)
