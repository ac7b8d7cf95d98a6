"""Two districts with the same things in each, and one person per role in the first: what is within reach and not."""

from __future__ import annotations

import hashlib
import io
import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from anyio.from_thread import BlockingPortal
from PIL import Image
from sqlmodel import Session, select
from starlette.testclient import TestClient

from api import deps
from domain import cases, errand_files, people, photos, rectifications, reports
from domain.actors import ANYBODY, SYSTEM, VENUE_SIDE, Role
from domain.database import Database
from domain.identifiers import new_facility_code, new_id, new_venue_code
from domain.models import (
    Account,
    Area,
    Building,
    Case,
    ChecklistTemplate,
    Document,
    Facility,
    KeyPart,
    Organisation,
    PatrolCampaign,
    Person,
    Photo,
    Post,
    ReportEdition,
    SignIn,
    Venue,
)
from domain.patrols import checklists, roster_register, suggestions
from domain.patrols.items import Item
from domain.patrols.plan_forms import RosterFacts
from domain.reporting import editions, files
from domain.reporting import reach as reaches
from domain.reporting.asked import Asked
from domain.reporting.figures import Numbers
from domain.reports import Intake
from domain.settings import get_settings
from tests.patrols import make_task
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
    portal: BlockingPortal | None = None
    """The event loop of all browsers' requests; with none, each request is given one of its own."""

    def client(self, app, role: Role) -> TestClient:
        """Return a browser in which the person with that role is signed in, their identity just proved again."""
        return self.signed_in(app, self.people[role])

    def signed_in(self, app, person_id: UUID) -> TestClient:
        """Return a browser in which this person is signed in."""
        token, now = secrets.token_urlsafe(16), self.world.clock.now
        csrf = secrets.token_urlsafe(24)
        with self.db.write() as session:
            account = Account(id=new_id(), person_id=person_id, username=f"browser-{token.lower()}", password_hash="-")
            session.add(account)
            session.flush()
            session.add(
                SignIn(token_hash=hashlib.sha256(token.encode()).digest(), account_id=account.id, csrf=csrf,
                       started_at=now, seen_at=now, proven_at=now, second_at=now)
            )  # fmt: skip
        client = TestClient(app, base_url=SITE, raise_server_exceptions=False, follow_redirects=False)
        client.portal = self.portal
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
        _things(stage, side, staff)
    return stage


def _things(stage: Stage, side: Side, staff: dict[Role, UUID]) -> None:
    """Insert what a venue is made of, an account and an errand, and note how each is asked for."""
    world, at = stage.world, stage.world.clock.now
    folder = get_settings().documents
    with stage.db.write() as session:
        body = Organisation(id=new_id(), code=f"{side.area}-brigade", name=f"{side.area}大队", kind="brigade",
                            area_id=world.areas[side.area], from_on=SINCE)  # fmt: skip
        building = Building(id=new_id(), venue_id=side.venue_id, name="主楼", from_on=SINCE)
        part = KeyPart(id=new_id(), code=new_facility_code(), venue_id=side.venue_id, kind="kitchen", name="厨房",
                       from_on=SINCE)  # fmt: skip
        facility = Facility(id=new_id(), code=new_facility_code(), venue_id=side.venue_id, kind="extinguisher",
                            from_on=SINCE)  # fmt: skip
        licence = {
            "kind": "licence", "name": "执照.pdf", "sha256": "0" * 64, "size": 8, "media_type": "application/pdf",
            "storage_key": errand_files.store(b"%PDF-1.7", folder), "made_at": at,
        }  # fmt: skip
        paper = Document(id=new_id(), venue_id=side.venue_id, **licence)
        case_id = cases.by_number(session, side.report).id
        attached = Document(id=new_id(), case_id=case_id, **licence)
        person = staff[Role.OFFICER]
        account = Account(id=new_id(), person_id=person, username=f"{side.area}-officer", password_hash="-")
        edition = _edition(side, at)
        session.add_all([body, building, part, facility, paper, attached, account, edition])
        session.flush()
        plan_id, roster_id = _patrols(session, side, person, at)
        post = session.exec(select(Post.id).where(Post.person_id == person)).one()
        side.things |= {
            "building_id": str(building.id), "part_id": str(part.id), "facility_id": str(facility.id),
            "document_id": str(paper.id), "paper_id": str(attached.id), "person_id": str(person),
            "post_id": str(post), "account_id": str(account.id), "edition_id": str(edition.id),
            "serial": make_task(session, world, venue=side.venue_id, points=1).number.removeprefix("XC-"),
            "plan_id": plan_id, "roster_id": roster_id, "campaign_id": _campaign(session, world, side, person, at),
            "template_id": _checklist(session, side, at), "version_number": "1",
        }  # fmt: skip


def _patrols(session: Session, side: Side, person: UUID, at: datetime) -> tuple[str, str]:
    """Insert a plan of patrols and a roster at the venue, and return their ids."""
    turn = {"day": 0, "shift": 0, "person": str(person)}
    shifts = RosterFacts(name="门岗", cycle_days=1, shifts="08:00–20:00", turns=[turn])
    roster = roster_register.create(session, side.venue_id, shifts, actor=SYSTEM, at=at)
    (plan,) = suggestions.adopt(session, side.venue_id, actor=SYSTEM, at=at, frequencies={"monthly"})
    return str(plan.id), str(roster.id)


def _checklist(session: Session, side: Side, at: datetime) -> str:
    """Insert a checklist of the venue's own, and return its id."""
    scope = checklists.Scope(zh="自查表", frequency="daily", venue=side.venue_code)
    asked = checklists.Asked((Item("A1", "出口畅通"),))
    return str(checklists.create(session, scope, asked, checklists.VersionFacts(), actor=SYSTEM, at=at).id)


def _campaign(session: Session, world: World, side: Side, person: UUID, at: datetime) -> str:
    """Insert a campaign of the district that nobody has published, and return its id."""
    template = session.exec(select(ChecklistTemplate.id)).first()
    campaign = PatrolCampaign(id=new_id(), title="冬防", template_id=template, area_id=world.areas[side.area],
                              from_on=at.date(), due_on=at.date(), made_at=at, made_by=person)  # fmt: skip
    session.add(campaign)
    session.flush()
    return str(campaign.id)


def _edition(side: Side, at: datetime) -> ReportEdition:
    """Return an edition on one district, with a file of its own."""
    sums = {"sha256": files.store(b"{}", get_settings().report_files), "bytes": 2}
    asked = Asked(SINCE, SINCE)
    counted = Numbers(asked, at, settled=True, processes=(), before_from_on=SINCE, before_until_on=SINCE, before=())
    return ReportEdition(
        id=new_id(), key=f"daily:{side.area}", kind="daily", from_on=SINCE, until_on=SINCE, as_of=at, locale="zh_CN",
        reach=reaches.as_text(((f"lanshan/{side.area}/", None),)), numbers=counted.as_data(), version="1", made_at=at,
        asked={"asked": asked.as_data(), "names": {}, "where": [side.area] * 2, "issuer": ["", ""], "address": ""},
        files=dict.fromkeys(editions.FORMATS, sums),
    )  # fmt: skip


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
        photo = _photo(session, side, at)
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


def _photo(session: Session, side: Side, at: datetime) -> Photo:
    image = io.BytesIO()
    Image.new("RGB", (40, 30), "red" if side.area == "chengyang" else "blue").save(image, "JPEG")
    taken = photos.take_photo(image.getvalue(), "a.jpg")
    photos.store(taken, get_settings().photos)
    photo = Photo(id=new_id(), storage_key=taken.key, original_sha256=taken.original_sha256, width=taken.width,
                  height=taken.height, size=len(taken.jpeg), made_at=at)  # fmt: skip
    session.add(photo)
    return photo


def _rectification(session: Session, parent: UUID, at: datetime) -> Case:
    (opened,) = rectifications.open_from_finding(session, parent, 5, at=at)
    return opened
