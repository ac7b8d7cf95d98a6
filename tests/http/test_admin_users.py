"""People, posts and accounts under administration: within one's area, never for oneself, never the last one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from uuid import UUID

import pyotp
import pytest
from sqlmodel import select

from domain import account_register, accounts, people, people_register, register_log, second_factors
from domain.account_register import ReasonForm
from domain.actors import Role
from domain.cases import FieldRefused
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Account, Person, Post, SignIn
from domain.people_register import EndPostForm
from domain.register_lock import NotNow
from tests.at_once import at_once
from tests.staff_member import Member, Office, office_of, seen
from tests.world import World

PASSWORD = "fireline-demo"
REASON = ReasonForm(reason="本人申请")


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        opened.account("admin", PASSWORD)
        opened.account("handler", PASSWORD)
        yield opened


def second_admin(office: Office, area: str | None = None) -> UUID:
    """Enter another administrator, of everything or of one area, with an account."""
    person = Person(id=new_id(), name="韩管理", phone="+8613800000099")
    area_id = office.world.areas[area] if area else None
    with office.db.write() as session:
        session.add(person)
        session.flush()
        session.add(Post(id=new_id(), person_id=person.id, role="administrator", area_id=area_id,
                         from_on=date(2020, 1, 1)))  # fmt: skip
        session.flush()
        accounts.add_account(session, username=f"admin2-{area or 'all'}", password=PASSWORD, person_id=person.id)
    office.world.people[f"admin2-{area or 'all'}"] = person.id
    return person.id


def post_of(office: Office, who: str) -> UUID:
    with office.db.read() as session:
        return session.exec(select(Post).where(Post.person_id == office.world.people[who])).one().id


def account_of(office: Office, who: str) -> Account:
    with office.db.read() as session:
        return session.exec(select(Account).where(Account.username == who)).one()


def address(office: Office, who: str, part: str = "") -> str:
    return f"/admin/users/{office.world.people[who]}{part}"


def deed(office: Office, who: str, what: str) -> str:
    return address(office, who, f"/accounts/{account_of(office, who).id}/{what}")


# Finding people.


def test_list_finds_by_name_user_name_phone_role_area_and_state(office: Office) -> None:
    member = office.member("admin")

    def found(**query: str) -> set[str]:
        page = member.opens("/admin/users", **query).text
        return set(re.findall(r'<a href="/admin/users/[0-9a-f-]{36}">([^<]+)</a>', page))

    assert {"赵受理", "沈管理", "李庚"} <= found()
    assert found(q="李") == {"李庚"}
    assert found(q="HANDLER") == {"赵受理"}
    assert found(q="138 0000 0002") == {"李庚"}
    assert found(role="inspector") == {"孙监督", "周监督", "吴监督"}
    assert "李庚" in found(area="guanglong")
    assert "钱专管" not in found(area="guanglong")
    assert "李庚" in found(state="without")
    assert "赵受理" not in found(state="without")
    assert found(q="nobody-like-this%") == set()


def test_list_goes_on_page_by_page(office: Office) -> None:
    with office.db.write() as session:
        session.add_all([Person(id=new_id(), name=f"成员{number:03d}") for number in range(120)])
    member, names, path = office.member("admin"), [], "/admin/users?q=成员"
    while path:
        page = member.opens(path).text
        names += re.findall(r">(成员\d+)</a>", page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = following.group(1).replace("&amp;", "&") if following else ""

    assert names == [f"成员{number:03d}" for number in range(120)]


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIiwgMV0", "é"])
def test_garbage_for_a_cursor_begins_anew(office: Office, cursor: str) -> None:
    assert "沈管理" in seen(office.member("admin").opens("/admin/users", cursor=cursor))


def test_administrator_of_a_district_knows_of_its_people_only(office: Office) -> None:
    second_admin(office, "guanglong")
    member = office.member("admin2-guanglong")

    page = seen(member.opens("/admin/users"))

    assert "李庚" in page
    assert "钱专管" not in page
    assert member.opens(address(office, "warden")).status_code == 200
    assert member.opens(address(office, "warden2")).status_code == 404
    assert member.opens(address(office, "warden2", "/change")).status_code == 404


@pytest.mark.parametrize("who", ["handler", "warden", "owner", "operator"])
def test_others_see_nobody_here(office: Office, who: str) -> None:
    member = office.member(who)
    for path in ("/admin/users", "/admin/users/new", address(office, "leader")):
        assert member.opens(path).status_code == 403


def test_supervisor_looks_and_changes_nothing(office: Office) -> None:
    member = office.member("supervisor")

    page = member.opens(address(office, "handler"))

    assert page.status_code == 200
    assert "/posts/new" not in page.text
    assert "138 **** 0001" in seen(page)
    assert member.opens(address(office, "handler", "/posts/new")).status_code == 403


# Entering, appointing, ending.


def enters(member: Member, **fields: str) -> object:
    given = {"name": "新同事", "phone": "13900000001", "language": "zh_CN", "role": "inspector"}
    return member.sends("/admin/users/new", "/admin/users/new", **{**given, **fields})


def test_newcomer_gets_a_post_an_account_and_a_password_shown_once(office: Office) -> None:
    answer = enters(office.member("admin"), username="newcomer")

    assert answer.status_code == 200
    password = re.search(r'<code class="token">([^<]+)</code>', answer.text).group(1)
    newcomer = office.nobody()
    signed = newcomer.sends("/login", "/login", username="newcomer", password=password)
    assert signed.headers["location"] == "/account/password"
    with office.db.read() as session:
        person = session.exec(select(Person).where(Person.name == "新同事")).one()
        actor = people.actor_of(session, person, at=office.world.clock.now)
        assert actor.roles == {Role.INSPECTOR}
        assert password not in str([entry.data for entry in register_log.of(session, person.id)])


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"phone": "13800000001"}, "phone"),
        ({"phone": "12"}, "phone"),
        ({"role": "owner"}, "venue"),
        ({"role": "owner", "venue": "AAAAAAAA"}, "venue"),
        ({"area": "atlantis"}, "area"),
        ({"until_on": "2001-01-01"}, "until_on"),
        ({"username": "handler"}, "username"),
        ({"username": "two words"}, "username"),
        ({"name": ""}, "name"),
    ],
)
def test_what_will_not_do_is_named_and_nothing_is_kept(office: Office, fields: dict[str, str], field: str) -> None:
    answer = enters(office.member("admin"), **fields)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    with office.db.read() as session:
        assert session.exec(select(Person).where(Person.name == "新同事")).all() == []


def test_nobody_gives_themselves_a_post_or_moves_their_own_phone(office: Office) -> None:
    member = office.member("admin")

    post = member.sends(
        address(office, "admin", "/posts/new"), address(office, "admin", "/posts/new"), role="supervisor"
    )
    phone = member.sends(address(office, "admin", "/change"), address(office, "admin", "/change"), name="沈管理",
                         phone="13900000002", language="zh_CN")  # fmt: skip

    assert (post.status_code, phone.status_code) == (422, 422)
    assert "不能给自己任职" in seen(post)
    assert "须由另一位管理员修改" in seen(phone)


def test_post_ends_on_its_day_and_is_never_made_longer(office: Office) -> None:
    member, path = office.member("admin"), address(office, "handler", f"/posts/{post_of(office, 'handler')}/end")
    later = people.local_day(office.world.clock.now) + timedelta(days=10)

    assert member.sends(path, path, until_on=later.isoformat(), reason="调离").status_code == 303
    longer = member.sends(path, path, until_on=(later + timedelta(days=1)).isoformat(), reason="改期")
    shorter = member.sends(path, path, until_on=(later - timedelta(days=5)).isoformat(), reason="提前")

    assert (longer.status_code, shorter.status_code) == (422, 303)
    office.world.clock.advance(days=6)
    with office.db.read() as session:
        assert office.world.actor(session, "handler").roles == frozenset()


def test_last_administrator_stays_whatever_way_it_is_tried(office: Office) -> None:
    member = office.member("admin")
    path = address(office, "admin", f"/posts/{post_of(office, 'admin')}/end")

    refused = member.sends(path, path, reason="离职")

    assert refused.status_code == 409
    assert "最后一位全局管理员" in seen(refused)
    second_admin(office, "guanglong")
    assert member.sends(path, path, reason="离职").status_code == 409, "one of a district is not enough"
    second_admin(office)
    assert member.sends(path, path, reason="离职").status_code == 303


def test_two_administrators_cannot_take_each_other_away_at_once(office: Office) -> None:
    second_admin(office)

    def end(who: str, by: str) -> str:
        form = EndPostForm(reason="离职", until_on=None)
        try:
            with office.db.write() as session:
                actor = office.world.actor(session, by)
                people_register.end_post(session, office.world.people[who], posts[who], form, actor=actor,
                                         at=office.world.clock.now)  # fmt: skip
        except NotNow:
            return "refused"
        return "ended"

    posts = {who: post_of(office, who) for who in ("admin", "admin2-all")}
    assert sorted(at_once([partial(end, "admin", "admin2-all"), partial(end, "admin2-all", "admin")])) == [
        "ended",
        "refused",
    ]


def test_administrator_of_a_district_gives_posts_there_only(office: Office) -> None:
    second_admin(office, "guanglong")
    member = office.member("admin2-guanglong")
    path = address(office, "warden", "/posts/new")

    there = member.sends(path, path, role="supervisor", area="guanglong")
    elsewhere = member.sends(path, path, role="supervisor", area="fuxian")
    everywhere = member.sends(path, path, role="administrator")

    assert there.status_code == 303
    assert elsewhere.status_code in (403, 404)
    assert everywhere.status_code == 403


# Accounts.


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


def with_app(office: Office, who: str) -> None:
    with office.db.write() as session:
        account = accounts.by_username(session, who)
        enrolment = second_factors.begin(session, account, at=office.world.clock.now)
        second_factors.confirm(session, account, pyotp.TOTP(enrolment.secret).at(office.world.clock.now),
                               actor=accounts.owner_of(session, account), at=office.world.clock.now)  # fmt: skip


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
    form = people_register.PostForm(role="handler")
    at = office.world.clock.now
    with office.db.write() as session:
        actor = office.world.actor(session, "admin")
        with pytest.raises(FieldRefused):
            people_register.appoint(session, office.world.people["handler"], form, actor=actor, at=at)


# Two people, and the second click.


def test_person_with_an_account_is_given_no_second_one(office: Office) -> None:
    second_admin(office)
    member = office.member("admin")

    for who in ("handler", "admin2-all"):
        path = address(office, who, "/account")
        refused = member.sends(path, path, username="second-door")
        assert refused.status_code == 422
        assert "一人一号" in seen(refused)


def test_closed_administrator_is_opened_again_and_given_no_other_account(office: Office) -> None:
    second_admin(office)
    member = office.member("admin")
    member.sends(deed(office, "admin2-all", "disable"), deed(office, "admin2-all", "disable"), reason="离岗")

    path = address(office, "admin2-all", "/account")

    assert member.sends(path, path, username="second-door").status_code == 422


def test_password_of_an_administrator_without_an_app_takes_two(office: Office) -> None:
    second_admin(office)
    person = Person(id=new_id(), name="卢管理", phone="+8613800000098")
    with office.db.write() as session:
        session.add(person)
        session.flush()
        session.add(Post(id=new_id(), person_id=person.id, role="administrator", from_on=date(2020, 1, 1)))
        session.flush()
        accounts.add_account(session, username="admin3", password=PASSWORD, person_id=person.id)
    office.world.people["admin3"] = person.id
    path = deed(office, "admin3", "password")
    first = office.member("admin")

    for _ in range(2):
        assert first.sends(path, path, reason="忘记").headers["location"].endswith("?done=password")
    second = office.member("admin2-all").sends(path, path, reason="忘记")

    assert re.search(r'<code class="token">([^<]+)</code>', second.text)
    again = office.member("admin2-all").sends(path, path, reason="忘记")
    assert again.status_code == 303, "each new password takes two"
    change = address(office, "admin3", "/change")
    phone = first.sends(change, change, name="卢管理", phone="13900000009", language="zh_CN")
    assert phone.status_code == 409
    assert "13900000009" in phone.text, "nothing typed is lost"


def test_one_administrator_alone_makes_no_other_with_an_account(office: Office) -> None:
    alone = enters(office.member("admin"), role="administrator", username="puppet")
    assert alone.status_code == 200, "the only one has nobody to ask"
    second_admin(office)

    refused = enters(office.member("admin"), name="傀儡", phone="13900000005", role="administrator", username="puppet2")

    assert refused.status_code == 422
    assert "另一位管理员" in seen(refused)
    entered = enters(office.member("admin"), name="傀儡", phone="13900000005", role="administrator")
    assert entered.status_code == 303
    path = entered.headers["location"].split("?")[0] + "/account"
    assert office.member("admin").sends(path, path, username="puppet2").status_code == 422
    assert office.member("admin2-all").sends(path, path, username="puppet2").status_code == 200


def test_who_gave_the_account_does_not_give_the_administrators_post(office: Office) -> None:
    second_admin(office)
    member = office.member("admin")
    enters(member, username="newcomer")
    with office.db.read() as session:
        office.world.people["newcomer"] = session.exec(select(Person).where(Person.name == "新同事")).one().id
    path = address(office, "newcomer", "/posts/new")

    assert member.sends(path, path, role="administrator").status_code == 422
    assert office.member("admin2-all").sends(path, path, role="administrator").status_code == 303


def test_district_administrator_manages_nobody_whose_post_elsewhere_has_a_last_day(office: Office) -> None:
    second_admin(office, "guanglong")
    today = people.local_day(office.world.clock.now)
    with office.db.write() as session:
        session.add(Post(id=new_id(), person_id=office.world.people["warden"], role="supervisor",
                         from_on=today + timedelta(days=3), until_on=today + timedelta(days=9)))  # fmt: skip

    assert office.member("admin2-guanglong").opens(address(office, "warden", "/change")).status_code == 403


def test_phone_is_not_shown_to_change_it_and_every_change_of_it_is_on_record(office: Office) -> None:
    member, path = office.member("admin"), address(office, "handler", "/change")
    page = member.opens(path).text
    assert "13800000001" not in page.replace(" ", "")

    member.sends(path, path, name="赵受理", language="zh_CN")
    member.sends(path, path, name="赵受理", phone="13899990001", language="zh_CN")

    with office.db.read() as session:
        assert session.get_one(Person, office.world.people["handler"]).phone == "+8613899990001"
        (entry,) = register_log.of(session, office.world.people["handler"])
    assert "phone" in entry.data
    member.sends(path, path, name="赵受理", present="remove", language="zh_CN")
    with office.db.read() as session:
        assert session.get_one(Person, office.world.people["handler"]).phone is None


def test_form_sent_twice_enters_one_person(office: Office) -> None:
    member = office.member("admin")
    form_id = re.search(r'name="form_id" value="([0-9a-f]{32})"', member.opens("/admin/users/new").text).group(1)
    given = {"name": "新同事", "language": "zh_CN", "role": "inspector", "form_id": form_id}

    answers = [member.posts("/admin/users/new", csrf=member.csrf("/admin/users"), **given) for _ in range(2)]

    assert [answer.headers["location"] for answer in answers] == [f"/admin/users/{UUID(form_id)}?done=entered"] * 2
    with office.db.read() as session:
        assert len(session.exec(select(Person).where(Person.name == "新同事")).all()) == 1


def test_new_password_from_an_administrator_ends_the_programs_tokens(office: Office) -> None:
    with office.db.write() as session:
        token = accounts.add_token(session, "handler", at=office.world.clock.now)
    path = deed(office, "handler", "password")

    office.member("admin").sends(path, path, reason="泄露")

    assert accounts.identity_of_token(office.db, token, at=office.world.clock.now) is None


def test_two_clicks_at_once_enter_one_person(office: Office) -> None:
    form_id, at = new_id(), office.world.clock.now
    form = people_register.NewcomerForm(name="新同事", language="zh_CN", role="inspector")

    def enter() -> bool:
        with office.db.write() as session:
            actor = office.world.actor(session, "admin")
            if people_register.was_entered(session, form_id, actor=actor):
                return False
            people_register.enter(session, form, actor=actor, at=at, person_id=form_id)
            return True

    assert sorted(at_once([enter] * 4)) == [False, False, False, True]
