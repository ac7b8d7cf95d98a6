"""From the scan to the answer in Chromium, with scripts and without."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import ExifTags, Image
from playwright.sync_api import Page, expect
from sqlmodel import select

from domain import places
from domain.database import Database
from domain.models import Case, Photo
from tests.browser.conftest import DESKTOP_WIDTH, Site
from tests.browser.looks import LOOKS
from tests.visitor import answered, photo

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]

WORDS = {
    "zh_CN": {"report": "举报隐患", "tile": "疏散通道、安全出口堵塞", "send": "提交举报", "received": "已收到您的举报",
              "rate": "评价", "object": "不满意", "add": "补充", "added": "已收到您补充的情况",
              "objected": "已收到您的异议"},
    "en": {"report": "Report a hazard", "tile": "Escape route or exit blocked", "send": "Send the report",
           "received": "We have received your report", "rate": "Rate", "object": "Object", "add": "Add information",
           "added": "We have received what you added", "objected": "We have received your objection"},
}  # fmt: skip
TILE = WORDS["zh_CN"]["tile"]


def receipt_on(page: Page) -> str:
    return page.url.partition("/r/")[2].partition("?")[0]


def cases_of(db: Database) -> list[Case]:
    with db.read() as session:
        return list(session.exec(select(Case).where(Case.process == "hazard_report").order_by(Case.number)))


@pytest.mark.parametrize(("width", "language"), LOOKS)
@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
def test_reporter_goes_from_the_scan_to_the_answer(
    site: Site, open_page: OpenPage, language: str, width: int, *, javascript: bool
) -> None:
    words = WORDS[language]
    page = open_page(width=width, language=language, javascript=javascript)

    page.goto(f"/v/{site.world.codes['kuancheng']}")
    page.get_by_role("link", name=words["report"]).click()  # the first tap
    page.get_by_role("radio", name=words["tile"]).check()  # the second
    page.get_by_role("button", name=words["send"]).click()  # the third

    expect(page.get_by_role("heading", level=1)).to_have_text(words["received"])
    receipt = receipt_on(page)
    page.goto(f"/r/{receipt}")
    page.locator("summary", has_text=words["add"]).click()
    page.locator("#add_information-text").fill("二楼也锁着")
    page.locator("#add_information-photos").set_input_files(
        {"name": "b.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    )
    page.get_by_role("button", name=words["add"]).click()
    expect(page.locator("[role=status]").first).to_contain_text(words["added"])

    answered(site.db, site.world, receipt)
    page.goto(f"/r/{receipt}")
    expect(page.locator(".reply")).to_have_text("经核查属实，已责令整改。")
    page.locator("summary", has_text=words["object"]).click()
    page.locator("#object-text").fill("还是锁着")
    page.get_by_role("button", name=words["object"]).click()
    expect(page.locator("[role=status]").first).to_contain_text(words["objected"])
    [case] = cases_of(site.db)
    assert (case.state, case.facts["language"]) == ("reopened", language)


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
def test_stars_are_given_and_close_the_report(site: Site, open_page: OpenPage, *, javascript: bool) -> None:
    page = open_page(javascript=javascript)
    page.goto(f"/v/{site.world.codes['kuancheng']}/report")
    page.get_by_role("radio", name=TILE).check()
    page.get_by_role("button", name="提交举报").click()
    receipt = receipt_on(page)
    answered(site.db, site.world, receipt)

    page.goto(f"/r/{receipt}")
    page.locator("summary", has_text="评价").click()
    page.get_by_role("radio", name="5 星").check()
    page.get_by_role("button", name="评价").click()

    expect(page.locator(".badge", has_text="已办结")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
def test_what_was_filled_in_survives_an_error_photos_too(site: Site, open_page: OpenPage, *, javascript: bool) -> None:
    page = open_page(javascript=javascript)
    page.goto(f"/v/{site.world.codes['kuancheng']}/report")
    page.get_by_role("radio", name=TILE).check()
    page.locator("#description").fill("<b>锁着</b>")
    page.locator("#phone").fill("12-34")
    page.locator("#photos").set_input_files([
        {"name": "good.jpg", "mimeType": "image/jpeg", "buffer": photo()},
        {"name": "报告.jpg", "mimeType": "image/jpeg", "buffer": b"%PDF-1.4"},
    ])  # fmt: skip
    page.get_by_role("button", name="提交举报").click()

    summary = page.locator(".summary")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("link")).to_have_count(2)
    expect(page).to_have_title("错误 · 举报隐患 · 消防安全码")
    expect(page.locator("#description")).to_have_value("<b>锁着</b>")
    expect(page.locator("#hazard-1")).to_be_checked()
    assert page.locator(".kept img").evaluate("image => image.naturalWidth") > 0
    summary.get_by_role("link", name="电话").click()
    expect(page.locator("#phone")).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("13912345678")
    page.get_by_role("button", name="提交举报").click()

    expect(page.locator(".done")).to_be_visible()
    with site.db.read() as session:
        [row] = session.exec(select(Photo).where(Photo.case_id == cases_of(site.db)[0].id))
    assert row.source == "reporter"


def camera_photo() -> bytes:
    """Return a photo as a phone makes it: larger than needed, lying on its side, with its place in it."""
    image = Image.effect_noise((3000, 2200), 60).convert("RGB")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({
        ExifTags.GPS.GPSLatitudeRef: "N", ExifTags.GPS.GPSLatitude: (24.0, 40.0, 12.0),
        ExifTags.GPS.GPSLongitudeRef: "E", ExifTags.GPS.GPSLongitude: (102.0, 54.0, 36.0),
    })  # fmt: skip
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, exif=exif)
    return out.getvalue()


def test_photo_is_shrunk_on_the_phone_and_keeps_its_place_as_evidence(site: Site, open_page: OpenPage) -> None:
    page, original = open_page(), camera_photo()
    page.goto(f"/v/{site.world.codes['kuancheng']}/report")
    page.get_by_role("radio", name=TILE).check()
    page.locator("#photos").set_input_files({"name": "c.jpg", "mimeType": "image/jpeg", "buffer": original})
    page.wait_for_function("size => document.querySelector('#photos').files[0].size < size", arg=len(original))
    sent = page.locator("#photos").evaluate("input => input.files[0].size")

    page.get_by_role("button", name="提交举报").click()
    expect(page.locator(".done")).to_be_visible()

    assert sent < len(original) / 2
    with site.db.read() as session:
        [row] = session.exec(select(Photo))
    assert (row.width, row.height) == (1466, 2000)  # upright, turned once
    assert row.position_sealed is not None


def test_place_is_added_only_when_asked_for(site: Site, open_page: OpenPage) -> None:
    page = open_page(geolocation={"latitude": 24.67, "longitude": 102.91}, permissions=["geolocation"])
    page.goto("/report")
    expect(page.locator("[name=lat]")).to_have_value("")
    page.get_by_role("button", name="添加我的位置").click()
    expect(page.locator("[data-place-said]")).to_have_text("已添加位置。")
    page.get_by_role("radio", name="占用消防车通道").check()
    page.get_by_role("button", name="提交举报").click()

    expect(page.locator(".done")).to_be_visible()
    [case] = cases_of(site.db)
    with site.db.read() as session:
        assert places.position(session, case) == (24.67, 102.91)


def test_place_button_is_not_shown_without_scripts(open_page: OpenPage) -> None:
    page = open_page(javascript=False)
    page.goto("/report")

    expect(page.locator("[data-place]")).to_be_hidden()


def test_report_is_made_with_the_keyboard_alone(site: Site, open_page: OpenPage) -> None:
    page = open_page(width=DESKTOP_WIDTH)
    page.goto(f"/v/{site.world.codes['kuancheng']}/report")
    page.locator("#hazard-1").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#hazard-2")).to_be_checked()
    outline = page.locator("#hazard-2 + .face").evaluate("face => getComputedStyle(face).outlineStyle")
    page.locator("#phone").focus()
    page.keyboard.press("Enter")

    expect(page.locator(".done")).to_be_visible()
    assert outline == "solid"


def test_button_pressed_twice_makes_one_case(site: Site, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(f"/v/{site.world.codes['kuancheng']}/report")
    page.get_by_role("radio", name=TILE).check()
    page.get_by_role("button", name="提交举报").dblclick()

    expect(page.locator(".done")).to_be_visible()
    assert len(cases_of(site.db)) == 1
