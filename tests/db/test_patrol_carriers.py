"""Whose a planned task is: shifts that begin later in the day, wardens, somebody who works elsewhere by now."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import Session, col, select, update

from domain.database import Database
from domain.identifiers import new_id
from domain.models import PatrolRoster, PatrolTask, Post
from domain.patrols.planning import plan_day
from tests.patrol_ground import Ground
from tests.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

DAY = date(2026, 11, 2)
EVENING = datetime(2026, 11, 1, 12, tzinfo=UTC)
Turn = tuple[int, str, str, str]


def roster(session: Session, world: World, *turns: Turn, cycle: int = 1) -> UUID:
    row = PatrolRoster(
        id=new_id(), venue_id=world.venues["kuancheng"], name="值班", starts_on=DAY, cycle_days=cycle,
        turns=[{"day": day, "from": begins, "until": until, "person": str(world.people[who])}
               for day, begins, until, who in turns],
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def whose(db: Database, world: World, day: date = DAY) -> list[tuple[str | None, str | None]]:
    """Plan a day and return (person, post) of its tasks."""
    with db.write() as session:
        plan_day(session, day, at=EVENING)
    names = {person: name for name, person in world.people.items()}
    with db.read() as session:
        tasks = session.exec(select(PatrolTask).where(PatrolTask.day == day).order_by(col(PatrolTask.frequency)))
        return [(names[task.person_id] if task.person_id else None, task.role) for task in tasks]


def test_check_of_a_day_is_whose_turn_comes_first_on_it(db: Database, world: World) -> None:
    ground = Ground(world)
    with db.write() as session:
        turns = [(0, "17:00", "23:00", "manager"), (0, "08:00", "17:00", "officer"), (1, "09:00", "17:00", "owner")]
        by_roster = {"who": "roster", "roster_id": roster(session, world, *turns, cycle=3), "role": None}
        ground.plan(session, "kuancheng", "daily", **by_roster)

    found = [whose(db, world, DAY + timedelta(days=number)) for number in range(4)]

    assert found == [[("officer", None)], [("owner", None)], [(None, "manager")], [("officer", None)]]


def test_who_is_on_duty_at_midnight_comes_before_who_comes_in_the_morning(db: Database, world: World) -> None:
    ground = Ground(world)
    with db.write() as session:
        turns = [(0, "08:00", "20:00", "officer"), (0, "20:00", "08:00", "manager")]
        ground.plan(session, "kuancheng", "daily", who="roster", roster_id=roster(session, world, *turns), role=None)

    assert whose(db, world) == [("officer", None)]  # the first day of the roster: nobody was on the night before
    assert whose(db, world, DAY + timedelta(days=1)) == [("manager", None)]


def test_warden_takes_part_where_their_area_is_and_nobody_where_they_work_no_more(db: Database, world: World) -> None:
    ground = Ground(world)
    with db.write() as session:
        turns = [(0, "08:00", "20:00", "warden2"), (0, "09:00", "20:00", "warden")]
        ground.plan(session, "kuancheng", "daily", who="roster", roster_id=roster(session, world, *turns), role=None)
        ground.plan(session, "kuancheng", "weekly", who="person", person_id=world.people["officer"], role="manager")
        session.execute(  # the officer works at the market now
            update(Post).where(col(Post.person_id) == world.people["officer"]).values(venue_id=world.venues["market"])
        )

    assert whose(db, world) == [("warden", None), (None, "manager")]
