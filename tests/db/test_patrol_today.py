"""What a phone takes along: whose tasks, when, and the answer of the time before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlmodel import col

from domain import access, sweep
from domain.database import Database
from domain.models import ChecklistVersion, PatrolPlan, PatrolTask, Post
from domain.patrols import today
from tests.patrols import Phone, Round, make_task, next_task
from tests.world import World


def numbers(db: Database, world: World, who: str) -> list[str]:
    with db.read() as session:
        work = today.work_of(session, world.actor(session, who), at=world.clock.now)
    return [task["number"] for task in work["tasks"]]


def test_everybody_takes_their_own_tasks_and_those_of_their_posts(db: Database, world: World) -> None:
    with db.write() as session:
        made = {
            "officer's": make_task(session, world, role="officer"),
            "manager's": make_task(session, world, role="manager", lasts=timedelta(hours=9)),
            "warden's": make_task(session, world, role="warden", lasts=timedelta(hours=10)),
            "elsewhere": make_task(session, world, venue="market", role="warden"),
            "by name": make_task(session, world, person="warden2", role=None),
            "later": make_task(session, world, starts_in=timedelta(hours=37)),
            "tomorrow": make_task(session, world, starts_in=timedelta(hours=35)),
        }
    named = {task.number: name for name, task in made.items()}
    found = {
        who: sorted(named[number] for number in numbers(db, world, who))
        for who in ("officer", "manager", "owner", "warden", "warden2", "handler")
    }

    assert found == {
        "officer": ["officer's", "tomorrow"],
        "manager": ["manager's", "officer's", "tomorrow"],
        "owner": ["manager's", "officer's", "tomorrow"],
        "warden": ["warden's"],
        "warden2": ["by name", "elsewhere"],
        "handler": [],
    }


def test_task_by_name_goes_with_the_post(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world, person="officer", role=None)
    assert numbers(db, world, "officer") == [task.number]

    with db.write() as session:
        session.execute(delete(Post).where(col(Post.person_id) == world.people["officer"]))

    assert numbers(db, world, "officer") == []


@pytest.mark.parametrize(("allowed", "listed"), [(True, True), (False, False)])
def test_missed_task_stays_on_the_list_while_it_may_be_late(
    db: Database,
    world: World,
    allowed: bool,  # noqa: FBT001
    listed: bool,  # noqa: FBT001
) -> None:
    with db.write() as session:
        task = make_task(session, world, late_allowed=allowed, lasts=timedelta(hours=1))
        sweep.ring(session, task.task_id, "miss", at=world.clock.advance(hours=2))

    assert (task.number in numbers(db, world, "officer")) == listed
    world.clock.advance(days=15)
    assert numbers(db, world, "officer") == []


def test_answer_of_the_time_before_comes_along_and_the_mark_moves_with_the_work(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world)
    phone = Phone(world, task)
    phone.walks()
    phone.finds(2, "P06", "na", comment="已送修")
    phone.delivers(db, done=True)
    world.clock.advance(days=1)

    with db.write() as session:
        row = session.get_one(PatrolTask, task.task_id)
        plan, version = session.get_one(PatrolPlan, row.plan_id), session.get_one(ChecklistVersion, row.version_id)
        again: Round = next_task(session, world, plan, version, codes=task.codes)
    with db.read() as session:
        actor = world.actor(session, "officer")
        work = today.work_of(session, actor, at=world.clock.now)
        assert access.holds_everywhere(actor) is False

    (listed,) = work["tasks"]
    assert (listed["number"], listed["done_points"]) == (again.number, [])
    assert listed["previous"]["2:P06"]["comment"] == "已送修"
    assert listed["previous"]["2:P06"]["outcome"] == "na"
    tag = today.tag_of(work)
    more = Phone(world, again)
    more.visits(3)
    more.delivers(db)
    with db.read() as session:
        changed = today.work_of(session, actor, at=world.clock.now)
    assert (changed["tasks"][0]["done_points"], today.tag_of(changed) != tag) == ([3], True)
