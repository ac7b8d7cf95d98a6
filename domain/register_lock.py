"""Two people at one record of the register: the second is told what changed. Holds rows, writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col

from domain.language import Sentence
from domain.models import RegisterEntry, RegisterHead

Row = TypeVar("Row", bound=SQLModel)


class RegisterChanged(Exception):
    """Somebody else changed the record since its form was opened; `entries` are what happened, the newest first."""

    reason = Sentence("The record was changed after this form was opened.")

    def __init__(self, entries: Sequence[RegisterEntry], version: int) -> None:
        super().__init__(f"now at version {version}")
        self.entries = tuple(entries)
        self.version = version


class NotNow(Exception):
    """What was asked for cannot be done as the record stands; `reason` says why."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(str(reason))
        self.reason = reason


def held(session: Session, model: type[Row], row_id: UUID) -> Row | None:
    """Return a row as it stands, held against other writers until the end of the transaction.

    Rows that refer to it can still be inserted meanwhile (PostgreSQL: FOR NO KEY UPDATE).
    """
    key: Any = model.id  # type: ignore[attr-defined]
    query = select(model).where(key == row_id).with_for_update(key_share=True)
    found: Row | None = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    return found


def version_of(session: Session, subject_id: UUID) -> int:
    """Return how many entries the subject's record has; a form carries it, and `expect` compares."""
    query = select(col(RegisterHead.version)).where(col(RegisterHead.subject_id) == subject_id)
    return session.execute(query).scalar() or 0


def expect(session: Session, subject_id: UUID, version: int | None) -> None:
    """Raise `RegisterChanged` unless the subject's record stands at `version`; None asks for nothing.

    The caller holds the subject's row, so that it cannot move until the end of the transaction.
    """
    if version is None:
        return
    now = version_of(session, subject_id)
    if now == version:
        return
    query = select(RegisterEntry).where(col(RegisterEntry.subject_id) == subject_id, col(RegisterEntry.seq) > version)
    later = session.execute(query.order_by(col(RegisterEntry.seq).desc()).limit(20)).scalars().all()
    for entry in later:
        session.expunge(entry)  # they outlive the transaction, which is about to be rolled back
    raise RegisterChanged(later, now)


def made_by(session: Session, subject_id: UUID, person_id: UUID | None) -> bool:
    """Return whether the subject's first entry is this person's: a form that was sent twice."""
    query = select(col(RegisterEntry.actor_id)).where(
        col(RegisterEntry.subject_id) == subject_id, col(RegisterEntry.seq) == 1
    )
    return session.execute(query).scalar() == person_id
