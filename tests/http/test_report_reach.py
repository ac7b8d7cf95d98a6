"""The list behind a number, when some of its cases have moved out of the reader's reach since they were counted."""

from __future__ import annotations

import pytest
from sqlmodel import col, select, update

from domain.database import Database
from domain.models import Case, Post, Venue
from tests import filed
from tests.staff_member import office_of, seen
from tests.world import World


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_cases_out_of_reach_by_now_are_counted_out_on_the_page_and_for_programs(db: Database, world: World) -> None:
    filed.some_days(db, world)
    filed.measure(db, world.clock.advance(minutes=10))
    here, there = world.areas["guanglong"], world.areas["fuxian"]
    with db.write() as session:
        session.execute(
            update(Post).where(col(Post.person_id) == world.people["supervisor"]).values(area_id=here)
        )  # fmt: skip
        mine = select(Case.id).where(col(Case.process) == "hazard_report", col(Case.area_id) == here)
        ids = session.execute(mine.order_by(col(Case.number))).scalars().all()
        session.execute(update(Case).where(col(Case.id).in_(ids[1:])).values(area_id=there))
    asked = {"from": "2026-08-01", "until": "2026-08-28", "figure": "hazard_report.received"}

    with office_of(db, world) as office:
        supervisor = office.member("supervisor")
        page = seen(supervisor.opens("/reports/sla/cases", **asked))
        found = supervisor.client.get("/api/v1/reports/sla/cases", params=asked).json()

    assert len(ids) > 2
    assert f"现已不在您权限范围内的案件：{len(ids) - 1} 件" in page
    assert (len(found["cases"]), found["no_longer_within_reach"]) == (1, len(ids) - 1)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_industrys_number_and_the_list_behind_it_agree_when_a_place_has_another_industry_by_now(
    db: Database, world: World
) -> None:
    with db.write() as session:
        session.execute(update(Venue).values(industry="commerce"))
    filed.some_days(db, world)
    filed.measure(db, world.clock.advance(minutes=10))
    with db.write() as session:
        there = col(Post.person_id) == world.people["supervisor"]
        session.execute(update(Post).where(there).values(industry="commerce"))
        session.get_one(Venue, world.venues["kuancheng"]).industry = "education"
        of_before = select(Case.number).where(Case.process == "hazard_report")
        moved = session.execute(of_before.where(Case.venue_id == world.venues["kuancheng"])).scalars().all()
    asked = {"from": "2026-08-01", "until": "2026-08-28"}
    figure = {"figure": "hazard_report.received"}

    with office_of(db, world) as office:
        supervisor = office.member("supervisor")
        report = supervisor.client.get("/api/v1/reports/sla", params=asked).json()
        found = supervisor.client.get("/api/v1/reports/sla/cases", params={**asked, **figure, "limit": 200}).json()
        page = supervisor.opens("/reports/sla/cases", **asked, **figure)
        opened = supervisor.opens(f"/cases/{moved[0]}")

    (counted,) = (
        one["cases"]["received"] for one in report["numbers"]["processes"] if one["process"] == "hazard_report"
    )
    numbers = {one["number"] for one in found["cases"]}
    assert (len(numbers), found["no_longer_within_reach"]) == (counted, 0)
    assert set(moved) <= numbers
    assert moved[0] in seen(page)
    assert f"/cases/{moved[0]}" not in page.text, "it is counted, and opens for whoever supervises it now"
    assert opened.status_code == 404
