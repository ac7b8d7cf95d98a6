"""Tasks of a day: the same set whatever the order, shards, repeats and crash points, and the rows of single cases."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlmodel import Session, col

from domain import audit, cases, faultpoints, sweep, timing
from domain.actors import SYSTEM
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Case, ClockRow, PatrolPlan, PatrolRoster, PatrolTask, TimelineEntry, Venue
from domain.patrols import wanted
from domain.patrols.planning import Planned, plan_day
from domain.patrols.task_sheet import begun_notice, columns_of, facts_of, opening_of, task_id
from tests.patrol_ground import Ground, open_late
from tests.world import World

DAY = date(2026, 11, 2)
"""A Monday."""
EVENING = datetime(2026, 11, 1, 12, tzinfo=UTC)
"""20:00 the day before."""
NOON = datetime(2026, 11, 2, 4, tzinfo=UTC)
TABLES = (Case, TimelineEntry, ClockRow, PatrolTask)


@pytest.fixture
def ground(db: Database, world: World) -> Ground:
    """Plans of every kind at three venues: one of a person, one of a post, rounds, one with a title of its own."""
    made = Ground(world)
    with db.write() as session:
        open_late(session, world, "kuancheng", "market")
        for venue in ("kuancheng", "market", "lonely", "closed"):
            made.plan(session, venue, "daily", role="owner")
            made.plan(session, venue, "weekly", title='周检 "一"\\\t', grace_minutes=30)
        made.plan(session, "kuancheng", "business_2h", who="person", person_id=world.people["officer"], role=None)
        made.plan(session, "kuancheng", "daily_close", who="person", person_id=world.people["warden"], role=None)
        made.plan(session, "market", "monthly", from_on=date(2026, 11, 3))
    return made


def everything(session: Session) -> dict[str, list[Any]]:
    """Return every row of the four tables that planning writes."""
    found = {}
    for model in TABLES:
        table: Any = model.__table__
        rows = session.execute(select(table).order_by(*table.primary_key)).all()
        found[table.name] = [dict(row._mapping) for row in rows]
    return found


def without_numbers(rows: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    return {**rows, "cases": [{**row, "number": None} for row in rows["cases"]]}


def planned(db: Database, day: date, at: datetime, areas: list[Any] | None = None) -> Planned:
    with db.write() as session:
        return plan_day(session, day, at=at, area_ids=areas)


@pytest.mark.parametrize("at", [EVENING, NOON], ids=["evening before", "noon"])
@pytest.mark.usefixtures("ground")
def test_planned_in_bulk_are_the_rows_of_cases_opened_one_by_one(db: Database, at: datetime) -> None:
    with db.write() as session:
        listed = [one for one in wanted.of_day(session, DAY) if one.ends_at > at]
        for one in listed:
            _opened_by_itself(session, one, at=at)
        singly = everything(session)
        assert audit.verify(session).whole
        session.rollback()

    made = planned(db, DAY, at)

    with db.read() as session:
        in_bulk = everything(session)
        assert audit.verify(session).whole
    assert made.tasks == len(listed) == len(in_bulk["cases"]) >= 8
    assert in_bulk | {"patrol_task": []} == singly | {"patrol_task": []}
    assert {row["state"] for row in in_bulk["cases"]} == ({"scheduled"} if at == EVENING else {"scheduled", "open"})
    for row in in_bulk["patrol_task"]:
        facts = next(case["facts"] for case in in_bulk["cases"] if case["id"] == row["case_id"])
        moments = [row[name].isoformat() for name in ("starts_at", "due_at", "miss_at")]
        assert moments == [facts[name] for name in ("starts_at", "due_at", "miss_at")]


def _opened_by_itself(session: Session, one: wanted.Wanted, *, at: datetime) -> None:
    case = cases.open_case(
        session, "patrol_task", actor=SYSTEM, at=at, facts=facts_of(one), columns=columns_of(one),
        data=opening_of(one), case_id=task_id(one.plan.id, one.slot),
    )  # fmt: skip
    if one.slot.starts_at <= at:
        due_at = datetime.fromisoformat(case.clocks["start"]["due_at"])
        tick = ("start", timing.BREACHED)
        cases.fire(session, case, "begin", actor=SYSTEM, at=at, data=begun_notice(due_at), tick=tick)
        sweep._note(session, case.id, "start", timing.BREACHED, warns=False, at=at)


def test_set_is_the_same_whatever_the_order_the_shards_and_the_repeats(db: Database, ground: Ground) -> None:
    areas, days = [*ground.world.areas.values()], [DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)]
    chance = random.Random(20261120)
    with db.write() as session:
        for day in days:
            plan_day(session, day, at=EVENING)
        whole = without_numbers(everything(session))
        session.rollback()
    for _ in range(4):
        chance.shuffle(areas)
        chance.shuffle(days)
        cut = chance.randrange(1, len(areas))
        with db.write() as session:
            for day in days:
                shards = [areas[:cut], areas[cut:], areas[cut:], areas[: cut + 1]]
                sums = [plan_day(session, day, at=EVENING, area_ids=shard).tasks for shard in shards]
                assert plan_day(session, day, at=EVENING).tasks == 0
                assert sums[2:] == [0, 0]
            assert without_numbers(everything(session)) == whole
            assert audit.verify(session).whole
            session.rollback()


@pytest.mark.parametrize("point", [f"planned.{model.__tablename__}" for model in TABLES] + ["commit.before"])
def test_crash_anywhere_leaves_whole_shards_and_the_next_run_completes_them(
    db: Database, ground: Ground, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    first, second = [ground.world.areas["guanglong"]], [ground.world.areas[key] for key in ("fuxian", "empty")]
    planned(db, DAY, EVENING, first)

    def power_cut(reached: str) -> None:
        if reached == point:
            raise OSError(point)

    with monkeypatch.context() as cut:
        cut.setattr(faultpoints, "_hook", power_cut)
        with pytest.raises(OSError, match=point):
            planned(db, DAY, EVENING, second)

    with db.read() as session:
        before = session.execute(text("SELECT count(*) FROM patrol_task")).scalar_one()
        assert audit.verify(session).whole
    made = planned(db, DAY, EVENING)
    assert made.already == before > 0 < made.tasks
    with db.read() as session:
        numbers = sorted(session.execute(select(col(Case.number))).scalars())
        assert audit.verify(session).whole
    assert numbers == [f"XC-2026-{number:06d}" for number in range(1, made.tasks + before + 1)]


def test_two_workers_at_once_plan_a_day_once_and_without_an_error(db: Database, ground: Ground) -> None:
    results: list[Planned] = []
    together = threading.Barrier(4)

    def work(areas: list[Any] | None) -> None:
        together.wait()
        results.append(planned(db, DAY, EVENING, areas))

    shards = [None, [*ground.world.areas.values()], [ground.world.areas["guanglong"]], None]
    threads = [threading.Thread(target=work, args=(shard,)) for shard in shards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with db.read() as session:
        count = session.execute(text("SELECT count(*) FROM patrol_task")).scalar_one()
        assert audit.verify(session).whole
    assert len(results) == len(shards)
    assert sum(one.tasks for one in results) == count > 0


@pytest.mark.usefixtures("ground")
def test_day_that_is_over_is_planned_as_far_as_its_tasks_still_run(db: Database) -> None:
    later = NOON + timedelta(days=2)

    made = planned(db, DAY, later)

    with db.read() as session:
        left = list(session.execute(select(PatrolTask)).scalars())
    assert {task.frequency for task in left} == {"weekly"}  # due on Sunday; those of Monday nobody could have seen
    assert made.lapsed > 0
    assert all(task.miss_at > later for task in left)


def test_nothing_is_planned_where_nobody_is_or_nothing_holds(db: Database, ground: Ground) -> None:
    with db.write() as session:
        market = session.get(Venue, ground.world.venues["market"])
        assert market is not None
        market.suspended_on = DAY
        plan = ground.plan(session, "lonely", "monthly")
        plan.until_on = date(2026, 12, 1)
        ground.plan(session, "lonely", "quarterly", from_on=date(2026, 10, 2))
        ground.checklist(session, "half_yearly", from_on=date(2027, 1, 1))
        ground.plan(session, "lonely", "half_yearly", rule={"rrule": "FREQ=DAILY"})
        session.add_all((market, plan))
    planned(db, DAY, EVENING)

    with db.read() as session:
        rows = session.execute(select(PatrolTask.venue_id, PatrolTask.frequency)).all()  # type: ignore[call-overload]
    names = {venue_id: name for name, venue_id in ground.world.venues.items()}
    assert sorted((names[row.venue_id], row.frequency) for row in rows) == [
        ("kuancheng", "business_2h"), ("kuancheng", "daily"), ("kuancheng", "daily_close"), ("kuancheng", "weekly"),
        ("lonely", "daily"), ("lonely", "weekly"),
    ]  # fmt: skip


def test_roster_gives_each_day_to_whose_turn_it_is_and_a_hole_to_the_post(db: Database, ground: Ground) -> None:
    world = ground.world
    with db.write() as session:
        roster = PatrolRoster(
            id=new_id(), venue_id=world.venues["kuancheng"], name="夜班", starts_on=DAY, cycle_days=3,
            turns=[{"day": 0, "from": "00:00", "until": "24:00", "person": str(world.people["officer"])},
                   {"day": 1, "from": "00:00", "until": "24:00", "person": str(world.people["warden2"])}],
        )  # fmt: skip
        session.add(roster)
        session.flush()
        series = ground.plan(session, "kuancheng", "daily", who="roster", roster_id=roster.id, role=None).series_id
    for days in range(3):
        planned(db, DAY + timedelta(days=days), EVENING)

    with db.read() as session:
        tasks = session.execute(
            select(PatrolTask).where(col(PatrolTask.series_id) == series).order_by(col(PatrolTask.day))
        ).scalars()
        found = [(task.person_id, task.role, cases.by_id(session, task.case_id)) for task in tasks]
    # The second day is of somebody without a post there, the third of nobody.
    assert [(person, role) for person, role, _ in found] == [
        (world.people["officer"], None), (None, "manager"), (None, "manager"),
    ]  # fmt: skip
    assert [case.assignee_id for _, _, case in found] == [world.people["officer"], None, None]
    assert [case.facts.get("vacant") for _, _, case in found] == [None, True, True]


def test_changed_plan_withdraws_what_nobody_has_begun_and_plans_anew(db: Database, ground: Ground) -> None:
    planned(db, DAY, EVENING)
    with db.write() as session:
        old = session.execute(select(PatrolPlan).where(col(PatrolPlan.title) != "")).scalars().first()
        assert old is not None
        old.until_on = DAY
        session.add(old)
        venue = next(name for name, venue_id in ground.world.venues.items() if venue_id == old.venue_id)
        ground.plan(session, venue, "weekly", title="新周检", series_id=old.series_id, from_on=DAY)
        series = old.series_id

    made = planned(db, DAY, EVENING + timedelta(hours=1))
    again = planned(db, DAY, EVENING + timedelta(hours=2))

    with db.read() as session:
        tasks = list(session.execute(select(PatrolTask).where(col(PatrolTask.series_id) == series)).scalars())
        found = {cases.by_id(session, task.case_id).facts["title"]: task for task in tasks}
        assert audit.verify(session).whole
    assert (made.withdrawn, made.tasks) == (1, 1)
    assert (again.withdrawn, again.tasks) == (0, 0)
    assert (found["新周检"].outcome, found["新周检"].slot) == ("", DAY.isoformat())
    assert found['周检 "一"\\\t'].outcome == "cancelled"


def test_checklist_that_changed_is_asked_by_tasks_nobody_has_begun(db: Database, ground: Ground) -> None:
    planned(db, DAY, EVENING)
    with db.write() as session:
        ground.checklist(session, "daily", from_on=DAY, number=2)
        ground.checklist(session, "weekly", from_on=DAY + timedelta(days=1), number=2)
        begun = session.execute(select(PatrolTask).where(col(PatrolTask.frequency) == "daily")).scalars().first()
        assert begun is not None
        case = cases.by_id(session, begun.case_id)
        cases.fire(session, case, "begin", actor=SYSTEM, at=NOON, data=begun_notice(begun.starts_at))
        officer = ground.world.actor(
            session, "owner" if begun.venue_id == ground.world.venues["kuancheng"] else "admin"
        )
        del officer

    made = planned(db, DAY, EVENING + timedelta(hours=1))

    with db.read() as session:
        tasks = list(session.execute(select(PatrolTask)).scalars())
        entries = (
            session.execute(select(TimelineEntry).where(col(TimelineEntry.transition) == "rebind")).scalars().all()
        )
    daily = [task for task in tasks if task.frequency == "daily"]
    assert {task.version_id for task in daily} == {ground.versions["daily/2"]}
    assert {task.version_id for task in tasks if task.frequency == "weekly"} == {ground.versions["weekly/1"]}
    assert made.rebound == len(daily) == len(entries)


def test_rolling_plan_counts_from_when_it_was_last_carried_out(db: Database, ground: Ground) -> None:
    with db.write() as session:
        plan = ground.plan(session, "lonely", "every_60_days", from_on=DAY)
        series = plan.series_id

    def rolled(day: date) -> list[tuple[str, str]]:
        planned(db, day, datetime.combine(day, datetime.min.time(), UTC))
        with db.read() as session:
            query = select(PatrolTask).where(col(PatrolTask.series_id) == series).order_by(col(PatrolTask.day))
            return [(task.slot, task.outcome) for task in session.execute(query).scalars()]

    assert rolled(DAY) == [("2026-11-02", "")]
    assert rolled(DAY + timedelta(days=59)) == [("2026-11-02", "")]
    with db.write() as session:  # carried out ten days later
        done_at = NOON + timedelta(days=10)
        session.execute(
            text("UPDATE patrol_task SET outcome = 'done', done_at = :at WHERE slot = '2026-11-02' AND frequency = :f"),
            {"at": done_at if not db.is_sqlite else done_at.strftime("%Y-%m-%d %H:%M:%S.%f"), "f": "every_60_days"},
        )
    assert rolled(DAY + timedelta(days=10)) == [("2026-11-02", "done")]
    assert rolled(DAY + timedelta(days=11)) == [("2026-11-02", "done"), ("2026-11-13", "")]


@pytest.mark.usefixtures("ground")
def test_ids_of_a_day_lie_together_and_are_of_version_8(db: Database) -> None:
    with db.write() as session:
        ids = [task_id(one.plan.id, one.slot) for one in wanted.of_day(session, DAY)]
        after = [task_id(one.plan.id, one.slot) for one in wanted.of_day(session, DAY + timedelta(days=1))]
    assert {(one.version, one.variant) for one in ids} == {(8, "specified in RFC 4122")}
    assert max(ids) < min(after)
