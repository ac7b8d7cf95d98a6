"""Days of patrols by the timetable: planned in shards, once, also those that nobody planned while no worker ran."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from domain import errands, venue_register
from domain.database import Database
from domain.models import Case, ChecklistTemplate, Errand, PatrolPlan, PatrolTask, TimetableRun
from domain.patrols import changed_areas, judging, planning, planning_days, plans
from domain.patrols.plan_forms import PlanEnd
from domain.register_forms import VenueFacts
from domain.settings import get_settings
from flows import patrols, timetable, watch
from flows.provider import provider_of
from flows.shift import Shift
from tests import filed
from tests.patrol_ground import Ground, open_late
from tests.world import World

JOBS = {job.name: job for job in timetable.JOBS}
TODAY, TOMORROW = JOBS["patrols_today"], JOBS["patrols_tomorrow"]
DAY = date(2026, 11, 2)
NIGHT = datetime(2026, 11, 1, 16, 15, tzinfo=UTC)
"""00:15 in the city."""


def shift_at(db: Database, at: datetime) -> Shift:
    return Shift(db, provider_of(get_settings()), now=lambda: at)


def carry_out(db: Database, at: datetime) -> list[Errand]:
    """Carry out whatever is due until the parents have seen the last of their shards."""
    found: list[Errand] = []
    for _ in range(6):
        found = filed.carry_out_all(db, at) or found
        at += timedelta(seconds=3)
    return found


@pytest.fixture
def _ground(db: Database, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Daily tasks at three venues in three areas, each a shard of its own."""
    monkeypatch.setattr(planning_days, "VENUES_AT_ONCE", 1)
    monkeypatch.setattr(planning_days, "VENUES_AT_ONCE_ON_SQLITE", 1)
    ground = Ground(world)
    with db.write() as session:
        for venue in ("kuancheng", "market", "lonely"):
            ground.plan(session, venue, "daily")
            ground.plan(session, venue, "weekly")


def days_of(db: Database) -> dict[str, int]:
    with db.read() as session:
        days = session.execute(select(col(PatrolTask.day))).scalars().all()
    return {day.isoformat(): days.count(day) for day in sorted(set(days))}


@pytest.mark.usefixtures("_ground")
def test_tomorrow_is_planned_in_the_evening_and_today_after_midnight(db: Database) -> None:
    at = NIGHT - timedelta(hours=4)
    assert not timetable.run(shift_at(db, at - timedelta(hours=1)), TOMORROW)  # 19:15

    assert timetable.run(shift_at(db, at), TOMORROW)
    carry_out(db, at)
    assert days_of(db) == {"2026-11-02": 6}
    assert timetable.run(shift_at(db, NIGHT), TODAY)
    carry_out(db, NIGHT)

    assert days_of(db) == {"2026-11-02": 6}
    with db.read() as session:
        (run,) = session.exec(select(TimetableRun).where(TimetableRun.job == planning_days.PLANNED))
        parents = session.exec(select(Errand).where(Errand.kind == planning_days.DAY)).all()
        shards = session.exec(select(Errand).where(Errand.kind == planning_days.SHARD)).all()
    assert (run.slot, run.outcome["already"]) == (DAY.isoformat(), 6)
    assert sorted((one.state, one.done, one.total) for one in parents) == [("done", 3, 3), ("done", 3, 3)]
    assert len(shards) == 6


@pytest.mark.usefixtures("_ground")
def test_days_nobody_planned_are_made_up_for_as_far_as_their_tasks_still_run(db: Database) -> None:
    with db.write() as session:
        planning_days.note_planned(session, DAY - timedelta(days=1), planning.Planned(), at=NIGHT)
    thursday = NIGHT + timedelta(days=3)

    assert timetable.run(shift_at(db, thursday), TODAY)
    carry_out(db, thursday)

    assert days_of(db) == {"2026-11-02": 3, "2026-11-05": 3}  # the week's of Monday, the day's of Thursday
    with db.read() as session:
        assert not planning_days.is_behind(session, at=thursday + timedelta(hours=2))
        assert planning_days.is_behind(session, at=thursday + timedelta(days=1, hours=2))


@pytest.mark.usefixtures("_ground")
def test_a_standstill_the_timetable_has_forgotten_is_seen_by_the_tasks(db: Database) -> None:
    with db.write() as session:
        planning.plan_day(session, DAY, at=NIGHT)
    today = DAY + timedelta(days=45)

    with db.read() as session:
        missed = list(planning_days.missed_days(session, today=today))
        none = list(planning_days.missed_days(session, today=DAY))

    assert (missed[0], missed[-1], len(missed), none) == (DAY + timedelta(days=1), DAY + timedelta(days=44), 44, [])


@pytest.mark.usefixtures("_ground")
def test_a_shard_that_cannot_be_planned_holds_its_day_until_it_is_tried_again(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_day = planning.plan_day

    def breaks(session, day, *, at, area_ids):  # type: ignore[no-untyped-def]
        if world.areas["fuxian"] in area_ids:
            message = "disk full"
            raise OSError(message)
        return plan_day(session, day, at=at, area_ids=area_ids)

    with monkeypatch.context() as broken:
        broken.setattr(patrols.planning, "plan_day", breaks)
        timetable.run(shift_at(db, NIGHT), TODAY)
        at = NIGHT
        for _ in range(12):
            filed.carry_out_all(db, at)
            at += timedelta(minutes=6)
    with db.read() as session:
        states = {errand.kind: errand.state for errand in session.exec(select(Errand)) if errand.state != "done"}
    assert states == {planning_days.DAY: "held", planning_days.SHARD: "held"}
    assert days_of(db) == {DAY.isoformat(): 4}

    for kind in (planning_days.SHARD, planning_days.DAY):
        with db.write() as session:
            held = session.exec(select(Errand).where(Errand.kind == kind, Errand.state == "held")).one()
            errands.try_again(session, held.id, at=at)
        carry_out(db, at)

    assert days_of(db) == {DAY.isoformat(): 6}
    with db.read() as session:
        assert {errand.state for errand in session.exec(select(Errand))} == {"done"}


@pytest.mark.usefixtures("_ground")
def test_days_planned_already_follow_a_plan_that_is_changed_afterwards(db: Database, world: World) -> None:
    evening = NIGHT - timedelta(hours=4)
    timetable.run(shift_at(db, evening), TOMORROW)
    carry_out(db, evening)
    world.clock.now = evening + timedelta(minutes=10)
    with db.write() as session:
        plan = session.exec(
            select(PatrolPlan).where(
                PatrolPlan.venue_id == world.venues["kuancheng"], PatrolPlan.template_id == _daily(session)
            )
        ).one()
        plans.end(
            session, plan.id, PlanEnd(from_on=DAY, reason="换人"), actor=world.actor(session, "manager"),
            at=world.clock.now,
        )  # fmt: skip
    changes = JOBS[changed_areas.JOB]

    for minutes in (11, 13, 15):
        at = evening + timedelta(minutes=minutes)
        assert timetable.run(shift_at(db, at), changes)
        carry_out(db, at)

    with db.read() as session:
        outcomes = session.exec(select(PatrolTask.outcome)).all()
        shards = session.exec(select(Errand).where(Errand.kind == planning_days.SHARD)).all()
    assert sorted(outcomes) == ["", "", "", "", "", "cancelled"]
    assert len(shards) == 4  # three of the evening, one of the change: looked at thrice, followed once


def _daily(session: Session) -> UUID:
    return session.exec(select(ChecklistTemplate.id).where(ChecklistTemplate.frequency == "daily")).one()


def test_worker_lets_many_patrols_begin_at_midnight_together(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = Ground(world)
    with db.write() as session:
        for _ in range(12):
            ground.plan(session, "kuancheng", "daily")
        planning.plan_day(session, DAY, at=NIGHT - timedelta(hours=4))
    one_by_one: list[object] = []
    monkeypatch.setattr(watch.sweep, "ring", lambda *keys, **_: one_by_one.append(keys))

    async def midnight() -> int:
        over_patrols = watch.Watch("patrol_task", shift_at(db, NIGHT))
        rung = await over_patrols.take_clocks()
        await over_patrols.drained()
        return rung

    assert asyncio.run(midnight()) == 12
    with db.read() as session:
        states = session.exec(select(Case.state)).all()
    assert (states, one_by_one) == (["open"] * 12, [])
    assert asyncio.run(midnight()) == 0


def test_rounds_that_cannot_be_judged_are_in_nobody_s_way(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = Ground(world)
    with db.write() as session:
        open_late(session, world, "kuancheng")
        for _ in range(4):
            ground.plan(session, "kuancheng", "business_2h")
        planning.plan_day(session, DAY, at=NIGHT - timedelta(hours=4))
    judge, monday = judging.judge, NIGHT + timedelta(days=2)
    with db.read() as session:
        broken = judging.due(session, at=monday)[0]

    def broken_one(session: Session, case_id: UUID, *, at: datetime) -> str | None:
        if case_id == broken:
            raise LookupError(case_id)
        return judge(session, case_id, at=at)

    monkeypatch.setattr(judging, "judge", broken_one)
    monkeypatch.setattr(judging.due, "__kwdefaults__", {**judging.due.__kwdefaults__, "most": 1})

    assert patrols.judge_rounds(shift_at(db, monday)) == 3
    assert patrols.judge_rounds(shift_at(db, monday)) == 0
    with db.read() as session:
        assert judging.due(session, at=monday) == [broken]


def test_hours_changed_in_the_register_are_followed_within_two_minutes(db: Database, world: World) -> None:
    evening = NIGHT - timedelta(hours=4)
    ground = Ground(world)
    with db.write() as session:
        open_late(session, world, "kuancheng")
        ground.plan(session, "kuancheng", "business_2h")
    timetable.run(shift_at(db, evening), TOMORROW)
    carry_out(db, evening)
    world.clock.now = evening + timedelta(minutes=10)
    asked = {"name": "宽城宾馆", "class_code": "V10", "address": "环城路 1 号", "area": "guanglong",
             "hours": "每天 8:00-20:00"}  # fmt: skip
    with db.write() as session:
        venue_register.change(session, world.venues["kuancheng"], VenueFacts.model_validate(asked),
                              actor=world.actor(session, "supervisor"), at=world.clock.now)  # fmt: skip

    at = evening + timedelta(minutes=12)
    assert timetable.run(shift_at(db, at), JOBS[changed_areas.JOB])
    carry_out(db, at)

    opens = datetime(2026, 11, 2, 0, tzinfo=UTC)
    with db.read() as session:
        found = {task.outcome: (task.starts_at, task.due_at) for task in session.exec(select(PatrolTask))}
    hour = timedelta(hours=1)
    assert found == {"cancelled": (opens + hour, opens + 14 * hour), "": (opens, opens + 12 * hour)}
