"""Forms of a venue's people: appointed, ended, and their phone seen for a reason."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from fastapi import Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import Response

from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, Posted
from api.field_errors import field_errors
from api.pages import register_forms
from api.pages.register_forms import RegisterForm, Unsent
from api.pages.staff_forms import Typed, as_data, read_typed
from api.pages.staff_frame import staff_page
from api.pages.venue_forms import AtVenue, Describe, Here, VenueForm, allowed, page_at
from domain import register_lock, venue_people
from domain.access import OutOfReach
from domain.language import Sentence
from domain.models import Person, Venue
from domain.register_forms import Appointment, EndOfPost, Reveal
from domain.rights import Right

router = Router(include_in_schema=False)


def _appointment(here: AtVenue, post_id: UUID | None = None) -> Describe:
    warning = Sentence("A new responsible person takes the place of the one before, whose post ends the day before.")

    def describe(_: Session, venue: Venue) -> VenueForm:
        page = page_at(venue, "posts/new", Sentence("Appoint somebody"), Sentence("Appoint"))
        return VenueForm(
            replace(page, warning=warning), Appointment,
            lambda session, filled, _: venue_people.appoint(session, venue.id, filled, post_id=post_id, **here.by),
        )  # fmt: skip

    return describe


@router.get("/venues/{code}/posts/new")
@needs(Right.KEEP_VENUES)
def ask_appointment(here: Here) -> Response:
    """Show the form that appoints somebody."""
    return here.ask(Right.KEEP_VENUES, _appointment(here))


@router.post("/venues/{code}/posts/new")
@needs(Right.KEEP_VENUES)
def appoint(here: Here, form: Posted) -> Response:
    """Appoint somebody."""
    return here.send(Right.KEEP_VENUES, form, _appointment(here, register_forms.form_id_of(form)))


def _ending(here: AtVenue, post_id: UUID) -> Describe:
    def describe(session: Session, venue: Venue) -> VenueForm:
        holder = next((one for one in venue_people.of(session, venue.id) if one.post.id == post_id), None)
        if holder is None:
            raise OutOfReach(str(post_id))
        title = Sentence("End the post")
        return VenueForm(
            page_at(venue, f"posts/{post_id}/end", title, title, holder.person.name),
            EndOfPost,
            lambda session, filled, version: venue_people.end(
                session, venue.id, post_id, filled, version=version, **here.by
            ),
            version=register_lock.version_of(session, post_id),
        )

    return describe


@router.get("/venues/{code}/posts/{post_id}/end")
@needs(Right.KEEP_VENUES)
def ask_end(here: Here, post_id: UUID) -> Response:
    """Show the form that ends a post."""
    return here.ask(Right.KEEP_VENUES, _ending(here, post_id))


@router.post("/venues/{code}/posts/{post_id}/end")
@needs(Right.KEEP_VENUES)
def end_post(here: Here, post_id: UUID, form: Posted) -> Response:
    """End a post."""
    return here.send(Right.KEEP_VENUES, form, _ending(here, post_id))


@router.get("/venues/{code}/people/{person_id}/phone")
@needs(Right.REVEAL_PHONES)
def ask_phone(request: Request, *, code: str, person_id: UUID, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Ask why somebody's number is needed."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, Right.REVEAL_PHONES)
        page = _revealing(session, venue, person_id)
    return register_forms.show(request, page, Reveal, staff=staff, at=at)


@router.post("/venues/{code}/people/{person_id}/phone")
@needs(Right.REVEAL_PHONES)
def reveal_phone(
    request: Request, *, code: str, person_id: UUID, db: Db, at: Now, staff: CurrentStaff, form: Posted
) -> Response:
    """Show somebody's number once; the look and its reason are recorded before."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, Right.REVEAL_PHONES)
        page = _revealing(session, venue, person_id)
        person = session.get(Person, person_id)
    typed = read_typed(Reveal, form)
    try:
        filled = Reveal.model_validate(as_data(Reveal, typed))
    except ValidationError as wrong:
        unsent = Unsent(Typed(typed, tuple(field_errors(wrong))))
        return register_forms.show(request, page, Reveal, staff=staff, at=at, unsent=unsent)
    with db.write() as session:
        phone = venue_people.reveal_phone(session, venue.id, person_id, filled, actor=staff.actor, at=at)
    shown = staff_page(
        request, "pages/staff/venue_phone.html", staff=staff, at=at, here="venues", venue=venue, phone=phone,
        name=person.name if person else "",
    )  # fmt: skip
    shown.headers["cache-control"] = "no-store"
    return shown


def _revealing(session: Session, venue: Venue, person_id: UUID) -> RegisterForm:
    holder = next((one for one in venue_people.of(session, venue.id) if one.person.id == person_id), None)
    if holder is None:
        raise OutOfReach(str(person_id))
    home = f"/venues/{venue.code}"
    warning = Sentence("The number is shown once. That you saw it, and why, stays in the record.")
    return RegisterForm(
        Sentence("See a telephone number"), f"{home}/people/{person_id}/phone", home, Sentence("Show the number"),
        about=holder.person.name, warning=warning,
    )  # fmt: skip
