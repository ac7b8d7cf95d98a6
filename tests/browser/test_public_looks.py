"""Every public page, in both languages, on a small phone and a desktop: accessible, large enough, not too wide."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Site
from tests.browser.looks import LOOKS, faults
from tests.visitor import Visitor, answered, photo, visitor_of

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def looked_at(page: Page, *paths: str) -> dict[str, list[str]]:
    found = {}
    for path in paths:
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
        found[path] = faults(page)
    return {path: wrong for path, wrong in found.items() if wrong}


def reported(site: Site) -> tuple[str, str]:
    """Return the receipts of a fresh report and of one that was answered, with an addition and urged."""
    with visitor_of(site.db, site.world) as somebody:
        fresh, old = somebody.reports(hazard="ebike"), somebody.reports()
        urged(somebody, old)
    answered(site.db, site.world, old)
    return fresh, old


def urged(somebody: Visitor, receipt: str) -> None:
    somebody.posts(f"/r/{receipt}/remind", version="1")


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_public_pages_have_no_fault(site: Site, open_page: OpenPage, width: int, language: str) -> None:
    fresh, old = reported(site)
    codes = site.world.codes
    page = open_page(width=width, language=language)
    host = urlsplit(site.url).hostname or ""
    page.context.add_cookies([{"name": "fireline-said", "value": "rate", "domain": host, "path": f"/r/{old}"}])

    wrong = looked_at(
        page,
        "/", "/r", "/report", f"/v/{codes['kuancheng']}", f"/v/{codes['lonely']}", f"/v/{codes['kuancheng']}/report",
        f"/r/{fresh}?new=1", f"/r/{fresh}", f"/r/{old}",
        "/r/ABCDEFGHJKMN", "/v/22222223", f"/v/{codes['closed']}", "/nowhere",
    )  # fmt: skip

    assert wrong == {}


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_refused_forms_have_no_fault(open_page: OpenPage, width: int, language: str) -> None:
    page = open_page(width=width, language=language)
    page.goto("/report")
    page.locator("#phone").fill("12")
    page.locator("#photos").set_input_files([
        {"name": "good.jpg", "mimeType": "image/jpeg", "buffer": photo()},
        {"name": "bad.jpg", "mimeType": "image/jpeg", "buffer": b"%PDF-1.4"},
    ])  # fmt: skip
    page.locator("button.button:not([type=button])").click()
    page.wait_for_selector(".summary")

    assert faults(page) == []


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_large_text_fits_the_screen(site: Site, open_page: OpenPage, width: int, language: str) -> None:
    fresh, _ = reported(site)
    page = open_page(width=width, language=language)
    page.goto("/?size=large")

    wrong = looked_at(page, "/", f"/v/{site.world.codes['kuancheng']}", "/report", f"/r/{fresh}?new=1")

    assert wrong == {}


def test_nothing_moves_for_who_asked_for_less_motion(site: Site, open_page: OpenPage) -> None:
    page = open_page(reduced_motion="reduce")
    page.goto(f"/v/{site.world.codes['kuancheng']}")

    assert page.locator("a.button").evaluate("button => getComputedStyle(button).transitionDuration") == "0s"


def test_receipt_is_printed_without_forms(site: Site, open_page: OpenPage) -> None:
    fresh, _ = reported(site)
    page = open_page()
    page.goto(f"/r/{fresh}?new=1")
    page.emulate_media(media="print")

    assert page.locator(".number").first.is_visible()
    assert not page.locator("details").first.is_visible()
