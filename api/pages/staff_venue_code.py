"""A venue's code for staff: as it stands at the door, its sheet, a new one when the sheet was lost or forged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from api import forms
from api.access import Router, needs
from api.deps import Conf, CurrentStaff, Db, Now, Posted
from api.field_errors import FieldError
from api.pages import code_sheet
from api.pages.staff_frame import staff_page
from domain import access, people, venue_codes, venues
from domain.access import OutOfReach
from domain.accounts import Identity
from domain.actors import Actor
from domain.identifiers import is_venue_code
from domain.language import Sentence
from domain.venue_codes import LONGEST_REASON, RIGHT, CodeNotReissued, FormerCode

router = Router(include_in_schema=False)
CONFIRM = Sentence("Please tick that you are sure.")


@dataclass(frozen=True, slots=True)
class Coded:
    """A venue and its codes."""

    venue_id: UUID
    code: str
    name: str
    name_en: str
    is_open: bool
    former: tuple[FormerCode, ...]


@router.get("/venues/{code}/code")
@needs(RIGHT)
def show_code(request: Request, code: str, *, db: Db, at: Now, staff: CurrentStaff, was: str = "") -> Response:
    """Show the code in force, its sheet, and the codes before it."""
    return _page(request, code, db=db, at=at, staff=staff, was=was if is_venue_code(was) else "")


@router.post("/venues/{code}/code")
@needs(RIGHT)
def reissue(request: Request, code: str, *, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Give the venue another code, once a reason is given and it is confirmed."""
    typed = forms.texts(form, "reason")
    errors = [] if form.get("confirm") else [FieldError("confirm", CONFIRM)]
    if not typed.get("reason"):
        errors.insert(0, FieldError("reason", Sentence("Say why the code is replaced.")))
    if not errors:
        replacing = str(form.get("replacing") or "")
        try:
            with db.write() as session:
                found = _reached(session, code, actor=staff.actor, at=at)
                new = venue_codes.reissue(
                    session, found.venue_id, reason=typed["reason"], replacing=replacing, actor=staff.actor, at=at
                )
        except CodeNotReissued as refused:
            errors = [FieldError("reason", refused.reason)]
        else:
            return RedirectResponse(f"/venues/{new}/code?was={replacing}", status_code=303)
    return _page(request, code, db=db, at=at, staff=staff, errors=tuple(errors), reason=typed.get("reason", ""))


@router.get("/venues/{code}/code/sheet")
@needs(RIGHT)
def sheet(*, code: str, db: Db, at: Now, staff: CurrentStaff, settings: Conf, size: str = "A5") -> Response:
    """Give the sheet for the door as a PDF."""
    with db.read() as session:
        found = _reached(session, code, actor=staff.actor, at=at)
        printed = code_sheet.sheet_of(session, found.venue_id, settings=settings, at=at)
    if printed is None:
        raise OutOfReach(code)
    return code_sheet.download(printed, size)


def _reached(session: Session, code: str, *, actor: Actor, at: datetime) -> Coded:
    """Return the venue with that code, or with an earlier one: two people may press at once. Raises `OutOfReach`."""
    try:
        venue = venues.by_code(session, code)
    except venues.CodeReplaced as old:
        venue = old.venue
    except venues.UnknownVenue:
        raise OutOfReach(code) from None
    access.require(session, actor, RIGHT, venue_id=venue.id)
    former = tuple(venue_codes.former(session, venue.id))
    return Coded(venue.id, venue.code, venue.name, venue.name_en, venue.is_open(people.local_day(at)), former)


def _page(
    request: Request,
    code: str,
    *,
    db: Db,
    at: datetime,
    staff: Identity,
    was: str = "",
    errors: tuple[FieldError, ...] = (),
    reason: str = "",
) -> Response:
    with db.read() as session:
        found = _reached(session, code, actor=staff.actor, at=at)
    address = f"{request.app.state.settings.public_url.rstrip('/')}/v/{found.code}"
    return staff_page(
        request, "pages/staff/venue_code.html", staff=staff, at=at, here="venues", status=422 if errors else 200,
        found=found, address=address, qr=code_sheet.drawn(address), was=was if was != found.code else "",
        errors=errors, reason=reason, longest=LONGEST_REASON,
        titles={"reason": Sentence("Why it is replaced"), "confirm": Sentence("Confirmation")},
    )  # fmt: skip
