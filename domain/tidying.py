"""Forgets what has served its time: forms never sent, sign-ins that are over, throttles, repeated requests."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, or_, select
from sqlmodel import Session, col

from domain import heartbeats, idempotency, photos, throttles
from domain.models import Photo, SignIn, VaultItem
from domain.settings import get_settings

PHOTOS_AFTER = timedelta(hours=24)
"""A photo whose form was not sent within a day never will be."""
SIGN_INS_AFTER = timedelta(days=1)
"""Beyond the longest sign-in; until then the record says why somebody was sent to the sign-in page."""
THROTTLES_AFTER = timedelta(hours=24)
REPEATED_AFTER = timedelta(hours=48)
"""So long the same `Idempotency-Key` gets the same answer."""


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many of each were forgotten."""

    photos: int
    sign_ins: int
    throttles: int
    repeated: int
    heartbeats: int


def tidy(session: Session, *, at: datetime, photo_directory: Path) -> dict[str, int]:
    """Forget what is too old at that moment, with the files, and return how many of each."""
    done = Tidied(
        photos=_photos(session, before=at - PHOTOS_AFTER, directory=photo_directory),
        sign_ins=_sign_ins(session, at=at),
        throttles=throttles.forget_old(session, before=at - THROTTLES_AFTER),
        repeated=idempotency.forget_old(session, before=at - REPEATED_AFTER),
        heartbeats=heartbeats.forget_old(session, at=at),
    )
    return asdict(done)


def _photos(session: Session, *, before: datetime, directory: Path) -> int:
    unclaimed = (col(Photo.case_id).is_(None), col(Photo.made_at) < before)
    old = session.execute(select(col(Photo.id), col(Photo.storage_key), col(Photo.position_sealed)).where(*unclaimed))
    rows = list(old)
    ids = [row.id for row in rows]
    session.execute(delete(Photo).where(col(Photo.id).in_(ids)))
    positions = [row.position_sealed for row in rows if row.position_sealed]
    session.execute(delete(VaultItem).where(col(VaultItem.id).in_(positions)))
    # Files before the commit: a row without its file, should the commit fail, belongs to no case and goes next time.
    for key in {row.storage_key for row in rows}:
        used = session.execute(select(col(Photo.id)).where(col(Photo.storage_key) == key).limit(1)).first()
        if used is None:
            photos.remove(key, directory, before=before)
    return len(ids)


def _sign_ins(session: Session, *, at: datetime) -> int:
    over = at - timedelta(hours=get_settings().session_hours) - SIGN_INS_AFTER
    old = or_(col(SignIn.started_at) < over, col(SignIn.ended_at) < at - SIGN_INS_AFTER)
    result: Any = session.execute(delete(SignIn).where(old))
    return int(result.rowcount)
