"""Planning killed by kill -9 in the middle of a shard: nothing of the shard is there, and the next run completes it."""

from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import UTC, date, datetime

import pytest
from sqlmodel import col, select

from domain import audit, faultpoints
from domain.database import Database, open_database
from domain.models import Case
from domain.patrols import planning_days
from domain.patrols.planning import Planned, plan_day
from tests.faults.hands import KILLED
from tests.patrol_ground import Ground
from tests.world import World

DAY = date(2026, 11, 2)
EVENING = datetime(2026, 11, 1, 12, tzinfo=UTC)


def plan_city(url: str, die_at: str, shard: int) -> None:
    """Plan the day shard by shard and die at a point of one of them."""
    database = open_database(url, synchronous="OFF")
    with database.read() as session:
        shards = planning_days.shards(session)
    for number, areas in enumerate(shards):

        def die(point: str, number: int = number) -> None:
            if (point, number) == (die_at, shard):
                os.kill(os.getpid(), signal.SIGKILL)

        faultpoints.install(die)
        with database.write() as session:
            plan_day(session, DAY, at=EVENING, area_ids=areas)


@pytest.mark.parametrize("point", ["planned.cases", "planned.patrol_task", "commit.before", "commit.after"])
def test_killed_in_the_second_shard_it_has_planned_the_first_and_goes_on(
    db: Database, world: World, database_url: str, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    ground = Ground(world)
    with db.write() as session:
        for venue in ("kuancheng", "market", "lonely"):
            ground.plan(session, venue, "daily")
    monkeypatch.setattr(planning_days, "VENUES_AT_ONCE", 1)
    monkeypatch.setattr(planning_days, "VENUES_AT_ONCE_ON_SQLITE", 1)

    dead = multiprocessing.get_context("fork").Process(target=plan_city, args=(database_url, point, 1))
    dead.start()
    dead.join(timeout=60)

    there = 2 if point == "commit.after" else 1
    with db.read() as session:
        assert len(session.execute(select(col(Case.number))).all()) == there
        assert audit.verify(session).whole
    with db.write() as session:
        again = plan_day(session, DAY, at=EVENING)
    assert dead.exitcode == KILLED
    assert again == Planned(tasks=3 - there, already=there)
    with db.read() as session:
        numbers = session.execute(select(col(Case.number)).order_by(col(Case.number))).scalars().all()
        assert audit.verify(session).whole
    assert numbers == ["XC-2026-000001", "XC-2026-000002", "XC-2026-000003"]
