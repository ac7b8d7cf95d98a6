"""Papers: files that come with an application or belong to a venue, such as a licence.

A PDF is kept as it is, a picture without its metadata. A file is whole before its row is written; what no form claimed
is forgotten by `domain.tidying`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlmodel import Session, col

from domain import errand_files, photos
from domain.database import Database
from domain.identifiers import new_id
from domain.language import Label, Sentence
from domain.models import Document
from domain.settings import Settings

LARGEST_MB = 10
LARGEST_BYTES = LARGEST_MB * 1024 * 1024
LONGEST_NAME = 120
PDF, JPEG = "application/pdf", "image/jpeg"
_TAIL = 2048
"""Where a whole PDF says that it ends (ISO 32000-1, 7.5.5, and what readers forgive)."""

APPLICATION = "application"
"""The kind of what came with one; every other kind is the catalogue's (`catalogue.document_kinds`)."""
APPLICATION_LABEL = Label("入驻材料", "Came with the application")


class PaperRefused(Exception):
    """The file cannot be taken; `reason` names it and says why."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Taken:
    """A file fit to be kept."""

    name: str
    media_type: str
    content: bytes


def folder(settings: Settings) -> Path:
    """Return where papers lie; web part and workers share it."""
    return settings.documents


def take(data: bytes, filename: str) -> Taken:
    """Return the file as it may be kept, or raise `PaperRefused`: a PDF, or a picture without its metadata."""
    name = _shown(filename)
    if len(data) > LARGEST_BYTES:
        raise PaperRefused(Sentence("“%(name)s” is larger than %(limit)s MB.", name=name, limit=LARGEST_MB))
    if data.startswith(b"%PDF-"):
        if b"%%EOF" not in data[-_TAIL:]:
            raise PaperRefused(Sentence("“%(name)s” is damaged: the end of the PDF is missing.", name=name))
        return Taken(name, PDF, data)
    if not data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        raise PaperRefused(Sentence("“%(name)s” is neither a PDF nor a JPEG or PNG picture.", name=name))
    try:
        return Taken(name, JPEG, photos.take_photo(data, filename).jpeg)
    except photos.PhotoRefused as refused:
        raise PaperRefused(refused.reason) from refused


def keep(database: Database, data: bytes, filename: str, *, kind: str, at: datetime, directory: Path) -> Document:
    """Store a paper that belongs to nothing yet and return its row; raises `PaperRefused`. Holds no transaction."""
    taken = take(data, filename)
    row = Document(
        id=new_id(),
        kind=kind,
        name=taken.name,
        media_type=taken.media_type,
        storage_key=errand_files.store(taken.content, directory),
        sha256=hashlib.sha256(taken.content).hexdigest(),
        size=len(taken.content),
        made_at=at,
    )
    with database.write() as session:
        session.add(row)
    return row


def by_ids(session: Session, ids: Collection[UUID]) -> list[Document]:
    """Return the papers of those ids that exist, the oldest first."""
    return list(session.execute(select(Document).where(col(Document.id).in_(ids)).order_by(col(Document.id))).scalars())


def of_case(session: Session, case_id: UUID) -> list[Document]:
    """Return the papers that came with an application and were not taken back, the oldest first."""
    mine = (col(Document.case_id) == case_id, col(Document.ended_at).is_(None))
    return list(session.execute(select(Document).where(*mine).order_by(col(Document.id))).scalars())


def claim(session: Session, case_id: UUID, ids: Iterable[UUID], *, at: datetime) -> bool:
    """Make those papers, and no others, the papers of an application; False when one is not there or not free.

    What it had before and is not named any more ends; the files stay, for the record of what was reviewed.
    """
    wanted = set(ids)
    table: Any = Document.__table__  # type: ignore[attr-defined]
    connection = session.connection()
    had = {paper.id for paper in of_case(session, case_id)}
    free = (table.c.case_id.is_(None), table.c.venue_id.is_(None), table.c.ended_at.is_(None))
    new = wanted - had
    taken = connection.execute(update(table).where(table.c.id.in_(new), *free).values(case_id=case_id))
    connection.execute(update(table).where(table.c.id.in_(had - wanted)).values(ended_at=at))
    return taken.rowcount == len(new)


def detach(session: Session, case_id: UUID, *, at: datetime) -> int:
    """Take from an application the papers that no venue took over, replaced ones too, and return how many.

    They belong to nothing then: the tidying removes rows and files, also after a crash.
    """
    detached: Any = session.execute(update(Document).where(*_left_with(case_id)).values(case_id=None, ended_at=at))
    return int(detached.rowcount)


def are_left_with(case_id: Any) -> ColumnElement[bool]:  # noqa: ANN401 - an id, or a column of ids
    """Return the condition that an application still has papers which no venue took over."""
    return exists().where(*_left_with(case_id))


def _left_with(case_id: Any) -> tuple[ColumnElement[bool], ...]:  # noqa: ANN401
    return (col(Document.case_id) == case_id, col(Document.venue_id).is_(None))


def hand_over(session: Session, case_id: UUID, venue_id: UUID) -> list[Document]:
    """Give the papers of an application to the venue it became, and return them."""
    moved = of_case(session, case_id)
    for paper in moved:
        paper.venue_id = venue_id
    session.flush()
    return moved


def content(paper: Document, directory: Path) -> bytes:
    """Return what is in a paper; raises `errand_files.FileGone`."""
    return errand_files.path_of(paper.storage_key, directory).read_bytes()


def forget_unclaimed(session: Session, *, before: datetime) -> list[str]:
    """Remove the rows of papers whose form was never sent, and return the keys of their files."""
    unclaimed = (col(Document.case_id).is_(None), col(Document.venue_id).is_(None), col(Document.made_at) < before)
    rows = list(session.execute(select(col(Document.id), col(Document.storage_key)).where(*unclaimed)))
    session.execute(delete(Document).where(col(Document.id).in_([row.id for row in rows])))
    return [row.storage_key for row in rows]


def remove_files(keys: Iterable[str], directory: Path) -> None:
    """Delete the files of papers that were forgotten; no two papers share one."""
    for key in keys:
        with suppress(errand_files.FileGone):
            errand_files.path_of(key, directory).unlink(missing_ok=True)


def named_files(session: Session) -> frozenset[str]:
    """Return the keys of all files that a row names."""
    return frozenset(session.execute(select(col(Document.storage_key))).scalars())


def remove_unnamed(directory: Path, *, named: Collection[str], before: datetime) -> int:
    """Delete the files from before that moment which no row names, and return how many: left behind by a crash."""
    return errand_files.remove_old(directory, before=before, keep=named)


def _shown(filename: str) -> str:
    last = filename.replace("\\", "/").rpartition("/")[2]
    plain = "".join(character for character in last if character.isprintable()).strip()
    return plain[-LONGEST_NAME:] or "?"
