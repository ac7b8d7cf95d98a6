"""Takes a photo in before its form is submitted; where it was taken is sealed."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from domain import photos, sealed
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Photo

POSITION = "photo_position"


def keep(database: Database, data: bytes, filename: str, *, at: datetime, directory: Path) -> Photo:
    """Store a photo that belongs to no case yet and return its row.

    Raises `NotAnImage` or `PhotoTooLarge`, naming the file. Decoding takes up to a second and holds no
    transaction. `domain.cases.attach_photos` makes it part of a case.
    """
    taken = photos.take_photo(data, filename)
    key = photos.store(taken, directory)
    with database.write() as session:
        row = Photo(
            id=new_id(),
            storage_key=key,
            original_sha256=taken.original_sha256,
            width=taken.width,
            height=taken.height,
            size=len(taken.jpeg),
            position_sealed=_seal(session, taken.position, at=at),
            taken_at=taken.taken_at,
            made_at=at,
        )
        session.add(row)
    return row


def keep_as(
    database: Database,
    photo_id: UUID,
    data: bytes,
    filename: str,
    *,
    at: datetime,
    directory: Path,
    original_sha256: str | None = None,
    held_for: UUID | None = None,
) -> tuple[Photo, bool]:
    """Store a photo under an id its sender gave, as `keep` does; return its row and whether it is new.

    Sent again it is there already, also when two requests bring it at once: what came first stays.
    `original_sha256`: of the picture before its sender shrank it, which tells a picture that is used twice. `held_for`:
    the patrol it belongs to, so that it waits for its record longer than for a form (`domain.tidying`).
    """
    with database.read() as session:
        known = session.get(Photo, photo_id)
    if known is not None:
        return known, False
    taken = photos.take_photo(data, filename)
    key = photos.store(taken, directory)
    row = Photo(
        id=photo_id, storage_key=key, original_sha256=original_sha256 or taken.original_sha256, width=taken.width,
        height=taken.height, size=len(taken.jpeg), taken_at=taken.taken_at, made_at=at,
        held_for=held_for,
    )  # fmt: skip
    with database.write() as session:
        dialect: Any = sqlite if database.is_sqlite else postgresql
        values = row.model_dump() | {"position_sealed": _seal(session, taken.position, at=at)}
        inserted = dialect.insert(Photo).values(**values).on_conflict_do_nothing().returning(Photo.id)
        is_new = session.connection().execute(inserted).first() is not None
    return row, is_new


def _seal(session: Session, position: photos.Position | None, *, at: datetime) -> UUID | None:
    if position is None:
        return None
    text = json.dumps({"lat": position.latitude, "lon": position.longitude})
    return sealed.put(session, text, kind=POSITION, case_id=None, at=at)


def by_id(session: Session, photo_id: UUID) -> Photo:
    """Return the photo's row; raises `PhotoMissing`."""
    row = session.get(Photo, photo_id)
    if row is None:
        raise photos.PhotoMissing(str(photo_id))
    return row


def unclaimed(session: Session, photo_ids: list[UUID]) -> set[UUID]:
    """Return those of the photos that exist and belong to no case yet."""
    rows = session.exec(select(Photo.id).where(col(Photo.id).in_(photo_ids), col(Photo.case_id).is_(None)))
    return set(rows)


def of_case(session: Session, case_id: UUID) -> list[Photo]:
    """Return a case's photos, the oldest first."""
    return list(session.exec(select(Photo).where(Photo.case_id == case_id).order_by(Photo.id)))  # type: ignore[arg-type]
