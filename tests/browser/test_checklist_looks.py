"""The pages of checklists: accessible, large enough, not too wide, and the editor beside its phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from domain.actors import SYSTEM
from domain.patrols import checklists, templates
from domain.patrols.items import Canned, Choice, Condition, Item
from tests.browser.conftest import Site
from tests.browser.looks import LOOKS, faults
from tests.browser.test_staff_looks import opened_faults, signed_in
from tests.staff_member import Office, office_of

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
CHOICE = Item("lift", "消防电梯", "Lift", answer="choice", evidence="photo_always",
              choices=(Choice("a", "正常"), Choice("b", "故障", fails=True)))  # fmt: skip
NUMBER = Item("p", "压力", answer="reading", unit="MPa", low=0.1, condition=Condition("lift", ("b",)),
              hint="看末端压力表", canned=(Canned("表坏了", "Gauge broken"),))  # fmt: skip


@pytest.fixture
def office(site: Site) -> Iterator[Office]:
    with office_of(site.db, site.world) as opened:
        yield opened


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_pages_of_checklists(open_page: OpenPage, office: Office, width: int, language: str) -> None:
    at = office.world.clock.now
    with office.db.write() as session:
        made = templates.from_catalogue(session, "hotel", "business_2h", division="", at=at)
        asked = checklists.Asked((*templates.items_of(templates.versions_of(session, made.id)[0])[2:], CHOICE, NUMBER))
        checklists.revise(session, made.id, asked, checklists.VersionFacts(), actor=SYSTEM, at=at)
        home = f"/patrols/checklists/{made.id}"
    page = signed_in(open_page(width=width, language=language), office, "supervisor")
    found = {}
    for path in ("/patrols/checklists", f"{home}?version=2", f"{home}/preview", f"{home}/preview?version=2&card=12",
                 f"{home}/end", f"{home}/edit", "/patrols/checklists/new"):  # fmt: skip
        page.goto(path)
        found[path] = opened_faults(page)
    page.goto(f"{home}/edit")
    page.click("button[value='edit:11']")
    expect(page.locator("#item-title")).to_be_focused()
    found["open"] = opened_faults(page)
    page.fill("#i-low", "很多")
    page.fill("#i-code", "1")
    page.press("#i-code", "Enter")
    expect(page.locator("#summary")).to_be_focused()
    found["wrong"] = faults(page)
    page.click("button[value=discard]")
    page.click("button[value='card:3']")
    found["phone"] = faults(page)

    assert {path: wrong for path, wrong in found.items() if wrong} == {}
