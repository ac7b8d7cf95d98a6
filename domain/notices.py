"""What people are told within the product: written once, counted, read. The words are made when somebody looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from domain.identifiers import new_id
from domain.models import Notice, Outbox

MOST_COUNTED = 100
"""The bell counts no further: "99+" says enough."""

_NOTICES: Any = Notice.__table__  # type: ignore[attr-defined]


def tell(session: Session, promise: Outbox, people: Iterable[UUID], *, data: Mapping[str, Any], at: datetime) -> int:
    """Tell these people what a promise is to tell, each once however often it is taken up; return how many were new.

    `data` are codes and moments, nothing that somebody wrote.
    """
    rows = [
        {"id": new_id(), "key": f"{promise.key}:{person}", "person_id": person, "case_id": promise.case_id,
         "outbox_id": promise.id, "kind": promise.effect, "data": dict(data), "at": at}
        for person in dict.fromkeys(people)
    ]  # fmt: skip
    if not rows:
        return 0
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(_NOTICES).values(rows).on_conflict_do_nothing(index_elements=["key"])
    return len(session.execute(statement.returning(_NOTICES.c.id)).all())


def note(session: Session, person_id: UUID, *, key: str, kind: str, data: Mapping[str, Any], at: datetime) -> bool:
    """Tell somebody what no case promised, once under its key; return whether it was new."""
    row = {"id": new_id(), "key": key, "person_id": person_id, "kind": kind, "data": dict(data), "at": at}
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(_NOTICES).values(row).on_conflict_do_nothing(index_elements=["key"])
    return session.execute(statement.returning(_NOTICES.c.id)).first() is not None


def note_many(session: Session, told: Iterable[tuple[UUID, str, Mapping[str, Any]]], *, kind: str, at: datetime) -> int:
    """Tell many people something, each (person, key, data) once under its key; return how many were new."""
    rows = [
        {"id": new_id(), "key": key, "person_id": person_id, "kind": kind, "data": dict(data), "at": at}
        for person_id, key, data in told
    ]  # fmt: skip
    if not rows:
        return 0
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(_NOTICES).values(rows).on_conflict_do_nothing(index_elements=["key"])
    return len(session.execute(statement.returning(_NOTICES.c.id)).all())


def told(session: Session, promise: Outbox) -> frozenset[UUID]:
    """Return who has a notice of this promise."""
    query = select(_NOTICES.c.person_id).where(_NOTICES.c.case_id == promise.case_id)
    return frozenset(session.execute(query.where(_NOTICES.c.outbox_id == promise.id)).scalars())


def unread(session: Session, person_id: UUID) -> int:
    """Return how many notices a person has not read; counting stops at `MOST_COUNTED`."""
    waiting = select(_NOTICES.c.id).where(*_unread(person_id)).limit(MOST_COUNTED).subquery()
    return int(session.execute(select(func.count()).select_from(waiting)).scalar_one())


def read(session: Session, person_id: UUID, notice_id: UUID, *, at: datetime) -> bool:
    """Mark one's own notice as read; False when one has no such notice. The first reading stays."""
    mine = (_NOTICES.c.id == notice_id) & (_NOTICES.c.person_id == person_id)
    if session.execute(select(_NOTICES.c.id).where(mine)).first() is None:
        return False
    session.execute(update(_NOTICES).where(mine, _NOTICES.c.read_at.is_(None)).values(read_at=at))
    return True


def read_all(session: Session, person_id: UUID, *, up_to: UUID, at: datetime) -> int:
    """Mark every notice of a person up to one of them as read and return how many were.

    One that came after the page was opened stays unread: nobody has seen it.
    """
    statement = update(_NOTICES).where(*_unread(person_id), _NOTICES.c.id <= up_to).values(read_at=at)
    marked: Any = session.execute(statement)
    return int(marked.rowcount)


def forget_old(session: Session, *, before: datetime) -> int:
    """Remove the notices of before that moment, read or not, and return how many; their cases keep the record."""
    removed: Any = session.execute(_NOTICES.delete().where(_NOTICES.c.at < before))
    return int(removed.rowcount)


def _unread(person_id: UUID) -> tuple[Any, ...]:
    return (_NOTICES.c.person_id == person_id, _NOTICES.c.read_at.is_(None))
