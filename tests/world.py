"""A small invented city for the tests, and time that moves by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from domain import people, product_settings
from domain.actors import Actor, Role
from domain.identifiers import new_id, new_venue_code
from domain.models import Area, Person, Post, ProductSetting, Venue

START = datetime(2026, 8, 23, 5, 58, tzinfo=UTC)
"""23 August 2026, 13:58 in the city: the hour of the seed's own report (a Sunday)."""


@dataclass
class Clock:
    """The time of a test; it moves only when told."""

    now: datetime = START

    def advance(self, **length: float) -> datetime:
        """Move on by a timedelta's arguments and return the new time."""
        self.now += timedelta(**length)
        return self.now


@dataclass
class World:
    """Ids of who and what there is."""

    areas: dict[str, UUID] = field(default_factory=dict)
    venues: dict[str, UUID] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    people: dict[str, UUID] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)

    def actor(self, session: Session, who: str) -> Actor:
        """Return the actor of a person by their name here, with the roles they hold now."""
        person = session.get(Person, self.people[who])
        assert person is not None
        return people.actor_of(session, person, at=self.clock.now)


def disturbable_at_night(session: Session) -> None:
    """Switch the quiet hours off: for what runs by the real clock, also at night."""
    begin = product_settings.value(session, "quiet_from")
    session.add(
        ProductSetting(key="quiet_until", value=begin.isoformat("minutes"), reason="-", changed_at=START)
    )  # fmt: skip


PEOPLE = {
    "handler": ("赵受理", "+8613800000001", Role.HANDLER, None, None),
    "warden": ("李庚", "+8613800000002", Role.WARDEN, "guanglong", None),
    "warden2": ("钱专管", "+8613800000003", Role.WARDEN, "fuxian", None),
    "inspector1": ("孙监督", "+8613800000004", Role.INSPECTOR, None, None),
    "inspector2": ("周监督", "+8613800000005", Role.INSPECTOR, None, None),
    "inspector3": ("吴监督", "+8613800000006", Role.INSPECTOR, None, None),
    "supervisor": ("郑主管", "+8613800000007", Role.SUPERVISOR, None, None),
    "leader": ("王队长", "+8613800000008", Role.LEADER, None, None),
    "operator": ("冯值班", "+8613800000009", Role.OPERATOR, None, None),
    "crew": ("陈站长", "+8613800000010", Role.CREW, None, None),
    "officer": ("褚巡查", "+8613800000011", Role.OFFICER, None, "kuancheng"),
    "manager": ("卫管理", "+8613800000012", Role.MANAGER, None, "kuancheng"),
    "owner": ("蒋责任", "+8613800000013", Role.OWNER, None, "kuancheng"),
    "admin": ("沈管理", "+8613800000014", Role.ADMINISTRATOR, None, None),
    "auditor": ("韩审计", "+8613800000015", Role.AUDITOR, None, None),
}


def build_world(session: Session) -> World:
    """Insert the city's register (no cases) and return who is where."""
    world = World()
    parent: UUID | None = None
    path = ""
    for code, name, level in (("lanshan", "岚山市", "city"), ("chengyang", "澄阳区", "district")):
        path += f"{code}/"
        area = Area(id=new_id(), code=code, name=name, level=level, parent_id=parent, path=path)
        session.add(area)
        session.flush()
        world.areas[code] = parent = area.id
    for code, name in (("guanglong", "广龙片区"), ("fuxian", "抚湖片区"), ("empty", "无人片区")):
        area = Area(id=new_id(), code=code, name=name, level="grid", parent_id=parent, path=f"{path}{code}/")
        session.add(area)
        world.areas[code] = area.id
    session.flush()
    for who, (name, phone, *_) in PEOPLE.items():
        person = Person(id=new_id(), name=name, phone=phone)
        session.add(person)
        world.people[who] = person.id
    session.flush()
    places = (
        ("kuancheng", "宽澄·鼎元一期南", "V09", "guanglong", None),
        ("market", "岚山农贸市场", "V11", "fuxian", None),
        ("lonely", "无人片区小店", "V06", "empty", None),
        ("closed", "已歇业饭店", "V10", "guanglong", date(2026, 1, 1)),
    )
    for key, name, kind, area_code, closed_on in places:
        venue = Venue(
            id=new_id(), code=new_venue_code(), name=name, class_code=kind, address=f"{name}门口",
            area_id=world.areas[area_code], opened_on=date(2020, 1, 1), closed_on=closed_on, way_out="走廊两端楼梯",
            owner_id=world.people["owner"],
        )  # fmt: skip
        session.add(venue)
        world.venues[key], world.codes[key] = venue.id, venue.code
    session.flush()
    for who, (_, _, role, area_code, venue_key) in PEOPLE.items():
        session.add(
            Post(
                id=new_id(), person_id=world.people[who], role=role.value, from_on=date(2020, 1, 1),
                area_id=world.areas[area_code] if area_code else None,
                venue_id=world.venues[venue_key] if venue_key else None,
            )
        )  # fmt: skip
    session.flush()
    return world
