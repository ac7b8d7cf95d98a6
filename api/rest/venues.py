"""Venues and their facilities by program: what the caller may know of, page by page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import JSONResponse

from api.access import Router, needs, programs_may
from api.deps import CurrentStaff, Db, Now, locale_of
from api.field_errors import FieldsRefused
from api.rendering import in_words
from api.rest import answers
from domain import catalogue, people
from domain.identifiers import mask_phone
from domain.language import Label, Sentence
from domain.queries import facility_list, venue_list, venue_page
from domain.queries.case_list import BadCursor
from domain.queries.venue_list import Row, State, Wanted
from domain.rights import Right
from domain.tokens import Scope
from domain.workflow import FieldRefusal

router = Router(prefix="/api/v1/venues", tags=["venues"])


@router.get("")
@needs(Right.SEE_VENUES)
@programs_may(Scope.REGISTER_READ)
def list_venues(  # noqa: PLR0913 - the filters
    request: Request,
    *,
    db: Db,
    staff: CurrentStaff,
    q: Annotated[str, Query(max_length=venue_list.LONGEST_SEARCH)] = "",
    area: Annotated[str | None, Query(max_length=24)] = None,
    class_code: Annotated[str | None, Query(alias="class", max_length=4)] = None,
    industry: Annotated[str | None, Query(max_length=24)] = None,
    state: State = "there",
    key_unit: bool = False,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=venue_list.LARGEST_PAGE)] = venue_list.PAGE_SIZE,
) -> JSONResponse:
    """List the venues the caller may know of, by name; `cursor` gives the next page."""
    wanted = Wanted(q=q, area=area, class_code=class_code, industry=industry, state=state, key_unit=key_unit)
    try:
        with db.read() as session:
            page = venue_list.page(session, staff.actor, wanted, cursor=cursor, size=limit)
    except BadCursor:
        raise _bad_cursor() from None
    locale = locale_of(request)
    return JSONResponse({"venues": [_listed(row, locale) for row in page.rows], "next_cursor": page.next_cursor})


def _bad_cursor() -> FieldsRefused:
    return FieldsRefused([FieldRefusal("cursor", Sentence("This cursor is not one we gave out for this list."))])


def _listed(row: Row, locale: str) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "name_en": row.name_en or None,
        "class": _coded(row.class_code, catalogue.venue_classes().get(row.class_code), locale),
        "industry": _coded(row.industry, catalogue.industries().get(row.industry or ""), locale),
        "address": row.address,
        "area": {"code": row.area_code, "name": row.area_name},
        "owner": row.owner_name,
        "state": row.state,
        "key_unit_since": _day(row.key_unit_since),
        "opened_on": _day(row.opened_on),
        "suspended_on": _day(row.suspended_on),
        "closed_on": _day(row.closed_on),
    }


@router.get("/{code}")
@needs(Right.SEE_VENUES)
@programs_may(Scope.REGISTER_READ)
def read_venue(request: Request, code: str, db: Db, at: Now, staff: CurrentStaff) -> JSONResponse:
    """Return one venue: its facts, who answers for it, its buildings and key parts; phones are masked."""
    locale, day = locale_of(request), people.local_day(at)
    with db.read() as session:
        venue = venue_page.seen(session, staff.actor, code)
        page = venue_page.venue_page(session, venue, actor=staff.actor, at=at)
    state = "closed" if venue.closed_on else "suspended" if venue.suspended_on else "open"
    return JSONResponse(
        {
            "code": venue.code,
            "name": venue.name,
            "name_en": venue.name_en or None,
            "class": _coded(venue.class_code, page.kind, locale),
            "industry": _coded(venue.industry, page.industry, locale),
            "credit_code": venue.credit_code,
            "address": venue.address,
            "area": {"code": page.area.code, "name": page.area.name},
            "wardens": list(page.wardens),
            "supervisors": list(page.supervisors),
            "position": {"lat": venue.lat, "lon": venue.lon} if venue.lat is not None else None,
            "phone": venue.phone,
            "hours": venue.hours,
            "sizes": venue.sizes,
            "way_out": venue.way_out or None,
            "state": state,
            "opened_on": _day(venue.opened_on),
            "suspended_on": _day(venue.suspended_on),
            "closed_on": _day(venue.closed_on),
            "key_unit_since": _day(venue.key_unit_since),
            "key_unit_suggested": in_words(page.suggestion.words, locale) if page.suggestion else None,
            "people": [
                {
                    "role": one.post.role,
                    "label": in_words(one.role, locale),
                    "name": one.person.name,
                    "phone_masked": mask_phone(one.person.phone) if one.person.phone else None,
                    "from_on": _day(one.post.from_on),
                    "until_on": _day(one.post.until_on),
                }
                for one in page.holders
                if one.holds_on(day)
            ],
            "buildings": [
                {
                    "name": spot.building.name,
                    "storeys_above": spot.building.storeys_above,
                    "storeys_below": spot.building.storeys_below,
                    "floors": [other.floor.number for other in page.spots
                               if other.floor and other.building.id == spot.building.id],
                }
                for spot in page.spots
                if spot.floor is None
            ],
            "key_parts": [
                {"code": one.part.code, "kind": one.part.kind, "label": in_words(one.kind, locale),
                 "name": one.part.name, "where": in_words(one.where, locale), "responsible": one.responsible}
                for one in page.parts
            ],
            "facilities": page.facilities,
            "cases": [answers.listed(row, at=at, locale=locale) for row in page.cases],
        }
    )  # fmt: skip


@router.get("/{code}/facilities")
@needs(Right.SEE_VENUES)
@programs_may(Scope.REGISTER_READ)
def list_facilities(
    request: Request,
    *,
    code: str,
    db: Db,
    at: Now,
    staff: CurrentStaff,
    kind: Annotated[str | None, Query(max_length=24)] = None,
    expiring: bool = False,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=facility_list.LARGEST_PAGE)] = facility_list.PAGE_SIZE,
) -> JSONResponse:
    """List a venue's facilities by kind and number; `expiring`: due within thirty days."""
    locale = locale_of(request)
    wanted = facility_list.Wanted(kind=kind, expiring=expiring)
    try:
        with db.read() as session:
            venue = venue_page.seen(session, staff.actor, code)
            page = facility_list.page(session, venue.id, wanted, day=people.local_day(at), cursor=cursor, size=limit)
    except BadCursor:
        raise _bad_cursor() from None
    rows = [
        {
            "code": row.code,
            "kind": row.kind,
            "label": in_words(row.kind_label, locale),
            "number": row.number,
            "where": in_words(venue_page.spot_words(row.building, row.floor), locale),
            "location": row.location,
            "key_part": row.key_part,
            "responsible": row.responsible,
            "expires_on": _day(row.expires_on),
        }
        for row in page.rows
    ]
    return JSONResponse({"facilities": rows, "next_cursor": page.next_cursor})


def _coded(code: str | None, words: Any, locale: str) -> dict[str, str] | None:  # noqa: ANN401 - of the catalogue
    if code is None:
        return None
    return {"code": code, "label": in_words(words or Label(code, code), locale)}


def _day(day: Any) -> str | None:  # noqa: ANN401 - a date or none
    return day.isoformat() if day else None
