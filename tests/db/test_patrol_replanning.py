"""Days planned already follow what changes: opening hours, a venue that closes or comes back, plans changed again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from domain import audit, cases
from domain.actors import SYSTEM
from domain.database import Database
from domain.models import PatrolPlan, PatrolTask, TimelineEntry, Venue
from domain.patrols import judging
from domain.patrols.planning import Planned, plan_day
from domain.patrols.task_sheet import begun_notice
from tests.patrol_ground import Ground, open_late
from tests.world import World

DAY = date(2026, 11, 2)
EVENING = datetime(2026, 11, 1, 12, tzinfo=UTC)
"""20:00 the day before."""
EARLIER = [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "08:00", "until": "20:00"}]


def local(hour: int, minute: int = 0) -> datetime:
    """A time of the city's clock on the day."""
    return datetime(2026, 11, 2, hour, minute, tzinfo=UTC) - timedelta(hours=8)


@pytest.fixture
def ground(db: Database, world: World) -> Ground:
    """A venue open from 09:00 to 22:00 with rounds, a check at closing, and a daily one that asks for no hours."""
    made = Ground(world)
    with db.write() as session:
        open_late(session, world, "kuancheng")
        made.plan(session, "kuancheng", "business_2h")
        made.plan(session, "kuancheng", "daily_close")
        made.plan(session, "kuancheng", "daily")
        plan_day(session, DAY, at=EVENING)
    return made


def planned(db: Database, at: datetime, day: date = DAY) -> Planned:
    with db.write() as session:
        return plan_day(session, day, at=at)


def change(db: Database, world: World, **columns: Any) -> None:
    with db.write() as session:
        venue = session.get_one(Venue, world.venues["kuancheng"])
        for name, value in columns.items():
            setattr(venue, name, value)


def tasks(session: Session, frequency: str) -> list[PatrolTask]:
    query = select(PatrolTask).where(PatrolTask.frequency == frequency)
    return list(session.exec(query.order_by(col(PatrolTask.outcome), col(PatrolTask.slot))))


def test_tasks_nobody_has_begun_go_by_the_hours_as_they_are(db: Database, ground: Ground) -> None:
    change(db, ground.world, hours=EARLIER)
    first = planned(db, EVENING + timedelta(minutes=2))
    again = planned(db, EVENING + timedelta(minutes=4))
    change(db, ground.world, hours=[])
    none = planned(db, EVENING + timedelta(minutes=6))
    change(db, ground.world, hours=EARLIER)
    back = planned(db, EVENING + timedelta(minutes=8))

    assert (first.withdrawn, first.tasks, again.withdrawn, again.tasks) == (2, 2, 0, 0)
    assert (none.withdrawn, none.tasks, back.withdrawn, back.tasks) == (2, 0, 0, 2)
    with db.read() as session:
        rounds, closing, daily = (tasks(session, each) for each in ("business_2h", "daily_close", "daily"))
        cancelled = select(TimelineEntry).where(TimelineEntry.transition == "cancel")
        reasons = {entry.data["reason"] for entry in session.exec(cancelled)}
        assert audit.verify(session).whole
    assert [(task.outcome, task.slot) for task in daily] == [("", "2026-11-02")]
    assert (rounds[0].starts_at, rounds[0].due_at, rounds[0].slot) == (local(8), local(20), "2026-11-02")
    assert (closing[0].starts_at, closing[0].due_at) == (local(20), local(21))
    assert [task.outcome for task in rounds] == [task.outcome for task in closing] == ["", "cancelled", "cancelled"]
    assert reasons == {"The opening hours were changed."}


def test_hours_that_change_undo_no_gap_and_touch_nothing_begun(db: Database, ground: Ground) -> None:
    later = [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "13:00", "until": "21:00"}]
    with db.write() as session:
        (closing,) = tasks(session, "daily_close")
        case = cases.by_id(session, closing.case_id)
        cases.fire(session, case, "begin", actor=SYSTEM, at=local(10), data=begun_notice(closing.starts_at))
        case.state = "under_way"  # as a phone's first record leaves it
        session.add(case)
    change(db, ground.world, hours=later)

    assert planned(db, local(11, 1)).withdrawn == 0  # nobody came from 09:00 to 11:01: that is a gap already

    with db.read() as session:
        (rounds,) = tasks(session, "business_2h")
    assert (rounds.outcome, rounds.starts_at) == ("", local(9))


def test_rounds_moved_while_open_count_from_then_on(db: Database, ground: Ground) -> None:
    change(db, ground.world, hours=EARLIER)
    assert planned(db, local(10)).withdrawn == 2  # rounds run since 09:00 and nobody is late yet

    with db.write() as session:
        moved = tasks(session, "business_2h")[0]
        found = judging.judgement(session, cases.by_id(session, moved.case_id))
    assert found.gaps == ((local(10), local(20)),)


def test_venue_that_comes_back_gets_its_tasks_again(db: Database, ground: Ground) -> None:
    change(db, ground.world, suspended_on=DAY)
    gone = planned(db, EVENING + timedelta(minutes=2))
    change(db, ground.world, suspended_on=None)
    back = planned(db, EVENING + timedelta(minutes=4))
    change(db, ground.world, suspended_on=DAY)
    gone_again = planned(db, EVENING + timedelta(minutes=6))
    change(db, ground.world, suspended_on=None)
    back_again = planned(db, EVENING + timedelta(minutes=8))

    assert [one.withdrawn for one in (gone, back, gone_again, back_again)] == [3, 0, 3, 0]
    assert [one.tasks for one in (gone, back, gone_again, back_again)] == [0, 3, 0, 3]
    with db.read() as session:
        assert [task.slot for task in tasks(session, "daily") if task.outcome == ""] == ["2026-11-02"]
        assert audit.verify(session).whole


def test_what_a_person_cancelled_is_not_planned_again(db: Database, ground: Ground) -> None:
    with db.write() as session:
        (daily,) = tasks(session, "daily")
        actor = ground.world.actor(session, "supervisor")
        cases.fire(session, cases.by_id(session, daily.case_id), "cancel", actor=actor, at=EVENING,
                   data={"reason": "重复"})  # fmt: skip

    assert planned(db, EVENING + timedelta(minutes=2)).tasks == 0


def test_plan_changed_again_and_again_within_minutes_is_followed(db: Database, ground: Ground) -> None:
    with db.read() as session:
        (first,) = tasks(session, "daily")
        series = first.series_id
    for number in range(4):
        with db.write() as session:
            (row,) = session.exec(select(PatrolPlan).where(PatrolPlan.series_id == series, _holds())).all()
            row.until_on = DAY
            ground.plan(session, "kuancheng", "daily", title=str(number), series_id=series, from_on=DAY)
        made = planned(db, EVENING + timedelta(minutes=2 + number))
        assert (made.withdrawn, made.tasks) == (1, 1)

    with db.read() as session:
        assert len({task.slot for task in tasks(session, "daily")}) == 5


def test_closed_venue_has_nothing_left_of_the_month(db: Database, ground: Ground) -> None:
    month = date(2026, 12, 1)
    with db.write() as session:
        ground.plan(session, "kuancheng", "monthly")
        ground.plan(session, "market", "monthly")
    planned(db, datetime(2026, 11, 30, 12, tzinfo=UTC), month)
    closing = datetime(2026, 12, 10, 4, tzinfo=UTC)
    change(db, ground.world, closed_on=date(2026, 12, 10))

    planned(db, closing - timedelta(days=1), date(2026, 12, 10))
    with db.read() as session:
        before = [task.outcome for task in tasks(session, "monthly")]
    planned(db, closing, date(2026, 12, 10))
    with db.read() as session:
        after = {task.venue_id: task.outcome for task in tasks(session, "monthly")}

    assert before == ["", ""]
    assert after == {ground.world.venues["kuancheng"]: "cancelled", ground.world.venues["market"]: ""}


def _holds() -> Any:
    return col(PatrolPlan.until_on).is_(None)
