"""Who agrees that a reporter is shown: nobody whom the asker chose, or who stands in for them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain import access, accounts, cases, people
from domain.actors import Role
from domain.database import Database
from domain.disclosure import CHOSEN_BY_ASKER
from domain.identifiers import new_id
from domain.models import Case, Delegation, Post
from domain.processes import identity
from domain.queries.identity_card import identity_card
from domain.workflow import TransitionRefused
from tests import journeys
from tests.world import World

ASKER, DEPUTY = "supervisor", "inspector1"


@pytest.fixture
def case(db: Database, world: World) -> Case:
    with db.write() as session:
        accounts.add_account(session, username="deputy", password="corner-lamp-41", person_id=world.people[DEPUTY])
        return journeys.report(session, world, phone="13912345678")


def cover(db: Database, world: World, absent: str, made_by: str) -> None:
    """Have the deputy cover for somebody from today on."""
    today = people.local_day(world.clock.now)
    with db.write() as session:
        session.add(
            Delegation(
                id=new_id(), from_person_id=world.people[absent], to_person_id=world.people[DEPUTY], from_on=today,
                until_on=today + timedelta(days=5), made_by=world.people[made_by], made_at=world.clock.now,
            )
        )  # fmt: skip


def ask(db: Database, world: World, case: Case) -> None:
    with db.write() as session:
        at, asker = world.clock.now, world.actor(session, ASKER)
        cases.fire(
            session, cases.reload(session, case.id), "request_identity", actor=asker, at=at, data={"reason": "查"}
        )


def agree(db: Database, world: World, case: Case) -> None:
    with db.write() as session:
        there = cases.reload(session, case.id)
        deputy = access.acting_on(session, world.actor(session, DEPUTY), there)
        whom = {"whom": str(world.people[ASKER])}
        cases.fire(session, there, "grant_identity", actor=deputy, at=world.clock.now, data=whom)


def granted(db: Database, world: World, case: Case) -> bool:
    with db.read() as session:
        return str(world.people[ASKER]) in (session.get_one(Case, case.id).facts.get(identity.GRANTS) or {})


@pytest.mark.parametrize("asked_first", [True, False], ids=["cover after", "cover before"])
@pytest.mark.parametrize(("absent", "made_by"), [(ASKER, ASKER), ("leader", ASKER), (ASKER, "leader")])
def test_a_deputy_by_the_askers_doing_does_not_count_as_a_second_person(
    db: Database, world: World, case: Case, absent: str, made_by: str, *, asked_first: bool
) -> None:
    if asked_first:
        ask(db, world, case)
    cover(db, world, absent, made_by)
    if not asked_first:
        ask(db, world, case)

    with pytest.raises(TransitionRefused) as refused:
        agree(db, world, case)

    assert refused.value.reason == CHOSEN_BY_ASKER
    assert not granted(db, world, case)
    with db.read() as session:
        there = session.get_one(Case, case.id)
        actor = access.acting_on(session, world.actor(session, DEPUTY), there)
        card = identity_card(session, there, actor=actor, at=world.clock.now)
    assert card is not None
    assert [asked.not_yours for asked in card.waiting] == [CHOSEN_BY_ASKER]


def test_a_deputy_of_somebody_elses_choice_agrees(db: Database, world: World, case: Case) -> None:
    cover(db, world, "leader", "leader")
    ask(db, world, case)

    agree(db, world, case)

    assert granted(db, world, case)


def test_who_holds_a_granting_post_of_their_own_agrees_whatever_they_cover_besides(
    db: Database, world: World, case: Case
) -> None:
    with db.write() as session:
        session.add(Post(id=new_id(), person_id=world.people[DEPUTY], role=Role.SUPERVISOR.value,
                         area_id=world.areas["chengyang"], from_on=people.local_day(world.clock.now)))  # fmt: skip
    cover(db, world, ASKER, ASKER)
    ask(db, world, case)

    agree(db, world, case)

    assert granted(db, world, case)
