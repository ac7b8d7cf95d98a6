"""The pages of plans, rosters and the days ahead: accessible, large enough, not too wide, usable without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from domain.identifiers import new_facility_code, new_id
from domain.models import Facility, KeyPart, PatrolPlan, PatrolRoster, Post, Venue
from domain.patrols import roster_register, suggestions
from domain.patrols.plan_forms import RosterFacts
from tests.browser.conftest import PHONE_WIDTH, Site
from tests.browser.looks import LOOKS, faults
from tests.browser.test_staff_looks import opened_faults, signed_in
from tests.staff_member import Office, office_of

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


@pytest.fixture
def office(site: Site) -> Iterator[Office]:
    """A hotel with plans, points, a roster and somebody who leaves."""
    with site.db.write() as session:
        _furnish(session, site)
    with office_of(site.db, site.world) as opened:
        yield opened


def _furnish(session: Session, site: Site) -> None:
    world, venue_id, since = site.world, site.world.venues["kuancheng"], date(2020, 1, 1)
    venue = session.get_one(Venue, venue_id)
    venue.hours = [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "09:00", "until": "02:00"}]
    session.add(KeyPart(id=new_id(), code=new_facility_code(), venue_id=venue_id, kind="kitchen", name="一楼厨房",
                        location="东侧", from_on=since))  # fmt: skip
    for number in range(1, 9):
        gone = date(2026, 9, 20) if number == 3 else None
        session.add(Facility(id=new_id(), code=new_facility_code(), venue_id=venue_id, kind="extinguisher",
                             number=f"3F-{number:02}", location="走廊", from_on=since, ended_on=gone))  # fmt: skip
    session.flush()
    by = {"actor": world.actor(session, "manager"), "at": world.clock.now}
    suggestions.adopt(session, venue_id, frequencies={"business_2h", "daily", "weekly", "monthly", "shift"}, **by)
    people = [str(world.people[who]) for who in ("officer", "manager")]
    turns = [{"day": day, "shift": shift, "person": people[(day + shift) % 2]} for day in range(3) for shift in (0, 1)]
    shifts = RosterFacts(name="门岗", cycle_days=3, shifts="08:00–20:00, 20:00–08:00", turns=turns)
    roster_register.create(session, venue_id, shifts, **by)
    post = session.exec(select(Post).where(Post.person_id == world.people["officer"])).one()
    post.until_on = date(2026, 9, 30)


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_pages_of_plans(open_page: OpenPage, office: Office, width: int, language: str) -> None:
    page = signed_in(open_page(width=width, language=language), office, "manager")
    home = f"/venues/{office.world.codes['kuancheng']}/patrols"
    with office.db.read() as session:
        plan = next(row.id for row in session.exec(select(PatrolPlan)) if row.rule["frequency"] == "monthly")
        roster = session.exec(select(PatrolRoster.id)).one()
    found = {}
    for path in (home, f"{home}/plans/{plan}", f"{home}/plans/{plan}/edit", f"{home}/ahead", f"{home}/ahead?view=list",
                 f"{home}/rosters/{roster}/edit", f"{home}/plans/{plan}/end"):  # fmt: skip
        page.goto(path)
        found[path] = opened_faults(page)
    page.goto(f"{home}/plans/{plan}/edit")
    page.fill("#times", "7点")
    page.click("button[name=look]")
    found["wrong"] = faults(page)
    page.fill("#times", "")
    page.click("button[name=look]")
    found["look"] = faults(page)

    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_plan_is_made_without_scripts(open_page: OpenPage, office: Office) -> None:
    page = signed_in(open_page(width=PHONE_WIDTH, javascript=False), office, "warden")
    page.goto(f"/venues/{office.world.codes['kuancheng']}/patrols/new")

    page.select_option("#checklist", "catalogue:half_yearly")
    page.get_by_label("每月的某几日").check()
    page.fill("#month_days", "last")
    page.get_by_label("提前到上一个工作日").check()
    page.get_by_label("一楼厨房").first.check()
    page.click("button[name=look]")
    expect(page.locator("main").get_by_role("status")).to_contain_text("共 2 次")
    page.get_by_role("button", name="保存计划").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("每半年")
    expect(page.locator("main")).to_contain_text("每月 最后一日")
    expect(page.locator("main")).to_contain_text("一楼厨房")
