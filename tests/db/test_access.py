"""Where roles hold: area subtree, venue, industry; what is out of reach does not exist; cover during holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlmodel import Session, select

from domain import access, cases, people, places, reports
from domain.actors import ANYBODY, Actor, Role
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Account, Area, Case, Delegation, Person, Post, Venue
from domain.queries import case_list
from domain.queries.case_list import Wanted
from domain.reports import Intake
from domain.rights import RIGHTS, Right
from domain.workflow import TransitionRefused
from tests.world import World

SINCE = date(2020, 1, 1)


@dataclass
class City:
    """Two districts, a venue and a report in each, and one report nobody knows the place of."""

    db: Database
    world: World
    cases: dict[str, UUID]

    def somebody(
        self,
        session: Session,
        role: Role,
        area: str | None = None,
        *,
        venue: str | None = None,
        industry: str | None = None,
    ) -> Actor:
        person = Person(id=new_id(), name=f"某{role.value}")
        session.add(person)
        session.flush()
        session.add(
            Post(
                id=new_id(), person_id=person.id, role=role.value, from_on=SINCE, industry=industry,
                area_id=self.world.areas[area] if area else None,
                venue_id=self.world.venues[venue] if venue else None,
            )
        )  # fmt: skip
        session.flush()
        return people.actor_of(session, person, at=self.world.clock.now)

    def at_venue(self, session: Session, who: str, role: Role, venue: str) -> None:
        post = Post(id=new_id(), person_id=self.world.people[who], role=role.value, from_on=SINCE)
        post.venue_id = self.world.venues[venue]
        session.add(post)
        session.flush()

    def wardens(self, session: Session) -> list[Person]:
        day = people.local_day(self.world.clock.now)
        return people.in_charge(session, Role.WARDEN, self.world.areas["guanglong"], day=day)

    def also(self, session: Session, actor: Actor, role: Role, area: str) -> None:
        post = Post(id=new_id(), person_id=actor.person_id, role=role.value, from_on=SINCE)
        post.area_id = self.world.areas[area]
        session.add(post)
        session.flush()

    def seen(self, session: Session, actor: Actor) -> set[str]:
        rows = case_list.page(session, actor, Wanted(), at=self.world.clock.now).rows
        names = {case_id: name for name, case_id in self.cases.items()}
        return {names[row.id] for row in rows}


@pytest.fixture
def city(db: Database, world: World) -> City:
    with db.write() as session:
        root = session.get_one(Area, world.areas["lanshan"])
        other = Area(id=new_id(), code="wanglan", name="望岚区", level="district", parent_id=root.id,
                     path=f"{root.path}wanglan/")  # fmt: skip
        session.add(other)
        session.flush()
        world.areas["wanglan"] = other.id
        venue = session.get_one(Venue, world.venues["market"])
        venue.area_id, venue.industry = other.id, "commerce"
        session.get_one(Venue, world.venues["kuancheng"]).industry = "hotel"
        session.flush()
        made = {}
        for name, intake in {
            "here": Intake(venue_code=world.codes["kuancheng"], hazard="equipment", description="烟感不亮"),
            "there": Intake(venue_code=world.codes["market"], hazard="equipment", description="烟感不亮"),
            "nowhere": Intake(place="河边", hazard="other", description="有人烧垃圾"),
        }.items():
            made[name] = reports.open_report(session, intake, actor=ANYBODY, at=world.clock.now).case.id
    return City(db, world, made)


@pytest.mark.parametrize(
    ("area", "industry", "seen"),
    [
        (None, None, {"here", "there", "nowhere"}),
        ("lanshan", None, {"here", "there", "nowhere"}),
        ("chengyang", None, {"here"}),
        ("guanglong", None, {"here"}),
        ("fuxian", None, set()),
        ("wanglan", None, {"there"}),
        (None, "hotel", {"here"}),
        ("wanglan", "hotel", set()),
        ("lanshan", "commerce", {"there"}),
    ],
)
@pytest.mark.parametrize("role", [Role.HANDLER, Role.SUPERVISOR, Role.AUDITOR])
def test_a_post_shows_the_cases_of_its_area_and_industry(
    city: City, role: Role, area: str | None, industry: str | None, seen: set[str]
) -> None:
    with city.db.write() as session:
        actor = city.somebody(session, role, area, industry=industry)

        assert city.seen(session, actor) == seen
        for name, case_id in city.cases.items():
            case = session.get_one(Case, case_id)
            assert access.may_see(session, actor, case) == (name in seen)
            assert actor.roles == {role}
            assert access.acting_on(session, actor, case).plays(role) == (name in seen), name


def test_a_step_is_refused_where_the_role_does_not_hold(city: City) -> None:
    with city.db.write() as session:
        actor = city.somebody(session, Role.HANDLER, "chengyang")
        here, there = (session.get_one(Case, city.cases[name]) for name in ("here", "there"))

        with pytest.raises(TransitionRefused) as refused:
            cases.fire(session, there, "accept", actor=actor, at=city.world.clock.now, data={"hazard_code": "EVA-01"})
        cases.fire(session, here, "accept", actor=actor, at=city.world.clock.now, data={"hazard_code": "EVA-01"})

    assert refused.value.permission


def test_two_posts_add_up_but_do_not_mix(city: City) -> None:
    """A supervisor here who is a handler there supervises here and handles there, and not the other way round."""
    with city.db.write() as session:
        actor = city.somebody(session, Role.SUPERVISOR, "chengyang")
        session.add(
            Post(
                id=new_id(),
                person_id=actor.person_id,
                role="handler",
                from_on=SINCE,
                area_id=city.world.areas["wanglan"],
            )
        )
        session.flush()
        person = session.get_one(Person, actor.person_id)
        actor = people.actor_of(session, person, at=city.world.clock.now)
        here, there = (session.get_one(Case, city.cases[name]) for name in ("here", "there"))

        assert city.seen(session, actor) == {"here", "there"}
        assert access.acting_on(session, actor, here).roles == {Role.SUPERVISOR}
        assert access.acting_on(session, actor, there).roles == {Role.HANDLER}
        each = access.acting_on_each(session, actor, [here, there])
        assert {case_id: one.roles for case_id, one in each.items()} == {
            here.id: {Role.SUPERVISOR}, there.id: {Role.HANDLER},
        }  # fmt: skip


def test_reporters_words_are_read_only_where_the_role_holds(city: City) -> None:
    """An operator sees every case of the city; as handler of one district they read the words of its reports alone."""
    with city.db.write() as session:
        actor = city.somebody(session, Role.OPERATOR)
        session.add(
            Post(
                id=new_id(),
                person_id=actor.person_id,
                role="handler",
                from_on=SINCE,
                area_id=city.world.areas["wanglan"],
            )
        )
        session.flush()
        actor = people.actor_of(session, session.get_one(Person, actor.person_id), at=city.world.clock.now)
        unplaced = session.get_one(Case, city.cases["nowhere"])

        assert "nowhere" in city.seen(session, actor)
        assert places.words_for(session, actor, [unplaced]) == {}
        handler = city.somebody(session, Role.HANDLER)
        assert places.words_for(session, handler, [unplaced]) == {unplaced.id: "河边"}


def test_a_warden_goes_on_with_what_they_were_sent_to_in_another_area(city: City) -> None:
    with city.db.write() as session:
        warden = city.somebody(session, Role.WARDEN, "guanglong")
        there = session.get_one(Case, city.cases["there"])
        assert not access.acting_on(session, warden, there).plays(Role.WARDEN)
        there.assignee_id = warden.person_id
        session.flush()

        assert access.acting_on(session, warden, there).plays(Role.WARDEN)
        assert city.seen(session, warden) == {"there"}


def test_a_case_stays_where_it_was_put_when_its_venue_is_put_elsewhere(city: City) -> None:
    with city.db.write() as session:
        old = city.somebody(session, Role.HANDLER, "chengyang")
        new = city.somebody(session, Role.HANDLER, "wanglan")
        here = session.get_one(Case, city.cases["here"])
        session.get_one(Venue, city.world.venues["kuancheng"]).area_id = city.world.areas["wanglan"]
        session.flush()

        for actor, is_theirs in ((old, True), (new, False)):
            assert access.may_see(session, actor, here) == is_theirs
            assert access.acting_on(session, actor, here).plays(Role.HANDLER) == is_theirs
            assert access.acting_on_each(session, actor, [here])[here.id].plays(Role.HANDLER) == is_theirs


@pytest.mark.parametrize(
    ("role", "post", "seen"),
    [
        (Role.HANDLER, {}, {"kuancheng", "market", "lonely", "closed"}),
        (Role.HANDLER, {"area": "wanglan"}, {"market"}),
        (Role.WARDEN, {"area": "guanglong"}, {"kuancheng", "closed"}),
        (Role.SUPERVISOR, {"industry": "hotel"}, {"kuancheng"}),
        (Role.MANAGER, {"venue": "kuancheng"}, {"kuancheng"}),
        (Role.REPORTER, {}, set()),
    ],
)
def test_venues_are_seen_where_the_post_is(city: City, role: Role, post: dict[str, str], seen: set[str]) -> None:
    with city.db.write() as session:
        actor = city.somebody(session, role, **post)
        found = set(session.exec(select(Venue.id).where(access.venues_visible(actor))).all())

    assert found == {city.world.venues[name] for name in seen}


def test_a_right_holds_where_the_post_is_and_nowhere_else(city: City) -> None:
    with city.db.write() as session:
        actor = city.somebody(session, Role.SUPERVISOR, "wanglan")
        market, hotel = city.world.venues["market"], city.world.venues["kuancheng"]

        access.require(session, actor, Right.KEEP_VENUES, venue_id=market)
        with pytest.raises(access.OutOfReach):
            access.require(session, actor, Right.KEEP_VENUES, venue_id=hotel)
        with pytest.raises(access.NotPermitted):
            access.require(session, actor, Right.MANAGE_AREAS, area_id=city.world.areas["wanglan"])
        with pytest.raises(access.NotPermitted):
            access.require(session, actor, Right.EXPORT)
        access.require(session, actor, Right.EXPORT, anywhere=True)


def test_nobody_has_a_right_by_default() -> None:
    nobody = Actor(frozenset(), person_id=new_id(), grants=())

    assert not any(access.may(nobody, right) for right in Right)
    assert set(RIGHTS) == set(Right)


# Cover during holidays.


def cover(
    session: Session, city: City, holder: str, stand_in: str, *, days: int = 7, post: UUID | None = None
) -> Delegation:
    today = people.local_day(city.world.clock.now)
    made = Delegation(
        id=new_id(), from_person_id=city.world.people[holder], to_person_id=city.world.people[stand_in], post_id=post,
        from_on=today, until_on=today + timedelta(days=days), reason="休假", made_at=city.world.clock.now,
    )  # fmt: skip
    session.add(made)
    name = f"{stand_in}-{new_id().hex[-8:]}"
    session.add(Account(id=new_id(), person_id=made.to_person_id, username=name, password_hash="-"))
    session.flush()
    return made


def test_a_stand_in_holds_the_colleagues_posts_until_the_last_day(city: City) -> None:
    world = city.world
    with city.db.write() as session:
        cover(session, city, "warden", "warden2", days=7)
        before = world.actor(session, "warden2")
        wardens = people.in_charge(
            session, Role.WARDEN, world.areas["guanglong"], day=people.local_day(world.clock.now)
        )
        world.clock.advance(days=8)
        after = world.actor(session, "warden2")
        again = city.wardens(session)

    assert {grant.area_path for grant in before.grants} == {
        "lanshan/chengyang/guanglong/", "lanshan/chengyang/fuxian/",
    }  # fmt: skip
    assert {grant.area_path for grant in after.grants} == {"lanshan/chengyang/fuxian/"}
    assert [person.id for person in wardens] == [world.people["warden2"]]
    assert [person.id for person in again] == [world.people["warden"]]


def test_a_report_goes_to_the_stand_in_who_can_work_on_it(city: City) -> None:
    world = city.world
    with city.db.write() as session:
        cover(session, city, "warden", "warden2")
        sorted_out = reports.triage(session, city.cases["here"], at=world.clock.now)
        case = session.get_one(Case, city.cases["here"])
        cases.fire(session, case, "start_check", actor=world.actor(session, "warden2"), at=world.clock.now,
                   data={"venue_code": world.codes["kuancheng"]})  # fmt: skip

    assert sorted_out.assigned_to == world.people["warden2"]


def test_cover_that_was_ended_or_is_not_for_administrators_gives_nothing(city: City) -> None:
    world = city.world
    with city.db.write() as session:
        cover(session, city, "supervisor", "handler").ended_at = world.clock.now
        cover(session, city, "admin", "handler")
        cover(session, city, "auditor", "handler")
        session.flush()

        assert world.actor(session, "handler").roles == {Role.HANDLER}


def test_cover_is_not_passed_on(city: City) -> None:
    with city.db.write() as session:
        cover(session, city, "supervisor", "operator")
        cover(session, city, "operator", "crew")

        assert city.world.actor(session, "operator").plays(Role.SUPERVISOR)
        assert city.world.actor(session, "crew").roles == {Role.CREW, Role.OPERATOR}


# Nobody looks into their own place.


def test_a_warden_who_answers_for_the_venue_neither_gets_nor_sees_its_reports(city: City) -> None:
    world = city.world
    with city.db.write() as session:
        city.at_venue(session, "warden", Role.MANAGER, "kuancheng")
        warden = world.actor(session, "warden")
        case = session.get_one(Case, city.cases["here"])

        assert not access.may_see(session, warden, case)
        assert access.acting_on(session, warden, case).roles == {Role.MANAGER}
        assert reports.triage(session, case.id, at=world.clock.now).assigned_to is None
        with pytest.raises(cases.FieldRefused, match="holds a post at the venue"):
            cases.fire(session, cases.reload(session, case.id), "assign", actor=world.actor(session, "handler"),
                       at=world.clock.now, data={"assignee": world.people["warden"]})  # fmt: skip


def test_an_owner_who_handles_reports_does_not_handle_those_about_their_own_venue(city: City) -> None:
    with city.db.write() as session:
        city.at_venue(session, "handler", Role.OWNER, "kuancheng")
        handler = city.world.actor(session, "handler")

        assert city.seen(session, handler) == {"there", "nowhere"}
        here = session.get_one(Case, city.cases["here"])
        with pytest.raises(TransitionRefused):
            cases.fire(session, here, "accept", actor=handler, at=city.world.clock.now, data={"hazard_code": "EVA-01"})
