"""The staff pages as people use them: a report from scan to reply, two tabs, the keyboard, the camera at the door."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import segno
from playwright.sync_api import Page, expect

from domain import cases, rectifications, reports
from tests.browser.conftest import Site
from tests.browser.test_staff_looks import signed_in
from tests.pictures import jpeg
from tests.staff_member import SEED, Office, office_of

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
PHONE = 390
DESK = 1280

CAMERA = """
(picture) => {
  navigator.mediaDevices.getUserMedia = async () => {
    const image = new Image();
    image.src = picture;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = 480; canvas.height = 480;
    const context = canvas.getContext("2d");
    setInterval(() => {
      context.fillStyle = "white";
      context.fillRect(0, 0, 480, 480);
      context.drawImage(image, 60, 60, 360, 360);
    }, 50);
    return canvas.captureStream(20);
  };
}
"""
"""A camera in front of which somebody holds a code: real pictures, real decoding."""


@pytest.fixture
def office(site: Site) -> Iterator[Office]:
    with office_of(site.db, site.world) as opened:
        yield opened


def holds_up(page: Page, text: str) -> None:
    """Show the code of `text` to the page's camera."""
    buffer = io.BytesIO()
    segno.make(text, error="m").save(buffer, kind="png", scale=8, border=4)
    picture = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    page.add_init_script(f"({CAMERA})({picture!r})")


def sorts(office: Office, number: str) -> None:
    """Do what the worker does with a new report."""
    with office.db.write() as session:
        reports.triage(session, office.case(number).id, at=office.world.clock.now)


def test_report_goes_from_the_code_at_the_door_to_the_reporters_answer(office: Office, open_page: OpenPage) -> None:
    reporter = open_page(width=PHONE)
    reporter.goto(f"/v/{office.world.codes['kuancheng']}")
    reporter.get_by_role("link", name="举报隐患").click()
    reporter.locator(".tile", has_text="消防设施").click()
    reporter.fill("#description", SEED)
    reporter.locator(".bar .button").click()
    reporter.wait_for_url("**/r/**")
    receipt_page = reporter.url.partition("?")[0]
    sorts(office, "JB-2026-000001")

    warden = signed_in(open_page(width=PHONE, geolocation={"latitude": 24.67, "longitude": 102.91, "accuracy": 12},
                                 permissions=["geolocation"]), office, "warden")  # fmt: skip
    holds_up(warden, f"https://fireline.test/v/{office.world.codes['kuancheng']}")
    warden.get_by_role("link", name="到场").click()
    warden.get_by_role("button", name="扫描场所码").click()
    expect(warden.locator("#start_check-venue_code")).to_have_value(office.world.codes["kuancheng"])
    warden.get_by_role("button", name="获取定位").click()
    expect(warden.locator("[data-position] [data-said]")).to_contain_text("精度 12 米")
    warden.locator(".thumb-bar .button").click()
    warden.wait_for_url("**/record_finding")
    warden.get_by_label("属实", exact=True).check()
    warden.fill("#record_finding-description", "12 只烟感不亮")
    warden.locator("[data-narrow] input").fill("FAC-07")
    warden.get_by_label("火灾自动报警系统故障", exact=False).first.check()
    warden.set_input_files("#record_finding-photos", {"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": jpeg()})
    expect(warden.locator("[data-kept] img")).to_have_count(1)
    warden.locator(".thumb-bar .button").click()
    expect(warden.locator(".notice.good")).to_contain_text("已完成")

    handler = signed_in(open_page(width=DESK), office, "handler")
    handler.get_by_role("link", name="JB-2026-000001").click()
    expect(handler.locator(".story")).to_contain_text("12 只烟感不亮")
    handler.fill("#reply-text", "经核查属实,已责令整改。")
    handler.locator("#step-reply form > .button").click()
    expect(handler.locator(".notice.good")).to_contain_text("已完成：回复")

    reporter.goto(receipt_page)
    expect(reporter.locator("main")).to_contain_text("经核查属实,已责令整改。")
    case = office.case("JB-2026-000001")
    assert (case.state, case.facts["hazards"]) == ("replied", ["FAC-07"])


def test_second_tab_is_told_what_the_first_one_did(office: Office, open_page: OpenPage) -> None:
    number = office.report(hazard="other")
    first = signed_in(open_page(width=DESK), office, "handler")
    second = first.context.new_page()
    for tab in (first, second):
        tab.goto(f"/cases/{number}")
    first.locator("#step-comment summary").click()
    first.fill("#comment-text", "已联系物业")
    first.locator("#step-comment form > .button").click()
    expect(first.locator(".notice.good")).to_be_visible()

    second.locator("#step-comment summary").click()
    second.fill("#comment-text", "业主不在")
    second.locator("#step-comment form > .button").click()

    notice = second.locator(".notice.bad")
    expect(notice).to_contain_text("备注 · 赵受理")
    expect(notice).to_be_focused()
    expect(second.locator("#comment-text")).to_have_value("业主不在")
    second.locator("#step-comment form > .button").click()
    expect(second.locator(".notice.good")).to_be_visible()
    assert office.case(number).version == 3


def test_queue_is_worked_by_the_keyboard(office: Office, open_page: OpenPage) -> None:
    numbers = [office.report(place=f"河边 {door} 号", hazard="other") for door in range(3)]
    page = signed_in(open_page(width=DESK), office, "handler")
    expect(page.locator("#queue tbody tr")).to_have_count(3)

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("tr.here").get_attribute("data-number") == numbers[1]
    expect(page.locator("#chosen")).to_have_text("已选 1 件")
    page.keyboard.press("k")
    assert page.locator("tr.here").get_attribute("data-number") == numbers[0]
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("jk")
    expect(page.locator("#q")).to_have_value("jk")
    page.fill("#q", "")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{numbers[1]}")
    page.go_back()
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_url("**#next")


def test_one_key_urges_a_case_and_those_selected_on_the_board(office: Office, open_page: OpenPage) -> None:
    numbers = [office.report(hazard="escape", triaged=True) for _ in range(2)]
    office.world.clock.advance(hours=26)
    page = signed_in(open_page(width=DESK), office, "supervisor")
    page.goto("/board")

    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("r")
    page.locator("main form .button").first.click()
    expect(page.locator("h1")).to_have_text("已催办 2 件")
    page.goto(f"/cases/{numbers[0]}")
    page.keyboard.press("r")

    expect(page.locator(".notice.good")).to_contain_text("催办")
    assert [office.case(number).version for number in numbers] == [5, 4]


def test_single_keys_can_be_switched_off(office: Office, open_page: OpenPage) -> None:
    office.report(hazard="other")
    page = signed_in(open_page(width=DESK), office, "handler")
    page.keyboard.press("?")
    page.locator("#keys-off").check()
    page.keyboard.press("Escape")

    page.keyboard.press("j")

    expect(page.locator("tr.here")).to_have_count(0)


def test_filter_refreshes_the_rows_in_place_and_stands_in_the_address(office: Office, open_page: OpenPage) -> None:
    office.report(hazard="escape")
    there = office.report(hazard="ebike", venue_code=office.world.codes["market"])
    page = signed_in(open_page(width=DESK), office, "handler")
    page.goto("/cases?view=open")
    page.evaluate("window.same = true")

    page.select_option("#area", "fuxian")

    expect(page.locator("#queue tbody tr")).to_have_count(1)
    expect(page.locator("#queue tbody")).to_contain_text(there)
    assert page.evaluate("window.same") is True
    page.wait_for_url("**area=fuxian**")
    page.reload()
    expect(page.locator("#queue tbody tr")).to_have_count(1)


def test_queue_works_without_scripts(office: Office, open_page: OpenPage) -> None:
    number = office.report(hazard="other")
    page = signed_in(open_page(width=PHONE, javascript=False), office, "handler")

    page.fill("#q", number)
    page.locator(".filters > div .button").click()
    page.get_by_role("link", name=number).click()

    expect(page.locator("h1")).to_have_text(number)
    page.locator("#step-comment summary").click()
    page.fill("#comment-text", "已联系物业")
    page.locator("#step-comment form > .button").click()
    expect(page.locator(".notice.good")).to_contain_text("备注")


def test_intake_follows_what_the_handler_types(office: Office, open_page: OpenPage) -> None:
    known = office.report(hazard="ebike", venue_code=office.world.codes["market"])
    page = signed_in(open_page(width=DESK), office, "handler")
    page.goto("/cases/new")

    page.locator("#description").press_sequentially("有人在楼道充电")
    page.locator("#venue").press_sequentially("农贸")

    expect(page.locator("#look")).to_contain_text("岚山农贸市场")
    expect(page.locator("#look")).to_contain_text(known)
    page.locator("#look input[name=suggested]").first.check()
    expect(page.locator("#hazard")).to_have_value("EVB-01")


def test_code_of_another_site_is_not_taken(office: Office, open_page: OpenPage) -> None:
    number = office.report(triaged=True)
    page = signed_in(open_page(width=PHONE), office, "warden")
    holds_up(page, "https://elsewhere.test/pay?to=somebody")
    page.goto(f"/tasks/{number}/start_check")

    page.get_by_role("button", name="扫描场所码").click()

    expect(page.locator(".scan [data-said]")).to_contain_text("这不是场所码")
    expect(page.locator("#start_check-venue_code")).to_have_value("")
    page.get_by_role("button", name="关闭摄像头").click()
    expect(page.locator(".scan video")).to_be_hidden()


def test_photo_that_is_none_is_named_at_once_and_the_form_goes_on(office: Office, open_page: OpenPage) -> None:
    number = office.report(triaged=True)
    office.fires(number, "warden", "start_check", venue_code=office.world.codes["kuancheng"])
    page = signed_in(open_page(width=PHONE), office, "warden")
    page.goto(f"/tasks/{number}/record_finding")

    page.set_input_files(
        "#record_finding-photos", {"name": "合同.jpg", "mimeType": "image/jpeg", "buffer": b"%PDF-1.7"}
    )

    expect(page.locator("[data-photos] [data-said]")).to_contain_text("合同.jpg")
    page.get_by_label("不属实", exact=True).check()
    page.fill("#record_finding-description", "没有发现")
    page.fill("#record_finding-no_photo_reason", "灯光太暗")
    page.locator(".thumb-bar .button").click()
    expect(page.locator(".notice.good")).to_be_visible()


def test_needed_photo_that_is_none_is_named_by_the_answer_too(office: Office, open_page: OpenPage) -> None:
    number = office.report(triaged=True)
    office.to_checked(number)
    with office.db.write() as session:
        case = cases.by_number(session, number)
        [ordered] = rectifications.open_from_finding(session, case.id, case.version, at=office.world.clock.now)
    due = (office.world.clock.now + timedelta(days=10)).date().isoformat()
    office.fires(ordered.number, "inspector1", "serve", correct_by=due, served_to="蒋责任")
    page = signed_in(open_page(width=PHONE), office, "officer")
    page.goto(f"/tasks/{ordered.number}/submit")

    page.fill("#submit-description", "防火门闭门器已更换")
    page.set_input_files("#submit-photos", {"name": "合同.jpg", "mimeType": "image/jpeg", "buffer": b"%PDF-1.7"})
    expect(page.locator("[data-photos] [data-said]")).to_contain_text("合同.jpg")
    page.locator(".thumb-bar .button").click()

    expect(page.locator("#submit-summary")).to_contain_text("合同.jpg")
    expect(page.locator("#submit-description")).to_have_value("防火门闭门器已更换")
