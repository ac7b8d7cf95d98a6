"""Rounds are judged after closing by the longest time nobody came, once, also with records that come late."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from domain import audit, cases
from domain.actors import SYSTEM
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Case, PatrolBatch, PatrolCheckIn, PatrolTask
from domain.patrols import judging
from domain.patrols.planning import plan_day
from tests.patrol_ground import Ground, open_late
from tests.world import World

DAY = date(2026, 11, 2)
EVENING = datetime(2026, 11, 1, 12, tzinfo=UTC)
OPENS, CLOSES = datetime(2026, 11, 2, 1, tzinfo=UTC), datetime(2026, 11, 2, 14, tzinfo=UTC)
"""09:00 and 22:00 in the city."""
GRACE = timedelta(minutes=30)
EVERY_TWO_HOURS = [OPENS + timedelta(hours=hours) for hours in (0, 2, 4, 6, 8, 10, 12)]


@pytest.fixture
def task(db: Database, world: World) -> Any:
    """Rounds of one day of the officer's, planned the evening before."""
    world.clock.now = EVENING
    with db.write() as session:
        open_late(session, world, "kuancheng")
        Ground(world).plan(session, "kuancheng", "business_2h", who="person", person_id=world.people["officer"],
                           role=None, grace_minutes=30)  # fmt: skip
        plan_day(session, DAY, at=EVENING)
        return session.execute(select(PatrolTask)).scalar_one().case_id


def check_in(session: Session, world: World, case_id: Any, moments: list[datetime], *, at: datetime) -> None:
    """Deliver rounds made at these moments, as a phone does."""
    case = cases.reload(session, case_id)
    world.clock.now = at
    officer = world.actor(session, "officer")
    if case.state == "scheduled":
        notice = {"clock": "start", "level": 1, "due_at": OPENS}
        cases.fire(session, case, "begin", actor=SYSTEM, at=at, data=notice, tick=("start", 2))
    batch = PatrolBatch(id=new_id(), case_id=case.id, person_id=world.people["officer"], device_id=new_id(), sent_at=at,
                        received_at=at, sha256="0" * 64)  # fmt: skip
    session.add(batch)
    session.flush()
    session.add_all(
        PatrolCheckIn(id=new_id(), case_id=case.id, batch_id=batch.id, round=number, point=1, how="camera", at=moment,
                      claimed_at=moment, person_id=world.people["officer"], device_id=batch.device_id)
        for number, moment in enumerate(moments, start=1)
    )  # fmt: skip
    session.flush()
    data = {"batch": batch.id, "device": batch.device_id, "check_ins": len(moments), "sha256": "0" * 64}
    cases.fire(session, case, "record" if case.state != "open" else "start", actor=officer, at=at, data=data)


def judged(db: Database, at: datetime) -> tuple[list[str | None], Case, PatrolTask]:
    with db.write() as session:
        steps = [judging.judge(session, case_id, at=at) for case_id in judging.due(session, at=at)]
    with db.read() as session:
        row = session.execute(select(PatrolTask)).scalar_one()
        assert audit.verify(session).whole
        return steps, cases.by_id(session, row.case_id), row


def test_rounds_every_two_hours_are_kept_and_nothing_is_judged_before_the_grace_is_over(
    db: Database, world: World, task: Any
) -> None:
    with db.write() as session:
        check_in(session, world, task, EVERY_TWO_HOURS, at=CLOSES)

    assert judged(db, CLOSES + GRACE - timedelta(seconds=1))[0] == []
    steps, case, row = judged(db, CLOSES + GRACE)
    again = judged(db, CLOSES + GRACE)[0]

    assert (steps, again) == (["judge_kept"], [])
    assert (case.state, case.facts["gaps"]) == ("done", [])
    assert (row.outcome, row.done_by, row.done_at) == ("done", world.people["officer"], EVERY_TWO_HOURS[-1])


def test_one_gap_misses_the_day_and_says_from_when_to_when_nobody_came(db: Database, world: World, task: Any) -> None:
    with db.write() as session:
        check_in(session, world, task, [one for one in EVERY_TWO_HOURS if one.hour != OPENS.hour + 6], at=CLOSES)

    steps, case, row = judged(db, CLOSES + GRACE)

    assert steps == ["judge_gaps"]
    (gap,) = case.facts["gaps"]
    assert [datetime.fromisoformat(gap[edge]) for edge in ("from_at", "until_at")] == [
        OPENS + timedelta(hours=4), OPENS + timedelta(hours=8),
    ]  # fmt: skip
    assert (case.state, row.outcome, row.done_at) == ("missed", "missed", None)


@pytest.mark.usefixtures("task")
def test_rounds_nobody_made_are_missed_from_opening_to_close(db: Database) -> None:
    steps, case, row = judged(db, CLOSES + GRACE)

    assert (steps, row.outcome) == (["judge_gaps"], "missed")  # also where its clock never rang
    (gap,) = case.facts["gaps"]
    assert [datetime.fromisoformat(gap[edge]) for edge in ("from_at", "until_at")] == [OPENS, CLOSES]


def test_records_that_come_late_prove_rounds_that_were_judged_missed(db: Database, world: World, task: Any) -> None:
    judged(db, CLOSES + GRACE)
    with db.write() as session:
        check_in(session, world, task, EVERY_TWO_HOURS[:3], at=CLOSES + GRACE)
        half = judging.prove_in_time(session, cases.reload(session, task), actor=world.actor(session, "officer"),
                                     at=CLOSES + GRACE)  # fmt: skip
        check_in(session, world, task, EVERY_TWO_HOURS[3:], at=CLOSES + 2 * GRACE)
        whole = judging.prove_in_time(session, cases.reload(session, task), actor=world.actor(session, "officer"),
                                      at=CLOSES + 2 * GRACE)  # fmt: skip

    with db.read() as session:
        row = session.execute(select(PatrolTask)).scalar_one()
    assert (half, whole, row.outcome) == (False, True, "done")


def test_rounds_planned_while_open_are_judged_from_then_on(db: Database, world: World) -> None:
    noon = OPENS + timedelta(hours=3)
    with db.write() as session:
        open_late(session, world, "kuancheng")
        Ground(world).plan(session, "kuancheng", "business_2h", who="person", person_id=world.people["officer"],
                           role=None)  # fmt: skip
        plan_day(session, DAY, at=noon)
        case_id = session.execute(select(PatrolTask)).scalar_one().case_id
        check_in(session, world, case_id, [one for one in EVERY_TWO_HOURS if one > noon], at=CLOSES)

    assert judged(db, CLOSES)[0] == ["judge_kept"]
