"""The register in Chromium: every page accessible, large enough, not too wide; a venue entered and filled by hand."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from sqlmodel import select

from domain import buildings, documents_register, facilities, papers, register_lock, venue_register
from domain.models import Facility, KeyPart, Post
from domain.register_forms import (
    BuildingFacts,
    DocumentFacts,
    KeyPartFacts,
    NewFacilities,
    Reason,
)
from domain.settings import get_settings
from tests.browser.conftest import DESKTOP_WIDTH, Site
from tests.browser.looks import LOOKS, faults
from tests.staff_member import Office, office_of

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
PASSWORD = "fireline-demo"


def signed_in(page: Page, office: Office, who: str) -> Page:
    office.account(who, PASSWORD)
    page.goto("/login")
    page.fill("#username", who)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    return page


def furnished(office: Office) -> dict[str, str]:
    """Give the seed's venue something of everything a page has to show; return the codes on two labels."""
    venue_id, at = office.world.venues["kuancheng"], office.world.clock.now
    office.report(hazard="escape", triaged=True)
    directory = papers.folder(get_settings())
    paper = papers.keep(office.db, b"%PDF-1.7\n%%EOF\n", "营业执照.pdf", kind="other", at=at, directory=directory)
    with office.db.write() as session:
        manager, supervisor = office.world.actor(session, "manager"), office.world.actor(session, "supervisor")
        building = buildings.add_building(
            session, venue_id, BuildingFacts(name="主楼", storeys_above=3, storeys_below=1), actor=manager, at=at
        )
        part = buildings.add_key_part(
            session, venue_id, KeyPartFacts(kind="kitchen", name="后厨", where=f"b:{building.id}"),
            actor=manager, at=at,
        )  # fmt: skip
        made = facilities.add(
            session, venue_id, NewFacilities(kind="extinguisher", count=3, expires_on="2026-08-30", location="楼梯口"),
            actor=manager, at=at,
        )  # fmt: skip
        document = DocumentFacts(kind="business_licence", expires_on="2026-08-01")
        documents_register.add(session, venue_id, document, paper.id, actor=manager, at=at)
        venue_register.suspend(session, venue_id, Reason(reason="停业整顿"), actor=supervisor, at=at)
        assert register_lock.version_of(session, venue_id) == 1
        return {"facility": made[0].code, "part": part.code, "facility_id": str(made[0].id),
                "building_id": str(building.id)}  # fmt: skip


def opened_faults(page: Page) -> list[str]:
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    return faults(page)


def looked_at(page: Page, *paths: str) -> dict[str, list[str]]:
    found = {}
    for path in paths:
        page.goto(path)
        found[path] = opened_faults(page)
    return {path: wrong for path, wrong in found.items() if wrong}


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_pages_of_the_register_have_no_fault(site: Site, open_page: OpenPage, width: int, language: str) -> None:
    with office_of(site.db, site.world) as office:
        codes = furnished(office)
        home = f"/venues/{office.world.codes['kuancheng']}"
        with office.db.read() as session:
            post = session.exec(select(Post).where(Post.role == "manager")).one()
        page = signed_in(open_page(width=width, language=language), office, "supervisor")

        wrong = looked_at(
            page, "/venues", "/venues?q=没有的", "/venues?state=closed", home, f"{home}/history", f"{home}/edit",
            "/venues/new", f"{home}/facilities", f"{home}/facilities/new",
            f"{home}/facilities/{codes['facility_id']}/move", f"{home}/decide/close", f"{home}/decide/key-unit",
            f"{home}/posts/new", f"{home}/posts/{post.id}/end", f"{home}/people/{post.person_id}/phone",
            f"{home}/buildings/{codes['building_id']}/edit", f"{home}/documents/new",
            f"/venues/{office.world.codes['closed']}", f"/f/{codes['facility']}",
        )  # fmt: skip
        page.goto(f"{home}/posts/new")
        page.click("form.card .button:not(.second)")
        page.wait_for_selector("#summary")
        wrong["refused"] = faults(page)
        page.context.clear_cookies()
        wrong |= looked_at(page, f"/f/{codes['facility']}?lang={language}", f"/f/{codes['part']}", "/f/2222222223")

    assert {path: found for path, found in wrong.items() if found} == {}


def test_supervisor_enters_a_venue_and_its_owner_and_the_manager_its_extinguishers(
    site: Site, open_page: OpenPage
) -> None:
    with office_of(site.db, site.world) as office:
        page = signed_in(open_page(width=DESKTOP_WIDTH), office, "supervisor")
        page.click("nav.areas a[href='/venues']")
        page.click("a[href='/venues/new']")
        page.fill("#name", "河畔茶馆")
        page.select_option("#class_code", "V10")
        page.fill("#address", "滨河路 9 号")
        page.select_option("#area", "guanglong")
        page.fill("#credit_code", "91350100M000100Y44")
        page.click("form.card .button:not(.second)")
        page.wait_for_selector("#summary")
        assert page.input_value("#name") == "河畔茶馆"
        page.fill("#credit_code", "91350100M000100Y43")
        page.click("form.card .button:not(.second)")
        page.wait_for_selector(".notice.good")
        home = re.sub(r".*(/venues/\w+).*", r"\1", page.url)

        page.click(f"a[href='{home}/posts/new']")
        page.check("input[name=role][value=owner]")
        page.fill("#name", "林知夏")
        page.fill("#phone", "13900000021")
        page.click("form.card .button:not(.second)")
        page.wait_for_selector(".notice.good")
        assert "林知夏" in page.inner_text("main")

        page.click(f"a[href='{home}/facilities/new']")
        page.select_option("#kind", "extinguisher")
        page.fill("#count", "4")
        page.click("form.card .button:not(.second)")
        page.wait_for_selector("table.queue")
        assert page.locator("table.queue tbody tr").count() == 4
        page.locator("input.select").first.check()
        page.select_option("#person", label="林知夏")
        page.click("form .below button")
        page.wait_for_selector(".notice.good")

    with site.db.read() as session:
        mine = session.exec(select(Facility)).all()
        assert [bool(one.responsible_id) for one in sorted(mine, key=lambda one: one.number)] == [True] + [False] * 3
        assert session.exec(select(KeyPart)).all() == []
