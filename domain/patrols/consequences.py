"""What follows from an answer that is not fine, in the transaction that takes it in: a rectification, and a call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlmodel import Session

from domain import cases, rectifications
from domain.actors import SYSTEM, Actor
from domain.models import Case, PatrolAnswer
from domain.patrols.intake import Judged
from domain.patrols.sheet import VENUE_ITSELF, Sheet
from domain.rectifications import FoundOnPatrol

_ANSWERS: Any = PatrolAnswer.__table__  # type: ignore[attr-defined]
_LINK = update(_ANSWERS).where(_ANSWERS.c.id == bindparam("_answer")).values(rectification_id=bindparam("_case"))


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
    by_venue = sheet.venue.id in actor.venue_ids
    found = [
        FoundOnPatrol(
            hazard=str(one.item.hazard), answer=one.answer.id, found_by=actor.person_id, is_by_venue=by_venue,
            point_id=sheet.by_seq[one.answer.point].id if one.answer.point != VENUE_ITSELF else None,
            place=_place(sheet, one.answer.point), photos=tuple(one.answer.photos),
            is_on_spot=one.item.on_spot or one.item.is_critical, was_corrected=one.answer.corrected,
        )
        for one in named
    ]  # fmt: skip
    opened = rectifications.open_from_patrol(session, case, found, at=at)
    links = [{"_answer": answer, "_case": there.id} for answer, there in opened.items()]
    session.connection().execute(_LINK, links)
    return [Opened(answer, there.number) for answer, there in opened.items()]


def _place(sheet: Sheet, point: int) -> str:
    if point == VENUE_ITSELF:
        return sheet.venue.name
    there = sheet.by_seq[point]
    return " ".join(part for part in (sheet.venue.name, there.name.zh, there.location) if part)[:200]


def unheard_of(failing: Iterable[Judged], before: Iterable[Any]) -> list[Judged]:
    """Return those of the failing answers that nobody was called about, given the task's answers of before, as rows.

    What fails round after round, or on a second phone, is told once; found in order in between, it is told again.
    """
    last: dict[tuple[int, str], Any] = {}
    for row in before:
        same = last.get((row.point, row.item))
        if same is None or (row.round, row.outcome == "fail") > (same.round, same.outcome == "fail"):
            last[row.point, row.item] = row
    known = {key for key, row in last.items() if row.outcome == "fail"}
    return [one for one in failing if (one.answer.point, one.item.code) not in known]


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
