"""The page of one patrol: accessible, large enough, not too wide, with doubts, conflicts and a refused decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Site
from tests.browser.looks import LOOKS, faults
from tests.browser.test_staff_looks import opened_faults, signed_in
from tests.patrols import CRITICAL, ITEMS, LATITUDE, Phone, Round, keep_photo, make_task
from tests.staff_member import Office, office_of

pytestmark = pytest.mark.browser


@pytest.fixture
def office(site: Site) -> Iterator[Office]:
    with office_of(site.db, site.world) as opened:
        yield opened


@pytest.fixture
def task(site: Site) -> Round:
    """A patrol with all a page can show."""
    world = site.world
    with site.db.write() as session:
        task = make_task(session, world, items=[*ITEMS, CRITICAL])
        photos = [keep_photo(session, at=world.clock.now) for _ in range(2)]
    one, two = Phone(world, task), Phone(world, task, who="manager")
    one.visits(1, lat=LATITUDE + 5 / 111.2)
    one.visits(2, how="none", code="", reason="标签脱落")
    one.finds(0, CRITICAL.code, "fail", photos=[photos[0]], comment="锁着")
    one.finds(1, "P06")
    one.finds(3, "P06", "na")
    one.delivers(site.db)
    two.finds(1, "P06", "fail", photos=[photos[1]], comment="压力不足")
    two.delivers(site.db)
    return task


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_page_of_a_patrol(
    open_page: Callable[..., Page], office: Office, task: Round, width: int, language: str
) -> None:
    page = signed_in(open_page(width=width, language=language), office, "warden")
    page.goto(f"/patrols/{task.number}")
    found = {"opened": opened_faults(page)}
    page.locator("#doubts button[value=cleared]").first.click()
    page.locator("[aria-invalid]").wait_for()
    found["refused"] = faults(page)

    assert {what: wrong for what, wrong in found.items() if wrong} == {}
