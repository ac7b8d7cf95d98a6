"""The report of deadlines on a page: every number with its change since the period before, and leading to its cases."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, Posted, locale_of
from api.middleware.limits import takes_little
from api.pages import reports_frame
from api.pages.reports_frame import Addresses, Refused
from api.pages.staff_forms import hazard_groups
from api.pages.staff_frame import staff_page
from documents import made_by, sla_report
from domain import catalogue, errands, organisations, people
from domain.access import OutOfReach
from domain.accounts import Identity
from domain.actors import Actor
from domain.language import Label, Sentence
from domain.models import Area
from domain.processes import LISTED, workflow_of
from domain.reporting import asked as asking
from domain.reporting import drill, editions, names, paper
from domain.reporting import reach as reaches
from domain.reporting.amounts import Amount
from domain.reporting.asked import Asked
from domain.reporting.content import Content
from domain.reporting.drill import BadCursor, Figure, UnknownFigure
from domain.reporting.editions import Wish
from domain.reporting.figures import Numbers, Point
from domain.reporting.names import Names
from domain.reporting.numbers import BUCKETS, numbers
from domain.reporting.periods import Kind
from domain.rights import Right

router = Router(include_in_schema=False)
HERE = "reports"
ERRAND = "sla_report"

MOST_ROWS = 50
"""Of a table by parts: six hundred wardens with their numbers are two megabytes of page."""
ALL_ROWS = "all"


@dataclass(frozen=True, slots=True)
class Shown:
    """One number with its link."""

    amount: Amount
    href: str | None


@dataclass(frozen=True, slots=True)
class LineShown:
    """One line: what it is called, now, before, and how it changed."""

    label: Label
    now: Shown
    before: Shown
    change: str
    tone: str


@dataclass(frozen=True, slots=True)
class RowShown:
    """One row of a table."""

    label: Label
    href: str | None
    cells: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class TableShown:
    """A table by parts, those with the most cases first; `left_off`: so many rows stand on a page of their own."""

    of: paper.Table
    rows: list[RowShown]
    left_off: int = 0


@router.get("/reports/sla")
@needs(Right.SEE_REPORTS)
def show_report(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the report that the address asks for; without one, of this month up to today."""
    typed = reports_frame.typed_in(request.query_params)
    with db.read() as session:
        asked = reports_frame.read(session, typed, actor=staff.actor, at=at)
        around = _around(session, staff, at)
        if isinstance(asked, Refused):
            return staff_page(
                request, "pages/staff/reports/sla.html", staff=staff, at=at, here=HERE,
                status=404 if asked.is_hidden else 422, errors=asked.errors, typed=typed, report=None, **around,
            )  # fmt: skip
        found = numbers(session, asked, actor=staff.actor, at=at)
        most = None if request.query_params.get("rows") == ALL_ROWS else MOST_ROWS
        report = _report(session, found, typed, staff, locale_of(request), most=most)
    typed |= {"from": asked.from_on.isoformat(), "until": asked.until_on.isoformat()}
    return staff_page(
        request, "pages/staff/reports/sla.html", staff=staff, at=at, here=HERE, errors=(), typed=typed, report=report,
        **around,
    )  # fmt: skip


def _around(session: Session, staff: Identity, at: datetime) -> dict[str, Any]:
    areas = reports_frame.areas_to_choose(session, staff.actor)
    mine = reaches.of(session, staff.actor)
    return {
        "presets": reports_frame.presets(at),
        "areas": areas,
        "bodies": [
            body
            for body, where in organisations.listed(session, day=people.local_day(at))
            if asking.knows_organisation(mine, where.path if where else None)
        ],
        "flows": tuple(LISTED.values()),
        "hazards": hazard_groups(),
        "categories": catalogue.categories(),
        "titles": TITLES,
    }


TITLES = {
    "from": Sentence("From day"),
    "until": Sentence("To day"),
    "process": Sentence("Process"),
    "area": Sentence("Area"),
    "organisation": Sentence("Organisation"),
    "hazard": Sentence("Hazard"),
    "as_of": Sentence("As of"),
}


def content_of(session: Session, found: Numbers, staff: Identity, locale: str) -> Content:
    """Return what the page shows as a report has it, with names as they read now."""
    wish = Wish(Kind.ASKED, found.asked, reaches.of(session, staff.actor), locale)
    return Content(
        Kind.ASKED, found, names.names_in(session, found), editions.where_of(session, wish),
        editions.issuer_of(session, wish), locale, made_by.current(),
    )  # fmt: skip


def _report(
    session: Session, found: Numbers, typed: dict[str, str], staff: Identity, locale: str, *, most: int | None
) -> dict[str, Any]:
    """Return what the page says; of each table `most` rows (None: all)."""
    content = content_of(session, found, staff, locale)
    addresses = Addresses(typed, found, reports_frame.codes_in(session, found, actor=staff.actor))
    chapters = paper.chapters(replace(content.numbers, people=found.people))
    return {
        "content": content,
        "numbers": found,
        "is_empty": found.is_empty,
        "as_now": addresses.report(as_of="") if found.asked.as_of and typed["as_of"] else None,
        "chapters": [_chapter(chapter, content, addresses, locale, most=most) for chapter in chapters],
        "no_data": [content.names.of("process", chapter.process) for chapter in chapters if chapter.is_empty],
    }


def _chapter(
    chapter: paper.Chapter, content: Content, addresses: Addresses, locale: str, *, most: int | None
) -> dict[str, Any]:
    tables = []
    for table in chapter.tables:
        shown = replace(table, rows=table.rows[:most])
        rows = _rows(shown, chapter.process, content.names, addresses)
        tables.append(TableShown(table, rows, left_off=len(table.rows) - len(rows)))
    return {
        "process": chapter.process,
        "label": content.names.of("process", chapter.process),
        "is_empty": chapter.is_empty,
        "parts": [
            (words, [_line(line, content.names, addresses, locale) for line in lines])
            for words, lines in (
                (Sentence("At a glance"), chapter.headline), (Sentence("Results"), chapter.results),
                (Sentence("How long it took"), chapter.durations),
            )
        ],
        "drawings": list(sla_report.drawings(content, chapter)),
        "stages": (chapter.stages, _rows(chapter.stages, chapter.process, content.names, addresses)),
        "tables": tables,
        "firsts": paper.FIRST,
        "points": [_point(point, addresses) for _, point in chapter.series if point is not None],
    }  # fmt: skip


def _line(line: paper.Line, known: Names, addresses: Addresses, locale: str) -> LineShown:
    return LineShown(
        paper.title_of(line, known), Shown(line.now, addresses.cases(line.figure)),
        Shown(line.before, addresses.cases(line.figure, before=True)), line.now.change(line.before, locale), line.tone,
    )  # fmt: skip


def _rows(table: paper.Table, process: str, known: Names, addresses: Addresses) -> list[RowShown]:
    found = []
    for row in table.rows:
        href = addresses.part(row.kind, row.key) if row.kind != "stage" and not row.alone else None
        cells = tuple(Shown(cell.now, addresses.cases(cell.figure) if cell.figure else href) for cell in row.cells)
        found.append(RowShown(paper.row_title(row, process, known), href, cells))
    return found


def _point(point: Point, addresses: Addresses) -> dict[str, Any]:
    asked, bucket = addresses.numbers.asked, BUCKETS[addresses.numbers.unit]
    begins, ends = max(point.from_on, asked.from_on), min(_last_of(point.from_on, bucket), asked.until_on)
    return {
        "from_on": begins,
        "until_on": ends,
        "cells": [
            (point.received, addresses.during(Figure(point.process, "received"), begins, ends)),
            (point.closed, addresses.during(Figure(point.process, "closed"), begins, ends)),
        ],
    }


def _last_of(first: date, bucket: Any) -> date:  # noqa: ANN401 - a function of a day
    """Return the last day that belongs to the day, week or month that begins on `first`."""
    day = first
    while bucket(day + timedelta(days=1)) == bucket(first):
        day += timedelta(days=1)
    return day


@router.get("/reports/sla/cases")
@needs(Right.SEE_REPORTS)
def show_cases(
    request: Request,
    *,
    db: Db,
    at: Now,
    staff: CurrentStaff,
    figure: str = "",
    cursor: str = "",
    edition: UUID | None = None,
) -> Response:
    """Show the cases behind one number of the page, or of an edition as it was then, a page at a time."""
    typed = reports_frame.typed_in(request.query_params)
    if not figure:
        return RedirectResponse("/reports/sla", status_code=303)
    with db.read() as session:
        counted_for: Actor | None = None
        if edition is not None:
            row = editions.by_id(session, edition, actor=staff.actor)
            asked: Asked | Refused = editions.asked_of(row)
            counted_for = reaches.actor_of(reaches.from_text(row.reach))
        else:
            asked = reports_frame.read(session, typed, actor=staff.actor, at=at)
        if isinstance(asked, Refused):
            if asked.is_hidden:
                raise OutOfReach(typed["area"])
            return RedirectResponse(f"/reports/sla?{request.url.query}", status_code=303)
        known = _figure(figure)
        try:
            page = drill.cases(
                session, asked, known, actor=staff.actor, at=at, cursor=cursor or None, counted_for=counted_for
            )
        except BadCursor:
            return RedirectResponse(str(request.url.remove_query_params("cursor")), status_code=303)
        areas = {row.area_id for row in page.rows if row.area_id}
        places = {area: session.get_one(Area, area) for area in areas}
        whose = names.label_of(session, known.by, known.key) if known.by else None
    workflow = workflow_of(known.process)
    stage = next((clock.label for clock in workflow.clocks if clock.name == known.stage), None)
    return staff_page(
        request, "pages/staff/reports/cases.html", staff=staff, at=at, here=HERE,
        rows=page.rows, beyond=page.beyond, next_cursor=page.next_cursor, is_first=not cursor, as_of=page.as_of,
        asked=asked,
        figure=figure, process=Label(workflow.zh, workflow.en), stage=stage, what=paper.label_of(known), whose=whose,
        states={state.name: state.label for state in workflow.states}, hazards=catalogue.hazards(), places=places,
        back=f"/reports/editions/{edition}" if edition else Addresses(typed, _only(asked, page.as_of), {}).report(),
    )  # fmt: skip


def _figure(text: str) -> Figure:
    try:
        return Figure.parse(text)
    except UnknownFigure as unknown:
        raise OutOfReach(text[:80]) from unknown


def _only(asked: Asked, as_of: datetime) -> Numbers:
    """Return numbers that say nothing but what was asked."""
    return Numbers(asked, as_of, settled=False, processes=(), before_from_on=asked.from_on,
                   before_until_on=asked.until_on, before=())  # fmt: skip


@router.post("/reports/sla/editions")
@needs(Right.SEE_REPORTS)
@takes_little
def make_edition(request: Request, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Have what the page shows made into an edition with all its files, in the background."""
    typed = reports_frame.typed_in({name: value for name, value in form.items() if isinstance(value, str)})
    locale = locale_of(request)
    with db.write() as session:
        asked = reports_frame.read(session, typed, actor=staff.actor, at=at)
        if isinstance(asked, Refused):
            return RedirectResponse(f"/reports/sla?{urlencode(typed)}", status_code=303)
        reach = reaches.of(session, staff.actor)
        if asked.area_id is not None:
            reach = reaches.within(reach, session.get_one(Area, asked.area_id).path)
        wish = Wish(Kind.ASKED, asked, reach, locale)
        # Pressed twice within a minute it is one edition; a minute later it may well be another one.
        digest = hashlib.sha256(f"{wish.as_data()} {at:%Y-%m-%d %H:%M}".encode()).hexdigest()[:40]
        errand = errands.promise(
            session, ERRAND, key=f"{ERRAND}:{staff.person.id}:{digest}", at=at, made_by=staff.person.id,
            data=wish.as_data(), needs=Right.SEE_REPORTS.value,
        )  # fmt: skip
    return RedirectResponse(f"/errands/{errand.id}", status_code=303)
