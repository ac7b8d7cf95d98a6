"""Forgets what has served its time: forms never sent, sign-ins that are over, throttles, repeated requests."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, or_, select
from sqlmodel import Session, col

from domain import (
    errand_files,
    errands,
    heartbeats,
    idempotency,
    notices,
    papers,
    photos,
    product_settings,
    sign_in_codes,
    throttles,
)
from domain.models import Photo, SignIn, TimetableRun, VaultItem
from domain.settings import Settings

PHOTOS_AFTER = timedelta(hours=24)
"""A photo or document whose form was not sent within a day never will be."""
HELD_PHOTOS_AFTER = timedelta(days=30)
"""A photo of a patrol may come days before the record that names it: so long a phone may be without a network."""
SIGN_INS_AFTER = timedelta(days=1)
"""Beyond the longest sign-in; until then the record says why somebody was sent to the sign-in page."""
CODES_AFTER = timedelta(days=1)
THROTTLES_AFTER = timedelta(hours=24)
REPEATED_AFTER = timedelta(hours=48)
"""So long the same `Idempotency-Key` gets the same answer."""
ERRAND_FILES_AFTER = timedelta(days=7)
"""So long a file that an errand made can be fetched; what it was given goes then, too, unless it is still open."""
ERRANDS_AFTER = timedelta(days=90)
NOTICES_AFTER = timedelta(days=400)
"""A year and the holidays after it; what went out by telephone stays with its case."""
TIMETABLE_AFTER = timedelta(days=30)
"""What the timetable did stays readable so long; one job writes 720 rows a day."""


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many of each were forgotten, and the storage keys of photos that nothing names any more."""

    counts: dict[str, int]
    files: tuple[str, ...]
    papers: tuple[str, ...] = ()
    """Storage keys of documents whose form was never sent, or whose time is over."""
    named_papers: frozenset[str] = frozenset()
    """Storage keys of the documents that are left."""


def tidy(session: Session, *, at: datetime) -> Tidied:
    """Forget what is too old at that moment; once this is committed, `remove_all_files` removes the files."""
    photo_count, files = _photos(session, before=at - PHOTOS_AFTER, held_before=at - HELD_PHOTOS_AFTER)
    unsent = papers.forget_unclaimed(session, before=at - PHOTOS_AFTER)
    counts = {
        "photos": photo_count,
        "papers": len(unsent),
        "sign_ins": _sign_ins(session, at=at),
        "throttles": throttles.forget_old(session, before=at - THROTTLES_AFTER),
        "repeated": idempotency.forget_old(session, before=at - REPEATED_AFTER),
        "heartbeats": heartbeats.forget_old(session, at=at),
        "codes": sign_in_codes.forget_old(session, before=at - CODES_AFTER),
        "errands": errands.forget_old(session, before=at - ERRANDS_AFTER),
        "notices": notices.forget_old(session, before=at - NOTICES_AFTER),
        "timetable": _timetable(session, before=at - TIMETABLE_AFTER),
    }
    return Tidied(counts, files, tuple(unsent), papers.named_files(session))


def remove_all_files(tidied: Tidied, settings: Settings, *, at: datetime) -> None:
    """Delete the files of all that was forgotten at that moment, and those of documents that an earlier crash left."""
    remove_files(tidied.files, settings.photos, at=at)
    directory = papers.folder(settings)
    papers.remove_files(tidied.papers, directory)
    papers.remove_unnamed(directory, named=tidied.named_papers, before=at - PHOTOS_AFTER)


def remove_files(files: Iterable[str], directory: Path, *, at: datetime) -> None:
    """Delete the files of photos forgotten at that moment, but for those stored again since."""
    for key in files:
        photos.remove(key, directory, before=at - PHOTOS_AFTER)


def remove_errand_files(directory: Path, *, still_needed: Collection[str], at: datetime) -> int:
    """Delete the errands' files whose time is over at that moment, and return how many."""
    return errand_files.remove_old(directory, before=at - ERRAND_FILES_AFTER, keep=still_needed)


def _timetable(session: Session, *, before: datetime) -> int:
    done = session.connection().execute(delete(TimetableRun).where(col(TimetableRun.at) < before))
    return done.rowcount


def _photos(session: Session, *, before: datetime, held_before: datetime) -> tuple[int, tuple[str, ...]]:
    is_over = or_(col(Photo.held_for).is_(None), col(Photo.made_at) < held_before)
    unclaimed = (col(Photo.case_id).is_(None), col(Photo.made_at) < before, is_over)
    old = session.execute(select(col(Photo.id), col(Photo.storage_key), col(Photo.position_sealed)).where(*unclaimed))
    rows = list(old)
    ids = [row.id for row in rows]
    session.execute(delete(Photo).where(col(Photo.id).in_(ids)))
    positions = [row.position_sealed for row in rows if row.position_sealed]
    session.execute(delete(VaultItem).where(col(VaultItem.id).in_(positions)))
    keys = {row.storage_key for row in rows}
    used = session.execute(select(col(Photo.storage_key)).where(col(Photo.storage_key).in_(keys))).scalars()
    return len(ids), tuple(sorted(keys - set(used)))


def _sign_ins(session: Session, *, at: datetime) -> int:
    over = at - timedelta(hours=product_settings.value(session, "session_hours")) - SIGN_INS_AFTER
    old = or_(col(SignIn.started_at) < over, col(SignIn.ended_at) < at - SIGN_INS_AFTER)
    result: Any = session.execute(delete(SignIn).where(old))
    return int(result.rowcount)
