"""Two districts with the same things in each, and one person per role in the first: for what is within reach and not."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from sqlmodel import Session
from starlette.testclient import TestClient

from api import deps
from domain import cases, people, reports
from domain.actors import ANYBODY, SYSTEM, VENUE_SIDE, Role
from domain.database import Database
from domain.identifiers import new_id, new_venue_code
from domain.models import Account, Area, Organisation, Person, Photo, Post, SignIn, Venue
from domain.reports import Intake
from tests.world import World

SINCE = date(2020, 1, 1)
SITE = "http://fireline.test"
ROLES = tuple(role for role in Role if role not in (Role.REPORTER, Role.APPLICANT, Role.SYSTEM))


@dataclass
class Side:
    """What there is in one district; `things` are ids and codes by the name of the parameter that asks for them."""

    area: str
    venue_id: UUID
    venue_code: str
    report: str = ""
    rectification: str = ""
    things: dict[str, str] = field(default_factory=dict)


@dataclass
class Stage:
    """Both sides, and who is who."""

    db: Database
    world: World
    here: Side
    there: Side
    people: dict[Role, UUID]

    def client(self, app, role: Role) -> TestClient:
        """Return a browser in which the person with that role is signed in, their identity just proved again."""
        token, now = secrets.token_urlsafe(16), self.world.clock.now
        csrf = secrets.token_urlsafe(24)
        with self.db.write() as session:
            account = Account(
                id=new_id(), person_id=self.people[role], username=f"{role.value}-{token[:6]}", password_hash="-"
            )
            session.add(account)
            session.flush()
            session.add(
                SignIn(token_hash=hashlib.sha256(token.encode()).digest(), account_id=account.id, csrf=csrf,
                       started_at=now, seen_at=now, proven_at=now, second_at=now)
            )  # fmt: skip
        client = TestClient(app, base_url=SITE, raise_server_exceptions=False, follow_redirects=False)
        client.cookies.set("fireline", token)
        client.headers["x-csrf-token"] = deps.masked(csrf)
        return client


def build(db: Database, world: World) -> Stage:
    """Insert the second district, its venue, the people, and two cases on each side."""
    with db.write() as session:
        root = session.get_one(Area, world.areas["lanshan"])
        for code, parent in (("wanglan", root), ("yuntai", None)):
            above = session.get_one(Area, world.areas["wanglan"]) if parent is None else parent
            area = Area(id=new_id(), code=code, name=code, level="district" if parent else "grid", parent_id=above.id,
                        path=f"{above.path}{code}/")  # fmt: skip
            session.add(area)
            session.flush()
            world.areas[code] = area.id
        here = Side("chengyang", world.venues["kuancheng"], world.codes["kuancheng"])
        there = Side("wanglan", _venue(session, world), "")
        there.venue_code = session.get_one(Venue, there.venue_id).code
        found = {role: _person(session, world, role, here) for role in ROLES}
        away = {role: _person(session, world, role, there) for role in ROLES}
    stage = Stage(db, world, here, there, found)
    for side, staff in ((here, found), (there, away)):
        _cases(stage, side, staff)
    return stage


def _venue(session: Session, world: World) -> UUID:
    venue = Venue(id=new_id(), code=new_venue_code(), name="云台家居商场", class_code="V11", address="云台大道",
                  area_id=world.areas["yuntai"], opened_on=SINCE)  # fmt: skip
    session.add(venue)
    session.flush()
    return venue.id


def _person(session: Session, world: World, role: Role, side: Side) -> UUID:
    person = Person(id=new_id(), name=f"{side.area}{role.value}", phone=None)
    session.add(person)
    session.flush()
    at_venue = role in VENUE_SIDE
    session.add(
        Post(
            id=new_id(), person_id=person.id, role=role.value, from_on=SINCE,
            area_id=None if at_venue else world.areas[side.area], venue_id=side.venue_id if at_venue else None,
        )
    )  # fmt: skip
    session.flush()
    return person.id


def _cases(stage: Stage, side: Side, staff: dict[Role, UUID]) -> None:
    at, db = stage.world.clock.now, stage.db
    with db.write() as session:
        photo = Photo(id=new_id(), storage_key="0" * 64, original_sha256="0" * 64, width=1, height=1, size=1, made_at=at)
        session.add(photo)
        session.flush()
        intake = Intake(venue_code=side.venue_code, hazard="equipment", description="烟感不亮")
        case = reports.open_report(session, intake, actor=ANYBODY, at=at).case
        side.report = case.number

        def fire(who: Role, name: str, **data: object) -> None:
            person = session.get_one(Person, staff[who])
            cases.fire(session, case, name, actor=people.actor_of(session, person, at=at), at=at, data=data)

        cases.fire(session, case, "accept", actor=SYSTEM, at=at, data={"hazard_code": "FAC-07"})
        cases.fire(session, case, "assign", actor=SYSTEM, at=at, data={"assignee": staff[Role.WARDEN]})
        fire(Role.WARDEN, "start_check", venue_code=side.venue_code)
        fire(Role.WARDEN, "record_finding", outcome="substantiated", description="12 只烟感不亮", hazards=["FAC-07"],
             photos=[photo.id])  # fmt: skip
        side.things["photo_id"] = str(photo.id)
        opened = _rectification(session, case.id, at)
        side.rectification = opened.number
        person = session.get_one(Person, staff[Role.INSPECTOR])
        inspector = people.actor_of(session, person, at=at)
        day = people.local_day(at) + timedelta(days=9)
        cases.fire(session, opened, "serve", actor=inspector, at=at, data={"correct_by": day, "served_to": "某人"})
        body = Organisation(id=new_id(), code=f"{side.area}-brigade", name=f"{side.area}大队", kind="brigade",
                            area_id=stage.world.areas[side.area], from_on=SINCE)  # fmt: skip
        session.add(body)


def _rectification(session: Session, parent: UUID, at):  # noqa: ANN202 - a case
    from domain import rectifications  # noqa: PLC0415 - registers its own effects

    (opened,) = rectifications.open_from_finding(session, parent, 5, at=at)
    return opened
