"""The pages of imports and code sheets in a browser: a table taken step by step, each page without a fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tests import chores, tables
from tests.browser.conftest import DESKTOP_WIDTH, PHONE_WIDTH, Site
from tests.browser.looks import LOOKS
from tests.browser.test_staff_looks import looked_at, opened_faults, signed_in
from tests.staff_member import office_of

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def venue(number: int, kind: str = "V06") -> dict[str, str]:
    return {"名称": f"第{number}号店", "类别": kind, "地址": f"老街{number}号", "区域": "guanglong"}


def uploaded(page: Page, path: Path) -> UUID:
    """Choose a file, look at it first, and return the errand whose page appears."""
    page.goto("/admin/import")
    page.set_input_files("#file", path)
    page.click("main form button")
    page.wait_for_url("**/admin/import/*")
    return UUID(page.url.rpartition("/")[2])


@pytest.mark.parametrize("width", [PHONE_WIDTH, DESKTOP_WIDTH])
def test_a_table_is_taken_and_the_page_follows_by_itself(
    site: Site, open_page: OpenPage, tmp_path: Path, width: int
) -> None:
    with office_of(site.db, site.world) as office:
        page = signed_in(open_page(width=width, language="zh_CN"), office, "admin")
        check = uploaded(page, tables.workbook(tmp_path / "商户.xlsx", [venue(1), venue(2)]))
        expect(page.locator("progress")).to_be_visible()

        chores.do(site.db, check, at=site.world.clock.now)
        expect(page.get_by_text("新增 2 条")).to_be_visible()
        page.click("text=写入登记库")
        page.wait_for_url(lambda url: str(check) not in url)
        chores.do(site.db, UUID(page.url.rpartition("/")[2]), at=site.world.clock.now)

        expect(page.get_by_text("已全部写入登记库")).to_be_visible()


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_pages_of_tables_have_no_fault(
    site: Site, open_page: OpenPage, tmp_path: Path, width: int, language: str
) -> None:
    with office_of(site.db, site.world) as office:
        page = signed_in(open_page(width=width, language=language), office, "admin")

        wrong = looked_at(page, "/admin/import", "/admin/code-sheets")
        page.goto("/admin/import")
        page.click("main form button")
        page.wait_for_selector("[data-focus]")
        wrong["file missing"] = opened_faults(page)
        good = uploaded(page, tables.workbook(tmp_path / "a.xlsx", [venue(1)]))
        wrong["under way"] = opened_faults(page)
        bad = uploaded(page, tables.workbook(tmp_path / "b.xlsx", [venue(number, "V99") for number in range(12)]))
        for errand in (good, bad):
            chores.do(site.db, errand, at=site.world.clock.now)
        wrong |= looked_at(page, f"/admin/import/{good}", f"/admin/import/{bad}")

    assert {path: found for path, found in wrong.items() if found} == {}
