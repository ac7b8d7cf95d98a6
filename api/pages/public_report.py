"""Reporting a hazard: one page, at a venue by its code or anywhere by words or position."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import allowances, forms
from api.access import Router, public
from api.deps import Conf, Db, Now, Posted, address_of, locale_of
from api.errors import retry_after
from api.field_errors import FieldError, field_errors
from api.middleware.limits import takes_photos
from api.pages.public_photos import Kept, fingerprint, take_in
from api.pages.public_venue import closed_venue, name_of, place_of, replaced_code, unknown_venue
from api.rendering import in_words, render
from domain import reports, venues
from domain.actors import ANYBODY
from domain.cases import FieldRefused
from domain.catalogue import PUBLIC_QUESTIONS, PublicQuestion
from domain.database import Database
from domain.forms import MAX_PHOTOS
from domain.language import Label, Sentence
from domain.models import Venue
from domain.people import local_day
from domain.processes.hazard_report import PUBLIC_STATES
from domain.queries import facility_label
from domain.reports import Intake, Opened, Similar
from domain.settings import Settings
from domain.throttles import AllowanceSpent
from domain.venues import CodeReplaced, UnknownVenue, VenueClosed

router = Router(include_in_schema=False)
FIELDS = ("hazard", "description", "phone", "place", "lat", "lon")
ORDER = ("place", "hazard", "description", "photos", "phone")
"""The fields as they stand on the page."""
SHOWN_TEXT = 10_000
"""Characters of a text that is too long and still given back in its field."""
TOKEN_BYTES = 16
LONGEST_PLACE = 300
"""Of a suggestion in an address; what is typed is judged when it is sent."""


@dataclass(slots=True)
class Draft:
    """A report as far as it is filled in: what was typed, what is wrong with it, the photos we hold for it."""

    form: str
    """Names this form: what it sends twice makes one case."""
    values: Mapping[str, str] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)

    def value(self, name: str) -> str:
        """Return what was typed, at a length that can be shown."""
        return self.values.get(name, "")[:SHOWN_TEXT]

    @property
    def shortened(self) -> Sentence | None:
        """Return what to say when a text was too long to be given back whole."""
        length = len(self.values.get("description", ""))
        if length <= SHOWN_TEXT:
            return None
        return Sentence("You wrote %(length)s characters; the first %(shown)s are kept here.",
                        length=length, shown=SHOWN_TEXT)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tile:
    """One answer to "What kind of hazard?", and how far an open report of that kind is."""

    key: str
    words: PublicQuestion
    state: Label | None


@router.get("/report")
@public
def ask(request: Request, db: Db, at: Now) -> Response:
    """Show the form for a hazard anywhere."""
    suggested = request.query_params.get("place", "")[:LONGEST_PLACE]
    return _page(request, db, Draft(_new_form(), {"place": suggested}), venue=None, at=at)


@router.post("/report")
@public
@takes_photos
def send(request: Request, db: Db, at: Now, settings: Conf, form: Posted) -> Response:
    """Take a report of a hazard anywhere."""
    return _taken(request, form, venue=None, db=db, at=at, settings=settings)


@router.get("/v/{code}/report")
@public
def ask_at_venue(request: Request, code: str, db: Db, at: Now, facility: str = "") -> Response:
    """Show the form for a hazard at a venue; `facility`: the code of the label it was begun from."""
    try:
        venue = _venue(db, code, at)
    except CodeReplaced as replaced:
        return replaced_code(request, replaced)
    except UnknownVenue:
        return unknown_venue(request, code)
    except VenueClosed as closed:
        return closed_venue(request, closed)
    return _page(request, db, Draft(_new_form(), _begun_at(request, db, facility, venue, at)), venue=venue, at=at)


def _begun_at(request: Request, db: Database, facility: str, venue: Venue, at: datetime) -> dict[str, str]:
    """Return what a label's code says of the report that begins there."""
    if not facility:
        return {}
    with db.read() as session:
        label = facility_label.reported(session, facility, venue.code, at=at)
    if label is None:
        return {}
    return {"hazard": label.question, "description": f"{in_words(label.said, locale_of(request))}\n"}


@router.post("/v/{code}/report")
@public
@takes_photos
def send_at_venue(*, request: Request, code: str, db: Db, at: Now, settings: Conf, form: Posted) -> Response:
    """Take a report of a hazard at a venue."""
    try:
        venue = _venue(db, code, at)
    except CodeReplaced as replaced:
        old = Sentence("The code you scanned was replaced. Check that this is the place, then send it again.")
        return _elsewhere(request, form, old, place=place_of(replaced.venue), db=db, at=at, settings=settings)
    except UnknownVenue:
        return unknown_venue(request, code)
    except VenueClosed:
        closed = Sentence("The venue of the code you scanned is closed. Say where the hazard is, then send it again.")
        return _elsewhere(request, form, closed, place="", db=db, at=at, settings=settings)
    return _taken(request, form, venue=venue, db=db, at=at, settings=settings)


def _elsewhere(
    request: Request, form: FormData, why: Sentence, *, place: str, db: Database, at: datetime, settings: Settings
) -> Response:
    """Keep what was typed at a code that holds no more; the reporter says where it is, or whether `place` is right."""
    taken = take_in(form, database=db, settings=settings, at=at, address=address_of(request))
    values = forms.texts(form, *FIELDS)
    if place:
        values["place"] = place
    errors = sorted([FieldError("place", why), *taken.errors], key=_order)
    draft = Draft(_new_form(), values, errors, taken.kept)
    return _page(request, db, draft, venue=None, at=at, status=422, waiting=taken.waiting)


def _venue(db: Database, code: str, at: datetime) -> Venue:
    with db.read() as session:
        return venues.open_by_code(session, code, day=local_day(at))


def _new_form() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def _taken(
    request: Request, form: FormData, *, venue: Venue | None, db: Database, at: datetime, settings: Settings
) -> Response:
    if form.get("show"):
        return _as_typed(request, form, venue=venue, db=db, at=at, settings=settings)
    values = forms.texts(form, *FIELDS)
    token = str(form.get("form") or "")
    key = _origin_key(token, values, venue, form)
    with db.read() as session:
        sent_before = reports.by_origin(session, key) if key else None
    if sent_before is not None:
        return _receipt_page(sent_before)
    intake, errors = _intake(values, venue, locale_of(request))
    address = address_of(request)
    taken = take_in(form, database=db, settings=settings, at=at, address=address)
    errors, waiting = sorted([*errors, *taken.errors], key=_order), taken.waiting
    draft = Draft(token if key else _new_form(), values, errors, taken.kept)
    if intake is not None and not draft.errors:
        try:
            with db.write() as session:
                allowances.spend_report(session, address, at=at)
                opened = _open(session, intake.model_copy(update={"photos": taken.ids}), key, at)
        except FieldRefused as refused:
            draft.errors = field_errors(refused)
        except AllowanceSpent as spent:
            draft.errors, waiting = [FieldError("", spent.reason)], spent
        else:
            return _receipt_page(opened)
    return _page(request, db, draft, venue=venue, at=at, status=429 if waiting else 422, waiting=waiting)


def _as_typed(
    request: Request, form: FormData, *, venue: Venue | None, db: Database, at: datetime, settings: Settings
) -> Response:
    """Show the form again as it is filled in, in another language or size; nothing is looked at yet but the photos."""
    taken = take_in(form, database=db, settings=settings, at=at, address=address_of(request))
    token = str(form.get("form") or "")
    named = token if len(token) >= TOKEN_BYTES else _new_form()
    draft = Draft(named, forms.texts(form, *FIELDS), taken.errors, taken.kept)
    status = 429 if taken.waiting else 422 if taken.errors else 200
    return _page(request, db, draft, venue=venue, at=at, status=status, waiting=taken.waiting)


def _open(session: Session, intake: Intake, key: str | None, at: datetime) -> Opened:
    return reports.open_report(session, intake, actor=ANYBODY, at=at, origin_key=key)


def _receipt_page(opened: Opened) -> Response:
    return RedirectResponse(f"/r/{opened.receipt}?new=1", status_code=303)


def _origin_key(token: str, values: Mapping[str, str], venue: Venue | None, form: FormData) -> str | None:
    """Return the key under which the same form with the same content makes one case; None without a form's name.

    The content is part of it: who goes back and reports something else from the same page makes a second case.
    """
    if len(token) < TOKEN_BYTES:
        return None
    parts = [token, venue.code if venue else "", *(values.get(name, "") for name in FIELDS), fingerprint(form)]
    return "web:" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _intake(values: Mapping[str, str], venue: Venue | None, locale: str) -> tuple[Intake | None, list[FieldError]]:
    """Return what is asked for, or what is wrong with it: everything at once, in the page's order."""
    given: dict[str, Any] = {**values, "language": locale}
    if venue is not None:
        given = {**given, "venue_code": venue.code, "place": None, "lat": None, "lon": None}
    try:
        intake, errors = Intake.model_validate(given), []
    except ValidationError as wrong:
        errors = [FieldError("place" if e.field in ("lat", "lon") else e.field, e.message) for e in field_errors(wrong)]
        broken = {error.field for error in errors}
        sound = {name: value for name, value in given.items() if name not in broken | {"lat", "lon"}}
        intake = Intake.model_validate(sound)
    broken = {error.field for error in errors}
    errors += [FieldError(fault.field, fault.reason) for fault in reports.faults(intake) if fault.field not in broken]
    if "description" in broken:  # too long is not empty
        errors = [error for error in errors if error.field != "hazard"]
    return (None if errors else intake), errors


def _order(error: FieldError) -> int:
    return ORDER.index(error.field) if error.field in ORDER else len(ORDER)


def _page(
    request: Request, db: Database, draft: Draft, *, venue: Venue | None, at: datetime, status: int = 200,
    waiting: AllowanceSpent | None = None,
) -> Response:  # fmt: skip
    tiles = _tiles(db, venue, at)
    return render(
        request,
        "pages/public/report.html",
        status=status,
        headers=retry_after(waiting) if waiting else None,
        venue=venue,
        action=f"/v/{venue.code}/report" if venue else "/report",
        name=name_of(venue, locale_of(request)) if venue else "",
        draft=draft,
        tiles=tiles,
        known=any(tile.state for tile in tiles),
        most=MAX_PHOTOS,
    )


def _tiles(db: Database, venue: Venue | None, at: datetime) -> list[Tile]:
    open_ones: list[Similar] = []
    if venue is not None:
        with db.read() as session:
            open_ones = reports.similar(session, venue_id=venue.id, at=at)
    states: dict[str, Label] = {}
    for similar in open_ones:  # the newest first
        if key := _tile_of(similar.hazard_code or ""):
            states.setdefault(key, PUBLIC_STATES[similar.state])
    return [Tile(question.key, question, states.get(question.key)) for question in PUBLIC_QUESTIONS]


def _tile_of(hazard_code: str) -> str | None:
    """Return the tile a hazard stands under: that which names it most exactly."""
    fits = {
        question.key: max((len(start) for start in (question.hazard_code, *question.family)
                           if hazard_code.startswith(start)), default=0)
        for question in PUBLIC_QUESTIONS if question.is_known
    }  # fmt: skip
    best = max(fits, key=lambda key: fits[key])
    return best if fits[best] else None
