"""How patrols are kept, by program: the same numbers as the page, and the tasks behind each of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import JSONResponse

from api.access import Router, needs, programs_may
from api.deps import CurrentStaff, Db, Now
from api.field_errors import FieldsRefused
from api.pages.patrols import FIGURES, NO_FIGURE, behind_of, tally_data
from api.rest.answers import moment
from domain.asking import AskedWrongly
from domain.language import Sentence
from domain.patrols import asked as asking
from domain.patrols import compliance, compliance_tasks
from domain.patrols.compliance import BadCursor
from domain.rights import Right
from domain.table import FieldRefusal
from domain.tokens import Scope

router = Router(prefix="/api/v1/patrols", tags=["patrols"])

Day = Annotated[str, Query(max_length=10, description="A day of the city, such as 2026-11-01; both ends belong to it.")]
From = Annotated[str, Query(alias="from", max_length=10, description="First day; without both, the month up to today.")]
Code = Annotated[str, Query(max_length=80, description="Its code; an area counts with all below it.")]
Campaign = Annotated[str, Query(max_length=36, description="The id of a special campaign.")]
WRONG_CURSOR = FieldRefusal("cursor", Sentence("This cursor is not one we gave out for this list."))


def _row(row: compliance.Row) -> dict[str, Any]:
    return {"key": row.key, "zh": row.label.zh, "en": row.label.en, **tally_data(row.tally)}


@router.get("/compliance")
@needs(Right.SEE_PATROLS)
@programs_may(Scope.REPORTS_READ)
def read_compliance(  # noqa: PLR0913 - the filters
    *, db: Db, at: Now, staff: CurrentStaff, begins: From = "", until: Day = "", area: Code = "", venue: Code = "",
    template: Code = "", frequency: Code = "", campaign: Campaign = "",
) -> JSONResponse:  # fmt: skip
    """Return how patrols were kept within the caller's reach.

    `percent` is (done in time + excused) / (planned − cancelled) in per cent; null where nothing had to be kept.
    """
    fields = {"from": begins, "until": until, "area": area, "venue": venue, "template": template,
              "frequency": frequency, "campaign": campaign}  # fmt: skip
    with db.read() as session:
        try:
            asked = asking.read(session, fields, actor=staff.actor, at=at)
        except AskedWrongly as wrong:
            raise FieldsRefused(wrong.refusals) from wrong
        found = compliance.overview(session, asked, actor=staff.actor)
    items = [
        {"code": row.code, "zh": row.label.zh, "en": row.label.en, "failures": row.failures, "tasks": row.tasks,
         "venues": row.venues, "asked": row.asked, "percent": row.percent}
        for row in found.items
    ]  # fmt: skip
    return JSONResponse({
        "from": asked.from_on.isoformat(), "until": asked.until_on.isoformat(), "at": moment(at),
        "whole": tally_data(found.whole), "rounds": tally_data(found.rounds),
        "areas": [_row(row) for row in found.areas], "frequencies": [_row(row) for row in found.frequencies],
        "templates": [_row(row) for row in found.templates], "items": items,
    })  # fmt: skip


@router.get("/compliance/tasks")
@needs(Right.SEE_PATROLS)
@programs_may(Scope.REPORTS_READ)
def list_tasks(  # noqa: PLR0913 - the filters
    *, db: Db, at: Now, staff: CurrentStaff, figure: Annotated[str, Query(max_length=20)] = "planned",
    item: Annotated[str, Query(max_length=24)] = "", begins: From = "", until: Day = "", area: Code = "",
    venue: Code = "", template: Code = "", frequency: Code = "", campaign: Campaign = "",
    cursor: Annotated[str | None, Query(max_length=60)] = None,
) -> JSONResponse:  # fmt: skip
    """List the tasks behind one number, the newest day first; `cursor` gives the next page."""
    fields = {"from": begins, "until": until, "area": area, "venue": venue, "template": template,
              "frequency": frequency, "campaign": campaign}  # fmt: skip
    if figure not in FIGURES:
        raise FieldsRefused([FieldRefusal("figure", NO_FIGURE)])
    with db.read() as session:
        try:
            asked = asking.read(session, fields, actor=staff.actor, at=at)
            which = behind_of({"figure": figure, "item": item}, staff.actor)
            page = compliance_tasks.page(session, asked, which, actor=staff.actor, cursor=cursor)
        except AskedWrongly as wrong:
            raise FieldsRefused(wrong.refusals) from wrong
        except BadCursor:
            raise FieldsRefused([WRONG_CURSOR]) from None
    rows = [
        {"number": row.number, "title": row.title, "venue": row.venue_code, "day": row.day.isoformat(),
         "due_at": moment(row.due_at), "outcome": row.outcome or "open", "done_at": moment(row.done_at),
         "failed": row.failed, "doubts": row.doubts}
        for row in page.rows
    ]  # fmt: skip
    return JSONResponse({"tasks": rows, "next_cursor": page.next_cursor})
