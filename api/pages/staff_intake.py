"""The telephone intake: a handler writes down what a caller reports, and reads the receipt code out to them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import Response

from api import forms
from api.access import Router, staff_only
from api.deps import Conf, CurrentStaff, Db, Now, Posted
from api.errors import problem_of
from api.field_errors import FieldError, field_errors
from api.pages.staff_forms import hazard_groups
from api.pages.staff_frame import may_take_calls, staff_page
from api.pages.staff_registered import show_once
from api.rendering import render
from domain import access, catalogue, people, reports
from domain.accounts import Identity
from domain.actors import Actor
from domain.cases import FieldRefused
from domain.catalogue import Hazard, Severity
from domain.identifiers import new_id
from domain.language import LOCALES, Label, Sentence
from domain.processes.hazard_report import HAZARD_REPORT
from domain.queries import choices
from domain.queries.case_words import CHANNELS
from domain.queries.choices import VenueChoice
from domain.reports import Intake, Similar
from domain.venues import UnknownVenue, VenueClosed
from domain.workflow import FieldRefusal, TransitionRefused

router = Router(include_in_schema=False)
BY_TELEPHONE = ("96119", "12345", "visit")
FIELDS = ("channel", "venue", "venue_code", "place", "description", "hazard", "suggested", "phone", "name", "language",
          "form_id", "seen")  # fmt: skip
MOST_SUGGESTED = 4


@dataclass(frozen=True, slots=True)
class Look:
    """What the register and the catalogue know about what was typed so far."""

    venues: tuple[VenueChoice, ...]
    venue: VenueChoice | None
    hazards: tuple[Hazard, ...]
    is_emergency: bool
    similar: tuple[tuple[Similar, Label], ...]
    nothing_found: bool


@router.get("/cases/new")
@staff_only
def show_form(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the empty form."""
    _only_for_call_takers(staff.actor)
    typed = {"channel": BY_TELEPHONE[0], "language": LOCALES[0], "form_id": new_id().hex}
    with db.read() as session:
        found = _look(session, typed, staff.actor, at=at)
    return _form(request, typed, found, staff=staff, at=at)


@router.post("/cases/new/look")
@staff_only
def look(request: Request, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Return what is known about what was typed so far, for the column beside the form."""
    _only_for_call_takers(staff.actor)
    typed = forms.texts(form, *FIELDS)
    with db.read() as session:
        found = _look(session, typed, staff.actor, at=at)
    return render(request, "pages/staff/intake_look.html", typed=typed, look=found, at=at)


@router.post("/cases/new")
@staff_only
def register(  # noqa: PLR0917 - what an endpoint is handed
    request: Request, db: Db, at: Now, staff: CurrentStaff, settings: Conf, form: Posted
) -> Response:
    """Register the report; before that, show reports that may be the same, once."""
    _only_for_call_takers(staff.actor)
    typed = forms.texts(form, *FIELDS)
    with db.read() as session:
        found = _look(session, typed, staff.actor, at=at)
    errors = _unclear_venue(typed, found)
    unseen = {similar.number for similar, _ in found.similar} - set(typed.get("seen", "").split())
    if errors or unseen or form.get("action") == "look":
        typed["seen"] = " ".join(sorted(similar.number for similar, _ in found.similar))
        status = 422 if errors else 200
        return _form(request, typed, found, staff=staff, at=at, errors=errors, status=status, doubles=bool(unseen))
    try:
        intake = Intake.model_validate(_intake(typed, found))
        with db.write() as session:
            opened = reports.open_report(
                session, intake, actor=staff.actor, at=at, channel=_channel(typed), origin_key=_origin(typed, staff)
            )
    except (ValidationError, FieldRefused, UnknownVenue, VenueClosed) as refused:
        problem = problem_of(request, refused)
        errors = tuple(field_errors(refused)) or (FieldError("venue", problem.detail),)
        return _form(request, typed, found, staff=staff, at=at, errors=errors, status=problem.status)
    return show_once(opened.case, staff=staff, settings=settings, at=at)


def _only_for_call_takers(actor: Actor) -> None:
    if not may_take_calls(actor):
        opening = HAZARD_REPORT.opening
        step = Label(opening.zh, opening.en)
        raise TransitionRefused(Sentence("Your role may not do this: %(step)s.", step=step), permission=True)


def _form(
    request: Request, typed: Mapping[str, str], found: Look, *, staff: Identity, at: datetime,
    errors: tuple[FieldError, ...] = (), status: int = 200, doubles: bool = False,
) -> Response:  # fmt: skip
    return staff_page(
        request, "pages/staff/intake.html", status=status, staff=staff, at=at, here="intake",
        typed={name: typed.get(name, "") for name in FIELDS}, look=found, errors=errors, doubles=doubles,
        channels=[(key, CHANNELS[key]) for key in BY_TELEPHONE], groups=hazard_groups(),
    )  # fmt: skip


def _look(session: Session, typed: Mapping[str, str], actor: Actor, *, at: datetime) -> Look:
    venue_text = typed.get("venue", "")
    venues = choices.find_venues(session, venue_text, day=people.local_day(at), actor=actor)
    chosen = next((venue for venue in venues if venue.code == typed.get("venue_code")), None)
    if chosen is None and len(venues) == 1:
        chosen = venues[0]
    hazards = catalogue.suggest_hazards(typed.get("description", ""))
    code = typed.get("hazard") or typed.get("suggested") or (hazards[0].code if hazards else None)
    similar: list[Similar] = []
    if chosen is not None:
        found = reports.similar(session, venue_id=chosen.id, at=at, hazard_code=code)
        known = access.known_of(session, actor, [one.case_id for one in found])
        similar = [one for one in found if one.case_id in known]
    return Look(
        venues=tuple(venues),
        venue=chosen,
        hazards=tuple(hazards[:MOST_SUGGESTED]),
        is_emergency=bool(hazards) and hazards[0].severity is Severity.EMERGENCY,
        similar=tuple((one, HAZARD_REPORT.state(one.state).label) for one in similar),
        nothing_found=bool(venue_text.strip()) and not venues,
    )


def _unclear_venue(typed: Mapping[str, str], found: Look) -> tuple[FieldError, ...]:
    if len(found.venues) > 1 and found.venue is None:
        return (FieldError("venue_code", Sentence("Several venues fit; choose one of them.")),)
    if found.nothing_found and not typed.get("place"):
        return (FieldError("venue", Sentence("No venue fits; describe the place instead.")),)
    return ()


def _intake(typed: Mapping[str, str], found: Look) -> dict[str, str]:
    sent = {name: typed[name] for name in ("place", "description", "phone", "name", "language") if name in typed}
    if found.venue is not None:
        sent["venue_code"] = found.venue.code
    if hazard := typed.get("hazard") or typed.get("suggested"):
        sent["hazard"] = hazard
    return sent


def _channel(typed: Mapping[str, str]) -> str:
    channel = typed.get("channel")
    if channel not in BY_TELEPHONE:
        raise FieldRefused(FieldRefusal("channel", Sentence("Please choose one of the given answers.")))
    return channel


def _origin(typed: Mapping[str, str], staff: Identity) -> str | None:
    """Return the key under which the same form with the same content counts once; None without a form's name.

    The content is part of it: who goes back and writes down something else from the same page makes a second case.
    """
    form_id = typed.get("form_id", "")
    if len(form_id) != 32 or not form_id.isalnum():  # noqa: PLR2004 - the hex of an id
        return None
    written = "\x1f".join(typed.get(name, "") for name in FIELDS if name != "seen")
    return f"intake:{staff.account.id.hex}:{hashlib.sha256(written.encode()).hexdigest()}"
