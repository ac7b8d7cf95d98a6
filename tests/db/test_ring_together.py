"""Timers of many patrols that ring together come to what each by itself would: same rows, same hashes, once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from domain import audit, cases, sweep
from domain.actors import SYSTEM
from domain.database import Database
from domain.models import Case, ClockRow, PatrolTask, TimelineEntry
from domain.patrols.planning import plan_day
from tests.patrol_ground import Ground, open_late
from tests.world import World

DAY = date(2026, 11, 2)
EVENING = datetime(2026, 11, 1, 12, tzinfo=UTC)
NOON = datetime(2026, 11, 2, 4, tzinfo=UTC)
LATER = NOON + timedelta(days=30)


@pytest.fixture
def ids(db: Database, world: World) -> list[Any]:
    """Tasks of a day of every kind, planned the evening before."""
    ground = Ground(world)
    with db.write() as session:
        open_late(session, world, "kuancheng", "market")
        for venue in ("kuancheng", "market", "lonely"):
            for frequency in ("daily", "weekly", "business_2h", "shift"):
                ground.plan(session, venue, frequency, title='检 "查"\\')
        plan_day(session, DAY, at=EVENING)
        return list(session.execute(select(col(Case.id)).order_by(col(Case.id))).scalars())


def everything(session: Session) -> list[list[Any]]:
    session.expire_all()
    tables: list[Any] = [model.__table__ for model in (Case, TimelineEntry, ClockRow, PatrolTask)]  # type: ignore[attr-defined]
    return [[tuple(row) for row in session.execute(select(one).order_by(*one.primary_key))] for one in tables]


def ring_each(session: Session, ids: list[Any], name: str, at: datetime) -> None:
    for case_id in ids:
        if name in cases.by_id(session, case_id).clocks:
            sweep.ring(session, case_id, name, at=at)


def with_clock(session: Session, ids: list[Any], name: str) -> list[Any]:
    return [case_id for case_id in ids if name in cases.by_id(session, case_id).clocks]


def test_together_they_come_to_what_each_by_itself_would(db: Database, ids: list[Any]) -> None:
    with db.write() as session:
        ring_each(session, ids, "start", NOON)
        begun = everything(session)
        ring_each(session, ids, "miss", LATER)
        missed = everything(session)
        session.rollback()

    with db.write() as session:
        first = sweep.ring_together(session, ids, "start", at=NOON)
        assert everything(session) == begun
        assert sweep.ring_together(session, ids, "start", at=NOON) == set()
        listed = with_clock(session, ids, "miss")
        second = sweep.ring_together(session, listed, "miss", at=LATER)
        assert everything(session) == missed
        assert audit.verify(session).whole

    with db.read() as session:
        outcomes = set(session.execute(select(col(PatrolTask.outcome))).scalars())
    assert 0 < len(second) < len(first) < len(ids)  # rounds are never missed by a clock, the last shift begins later
    assert outcomes == {"", "missed"}


def test_what_is_not_due_or_refuses_stays_as_it_is(db: Database, ids: list[Any]) -> None:
    with db.write() as session:
        case = cases.reload(session, ids[0])
        cases.fire(session, case, "cancel", actor=SYSTEM, at=EVENING, data={"reason": "-"})
        before = everything(session)
        assert sweep.ring_together(session, ids, "start", at=EVENING) == set()
        assert everything(session) == before

        assert ids[0] not in sweep.ring_together(session, ids, "start", at=LATER)
        assert cases.by_id(session, ids[0]).state == "cancelled"
        assert audit.verify(session).whole
