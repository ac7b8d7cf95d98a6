"""Forms of a venue's people: appointed, ended, and their phone seen for a reason."""

from __future__ import annotations

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
from api.pages.venue_edit import allowed
from domain import register_lock, venue_people
from domain.access import OutOfReach
from domain.language import Sentence
from domain.models import Person, Venue
from domain.register_forms import Appointment, EndOfPost, Reveal
from domain.rights import Right

router = Router(include_in_schema=False)


@router.get("/venues/{code}/posts/new")
@needs(Right.KEEP_VENUES)
def ask_appointment(request: Request, code: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form that appoints somebody."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, Right.KEEP_VENUES)
    return register_forms.show(request, _appointment(venue), Appointment, staff=staff, at=at)


@router.post("/venues/{code}/posts/new")
@needs(Right.KEEP_VENUES)
def appoint(request: Request, *, code: str, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Appoint somebody."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, Right.KEEP_VENUES)
    post_id = register_forms.form_id_of(form)

    def do(session: Session, filled: Appointment, _: int | None) -> str:
        venue_people.appoint(session, venue.id, filled, actor=staff.actor, at=at, post_id=post_id)
        return f"/venues/{venue.code}?done=saved"

    sent = register_forms.send(db, Appointment, form, do)
    if isinstance(sent, Response):
        return sent
    return register_forms.show(request, _appointment(venue), Appointment, staff=staff, at=at, unsent=sent)


def _appointment(venue: Venue) -> RegisterForm:
    home = f"/venues/{venue.code}"
    warning = Sentence("A new responsible person takes the place of the one before, whose post ends the day before.")
    title, button = Sentence("Appoint somebody"), Sentence("Appoint")
    return RegisterForm(title, f"{home}/posts/new", home, button, about=venue.name, warning=warning)


@router.get("/venues/{code}/posts/{post_id}/end")
@needs(Right.KEEP_VENUES)
def ask_end(request: Request, *, code: str, post_id: UUID, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form that ends a post."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, Right.KEEP_VENUES)
        page = _ending(session, venue, post_id)
        version = register_lock.version_of(session, post_id)
    return register_forms.show(request, page, EndOfPost, staff=staff, at=at, version=version)


@router.post("/venues/{code}/posts/{post_id}/end")
@needs(Right.KEEP_VENUES)
def end_post(
    request: Request, *, code: str, post_id: UUID, db: Db, at: Now, staff: CurrentStaff, form: Posted
) -> Response:
    """End a post."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, Right.KEEP_VENUES)
        page = _ending(session, venue, post_id)

    def do(session: Session, filled: EndOfPost, version: int | None) -> str:
        venue_people.end(session, venue.id, post_id, filled, actor=staff.actor, at=at, version=version)
        return f"/venues/{venue.code}?done=saved"

    sent = register_forms.send(db, EndOfPost, form, do)
    if isinstance(sent, Response):
        return sent
    return register_forms.show(request, page, EndOfPost, staff=staff, at=at, unsent=sent)


def _ending(session: Session, venue: Venue, post_id: UUID) -> RegisterForm:
    holder = next((one for one in venue_people.of(session, venue.id) if one.post.id == post_id), None)
    if holder is None:
        raise OutOfReach(str(post_id))
    home = f"/venues/{venue.code}"
    title, button = Sentence("End the post"), Sentence("End the post")
    return RegisterForm(title, f"{home}/posts/{post_id}/end", home, button, about=holder.person.name)


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
