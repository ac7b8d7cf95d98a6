"""Venues for staff: the list with its search and filters, a venue with all that belongs to it, its history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, locale_of
from api.pages.staff_deadlines import deadline
from api.pages.staff_frame import staff_page
from domain import catalogue, documents_register, people
from domain.access import may
from domain.identifiers import NotAFacilityCode, clean_facility_code, is_venue_code
from domain.language import Label, Sentence
from domain.opening_hours import is_open_at, say_hours
from domain.processes import workflow_of
from domain.queries import area_tree, record_words, venue_list, venue_page
from domain.queries.case_list import BadCursor, Row
from domain.queries.venue_list import STATES, Wanted
from domain.rights import Right
from domain.settings import city_zone

router = Router(include_in_schema=False)
HERE = "venues"

STATE_WORDS: dict[str, Sentence] = {
    "there": Sentence("In the register"),
    "open": Sentence("Operating"),
    "suspended": Sentence("Suspended"),
    "closed": Sentence("Closed"),
    "all": Sentence("All"),
}
DONE: dict[str, Sentence] = {
    "entered": Sentence("The venue is in the register. Print its code next."),
    "saved": Sentence("Saved."),
    "same": Sentence("Nothing was different."),
    "closed": Sentence("The venue is closed; its posts and facilities have ended."),
}
"""What a page says after something was done, by what stands in its address."""


@router.get("/venues")
@needs(Right.SEE_VENUES)
def show_venues(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show one page of the list."""
    asked = request.query_params
    names = ("q", "area", "class", "industry", "state", "key", "ownerless")
    filters = {name: asked.get(name, "").strip() for name in names}
    with db.read() as session:
        try:
            page = venue_list.page(session, staff.actor, wanted_of(filters), cursor=asked.get("cursor"))
        except BadCursor:
            kept = {name: value for name, value in filters.items() if value}
            return RedirectResponse(f"/venues?{urlencode(kept)}", status_code=303)
        areas = area_tree.named(session, staff.actor)
    if asked.get("go") and "cursor" not in asked and (exact := _exactly(filters["q"], page.rows)):
        return RedirectResponse(exact, status_code=303)
    return staff_page(
        request, "pages/staff/venues.html", staff=staff, at=at, here=HERE, page=page, filters=filters,
        filtered=any(value for name, value in filters.items() if (name, value) != ("state", "there")),
        is_first="cursor" not in asked, areas=areas, classes=catalogue.venue_classes(),
        industries=catalogue.industries(), states=STATE_WORDS, most=venue_list.MOST_COUNTED,
        enters=may(staff.actor, Right.KEEP_VENUES), imports=may(staff.actor, Right.IMPORT),
        exports=may(staff.actor, Right.EXPORT), prints=may(staff.actor, Right.PRINT_CODES),
    )  # fmt: skip


def _exactly(q: str, rows: Sequence[venue_list.Row]) -> str:
    """Return the address of the one thing whose code or whole name was typed; "" when there is no such thing."""
    try:
        return f"/f/{clean_facility_code(q)}"
    except NotAFacilityCode:
        pass
    if len(rows) != 1:
        return ""
    named = q in (rows[0].name, rows[0].name_en) or is_venue_code(q.upper())
    return f"/venues/{rows[0].code}" if named else ""


def wanted_of(filters: dict[str, str]) -> Wanted:
    """Return what a query string asks for; what it cannot mean is left out."""
    state = next((one for one in STATES if one == filters.get("state")), "there")
    return Wanted(
        q=filters.get("q", ""),
        area=filters.get("area") or None,
        class_code=filters.get("class") or None,
        industry=filters.get("industry") or None,
        state=state,
        key_unit=filters.get("key") == "1",
        without_owner=filters.get("ownerless") == "1",
    )


@router.get("/venues/{code}")
@needs(Right.SEE_VENUES)
def show_venue(request: Request, code: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show a venue."""
    with db.read() as session:
        venue = venue_page.seen(session, staff.actor, code)
        if venue.code != code:
            return RedirectResponse(f"/venues/{venue.code}", status_code=303)
        page = venue_page.venue_page(session, venue, actor=staff.actor, at=at)
    day = people.local_day(at)
    return staff_page(
        request, "pages/staff/venue.html", staff=staff, at=at, here=HERE, page=page, venue=venue, day=day,
        hours=say_hours(venue.hours, locale_of(request)), is_open=is_open_at(venue.hours, at.astimezone(city_zone())),
        lines=[_line(row, at) for row in page.cases], done=DONE.get(request.query_params.get("done", "")),
        document_kind=documents_register.kind_label, spot_words=venue_page.spot_words,
    )  # fmt: skip


def _line(row: Row, at: Any) -> tuple[Row, Label, Label, Any]:  # noqa: ANN401 - the moment; a deadline or none
    flow = workflow_of(row.process)
    return (
        row,
        Label(flow.zh, flow.en),
        flow.state(row.state).label,
        deadline(row.due_at, at=at, provisional=row.is_provisional, basis=row.basis),
    )


@router.get("/venues/{code}/history")
@needs(Right.SEE_VENUES)
def show_history(request: Request, code: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show what was done to a venue and what belongs to it."""
    with db.read() as session:
        venue = venue_page.seen(session, staff.actor, code)
        try:
            page = venue_page.history(session, venue, cursor=request.query_params.get("cursor"))
        except record_words.BadCursor:
            return RedirectResponse(f"/venues/{venue.code}/history", status_code=303)
    return staff_page(
        request, "pages/staff/venue_history.html", staff=staff, at=at, here=HERE, venue=venue, page=page,
    )  # fmt: skip
