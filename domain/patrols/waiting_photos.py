"""Photos that come long before or after the record that names them: held for their patrol, or given to it late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain import cases
from domain.actors import Actor
from domain.models import PatrolAnswer, Photo, TimelineEntry
from domain.patrols import arrival, syncing
from domain.patrols.delivery import PHOTOS_OF_TASK
from domain.processes.patrol_task import ENDINGS, PATROL_TASK

_ANSWERS: Any = PatrolAnswer.__table__  # type: ignore[attr-defined]


def holding(session: Session, task: str, *, actor: Actor, at: datetime) -> UUID | None:
    """Return the patrol a photo is to be held for; None when the actor may not carry it out, or enough are held.

    What is held is nobody's to see until a record names it; `domain.tidying` forgets it after thirty days.
    """
    case_id = _id_of(task)
    if case_id is None:
        return None
    try:
        case = cases.by_id(session, case_id)
    except cases.UnknownCase:
        return None
    if case.process != PATROL_TASK.name or not syncing.may_bring(session, case, actor, at):
        return None
    waiting = (col(Photo.held_for) == case_id, col(Photo.case_id).is_(None))
    count: int = session.execute(select(func.count()).select_from(Photo).where(*waiting)).scalar_one()
    return case_id if count < PHOTOS_OF_TASK else None


def claim_late(session: Session, photo_id: UUID, task: str, *, actor: Actor) -> bool:
    """Give a photo that arrives after the record naming it to the task; return whether it was given.

    Only of their own: whoever sends it gave the answer, or signed. A photo that comes first waits for its record. No
    task takes more than `PHOTOS_OF_TASK`, in whatever order they come.
    """
    case_id = _id_of(task)
    if case_id is None or str(photo_id) not in _named(session, case_id, actor):
        return False
    count = select(func.count()).select_from(Photo).where(col(Photo.case_id) == case_id)
    if session.execute(count).scalar_one() >= PHOTOS_OF_TASK:
        return False
    arrival.attach(session, case_id, [photo_id])
    return True


def _named(session: Session, case_id: UUID, actor: Actor) -> Iterator[str]:
    """Yield the ids of all photos that the actor's records of a task name."""
    mine = (_ANSWERS.c.case_id == case_id, _ANSWERS.c.person_id == actor.person_id)
    for photos in session.execute(select(_ANSWERS.c.photos).where(*mine)).scalars():
        yield from photos
    ended = select(col(TimelineEntry.data)).where(
        col(TimelineEntry.case_id) == case_id, col(TimelineEntry.transition).in_(ENDINGS),
        col(TimelineEntry.actor_id) == actor.person_id,
    )  # fmt: skip
    for data in session.execute(ended).scalars():
        yield str(data.get("signature"))


def _id_of(task: str) -> UUID | None:
    try:
        return UUID(task)
    except ValueError:
        return None
