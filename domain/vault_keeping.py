"""Asks for the two works on the vault, changing its keys and removing what has served its time, and records them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import access, errands, register_log, sealed
from domain.actors import SYSTEM, Actor
from domain.models import Errand
from domain.rights import Right

ROTATE, REDACT = "rotate_keys", "redact_reports"
VAULT = UUID("5f1d7a52-6c3e-5f0b-9a51-76a1c0de5ea1")
"""The vault as a subject of the register's record; there is one."""


def ask(session: Session, kind: str, *, actor: Actor, at: datetime) -> Errand:
    """Promise the work and return the errand, or the one that is under way already. Raises `NotPermitted`."""
    access.require(session, actor, Right.KEEP_VAULT, anywhere=True)
    under_way = open_errand(session, kind)
    if under_way is not None:
        return under_way
    register_log.record(session, "vault", VAULT, kind, actor=actor, at=at, data={"key": sealed.keyring().current_id})
    return errands.promise(session, kind, key=f"{kind}:{at.isoformat()}", at=at, made_by=actor.person_id)


def note_done(session: Session, kind: str, *, at: datetime, count: int) -> None:
    """Record how much was changed or removed."""
    data = {"key": sealed.keyring().current_id, "count": count}
    register_log.record(session, "vault", VAULT, f"{kind}_done", actor=SYSTEM, at=at, data=data)


def open_errand(session: Session, kind: str) -> Errand | None:
    """Return the errand of that kind that is under way or waits."""
    query = select(Errand).where(col(Errand.kind) == kind, col(Errand.state).in_(errands.OPEN))
    return session.execute(query.order_by(col(Errand.made_at)).limit(1)).scalar_one_or_none()


def last_errand(session: Session, kind: str) -> Errand | None:
    """Return the newest errand of that kind."""
    query = select(Errand).where(col(Errand.kind) == kind).order_by(col(Errand.made_at).desc())
    return session.execute(query.limit(1)).scalar_one_or_none()
