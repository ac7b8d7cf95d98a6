"""Ends a task when whoever carried it out says so and everything is answered: done, done late, or proven in time."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain import cases, sweep
from domain.actors import Actor
from domain.language import Sentence
from domain.models import Case, ChecklistVersion, Person
from domain.patrols import items, templates
from domain.patrols.delivery import Done
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


def not_own_name(session: Session, typed: str, *, actor: Actor) -> Sentence | None:
    """Return what is wrong with a name typed as a signature; None where it is the full name of who signs."""
    person = session.get(Person, actor.person_id) if actor.person_id else None
    if person is not None and _bare(typed) == _bare(person.name):
        return None
    return Sentence("Sign with your own full name: %(name)s.", name=person.name if person else "–")


def _bare(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def finish(
    session: Session, case: Case, *, ended: Corrected, points: int, points_done: int, failed: int,
    signed: Done | None, actor: Actor, at: datetime,
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
    data = {"worked_until": ended.at, "points": points, "points_done": points_done, "failed": failed}
    if signed is not None:
        data |= {"signature": signed.signature, "signed_name": signed.typed}
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
