"""A venue's facilities for staff: the table, entering one or a series, changing, moving, assigning, ending."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, Posted
from api.pages import register_forms
from api.pages.register_forms import RegisterForm
from api.pages.staff_frame import staff_page
from api.pages.venue_forms import AtVenue, Describe, Here, VenueForm, allowed, place_lists, spot_value
from api.pages.venues import DONE
from domain import facilities, people, register_lock
from domain.access import OutOfReach
from domain.cases import FieldRefused
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


def _page(venue: Venue, path: str, title: Sentence, button: Sentence, about: str = "") -> RegisterForm:
    home = f"/venues/{venue.code}/facilities"
    return RegisterForm(title, f"{home}/{path}", home, button, about=about or venue.name)


def _new(here: AtVenue, *, kind: str = "", first_id: UUID | None = None) -> Describe:
    def describe(session: Session, venue: Venue) -> VenueForm:
        return VenueForm(
            _page(venue, "new", Sentence("Enter facilities"), Sentence("Enter them")),
            NewFacilities,
            lambda session, filled, _: facilities.add(session, venue.id, filled, first_id=first_id, **here.by),
            values={"kind": kind, "count": 1},
            lists=place_lists(session, venue, at=here.at),
        )

    return describe


@router.get("/venues/{code}/facilities/new")
@needs(EQUIPS)
def ask_facilities(here: Here, kind: str = "") -> Response:
    """Show the form of new facilities."""
    return here.ask(EQUIPS, _new(here, kind=kind))


@router.post("/venues/{code}/facilities/new")
@needs(EQUIPS)
def enter_facilities(here: Here, form: Posted) -> Response:
    """Enter one facility or a series."""
    return here.send(EQUIPS, form, _new(here, first_id=register_forms.form_id_of(form)))


STEPS: dict[str, tuple[type[BaseModel], Sentence, Sentence, Callable[..., object]]] = {
    "edit": (FacilityFacts, Sentence("Change a facility"), Sentence("Save"), facilities.change),
    "move": (Move, Sentence("Move a facility"), Sentence("Move it"), facilities.move),
    "end": (Ending, Sentence("End a facility"), Sentence("End it"), facilities.end),
}


def _step(here: AtVenue, facility_id: UUID, step: str) -> Describe:
    if step not in STEPS:
        raise OutOfReach(step)
    model, title, button, do = STEPS[step]

    def describe(session: Session, venue: Venue) -> VenueForm:
        facility = session.get(Facility, facility_id)
        if facility is None or facility.venue_id != venue.id:
            raise OutOfReach(str(facility_id))
        known = {
            **{name: getattr(facility, name) for name in FacilityFacts.model_fields if hasattr(facility, name)},
            "where": spot_value(facility), "key_part": facility.key_part_id, "responsible": facility.responsible_id,
        }  # fmt: skip
        return VenueForm(
            _page(venue, f"{facility.id}/{step}", title, button, facility.number or facility.code),
            model,
            lambda session, filled, version: do(session, facility_id, filled, version=version, **here.by),
            values={name: value for name, value in known.items() if name in model.model_fields},
            version=register_lock.version_of(session, facility.id),
            lists=place_lists(session, venue, at=here.at),
        )

    return describe


@router.get("/venues/{code}/facilities/{facility_id}/{step}")
@needs(EQUIPS)
def ask_step(here: Here, facility_id: UUID, step: str) -> Response:
    """Show the form that changes, moves or ends a facility."""
    return here.ask(EQUIPS, _step(here, facility_id, step))


@router.post("/venues/{code}/facilities/{facility_id}/{step}")
@needs(EQUIPS)
def take_step(here: Here, facility_id: UUID, step: str, form: Posted) -> Response:
    """Change, move or end a facility."""
    return here.send(EQUIPS, form, _step(here, facility_id, step))
