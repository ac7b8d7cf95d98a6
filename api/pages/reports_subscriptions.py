"""Subscriptions to reports: one's own, and those of colleagues below whom one arranges things for."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, Posted
from api.field_errors import field_errors
from api.middleware.limits import takes_little
from api.pages import reports_frame
from api.pages.reports_sla import HERE
from api.pages.staff_forms import FormShown, Option, Pickers, Typed, as_data, form_shown, read_typed
from api.pages.staff_frame import staff_page
from domain.accounts import Identity
from domain.cases import FieldRefused
from domain.language import Label
from domain.processes import LISTED
from domain.reporting import subscriptions
from domain.reporting.periods import KINDS
from domain.reporting.subscriptions import SubscriptionForm
from domain.rights import Right

router = Router(include_in_schema=False)


@router.get("/reports/subscriptions")
@needs(Right.SEE_REPORTS)
def show_subscriptions(request: Request, db: Db, at: Now, staff: CurrentStaff, done: str = "") -> Response:
    """Show what this person gets, and colleagues below; and the form that adds one."""
    with db.read() as session:
        return _page(request, session, staff=staff, at=at, typed=Typed({}), done=done)


@router.post("/reports/subscriptions")
@needs(Right.SEE_REPORTS)
@takes_little
def subscribe(request: Request, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Subscribe oneself or a colleague."""
    values = read_typed(SubscriptionForm, form)
    try:
        filled = SubscriptionForm.model_validate(as_data(SubscriptionForm, values))
        with db.write() as session:
            subscriptions.subscribe(session, filled, actor=staff.actor, at=at)
    except (ValidationError, FieldRefused) as refused:
        with db.read() as session:
            typed = Typed(values, tuple(field_errors(refused)))
            return _page(request, session, staff=staff, at=at, typed=typed, done="", status=422)
    return RedirectResponse("/reports/subscriptions?done=added", status_code=303)


@router.post("/reports/subscriptions/{subscription_id}/end")
@needs(Right.SEE_REPORTS)
@takes_little
def end(subscription_id: UUID, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """End one's own subscription, or one of a colleague below."""
    with db.write() as session:
        subscriptions.end(session, subscription_id, actor=staff.actor, at=at)
    return RedirectResponse("/reports/subscriptions?done=ended", status_code=303)


def _page(
    request: Request, session: Session, *, staff: Identity, at: datetime, typed: Typed, done: str, status: int = 200
) -> Response:
    form = form_shown(SubscriptionForm, prefix="", pickers=_pickers(session, staff, at), typed=typed)
    arranges = subscriptions.arranges(staff.actor)
    shown = tuple(field for field in form.fields if field.name != "note" and (arranges or field.name != "person"))
    cursor = _cursor(request)
    page = subscriptions.seen_by(session, staff.actor, at=at, after=cursor)
    context: dict[str, Any] = {
        "form": FormShown(form.prefix, shown, form.errors), "errors": typed.errors, "titles": form.titles,
        "subscribed": page.rows, "next_cursor": page.next_cursor, "is_first": cursor is None, "kinds": KINDS,
        "flows": LISTED,
        "done": done, "mine": staff.person.id, "arranges": arranges,
    }  # fmt: skip
    return staff_page(
        request, "pages/staff/reports/subscriptions.html", staff=staff, at=at, here=HERE, status=status, **context
    )


def _cursor(request: Request) -> UUID | None:
    """Return after which subscription the page goes on; None for the first, and for what is no id."""
    try:
        return UUID(request.query_params.get("cursor", ""))
    except ValueError:
        return None


def _pickers(session: Session, staff: Identity, at: datetime) -> Pickers:
    areas = tuple(
        Option(area.code, Label(area.name, area.name_en or area.name))
        for area in reports_frame.areas_to_choose(session, staff.actor)
    )
    found = subscriptions.colleagues_below(session, staff.actor, at=at)
    processes = tuple(Option(name, Label(flow.zh, flow.en)) for name, flow in LISTED.items())
    subscribers = tuple(Option(str(one.id), Label(one.name, one.name)) for one in found)
    return Pickers(lists={"areas": areas, "processes": processes, "people": subscribers})
