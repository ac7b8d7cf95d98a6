"""What an event starts: one task at once, planned by a person, once however often the form is sent."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select

from domain import audit, cases, people
from domain.access import NotPermitted, OutOfReach
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Case, PatrolPlan, PatrolTask, RegisterEntry, Venue
from domain.patrols import events, plans
from domain.patrols.plan_forms import EventStart, PlanFacts
from domain.patrols.planning import plan_day
from domain.register_lock import NotNow
from tests.at_once import at_once
from tests.world import World

FIRE = EventStart(reason="隔壁商铺起火")


def event_plan(session: Session, world: World, **facts: Any) -> UUID:
    """Enter a plan that goes by events and holds from today on."""
    asked = {"checklist": "catalogue:event", "rhythm": "usual", "roll": "none", "who": "post", "role": "officer",
             "is_late_allowed": "yes", "from_on": people.local_day(world.clock.now), **facts}  # fmt: skip
    by = {"actor": world.actor(session, "manager"), "at": world.clock.now}
    return plans.create(session, world.venues["kuancheng"], PlanFacts(**asked), **by).id


def start(db: Database, world: World, plan_id: UUID, *, form: UUID | None = None, by: str = "manager") -> str:
    with db.write() as session:
        actor = world.actor(session, by)
        return events.start(session, plan_id, FIRE, actor=actor, at=world.clock.now, start_id=form)


def test_event_plans_one_task_now_and_the_same_form_plans_none(db: Database, world: World) -> None:
    with db.write() as session:
        plan_id = event_plan(session, world, minutes=120)
        assert plan_day(session, people.local_day(world.clock.now), at=world.clock.now).tasks == 0
    form, now = new_id(), world.clock.now

    number = start(db, world, plan_id, form=form)
    world.clock.now = now + timedelta(days=1)
    again = start(db, world, plan_id, form=form)
    another = start(db, world, plan_id)

    assert number == again != another
    with db.read() as session:
        first, second = session.exec(select(PatrolTask).order_by(PatrolTask.day)).all()
        case = cases.by_id(session, first.case_id)
        (entry, _) = session.exec(select(RegisterEntry).where(RegisterEntry.action == "start")).all()
        assert audit.verify(session).whole
    assert (case.number, case.state, first.role) == (number, "open", "officer")
    assert first.due_at - first.starts_at == timedelta(minutes=120)
    assert (first.starts_at, first.remind_at) == (now, now + timedelta(minutes=1))
    assert entry.data["reason"] == FIRE.reason
    assert second.starts_at == now + timedelta(days=1)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_form_sent_twice_at_once_starts_one(db: Database, world: World) -> None:
    with db.write() as session:
        plan_id = event_plan(session, world)
    form = new_id()

    numbers = at_once([lambda: start(db, world, plan_id, form=form)] * 2)

    with db.read() as session:
        assert [case.number for case in session.exec(select(Case))] == [numbers[0]] == [numbers[1]]


def test_nothing_starts_that_goes_by_the_calendar_or_rests(db: Database, world: World) -> None:
    day = people.local_day(world.clock.now)
    with db.write() as session:
        plan_id = event_plan(session, world)
        daily = event_plan(session, world, checklist="catalogue:daily")
        later = event_plan(session, world, from_on=day + timedelta(days=1))
    for one in (daily, later):
        with pytest.raises(NotNow):
            start(db, world, one)
    for by, refused in (("officer", NotPermitted), ("warden2", OutOfReach)):
        with pytest.raises(refused):
            start(db, world, plan_id, by=by)
    with pytest.raises(OutOfReach):
        start(db, world, new_id())
    with db.write() as session:
        session.get_one(Venue, world.venues["kuancheng"]).suspended_on = date(2020, 1, 1)
    with pytest.raises(NotNow):
        start(db, world, plan_id)
    with db.read() as session:
        assert session.exec(select(PatrolTask)).all() == []
        assert session.get_one(PatrolPlan, plan_id).rule["window"] == "event"
