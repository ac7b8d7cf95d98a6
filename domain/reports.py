"""Hazard reports from outside: intake, receipt, duplicates, and the sorting the system does by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import select
from sqlmodel import Session, col

from domain import cases, catalogue, people, places, receipts, routing, sealed, venues
from domain.actors import SYSTEM, Actor, Role
from domain.catalogue import Severity
from domain.forms import MAX_PHOTOS, Latitude, Longitude
from domain.identifiers import NotAPhoneNumber, clean_phone, new_id
from domain.language import N_, Label, Sentence, translate
from domain.models import Case, TimelineEntry, Venue
from domain.processes.hazard_report import HAZARD_REPORT, OPEN
from domain.settings import get_settings
from domain.workflow import FieldRefusal

SIMILAR_WITHIN = timedelta(hours=72)
BY_AREA = N_("By area: in charge of %(area)s today.")
"""Why this warden; which rule led to the area stands in the report's own entry."""
NO_WARDEN = Sentence("No warden is free for this area.")


class Intake(BaseModel):
    """What a reporter sends, from the page, the API or a handler at the telephone."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    venue_code: str | None = Field(None, max_length=20, title=N_("Venue code"))
    place: str | None = Field(None, max_length=200, title=N_("Place"))
    hazard: str | None = Field(None, max_length=20, title=N_("What kind of hazard?"))
    """A key of the public tiles, or a hazard code."""
    description: str | None = Field(None, max_length=2000, title=N_("What did you see?"))
    phone: str | None = Field(None, max_length=40, title=N_("Your phone"))
    name: str | None = Field(None, max_length=60, title=N_("Your name"))
    lat: Latitude | None = None
    lon: Longitude | None = None
    photos: list[UUID] = Field(default_factory=list, max_length=MAX_PHOTOS, title=N_("Photos"))
    language: str = Field("zh_CN", pattern="^(zh_CN|en)$")

    @model_validator(mode="before")
    @classmethod
    def _tidy(cls, data: Any) -> Any:  # noqa: ANN401 - whatever came in
        """Take empty texts for absent ones and drop NUL characters, which PostgreSQL cannot store."""
        if not isinstance(data, dict):
            return data
        tidied = {k: v.replace("\x00", "").strip() if isinstance(v, str) else v for k, v in data.items()}
        return {key: value for key, value in tidied.items() if value not in ("", None)}


CHANNELS: dict[str, Label] = {
    "web": Label("网页", "Web page"),
    "qr": Label("扫码", "Scanned code"),
    "api": Label("接口", "Program"),
    "96119": Label("96119 来电", "Call to 96119"),
    "12345": Label("12345 转办", "Passed on by 12345"),
    "visit": Label("来访", "In person"),
}
"""Ways a report reaches us; there are no others."""


class UnknownChannel(ValueError):
    """The code that opens a report names a way that has no words."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A report just made: the case, and the code its reporter follows it with (shown once)."""

    case: Case
    receipt: str


def open_report(
    session: Session, intake: Intake, *, actor: Actor, at: datetime, channel: str = "web", origin_key: str | None = None
) -> Opened:
    """Open a report and return it with its receipt.

    Raises `FieldRefused` for what cannot be, `UnknownVenue`, `VenueClosed`, `UnknownChannel`. The same
    `origin_key` gives the same report and the same receipt again.
    """
    if channel not in CHANNELS:
        raise UnknownChannel(channel)
    venue = venues.open_by_code(session, intake.venue_code, day=people.local_day(at)) if intake.venue_code else None
    route = _route(session, intake, venue, at)
    for fault in faults(intake):
        raise cases.FieldRefused(fault)
    phone = clean_phone(intake.phone) if intake.phone else None
    hazard_code, question = _hazard(intake)
    case_id = new_id()
    facts: dict[str, Any] = {"question": question, "language": intake.language, "has_phone": phone is not None}
    data: dict[str, Any] = {"channel": channel, "question": question}
    if route:
        facts["routing"] = data["routing"] = route.stored()
    if hazard_code:
        facts["verify_class"] = catalogue.hazards()[hazard_code].verify_class
        data["suggested_hazard"] = hazard_code
    told = _sealed_words(session, intake, phone, case_id=case_id, at=at)
    facts, data = facts | told, data | told
    if phone:
        facts["reporter_mark"] = sealed.mark(phone)
    facts |= _sealed_place(session, intake, case_id=case_id, at=at)
    data |= {"place": facts[places.WORDS]} if intake.place else {}
    if intake.photos:
        data["photos"] = [str(photo) for photo in intake.photos]
    case = cases.open_case(
        session,
        HAZARD_REPORT.name,
        actor=actor,
        at=at,
        facts=facts,
        data=data,
        origin_key=origin_key,
        case_id=case_id,
        columns={
            "venue_id": venue.id if venue else None,
            "area_id": route.area_id if route else None,
            "place": venue.name if venue else None,
            "hazard_code": hazard_code,
            "channel": channel,
        },
    )
    if case.id != case_id:
        sealed.discard(session, case_id)
        return Opened(case, receipt_of(session, case.id) or "")
    if intake.photos:
        cases.attach_photos(session, case.id, intake.photos, by_reporter=actor.plays(Role.REPORTER))
    return Opened(case, receipts.issue(session, case.id, at=at))


def _route(session: Session, intake: Intake, venue: Venue | None, at: datetime) -> routing.Route | None:
    """Return to which area the report goes; None for words alone, which a handler places."""
    if venue is not None:
        return routing.of_venue(session, venue.area_id)
    if intake.lat is None or intake.lon is None:
        return None
    return routing.of_point(session, intake.lat, intake.lon, at=at)


def _sealed_words(
    session: Session, intake: Intake, phone: str | None, *, case_id: UUID, at: datetime
) -> dict[str, dict[str, str]]:
    """Seal what the reporter said and who they are; return what stands for it in facts and timeline."""
    sealing = {"description": intake.description, "phone": phone, "name": intake.name}
    return {
        kind: sealed.reference(sealed.put(session, text, kind=kind, case_id=case_id, at=at, findable=kind == "phone"))
        for kind, text in sealing.items()
        if text
    }


def _sealed_place(session: Session, intake: Intake, *, case_id: UUID, at: datetime) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if intake.place:
        facts |= places.seal_words(session, intake.place, case_id=case_id, at=at)
    if intake.lat is not None and intake.lon is not None:
        facts |= places.seal_position(session, intake.lat, intake.lon, case_id=case_id, at=at)
    return facts


def _hazard(intake: Intake) -> tuple[str | None, str | None]:
    """Return the hazard code we take it for, and the tile that was chosen."""
    text = intake.description or ""
    if intake.hazard is None:
        suggested = catalogue.suggest_hazards(text)
        return (suggested[0].code if suggested else None), None
    if question := catalogue.public_question(intake.hazard):
        return question.hazard_for(text).code, question.key
    return intake.hazard, None


def faults(intake: Intake) -> list[FieldRefusal]:
    """Return everything that keeps the report from being taken, in the order of the page; empty when nothing does."""
    found = []
    if intake.hazard in (None, "other") and not intake.description:
        field = "description" if intake.hazard else "hazard"
        wanted = Sentence("Please choose a kind of hazard, or describe what you saw.")
        found.append(FieldRefusal(field, wanted))
    elif not (
        intake.hazard is None or catalogue.public_question(intake.hazard) or intake.hazard in catalogue.hazards()
    ):
        found.append(FieldRefusal("hazard", Sentence("Please choose a kind of hazard from the list.")))
    if not (intake.venue_code or intake.place or intake.lat is not None):
        found.append(FieldRefusal("place", Sentence("Please say where it is.")))
    try:
        if intake.phone:
            clean_phone(intake.phone)
    except NotAPhoneNumber as wrong:
        found.append(FieldRefusal("phone", wrong.reason))
    return found


def receipt_of(session: Session, case_id: UUID) -> str | None:
    """Return the receipt code of a report, for a message to its reporter; None once it was redacted."""
    return receipts.of_case(session, case_id)


def by_receipt(session: Session, receipt: str) -> Case:
    """Return the report with that receipt code; raises `WrongReceipt`, for that of an application too."""
    return receipts.case_of(session, receipt, process=HAZARD_REPORT.name)


def by_origin(session: Session, origin_key: str) -> Opened | None:
    """Return the report an earlier sending under the same key made; None when there is none."""
    case = session.execute(select(Case).where(col(Case.origin_key) == origin_key)).scalar_one_or_none()
    return Opened(case, receipt_of(session, case.id) or "") if case else None


def reporter_of(case: Case) -> Actor:
    """Return the reporter of a case whose receipt code was shown."""
    return Actor(frozenset({Role.REPORTER}), receipt_for=case.id)


@dataclass(frozen=True, slots=True)
class Similar:
    """An open report that may be about the same thing. Nothing of who reported it."""

    case_id: UUID
    number: str
    state: str
    hazard_code: str | None
    opened_at: datetime


def similar(
    session: Session, *, venue_id: UUID, at: datetime, hazard_code: str | None = None, besides: UUID | None = None
) -> list[Similar]:
    """Return open reports of the last 72 h on the same premises and of the same hazard family, newest first.

    A suggestion only: the system never merges, and nobody merges across premises.
    """
    states = [state.name for state in OPEN]
    query = select(Case.id, Case.number, Case.state, Case.hazard_code, Case.opened_at).where(  # type: ignore[call-overload]
        Case.venue_id == venue_id,
        Case.process == HAZARD_REPORT.name,
        Case.state.in_(states),  # type: ignore[attr-defined]
        Case.opened_at >= at - SIMILAR_WITHIN,
    )
    rows = session.execute(query.order_by(Case.opened_at.desc()).limit(50)).all()  # type: ignore[attr-defined]
    family = hazard_code.split("-")[0] if hazard_code else None
    return [
        Similar(*row)
        for row in rows
        if row.id != besides and (family is None or (row.hazard_code or "").startswith(family))
    ]


@dataclass(frozen=True, slots=True)
class Sorted:
    """What the system did with a new report by itself."""

    accepted: bool
    assigned_to: UUID | None
    doubt: Sentence | None
    """Why a handler has to look at it."""


def triage(session: Session, case_id: UUID, *, at: datetime) -> Sorted:
    """Accept and assign a report that leaves no doubt; leave every other to a handler.

    Harmless when repeated: only what this very call accepted is assigned by it.
    """
    case = cases.reload(session, case_id)
    if case.state == "accepted" and _was_left_without_warden(session, case):
        return Sorted(accepted=True, assigned_to=None, doubt=NO_WARDEN)
    if case.state != "reported":
        return Sorted(accepted=False, assigned_to=case.assignee_id, doubt=None)
    if doubt := _doubt(session, case):
        return Sorted(accepted=False, assigned_to=None, doubt=doubt)
    cases.fire(session, case, "accept", actor=SYSTEM, at=at, data={"hazard_code": case.hazard_code})
    return _assign_to_warden(session, case, at)


def _was_left_without_warden(session: Session, case: Case) -> bool:
    """Return whether the last thing that happened is that the system accepted and found nobody to assign."""
    last = session.get(TimelineEntry, (case.id, case.version))
    return last is not None and last.transition == "accept" and last.actor_role == Role.SYSTEM.value


def _doubt(session: Session, case: Case) -> Sentence | None:
    description = case.facts.get("description")
    item = sealed.referenced(description)
    text = sealed.get(session, item) if item else ""
    suggested = catalogue.suggest_hazards(text)
    if suggested and suggested[0].severity is Severity.EMERGENCY:
        return Sentence("The words sound like a fire in progress.")
    if case.venue_id is None:
        return Sentence("The report names no coded venue.")
    hazard = catalogue.hazards().get(case.hazard_code or "")
    question = catalogue.public_question(case.facts.get("question") or "")
    if hazard is None or (question is not None and not question.is_known):
        return Sentence("It is not clear what kind of hazard this is.")
    if hazard.verify_class not in ("A24H", "B3WD"):
        return Sentence("This kind of report is not checked on site.")
    return None


def _assign_to_warden(session: Session, case: Case, at: datetime) -> Sorted:
    day = people.local_day(at)
    wardens = people.in_charge(session, Role.WARDEN, case.area_id, day=day) if case.area_id else []
    mark = case.facts.get("reporter_mark")
    there = people.posted_at(session, case.venue_id, day=day)
    free = [warden for warden in wardens if warden.id not in there and not people.is_marked(warden, mark)]
    if not free:
        return Sorted(accepted=True, assigned_to=None, doubt=NO_WARDEN)
    why = translate(BY_AREA, get_settings().locale, area=people.area_name(session, case.area_id))
    cases.fire(session, case, "assign", actor=SYSTEM, at=at, data={"assignee": free[0].id, "note": why})
    return Sorted(accepted=True, assigned_to=free[0].id, doubt=None)
