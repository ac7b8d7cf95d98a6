"""Reports of deadlines by program: the same numbers as the page, the cases behind each of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import JSONResponse
from sqlmodel import Session

from api.access import Router, needs, programs_may
from api.deps import CurrentStaff, Db, Now, locale_of
from api.field_errors import FieldsRefused
from api.pages.reports_sla import content_of
from api.rest.answers import moment
from domain.access import OutOfReach
from domain.accounts import Identity
from domain.asking import AskedWrongly
from domain.language import Sentence
from domain.reporting import asked as asking
from domain.reporting import drill
from domain.reporting.asked import Asked
from domain.reporting.drill import BadCursor, Figure, UnknownFigure
from domain.reporting.numbers import numbers
from domain.rights import Right
from domain.table import FieldRefusal
from domain.tokens import Scope

router = Router(prefix="/api/v1/reports", tags=["reports"])

Day = Annotated[str, Query(max_length=10, description="A day of the city, such as 2026-11-01; both ends belong to it.")]
From = Annotated[str, Query(alias="from", max_length=10, description="First day; without both, the month up to today.")]
Process = Annotated[str, Query(max_length=40, description="Name of a process; default: all.")]
Code = Annotated[str, Query(max_length=40, description="Its code; an area counts with all below it.")]
Hazard = Annotated[str, Query(max_length=20, description="A code such as EVA-01, or a kind such as EVA.")]
AsOf = Annotated[str, Query(max_length=40, description="As it stood at the end of that day, or at that moment.")]
MISTAKES: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such area, organisation or figure, or not for this caller (problem+json)."},
    422: {"description": "What is asked for does not fit: `errors` names each field (problem+json)."},
}


def _read(session: Session, fields: dict[str, str], *, staff: Identity, at: Any) -> Asked:  # noqa: ANN401 - a moment
    try:
        return asking.read(session, fields, actor=staff.actor, at=at)
    except AskedWrongly as wrong:
        raise FieldsRefused(wrong.refusals) from wrong


@router.get("/sla", responses=MISTAKES)
@needs(Right.SEE_REPORTS)
@programs_may(Scope.REPORTS_READ)
def read_report(  # noqa: PLR0913 - the filters
    request: Request,
    *,
    db: Db,
    at: Now,
    staff: CurrentStaff,
    begins: From = "",
    until: Day = "",
    process: Process = "",
    area: Code = "",
    organisation: Code = "",
    hazard: Hazard = "",
    as_of: AsOf = "",
) -> JSONResponse:
    """Return the report of deadlines within the caller's reach.

    `numbers` are plain counts; `chapters` the lines of the page with their words, each with the period before. A
    `value` of null says that there is no data, which is not zero. `figure` leads to the cases behind a line.
    """
    fields = {"from": begins, "until": until, "process": process, "area": area, "organisation": organisation,
              "hazard": hazard, "as_of": as_of}  # fmt: skip
    with db.read() as session:
        asked = _read(session, fields, staff=staff, at=at)
        found = numbers(session, asked, actor=staff.actor, at=at)
        content = content_of(session, found, staff, locale_of(request))
    return JSONResponse(content.data())


@router.get("/sla/cases", responses=MISTAKES)
@needs(Right.SEE_REPORTS)
@programs_may(Scope.REPORTS_READ)
def list_cases(  # noqa: PLR0913 - the filters
    *,
    db: Db,
    at: Now,
    staff: CurrentStaff,
    figure: Annotated[str, Query(max_length=160, description="A `figure` of the report.")] = "hazard_report.received",
    begins: From = "",
    until: Day = "",
    process: Process = "",
    area: Code = "",
    organisation: Code = "",
    hazard: Hazard = "",
    as_of: AsOf = "",
    cursor: Annotated[str | None, Query(max_length=120)] = None,
    limit: Annotated[int, Query(ge=1, le=drill.LARGEST_PAGE)] = drill.PAGE_SIZE,
) -> JSONResponse:
    """List the cases behind one number of the report, the newest first; `cursor` gives the next page.

    `no_longer_within_reach`: so many more of this page were counted; the caller may not know of them any more.
    """
    fields = {"from": begins, "until": until, "process": process, "area": area, "organisation": organisation,
              "hazard": hazard, "as_of": as_of}  # fmt: skip
    with db.read() as session:
        asked = _read(session, fields, staff=staff, at=at)
        try:
            known = Figure.parse(figure)
            page = drill.cases(session, asked, known, actor=staff.actor, at=at, cursor=cursor, size=limit)
        except UnknownFigure as unknown:
            raise OutOfReach(figure[:80]) from unknown
        except BadCursor:
            refusal = FieldRefusal("cursor", Sentence("This cursor is not one we gave out for this list."))
            raise FieldsRefused([refusal]) from None
    return JSONResponse({
        "as_of": moment(page.as_of),
        "cases": [
            {
                "number": row.number, "process": row.process, "state": row.state, "hazard_code": row.hazard_code,
                "opened_at": moment(row.opened_at), "closed_at": moment(row.closed_at),
                "started_at": moment(row.started_at), "due_at": moment(row.due_at),
                "stopped_at": moment(row.stopped_at),
            }
            for row in page.rows
        ],
        "next_cursor": page.next_cursor,
        "no_longer_within_reach": page.beyond,
    })  # fmt: skip
