"""The working-day calendar: a year as twelve months, where it comes from, and the file that brings another one."""

from __future__ import annotations

import calendar as months_of
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath
from uuid import UUID

from fastapi import Request
from sqlmodel import Session, col, select
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from api import forms
from api.access import Router, needs, proven
from api.deps import Conf, CurrentStaff, Db, Now, Posted
from api.field_errors import FieldError
from api.middleware.limits import takes_files
from api.pages.admin_frame import admin_page
from domain import calendar_files, calendar_years, calendars, clocks, errand_files, recounting
from domain.access import may
from domain.accounts import Identity
from domain.actors import Place
from domain.calendar_files import CalendarRefused
from domain.calendars import Look
from domain.clocks import Calendar
from domain.language import Label, Sentence
from domain.models import CalendarYear, Person
from domain.queries import record_words
from domain.queries.record_words import BadCursor, Wanted
from domain.register_lock import RegisterChanged
from domain.rights import Right
from domain.settings import Settings, city_zone

router = Router(include_in_schema=False)
HERE = "calendar"
ADDRESS = "/admin/calendar"
LONGEST_NAME = 100
MOST_SHOWN = 5000
"""So many provisional cases are counted for the page."""
SUNDAY_LAST = 0
"""`calendar.Calendar`'s first day of the week: Monday, as Chinese calendars on walls have it in offices."""
KINDS = {
    "works": Label("上班", "worked"),
    "weekend": Label("周末", "weekend"),
    "off": Label("放假", "off"),
    "made_up": Label("调休上班", "worked for a holiday"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of a month."""

    day: int
    kind: str
    """A key of `KINDS`."""
    name: str
    """Of the holiday; "" for an ordinary day."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month in weeks; a week has None for a day of another month."""

    number: int
    weeks: tuple[tuple[Cell | None, ...], ...]


@router.get(ADDRESS)
@needs(Right.SEE_RULES)
def show_calendar(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show a year: which days are worked, where that comes from, what it was before."""
    typed = request.query_params.get("year", "").strip()
    try:
        year = calendars.readable_year(typed, at=at) if typed else _year(None, at)
    except CalendarRefused as refused:
        error = FieldError("", refused.reason)
        return _page(request, db, staff=staff, at=at, year=_year(None, at), errors=(error,), status=422)
    return _page(request, db, staff=staff, at=at, year=year)


def _year(text: str | None, at: datetime) -> int:
    """Return the year that was asked for; the city's own for none that could be kept."""
    try:
        return calendars.readable_year(text or "", at=at)
    except CalendarRefused:
        return at.astimezone(city_zone()).year


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file that was looked at: what it would do, and under which name it is kept until that is confirmed."""

    look: Look
    kept: str
    source: str


def _page(
    request: Request,
    db: Db,
    *,
    staff: Identity,
    at: datetime,
    year: int,
    errors: tuple[FieldError, ...] = (),
    status: int = 200,
    chosen: Chosen | None = None,
) -> Response:
    cursor = request.query_params.get("cursor") if request.method == "GET" else None
    with db.read() as session:
        held = calendars.known(session, year)
        calendar = calendar_years.calendar_of(calendar_years.rows(session))
        years = calendars.years(session)
        wanted = Wanted(subject_id=calendars.subject_of(year))
        try:
            record = record_words.page(session, wanted, cursor=cursor)
        except BadCursor:
            return RedirectResponse(f"{ADDRESS}?year={year}", status_code=303)
        provisional = len(recounting.touched(session, None, most=MOST_SHOWN))
        before = calendars.history(session, year)
        names = _names(session, before)
    this = at.astimezone(city_zone()).year
    return admin_page(
        request, "pages/staff/admin/calendar.html", staff=staff, at=at, here=HERE, status=status, year=year, held=held,
        months=months(year, calendar, held), kinds=KINDS, years=[one for one in years if one >= this - 2],
        earlier=min(years, default=year), missing=[one for one in (this, this + 1) if one not in years],
        record=record, before=before, names=names, provisional=provisional, errors=errors,
        look=chosen.look if chosen else None, chosen=chosen,
        changes=may(staff.actor, Right.KEEP_RULES, Place()),
        taken="taken" in request.query_params,
    )  # fmt: skip


def _names(session: Session, rows: Sequence[CalendarYear]) -> dict[UUID, str]:
    ids = {row.imported_by for row in rows if row.imported_by}
    return dict(session.exec(select(Person.id, Person.name).where(col(Person.id).in_(ids))).all()) if ids else {}


def months(year: int, calendar: Calendar, held: CalendarYear | None) -> tuple[Month, ...]:
    """Return the twelve months of a year, as far as is known; a year without a notice goes by its weeks."""
    named = {date.fromisoformat(text): name for text, _, name in (held.days if held else ())}
    weeks_of = months_of.Calendar(SUNDAY_LAST)

    def cell(day: date, number: int) -> Cell | None:
        if day.month != number:
            return None
        works, is_weekend = calendar.works(day), day.weekday() >= clocks.SATURDAY
        kind = ("made_up" if is_weekend else "works") if works else ("weekend" if is_weekend else "off")
        kind = "off" if day in named and not works else kind
        return Cell(day.day, kind, named.get(day, ""))

    return tuple(
        Month(
            number,
            tuple(
                tuple(cell(day, number) for day in week) for week in weeks_of.monthdatescalendar(year, number)
            ),
        )
        for number in range(1, 13)
    )  # fmt: skip


@router.post(ADDRESS)
@needs(Right.KEEP_RULES, everywhere=True)
@proven
@takes_files
def take_calendar(request: Request, *, db: Db, at: Now, staff: CurrentStaff, settings: Conf, form: Posted) -> Response:
    """Look at a year's file and keep it; let it hold once that is confirmed."""
    typed, kept, source = _short(form.get("year")), _short(form.get("kept")), _short(form.get("source"))
    try:
        year = calendars.readable_year(typed, at=at)
        content = _content(form.get("file"), kept, settings)
        if kept:
            with db.write() as session:
                calendars.hold(session)
                calendars.take(session, year, content, source=source, actor=staff.actor,
                               at=request.app.state.clock(), version=forms.version(form))  # fmt: skip
            return RedirectResponse(f"{ADDRESS}?year={year}&taken=1", status_code=303)
        with db.read() as session:
            look = calendars.look(session, year, content, at=at)
    except (CalendarRefused, RegisterChanged) as wrong:
        status = 422 if isinstance(wrong, CalendarRefused) else 409
        error = FieldError("file", wrong.reason)
        return _page(request, db, staff=staff, at=at, year=_year(typed, at), errors=(error,), status=status)
    file = form.get("file")
    name = PurePath((file.filename if isinstance(file, UploadFile) else "") or "").name[:LONGEST_NAME]
    key = errand_files.store(content, settings.errand_files)
    said = "; ".join([name, *look.notice.papers])
    return _page(request, db, staff=staff, at=at, year=year, chosen=Chosen(look, key, said))


def _content(file: object, kept: str, settings: Settings) -> bytes:
    if kept:
        try:
            return errand_files.path_of(kept, settings.errand_files).read_bytes()
        except errand_files.FileGone:
            raise CalendarRefused(Sentence("The file is not kept any more; choose it again.")) from None
    if not isinstance(file, UploadFile) or not file.filename:
        raise CalendarRefused(Sentence("Choose a .json or .csv file."))
    return file.file.read(calendar_files.LARGEST + 1)


def _short(text: object) -> str:
    return text[:300] if isinstance(text, str) else ""
