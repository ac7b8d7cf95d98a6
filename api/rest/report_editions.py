"""Editions of reports by program: the list within the caller's reach, one of them, and its files unchanged."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from starlette.responses import FileResponse, Response

from api.access import Router, needs, programs_may
from api.deps import Conf, CurrentStaff, Db
from api.field_errors import FieldsRefused
from api.pages.reports_editions import file_of
from api.rest.answers import moment
from domain.language import Sentence
from domain.models import ReportEdition
from domain.reporting import editions
from domain.reporting.periods import KINDS
from domain.rights import Right
from domain.table import FieldRefusal
from domain.tokens import Scope

router = Router(prefix="/api/v1/reports/editions", tags=["reports"])

Rhythm = Literal["daily", "weekly", "monthly", "asked"]
GONE: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such edition, or it reaches further than the caller (problem+json)."},
}


@router.get("")
@needs(Right.SEE_REPORTS)
@programs_may(Scope.REPORTS_READ)
def list_editions(
    *,
    db: Db,
    staff: CurrentStaff,
    kind: Annotated[Rhythm | None, Query(description="How often it is made; default: all.")] = None,
    year: Annotated[int | None, Query(ge=2000, le=9999, description="With a day of that year in its period.")] = None,
    cursor: Annotated[str, Query(max_length=120)] = "",
) -> dict[str, Any]:
    """List the editions within the caller's reach, the newest first; `cursor` gives the next page."""
    if not editions.is_cursor(cursor):
        refusal = FieldRefusal("cursor", Sentence("This cursor is not one we gave out for this list."))
        raise FieldsRefused([refusal])
    with db.read() as session:
        page = editions.page(session, staff.actor, kind=KINDS[kind] if kind else None, year=year, cursor=cursor)
    return {"editions": [_shown(row) for row in page.rows], "next_cursor": page.next_cursor}


@router.get("/{edition_id}", responses=GONE)
@needs(Right.SEE_REPORTS)
@programs_may(Scope.REPORTS_READ)
def read_edition(edition_id: UUID, *, db: Db, staff: CurrentStaff) -> dict[str, Any]:
    """Return one edition: what was asked, as of when, its numbers, and the sums of its files."""
    with db.read() as session:
        row = editions.by_id(session, edition_id, actor=staff.actor)
    return {**_shown(row), "asked": row.asked["asked"], "numbers": row.numbers}


@router.get("/{edition_id}/{file}", response_class=FileResponse, responses=GONE)
@needs(Right.SEE_REPORTS)
@programs_may(Scope.REPORTS_READ)
def read_file(edition_id: UUID, file: str, *, db: Db, staff: CurrentStaff, settings: Conf) -> Response:
    """Return one file of an edition, `pdf`, `xlsx` or `json`, with the very bytes its sum was taken of."""
    with db.read() as session:
        row = editions.by_id(session, edition_id, actor=staff.actor)
    return file_of(row, file, settings)


def _shown(row: ReportEdition) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "kind": row.kind,
        "from": row.from_on.isoformat(),
        "until": row.until_on.isoformat(),
        "where": dict(zip(("zh_CN", "en"), row.asked["where"], strict=True)),
        "as_of": moment(row.as_of),
        "made_at": moment(row.made_at),
        "version": row.version,
        "language": row.locale,
        "files": {
            name: {**row.files[name], "href": f"/api/v1/reports/editions/{row.id}/{name}"}
            for name in editions.formats_of(row)
        },
    }
