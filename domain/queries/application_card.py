"""What a reviewer sees of an application: what was said, who answers for it, the papers, what stands there already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import access, admissions, apart, catalogue, enrolments, papers, people
from domain.actors import Actor
from domain.catalogue import KeyUnitSuggestion
from domain.enrolments import Duplicate
from domain.identifiers import mask_name, mask_phone
from domain.language import Label, Sentence
from domain.models import Area, Case, Document, Person, Venue
from domain.processes.enrolment import ENROLMENT, OPEN
from domain.processes.enrolment_forms import Application
from domain.rights import FIELDS
from domain.settings import get_settings

NOT_LISTED = frozenset({"person", "phone", "remark", "note", "documents", "language", "lat", "lon"})
"""Fields with a place of their own on the card."""
MOST_OTHERS = 10


@dataclass(frozen=True, slots=True)
class Answered:
    """One thing the applicant said of the place."""

    title: Sentence
    words: Label | str


@dataclass(frozen=True, slots=True)
class Other:
    """Another open application for what may be the same place."""

    number: str
    state: Label


@dataclass(frozen=True, slots=True)
class SamePerson:
    """Somebody of the register with the applicant's name and phone."""

    id: UUID
    name: str
    posts: tuple[str, ...]
    """Where they hold posts today, as far as it is known."""


@dataclass(frozen=True, slots=True)
class ApplicationCard:
    """An application ready for its reviewers."""

    answers: tuple[Answered, ...]
    position: tuple[float, float] | None
    person: str
    """By the real name for who reviews: the licence is compared with it; masked for everybody else."""
    phone: str
    """Masked."""
    remark: str | None
    documents: tuple[Document, ...]
    duplicates: tuple[Duplicate, ...]
    """Venues this reader may know of that it may be already."""
    elsewhere: int
    """How many more there are beyond their reach, which stay unnamed."""
    others: tuple[Other, ...]
    entered_by: str
    """Who entered it for somebody else; "" when the applicant did."""
    key_unit: KeyUnitSuggestion | None


def application_card(session: Session, case: Case, *, actor: Actor, at: datetime) -> ApplicationCard | None:
    """Return what this actor may see of an application; None for a case of another process."""
    if case.process != ENROLMENT.name:
        return None
    acting = access.acting_on(session, actor, case)
    said = enrolments.application_of(session, case)
    plain: Mapping[str, Any] = case.facts["application"]
    name, phone = getattr(said, "person", ""), getattr(said, "phone", "")
    reads = acting.plays(*FIELDS["application_papers"].roles)
    entered_by = case.facts.get("entered_by")
    clerk = session.get(Person, UUID(entered_by)) if entered_by else None
    lat, lon = plain.get("lat"), plain.get("lon")
    found = [
        one for one in enrolments.duplicates(session, plain, day=people.local_day(at)) if one.venue_id != case.venue_id
    ]
    known = set(
        session.execute(
            select(col(Venue.id)).where(
                col(Venue.id).in_([one.venue_id for one in found]), access.venues_visible(actor)
            )
        ).scalars()
    )
    return ApplicationCard(
        answers=tuple(_answers(session, plain)),
        position=(lat, lon) if lat is not None and lon is not None else None,
        person=name if acting.plays(*FIELDS["applicant_name"].roles) else mask_name(name),
        phone=mask_phone(phone) if phone and reads else "",
        remark=getattr(said, "remark", None) if reads else None,
        documents=tuple(papers.of_case(session, case.id)) if reads else (),
        duplicates=tuple(one for one in found if one.venue_id in known),
        elsewhere=sum(one.venue_id not in known for one in found),
        others=tuple(_others(session, case, actor)),
        entered_by=clerk.name if clerk is not None else "",
        key_unit=catalogue.key_unit_suggestion(
            plain["class_code"], plain.get("industry"), _sizes(plain), get_settings().region_code
        ),
    )


def same_people(session: Session, case: Case, *, at: datetime) -> tuple[SamePerson, ...]:
    """Return who of the register may be the applicant, by name and phone."""
    if case.process != ENROLMENT.name:
        return ()
    said = enrolments.application_of(session, case)
    name, phone = getattr(said, "person", ""), getattr(said, "phone", "")
    if not name or not phone:
        return ()
    day = people.local_day(at)
    return tuple(
        SamePerson(person.id, person.name, tuple(post.role for post in people.posts_of(session, person.id, day=day)))
        for person in admissions.same_person(session, name, phone)
    )


def paper_for(session: Session, case: Case, paper_id: UUID, *, actor: Actor) -> Document | None:
    """Return a paper of an application the actor may see, or None when it is not there or not for them."""
    if not access.acting_on(session, actor, case).plays(*FIELDS["application_papers"].roles):
        return None
    return next((paper for paper in papers.of_case(session, case.id) if paper.id == paper_id), None)


def _answers(session: Session, plain: Mapping[str, Any]) -> list[Answered]:
    words: dict[str, Label | str] = {name: str(value) for name, value in plain.items() if name not in NOT_LISTED}
    kind = catalogue.venue_classes().get(plain["class_code"])
    if kind is not None:
        words["class_code"] = Label(kind.zh, kind.en)
    industry = catalogue.industries().get(plain.get("industry", ""))
    if industry is not None:
        words["industry"] = Label(industry.zh, industry.en)
    if "area" in plain:
        area = session.execute(select(Area).where(col(Area.code) == plain["area"])).scalar_one_or_none()
        words["area"] = Label(area.name, area.name_en or area.name) if area is not None else plain["area"]
    for name, value in _sizes(plain).items():
        words[name] = f"{value:g}"
    fields = Application.model_fields
    return [Answered(Sentence(fields[name].title or name), words[name]) for name in fields if name in words]


def _sizes(plain: Mapping[str, Any]) -> dict[str, float]:
    return {name: plain[name] for name in catalogue.SIZES if plain.get(name) is not None}


def _others(session: Session, case: Case, actor: Actor) -> list[Other]:
    """Return the other open applications for the same credit code or of the same name in the area."""
    plain = case.facts["application"]
    facts: Any = col(Case.facts)
    code = plain.get("credit_code")
    same = col(Case.place) == case.place
    if code:
        same = same | (facts["application"]["credit_code"].as_string() == code)
    query = select(col(Case.number), col(Case.state)).where(
        *apart.of(Case, ENROLMENT.name), col(Case.state).in_([state.name for state in OPEN]),
        col(Case.id) != case.id, same, access.visible(actor),
    )  # fmt: skip
    rows = session.execute(query.order_by(col(Case.opened_at), col(Case.id)).limit(MOST_OTHERS))
    return [Other(row.number, ENROLMENT.state(row.state).label) for row in rows]
