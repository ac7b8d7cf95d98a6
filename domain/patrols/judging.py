"""Judges rounds once their venue has closed and the grace is over: by the longest time nobody came, and nothing else.

Nobody ticks rounds off; the check-ins say when somebody was there. Judged twice, a task is judged once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from domain import cases, sweep
from domain.actors import SYSTEM, Actor
from domain.models import Case, PatrolCheckIn, PatrolPlan, PatrolTask, Venue
from domain.patrols import presence, rounds, schedule
from domain.patrols.rounds import Span
from domain.patrols.schedule import Rule
from domain.processes.patrol_task import MISSED, OPEN, SCHEDULED, UNDER_WAY
from domain.settings import city_zone

AT_ONCE = 50
"""Tasks read at once; each is judged in a transaction of its own."""

_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]
_CHECK_INS: Any = PatrolCheckIn.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Judgement:
    """How the rounds of one day were kept."""

    limit: timedelta
    gaps: tuple[Span, ...]
    """When nobody came for longer; of rounds nobody made at all, the whole time."""
    last_at: datetime | None
    """The last time somebody was there; None: nobody ever was."""
    points_done: int

    @property
    def is_kept(self) -> bool:
        """Return whether somebody came often enough."""
        return self.last_at is not None and not self.gaps


def due(session: Session, *, at: datetime, apart_from: Collection[UUID] = (), most: int = AT_ONCE) -> list[UUID]:
    """Return up to `most` tasks of rounds that can be judged, the oldest first, without some of them (a read)."""
    waiting = [_TASKS.c.outcome == "", _TASKS.c.kind == schedule.ROUNDS, _TASKS.c.miss_at <= at]
    if apart_from:
        waiting.append(_TASKS.c.case_id.not_in(list(apart_from)))
    query = select(_TASKS.c.case_id).where(*waiting).order_by(_TASKS.c.miss_at, _TASKS.c.case_id)
    return list(session.execute(query.limit(most)).scalars())


def judge(session: Session, case_id: UUID, *, at: datetime) -> str | None:
    """Judge the rounds of a task and return the step that was taken; None when somebody has judged it."""
    case = cases.reload(session, case_id)
    if case.state == SCHEDULED.name:
        sweep.ring(session, case_id, "start", at=at)
        case = cases.reload(session, case_id)
    if case.state not in {OPEN.name, UNDER_WAY.name}:
        return None
    found = judgement(session, case)
    if found.is_kept and case.state == UNDER_WAY.name:
        cases.fire(session, case, "judge_kept", actor=SYSTEM, at=at, data=_completion(session, case, found))
        return "judge_kept"
    data = {"gaps": _as_data(found.gaps), "limit_minutes": int(found.limit.total_seconds() // 60)}
    cases.fire(session, case, "judge_gaps", actor=SYSTEM, at=at, data=data)
    return "judge_gaps"


def prove_in_time(session: Session, case: Case, *, actor: Actor, at: datetime) -> bool:
    """Take rounds as kept whose records came after they were judged; return False where gaps are left.

    For what a phone delivers late; `actor` is whose phone it is. Raises what `cases.fire` does.
    """
    if case.state != MISSED.name or case.facts.get("kind") != schedule.ROUNDS:
        return False
    found = judgement(session, case)
    if not found.is_kept:
        return False
    cases.fire(session, case, "prove_in_time", actor=actor, at=at, data=_completion(session, case, found))
    return True


def judgement(session: Session, case: Case) -> Judgement:
    """Return how the rounds of a task were kept, as far as is known now."""
    plan = session.get_one(PatrolPlan, UUID(case.facts["plan"]))
    rule = Rule.of_json(plan.rule)
    limit = timedelta(minutes=rule.gap_minutes or 0)
    spans = _spans(session, case, rule)
    query = select(_CHECK_INS.c.at, _CHECK_INS.c.point, _CHECK_INS.c.doubts).where(_CHECK_INS.c.case_id == case.id)
    proven = [row for row in session.execute(query) if not presence.is_upheld(row.doubts)]
    came = [row for row in proven if any(begins <= row.at <= ends for begins, ends in spans)]
    moments = [row.at for row in came]
    gaps = rounds.gaps(spans, moments, limit=limit) if moments else spans
    return Judgement(limit, gaps, max(moments, default=None), len({row.point for row in came if row.point}))


def _spans(session: Session, case: Case, rule: Rule) -> tuple[Span, ...]:
    """Return when somebody had to come: the hours of the day it was planned for, and not before it was planned."""
    task = session.get_one(PatrolTask, case.id)
    venue = session.get_one(Venue, task.venue_id)
    begins, ends = max(task.starts_at, case.opened_at), task.due_at
    within = [
        (max(one, begins), min(other, ends))
        for one, other in schedule.spans(rule, day=task.day, hours=venue.hours, zone=city_zone())
    ]
    # Hours that were changed since leave the time the task was planned for.
    return tuple((one, other) for one, other in within if one < other) or ((begins, ends),)


def _completion(session: Session, case: Case, found: Judgement) -> dict[str, Any]:
    task = session.get_one(PatrolTask, case.id)
    return {"worked_until": found.last_at, "points": task.points, "points_done": found.points_done,
            "failed": task.failed}  # fmt: skip


def _as_data(gaps: Sequence[Span]) -> list[dict[str, datetime]]:
    return [{"from_at": begins, "until_at": ends} for begins, ends in gaps]
