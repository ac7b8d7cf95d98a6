"""What is checked in Chenglan: plans of patrols at a few venues, and a roster, as their people would enter them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlmodel import Session, col, select

from domain.actors import Actor, Role
from domain.demo import city, roster
from domain.demo.premises import facility_code
from domain.models import Person, Venue
from domain.patrols import plans, roster_register
from domain.patrols.plan_forms import PlanFacts, RosterFacts

KARAOKE, SCHOOL, MALL = "星澄量贩歌厅", "书院路小学", "抚湖购物中心"
ICE_WORKS, CARE_HOME, SHOP = "渔港制冰厂", "果林颐养院", city.SMALL_PLACE
FISH, HOMESTAY = "阿木湖鱼庄", "广龙小镇云上民宿"
_NIGHTS = "13:00–02:00"
DAYS = 14
"""So many days back the daily patrols go."""


@dataclass(frozen=True, slots=True)
class DemoPatrol:
    """A plan: whose post carries it out, and the places that are walked."""

    venue: str
    frequency: str
    role: Role
    points: tuple[str, ...] = ()
    """Key parts by name, facilities by number."""
    said: Mapping[str, Any] = field(default_factory=dict)
    """What the form says besides."""

    @property
    def maker(self) -> Role:
        """Return whose of the venue enters the plan."""
        return Role.WARDEN if self.role is Role.WARDEN else Role.OWNER

    def begins(self, today: date) -> int:
        """Return how many days after today it begins to hold: a fortnight, two weeks or this month ago."""
        if self.frequency == "weekly":
            return -today.weekday() - 14
        if self.frequency == "monthly":
            return min(1 - today.day, -DAYS) if self.role is Role.OWNER else -45
        return -DAYS


def series_of(venue: str, frequency: str, role: Role = Role.OFFICER) -> UUID:
    """Return the series of a demo plan: always the same."""
    return uuid5(NAMESPACE_URL, f"fireline:demo:plan:{venue}:{frequency}:{role}")


PATROLS = (
    DemoPatrol(city.SEED_VENUE, "daily", Role.OFFICER, ("消防控制室", "厨房", "布草间")),
    DemoPatrol(city.SEED_VENUE, "weekly", Role.OFFICER, ("消防控制室", "MH-001")),
    DemoPatrol(city.SEED_VENUE, "monthly", Role.OWNER, ("MH-001", "MH-002", "MH-003")),
    DemoPatrol(KARAOKE, "business_2h", Role.OFFICER, said={"who": "roster"}),
    DemoPatrol(SCHOOL, "daily", Role.OFFICER, ("厨房", "礼堂"),
               said={"rhythm": "weekdays", "weekdays": ["MO", "TU", "WE", "TH", "FR"]}),
    DemoPatrol(SCHOOL, "monthly", Role.MANAGER, ("MH-001",),
               said={"rhythm": "month_days", "month_days": "last", "window": "day", "roll": "back"}),
    DemoPatrol(MALL, "daily", Role.OFFICER, ("配电室", "库房")),
    DemoPatrol(ICE_WORKS, "daily", Role.OFFICER, ("配电室", "喷涂间")),
    DemoPatrol(CARE_HOME, "daily", Role.OFFICER, ("消防控制室", "厨房", "护理楼层")),
    DemoPatrol(SHOP, "daily", Role.OWNER),
    DemoPatrol(SHOP, "weekly", Role.WARDEN),
    DemoPatrol(FISH, "weekly", Role.WARDEN),
    DemoPatrol(HOMESTAY, "weekly", Role.WARDEN),
)  # fmt: skip


def holder_of(venue: str, role: Role) -> str:
    """Return the roster's key of who holds a post at a venue, or is its warden."""
    if role is Role.WARDEN:
        return roster.warden_of(next(one.grid for one in city.VENUES if one.name == venue)).key
    posts = ((person.key, post) for person in roster.people() for post in person.posts)
    return next(key for key, post in posts if post.venue == venue and post.role is role)


def venue_id(session: Session, name: str) -> UUID:
    """Return the id of a demo venue."""
    found: UUID = session.execute(select(col(Venue.id)).where(col(Venue.code) == roster.venue_code(name))).scalar_one()
    return found


def enter(session: Session, patrol: DemoPatrol, *, actor: Actor, at: datetime, from_on: date) -> None:
    """Enter a plan that holds from a day on."""
    there = venue_id(session, patrol.venue)
    said: dict[str, Any] = {
        "checklist": f"catalogue:{patrol.frequency}", "rhythm": "usual", "roll": "none", "who": "post",
        "role": patrol.role.value, "is_late_allowed": "yes", "from_on": from_on,
        "points": [facility_code(f"{patrol.venue}:{point}") for point in patrol.points], **patrol.said,
    }  # fmt: skip
    if said["who"] == "roster":
        said["roster"] = str(_roster(session, patrol.venue, there, actor=actor, at=at, from_on=from_on))
    series = series_of(patrol.venue, patrol.frequency, patrol.role)
    plans.create(session, there, PlanFacts.model_validate(said), actor=actor, at=at, plan_id=series)


def _roster(session: Session, venue: str, there: UUID, *, actor: Actor, at: datetime, from_on: date) -> UUID:
    """Enter who is on duty on which night: the officer and the manager by turns."""
    people = [roster.person(holder_of(venue, role)).phone for role in (Role.OFFICER, Role.MANAGER)]
    ids = _ids(session, people)
    turns = [{"day": day, "shift": 0, "person": str(ids[phone])} for day, phone in enumerate(people)]
    facts = RosterFacts.model_validate({
        "name": "夜场值班", "starts_on": from_on, "cycle_days": len(turns), "shifts": _NIGHTS, "turns": turns,
    })  # fmt: skip
    return roster_register.create(session, there, facts, actor=actor, at=at).id


def _ids(session: Session, phones: list[str]) -> dict[str, UUID]:
    query = select(col(Person.phone), col(Person.id)).where(col(Person.phone).in_(phones))
    return {phone: person for phone, person in session.execute(query) if phone}
