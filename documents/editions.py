"""Makes the files of a report, and makes them again: counted, named, written as JSON, XLSX and PDF.

Whatever goes into a file stands in the edition or comes from the measures as of its moment, so that the same edition
made again has the same bytes, after a district was renamed and after more happened to the cases.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlmodel import Session

from documents import made_by, sla_json, sla_report, sla_workbook
from domain.database import Database
from domain.errand_files import FileGone
from domain.language import Sentence
from domain.models import ReportEdition
from domain.reporting import case_rows, editions, files
from domain.reporting import reach as reaches
from domain.reporting.content import Content
from domain.reporting.editions import FORMATS, Format, Made, Wish
from domain.reporting.names import names_in
from domain.reporting.numbers import numbers
from domain.reporting.reach import Reach
from domain.settings import Settings

MEDIA_TYPES: Mapping[Format, str] = {
    "pdf": sla_report.MEDIA_TYPE,
    "xlsx": sla_workbook.MEDIA_TYPE,
    "json": sla_json.MEDIA_TYPE,
}
STEPS = 5
"""Of which a progress bar hears: counted, and each form twice."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of making an edition again."""

    differing: tuple[Format, ...]
    by_version: str
    """The version that made it first."""

    @property
    def reason(self) -> Sentence:
        """Return in words what differs, and why it may."""
        names = ", ".join(name.upper() for name in self.differing)
        if self.by_version != made_by.current():
            return Sentence("Not the same bytes: %(names)s. It was made by version %(then)s, this is %(now)s.",
                            names=names, then=self.by_version, now=made_by.current())  # fmt: skip
        return Sentence("Not the same bytes: %(names)s. What it was counted from has been changed.", names=names)


def make(
    database: Database,
    wish: Wish,
    *,
    key: str,
    edition_id: UUID,
    as_of: datetime,
    settings: Settings,
    wanted: tuple[Format, ...] = FORMATS,
    progress: Progress | None = None,
) -> Made:
    """Count a report as of a moment, write its files and store them. printing.CannotPrint, tables_out.TooManyRows."""
    told = progress or (lambda _done, _total: None)
    told(0, STEPS)
    with database.read() as session:
        content = counted(session, wish, edition_id=edition_id, as_of=as_of, settings=settings)
        told(1, STEPS)
        found = {
            name: (files.store(body, settings.report_files), len(body))
            for name, body in _written(session, content, wish.reach, wanted, told)
        }
    return Made(key, wish, content, found)


def counted(session: Session, wish: Wish, *, edition_id: UUID | None, as_of: datetime, settings: Settings) -> Content:
    """Return what a report says as of a moment, with names as they read now."""
    asked = replace(wish.asked, as_of=as_of)
    found = numbers(session, asked, actor=reaches.actor_of(wish.reach), at=as_of)
    areas, hazards = case_rows.named(session, asked, actor=reaches.actor_of(wish.reach), as_of=as_of)
    names = names_in(session, found, areas=areas, hazards=hazards)
    address = f"{settings.public_url.rstrip('/')}/reports/editions/{edition_id}" if edition_id else ""
    return Content(
        wish.kind, found, names, editions.where_of(session, wish), editions.issuer_of(session, wish), wish.locale,
        made_by.current(), edition_id, address,
    )  # fmt: skip


def written(session: Session, content: Content, reach: Reach, wanted: Format) -> bytes:
    """Return one file of a report that is not kept. printing.CannotPrint, tables_out.TooManyRows."""
    bodies = dict(_written(session, content, reach, (wanted,), lambda _done, _total: None))
    return bodies[wanted]


def compare(database: Database, edition: ReportEdition, *, folder: Path, progress: Progress | None = None) -> Compared:
    """Make an edition anew from the measures and compare every file's sum with the kept one, and the kept file's."""
    told = progress or (lambda _done, _total: None)
    told(0, STEPS)
    reach, differing = reaches.from_text(edition.reach), []
    with database.read() as session:
        asked = editions.asked_of(edition)
        again = numbers(session, asked, actor=reaches.actor_of(reach), at=edition.as_of)
        content = editions.content_of(edition, numbers=again)
        told(1, STEPS)
        for name, body in _written(session, content, reach, editions.formats_of(edition), told):
            kept = edition.files[name]["sha256"]
            if files.sum_of(body) != kept or _stored(kept, folder) != kept:
                differing.append(name)
    return Compared(tuple(differing), edition.version)


def _stored(name: str, folder: Path) -> str:
    try:
        return files.sum_of(files.path_of(name, folder).read_bytes())
    except FileGone:
        return ""


def _written(
    session: Session, content: Content, reach: Reach, wanted: tuple[Format, ...], told: Progress
) -> Iterator[tuple[Format, bytes]]:
    data = sla_json.write(content)
    checksum = files.sum_of(data)
    if "json" in wanted:
        yield "json", data
    told(2, STEPS)
    if "pdf" in wanted:
        yield "pdf", sla_report.write(content, checksum=checksum)
    told(3, STEPS)
    if "xlsx" in wanted:
        yield "xlsx", _workbook(session, content, reach, checksum)
    told(STEPS, STEPS)


def _workbook(session: Session, content: Content, reach: Reach, checksum: str) -> bytes:
    asked, as_of = content.numbers.asked, content.numbers.as_of
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        rows = case_rows.rows(session, asked, actor=reaches.actor_of(reach), as_of=as_of)
        sla_workbook.write(path, content, rows, checksum=checksum)
        return path.read_bytes()
