"""A venue's facilities for staff: the table, entering one or a series, changing, moving, assigning, ending."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, Posted
from api.pages import register_forms
from api.pages.register_forms import RegisterForm
from api.pages.staff_frame import staff_page
from api.pages.venue_edit import allowed
from api.pages.venue_parts import place_lists, spot_value
from api.pages.venues import DONE
from domain import facilities, people, register_lock
from domain.access import OutOfReach
from domain.accounts import Identity
from domain.cases import FieldRefused
from domain.database import Database
from domain.language import Sentence
from domain.models import Facility, Venue
from domain.queries import facility_list, venue_page
from domain.queries.case_list import BadCursor
from domain.queries.facility_list import Wanted
from domain.register_forms import Ending, FacilityFacts, Move, NewFacilities
from domain.rights import Right

router = Router(include_in_schema=False)
EQUIPS = Right.KEEP_FACILITIES
NOBODY = "nobody"


@router.get("/venues/{code}/facilities")
@needs(Right.SEE_VENUES)
def show_facilities(request: Request, code: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show one page of a venue's facilities."""
    asked = request.query_params
    filters = {name: asked.get(name, "").strip() for name in ("kind", "responsible", "expiring", "ended")}
    with db.read() as session:
        venue = venue_page.seen(session, staff.actor, code)
        try:
            page = facility_list.page(
                session, venue.id, wanted_of(filters), day=people.local_day(at), cursor=asked.get("cursor")
            )
        except BadCursor:
            return RedirectResponse(f"/venues/{venue.code}/facilities", status_code=303)
        kinds = facility_list.kinds_of(session, venue.id)
        lists = place_lists(session, venue, at=at)
        keeps = EQUIPS in venue_page.rights_at(session, staff.actor, venue) and venue.closed_on is None
    return staff_page(
        request, "pages/staff/facilities.html", staff=staff, at=at, here="venues", venue=venue, page=page,
        filters=filters, filtered=any(filters.values()), kinds=kinds, people=lists["people"], keeps=keeps,
        day=people.local_day(at), is_first="cursor" not in asked, spot_words=venue_page.spot_words,
        most=facility_list.MOST_COUNTED, done=DONE.get(asked.get("done", "")),
    )  # fmt: skip


def wanted_of(filters: dict[str, str]) -> Wanted:
    """Return what a query string asks for; what it cannot mean is left out."""
    responsible = filters.get("responsible", "")
    try:
        person = UUID(responsible)
    except ValueError:
        person = None
    return Wanted(
        kind=filters.get("kind") or None,
        responsible_id=person,
        unassigned=responsible == NOBODY,
        expiring=filters.get("expiring") == "1",
        ended=filters.get("ended") == "1",
    )


@router.post("/venues/{code}/facilities/assign")
@needs(EQUIPS)
def assign(*, code: str, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Make somebody answer for the facilities that were ticked."""
    ids = [found for item in form.getlist("facility") if (found := _id(item))]
    person = form.get("person")
    with db.write() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
        wanted = person if isinstance(person, str) and person not in ("", NOBODY) else None
        if not ids or not person:
            raise FieldRefused(facilities.NOTHING_CHOSEN)
        changed = facilities.assign(session, venue.id, ids, wanted, actor=staff.actor, at=at)
        address = f"/venues/{venue.code}/facilities?done={'saved' if changed else 'same'}"
    return RedirectResponse(address, status_code=303)


def _id(item: object) -> UUID | None:
    try:
        return UUID(item) if isinstance(item, str) else None
    except ValueError:
        return None


NEW = ("new", Sentence("Enter facilities"), Sentence("Enter them"))


@router.get("/venues/{code}/facilities/new")
@needs(EQUIPS)
def ask_facilities(request: Request, *, code: str, db: Db, at: Now, staff: CurrentStaff, kind: str = "") -> Response:
    """Show the form of new facilities."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
        lists = place_lists(session, venue, at=at)
    values = {"kind": kind, "count": 1}
    page = _page(venue, *NEW)
    return register_forms.show(request, page, NewFacilities, staff=staff, at=at, lists=lists, values=values)


@router.post("/venues/{code}/facilities/new")
@needs(EQUIPS)
def enter_facilities(request: Request, *, code: str, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Enter one facility or a series."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
    first = register_forms.form_id_of(form)
    return _sent(
        request, db, staff, at, venue, _page(venue, *NEW), NewFacilities, form,
        lambda session, filled, _: facilities.add(
            session, venue.id, filled, actor=staff.actor, at=at, first_id=first
        ),
    )  # fmt: skip


def _page(venue: Venue, path: str, title: Sentence, button: Sentence, about: str = "") -> RegisterForm:
    home = f"/venues/{venue.code}/facilities"
    return RegisterForm(title, f"{home}/{path}", home, button, about=about or venue.name)


def _sent(  # noqa: PLR0917 - one form: who, where, what, how
    request: Request,
    db: Database,
    staff: Identity,
    at: datetime,
    venue: Venue,
    page: RegisterForm,
    model: type[BaseModel],
    form: FormData,
    do: Callable[[Session, Any, int | None], object],
) -> Response:
    def carry_out(session: Session, filled: BaseModel, version: int | None) -> str:
        do(session, filled, version)
        return f"/venues/{venue.code}/facilities?done=saved"

    sent = register_forms.send(db, model, form, carry_out)
    if isinstance(sent, Response):
        return sent
    with db.read() as session:
        lists = place_lists(session, venue, at=at)
    return register_forms.show(request, page, model, staff=staff, at=at, lists=lists, unsent=sent)


def _facility(session: Session, venue: Venue, facility_id: UUID) -> Facility:
    facility = session.get(Facility, facility_id)
    if facility is None or facility.venue_id != venue.id:
        raise OutOfReach(str(facility_id))
    return facility


STEPS: dict[str, tuple[type[BaseModel], Sentence, Sentence, Callable[..., object]]] = {
    "edit": (FacilityFacts, Sentence("Change a facility"), Sentence("Save"), facilities.change),
    "move": (Move, Sentence("Move a facility"), Sentence("Move it"), facilities.move),
    "end": (Ending, Sentence("End a facility"), Sentence("End it"), facilities.end),
}


@router.get("/venues/{code}/facilities/{facility_id}/{step}")
@needs(EQUIPS)
def ask_step(
    request: Request, *, code: str, facility_id: UUID, step: str, db: Db, at: Now, staff: CurrentStaff
) -> Response:
    """Show the form that changes, moves or ends a facility."""
    if step not in STEPS:
        raise OutOfReach(step)
    model, title, button, _ = STEPS[step]
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
        facility = _facility(session, venue, facility_id)
        lists = place_lists(session, venue, at=at)
        version = register_lock.version_of(session, facility.id)
    known = {
        **{name: getattr(facility, name) for name in FacilityFacts.model_fields if hasattr(facility, name)},
        "where": spot_value(facility), "key_part": facility.key_part_id, "responsible": facility.responsible_id,
    }  # fmt: skip
    values = {name: value for name, value in known.items() if name in model.model_fields}
    page = _page(venue, f"{facility.id}/{step}", title, button, _named(facility))
    return register_forms.show(request, page, model, staff=staff, at=at, lists=lists, values=values, version=version)


@router.post("/venues/{code}/facilities/{facility_id}/{step}")
@needs(EQUIPS)
def take_step(
    request: Request, *, code: str, facility_id: UUID, step: str, db: Db, at: Now, staff: CurrentStaff, form: Posted
) -> Response:
    """Change, move or end a facility."""
    if step not in STEPS:
        raise OutOfReach(step)
    model, title, button, do = STEPS[step]
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
        facility = _facility(session, venue, facility_id)
    page = _page(venue, f"{facility.id}/{step}", title, button, _named(facility))
    return _sent(
        request, db, staff, at, venue, page, model, form,
        lambda session, filled, version: do(
            session, facility_id, filled, actor=staff.actor, at=at, version=version
        ),
    )  # fmt: skip


def _named(facility: Facility) -> str:
    return f"{facility.number or facility.code}"
