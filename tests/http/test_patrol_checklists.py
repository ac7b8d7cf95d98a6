"""The pages of checklists: written without JavaScript, from the catalogue and by hand, looked at as on a phone."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from uuid import UUID

from domain import people
from domain.actors import Role
from domain.models import ChecklistTemplate
from domain.patrols import templates
from domain.patrols.items import Condition
from tests.reach import Stage

HOME = "/patrols/checklists"


def fields(html: str) -> dict[str, str]:
    """Return what the page's form would send without a button: hidden fields, texts, chosen and ticked ones."""
    form = html[html.index('class="editor"') : html.rindex("</form>")]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        told = {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if "name" in told and (told.get("type") not in {"checkbox", "radio"} or " checked" in tag):
            found[told["name"]] = told.get("value", "")
    for name, body in re.findall(r'<select id="[^"]*" name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', body)
        found[name] = unescape(chosen[1]) if chosen else ""
    for name, body in re.findall(r'<textarea id="[^"]*" name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found[name] = unescape(body)
    return found


def of_the_city(site, stage: Stage):
    return stage.signed_in(site, stage.world.people["supervisor"])


def press(client, address, page, button, **typed):
    return client.post(address, data={**fields(page.text), "do": button, **typed})


def test_a_checklist_is_put_together_from_the_catalogue_and_by_hand_and_saved_once(site, stage: Stage) -> None:
    chief, address = of_the_city(site, stage), f"{HOME}/new"
    page = chief.get(f"{address}?venue_type=restaurant&frequency=daily&division=110000")
    page = press(chief, address, page, "all")  # R07, R09 and, in Beijing, R02
    page = press(chief, address, page, "up:2")
    page = press(chief, address, page, "remove:0")
    page = press(chief, address, page, "own")
    typed = {
        "i-code": "gas",
        "i-zh": "燃气表读数",
        "i-answer": "reading",
        "i-low": "0.5",
        "i-high": "abc",
        "i-unit": "kPa",
    }
    wrong = press(chief, address, page, "keep", **typed)
    page = press(chief, address, wrong, "keep", **{"i-high": "３"})  # as a Chinese keyboard gives it
    page = press(chief, address, page, "own")
    page = press(chief, address, page, "keep", **{
        "i-code": "why", "i-zh": "原因", "i-answer": "choice", "i-choices": "valve | 阀门 | Valve | !\nother | 其他",
        "i-condition_item": "gas", "i-condition_is": "fail", "i-canned": "已报修 | Reported",
        "i-basis": "R61 25；XFF 28", "i-hazard": "GAS-01", "i-is_critical": "yes", "i-evidence": "photo_on_fail",
    })  # fmt: skip
    nameless = press(chief, address, page, "save", zh="", frequency="daily")
    saved = press(
        chief, address, nameless, "save", zh="厨房自查", en="Kitchen", frequency="daily", venue_type="restaurant"
    )
    twice = press(chief, address, nameless, "save", zh="厨房自查", frequency="daily")

    assert wrong.status_code == 422
    assert 'value="abc"' in wrong.text
    assert 'id="i-high-error"' in wrong.text
    assert nameless.status_code == 422
    assert "gas" in nameless.text
    assert saved.status_code == 303, saved.text
    assert saved.headers["location"] == twice.headers["location"]
    shown = chief.get(saved.headers["location"])
    with stage.db.read() as session:
        template = session.get(ChecklistTemplate, UUID(shown.url.path.rsplit("/")[-1]))
        items = templates.items_of(templates.version_on(session, template.id, people.local_day(stage.world.clock.now)))
    assert [item.code for item in items] == ["R02", "R09", "gas", "why"]
    assert (items[2].low, items[2].high, items[2].unit) == (0.5, 3, "kPa")
    assert items[3].condition == Condition("gas", ("fail",))
    assert [choice.fails for choice in items[3].choices] == [True, False]
    assert items[3].basis == ("R61 25", "XFF 28")
    assert "《机关、团体、企业、事业单位消防安全管理规定》第二十五条" in shown.text
    for at in (f"{shown.url.path}/preview?card={card}" for card in (1, 2, 3, 4, 5, 99, "x")):
        assert chief.get(at).status_code == 200
    assert chief.get(f"{shown.url.path}/preview?lang=en&card=4").status_code == 200


def test_a_change_is_a_version_from_a_day_on_and_is_shown_beside_what_was(site, stage: Stage) -> None:
    at = stage.world.clock.now
    with stage.db.write() as session:
        template = templates.from_catalogue(session, "hotel", "daily", division="", at=at)
        home, edit = f"{HOME}/{template.id}", f"{HOME}/{template.id}/edit"
    chief = of_the_city(site, stage)
    page = chief.get(edit)
    old = chief.get(edit)
    page = press(chief, edit, page, "edit:0")
    page = press(chief, edit, page, "keep", **{"i-zh": "机房、配电间无可燃物"})
    today = people.local_day(at).isoformat()

    urgent = press(chief, edit, page, "save", from_on=today)
    past = press(chief, edit, page, "save", from_on="2020-01-01", reason="x")
    saved = press(chief, edit, urgent, "save", from_on=today, reason="客人投诉")
    went_back = press(chief, edit, press(chief, edit, page, "remove:1"), "save")
    stale = press(chief, edit, old, "save", reason="另一处改动")
    same = press(chief, edit, chief.get(edit), "save")

    assert urgent.status_code == past.status_code == 422
    assert "机房、配电间无可燃物" in urgent.text
    assert saved.status_code == 303
    assert went_back.status_code == stale.status_code == 409
    assert same.headers["location"].endswith("done=same")
    shown = chief.get(saved.headers["location"]).text
    assert "<del>布草间、配电间、机房无可燃物堆放</del>" in shown
    assert "<ins>机房、配电间无可燃物</ins>" in shown
    assert "客人投诉" in shown
    assert "<dt>检查项</dt><dd>T03，T04</dd>" in shown
    assert "布草间、配电间、机房无可燃物堆放" in chief.get(f"{home}?version=1").text
    assert chief.get(f"{home}?version=9").status_code == 404
    assert chief.get(f"{home}?lang=en").status_code == 200


def test_a_venues_manager_copies_the_citys_checklist_for_their_own_venue_and_ends_it(site, stage: Stage) -> None:
    at = stage.world.clock.now
    with stage.db.write() as session:
        city = templates.from_catalogue(session, "hotel", "daily", division="", at=at)
    manager, officer = stage.client(site, Role.MANAGER), stage.client(site, Role.OFFICER)
    page = manager.get(f"{HOME}/new?from={city.id}")

    copied = press(manager, f"{HOME}/new", page, "save", zh="本店每日自查")
    for_all = press(manager, f"{HOME}/new", page, "save", zh="全市", venue="", form_id="0" * 31 + "1")
    address = copied.headers["location"].partition("?")[0]
    silent = manager.post(f"{address}/end", data={"reason": ""})

    assert copied.status_code == 303, copied.text
    assert for_all.status_code == 422
    assert 'value="全市"' in for_all.text
    assert manager.get(f"{HOME}/{city.id}/edit").status_code == 403
    assert officer.get(address).status_code == 200
    assert officer.get(f"{address}/edit").status_code == 403
    assert "本店每日自查" in manager.get(f"{HOME}?whose=own").text
    assert silent.status_code == 422
    tomorrow = people.local_day(at) + timedelta(days=1)
    ended = manager.post(f"{address}/end", data={"reason": "改用市里的", "from_on": tomorrow.isoformat()})
    assert ended.status_code == 303
    assert manager.post(f"{address}/end", data={"reason": "再来一次"}).status_code == 409
    assert tomorrow.isoformat() in manager.get(address).text


def test_buttons_that_are_pressed_with_nonsense_lose_nothing(site, stage: Stage) -> None:
    chief, address = of_the_city(site, stage), f"{HOME}/new"
    page = press(chief, address, chief.get(f"{address}?venue_type=hotel&frequency=daily"), "all")
    assert '"T03"' in unescape(page.text)

    for button in ("edit:99", "up:0", "down:1", "remove:-1", "card:x", "card:999", "fly:1", "", "save:1"):
        page = press(chief, address, page, button)
        assert page.status_code == 200, button
        assert '"T03"' in unescape(page.text), button
    for items in ("{", "[1]", '[{"code": 5}]', "null", "[" * 5000):
        assert (
            chief.post(address, data={"items": items, "do": "save", "zh": "x", "frequency": "daily"}).status_code == 422
        )
    odd = {"items": '[{"code":"a","zh":"x","low":1e999,"answer":"number"}]', "zh": "x", "frequency": "daily"}
    assert chief.post(address, data={**odd, "do": "save"}).status_code == 422
    assert chief.get(f"{HOME}?after=nonsense&venue_type=nowhere&q=%25").status_code == 200
    assert chief.get(f"{HOME}/new?from=nonsense").status_code == 200
