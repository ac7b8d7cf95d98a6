"""The cockpit in Chromium: charts beside tables, and a screen on the wall that outlives the server it looks at."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import uvicorn
from PIL import ImageOps
from playwright.sync_api import Browser, Page, expect
from sqlmodel import col, select

from api.app import create_app
from domain import accounts, tokens
from domain.models import Area
from domain.settings import get_settings
from tests import printed
from tests.browser.conftest import DESKTOP_WIDTH, Site
from tests.browser.looks import LOOKS
from tests.browser.test_staff_looks import opened_faults, signed_in
from tests.measured import all_measured, measured, staged
from tests.staff_member import office_of

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
CHARTS = "[data-chart][data-drawn]"


def fill(site: Site) -> None:
    world, now = site.world, site.world.clock.now
    with site.db.write() as session:
        for number, area in enumerate(("guanglong", "guanglong", "fuxian")):
            opened = now - timedelta(days=number + 1)
            made = measured(session, world, area=area, hazard_code="EVA-01", opened_at=opened,
                            assignee_id=world.people["warden"])  # fmt: skip
            staged(session, made, "verify", opened_at=opened, due_at=opened + timedelta(days=1),
                   stopped_at=opened + timedelta(hours=2), fulfilled=True)  # fmt: skip
        measured(session, world, area="fuxian", opened_at=now - timedelta(hours=1))
        all_measured(session, now)


@contextmanager
def served(site: Site, port: int) -> Iterator[None]:
    app = create_app(site.db, get_settings())
    app.state.clock = lambda: site.world.clock.now
    options = {"host": "127.0.0.1", "port": port, "access_log": False, "log_level": "error"}
    server = uvicorn.Server(uvicorn.Config(app, timeout_graceful_shutdown=1, **options))
    thread = threading.Thread(target=server.run, name="fireline-wall")
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    yield
    server.should_exit = True
    thread.join()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_screen_on_the_wall_outlives_its_server(site: Site, browser: Browser) -> None:
    fill(site)
    with site.db.write() as session:
        leader = site.world.people["leader"]
        account = accounts.add_account(session, username="wall", password="fireline-demo", person_id=leader)
        made = tokens.make(session, account, at=site.world.clock.now, scopes=["figures:read"])
    port = free_port()
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    context.set_default_timeout(20_000)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    number = "[data-part=opened_today] dd"

    with served(site, port):
        page.goto(f"http://127.0.0.1:{port}/cockpit/screen#token={made.text}")
        expect(page.locator(CHARTS)).to_have_count(3)
        page.wait_for_selector("[data-part=alarms] >> text=尚未接入报警来源")
        assert page.inner_text(number) == "1"
        assert page.locator("header, a").count() == 0
        page.evaluate("document.querySelector('[data-chart=trend] canvas').mine = true")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_selector("#line-down:not([hidden]) >> text=截至 13:58，线路中断")
    assert page.inner_text(number) == "1"

    with site.db.write() as session:
        measured(session, site.world, area="fuxian", opened_at=site.world.clock.now)
        all_measured(session, site.world.clock.now)
    with served(site, port):
        page.evaluate("dispatchEvent(new Event('online'))")
        page.wait_for_selector("#line-down", state="hidden")
        assert page.inner_text(number) == "2"
        # The chart was given new numbers; it was not made anew.
        assert page.evaluate("document.querySelector('[data-chart=trend] canvas').mine") is True
        with site.db.write() as session:
            tokens.revoke(session, account.id, made.id, at=site.world.clock.now,
                          actor=site.world.actor(session, "admin"))  # fmt: skip
        page.evaluate("dispatchEvent(new Event('online'))")
        page.wait_for_selector("#line-down:not([hidden]) >> text=请重新登录")
        assert page.inner_text(number) == "2"
    context.close()
    assert {urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {f"127.0.0.1:{port}"}
    assert not [url for url in asked if made.text in url.split("#")[0]]


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_pages_of_the_cockpit_have_no_fault(site: Site, open_page: OpenPage, width: int, language: str) -> None:
    fill(site)
    wrong = {}
    with office_of(site.db, site.world) as office:
        page = signed_in(open_page(width=width, language=language), office, "supervisor")
        wall = f"/cockpit?kiosk=1&look={'dark' if language == 'en' else 'light'}"
        for path, charts in (("/cockpit", 4), (wall, 3)):
            page.goto(path)
            expect(page.locator(CHARTS)).to_have_count(charts)
            wrong[path] = opened_faults(page)

    assert {path: found for path, found in wrong.items() if found} == {}


def test_cockpit_works_without_scripts(site: Site, open_page: OpenPage) -> None:
    fill(site)
    with office_of(site.db, site.world) as office:
        page = signed_in(open_page(width=DESKTOP_WIDTH, javascript=False), office, "supervisor")
        page.goto("/cockpit")

        assert page.locator("[data-chart]:visible").count() == 0
        assert page.locator("tr[data-area]:visible").count() == 3


def test_wall_shows_everything_at_once_and_says_whose(site: Site, open_page: OpenPage) -> None:
    fill(site)
    with office_of(site.db, site.world) as office:
        page = signed_in(open_page(width=1920), office, "supervisor")
        for width, height in ((1920, 1080), (1280, 720)):
            page.set_viewport_size({"width": width, "height": height})
            page.goto("/cockpit?kiosk=1")
            expect(page.locator(CHARTS)).to_have_count(3)

            assert page.evaluate("document.documentElement.scrollHeight") <= height, width
            assert min(page.evaluate(SIZES)) > height // 8, "each chart has room"
            assert page.evaluate(ONE_LINE) == [], width
            assert page.inner_text("[data-part=where]") == site_name(site)


SIZES = "[...document.querySelectorAll('[data-chart] canvas')].map((one) => one.getBoundingClientRect().height)"
ONE_LINE = """[...document.querySelectorAll('.tile dd')].map((one) => {
  const range = document.createRange();
  range.selectNodeContents(one.firstChild);
  return [one.textContent, range.getClientRects().length];
}).filter(([, lines]) => lines > 1)"""
FIRST_BAR = """() => {
  const canvas = document.querySelector('[data-chart=kinds] canvas');
  const { width, height } = canvas, seen = canvas.getContext('2d').getImageData(0, 0, width, height).data;
  for (let x = 0; x < width; x++) for (let y = 0; y < height; y++) {
    const at = 4 * (y * width + x);
    if (Math.abs(seen[at] - 0x2f) + Math.abs(seen[at + 1] - 0x6d) + Math.abs(seen[at + 2] - 0xb5) < 9) return x / width;
  }
  return 1;
}"""
"""Where the bars begin, as a part of the chart's width."""


def site_name(site: Site) -> str:
    with site.db.read() as session:
        return str(session.exec(select(Area.name).where(col(Area.parent_id).is_(None))).one())


def test_chart_on_a_phone_leaves_room_for_its_bars(site: Site, open_page: OpenPage) -> None:
    fill(site)
    with office_of(site.db, site.world) as office:
        page = signed_in(open_page(width=360, language="en"), office, "supervisor")
        page.goto("/cockpit")
        expect(page.locator(CHARTS)).to_have_count(4)

        assert page.evaluate(FIRST_BAR) < 0.5


def test_printed_cockpit_leaves_no_half_page_empty(site: Site, open_page: OpenPage) -> None:
    fill(site)
    with office_of(site.db, site.world) as office:
        page = signed_in(open_page(width=DESKTOP_WIDTH), office, "supervisor")
        page.goto("/cockpit")
        expect(page.locator(CHARTS)).to_have_count(4)
        sheets = printed.pages(page.pdf(prefer_css_page_size=True), dpi=40)

    for number, sheet in enumerate(sheets[:-1]):
        used = ImageOps.invert(sheet).getbbox()
        assert used
        assert used[3] > 0.6 * sheet.height, number
        assert used[2] < sheet.width, "nothing is cut at the edge"
