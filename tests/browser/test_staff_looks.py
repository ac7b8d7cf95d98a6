"""Every staff page, in both languages, on a small phone and a desktop: accessible, large enough, not too wide."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page
from sqlmodel import select

from domain import cases, notices, outbox, rectifications, vault_keeping
from domain.models import Outbox
from tests import filed
from tests.browser.conftest import DESKTOP_WIDTH, Site
from tests.browser.looks import LOOKS, faults
from tests.staff_member import Office, office_of

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
PASSWORD = "fireline-demo"


def signed_in(page: Page, office: Office, who: str) -> Page:
    office.account(who, PASSWORD)
    page.goto("/login")
    page.fill("#username", who)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    return page


def looked_at(page: Page, *paths: str) -> dict[str, list[str]]:
    found = {}
    for path in paths:
        page.goto(path)
        found[path] = opened_faults(page)
    return {path: wrong for path, wrong in found.items() if wrong}


def opened_faults(page: Page) -> list[str]:
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    # The bar at the thumb covers what scrolls beneath it; at the end of the page it covers nothing.
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    return faults(page)


def busy_office(office: Office) -> dict[str, str]:
    """Have cases of every kind a page has to show, and return their numbers."""
    doubtful, double = office.report(hazard="other"), office.report(hazard="other")
    checked = office.report(triaged=True)
    hold_messages(office)
    notify(office, "handler", doubtful)
    office.to_checked(checked)
    with office.db.write() as session:
        case = cases.by_number(session, checked)
        [ordered] = rectifications.open_from_finding(session, case.id, case.version, at=office.world.clock.now)
    due = (office.world.clock.now + timedelta(days=10)).date().isoformat()
    office.fires(ordered.number, "inspector1", "serve", correct_by=due, served_to="蒋责任")
    sent = office.report(hazard="escape", triaged=True)
    under_way = office.report(hazard="ebike", triaged=True)
    office.fires(under_way, "warden", "start_check", venue_code=office.world.codes["kuancheng"])
    return {"doubtful": doubtful, "double": double, "checked": checked, "ordered": ordered.number, "sent": sent,
            "under_way": under_way}  # fmt: skip


def notify(office: Office, who: str, number: str) -> None:
    """Tell somebody within the product of a deadline that is near."""
    at = office.world.clock.now
    with office.db.write() as session:
        case = cases.by_number(session, number)
        promise = session.exec(select(Outbox).where(Outbox.case_id == case.id)).first()
        about = {"seq": 1, "transition": "warn", "clock": "accept", "level": 0, "due_at": at.isoformat()}
        notices.tell(session, promise, [office.world.people[who]], data=about, at=at)


def hold_messages(office: Office) -> None:
    at = office.world.clock.now
    with office.db.write() as session:
        for row in outbox.claim(session, "hazard_report", worker="w", at=at, lease=timedelta(seconds=60)):
            outbox.hold(session, row, worker="w", at=at, reason="This venue is closed.")


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_pages_of_the_office_have_no_fault(site: Site, open_page: OpenPage, width: int, language: str) -> None:
    with office_of(site.db, site.world) as office:
        numbers = busy_office(office)
        page = open_page(width=width, language=language)
        page.goto("/login")
        wrong = {"/login": faults(page)}
        signed_in(page, office, "handler")

        wrong |= looked_at(
            page, "/cases", "/cases?view=open", "/cases?view=closed", "/cases?view=open&area=empty",
            f"/cases/{numbers['double']}", f"/cases/{numbers['checked']}", f"/cases/{numbers['ordered']}", "/cases/new",
            "/board", "/board?column=today", "/board?area=empty", "/notices", "/notices?show=unread",
        )  # fmt: skip

    assert {path: found for path, found in wrong.items() if found} == {}


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_pages_about_who_reported_have_no_fault(site: Site, open_page: OpenPage, width: int, language: str) -> None:
    wrong = {}
    with office_of(site.db, site.world) as office:
        number = office.report(triaged=True)
        office.fires(number, "supervisor", "hold_redaction", reason="诉讼")
        office.fires(number, "handler", "release_words", text="楼道烟感不亮")
        for who in ("handler", "inspector1"):
            office.fires(number, who, "request_identity", reason="现场需举报人指认楼层")
        office.fires(number, "supervisor", "grant_identity", whom=str(office.world.people["handler"]))
        page = signed_in(open_page(width=width, language=language), office, "handler")

        wrong |= looked_at(page, f"/cases/{number}", f"/cases/{number}/identity")
        page.click("main form button")
        page.wait_for_selector("[data-focus]")
        wrong["reason missing"] = opened_faults(page)
        page.fill("#reveal-reason", "请举报人指认楼层")
        page.click("main form button")
        page.wait_for_selector("main [role=status]")
        wrong["shown"] = opened_faults(page)
        page = signed_in(open_page(width=width, language=language), office, "supervisor")
        wrong |= {f"supervisor {path}": found for path, found in looked_at(page, f"/cases/{number}").items()}

    assert {path: found for path, found in wrong.items() if found} == {}


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_page_of_the_vault_has_no_fault(site: Site, open_page: OpenPage, width: int, language: str) -> None:
    with office_of(site.db, site.world) as office:
        office.report()
        with site.db.write() as session:
            keeper = site.world.actor(session, "admin")
            vault_keeping.ask(session, vault_keeping.ROTATE, actor=keeper, at=site.world.clock.now)
        page = signed_in(open_page(width=width, language=language), office, "admin")

        wrong = looked_at(page, "/admin/vault")

    assert wrong == {}


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_pages_on_site_have_no_fault(site: Site, open_page: OpenPage, width: int, language: str) -> None:
    with office_of(site.db, site.world) as office:
        numbers = busy_office(office)
        page = signed_in(open_page(width=width, language=language), office, "warden")

        wrong = looked_at(
            page, "/tasks", f"/tasks/{numbers['sent']}", f"/tasks/{numbers['sent']}/start_check",
            f"/tasks/{numbers['sent']}/decline", f"/tasks/{numbers['under_way']}/record_finding",
            f"/tasks/{numbers['ordered']}/submit", f"/cases/{numbers['sent']}",
        )  # fmt: skip

    assert wrong == {}


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_refusals_and_results_have_no_fault(site: Site, open_page: OpenPage, width: int, language: str) -> None:
    wrong = {}
    with office_of(site.db, site.world) as office:
        numbers = busy_office(office)
        page = open_page(width=width, language=language)
        page.goto("/login")
        page.fill("#username", "nobody")
        page.fill("#password", "wrong-password")
        page.press("#password", "Enter")
        page.wait_for_selector("[data-focus]")
        wrong["sign-in refused"] = faults(page)
        signed_in(page, office, "handler")

        page.goto(f"/cases/{numbers['doubtful']}#step-comment")
        office.fires(numbers["doubtful"], "supervisor", "comment", text="请加急")
        page.fill("#comment-text", "已联系物业")
        page.click("#step-comment form > .button")
        page.wait_for_selector("[data-focus]")
        wrong["stale"] = opened_faults(page)

        page.goto(f"/cases/{numbers['doubtful']}#step-reject")
        page.click("#step-reject form > .button")
        page.wait_for_selector("#reject-summary")
        wrong["fields refused"] = opened_faults(page)

        page.goto("/cases/new")
        page.fill("#venue", "宽澄")
        page.fill("#description", "有人在楼道充电")
        page.click("button[value=save]")
        page.wait_for_selector("[data-focus]")
        wrong["doubles"] = faults(page)
        page.click("button[value=save]")
        page.wait_for_selector(".receipt")
        wrong["receipt"] = faults(page)

        page.goto("/cases?view=open")
        page.locator(".select").first.check()
        page.click("#queue form > .below .button")
        page.wait_for_selector("#note")
        wrong["urge?"] = faults(page)
        page.click("form.card .button:not(.second)")
        page.wait_for_selector(".notice.good")
        wrong["urged"] = faults(page)

    assert {what: found for what, found in wrong.items() if found} == {}


def test_large_text_leaves_the_timeline_its_room(site: Site, open_page: OpenPage) -> None:
    with office_of(site.db, site.world) as office:
        number = office.report(triaged=True)
        page = signed_in(open_page(width=DESKTOP_WIDTH), office, "handler")

        page.goto(f"/cases/{number}?size=large")

        assert "large" in (page.locator("html").get_attribute("class") or "")
        story = page.locator(".story").bounding_box()
        assert story is not None
        assert story["width"] > DESKTOP_WIDTH / 2
        assert opened_faults(page) == []


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_pages_of_reports_have_no_fault(site: Site, open_page: OpenPage, width: int, language: str) -> None:
    filed.some_days(site.db, site.world)
    with office_of(site.db, site.world) as office:
        filed.measure(site.db, office.world.clock.advance(minutes=10))
        edition = filed.edition(site.db, office.world.clock.now)
        page = signed_in(open_page(width=width, language=language), office, "supervisor")

        wrong = looked_at(
            page, "/reports/sla?from=2026-08-01&until=2026-08-28", "/reports/sla?from=2026-01-01&until=2026-01-02",
            "/reports/sla?from=2026-08-28&until=2026-08-01&hazard=XYZ&area=nowhere", "/reports",
            "/reports/sla?from=2026-08-01&until=2026-08-28&as_of=2026-08-26T08:00:00.123456%2B08:00",
            f"/reports/sla/cases?edition={edition}&figure=hazard_report.received",
            "/reports/sla/cases?figure=hazard_report.verify.started&from=2026-08-01&until=2026-08-28",
            "/reports/sla/cases?figure=hazard_report.disputed&from=2026-08-01&until=2026-08-28",
            f"/reports/editions/{edition}", "/reports/subscriptions",
        )  # fmt: skip

    assert wrong == {}
