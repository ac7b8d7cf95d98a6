"""Whom a patrol's messages tell: who carries it out, and who decides on a doubt but for those who took part."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, delete

from domain import cases
from domain.actors import Role
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Case, Post, TimelineEntry
from domain.people import local_day
from notifications.recipients import TELLINGS
from tests.patrols import make_task
from tests.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def told(session: Session, world: World, case: Case, effect: str, *, by: str = "officer") -> list[str]:
    """Return the names of who is told of the newest entry, which somebody wrote."""
    entry = TimelineEntry(case_id=case.id, at=world.clock.now, data={}, actor_id=world.people[by])
    audience = TELLINGS[effect].whom(session, case, entry, world.clock.now)
    return [one.name for one in audience.recipients] or [audience.nobody]


def patrol(session: Session, world: World, **kept: object) -> Case:
    return cases.by_id(session, make_task(session, world, **kept).task_id)


@pytest.mark.parametrize(
    ("kept", "names"),
    [
        ({"person": "manager", "role": None}, ["卫管理"]),
        ({"role": "officer"}, ["褚巡查"]),
        ({"role": "warden"}, ["李庚"]),
        ({"role": "officer", "venue": "market"}, ["赵受理"]),  # nobody holds the post there
    ],
)
def test_urging_reaches_who_carries_it_out_or_else_the_desk(
    db: Database, world: World, kept: dict[str, object], names: list[str]
) -> None:
    with db.write() as session:
        assert told(session, world, patrol(session, world, **kept), "remind_assignee") == names


def test_doubt_is_decided_by_the_venue_and_a_wardens_by_the_inspectors(db: Database, world: World) -> None:
    with db.write() as session:
        case = patrol(session, world, role="officer")
        found = [told(session, world, case, "tell_decider")]
        case.facts = {**case.facts, "done_by": [str(world.people["manager"])]}
        found.append(told(session, world, case, "tell_decider"))
        found.append(told(session, world, case, "tell_decider", by="owner"))
        found.append(told(session, world, patrol(session, world, role="warden"), "tell_decider", by="warden"))

    inspectors = ["孙监督", "周监督", "吴监督"]
    assert found == [["卫管理"], ["蒋责任"], inspectors, inspectors]


def test_call_goes_to_the_manager_before_the_owner_whenever_they_came(db: Database, world: World) -> None:
    with db.write() as session:
        held = (col(Post.role) == Role.MANAGER.value, col(Post.venue_id) == world.venues["kuancheng"])
        session.exec(delete(Post).where(*held))
        session.add(
            Post(id=new_id(), person_id=world.people["manager"], role=Role.MANAGER.value,
                 from_on=local_day(world.clock.now), venue_id=world.venues["kuancheng"])
        )  # fmt: skip
        session.flush()

        assert told(session, world, patrol(session, world), "call_manager") == ["卫管理", "蒋责任"]
