"""Uploaded photos until they become part of a case: their rows, and their place of origin sealed."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select
from sqlmodel import Session, col

from domain import photos, sealed
from domain.identifiers import new_id
from domain.models import Photo


def record(session: Session, photo: photos.Photo, *, at: datetime, source: str = "reporter") -> UUID:
    """Make a photo that `photos.store` has written known, and return the id a form names it by.

    `source` is reporter or staff; who attaches the photo to a case has the last word.
    """
    origin = None
    if photo.position is not None:
        where = json.dumps({"lat": photo.position.latitude, "lon": photo.position.longitude})
        origin = sealed.put(session, where, kind="photo_position", case_id=None, at=at)
    photo_id = new_id()
    row = {
        "id": photo_id,
        "case_id": None,
        "storage_key": photo.key,
        "original_sha256": photo.original_sha256,
        "width": photo.width,
        "height": photo.height,
        "size": len(photo.jpeg),
        "source": source,
        "position_sealed": origin,
        "taken_at": photo.taken_at,
        "made_at": at,
    }
    session.execute(insert(Photo), [row])
    return photo_id


def loose(session: Session, ids: list[UUID]) -> dict[UUID, str]:
    """Return id → storage key of those photos that exist and belong to no case yet."""
    if not ids:
        return {}
    free = (col(Photo.id).in_(ids), col(Photo.case_id).is_(None))
    rows = session.execute(select(col(Photo.id), col(Photo.storage_key)).where(*free))
    return {row.id: row.storage_key for row in rows}
