"""A venue's patrols as they are planned: the plans, what is suggested, the rosters, the sixty days ahead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlmodel import Session
from starlette.responses import JSONResponse, RedirectResponse, Response

from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, Posted, locale_of
from api.pages.staff_frame import staff_page
from api.pages.venue_forms import AtVenue, Here, allowed
from domain import people
from domain.language import Sentence
from domain.models import Venue
from domain.patrols import events, plan_page, preview, suggestions
from domain.patrols.preview import Coming, Preview
from domain.queries import record_words, venue_page
from domain.rights import Right

router = Router(include_in_schema=False)
SEES, PLANS = Right.SEE_PATROLS, Right.PLAN_PATROLS
HERE = "patrols"
VIEWS = ("calendar", "list")
NOTHING_TICKED = Sentence("Tick the plans to take over.")
DONE: Mapping[str, Sentence] = {
    "saved": Sentence("Saved."),
    "same": Sentence("Nothing was different."),
    "ended": Sentence("It ends on that day; what was done until then stays."),
    "adopted": Sentence("The plans are entered and hold from tomorrow."),
}


@router.get("/venues/{code}/patrols")
@needs(SEES)
def show_plans(here: Here) -> Response:
    """Show the plans of a venue."""
    return _plans(here)


@router.post("/venues/{code}/patrols/adopt")
@needs(PLANS)
def adopt(here: Here, form: Posted) -> Response:
    """Enter the suggested plans that were ticked; those that are there already stay as they are."""
    ticked = {item for item in form.getlist("frequency") if isinstance(item, str)}
    with here.database.write() as session:
        venue = allowed(session, here.staff.actor, here.code, PLANS)
        made = suggestions.adopt(session, venue.id, frequencies=ticked, **here.by) if ticked else []
        address = f"/venues/{venue.code}/patrols?done={'adopted' if made else 'same'}"
    return RedirectResponse(address, status_code=303) if ticked else _plans(here, failed=NOTHING_TICKED)


def _plans(here: AtVenue, *, failed: Sentence | None = None) -> Response:
    with here.database.read() as session:
        venue = allowed(session, here.staff.actor, here.code, SEES)
        page = plan_page.of_venue(session, venue, actor=here.staff.actor, at=here.at)
    done = DONE.get(here.request.query_params.get("done", ""))
    return staff_page(
        here.request, "pages/staff/patrols/plans.html", staff=here.staff, at=here.at, here=HERE, page=page,
        venue=venue, day=people.local_day(here.at), done=done, failed=failed, status=422 if failed else 200,
    )  # fmt: skip


@router.get("/venues/{code}/patrols/plans/{plan_id}")
@needs(SEES)
def show_plan(here: Here, plan_id: UUID) -> Response:
    """Show one plan: how it holds, what it comes to, what was done to it."""
    with here.database.read() as session:
        venue = allowed(session, here.staff.actor, here.code, SEES)
        series, ahead, _ = plan_page.of_series(session, venue, plan_id, at=here.at)
        history = record_words.of_subjects(
            session, [series.now.plan.series_id], cursor=here.request.query_params.get("cursor")
        )
        may_plan = _may_plan(session, here, venue) and not series.has_ended
    day = people.local_day(here.at)
    may_start = may_plan and events.may_start(series.now.plan) and series.now.holds_on(day)
    return staff_page(
        here.request, "pages/staff/patrols/plan.html", staff=here.staff, at=here.at, here=HERE, venue=venue,
        series=series, ahead=ahead, history=history, may_plan=may_plan, may_start=may_start, day=day,
        done=DONE.get(here.request.query_params.get("done", "")), weeks=weeks_of(ahead),
    )  # fmt: skip


def _may_plan(session: Session, here: AtVenue, venue: Venue) -> bool:
    return venue.closed_on is None and PLANS in venue_page.rights_at(session, here.staff.actor, venue)


@router.get("/venues/{code}/patrols/ahead")
@needs(SEES)
def show_ahead(request: Request, code: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show what all plans come to in the next sixty days, as a calendar or a list."""
    view = next((one for one in VIEWS if one == request.query_params.get("view")), VIEWS[0])
    with db.read() as session:
        venue = allowed(session, staff.actor, code, SEES)
        ahead = preview.of_venue(session, venue, at=at)
    return staff_page(
        request, "pages/staff/patrols/ahead.html", staff=staff, at=at, here=HERE, venue=venue, ahead=ahead, view=view,
        weeks=weeks_of(ahead), days=ahead.by_day(), day=people.local_day(at),
    )  # fmt: skip


@router.get("/venues/{code}/patrols/ahead.json")
@needs(SEES)
def ahead_as_json(request: Request, code: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Return the same as data, the words in the reader's language."""
    locale = locale_of(request)
    with db.read() as session:
        venue = allowed(session, staff.actor, code, SEES)
        ahead = preview.of_venue(session, venue, at=at)
    troubles = [
        {"plan": one.name.in_language(locale), "series": str(one.plan.series_id), "says": one.says.in_language(locale)}
        for one in ahead.troubles
    ]
    return JSONResponse(
        {
            "at": at.isoformat(), "venue": venue.code, "first": ahead.first.isoformat(), "last": ahead.last.isoformat(),
            "coming": [_as_data(one, locale) for one in ahead.coming], "troubles": troubles,
        }
    )  # fmt: skip


def _as_data(one: Coming, locale: str) -> dict[str, Any]:
    return {
        "plan": one.name.in_language(locale), "series": str(one.plan.series_id), "slot": one.slot.slot,
        "day": one.slot.day.isoformat(), "starts_at": one.slot.starts_at.isoformat(),
        "due_at": one.slot.due_at.isoformat(), "who": one.who,
        "role": one.role.in_language(locale) if one.role else None,
        "provisional": one.is_provisional, "troubles": [says.in_language(locale) for says in one.troubles],
    }  # fmt: skip


def weeks_of(ahead: Preview) -> list[list[tuple[date, list[Coming] | None]]]:
    """Return the days by weeks from Monday on; None: a day that was not looked at."""
    days = ahead.by_day()
    monday = ahead.first - timedelta(days=ahead.first.weekday())
    weeks = []
    while monday <= ahead.last:
        week = [monday + timedelta(days=number) for number in range(7)]
        weeks.append([(day, days.get(day)) for day in week])
        monday += timedelta(days=7)
    return weeks
