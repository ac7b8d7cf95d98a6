"""What an approval does: the place becomes a venue with a code, its applicant the person responsible for it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from domain import enrolments, papers, people, register_log, venue_register
from domain.actors import Role
from domain.cases import FieldRefused, Step, before
from domain.identifiers import mask_phone, new_id
from domain.language import Sentence
from domain.models import Area, Person, Post, Venue
from domain.processes.enrolment_forms import Application
from domain.register_forms import VenueFacts
from domain.workflow import FieldRefusal, TransitionRefused


@before("make_venue")
def make_venue(session: Session, step: Step) -> dict[str, Any]:
    """Enter the venue, its responsible person and their post; the papers go with it, the record tells all of it."""
    application = enrolments.application_of(session, step.case)
    owner = _owner(session, step, application)
    venue = _enter(session, step, owner)
    post = Post(
        id=new_id(), person_id=owner.id, role=Role.OWNER.value, venue_id=venue.id, from_on=people.local_day(step.at)
    )
    session.add(post)
    session.flush()
    moved = papers.hand_over(session, step.case.id, venue.id)
    who: dict[str, Any] = {"actor": step.plan.actor, "at": step.at}
    enrolled = {"case": step.case.number, "owner_id": owner.id, "documents": len(moved)}
    register_log.record(session, "venue", venue.id, "enrol", data=enrolled, **who)
    appointed = {
        "venue_id": venue.id, "venue": venue.name, "person_id": owner.id, "person": owner.name, "role": post.role,
        "from_on": post.from_on, "case": step.case.number,
    }  # fmt: skip
    register_log.record(session, "post", post.id, "appoint", data=appointed, **who)
    for paper in moved:
        brought = {"venue_id": venue.id, "kind": paper.kind, "name": paper.name, "sha256": paper.sha256,
                   "size": paper.size, "case": step.case.number}  # fmt: skip
        register_log.record(session, "document", paper.id, "create", data=brought, **who)
    return {"venue_id": venue.id, "area_id": venue.area_id, "place": venue.name}


def _area(session: Session, step: Step) -> str:
    """Return the code of the area the venue is put into: the one the reviewer names, else the application's."""
    area = session.get(Area, step.case.area_id) if step.case.area_id else None
    code = step.form.area or (area.code if area is not None else None)
    if code is None:
        raise FieldRefused(FieldRefusal("area", Sentence("Choose the area the place lies in.")))
    level = session.execute(select(col(Area.level)).where(col(Area.code) == code)).scalar()
    if level not in (None, "street", "grid"):  # wardens and desks work these; a code there is none of is refused later
        raise FieldRefused(
            FieldRefusal("area", Sentence("Choose a street or a grid: only they have somebody in charge."))
        )
    return str(code)


def same_person(session: Session, name: str, phone: str) -> list[Person]:
    """Return the people of the register with that name and phone: one of them may be the one who applies."""
    alike = (col(Person.name) == name, col(Person.phone) == phone)
    return list(session.execute(select(Person).where(*alike).order_by(col(Person.id))).scalars())


def _owner(session: Session, step: Step, application: Application) -> Person:
    name, phone = getattr(application, "person", None), getattr(application, "phone", None)
    if not name or not phone:
        raise TransitionRefused(
            Sentence("The applicant's name and phone were deleted after their retention; ask them to apply again.")
        )
    if step.form.owner is not None:
        known = {person.id: person for person in same_person(session, name, phone)}
        if step.form.owner not in known:
            wrong = Sentence("This person of the register has another name or phone than the applicant.")
            raise FieldRefused(FieldRefusal("owner", wrong))
        return known[step.form.owner]
    person = Person(id=new_id(), name=name, phone=phone, language=application.language)
    session.add(person)
    session.flush()
    entered = {"name": name, "phone": mask_phone(phone), "case": step.case.number}
    register_log.record(session, "person", person.id, "enter", actor=step.plan.actor, at=step.at, data=entered)
    return person


def _enter(session: Session, step: Step, owner: Person) -> Venue:
    said = {name: value for name, value in step.case.facts["application"].items() if name in VenueFacts.model_fields}
    facts = VenueFacts.model_validate({**said, "area": _area(session, step), "note": step.case.number})
    try:
        venue = venue_register.create(session, facts, actor=step.plan.actor, at=step.at)
    except FieldRefused as refused:
        if refused.refusal.field != "credit_code":
            raise
        # No field of this form is wrong: it is the wrong moment, and rejecting as a duplicate is the way out.
        raise TransitionRefused(refused.refusal.reason) from refused
    venue.owner_id = owner.id
    return venue
