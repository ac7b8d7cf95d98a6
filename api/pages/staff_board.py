"""The board of deadlines: overdue, due today, at risk, provisional; each with its article, filtered by the address."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from api.access import Router, staff_only
from api.deps import CurrentStaff, Db, Now
from api.pages.staff_deadlines import Deadline, deadline
from api.pages.staff_frame import staff_page
from api.pages.staff_urge import may_urge
from domain import people, timing
from domain.actors import Actor
from domain.language import Label, Sentence
from domain.processes import LISTED, workflow_of
from domain.queries import area_tree, board
from domain.queries.board import Column, Line, Wanted
from domain.queries.case_list import BadCursor

router = Router(include_in_schema=False)
NOBODY = "nobody"
PAUSED = Sentence("stands still")
UNKNOWN = UUID(int=0)
"""Whoever was asked for and is no person."""
COLUMNS: Mapping[Column, tuple[Sentence, Sentence]] = {
    Column.OVERDUE: (Sentence("Overdue"), Sentence("Nothing is overdue.")),
    Column.TODAY: (Sentence("Due today"), Sentence("Nothing more is due today.")),
    Column.RISK: (Sentence("At risk"), Sentence("No deadline is near.")),
    Column.PROVISIONAL: (Sentence("Provisional"), Sentence("Every deadline is certain.")),
}
"""Column → its name, and what stands there when it is empty."""
ABOUT: Mapping[Column, Sentence] = {
    Column.RISK: Sentence("More than three quarters of the time are over; due after today."),
    Column.PROVISIONAL: Sentence("The holidays of that year are not announced yet; the deadline is counted anew then."),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One line, ready for its template."""

    line: Line
    process: Label
    state: Label
    deadline: Deadline | None


@dataclass(frozen=True, slots=True)
class Part:
    """One column as the page shows it."""

    key: Column
    words: Sentence
    none: Sentence
    about: Sentence | None
    count: int
    lines: tuple[Shown, ...]
    next_cursor: str | None

    @property
    def alarming(self) -> bool:
        """Return whether its number is one to act on."""
        return self.key is Column.OVERDUE and self.count > 0


@router.get("/board")
@staff_only
def show_board(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the four columns, or one of them page by page."""
    asked = request.query_params
    filters = {name: asked.get(name, "").strip() for name in ("process", "area", "assignee")}
    chosen = _column(asked.get("column"))
    cursor = asked.get("cursor") if chosen else None
    with db.read() as session:
        try:
            parts = _parts(session, staff.actor, wanted_by(filters), chosen, at=at, cursor=cursor)
        except BadCursor:
            return RedirectResponse(f"/board?{urlencode({'column': chosen or ''})}", status_code=303)
        areas = area_tree.named(session, staff.actor)
        assignees = board.assignees(session, staff.actor, day=people.local_day(at))
    wrong = _wrong(filters, [area.code for area in areas])
    return staff_page(
        request, "pages/staff/board.html", status=422 if wrong else 200, staff=staff, at=at, here="board",
        parts=parts, chosen=chosen, wrong=wrong,
        filters=filters, filtered=any(filters.values()), areas=areas, flows=tuple(LISTED.values()),
        people=assignees, nobody=NOBODY, may_remind=may_urge(staff.actor), is_first=cursor is None,
        short=board.SHORT,
    )  # fmt: skip


def wanted_by(filters: Mapping[str, str]) -> Wanted:
    """Return which deadlines the filters of an address ask for; what is no person asks for nobody's."""
    unassigned = filters["assignee"] == NOBODY
    assignee = None
    if filters["assignee"] and not unassigned:
        try:
            assignee = UUID(filters["assignee"])
        except ValueError:
            assignee = UNKNOWN
    return Wanted(
        area=filters["area"] or None, process=filters["process"] or None, assignee_id=assignee, unassigned=unassigned
    )


def _wrong(filters: Mapping[str, str], areas: Collection[str]) -> list[Sentence]:
    """Return what of the address fits nothing there is: an area out of reach counts as none."""
    wrong = []
    if filters["area"] and filters["area"] not in areas:
        wrong.append(Sentence("There is no area “%(text)s” to choose.", text=filters["area"][:40]))
    if filters["process"] and filters["process"] not in LISTED:
        wrong.append(Sentence("There is no process “%(text)s” to choose.", text=filters["process"][:40]))
    if wanted_by(filters).assignee_id == UNKNOWN:
        wrong.append(Sentence("There is no assignee “%(text)s” to choose.", text=filters["assignee"][:40]))
    return wrong


def _column(text: str | None) -> Column | None:
    return Column(text) if text in list(Column) else None


def _parts(
    session: Session, actor: Actor, wanted: Wanted, chosen: Column | None, *, at: datetime, cursor: str | None
) -> list[Part]:
    numbers = board.counts(session, actor, wanted, at=at)
    size = board.PAGE_SIZE if chosen else board.SHORT
    parts = []
    for column, (words, none) in COLUMNS.items():
        if chosen and column is not chosen:
            parts.append(Part(column, words, none, ABOUT.get(column), numbers[column], (), None))
            continue
        page = board.page(session, actor, column, wanted, at=at, cursor=cursor, size=size)
        lines = tuple(_shown(line, at) for line in page.lines)
        parts.append(Part(column, words, none, ABOUT.get(column), numbers[column], lines, page.next_cursor))
    return parts


def _shown(line: Line, at: datetime) -> Shown:
    flow = workflow_of(line.row.process)
    if line.paused_since:
        due: Deadline | None = Deadline(line.due_at, PAUSED, "fine", line.provisional)
    else:
        due = deadline(line.due_at, at=at, provisional=line.provisional, warned=line.level >= timing.WARNED)
    return Shown(line, Label(flow.zh, flow.en), flow.state(line.row.state).label, due)
