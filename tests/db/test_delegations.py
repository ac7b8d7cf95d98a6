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
from domain.models import Delegation, Post
from domain.register_lock import NotNow
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
