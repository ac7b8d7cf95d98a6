"""The phone of patrols in a real browser: a round without a network, refusals and a way on, how it looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Geolocation, Page, expect
from sqlmodel import select

from domain.models import Case, PatrolAnswer, PatrolCheckIn
from domain.patrols.items import Canned, Choice, Condition, Item
from tests.browser.cable import Cable
from tests.browser.conftest import PHONE_WIDTH, Site
from tests.browser.looks import faults
from tests.browser.test_staff_flow import holds_up
from tests.browser.test_staff_looks import PASSWORD, signed_in
from tests.patrols import ITEMS, LATITUDE, LONGITUDE, Round, make_task
from tests.pictures import jpeg
from tests.staff_member import Office, office_of

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
PHONE = 390
HERE: Geolocation = {"latitude": LATITUDE, "longitude": LONGITUDE, "accuracy": 12}
PICTURE = {"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
ALL_KINDS = (
    Item("P02", "安全出口、疏散通道畅通，无锁闭", "Exits and escape routes clear and unlocked", is_critical=True, on_spot=True,
         hazard="EVA-01", basis=("机关、团体、企业、事业单位消防安全管理规定 第二十五条",), canned=(Canned("通道堆物", "Goods in the way"),)),
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


def test_officer_walks_without_a_network_and_all_of_it_arrives(site: Site, phone: Page) -> None:
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
    type_code(page, task.codes[2])
    expect(page.locator(".said")).to_contain_text("另一个巡查点的编码：灭火器 MH-002")
    type_code(page, task.codes[0])
    page.get_by_role("button", name="合格", exact=True).click()
    page.get_by_role("button", name="扫码签到").click()
    page.get_by_role("button", name="不合格", exact=True).click()
    page.get_by_role("button", name="器材缺失").click()
    page.locator("#thumb .button:not(.second)").click()
    expect(page.locator(".wrong-words")).to_contain_text("还缺照片")
    page.set_input_files("#camera", PICTURE)
    expect(page.locator(".pictures img")).to_have_count(1)
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
    expect(page.locator("#bar")).to_contain_text("离线，可继续巡查，联网后自动上传 待上传 7 条")
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
