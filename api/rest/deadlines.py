"""The board of deadlines by program."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request

from api.access import Router, programs_may, staff_only
from api.deps import CurrentStaff, Db, Now, locale_of
from api.field_errors import FieldsRefused
from api.rendering import in_words
from api.rest import answers
from domain.language import Sentence
from domain.processes import WORKFLOWS
from domain.queries import board
from domain.queries.board import Column, Line, Wanted
from domain.queries.case_list import BadCursor
from domain.tokens import Scope
from domain.workflow import FieldRefusal

router = Router(prefix="/api/v1/deadlines", tags=["cases"])


@router.get("")
@staff_only
@programs_may(Scope.CASES_READ)
def list_deadlines(  # noqa: PLR0913 - the filters
    request: Request,
    *,
    db: Db,
    at: Now,
    staff: CurrentStaff,
    kind: Column = Column.OVERDUE,
    area: str | None = None,
    process: str | None = None,
    assignee: UUID | None = None,
    unassigned: bool = False,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
    limit: Annotated[int, Query(ge=1, le=board.LARGEST_PAGE)] = board.PAGE_SIZE,
) -> dict[str, Any]:
    """List running deadlines of the cases the caller may see, the most urgent first; each count stops at 1000.

    `kind`: overdue, today (still ahead, within the city's day), risk (over three quarters of the time gone) or
    provisional (the holidays of its year are not announced).
    """
    if process is not None and process not in WORKFLOWS:
        raise FieldsRefused([FieldRefusal("process", Sentence("There is no such process."))])
    wanted = Wanted(area=area, process=process, assignee_id=assignee, unassigned=unassigned)
    try:
        with db.read() as session:
            page = board.page(session, staff.actor, kind, wanted, at=at, cursor=cursor, size=limit)
            counts = board.counts(session, staff.actor, wanted, at=at)
    except BadCursor:
        refusal = FieldRefusal("cursor", Sentence("This cursor is not one we gave out for this list."))
        raise FieldsRefused([refusal]) from None
    locale = locale_of(request)
    return {
        "as_of": answers.moment(at),
        "counts": {column.value: number for column, number in counts.items()},
        "deadlines": [{**_shown(line, locale), "overdue": line.is_overdue(at)} for line in page.lines],
        "next_cursor": page.next_cursor,
    }


def _shown(line: Line, locale: str) -> dict[str, Any]:
    row = line.row
    return {
        "number": row.number,
        "process": row.process,
        "state": row.state,
        "clock": line.clock.name,
        "label": in_words(line.clock.label, locale),
        "due_at": answers.moment(line.due_at),
        "provisional": line.provisional,
        "statutory": line.clock.kind == "statutory",
        "level": line.level,
        "paused_since": answers.moment(line.paused_since),
        "due_basis": answers.basis(line.basis, locale),
        "place": row.place or row.venue_name,
        "area": {"code": row.area_code, "name": row.area_name} if row.area_code else None,
        "assignees": [name for name in (row.assignee_name, row.second_assignee_name) if name],
    }
