"""Applying for a code in Chromium: every page of it for a phone and a desktop, with scripts and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from domain import cases, enrolments, venue_codes
from domain.models import Venue
from tests.browser.conftest import PHONE_WIDTH, Site
from tests.browser.looks import LOOKS, faults
from tests.browser.test_staff_looks import looked_at as staff_looked_at
from tests.browser.test_staff_looks import signed_in
from tests.journeys import apply
from tests.staff_member import office_of
from tests.visitor import photo

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
WORDS = {
    "zh_CN": {"apply": "申请场所码", "on": "下一步", "send": "提交申请", "received": "已收到您的申请",
              "change": "修改并重新提交", "again": "已收到，等待审核", "shop": "沿街商铺"},
    "en": {"apply": "Apply for a code", "on": "Continue", "send": "Send the application",
           "received": "We have received your application", "change": "Change and submit again",
           "again": "Received, waiting for review", "shop": "Street-front shop"},
}  # fmt: skip
PDF = {"name": "执照.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n%%EOF\n"}
DATED = ("start_review", {}), ("return_to_applicant", {"text": "请补执照", "hint_documents": "看不清"})


def staff(site: Site, receipt: str, who: str, *steps: tuple[str, dict[str, Any]]) -> None:
    for name, data in steps:
        with site.db.write() as session:
            case = enrolments.by_receipt(session, receipt)
            cases.fire(session, case, name, actor=site.world.actor(session, who), at=site.world.clock.now, data=data)


def answer_everything(page: Page, language: str, *, each: Callable[[], None] = lambda: None) -> None:
    """Go from the first question to the summary, doing `each` on every page."""
    words = WORDS[language]

    def go_on() -> None:
        each()
        page.get_by_role("button", name=words["on"], exact=True).click()

    page.locator("#name").fill("广龙小卖部")
    page.get_by_role("radio", name=words["shop"]).check()
    go_on()
    page.locator("#credit_code").fill("91530402MA6K5XKJ3C")
    page.locator("#industry").select_option("commerce")
    go_on()
    page.locator("#address").fill("广龙路 8 号")
    page.locator("#area").select_option("guanglong")
    go_on()
    page.locator("#hours").fill("每天 9:00-22:00")
    page.locator("#area_m2").fill("80")
    go_on()
    page.locator("#person").fill("马掌柜")
    page.locator("#phone").fill("13912340000")
    go_on()
    page.locator("#documents").set_input_files([PDF, {"name": "门头.jpg", "mimeType": "image/jpeg", "buffer": photo()}])
    go_on()
    each()


def receipt_on(page: Page) -> str:
    return page.url.partition("/enrol/")[2].partition("?")[0]


def test_back_enter_and_the_switch_do_what_they_do_elsewhere(open_page: OpenPage) -> None:
    page = open_page(width=PHONE_WIDTH, language="zh_CN", javascript=False)
    page.goto("/enrol")
    page.locator("#name").fill("广龙小卖部")
    page.get_by_role("radio", name=WORDS["zh_CN"]["shop"]).check()
    page.locator("#name").press("Enter")
    page.locator("#credit_code").fill("91530402MA6K5XKJ3C")
    page.get_by_role("button", name="English").click()
    expect(page.locator("#credit_code")).to_have_value("91530402MA6K5XKJ3C")
    page.get_by_role("button", name="Continue", exact=True).click()
    expect(page.locator("#address")).to_be_visible()

    page.go_back()  # a browser that may keep nothing shows an error here, and asks to send the form again
    expect(page.locator("#credit_code")).to_have_value("91530402MA6K5XKJ3C")

    page.go_back()
    page.go_back()
    expect(page.locator("#name")).to_have_value("广龙小卖部")


@pytest.mark.parametrize(("width", "language"), LOOKS)
@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
def test_applicant_goes_from_the_start_page_to_the_code(
    site: Site, open_page: OpenPage, language: str, width: int, *, javascript: bool
) -> None:
    words = WORDS[language]
    page = open_page(width=width, language=language, javascript=javascript)

    page.goto("/")
    page.get_by_role("link", name=words["apply"]).click()
    answer_everything(page, language)
    page.get_by_role("button", name=words["send"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["received"])
    receipt = receipt_on(page)

    staff(site, receipt, "handler", *DATED)
    page.goto(f"/enrol/{receipt}")
    page.get_by_role("link", name=words["change"]).click()
    for _ in range(6):
        page.get_by_role("button", name=words["on"], exact=True).click()
    page.get_by_role("button", name=words["send"]).click()
    expect(page.get_by_text(words["again"]).first).to_be_visible()

    staff(site, receipt, "supervisor", ("start_review", {}), ("approve", {}))
    page.goto(f"/enrol/{receipt}")
    with site.db.read() as session:
        code = session.get_one(Venue, enrolments.by_receipt(session, receipt).venue_id).code
    expect(page.locator(".qr")).to_be_visible()
    page.locator(f"a[href='/v/{code}']").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("广龙小卖部")


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_every_page_of_the_application_has_no_fault(site: Site, open_page: OpenPage, width: int, language: str) -> None:
    page = open_page(width=width, language=language)
    wrong: dict[str, list[str]] = {}
    page.goto("/enrol")
    page.get_by_role("button", name=WORDS[language]["on"], exact=True).click()
    page.wait_for_selector(".summary")
    wrong["refused"] = faults(page)

    answer_everything(page, language, each=lambda: wrong.update({f"{len(wrong)}": faults(page)}))
    page.get_by_role("button", name=WORDS[language]["send"]).click()
    receipt = receipt_on(page)
    wrong["sent"] = faults(page)
    staff(site, receipt, "handler", *DATED)
    for path in (f"/enrol/{receipt}", f"/enrol/{receipt}/change?at=documents", f"/enrol/{receipt}/change?at=person"):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
        wrong[path] = faults(page)
    with site.db.write() as session:
        case = enrolments.by_receipt(session, receipt)
        cases.fire(session, case, "withdraw", actor=enrolments.applicant_of(case), at=site.world.clock.now)
    page.goto(f"/enrol/{receipt}")
    wrong["withdrawn"] = faults(page)

    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_approved_rejected_and_replaced_have_no_fault(
    site: Site, open_page: OpenPage, width: int, language: str
) -> None:
    codes = site.world.codes
    duplicate = {"reason": "already_enrolled", "duplicate_of": codes["market"], "explanation": "门口已有标牌"}
    with site.db.write() as session:
        receipts = [
            enrolments.receipt_of(session, apply(session, site.world, name=f"小店{n}").id) or "" for n in (1, 2)
        ]
        actor = site.world.actor(session, "handler")
        venue_codes.reissue(session, site.world.venues["kuancheng"], reason="丢失", replacing=codes["kuancheng"],
                            actor=actor, at=site.world.clock.now)  # fmt: skip
    staff(site, receipts[0], "supervisor", ("start_review", {}), ("approve", {}))
    staff(site, receipts[1], "supervisor", ("start_review", {}), ("reject", duplicate))
    page = open_page(width=width, language=language)

    wrong = {}
    for path in (*(f"/enrol/{receipt}" for receipt in receipts), f"/v/{codes['kuancheng']}", f"/v/{codes['market']}"):
        page.goto(path)
        wrong[path] = faults(page)

    assert {path: found for path, found in wrong.items() if found} == {}


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_pages_of_the_reviewers_have_no_fault(site: Site, open_page: OpenPage, width: int, language: str) -> None:
    with office_of(site.db, site.world) as office:
        with site.db.write() as session:
            apply(session, site.world, name="另一家")
            number = apply(session, site.world, address="岚山农贸市场门口", remark="请下午来电", area_m2=80).number
        office.fires(number, "handler", "start_review")
        page = signed_in(open_page(width=width, language=language), office, "supervisor")
        code = site.world.codes["kuancheng"]

        wrong = staff_looked_at(page, f"/cases/{number}", f"/venues/{code}/code", "/cases?process=enrolment")
        page.goto(f"/venues/{code}/code")
        page.locator("form button.second").last.click()
        page.wait_for_selector("[data-focus]")
        wrong["refused"] = faults(page)

    assert {path: found for path, found in wrong.items() if found} == {}
