"""Two people: what no administrator does alone to an administrator, and the second click."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from domain import accounts, people, people_register, register_log
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Person, Post
from tests.administration import PASSWORD, address, deed, enters, second_admin
from tests.at_once import at_once
from tests.staff_member import Office, office_of, seen
from tests.world import World


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        opened.account("admin", PASSWORD)
        opened.account("handler", PASSWORD)
        yield opened


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

    assert member.sends(path, path, role="administrator", area="*").status_code == 422
    assert office.member("admin2-all").sends(path, path, role="administrator", area="*").status_code == 303


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
    given = {"name": "新同事", "language": "zh_CN", "role": "inspector", "area": "*", "form_id": form_id}

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
