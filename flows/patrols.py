"""What is done about patrols without anybody asking: days are planned, rounds judged.

A day is an errand that promises one errand for each shard of areas and ends with the last of them. Each shard is a
transaction and a task of Prefect's; one that was begun and not ended is begun again and comes to the same tasks.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlmodel import Session, col

import domain.patrols.task_rows  # noqa: F401 - keeps the rows of patrols in step with their cases
from domain import people
from domain.language import N_, Sentence
from domain.models import Errand
from domain.patrols import following, judging, planning, planning_days
from domain.patrols.planning import Planned
from flows.chores import Chore
from flows.shift import Shift

log = structlog.get_logger(__name__)

LOOKS_AGAIN_AFTER = timedelta(seconds=2)
SAID = N_(
    "%(tasks)s patrols planned; %(already)s were there, %(withdrawn)s withdrawn, %(rebound)s ask a new checklist."
)
PARTS_LEFT = Sentence("Some parts of the city could not be planned. Have them tried again, then this.")
MOST_LEFT = 1_000
"""Rounds that cannot be judged now; so many, and something else is wrong."""
ENDED = frozenset({"done", "failed", "held", "cancelled"})


def promise_tomorrow(session: Session, *, at: datetime) -> dict[str, Any]:
    """Promise that tomorrow is planned, by what the catalogue asks then."""
    following.follow_catalogue(session, at=at)
    day = people.local_day(at) + timedelta(days=1)
    return {"errand": str(planning_days.promise(session, day, key=f"{day}:evening", at=at).id)}


def promise_today(session: Session, *, at: datetime) -> dict[str, Any]:
    """Promise that today is planned, and every day that nobody planned while no worker ran."""
    today = people.local_day(at)
    missed = list(planning_days.missed_days(session, today=today))
    for day in (*missed, today):
        planning_days.promise(session, day, key=f"{day}:night", at=at)
    return {"days": len(missed) + 1}


def plan(chore: Chore) -> None:
    """See a day through: promise its shards, then wait until the last of them has ended."""
    with chore.database.write() as session:
        if not chore.row.total and (total := planning_days.promise_shards(session, chore.row, at=chore.now())):
            chore.progress(0, total)
            chore.write_progress(session, (0, total))
            chore.postpone(session, chore.now() + LOOKS_AGAIN_AFTER)
            return
        parts = _parts(session, chore.row)
        done = [part for part in parts if part.state == "done"]
        if any(part.state not in ENDED for part in parts):
            chore.write_progress(session, (len(done), chore.row.total))
            chore.postpone(session, chore.now() + LOOKS_AGAIN_AFTER)
        elif len(done) < chore.row.total:
            chore.hold(session, PARTS_LEFT)
        else:
            chore.progress(len(done), chore.row.total)
            planned = sum((Planned(**part.outcome["planned"]) for part in done), Planned())
            planning_days.note_planned(session, _day(chore.row), planned, at=chore.now())
            chore.settle(session, _said(planned))


def plan_shard(chore: Chore) -> None:
    """Plan a day in some areas, in one transaction with the word that it is done."""
    areas = [UUID(area) for area in chore.row.data["areas"]]
    with chore.database.write() as session:
        planned = planning.plan_day(session, _day(chore.row), at=chore.now(), area_ids=areas)
        chore.settle(session, _said(planned))


def _parts(session: Session, parent: Errand) -> list[Errand]:
    keys = [planning_days.shard_key(parent, number) for number in range(1, parent.total + 1)]
    return list(session.execute(select(Errand).where(col(Errand.key).in_(keys))).scalars()) if keys else []


def _day(row: Errand) -> date:
    return date.fromisoformat(row.data["day"])


def _said(planned: Planned) -> dict[str, Any]:
    sums = {name: getattr(planned, name) for name in planned.__slots__}
    return {"said": SAID, "said_params": sums, "planned": sums, "link": "/patrols"}


def judge_rounds(shift: Shift) -> int:
    """Judge every round whose time is over, a few to a transaction; return how many were."""
    judged = 0
    left: set[UUID] = set()
    """Tried again the next time, and in nobody's way until then."""
    while not shift.stopping.is_set() and len(left) < MOST_LEFT:
        with shift.database.read() as session:
            waiting = judging.due(session, at=shift.now(), apart_from=left)
        if not waiting:
            break
        for case_id in waiting:
            try:
                with shift.database.write() as session:
                    step = judging.judge(session, case_id, at=shift.now())
            except Exception:
                log.exception("rounds not judged", case=str(case_id))
                step = None
            if step is None:
                left.add(case_id)
            else:
                judged += 1
    return judged


def evening(local: datetime) -> str | None:
    """Return the slot of the evening's planning."""
    return local.date().isoformat() if local.time() >= planning_days.TOMORROW_AT else None


def night(local: datetime) -> str | None:
    """Return the slot of the planning after midnight."""
    return local.date().isoformat() if local.time() >= planning_days.TODAY_AT else None
