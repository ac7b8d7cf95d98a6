"""Editions: the list of those within one's reach, one of them with its files, and making it again to compare."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from fastapi import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from api.access import Router, needs
from api.deps import Conf, CurrentStaff, Db, Now
from api.middleware.limits import takes_little
from api.pages import reports_frame
from api.pages.reports_sla import HERE
from api.pages.staff_frame import staff_page
from documents.editions import MEDIA_TYPES
from domain import errands
from domain.errand_files import FileGone
from domain.language import Label
from domain.models import ReportEdition
from domain.people import local_day
from domain.reporting import editions, files, paper
from domain.reporting import reach as reaches
from domain.reporting.content import days_in
from domain.reporting.editions import FORMATS
from domain.reporting.periods import KINDS
from domain.rights import Right
from domain.settings import Settings

router = Router(include_in_schema=False)
COMPARE = "compare_report"
FIRST_YEAR = 2020


@dataclass(frozen=True, slots=True)
class EditionShown:
    """One edition as the list shows it."""

    row: ReportEdition
    kind: Label
    period: Label
    where: Label


@router.get("/reports")
@needs(Right.SEE_REPORTS)
def show_editions(
    request: Request, *, db: Db, at: Now, staff: CurrentStaff, kind: str = "", year: str = "", cursor: str = ""
) -> Response:
    """Show the editions within this person's reach, the newest first."""
    years = list(range(local_day(at).year, FIRST_YEAR - 1, -1))
    chosen = int(year) if year.isascii() and year.isdigit() and int(year) in years else None
    with db.read() as session:
        page = editions.page(session, staff.actor, kind=KINDS.get(kind), year=chosen, cursor=cursor)
    return staff_page(
        request, "pages/staff/reports/editions.html", staff=staff, at=at, here=HERE,
        editions=[_shown(row) for row in page.rows], next_cursor=page.next_cursor, is_first=not cursor,
        kinds=KINDS, kind=kind if kind in KINDS else "", years=years, year=chosen, formats=FORMATS,
    )  # fmt: skip


def _shown(row: ReportEdition) -> EditionShown:
    period = Label(*(days_in(row.from_on, row.until_on, locale) for locale in ("zh_CN", "en")))
    return EditionShown(row, KINDS[row.kind].label, period, Label(*row.asked["where"]))


@router.get("/reports/editions/{edition_id}")
@needs(Right.SEE_REPORTS)
def show_edition(request: Request, edition_id: UUID, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show one edition: what was asked, its main numbers as they were then, its files and their sums."""
    with db.read() as session:
        row = editions.by_id(session, edition_id, actor=staff.actor)
        again = reports_frame.address_of(session, editions.asked_of(row), reaches.from_text(row.reach))
    content = editions.content_of(row)
    return staff_page(
        request, "pages/staff/reports/edition.html", staff=staff, at=at, here=HERE,
        edition=_shown(row), content=content, chapters=paper.chapters(content.numbers), formats=FORMATS,
        title_of=paper.title_of, again=again,
    )  # fmt: skip


@router.get("/reports/editions/{edition_id}/{file}")
@needs(Right.SEE_REPORTS)
def fetch_file(edition_id: UUID, file: str, *, db: Db, staff: CurrentStaff, settings: Conf) -> Response:
    """Return one file of an edition, unchanged."""
    with db.read() as session:
        row = editions.by_id(session, edition_id, actor=staff.actor)
    return file_of(row, file, settings)


def file_of(row: ReportEdition, name: str, settings: Settings) -> FileResponse:
    """Return one file of an edition; raises `FileGone` for one it has not."""
    known = next((one for one in editions.formats_of(row) if one == name), None)
    if known is None:
        raise FileGone(name)
    path = files.path_of(row.files[known]["sha256"], settings.report_files)
    return FileResponse(path, media_type=MEDIA_TYPES[known], filename=file_name(row, known))


def file_name(row: ReportEdition, name: str) -> str:
    """Return what a file is called when it is fetched."""
    kind = KINDS[row.kind].label.in_language(row.locale)
    where = Label(*row.asked["where"]).in_language(row.locale)[:40].replace("/", "-")
    days = f"{row.from_on}" if row.from_on == row.until_on else f"{row.from_on}_{row.until_on}"
    return f"{where}-{kind}-{days}.{name}"


@router.post("/reports/editions/{edition_id}/compare")
@needs(Right.SEE_REPORTS)
@takes_little
def compare(edition_id: UUID, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Have an edition made again from what it was counted from, and every file compared byte by byte."""
    with db.write() as session:
        row = editions.by_id(session, edition_id, actor=staff.actor)
        errand = errands.promise(
            session, COMPARE, key=f"{COMPARE}:{row.id}:{staff.person.id}:{at:%Y%m%d%H%M}", at=at,
            made_by=staff.person.id, data={"edition": str(row.id)},
        )  # fmt: skip
    return RedirectResponse(f"/errands/{errand.id}", status_code=303)
