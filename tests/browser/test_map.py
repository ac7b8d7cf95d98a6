"""The map in Chromium: drawn from our own server alone, moved by keyboard, and never saying other than its table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests import printed
from tests.browser.conftest import DESKTOP_WIDTH, Site
from tests.browser.looks import LOOKS
from tests.browser.test_staff_looks import looked_at, opened_faults, signed_in
from tests.measured import all_measured, measured, outlined
from tests.staff_member import office_of

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
TABLE = """[...document.querySelectorAll("#figures tr[data-area]")]
  .map((row) => [row.dataset.area, row.querySelector("[data-value]").textContent])"""
DRAWN = """[...document.querySelectorAll("#map path[data-area]")]
  .map((path) => [path.dataset.area, path.getAttribute("fill")])"""
NAMED = """[...document.querySelectorAll(".area-name b")].map((words) => words.textContent)"""

HEIGHTS = """Object.fromEntries(Object.entries({areas: "path[data-area]", heat: ".leaflet-heatmap-layer",
    venues: "path[stroke='#0a6b3b']", cases: "path[fill='#b3261e']"})
  .map(([name, found]) => [name, document.querySelector(`#map ${found}`).closest(".leaflet-pane")])
  .map(([name, pane]) => [name, Number(getComputedStyle(pane).zIndex)]))"""
"""Layer → how high it lies."""
DOTS = """["path[fill='#b3261e']", "path[stroke='#0a6b3b']"].map((found) => {
  const drawn = document.querySelector(`#map ${found}`), box = drawn.getBoundingClientRect();
  const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {hit: there === drawn, inside: box.width};
})"""
SHEET_WIDTH = 1031  # A4 across, without its margins, in CSS pixels


def fill(site: Site) -> None:
    world, now = site.world, site.world.clock.now
    with site.db.write() as session:
        for _ in range(3):
            measured(session, world, area="guanglong", venue="kuancheng")
        measured(session, world, area="fuxian", venue="market")
        measured(session, world, area="fuxian", venue="market", opened_at=now - timedelta(days=40))
        outlined(session, world)
        all_measured(session, now)


def drawn(page: Page, words: str) -> None:
    """Wait until the map shows what was asked for."""
    page.wait_for_selector(f'#map[data-drawn*="{words}"]')


def test_map_draws_what_its_table_says_from_our_server_alone(site: Site, open_page: OpenPage) -> None:
    fill(site)
    with office_of(site.db, site.world) as office:
        page = open_page(width=DESKTOP_WIDTH)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        signed_in(page, office, "supervisor")
        page.goto("/map?level=grid")
        drawn(page, "grid 2026-08")

        assert dict(page.evaluate(TABLE)) == {"guanglong": "300.0", "fuxian": "100.0", "empty": "0.0"}
        colours = dict(page.evaluate(DRAWN))
        assert set(colours) == {"guanglong", "fuxian", "empty"}
        assert len(set(colours.values())) == 3
        assert sorted(page.evaluate(NAMED)) == ["0.0", "100.0", "300.0"]

        # One month back by the left arrow: table and map follow, and the address can be passed on.
        page.focus("#month")
        page.keyboard.press("ArrowLeft")
        drawn(page, "2026-07")
        assert page.get_attribute("#month", "aria-valuetext") == "2026-07"
        assert dict(page.evaluate(TABLE)) == {"guanglong": "0.0", "fuxian": "100.0", "empty": "0.0"}
        assert sorted(page.evaluate(NAMED)) == ["0.0", "0.0", "100.0"]
        assert "from=2026-07&to=2026-07" in page.url
        page.keyboard.press("ArrowRight")
        drawn(page, "2026-08")

        for layer in ("cases", "heat", "venues"):
            page.check(f".layers [value={layer}]")
        page.wait_for_selector("canvas.leaflet-heatmap-layer")
        expect(page.locator("#map path.leaflet-interactive")).to_have_count(3 + 2 + 2)
        assert page.evaluate(HEIGHTS) == {"areas": 350, "heat": 400, "venues": 450, "cases": 460}
        dot, ring = page.evaluate(DOTS)
        assert (dot["hit"], dot["inside"] < ring["inside"]) == (True, True), "the dot of the cases within the ring"
        expect(page.locator(".dots li:visible")).to_have_count(3)
        page.uncheck(".layers [value=heat]")
        expect(page.locator(".dots li:visible")).to_have_count(2)
        page.uncheck(".layers [value=areas]")
        expect(page.locator("#map path[data-area]")).to_have_count(0)
        assert opened_faults(page) == []

        # Months before the records: hatched, and the words of the legend say why; nothing there looks like zero.
        page.check(".layers [value=areas]")
        page.goto("/map?level=grid&from=2025-01&to=2025-01")
        drawn(page, "2025-01")
        assert set(dict(page.evaluate(DRAWN)).values()) == {"url(#no-data)"}
        assert dict(page.evaluate(TABLE))["empty"] == "–"

    assert {urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {urlsplit(site.url).netloc}


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_page_of_the_map_has_no_fault(site: Site, open_page: OpenPage, width: int, language: str) -> None:
    fill(site)
    with office_of(site.db, site.world) as office:
        page = signed_in(open_page(width=width, language=language), office, "supervisor")

        wrong = looked_at(page, "/map?level=grid", "/map?from=2026-08&to=2026-07")

    assert wrong == {}


def test_map_fits_the_sheet_it_is_printed_on(site: Site, open_page: OpenPage) -> None:
    fill(site)
    with office_of(site.db, site.world) as office:
        page = signed_in(open_page(width=1600), office, "supervisor")
        page.goto("/map?level=grid")
        drawn(page, "grid 2026-08")
        page.set_viewport_size({"width": SHEET_WIDTH, "height": 700})
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        right = page.evaluate(
            "Math.max(...[...document.querySelectorAll('#map path[data-area], #figures td, #figures th')]"
            ".map((one) => one.getBoundingClientRect().right))"
        )

        assert right <= SHEET_WIDTH
        assert page.evaluate("document.documentElement.scrollWidth") <= SHEET_WIDTH
        assert len(printed.pages(page.pdf(prefer_css_page_size=True), dpi=40)) <= 2
