"""Pages of the account and of people's administration: accessible, large enough, not too wide, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
from playwright.sync_api import Page

from domain import accounts, delegations, errands, people
from domain.delegations import OwnCoverForm
from tests.browser.conftest import Site
from tests.browser.looks import LOOKS, faults
from tests.browser.test_staff_looks import looked_at, opened_faults, signed_in
from tests.staff_member import Office, office_of

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
PASSWORD = "fireline-demo"


def peopled(office: Office) -> None:
    """Have covers, tokens, sessions and a background task to show."""
    office.account("leader", PASSWORD)
    at = office.world.clock.now
    day = people.local_day(at)
    with office.db.write() as session:
        accounts.add_token(session, "leader", at=at, label="大屏")
        errands.promise(session, "sign_in_code", key="looks", at=at, made_by=office.world.people["admin"],
                        data={"code": "00000000-0000-0000-0000-000000000000"})  # fmt: skip
        errands.promise(
            session, "sla_report", key="night", at=at - timedelta(hours=2), data={"title": "月报 2026-08-01"}
        )
        form = OwnCoverForm(to_person=str(office.world.people["admin"]), reason="年假", from_on=day,
                            until_on=day + timedelta(days=3))  # fmt: skip
        accounts.add_account(session, username="second", password=PASSWORD, person_id=office.world.people["admin"])
        delegations.arrange_own(session, form, actor=office.world.actor(session, "leader"), at=at)


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_pages_of_the_account_have_no_fault(site: Site, open_page: OpenPage, width: int, language: str) -> None:
    with office_of(site.db, site.world) as office:
        peopled(office)
        page = open_page(width=width, language=language)
        page.goto("/login/code")
        wrong = {"/login/code": faults(page)}
        page.fill("#username", "leader")
        page.click(".card button")
        page.wait_for_selector("#code")
        wrong["code asked for"] = faults(page)
        signed_in(page, office, "admin")

        wrong |= looked_at(
            page, "/account", "/account/password", "/account/app", "/account/sessions", "/account/tokens",
            "/account/cover", "/account/prove", "/errands",
        )  # fmt: skip
        page.goto("/errands")
        page.click("section td.number a")
        wrong["an errand of the system"] = opened_faults(page)
        page.goto("/errands")
        page.click("main > table td.number a")
        wrong["an errand"] = opened_faults(page)
        page.goto("/account/tokens")
        page.fill("#label", "大屏")
        page.check("input[name=scope]")
        page.click("form.card button, .card form .button")
        page.wait_for_selector("code.token")
        wrong["token made"] = faults(page)
        page.goto("/account/app")
        secret = page.inner_text("span.code").replace(" ", "")
        page.fill("#code", "000000")
        page.click(".card form .button")
        page.wait_for_selector("[data-focus]")
        wrong["code refused"] = faults(page)
        page.fill("#code", pyotp.TOTP(secret).at(office.world.clock.now))
        page.click(".card form .button")
        page.wait_for_selector("li.code")
        wrong["recovery codes"] = faults(page)
        page.context.clear_cookies()
        page.goto(f"/login?lang={language}")
        page.fill("#username", "admin")
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_url(re.compile("/login/second"))
        wrong["second step"] = faults(page)

    assert {path: found for path, found in wrong.items() if found} == {}


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_pages_of_people_have_no_fault(site: Site, open_page: OpenPage, width: int, language: str) -> None:
    with office_of(site.db, site.world) as office:
        peopled(office)
        page = signed_in(open_page(width=width, language=language), office, "admin")
        leader = f"/admin/users/{office.world.people['leader']}"
        page.goto(leader)
        linked = page.eval_on_selector_all("main a.button", "links => links.map((link) => link.getAttribute('href'))")

        wrong = looked_at(
            page, "/admin/users", "/admin/users?q=nobody-like-this", "/admin/users/new", leader, *linked,
            "/admin/delegations", "/admin/delegations/new", "/admin/settings", "/admin/settings/reveals_per_day",
            "/admin/settings/day_unspecified/change", "/admin/calendar?year=2026", "/admin/calendar?year=2027",
            "/admin/limits?view=all", "/admin/limits/CMP-21", "/admin/limits/CMP-21/set",
        )  # fmt: skip
        page.goto("/admin/settings/reveals_per_day/change")
        page.fill("#value", "101")
        page.click("form.card .button:not(.second)")
        page.wait_for_selector("[data-focus]")
        wrong["setting refused"] = faults(page)
        page.fill("#value", "3")
        page.fill("#reason", "旺季前收紧")
        page.click("form.card .button:not(.second)")
        page.wait_for_selector("button[name=confirmed]")
        wrong["setting to confirm"] = faults(page)
        page.click("button[name=confirmed]")
        page.wait_for_selector(".notice.good")
        wrong["setting changed"] = faults(page)
        page.goto("/admin/users/new")
        page.click("form.card .button:not(.second)")
        page.wait_for_selector("[data-focus]")
        wrong["new person refused"] = faults(page)

    assert {path: found for path, found in wrong.items() if found} == {}
