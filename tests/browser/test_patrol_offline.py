"""Hundreds of points without a network, the browser killed again and again, the clock moved: nothing lost, once."""

from __future__ import annotations

import base64
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from domain.models import Case, PatrolAnswer, PatrolCheckIn, Photo
from tests.browser.cable import Cable, Handset
from tests.browser.conftest import Site
from tests.patrols import LATITUDE, LONGITUDE, Round, make_task
from tests.pictures import jpeg
from tests.staff_member import Office, office_of

pytestmark = pytest.mark.browser
HERE = {"latitude": LATITUDE, "longitude": LONGITUDE, "accuracy": 12}
SEED = 20261120
PASSWORD = "fireline-demo"
HOURS_3 = 3 * 3600 * 1000

# Somebody who walks on, whatever the screen shows: reads the code, finds something wrong at every `every`th point.
WALK = """
({codes, every, picture}) => {
  const pause = (ms) => new Promise((next) => setTimeout(next, ms));
  const main = document.getElementById("main");
  const thumb = () => document.querySelector("#thumb:not([hidden]) .button:not(.second)");
  const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
  let shot = 0;
  const shoot = async (input) => {
    const files = new DataTransfer();
    files.items.add(new File([bytes, new Uint8Array([shot++ & 255])], "a.jpg", { type: "image/jpeg" }));
    input.files = files.files;
    input.dispatchEvent(new Event("change"));
    while (!main.querySelector(".pictures img")) await pause(2);
  };
  const step = async () => {
    const shown = main.firstElementChild;
    const [, , , point, item] = location.hash.split("/");
    const typed = main.querySelector("#typed-code");
    if (typed) {
      typed.value = codes[point];
      typed.form.requestSubmit();
    } else if (item && item !== "end" && main.querySelector(".verdicts")) {
      if (point === "0" || Number(point) % every) main.querySelector(".verdict.pass").click();
      else {
        if (!main.querySelector(".remarks")) main.querySelector(".verdict.fail").click();
        while (!main.querySelector(".remarks .choice")) await pause(2);
        if (!main.querySelector("#comment").value) main.querySelector(".remarks .choice").click();
        while (!main.querySelector(".evidence:not([aria-busy]) #camera")) await pause(2);
        if (!main.querySelector(".pictures img")) await shoot(main.querySelector("#camera"));
        thumb().click();
      }
    } else if (thumb()) thumb().click();
    else return;
    const until = performance.now() + 5000;
    while (main.firstElementChild === shown && performance.now() < until) await pause(2);
  };
  window.walking = (async () => {
    while (location.hash.startsWith("#/task/")) await step();
  })();
}
"""
MOVE = """
(by) => {
  const Real = Date, now = Real.now;
  window.Date = class extends Real {
    constructor(...given) { super(...(given.length ? given : [now() + by])); }
    static now() { return now() + by; }
  };
}
"""


@pytest.fixture
def office(site: Site) -> Iterator[Office]:
    with office_of(site.db, site.world) as opened:
        yield opened


@pytest.fixture
def handset(browser: Browser, tmp_path: Path) -> Iterator[Handset]:
    handset = Handset(browser.browser_type, tmp_path / "phone")
    yield handset
    handset.kill()


@pytest.mark.parametrize(
    ("points", "photos", "kills"),
    [pytest.param(20, 5, 2, id="reduced"), pytest.param(400, 100, 10, id="whole", marks=pytest.mark.nightly)],
)
def test_server_has_exactly_the_work_done_once(
    office: Office, site: Site, handset: Handset, *, points: int, photos: int, kills: int
) -> None:
    with site.db.write() as session:
        task = make_task(session, site.world, points=points)
    cable = Cable(int(site.url.rpartition(":")[2]))
    url = f"http://127.0.0.1:{cable.port}"
    chance = random.Random(SEED)
    walk = Walk(url, task, every=points // photos)
    page = signs_in(handset.switch_on(**HERE), office, url)
    takes_along(page, url)
    cable.cut()

    for killed in range(kills):
        walk.goes_on(page)
        wait_for_stops(page, (points * (killed + 1)) // (kills + 1))
        page.wait_for_timeout(chance.uniform(0, 400))
        handset.kill()
        page = handset.switch_on(**HERE)
        if killed == kills // 2:
            page.context.add_init_script(f"({MOVE})({HOURS_3})")
    walk.goes_on(page)
    page.wait_for_url("**/patrol/#/", timeout=60_000)
    expect(page.locator("#bar")).to_have_class("bar warn")
    recorded = page.evaluate(RECORDED)
    assert Counter(one["kind"] for one in recorded) == {"check_in": points + 1, "answer": points + 1, "done": 1}
    site.world.clock.advance(hours=1)
    cable.mend()
    comes_back(page, url)
    expect(page.locator("#bar")).to_have_class("bar good", timeout=120_000)

    with site.db.read() as session:
        check_ins = session.exec(select(PatrolCheckIn).where(PatrolCheckIn.case_id == task.task_id)).all()
        answers = session.exec(select(PatrolAnswer).where(PatrolAnswer.case_id == task.task_id)).all()
        pictures = session.exec(select(Photo.id).where(Photo.case_id == task.task_id)).all()
        rectifications = session.exec(select(Case).where(Case.process == "rectification")).all()
        state = session.get_one(Case, task.task_id).state
    ids = {one["id"] for one in recorded if one["kind"] != "done"}
    assert {str(row.id) for row in (*check_ins, *answers)} == ids
    assert sorted(row.point for row in check_ins) == list(range(points + 1))
    assert sorted((row.point, row.item) for row in answers) == [
        (0, "P01"),
        *((seq, "P06") for seq in range(1, points + 1)),
    ]
    assert all(row.stands and row.against is None for row in answers)
    failed = [row for row in answers if row.outcome == "fail"]
    assert {row.point for row in failed} == set(range(points // photos, points + 1, points // photos))
    assert {photo for row in failed for photo in row.photos} == {str(photo) for photo in pictures}
    assert (len(pictures), len(rectifications)) == (photos, photos)
    assert all(row.at <= site.world.clock.now for row in (*check_ins, *answers))
    assert state == "done"


RECORDED = """
() => new Promise((resolve) => {
  const opening = indexedDB.open("fireline-patrol");
  opening.onsuccess = () => {
    const reading = opening.result.transaction("records").objectStore("records").getAll();
    reading.onsuccess = () => {
      opening.result.close();
      resolve(reading.result.map(({ id, kind }) => ({ id, kind })));
    };
  };
})
"""
"""What the phone has on its disk."""


def takes_along(page: Page, url: str) -> None:
    """Open the app once with a network, until it has all it needs without."""
    page.goto(f"{url}/patrol/")
    page.locator(".task").wait_for()
    page.evaluate("navigator.serviceWorker.ready.then((kept) => kept.active.state)")


def wait_for_stops(page: Page, stops: int) -> None:
    """Wait until somebody has come so far."""
    page.wait_for_function("(stops) => Number(location.hash.split('/')[3] ?? 0) >= stops", arg=stops, timeout=15_000)


def comes_back(page: Page, url: str) -> None:
    """Have the network again; whoever is not signed in any more signs in."""
    page.goto(f"{url}/patrol/#/records")
    with page.expect_response("**/patrol/work") as asked:
        page.reload()
    if asked.value.status == 401:
        page.click('#bar a[href^="/login"]')
        gives_password(page)


def signs_in(page: Page, office: Office, url: str) -> Page:
    """Sign in with a fresh account."""
    office.account("officer", PASSWORD)
    page.goto(f"{url}/login")
    gives_password(page)
    return page


def gives_password(page: Page) -> None:
    """Fill in the form of the sign-in."""
    page.fill("#username", "officer")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)


class Walk:
    """The way through a patrol."""

    def __init__(self, url: str, task: Round, *, every: int) -> None:
        self._page = f"{url}/patrol/#/task/{task.number}"
        self._told = {"codes": {str(point): code for point, code in task.codes.items()}, "every": every,
                      "picture": base64.b64encode(jpeg()).decode()}  # fmt: skip

    def goes_on(self, page: Page) -> None:
        """Open the app at the patrol and walk on from where it stands."""
        page.goto(self._page)
        page.locator("main h1").wait_for()
        page.evaluate(WALK, self._told)
