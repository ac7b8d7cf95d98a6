"""What lies outside of one's reach is not named by what one may see: suggestions, searches, pickers, members."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from fastapi import FastAPI
from sqlmodel import select
from starlette.testclient import TestClient

from domain import area_register
from domain.actors import Role
from domain.identifiers import new_id
from domain.models import Organisation, Person, Post, Venue
from tests import journeys
from tests.reach import Stage
from tests.staff_member import Member, seen

CREDIT = "91110000600037341L"


def member(stage: Stage, site: FastAPI, role: Role) -> Member:
    client: TestClient = stage.client(site, role)
    return Member(client)


def test_a_duplicate_elsewhere_is_counted_and_not_named(stage: Stage, site: FastAPI) -> None:
    with stage.db.write() as session:
        session.get_one(Venue, stage.there.venue_id).credit_code = CREDIT
        application = journeys.apply(session, stage.world, credit_code=CREDIT, address="宽澄·鼎元一期南门口")
        number = application.number

    district = seen(member(stage, site, Role.HANDLER).opens(f"/cases/{number}"))
    with stage.db.write() as session:  # one who works for the whole city
        session.exec(select(Post).where(Post.person_id == stage.people[Role.SUPERVISOR])).one().area_id = None
    city = seen(member(stage, site, Role.SUPERVISOR).opens(f"/cases/{number}"))

    assert "宽澄·鼎元一期南" in district
    assert "另有 1 处" in district
    assert "云台家居" not in district
    assert stage.there.venue_code not in district
    assert "云台家居商场" in city
    assert "另有" not in city


def test_the_telephone_desk_finds_venues_of_its_area_by_name_and_any_by_the_code_it_is_told(
    stage: Stage, site: FastAPI
) -> None:
    desk = member(stage, site, Role.HANDLER)

    def look(words: str) -> str:
        return seen(desk.posts("/cases/new/look", csrf=desk.csrf("/cases/new"), description="冒烟", venue=words))

    assert "云台家居" not in look("云台")
    assert stage.there.venue_code not in look("云台")
    assert "宽澄·鼎元一期南" in look("鼎元")
    assert "云台家居商场" in look(stage.there.venue_code)


def test_members_of_an_organisation_are_named_to_who_may_know_of_them(stage: Stage, site: FastAPI) -> None:
    with stage.db.write() as session:
        body = session.exec(select(Organisation).where(Organisation.code == "chengyang-brigade")).one()
        for name, area in (("本区同事", "chengyang"), ("外区同事", "wanglan")):
            person = Person(id=new_id(), name=name)
            session.add(person)
            session.flush()
            session.add(Post(id=new_id(), person_id=person.id, role="inspector", area_id=stage.world.areas[area],
                             organisation_id=body.id, from_on=date(2020, 1, 1)))  # fmt: skip
    page = "/admin/organisations/chengyang-brigade"

    supervisor = seen(member(stage, site, Role.SUPERVISOR).opens(page))
    warden = seen(member(stage, site, Role.WARDEN).opens(page))

    assert "本区同事" in supervisor
    assert "外区同事" not in supervisor
    assert "另有 1 个任职" in supervisor
    assert "同事" not in warden
    assert "另有 2 个任职" in warden


def test_an_administrator_neither_picks_nor_posts_an_organisation_or_area_beyond_their_own(
    stage: Stage, site: FastAPI
) -> None:
    admin = member(stage, site, Role.ADMINISTRATOR)
    page = admin.opens("/admin/users/new").text

    sent = admin.sends("/admin/users/new", "/admin/users/new", name="新同事", phone="13900000001", language="zh_CN",
                       role="inspector", area="chengyang", organisation="wanglan-brigade")  # fmt: skip

    assert "chengyang-brigade" in page
    assert "wanglan-brigade" not in page
    assert 'value="*"' not in page, "the whole city is not theirs to give"
    assert sent.status_code == 422
    assert 'href="#organisation"' in sent.text


def square(west: float) -> dict[str, Any]:
    ring = [[west, 24.0], [west + 0.1, 24.0], [west + 0.1, 24.1], [west, 24.1], [west, 24.0]]
    return {"type": "Polygon", "coordinates": [ring]}


def outlines(**areas: float) -> bytes:
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": square(west)} for code, west in areas.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def test_an_outline_that_reaches_into_another_district_says_so_without_naming_it(stage: Stage) -> None:
    with stage.db.write() as session:
        everybody = stage.world.actor(session, "admin")
        area_register.take_outlines(
            session, outlines(wanglan=102.05), source="a", actor=everybody, at=stage.world.clock.now
        )
    with stage.db.read() as session:
        stage.world.people["district"] = stage.people[Role.ADMINISTRATOR]
        mine = stage.world.actor(session, "district")
        at = stage.world.clock.now
        plan = area_register.plan_outlines(session, outlines(chengyang=102.0), actor=mine, at=at)
        whole = area_register.plan_outlines(session, outlines(chengyang=102.0), actor=everybody, at=at)

    assert [fault.code for fault in plan.faults] == ["chengyang"]
    assert "wanglan" not in str(plan.faults[0].reason)
    assert "outside of your reach" in str(plan.faults[0].reason)
    assert "wanglan" in str(whole.faults[0].reason)
