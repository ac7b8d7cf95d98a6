"""Accounts in the administration: passwords, apps, sessions, closing and opening, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest
from sqlmodel import select

from domain import account_register, people, people_register, register_log, second_factors
from domain.cases import FieldRefused
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Post, SignIn
from domain.register_lock import NotNow
from tests.administration import PASSWORD, REASON, account_of, address, deed, second_admin, with_app
from tests.staff_member import Office, office_of, seen
from tests.world import World


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        opened.account("admin", PASSWORD)
        opened.account("handler", PASSWORD)
        yield opened


def test_district_administrator_cannot_open_the_account_of_the_citys(office: Office) -> None:
    """Who once worked in the district is seen there; their account is not the district's to open."""
    second_admin(office, "guanglong")
    with office.db.write() as session:
        session.add(Post(id=new_id(), person_id=office.world.people["admin"], role="warden",
                         area_id=office.world.areas["guanglong"], from_on=date(2020, 1, 1)))  # fmt: skip
        session.flush()
    member = office.member("admin2-guanglong")

    assert member.opens(address(office, "admin")).status_code == 200
    assert member.opens(deed(office, "admin", "password")).status_code == 403
    assert member.opens(address(office, "admin", "/change")).status_code in (200, 403)
    changed = member.posts(address(office, "admin", "/change"), csrf=member.csrf("/admin/users"), name="沈管理",
                           phone="13900000003", language="zh_CN")  # fmt: skip
    assert changed.status_code == 403


def test_new_password_is_shown_once_and_ends_the_sessions(office: Office) -> None:
    user = office.nobody()
    user.sends("/login", "/login", username="handler", password=PASSWORD)
    path = deed(office, "handler", "password")

    answer = office.member("admin").sends(path, path, reason="忘记密码")

    password = re.search(r'<code class="token">([^<]+)</code>', answer.text).group(1)
    assert user.opens("/cases").status_code == 303
    assert user.sends("/login", "/login", username="handler", password=PASSWORD).status_code == 401
    assert user.sends("/login", "/login", username="handler", password=password).status_code == 303


def test_closed_account_is_out_at_once_and_can_be_opened_again(office: Office) -> None:
    user = office.nobody()
    user.sends("/login", "/login", username="handler", password=PASSWORD)
    admin, path = office.member("admin"), deed(office, "handler", "disable")

    assert admin.sends(path, path, reason="离岗").status_code == 303

    assert user.opens("/cases").status_code == 303
    assert user.sends("/login", "/login", username="handler", password=PASSWORD).status_code == 401
    path = deed(office, "handler", "enable")
    assert admin.sends(path, path, reason="返岗").status_code == 303
    assert user.sends("/login", "/login", username="handler", password=PASSWORD).status_code == 303
    assert admin.sends(path, path, reason="再次").status_code == 409


def test_lost_app_is_taken_away_with_a_reason_on_record(office: Office) -> None:
    with_app(office, "handler")
    path = deed(office, "handler", "app")

    assert office.member("admin").sends(path, path, reason="手机遗失").status_code == 303

    with office.db.read() as session:
        assert not second_factors.is_confirmed(session, account_of(office, "handler").id)
        entries = register_log.of(session, account_of(office, "handler").id)
    assert "手机遗失" in str([entry.data for entry in entries])
    assert "second_factor_reset" in [entry.action for entry in entries]


@pytest.mark.parametrize("first", ["password", "phone", "app"])
def test_nobody_alone_opens_both_locks_of_an_administrators_account(office: Office, first: str) -> None:
    person_id = second_admin(office)
    office.world.people["third"] = person_id
    with_app(office, "admin2-all")

    def open_lock(lock: str, by: str) -> None:
        at = office.world.clock.now
        with office.db.write() as session:
            actor = office.world.actor(session, by)
            if lock == "phone":
                form = people_register.PersonChange(name="韩管理", phone="13900000077", language="zh_CN")
                people_register.change(session, person_id, form, actor=actor, at=at)
                return
            account = account_register.account_of(
                session, actor, person_id, account_of(office, "admin2-all").id, day=people.local_day(at)
            )
            do = account_register.reset_password if lock == "password" else account_register.reset_second_factor
            do(session, account, REASON, actor=actor, at=at)

    open_lock(first, "admin")
    office.world.clock.advance(days=1)
    second = "password" if first == "app" else "app"
    with pytest.raises(NotNow):
        open_lock(second, "admin")

    office.world.clock.advance(days=7)
    open_lock(second, "admin")


def test_own_account_is_not_opened_through_the_administration(office: Office) -> None:
    member = office.member("admin")
    for what in ("password", "disable"):
        path = deed(office, "admin", what)
        assert member.sends(path, path, reason="自己").status_code == 409


def test_every_deed_asks_for_a_fresh_proof_and_a_reason(office: Office) -> None:
    member, path = office.member("admin"), deed(office, "handler", "disable")
    assert member.sends(path, path, reason="").status_code == 422
    office.world.clock.advance(minutes=11)

    assert member.opens(path).headers["location"].startswith("/account/prove")
    assert member.posts(path, csrf=member.csrf("/admin/users"), reason="x").status_code == 303
    assert account_of(office, "handler").disabled_at is None


def test_sessions_of_a_lost_device_are_ended(office: Office) -> None:
    user = office.nobody()
    user.sends("/login", "/login", username="handler", password=PASSWORD)
    path = deed(office, "handler", "sessions")

    office.member("admin").sends(path, path, reason="设备遗失")

    assert user.opens("/cases").status_code == 303
    with office.db.read() as session:
        mine = select(SignIn).where(SignIn.account_id == account_of(office, "handler").id)
        assert all(row.ended_at for row in session.exec(mine))


def test_account_of_another_person_is_not_reached_through_this_one(office: Office) -> None:
    path = address(office, "warden", f"/accounts/{account_of(office, 'handler').id}/password")
    assert office.member("admin").opens(path).status_code == 404


def test_page_tells_posts_accounts_and_the_record(office: Office) -> None:
    office.member("admin").sends(
        deed(office, "handler", "password"), deed(office, "handler", "password"), reason="忘记"
    )

    page = seen(office.member("admin").opens(address(office, "handler")))

    assert "举报受理员" in page
    assert "初始密码" in page
    assert "忘记" in page


def test_same_post_twice_in_the_same_time_is_refused(office: Office) -> None:
    form = people_register.PostForm(role="handler", area=people_register.WHOLE_CITY)
    at = office.world.clock.now
    with office.db.write() as session:
        actor = office.world.actor(session, "admin")
        with pytest.raises(FieldRefused):
            people_register.appoint(session, office.world.people["handler"], form, actor=actor, at=at)
