"""Whoever covers a colleague's post carries out what that colleague has by name, there and on those days only."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from domain import access, cases, people
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Account, Delegation, Person
from domain.patrols import today
from domain.processes.patrol_task import PATROL_TASK
from tests.patrols import make_task
from tests.world import World


def may_record(session: Session, world: World, whose: str, *, later: timedelta = timedelta()) -> bool:
    """Return whether the deputy may bring records for a task somebody has by name."""
    at = world.clock.now + later
    case = cases.by_id(session, make_task(session, world, person=whose, role=None).task_id)
    deputy = people.actor_of(session, session.get_one(Person, world.people["crew"]), at=at)
    acting = access.acting_on(session, deputy, case)
    return not any(guard(cases.snapshot(case), acting, at) for guard in PATROL_TASK.named("record")[0].guards)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_deputy_carries_out_what_the_colleague_has_by_name(db: Database, world: World) -> None:
    day = people.local_day(world.clock.now)
    with db.write() as session:
        session.add(Account(id=new_id(), person_id=world.people["crew"], username="crew", password_hash="-"))
        before = may_record(session, world, "officer")
        session.add(Delegation(id=new_id(), from_person_id=world.people["officer"], from_on=day, until_on=day,
                               to_person_id=world.people["crew"], made_at=world.clock.now))  # fmt: skip
        session.flush()

        assert (before, may_record(session, world, "officer"), may_record(session, world, "manager")) == (
            False, True, False,
        )  # fmt: skip
        assert not may_record(session, world, "officer", later=timedelta(days=1))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_deputy_has_it_on_the_phone_while_covering(db: Database, world: World) -> None:
    at = world.clock.now
    day = people.local_day(at)

    def listed(session: Session) -> set[str]:
        deputy = people.actor_of(session, session.get_one(Person, world.people["crew"]), at=at)
        return {task["id"] for task in today.work_of(session, deputy, at=at)["tasks"]}

    with db.write() as session:
        session.add(Account(id=new_id(), person_id=world.people["crew"], username="crew", password_hash="-"))
        theirs = make_task(session, world, person="officer", role=None).task_id
        make_task(session, world, person="manager", role=None)
        before = listed(session)
        session.add(Delegation(id=new_id(), from_person_id=world.people["officer"], from_on=day, until_on=day,
                               to_person_id=world.people["crew"], made_at=at))  # fmt: skip
        session.flush()

        assert (before, listed(session)) == (set(), {str(theirs)})
