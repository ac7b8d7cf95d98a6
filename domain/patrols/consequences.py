"""What follows from an answer that is not fine, in the transaction that takes it in: a rectification, and a call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import Session, col

from domain import cases, rectifications
from domain.actors import SYSTEM, VENUE_SIDE, Actor
from domain.models import Case, PatrolAnswer
from domain.patrols.intake import Judged
from domain.patrols.sheet import VENUE_ITSELF, Sheet
from domain.rectifications import FoundOnPatrol

_ANSWERS: Any = PatrolAnswer.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Opened:
    """The rectification of one answer."""

    answer: UUID
    number: str


def order(
    session: Session, case: Case, sheet: Sheet, failing: Iterable[Judged], *, actor: Actor, at: datetime
) -> list[Opened]:
    """Open a rectification for each of these answers whose item names a hazard, or link the one that is open."""
    named = [one for one in failing if one.item.hazard is not None]
    if not named:
        return []
    opened = []
    by_venue = not actor.roles or actor.plays(*VENUE_SIDE)
    for one in named:
        found = FoundOnPatrol(
            hazard=str(one.item.hazard), answer=one.answer.id, found_by=actor.person_id, is_by_venue=by_venue,
            point_id=sheet.by_seq[one.answer.point].id if one.answer.point != VENUE_ITSELF else None,
            place=_place(sheet, one.answer.point), photos=tuple(one.answer.photos),
            is_on_spot=one.item.on_spot or one.item.is_critical, was_corrected=one.answer.corrected,
        )  # fmt: skip
        rectification = rectifications.open_from_patrol(session, case, found, at=at)
        session.execute(
            update(_ANSWERS).where(_ANSWERS.c.id == one.answer.id).values(rectification_id=rectification.id)
        )
        opened.append(Opened(one.answer.id, rectification.number))
    return opened


def _place(sheet: Sheet, point: int) -> str:
    if point == VENUE_ITSELF:
        return sheet.venue.name
    there = sheet.by_seq[point]
    return " ".join(part for part in (sheet.venue.name, there.name.zh, there.location) if part)[:200]


def report_critical(
    session: Session, case: Case, sheet: Sheet, failing: Iterable[Judged], opened: list[Opened], *, at: datetime
) -> None:
    """Say once in the timeline that something grave was found, which calls the manager; the worst stands first.

    One call for all of a delivery: ten of them would not be heard.
    """
    critical = [one for one in failing if one.item.is_critical and not one.answer.corrected]
    if not critical:
        return
    first, numbers = critical[0], {one.answer: one.number for one in opened}
    point = first.answer.point
    cases.fire(
        session, case, "report_critical", actor=SYSTEM, at=at,
        data={"answer": first.answer.id, "item": first.item.code, "title": first.item.zh,
              "point": "" if point == VENUE_ITSELF else sheet.by_seq[point].name.zh,
              "rectification": numbers.get(first.answer.id), "others": len(critical) - 1},
    )  # fmt: skip


def numbers_of(session: Session, case_id: UUID) -> dict[UUID, str]:
    """Return answer → number of its rectification, of a whole task."""
    query = select(_ANSWERS.c.id, col(Case.number)).join(Case, col(Case.id) == _ANSWERS.c.rectification_id)
    return {row[0]: row[1] for row in session.execute(query.where(_ANSWERS.c.case_id == case_id))}
