"""The phone of patrols in a real browser: a round without a network, refusals and a way on, how it looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Geolocation, Page, Route, expect
from sqlmodel import select

from api.pages import patrol_shell
from domain.models import Case, PatrolAnswer, PatrolCheckIn, PatrolPlan, PatrolTask, Photo
from domain.patrols.items import Canned, Choice, Condition, Item
from tests.browser.conftest import PHONE_WIDTH, Site
from tests.browser.looks import faults
from tests.browser.test_staff_flow import holds_up
from tests.browser.test_staff_looks import PASSWORD, signed_in
from tests.patrols import LATITUDE, LONGITUDE, add_version, make_task
from tests.pictures import jpeg
from tests.staff_member import Office, office_of

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
PHONE = 390
HERE: Geolocation = {"latitude": LATITUDE, "longitude": LONGITUDE, "accuracy": 12}
PICTURE = {"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
ALL_KINDS = (
    Item("P02", "安全出口、疏散通道畅通，无锁闭", "Exits and escape routes clear and unlocked", is_critical=True,
         on_spot=True, hazard="EVA-01", basis=("机关、团体、企业、事业单位消防安全管理规定 第二十五条",),
         canned=(Canned("通道堆物", "Goods in the way"),)),
    Item("M01", "消火栓静水压力", "Static pressure of the hydrant", answer="number", unit="MPa", low=0.15, high=0.5,
         evidence="none"),
    Item("M02", "灭火器压力指针位置", "Gauge of the extinguisher", answer="choice", evidence="none",
         choices=(Choice("green", "绿区", "Green"), Choice("red", "红区", "Red", fails=True))),
    Item("M03", "红区的灭火器去向", "Where the red one went", answer="text", evidence="none",
         condition=Condition("M02", ("red",))),
    Item("M04", "最近一次演练日期", "Day of the last drill", answer="date", evidence="none"),
)  # fmt: skip


@pytest.fixture
def office(site: Site) -> Iterator[Office]:
    with office_of(site.db, site.world) as opened:
        yield opened


@pytest.fixture
def phone(browser: Browser, site: Site, office: Office) -> Iterator[Page]:
    """An officer's phone, signed in; without a network it may say that it has none, but nothing may break."""
    context = browser.new_context(base_url=site.url, viewport={"width": PHONE, "height": 800}, locale="zh-CN",
                                  geolocation=HERE, permissions=["geolocation"])  # fmt: skip
    context.set_default_timeout(20_000)
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    yield signed_in(page, office, "officer")
    context.close()
    assert broken == []


def type_code(page: Page, code: str) -> None:
    page.fill("#typed-code", code)
    page.press("#typed-code", "Enter")


def uploaded(page: Page) -> None:
    expect(page.locator("#bar")).to_have_class("bar good")
    expect(page.locator("#bar")).to_contain_text("已全部上传")


def test_officer_walks_without_a_network_and_all_of_it_arrives(  # noqa: PLR0915 - one walk, begun and ended offline
    site: Site, phone: Page
) -> None:
    with site.db.write() as session:
        task = make_task(session, site.world, points=2, is_signed=True)
    page = phone
    holds_up(page, f"https://fireline.test/f/{task.codes[1]}")
    page.goto("/patrol/")
    expect(page.locator(".task")).to_contain_text("每日防火巡查")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)

    page.locator(".task").click()
    page.get_by_role("link", name="开始巡查").click()
    type_code(page, f"https://fireline.test/f/{task.codes[2]}")
    expect(page.locator(".said")).to_contain_text("另一个巡查点的编码：灭火器 MH-002")
    type_code(page, task.codes[0])
    page.get_by_role("button", name="合格", exact=True).click()
    expect(page.locator("h1")).to_contain_text("MH-001")
    assert task.codes[1] not in page.locator("main").inner_text()  # who reads it there need not go there
    page.get_by_role("button", name="扫码签到").click()
    page.get_by_role("button", name="不合格", exact=True).click()
    page.get_by_role("button", name="器材缺失").click()
    page.locator("#thumb .button:not(.second)").click()
    expect(page.locator(".wrong-words")).to_contain_text("还缺照片")
    expect(page.locator("#camera")).to_be_focused()
    page.set_input_files("#camera", PICTURE)
    expect(page.locator(".pictures img")).to_have_count(1)
    expect(page.locator(".wrong-words")).to_be_empty()
    page.reload()  # the page is torn away in the middle of an answer
    expect(page.locator("#comment")).to_have_value("器材缺失")
    expect(page.locator(".pictures img")).to_have_count(1)
    page.locator("#thumb .button:not(.second)").click()
    page.get_by_text("编码缺失或损坏").click()
    page.fill("#why-not", "标签被撕")
    page.get_by_role("button", name="不扫码签到").click()
    page.get_by_role("button", name="不适用").click()
    page.get_by_role("link", name="签名并完成").click()
    page.get_by_text("改为输入姓名").click()
    page.fill("#sign-name", "褚巡查")
    page.get_by_role("button", name="确认签名").click()
    expect(page.locator("#bar")).to_contain_text("离线，可继续巡查，联网后自动上传。 待上传 7 条")
    # The server takes the first picture and knows it no more when its answer comes: it is sent again.
    page.route("**/patrol/photos/*", lambda route: route.fulfill(json={"id": "gone"}), times=1)
    page.context.set_offline(False)
    uploaded(page)

    page.get_by_role("link", name="记录").click()
    page.get_by_role("link", name="已上传").click()
    page.locator(".record", has_text="不合格").click()
    expect(page.locator("main")).to_contain_text("已转入整改：ZG-2026-000001")
    with site.db.read() as session:
        check_ins = session.exec(select(PatrolCheckIn).order_by(PatrolCheckIn.point)).all()
        answers = session.exec(select(PatrolAnswer).order_by(PatrolAnswer.point)).all()
        assert session.get_one(Case, task.task_id).state == "done"
        pictures = set(session.exec(select(Photo.id).where(Photo.case_id == task.task_id)).all())
    assert len(pictures - {UUID(photo) for row in answers for photo in row.photos}) == len(pictures) - 1 == 1
    assert [(row.point, row.how, row.accuracy_m) for row in check_ins] == [
        (0, "typed", 12),
        (1, "camera", 12),
        (2, "none", 12),
    ]
    assert [(row.point, row.outcome, len(row.photos)) for row in answers] == [
        (0, "pass", 0),
        (1, "fail", 1),
        (2, "na", 0),
    ]
    assert check_ins[2].reason == "标签被撕"


def test_refused_record_says_why_and_is_corrected(site: Site, phone: Page) -> None:
    with site.db.write() as session:
        task = make_task(session, site.world, points=0, items=ALL_KINDS)
    phone.goto(f"/patrol/#/task/{task.number}/0")
    type_code(phone, task.codes[0])
    phone.get_by_role("button", name="合格", exact=True).click()
    phone.fill("#number", "０，３")
    phone.locator("#thumb .button:not(.second)").click()
    phone.get_by_role("button", name="红区").click()
    phone.locator("#thumb .button:not(.second)").click()
    expect(phone.locator(".wrong-words")).to_contain_text("请说明问题")
    phone.fill("#comment", "压力不足")
    phone.locator("#thumb .button:not(.second)").click()
    phone.fill("#words", "送检")
    phone.locator("#thumb .button:not(.second)").click()
    phone.fill("#day", "2026-08-01")
    phone.route("**/patrol/sync", refusing)
    phone.locator("#thumb .button:not(.second)").click()
    expect(phone.locator("#bar")).to_contain_text("1 条上传失败")
    phone.locator("#bar a").click()
    expect(phone.locator(".record .wrong-words")).to_have_text("日期早于开业")
    phone.locator(".record").click()
    phone.unroute("**/patrol/sync")
    phone.get_by_role("link", name="更正").click()
    phone.fill("#day", "2026-08-02")
    phone.locator("#thumb .button:not(.second)").click()
    uploaded(phone)
    phone.goto(f"/patrol/#/task/{task.number}/end")
    with phone.expect_response("**/patrol/sync"):
        phone.get_by_role("button", name="完成巡查").click()
    uploaded(phone)

    with site.db.read() as session:
        answers = session.exec(select(PatrolAnswer).order_by(PatrolAnswer.item)).all()
        assert session.get_one(Case, task.task_id).state == "done"
    assert [(row.item, row.outcome, row.value) for row in answers] == [
        ("M01", "pass", {"number": 0.3}), ("M02", "fail", {"choice": "red"}), ("M03", "noted", {"text": "送检"}),
        ("M04", "noted", {"date": "2026-08-02"}), ("P02", "pass", {"choice": "pass"}),
    ]  # fmt: skip


def refusing(route: Route) -> None:
    """Answer as a server that takes all but the day of the last drill."""
    sent = route.request.post_data_json
    [refused] = [one["id"] for one in sent["answers"] if one["item"] == "M04"] or [None]
    if refused is None:
        route.continue_()
        return
    taken = [one["id"] for one in (*sent["check_ins"], *sent["answers"]) if one["id"] != refused]
    reason = {"id": refused, "field": "value", "reason": "日期早于开业"}
    said = {"batch": sent["batch"], "task": sent["task"], "state": "under_way", "accepted": taken, "refused": [reason],
            "doubts": [], "conflicts": [], "rectifications": [], "at": sent["sent_at"]}  # fmt: skip
    route.fulfill(json=said)


def test_records_of_one_person_are_never_sent_by_another(office: Office, site: Site, phone: Page) -> None:
    with site.db.write() as session:
        task = make_task(session, site.world, points=1)
    phone.goto("/patrol/")
    expect(phone.locator(".task")).to_have_count(1)
    phone.route("**/patrol/sync", lambda route: route.abort())
    phone.goto(f"/patrol/#/task/{task.number}/1")
    type_code(phone, task.codes[1])
    phone.get_by_role("button", name="合格", exact=True).click()
    expect(phone.locator(".verdicts")).to_have_count(0)
    phone.goto("/patrol/#/more")
    phone.get_by_role("button", name="退出登录……").click()
    expect(phone.locator("dialog")).to_contain_text("还有 2 条记录没有上传")
    phone.get_by_role("button", name="退出，记录留在本机").click()
    phone.wait_for_url("**/login")
    phone.unroute("**/patrol/sync")

    signs_in(phone, office, "manager")
    phone.goto("/patrol/#/records")
    expect(phone.locator("main")).to_contain_text("本机有他人的 2 条记录")
    uploaded(phone)
    with site.db.read() as session:
        assert session.exec(select(PatrolAnswer)).all() == []
    phone.goto("/patrol/#/more")
    phone.get_by_role("button", name="退出登录……").click()
    phone.locator("dialog").get_by_role("button", name="退出登录", exact=True).or_(
        phone.locator("dialog .button").first
    ).first.click()
    phone.wait_for_url("**/login")
    assert phone.evaluate(WHOSE) == [str(site.world.people["officer"])]

    signs_in(phone, office, "officer", known=True)
    phone.goto("/patrol/")
    uploaded(phone)
    with site.db.read() as session:
        [answer] = session.exec(select(PatrolAnswer)).all()
    assert (answer.person_id, answer.outcome) == (site.world.people["officer"], "pass")


WHOSE = """
() => new Promise((resolve) => {
  const opening = indexedDB.open("fireline-patrol");
  opening.onsuccess = () => {
    const reading = opening.result.transaction("work").objectStore("work").getAllKeys();
    reading.onsuccess = () => { opening.result.close(); resolve(reading.result); };
  };
})
"""
"""Whose patrols are on the phone's disk."""


def signs_in(page: Page, office: Office, who: str, *, known: bool = False) -> None:
    if not known:
        office.account(who, PASSWORD)
    page.goto("/login")
    page.fill("#username", who)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)


def test_checklist_that_changed_meanwhile_is_said_and_taken_over_when_wanted(site: Site, phone: Page) -> None:
    with site.db.write() as session:
        task = make_task(session, site.world, points=0, items=ALL_KINDS[:2])
    phone.goto(f"/patrol/#/task/{task.number}/0")
    type_code(phone, task.codes[0])
    expect(phone.locator(".verdicts")).to_have_count(1)
    uploaded(phone)
    phone.context.set_offline(True)
    phone.get_by_role("button", name="合格", exact=True).click()
    expect(phone.locator("#number")).to_be_visible()
    with site.db.write() as session:
        newer = add_version(session, task.template_id, ALL_KINDS, number=2, at=site.world.clock.now)
        session.get_one(PatrolTask, task.task_id).version_id = newer.id
    phone.context.set_offline(False)
    uploaded(phone)
    phone.goto(f"/patrol/#/task/{task.number}")
    expect(phone.locator("main")).to_contain_text("检查表已更新。您继续使用开始时的版本")
    expect(phone.locator(".point")).to_contain_text("还剩 1 项")
    phone.get_by_role("button", name="剩余项目改用新版检查表").click()
    expect(phone.locator(".point")).to_contain_text("还剩 3 项")

    with site.db.read() as session:
        [answer] = session.exec(select(PatrolAnswer)).all()
    assert (answer.item, answer.version_id) == ("P02", task.version_id)


def test_inside_another_app_it_says_the_way_out(office: Office, open_page: OpenPage) -> None:
    page = signed_in(open_page(user_agent="Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50"), office, "officer")
    page.goto("/patrol/")
    expect(page.locator("#warnings")).to_contain_text("在浏览器打开")
    page.get_by_role("button", name="复制网址").click()

    expect(page.locator("#warnings [role=status]")).not_to_be_empty()
    assert faults(page) == []


def test_rounds_say_by_when_the_next_one_is_due(site: Site, phone: Page) -> None:
    with site.db.write() as session:
        task = make_task(session, site.world, points=1, kind="rounds")
        plan = session.get_one(PatrolPlan, task.plan_id)
        plan.rule = {**plan.rule, "gap_minutes": 120}
    phone.goto(f"/patrol/#/task/{task.number}")
    expect(phone.locator("main")).to_contain_text("下一轮 15:58 前")
    for words in ("开始第 1 轮", "开始第 2 轮"):
        phone.get_by_role("link", name=words).click()
        for point in (0, 1):
            type_code(phone, task.codes[point])
            phone.get_by_role("button", name="合格", exact=True).click()
    expect(phone.locator("#thumb")).to_contain_text("开始第 3 轮")
    uploaded(phone)

    with site.db.read() as session:
        check_ins = session.exec(select(PatrolCheckIn).order_by(PatrolCheckIn.round, PatrolCheckIn.point)).all()
        assert session.get_one(Case, task.task_id).state == "under_way"
    assert [row.point for row in check_ins] == [0, 1, 0, 1]
    assert len({row.round for row in check_ins}) == 2


def test_signing_out_on_an_office_page_takes_the_patrols_off_the_phone(site: Site, phone: Page) -> None:
    with site.db.write() as session:
        make_task(session, site.world)
    phone.goto("/patrol/")
    expect(phone.locator(".task")).to_have_count(1)
    uploaded(phone)
    assert phone.evaluate(WHOSE) == [str(site.world.people["officer"])]
    phone.goto("/tasks")
    phone.get_by_role("button", name="退出").click()
    phone.wait_for_url("**/login")

    assert phone.evaluate(WHOSE) == []


def test_two_tabs_count_on_and_a_new_version_waits_for_a_word(
    site: Site, phone: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.db.write() as session:
        task = make_task(session, site.world, points=2)
    phone.goto("/patrol/")
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    uploaded(phone)
    other = phone.context.new_page()
    for tab, point in ((phone, 1), (other, 2)):
        tab.goto(f"/patrol/#/task/{task.number}/{point}")
    for tab, point in ((phone, 1), (other, 2)):
        tab.bring_to_front()
        type_code(tab, task.codes[point])
    phone.bring_to_front()
    monkeypatch.setattr(patrol_shell, "version", lambda: "0123456789")
    phone.get_by_role("button", name="不合格", exact=True).click()
    phone.fill("#comment", "喷头被遮挡")
    other.reload()  # whichever tab asks first finds the new version
    phone.bring_to_front()
    expect(phone.locator("#warnings")).to_contain_text("新版本已就绪", timeout=20_000)
    expect(phone.locator("#comment")).to_have_value("喷头被遮挡")
    with phone.expect_navigation():
        phone.get_by_role("button", name="立即更新").click()
    expect(phone.locator("#comment")).to_have_value("喷头被遮挡")
    assert "/static/0123456789/patrol/phone/app.js" in phone.content()
    phone.set_input_files("#camera", PICTURE)
    phone.locator(".pictures img").wait_for()
    phone.locator("#thumb .button:not(.second)").click()
    expect(phone.locator("#camera")).to_have_count(0)
    uploaded(phone)

    with site.db.read() as session:
        check_ins = session.exec(select(PatrolCheckIn)).all()
        [answer] = session.exec(select(PatrolAnswer)).all()
    assert {row.point for row in check_ins} == {1, 2}
    assert len({row.device_id for row in check_ins}) == 1
    assert answer.comment == "喷头被遮挡"


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_screen_is_accessible_on_a_small_phone(  # noqa: PLR0915 - one walk, a look at every screen
    office: Office, site: Site, open_page: OpenPage, language: str
) -> None:
    with site.db.write() as session:
        task = make_task(session, site.world, points=0, items=ALL_KINDS, is_signed=True, role="officer")
        make_task(session, site.world, points=2, venue="kuancheng", kind="rounds", lasts=timedelta(hours=1))
    page = signed_in(open_page(width=PHONE_WIDTH, language=language, color_scheme="dark"), office, "officer")
    found: dict[str, list[str]] = {}

    def look(screen: str) -> None:
        found[screen] = faults(page)

    page.goto("/patrol/")
    expect(page.locator(".task")).to_have_count(2)
    look("today")
    page.goto(f"/patrol/#/task/{task.number}")
    page.locator("#thumb .button").wait_for()
    look("task")
    page.locator("#thumb .button").click()
    page.locator(".check-in summary").click()
    look("point")
    type_code(page, task.codes[0])
    page.locator(".verdict.fail").click()
    page.locator(".remarks .choice").click()
    page.set_input_files("#camera", PICTURE)
    page.locator(".pictures img").wait_for()
    page.locator("details summary").click()
    look("fails")
    page.locator("#thumb .button:not(.second)").click()
    page.fill("#number", "0.3")
    look("number")
    page.locator("#thumb .button:not(.second)").click()
    look("choice")
    page.locator(".verdict").first.click()
    look("day")
    page.get_by_role("checkbox").check()
    page.locator("#thumb .button:not(.second)").click()
    page.goto(f"/patrol/#/task/{task.number}/end")
    page.locator("canvas").wait_for()
    page.locator("details summary").click()
    look("sign")
    page.goto("/patrol/#/records/sent")
    page.locator(".record").first.wait_for()
    look("records")
    page.locator(".record").first.click()
    page.locator(".facts").wait_for()
    look("record")
    page.goto("/patrol/#/more")
    page.locator("section.card").first.wait_for()
    look("more")
    page.locator(".danger").click()
    look("asked")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="浅色" if language == "zh_CN" else "Light").click()
    page.goto("/patrol/#/")
    page.locator(".task").first.wait_for()
    look("by day")

    assert {screen: wrong for screen, wrong in found.items() if wrong} == {}


def test_without_scripts_the_page_lists_what_is_to_be_done(office: Office, site: Site, open_page: OpenPage) -> None:
    with site.db.write() as session:
        make_task(session, site.world)
    page = signed_in(open_page(javascript=False), office, "officer")
    page.goto("/patrol/")

    expect(page.locator("main")).to_contain_text("需要启用 JavaScript")
    expect(page.locator(".task")).to_contain_text("每日防火巡查")
