"""Ends a task when whoever carried it out says so and everything is answered: done, done late, or proven in time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from domain import cases, sweep
from domain.actors import Actor
from domain.models import Case, ChecklistVersion
from domain.patrols import items, templates
from domain.patrols.items import Item
from domain.patrols.phone_clock import Corrected
from domain.patrols.sheet import VENUE_ITSELF, Sheet
from domain.processes.patrol_task import MISSED, UNDER_WAY

Answered = Mapping[tuple[int, str], tuple[str, Mapping[str, Any]]]
"""(point, item) → (outcome, value) of what stands."""


def missing(
    sheet: Sheet, version: ChecklistVersion, answered: Answered, *, visited: Iterable[int], is_signed: bool
) -> int:
    """Return how many answers a version asks for that nobody has given.

    A check-in answers an item that asks for nothing else, and the signature at the end one that asks for it.
    """
    points = [(point.seq, point.facility_kind) for point in sheet.points]
    seen = set(visited)
    about_venue = {item: given for (point, item), given in answered.items() if point == VENUE_ITSELF}
    count = 0
    for seq, item in items.asked(templates.items_of(version), points):
        here = about_venue | {code: given for (point, code), given in answered.items() if point == seq}
        if (seq, item.code) in answered or not items.is_asked(item, here):
            continue
        count += not _is_answered_otherwise(item, seq, seen=seen, is_signed=is_signed)
    return count


def _is_answered_otherwise(item: Item, seq: int, *, seen: set[int], is_signed: bool) -> bool:
    if item.answer == "checkpoint":
        return bool(seen) if seq == VENUE_ITSELF else seq in seen
    return item.answer == "signature" and is_signed


def finish(
    session: Session, case: Case, *, ended: Corrected, points: int, points_done: int, failed: int,
    signature: UUID | None, actor: Actor, at: datetime,
) -> Case:  # fmt: skip
    """Move the case to its end and return it. What its times prove to have ended before it was missed is done in time.

    A missed task whose plan allows no late one stays missed; its records are kept all the same.
    """
    miss_at = datetime.fromisoformat(case.facts["miss_at"])
    in_time = ended.latest <= miss_at
    if case.state == UNDER_WAY.name and not in_time:
        sweep.ring(session, case.id, "miss", at=at)
        case = cases.by_id(session, case.id)
    step = _step(case, in_time=in_time)
    if step is None:
        return case
    data = {"worked_until": ended.at, "points": points, "points_done": points_done, "failed": failed,
            "signature": signature}  # fmt: skip
    cases.fire(session, case, step, actor=actor, at=at, data=data)
    return case


def _step(case: Case, *, in_time: bool) -> str | None:
    if case.state == UNDER_WAY.name:
        return "complete"
    if case.state != MISSED.name:
        return None
    if in_time:
        return "prove_in_time"
    return "complete_late" if case.facts.get("late_allowed") else None
