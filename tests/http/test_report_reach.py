"""The list behind a number, when some of its cases have moved out of the reader's reach since they were counted."""

from __future__ import annotations

import pytest
from sqlmodel import col, select, update

from domain.database import Database
from domain.models import Case, Post
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
