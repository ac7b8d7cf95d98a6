"""Organisations: the list, one of them, a new one, changes, its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fastapi import Request
from sqlmodel import Session, col, func, select
from starlette.responses import Response

from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, Posted
from api.pages import admin_forms, register_forms
from api.pages.admin_frame import admin_page
from api.pages.register_forms import RegisterForm
from api.pages.staff_forms import Option, Pickers
from domain import catalogue, organisations, people, people_register
from domain.access import may
from domain.accounts import Identity
from domain.actors import ROLE_LABELS, Actor
from domain.language import Sentence
from domain.models import Area, Organisation, Person, Post
from domain.organisations import Kind, NewOrganisation, OrganisationEnd, OrganisationForm
from domain.queries import choices, record_words
from domain.rights import Right

router = Router(include_in_schema=False)
HERE = "organisations"


@router.get("/admin/organisations")
@needs(Right.SEE_AREAS)
def show_organisations(request: Request, db: Db, at: Now, staff: CurrentStaff, ended: str = "") -> Response:
    """Show the organisations this person may know of."""
    with db.read() as session:
        rows = organisations.known_to(session, staff.actor, day=people.local_day(at), ended=bool(ended))
    return admin_page(
        request, "pages/staff/admin/organisations.html", staff=staff, at=at, here=HERE,
        rows=rows, kinds=Kind, ended=ended, manages=may(staff.actor, Right.MANAGE_AREAS),
    )  # fmt: skip


def _pickers(session: Session, staff: Identity, at: datetime) -> Pickers:
    day = people.local_day(at)
    bodies = tuple(Option(body.code, body.name) for body, _ in organisations.known_to(session, staff.actor, day=day))
    areas = tuple(Option(area.code, area.words) for area in choices.areas(session, day=day, actor=staff.actor))
    industries = tuple(Option(industry.code, industry) for industry in catalogue.industries().values())
    return Pickers(lists={"areas": areas, "organisations": bodies, "industries": industries})


ADD = RegisterForm(
    Sentence("Add an organisation"), "/admin/organisations/new", "/admin/organisations", Sentence("Add"), part=HERE
)


@router.get("/admin/organisations/new")
@needs(Right.MANAGE_AREAS)
def ask_organisation(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form of a new organisation."""
    with db.read() as session:
        pickers = _pickers(session, staff, at)
    return register_forms.show(request, ADD, NewOrganisation, staff=staff, at=at, pickers=pickers)


@router.post("/admin/organisations/new")
@needs(Right.MANAGE_AREAS)
def add_organisation(request: Request, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Add an organisation."""

    def add(session: Session, filled: NewOrganisation) -> str:
        return f"/admin/organisations/{organisations.add(session, filled, actor=staff.actor, at=at).code}"

    sent = admin_forms.send(db, NewOrganisation, form, add)
    if isinstance(sent, Response):
        return sent
    with db.read() as session:
        pickers = _pickers(session, staff, at)
    return register_forms.show(request, ADD, NewOrganisation, staff=staff, at=at, pickers=pickers, unsent=sent)


@dataclass(frozen=True, slots=True)
class Members:
    """Who works in an organisation, as far as one may know: the others are only counted."""

    named: tuple[tuple[Person, Post], ...]
    others: int


def _members(session: Session, actor: Actor, body: Organisation, *, day: date) -> Members:
    held = (col(Post.organisation_id) == body.id, *people.valid_on(day))
    everybody = select(func.count()).select_from(Post).where(*held)
    known = (
        select(Person, Post).join(Post, col(Post.person_id) == Person.id).where(*held, people_register.visible(actor))
    )
    named = tuple(session.exec(known.order_by(col(Person.name), col(Post.id))).all())
    return Members(named, session.exec(everybody).one() - len(named))


@router.get("/admin/organisations/{code}")
@needs(Right.SEE_AREAS)
def show_organisation(request: Request, code: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show one organisation: what it is, who works there, what was done to it."""
    day = people.local_day(at)
    with db.read() as session:
        body = organisations.within(session, staff.actor, code)
        area = session.get(Area, body.area_id) if body.area_id else None
        parent = session.get(Organisation, body.parent_id) if body.parent_id else None
        members = _members(session, staff.actor, body, day=day)
        entries = record_words.of_subjects(session, [body.id], cursor=request.query_params.get("cursor"))
    return admin_page(
        request, "pages/staff/admin/organisation.html", staff=staff, at=at, here=HERE, body=body, area=area,
        parent=parent, members=members, role_words=ROLE_LABELS, entries=entries, kinds=Kind,
        industries=catalogue.industries(),
        manages=may(staff.actor, Right.MANAGE_AREAS),
    )  # fmt: skip


def _change(body: Organisation) -> RegisterForm:
    back = f"/admin/organisations/{body.code}"
    return RegisterForm(
        Sentence("Change the organisation"), f"{back}/change", back, Sentence("Save"), part=HERE, about=body.name
    )


def _end(body: Organisation) -> RegisterForm:
    back = f"/admin/organisations/{body.code}"
    warning = Sentence("From that day on it is offered nowhere. What it did stays readable.")
    return RegisterForm(
        Sentence("End the organisation"),
        f"{back}/end",
        back,
        Sentence("End"),
        part=HERE,
        warning=warning,
        about=body.name,
    )


def _values(session: Session, body: Organisation) -> dict[str, Any]:
    area = session.get(Area, body.area_id) if body.area_id else None
    parent = session.get(Organisation, body.parent_id) if body.parent_id else None
    own = {name: getattr(body, name, None) for name in OrganisationForm.model_fields}
    return {**own, "area": area.code if area else None, "parent": parent.code if parent else None}


@router.get("/admin/organisations/{code}/change")
@needs(Right.MANAGE_AREAS)
def ask_change(request: Request, code: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show what is written down, to be changed."""
    with db.read() as session:
        body = organisations.within(session, staff.actor, code)
        pickers, values = _pickers(session, staff, at), _values(session, body)
    return register_forms.show(
        request, _change(body), OrganisationForm, staff=staff, at=at, pickers=pickers, values=values
    )


@router.post("/admin/organisations/{code}/change")
@needs(Right.MANAGE_AREAS)
def change_organisation(request: Request, code: str, *, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Write down what changed."""

    def change(session: Session, filled: OrganisationForm) -> str:
        organisations.change(
            session, organisations.within(session, staff.actor, code), filled, actor=staff.actor, at=at
        )
        return f"/admin/organisations/{code}"

    sent = admin_forms.send(db, OrganisationForm, form, change)
    if isinstance(sent, Response):
        return sent
    with db.read() as session:
        body = organisations.within(session, staff.actor, code)
        pickers = _pickers(session, staff, at)
    return register_forms.show(
        request, _change(body), OrganisationForm, staff=staff, at=at, pickers=pickers, unsent=sent
    )


@router.get("/admin/organisations/{code}/end")
@needs(Right.MANAGE_AREAS)
def ask_end(request: Request, code: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Ask from when, and why."""
    with db.read() as session:
        body = organisations.within(session, staff.actor, code)
    return register_forms.show(request, _end(body), OrganisationEnd, staff=staff, at=at)


@router.post("/admin/organisations/{code}/end")
@needs(Right.MANAGE_AREAS)
def end_organisation(request: Request, code: str, *, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """End it."""

    def end(session: Session, filled: OrganisationEnd) -> str:
        organisations.end(session, organisations.within(session, staff.actor, code), filled, actor=staff.actor, at=at)
        return f"/admin/organisations/{code}"

    sent = admin_forms.send(db, OrganisationEnd, form, end)
    if isinstance(sent, Response):
        return sent
    with db.read() as session:
        body = organisations.within(session, staff.actor, code)
    return register_forms.show(request, _end(body), OrganisationEnd, staff=staff, at=at, unsent=sent)
