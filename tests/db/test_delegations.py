"""Holiday cover: a colleague of the same side, for some days; nobody makes themselves a deputy."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest

from domain import accounts, delegations, people, register_log
from domain.access import NotPermitted, OutOfReach
from domain.actors import Role
from domain.cases import FieldRefused
from domain.database import Database
from domain.delegations import CoverForm, OwnCoverForm
from domain.models import Delegation, Post, TimelineEntry
from domain.processes.identity import REQUESTS
from domain.register_lock import NotNow
from tests import journeys
from tests.at_once import at_once
from tests.world import World

PASSWORD = "fireline-demo"
WITH_ACCOUNTS = ("handler", "supervisor", "leader", "warden", "warden2", "officer", "admin", "manager", "owner")


@pytest.fixture(autouse=True)
def _accounts(db: Database, world: World) -> None:
    with db.write() as session:
        for who in WITH_ACCOUNTS:
            accounts.add_account(session, username=who, password=PASSWORD, person_id=world.people[who])


def days(world: World, first: int = 0, last: int = 5) -> dict[str, date]:
    today = people.local_day(world.clock.now)
    return {"from_on": today + timedelta(days=first), "until_on": today + timedelta(days=last)}


def own(db: Database, world: World, who: str, deputy: str, first: int = 0, last: int = 5, **more: str) -> Delegation:
    form = OwnCoverForm(to_person=str(world.people[deputy]), reason="年假", **days(world, first, last), **more)
    with db.write() as session:
        return delegations.arrange_own(session, form, actor=world.actor(session, who), at=world.clock.now)


def arranged(db: Database, world: World, by: str, absent: str, deputy: str) -> Delegation:
    form = CoverForm(from_person=str(world.people[absent]), to_person=str(world.people[deputy]), reason="年假",
                     **days(world))  # fmt: skip
    with db.write() as session:
        return delegations.arrange(session, form, actor=world.actor(session, by), at=world.clock.now)


def roles(db: Database, world: World, who: str) -> set[Role]:
    with db.read() as session:
        return set(world.actor(session, who).roles)


def test_deputy_holds_the_posts_on_these_days_only(db: Database, world: World) -> None:
    own(db, world, "warden", "warden2", first=1, last=2)
    seen = []
    for _ in range(4):
        with db.read() as session:
            seen.append(len(world.actor(session, "warden2").grants))
        world.clock.advance(days=1)

    assert seen == [1, 2, 2, 1]


def test_cover_ended_is_over_at_once_and_on_record(db: Database, world: World) -> None:
    row = own(db, world, "handler", "supervisor")
    assert Role.HANDLER in roles(db, world, "supervisor")

    with db.write() as session:
        delegations.end(session, row.id, actor=world.actor(session, "handler"), at=world.clock.now)

    assert Role.HANDLER not in roles(db, world, "supervisor")
    with db.write() as session:
        assert [entry.action for entry in register_log.of(session, row.id)] == ["end", "add"]
        with pytest.raises(NotNow):
            delegations.end(session, row.id, actor=world.actor(session, "handler"), at=world.clock.now)


def test_supervisor_arranges_for_others_and_not_for_themselves(db: Database, world: World) -> None:
    arranged(db, world, "supervisor", "handler", "leader")
    assert Role.HANDLER in roles(db, world, "leader")

    with pytest.raises(FieldRefused, match="to_person"):
        arranged(db, world, "supervisor", "leader", "supervisor")
    assert Role.LEADER not in roles(db, world, "supervisor")


def test_who_may_not_arrange_is_refused(db: Database, world: World) -> None:
    with pytest.raises(NotPermitted):
        arranged(db, world, "handler", "warden", "warden2")


@pytest.mark.parametrize(
    ("who", "deputy"),
    [("handler", "handler"), ("handler", "officer"), ("officer", "handler"), ("handler", "crew")],
    ids=["oneself", "a venue's for the office", "the office for a venue", "somebody without an account"],
)
def test_only_a_colleague_of_the_same_side_with_an_account_covers(
    db: Database, world: World, who: str, deputy: str
) -> None:
    with pytest.raises(FieldRefused, match="to_person"):
        own(db, world, who, deputy)


def test_people_of_one_venue_cover_for_each_other(db: Database, world: World) -> None:
    own(db, world, "officer", "manager")

    assert Role.OFFICER in roles(db, world, "manager")


def test_administrators_post_is_covered_by_nobody(db: Database, world: World) -> None:
    with pytest.raises(FieldRefused, match="post"):
        own(db, world, "admin", "handler")


@pytest.mark.parametrize(("first", "last", "field"), [(3, 2, "until_on"), (-9, -2, "until_on"), (0, 91, "until_on")])
def test_days_that_will_not_do_are_named(db: Database, world: World, first: int, last: int, field: str) -> None:
    with pytest.raises(FieldRefused, match=field):
        own(db, world, "handler", "supervisor", first=first, last=last)


def test_same_cover_for_overlapping_days_is_arranged_once(db: Database, world: World) -> None:
    own(db, world, "handler", "supervisor", first=0, last=5)

    with pytest.raises(FieldRefused):
        own(db, world, "handler", "supervisor", first=5, last=9)
    own(db, world, "handler", "supervisor", first=6, last=9)


def test_one_post_of_several_is_covered_alone(db: Database, world: World) -> None:
    with db.write() as session:
        post = Post(id=delegations.new_id(), person_id=world.people["handler"], role="operator",
                    from_on=date(2020, 1, 1))  # fmt: skip
        session.add(post)
        session.flush()

    own(db, world, "handler", "leader", post=str(post.id))

    assert roles(db, world, "leader") == {Role.LEADER, Role.OPERATOR}


def test_cover_of_others_is_not_there_for_who_has_no_part_in_it(db: Database, world: World) -> None:
    row = own(db, world, "handler", "supervisor")

    with db.write() as session, pytest.raises(OutOfReach):
        delegations.end(session, row.id, actor=world.actor(session, "warden"), at=world.clock.now)


def test_venues_people_are_offered_nobody_of_the_office(db: Database, world: World) -> None:
    day = people.local_day(world.clock.now)
    with db.read() as session:
        offered = {
            who: {
                candidate.person.name
                for candidate in delegations.candidates(
                    session, day=day, only=delegations.colleagues_of(session, world.people[who], day=day)
                )
            }
            for who in ("officer", "handler")
        }
        names = partial(session.get_one, people.Person)
        office = {names(world.people[who]).name for who in ("supervisor", "leader", "warden", "warden2", "admin")}

    assert not offered["officer"] & office
    assert offered["handler"] == office


def post(db: Database, world: World, who: str, role: Role, **more: object) -> Post:
    with db.write() as session:
        row = Post(id=delegations.new_id(), person_id=world.people[who], role=role.value,
                   **{"from_on": date(2020, 1, 1), **more})  # fmt: skip
        session.add(row)
        session.flush()
        return row


@pytest.fixture
def street(db: Database, world: World) -> str:
    """Make the warden of the street its supervisor, too."""
    post(db, world, "warden", Role.SUPERVISOR, area_id=world.areas["guanglong"])
    return "warden"


def test_supervisor_of_a_street_hands_out_no_post_of_the_city(db: Database, world: World, street: str) -> None:
    with pytest.raises(FieldRefused, match="from_person"):
        arranged(db, world, street, "leader", "handler")
    post(db, world, "leader", Role.WARDEN, area_id=world.areas["guanglong"], until_on=date(2021, 1, 1))
    with pytest.raises(FieldRefused, match="from_person"):
        arranged(db, world, street, "leader", "handler")
    post(db, world, "leader", Role.INSPECTOR, area_id=world.areas["guanglong"])

    arranged(db, world, street, "leader", "handler")

    assert roles(db, world, "handler") == {Role.HANDLER, Role.INSPECTOR}


def test_post_given_later_is_not_covered_by_what_was_arranged_before(db: Database, world: World, street: str) -> None:
    post(db, world, "inspector1", Role.WARDEN, area_id=world.areas["guanglong"])
    arranged(db, world, street, "inspector1", "handler")

    post(db, world, "inspector1", Role.LEADER)

    assert roles(db, world, "handler") == {Role.HANDLER, Role.WARDEN}


def test_supervisor_of_a_street_ends_no_cover_of_the_city(db: Database, world: World, street: str) -> None:
    row = own(db, world, "leader", "supervisor")

    with db.write() as session, pytest.raises(OutOfReach):
        delegations.end(session, row.id, actor=world.actor(session, street), at=world.clock.now)


def test_who_asked_for_a_reporters_name_chooses_nobody_who_may_agree(db: Database, world: World) -> None:
    with db.write() as session:
        case = journeys.report(session, world)
        case.facts = {**case.facts, REQUESTS: {str(world.people["supervisor"]): world.clock.now.isoformat()}}
        case.asked_at = world.clock.now
        session.add(case)
        session.add(TimelineEntry(case_id=case.id, seq=99, transition="request_identity", target=case.state,
                                  actor_id=world.people["supervisor"], actor_role="supervisor", at=world.clock.now,
                                  hash=b"x"))  # fmt: skip

    with pytest.raises(FieldRefused, match="to_person"):
        own(db, world, "supervisor", "handler")
    with pytest.raises(FieldRefused, match="to_person"):
        arranged(db, world, "supervisor", "leader", "handler")
    arranged(db, world, "supervisor", "warden", "warden2")


def test_same_cover_sent_twice_at_once_is_arranged_once(db: Database, world: World) -> None:
    results = at_once([partial(own, db, world, "handler", "supervisor") for _ in range(2)])

    assert sorted(type(result).__name__ for result in results) == ["Delegation", "FieldRefused"]


def test_wardens_are_offered_who_works_with_them(db: Database, world: World) -> None:
    day = people.local_day(world.clock.now)
    with db.read() as session:
        near = delegations.colleagues_of(session, world.people["warden"], day=day)
        offered = {one.person.id for one in delegations.candidates(session, day=day, only=near)}
        found = delegations.candidates(session, day=day, only=near, typed="王")

    assert world.people["handler"] in offered
    assert world.people["warden2"] not in offered
    assert [one.person.id for one in found] == [world.people["leader"]]


def test_deputy_who_left_stands_in_for_nobody(db: Database, world: World) -> None:
    day = people.local_day(world.clock.now)

    def answers() -> list[str]:
        with db.read() as session:
            return [one.name for one in people.in_charge(session, Role.WARDEN, world.areas["guanglong"], day=day)]

    own(db, world, "warden", "warden2")
    assert answers() == ["钱专管"]

    with db.write() as session:
        accounts.by_username(session, "warden2").disabled_at = world.clock.now

    assert answers() == ["李庚"]
