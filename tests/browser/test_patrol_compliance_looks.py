"""The pages of how patrols are kept, of campaigns and of small places: accessible, large enough, not too wide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tests import chores, patrol_counts, patrols
from tests.browser.conftest import Site
from tests.browser.looks import LOOKS, faults
from tests.browser.test_staff_looks import opened_faults, signed_in
from tests.staff_member import Office, office_of

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
MONTH = "from=2026-08-01&until=2026-08-31"


@pytest.fixture
def office(site: Site) -> Iterator[Office]:
    with office_of(site.db, site.world) as opened:
        yield opened


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_pages_of_how_patrols_are_kept(open_page: OpenPage, office: Office, width: int, language: str) -> None:
    with office.db.write() as session:
        patrol_counts.fill(session, office.world, tasks=120, seed=11)
    page = signed_in(open_page(width=width, language=language), office, "supervisor")
    page.goto(f"/patrols?{MONTH}")
    for chart in ("areas", "items"):
        expect(page.locator(f"[data-chart={chart}][data-drawn] canvas")).to_be_visible()
    found = {"overview": opened_faults(page)}
    for path in (f"/patrols?{MONTH}&by=venue", f"/patrols?{MONTH}&by=person",
                 "/patrols?from=2020-01-01&until=2020-01-02",
                 "/patrols?from=2026-09-01&until=2026-08-01", f"/patrols/tasks?{MONTH}&figure=missed"):  # fmt: skip
        page.goto(path)
        found[path] = opened_faults(page)
    page.locator("input[name=number]").first.check()
    page.locator("form[action='/patrols/excuse'] button").first.click()
    found["excuse"] = faults(page)

    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_pages_of_campaigns(open_page: OpenPage, office: Office, width: int, language: str) -> None:
    with office.db.write() as session:
        patrols.make_template(session, at=office.world.clock.now)
    page = signed_in(open_page(width=width, language=language), office, "supervisor")
    found = {}
    page.goto("/patrols/campaigns")
    found["none yet"] = opened_faults(page)
    page.goto("/patrols/campaigns/new")
    found["form"] = opened_faults(page)
    page.fill("#title", "冬防专项")
    page.select_option("#checklist", index=1)
    page.fill("#due_on", "2026-01-01")
    page.locator("input[value=V09]").check()
    page.locator("main form button").last.click()
    page.locator("[aria-invalid]").first.wait_for()
    found["refused"] = opened_faults(page)
    page.fill("#due_on", "2026-09-10")
    page.locator("main form button").last.click()
    page.wait_for_url(lambda url: not url.endswith("/new"))
    address = page.url
    found["drafted"] = opened_faults(page)
    page.locator("form[action$='/publish'] button").click()
    page.wait_for_url("**/errands/*")
    chores.do(office.db, UUID(page.url.rsplit("/", 1)[1]), at=office.world.clock.now)
    for path in (address, "/patrols/campaigns"):
        page.goto(path)
        found[path] = opened_faults(page)

    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_pages_of_a_small_place(open_page: OpenPage, office: Office, width: int, language: str) -> None:
    page = signed_in(open_page(width=width, language=language), office, "owner")
    found = {}
    page.goto("/my-place")
    found["before"] = opened_faults(page)
    page.locator("form[action$='/start'] button").first.click()
    page.locator("a[href^='/my-place/']").first.click()
    page.wait_for_url("**/my-place/*")
    found["check"] = opened_faults(page)
    page.locator("main form button").last.click()
    found["refused"] = opened_faults(page)
    page.goto("/my-place")
    found["begun"] = opened_faults(page)

    assert {path: wrong for path, wrong in found.items() if wrong} == {}
