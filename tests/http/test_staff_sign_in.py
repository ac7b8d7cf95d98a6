"""Signing in: where people land, what they are told when it fails, and that nothing is open without it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from domain import heartbeats
from domain.database import Database
from tests.staff_member import Member, Office, office_of, seen
from tests.world import World

PASSWORD = "fireline-demo"


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def signs_in(member: Member, who: str, password: str = PASSWORD, **fields: str) -> object:
    return member.sends("/login", "/login", username=who, password=password, **fields)


@pytest.mark.parametrize(("who", "page"), [("handler", "/cases"), ("inspector1", "/cases"), ("warden", "/tasks"),
                                           ("officer", "/tasks"), ("auditor", "/cases")])  # fmt: skip
def test_people_land_where_they_work(office: Office, who: str, page: str) -> None:
    office.account(who, PASSWORD)
    member = office.nobody()

    answer = signs_in(member, who)

    assert (answer.status_code, answer.headers["location"]) == (303, page)
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert member.opens(page).status_code == 200


def test_sign_in_leads_back_to_the_page_that_was_asked_for(office: Office) -> None:
    office.account("handler", PASSWORD)
    member = office.nobody()
    number = office.report()
    asked = member.opens(f"/cases/{number}")
    assert asked.headers["location"] == f"/login?next=/cases/{number}"

    answer = member.sends(asked.headers["location"], "/login", username="handler", password=PASSWORD)

    assert answer.headers["location"] == f"/cases/{number}"


@pytest.mark.parametrize(
    "address", ["https://elsewhere.test/", "//elsewhere.test", "/\\elsewhere.test", "javascript:x", "//[", "//a℀b"]
)
def test_sign_in_never_leads_to_another_site(office: Office, address: str) -> None:
    office.account("handler", PASSWORD)
    assert 'name="next" value=""' in office.nobody().opens("/login", next=address).text

    answer = signs_in(office.nobody(), "handler", next=address)

    assert answer.headers["location"] == "/cases"


def test_refusal_does_not_say_which_of_the_two_was_wrong(office: Office) -> None:
    office.account("handler", PASSWORD)

    wrong_password = signs_in(office.nobody(), "handler", "not-it-at-all")
    wrong_name = signs_in(office.nobody(), "handlerr")

    assert wrong_password.status_code == wrong_name.status_code == 401
    assert seen(wrong_password) == seen(wrong_name)
    assert "用户名或密码" in seen(wrong_name)
    assert 'value="handlerr"' in wrong_name.text
    assert "set-cookie" not in wrong_name.headers


def test_many_failures_have_to_wait_and_are_told_how_long(office: Office) -> None:
    office.account("handler", PASSWORD)
    member = office.nobody()
    answers = [signs_in(member, "handler", f"wrong-{time}") for time in range(7)]

    assert answers[0].status_code == 401
    assert answers[-1].status_code == 429
    assert "秒" in seen(answers[-1]) or "分钟" in seen(answers[-1])

    assert signs_in(member, "handler").status_code == 429
    office.world.clock.advance(minutes=20)
    assert signs_in(member, "handler").status_code == 303


def test_signing_out_ends_it(office: Office) -> None:
    member = office.member("handler")

    answer = member.posts("/logout", csrf=member.csrf())

    assert answer.headers["location"] == "/login"
    token = member.client.cookies.get("fireline")
    assert not token or member.opens("/cases").status_code == 303


def test_signing_out_needs_proof_that_it_was_meant(office: Office) -> None:
    member = office.member("handler")

    assert member.posts("/logout", csrf="something").status_code == 403
    assert member.opens("/cases").status_code == 200


@pytest.mark.parametrize("path", ["/cases", "/cases/new", "/cases/JB-2026-000001", "/tasks", "/tasks/JB-2026-000001"])
def test_nothing_is_open_to_who_is_not_signed_in(office: Office, path: str) -> None:
    answer = office.nobody().opens(path)

    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")


def test_header_says_who_is_here_and_that_the_worker_is_silent(office: Office) -> None:
    page = seen(office.member("handler").opens("/cases"))

    assert "赵受理" in page
    assert "举报受理员" in page
    assert "后台程序没有响应" in page


def test_header_says_that_prefect_is_away_and_nothing_when_all_is_well(office: Office) -> None:
    def bar(prefect: str) -> str:
        at = office.world.clock.advance(seconds=1)
        with office.db.write() as session:
            heartbeats.beat(session, "worker", "one", at=at, data={"prefect": prefect})
        return seen(office.member("handler").opens("/cases"))

    assert "后台调度（Prefect）暂不可用" in bar("direct")
    assert "后台程序没有响应" not in bar("direct")
    assert "Prefect" not in bar("running")


def test_every_page_is_there_in_english_and_in_large_letters(office: Office) -> None:
    member = office.member("handler")

    page = member.opens("/cases", lang="en", size="large")

    assert '<html lang="en" class="large">' in page.text
    assert "Telephone intake" in page.text
