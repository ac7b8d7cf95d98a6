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
from playwright.sync_api import Browser, Page, expect

from api.app import create_app
from domain import accounts, tokens
from domain.settings import get_settings
from tests.browser.conftest import DESKTOP_WIDTH, Site
from tests.browser.test_staff_looks import LOOKS, opened_faults, signed_in
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
