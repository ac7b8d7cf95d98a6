"""The people's pages: who is found, entered, given a post, and by whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from sqlmodel import select

from domain import people, people_register, register_log
from domain.actors import Role
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Person
from domain.people_register import EndPostForm
from domain.register_lock import NotNow
from tests.administration import PASSWORD, address, enters, post_of, second_admin
from tests.at_once import at_once
from tests.staff_member import Office, office_of, seen
from tests.world import World


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        opened.account("admin", PASSWORD)
        opened.account("handler", PASSWORD)
        yield opened


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
        ({"area": ""}, "area"),
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
        address(office, "admin", "/posts/new"), address(office, "admin", "/posts/new"), role="supervisor", area="*"
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
    everywhere = member.sends(path, path, role="administrator", area="*")

    assert there.status_code == 303
    assert elsewhere.status_code in (403, 404)
    assert everywhere.status_code == 403
