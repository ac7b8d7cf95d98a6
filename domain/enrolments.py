"""Applications for a code: taken in, followed by their receipt, changed after a return; what stands there already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import SequenceMatcher
from math import cos, hypot, radians
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session, col

from domain import cases, papers, people, places, receipts, routing, sealed, venues
from domain.actors import Actor, Role
from domain.cases import FieldRefused, Step, before
from domain.identifiers import mask_name, new_id
from domain.language import Label, Sentence
from domain.models import Area, Case, Venue
from domain.processes.enrolment import ENROLMENT
from domain.processes.enrolment_forms import Application
from domain.workflow import FieldRefusal

WEB, API, VISIT = "web", "api", "visit"
SEALED = {"person": "name", "phone": "phone", "remark": "remark", "note": "note"}
"""Field of an application → what it is sealed as."""
NEAR_M = 30.0
"""So near to one another two places of similar names are taken for one; a suggestion for a person to decide."""
SIMILAR_NAMES = 0.6
METRES_PER_DEGREE = 111_320.0
MOST_DUPLICATES = 10

BY_CREDIT_CODE = Label("统一社会信用代码相同", "same credit code")
BY_ADDRESS = Label("地址相同", "same address")
BY_POSITION = Label("30 米内且名称相近", "within 30 m, with a similar name")


@dataclass(frozen=True, slots=True)
class Opened:
    """An application just made: the case, and the code its applicant follows it with (shown once)."""

    case: Case
    receipt: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An open venue that the place may be already, and what speaks for it."""

    venue_id: UUID
    code: str
    name: str
    address: str
    why: tuple[Label, ...]


def open_application(
    session: Session,
    application: Application,
    *,
    actor: Actor,
    at: datetime,
    channel: str = WEB,
    origin_key: str | None = None,
    entered_by: UUID | None = None,
) -> Opened:
    """Open an application and return it with its receipt; raises `FieldRefused`.

    The same `origin_key` gives the same application and the same receipt again. A colleague who enters it for somebody
    else (`actor`), or who was signed in when it was sent (`entered_by`), is remembered: another one has to approve it.
    """
    case_id = new_id()
    kept = _kept(session, application, case_id=case_id, at=at)
    clerk = actor.person_id or entered_by
    case = cases.open_case(
        session,
        ENROLMENT.name,
        actor=actor,
        at=at,
        facts={**kept.facts, "language": application.language, "entered_by": str(clerk) if clerk else None},
        data={**kept.said, "channel": channel},
        origin_key=origin_key,
        case_id=case_id,
        columns={"area_id": kept.area_id, "place": application.name, "channel": channel},
    )
    if case.id != case_id:
        sealed.discard(session, case_id)
        return Opened(case, receipts.of_case(session, case.id) or "")
    _claim(session, application, case_id, at)
    return Opened(case, receipts.issue(session, case.id, at=at))


@dataclass(frozen=True, slots=True)
class _Kept:
    facts: dict[str, Any]
    said: dict[str, Any]
    """What the timeline says: the place in plain words, the person as references to the vault."""
    area_id: UUID | None


def _kept(session: Session, application: Application, *, case_id: UUID, at: datetime) -> _Kept:
    """Seal who applies and return what the case keeps; raises `FieldRefused`."""
    if fault := place_fault(application.area, application.lat, application.lon):
        raise FieldRefused(fault)
    area_id, route = _area(session, application, at)
    plain = plain_part(application)
    references = {}
    for field, kind in SEALED.items():
        if text := getattr(application, field):
            item = sealed.put(session, text, kind=kind, case_id=case_id, at=at, findable=field == "phone")
            references[field] = sealed.reference(item)
    facts: dict[str, Any] = {
        "application": plain, "applicant_mark": sealed.mark(application.phone), "returned": None,
        **{field: references.get(field) for field in SEALED},
    }  # fmt: skip
    facts["routing"] = route.stored() if route is not None else None
    return _Kept(facts, {**plain, **references}, area_id)


def plain_part(application: Application) -> dict[str, Any]:
    """Return what is said of the place, as JSON: nothing of who says it."""
    return application.model_dump(mode="json", exclude_none=True, exclude_defaults=True, exclude={*SEALED, "language"})


def _claim(session: Session, application: Application, case_id: UUID, at: datetime) -> None:
    if not papers.claim(session, case_id, application.documents, at=at):
        gone = Sentence("A document is missing or belongs to another application; please choose it again.")
        raise FieldRefused(FieldRefusal("documents", gone))


def _area(session: Session, application: Application, at: datetime) -> tuple[UUID | None, routing.Route | None]:
    """Return the area: that of the position where an outline says so, else the one that was chosen."""
    chosen = None
    if application.area:
        area = area_by_code(session, application.area, day=people.local_day(at))
        if area is None:
            raise FieldRefused(FieldRefusal("area", Sentence("Please choose an area from the list.")))
        chosen = area.id
    if application.lat is None or application.lon is None:
        return chosen, None
    route = routing.of_point(session, application.lat, application.lon, at=at)
    return (route.area_id or chosen), route


def area_by_code(session: Session, code: str, *, day: date) -> Area | None:
    """Return the area with that code while it is in use."""
    area: Area | None = session.execute(select(Area).where(col(Area.code) == code.strip())).scalar_one_or_none()
    return area if area is not None and (area.ended_on is None or area.ended_on > day) else None


def place_fault(area: object, lat: object, lon: object) -> FieldRefusal | None:
    """Return what is wrong with where the place is said to be, though each field is sound by itself."""
    if (lat is None) != (lon is None):
        return FieldRefusal("area", Sentence("A position needs both its latitude and its longitude."))
    if not area and lat is None:
        return FieldRefusal("area", Sentence("Choose the area, or add the position of the place."))
    return None


def by_receipt(session: Session, receipt: str) -> Case:
    """Return the application with that receipt code; raises `WrongReceipt`, for that of a report too."""
    return receipts.case_of(session, receipt, process=ENROLMENT.name)


def receipt_of(session: Session, case_id: UUID) -> str | None:
    """Return the receipt code of an application; None once it was redacted."""
    return receipts.of_case(session, case_id)


def by_origin(session: Session, origin_key: str) -> Opened | None:
    """Return the application an earlier sending under the same key made; None when there is none."""
    case = session.execute(select(Case).where(col(Case.origin_key) == origin_key)).scalar_one_or_none()
    return Opened(case, receipts.of_case(session, case.id) or "") if case else None


def applicant_of(case: Case) -> Actor:
    """Return the applicant of a case whose receipt code was shown."""
    return Actor(frozenset({Role.APPLICANT}), receipt_for=case.id)


def application_of(session: Session, case: Case) -> Application:
    """Return the application as it stands, the sealed words opened: for who holds its receipt, and for its approval."""
    items = {field: item for field in SEALED if (item := sealed.referenced(case.facts.get(field)))}
    opened = sealed.get_many(session, list(items.values()))
    words = {field: opened[item] for field, item in items.items() if item in opened}
    kept = {"documents": [paper.id for paper in papers.of_case(session, case.id)]}
    language = case.facts.get("language", "zh_CN")
    # Not validated again: what was sealed may have been redacted since.
    return Application.model_construct(**{**case.facts["application"], **words, **kept, "language": language})


def masked_person(session: Session, case: Case) -> str:
    """Return the responsible person's name masked; "" once it was redacted."""
    item = sealed.referenced(case.facts.get("person"))
    return mask_name(sealed.get_many(session, [item]).get(item, "")) if item else ""


# What stands there already.


def duplicates(session: Session, said: Mapping[str, Any], *, day: date) -> list[Duplicate]:
    """Return the open venues that the place may be already: same credit code, same address, or near and alike.

    `said` is the plain part of an application. A suggestion: a person decides.
    """
    code, address = said.get("credit_code"), places.normalised(str(said.get("address", "")))
    lat, lon = said.get("lat"), said.get("lon")
    here = [col(Venue.credit_code) == code] if code else []
    if address:
        here.append(_squeezed(col(Venue.address)) == address)
    if lat is not None and lon is not None:
        high, wide = NEAR_M / METRES_PER_DEGREE, NEAR_M / (METRES_PER_DEGREE * max(cos(radians(lat)), 0.01))
        box = (col(Venue.lat).between(lat - high, lat + high), col(Venue.lon).between(lon - wide, lon + wide))
        here.append(and_(*box))
    if not here:
        return []
    still_open = or_(col(Venue.closed_on).is_(None), col(Venue.closed_on) > day)
    rows = session.execute(select(Venue).where(or_(*here), still_open).order_by(col(Venue.opened_on), col(Venue.id)))
    found = [(venue, _why(venue, said, address)) for venue in rows.scalars()]
    listed = [Duplicate(venue.id, venue.code, venue.name, venue.address, why) for venue, why in found if why]
    return sorted(listed, key=lambda one: BY_CREDIT_CODE not in one.why)[:MOST_DUPLICATES]


def _squeezed(column: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's expressions
    """Return an address without blanks in small letters, as near to `places.normalised` as every database comes."""
    return func.lower(func.replace(func.replace(column, " ", ""), "\u3000", ""))


def _why(venue: Venue, said: Mapping[str, Any], address: str) -> tuple[Label, ...]:
    reasons = []
    if said.get("credit_code") and venue.credit_code == said["credit_code"]:
        reasons.append(BY_CREDIT_CODE)
    if address and places.normalised(venue.address) == address:
        reasons.append(BY_ADDRESS)
    if _is_near(venue, said) and are_similar(venue.name, str(said.get("name", ""))):
        reasons.append(BY_POSITION)
    return tuple(reasons)


def _is_near(venue: Venue, said: Mapping[str, Any]) -> bool:
    lat, lon = said.get("lat"), said.get("lon")
    if None in (lat, lon, venue.lat, venue.lon):
        return False
    north = (venue.lat - lat) * METRES_PER_DEGREE  # type: ignore[operator]
    east = (venue.lon - lon) * METRES_PER_DEGREE * cos(radians(lat))  # type: ignore[operator, arg-type]
    return hypot(north, east) <= NEAR_M


def are_similar(here: str, there: str) -> bool:
    """Return whether two names may be of one place: one within the other, or mostly the same characters."""
    first, second = places.normalised(here), places.normalised(there)
    if not first or not second:
        return False
    return first in second or second in first or SequenceMatcher(None, first, second).ratio() >= SIMILAR_NAMES


# What happens beside the steps of an application.


@before("renew_application")
def renew_application(session: Session, step: Step) -> dict[str, Any]:
    """Keep the application as it was changed: the place in plain words, the person in the vault, the papers named."""
    kept = _kept(session, step.form, case_id=step.case.id, at=step.at)
    _claim(session, step.form, step.case.id, step.at)
    return {"facts": kept.facts, "place": step.form.name, "area_id": kept.area_id}


@before("point_to_duplicate")
def point_to_duplicate(session: Session, step: Step) -> dict[str, Any] | None:
    """Keep which venue the place is already; its code is one that is in force."""
    if not step.form.duplicate_of:
        return None
    try:
        venue = venues.open_by_code(session, step.form.duplicate_of, day=people.local_day(step.at))
    except venues.CodeReplaced:
        raise FieldRefused(
            FieldRefusal("duplicate_of", Sentence("This code was replaced; give the one in force."))
        ) from None
    except venues.UnknownVenue:
        raise FieldRefused(FieldRefusal("duplicate_of", Sentence("No venue has this code."))) from None
    except venues.VenueClosed:
        raise FieldRefused(FieldRefusal("duplicate_of", Sentence("This venue is closed."))) from None
    return {"facts": {"duplicate_of": venue.code}}
