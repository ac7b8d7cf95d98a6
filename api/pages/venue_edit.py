"""Forms that enter and change a venue, and those of the decisions on it: key unit, suspended, closed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel
from sqlmodel import Session
from starlette.responses import Response

from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, Posted, locale_of
from api.pages import register_forms
from api.pages.register_forms import Left, Lists, RegisterForm, options
from api.pages.staff_forms import Option
from api.pages.venue_forms import allowed
from domain import catalogue, register_lock, venue_register
from domain.access import OutOfReach
from domain.accounts import Identity
from domain.actors import Actor
from domain.database import Database
from domain.language import Label, Sentence
from domain.models import Area, Venue
from domain.opening_hours import say_hours
from domain.processes import workflow_of
from domain.queries import case_list, venue_page
from domain.register_forms import Closing, KeyUnitDecision, Reason, VenueFacts
from domain.rights import Right

router = Router(include_in_schema=False)
MOST_LEFT = 10
"""Open cases that are named before a venue is closed; the rest is counted."""


@router.get("/venues/new")
@needs(Right.KEEP_VENUES)
def ask_venue(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form of a new venue."""
    with db.read() as session:
        lists = fact_lists(session, staff.actor, at=at)
    return register_forms.show(request, NEW, VenueFacts, staff=staff, at=at, lists=lists)


NEW = RegisterForm(Sentence("Enter a venue"), "/venues/new", "/venues", Sentence("Enter it"))


@router.post("/venues/new")
@needs(Right.KEEP_VENUES)
def enter_venue(request: Request, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Enter a venue."""
    venue_id = register_forms.form_id_of(form)

    def enter(session: Session, facts: VenueFacts, _: int | None) -> str:
        venue = venue_register.create(session, facts, actor=staff.actor, at=at, venue_id=venue_id)
        return f"/venues/{venue.code}?done=entered"

    sent = register_forms.send(db, VenueFacts, form, enter)
    if isinstance(sent, Response):
        return sent
    with db.read() as session:
        lists = fact_lists(session, staff.actor, at=at)
    return register_forms.show(request, NEW, VenueFacts, staff=staff, at=at, lists=lists, unsent=sent)


@router.get("/venues/{code}/edit")
@needs(Right.KEEP_VENUES)
def ask_facts(request: Request, code: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form of a venue's facts."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, Right.KEEP_VENUES)
        lists = fact_lists(session, staff.actor, at=at, area_id=venue.area_id)
        area = session.get(Area, venue.area_id)
        version = register_lock.version_of(session, venue.id)
    values = {name: getattr(venue, name) for name in VenueFacts.model_fields if hasattr(venue, name)}
    values |= {"area": area.code if area else "", "hours": say_hours(venue.hours, locale_of(request)), **venue.sizes}
    page = _edit_page(venue)
    return register_forms.show(
        request, page, VenueFacts, staff=staff, at=at, lists=lists, values=values, version=version
    )


@router.post("/venues/{code}/edit")
@needs(Right.KEEP_VENUES)
def change_facts(request: Request, *, code: str, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Change a venue's facts."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, Right.KEEP_VENUES)
        lists = fact_lists(session, staff.actor, at=at, area_id=venue.area_id)

    def change(session: Session, facts: VenueFacts, version: int | None) -> str:
        changed = venue_register.change(session, venue.id, facts, actor=staff.actor, at=at, version=version)
        return f"/venues/{venue.code}?done={'saved' if changed else 'same'}"

    sent = register_forms.send(db, VenueFacts, form, change)
    if isinstance(sent, Response):
        return sent
    return register_forms.show(request, _edit_page(venue), VenueFacts, staff=staff, at=at, lists=lists, unsent=sent)


def _edit_page(venue: Venue) -> RegisterForm:
    home = f"/venues/{venue.code}"
    return RegisterForm(Sentence("Change the facts"), f"{home}/edit", home, Sentence("Save"), about=venue.name)


def fact_lists(session: Session, actor: Actor, *, at: datetime, area_id: UUID | None = None) -> Lists:
    """Return what the selects of a venue's facts offer; `area_id`: its own area, even if that has ended."""
    areas = venue_page.areas_kept(session, actor, at=at)
    own = session.get(Area, area_id) if area_id else None
    if own is not None and own.id not in {area.id for area in areas}:
        areas = [own, *areas]
    deep = [("　" * (area.path.count("/") - 1), area) for area in areas]
    return {
        "classes": options(catalogue.venue_classes()),
        "industries": options(catalogue.industries()),
        "areas": tuple(
            Option(area.code, Label(gap + area.name, gap + (area.name_en or area.name))) for gap, area in deep
        ),
    }


# Decisions on a venue: each is one small form.


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that is decided on a venue: its form, its words, the service that does it."""

    model: type[BaseModel]
    title: Sentence
    button: Sentence
    do: Callable[..., None]
    done: str = "saved"
    warning: Sentence | None = None


DECISIONS = {
    "key-unit": Decision(
        KeyUnitDecision, Sentence("Decide on key unit"), Sentence("Save"), venue_register.decide_key_unit
    ),
    "suspend": Decision(Reason, Sentence("Suspend the venue"), Sentence("Suspend"), venue_register.suspend),
    "reinstate": Decision(Reason, Sentence("Reinstate the venue"), Sentence("Reinstate"), venue_register.reinstate),
    "close": Decision(
        Closing, Sentence("Close the venue for good"), Sentence("Close for good"), venue_register.close, "closed",
        Sentence("This cannot be undone: all posts at the venue, its key parts and facilities end on that day, and its "
                 "code says that it is closed."),
    ),
}  # fmt: skip


@router.get("/venues/{code}/decide/{decision}")
@needs(Right.DECIDE_VENUES)
def ask_decision(request: Request, *, code: str, decision: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form of a decision."""
    found = _decision(decision)
    with db.read() as session:
        venue = allowed(session, staff.actor, code, Right.DECIDE_VENUES)
        version = register_lock.version_of(session, venue.id)
        suggested = venue_register.suggestion(venue)
    values: dict[str, Any] = {}
    if found.model is KeyUnitDecision:
        basis = venue.key_unit_basis or (suggested.words.in_language(locale_of(request)) if suggested else "")
        values = {"basis": basis, "since": venue.key_unit_since, "is_key_unit": "yes" if suggested else None}
    page = _decision_page(db, venue, decision, found, staff=staff, at=at)
    return register_forms.show(request, page, found.model, staff=staff, at=at, values=values, version=version)


@router.post("/venues/{code}/decide/{decision}")
@needs(Right.DECIDE_VENUES)
def decide(
    request: Request, *, code: str, decision: str, db: Db, at: Now, staff: CurrentStaff, form: Posted
) -> Response:
    """Carry out a decision."""
    found = _decision(decision)
    with db.read() as session:
        venue = allowed(session, staff.actor, code, Right.DECIDE_VENUES)

    def carry_out(session: Session, filled: BaseModel, version: int | None) -> str:
        found.do(session, venue.id, filled, actor=staff.actor, at=at, version=version)
        return f"/venues/{venue.code}?done={found.done}"

    sent = register_forms.send(db, found.model, form, carry_out)
    if isinstance(sent, Response):
        return sent
    return register_forms.show(
        request, _decision_page(db, venue, decision, found, staff=staff, at=at), found.model, staff=staff, at=at,
        unsent=sent,
    )  # fmt: skip


def _decision(name: str) -> Decision:
    if name not in DECISIONS:
        raise OutOfReach(name)
    return DECISIONS[name]


def _decision_page(
    db: Database, venue: Venue, name: str, found: Decision, *, staff: Identity, at: datetime
) -> RegisterForm:
    home = f"/venues/{venue.code}"
    left = _left_open(db, venue, staff=staff, at=at) if name == "close" else ()
    return RegisterForm(
        found.title, f"{home}/decide/{name}", home, found.button, about=venue.name, warning=found.warning, left=left
    )


def _left_open(db: Database, venue: Venue, *, staff: Identity, at: datetime) -> tuple[Left, ...]:
    """Return the open cases of the venue that this reader may know of: closing it ends none of them."""
    wanted = case_list.Wanted(venue_id=venue.id, open=True)
    with db.read() as session:
        rows = case_list.page(session, staff.actor, wanted, at=at, order="due", size=MOST_LEFT).rows
        count = case_list.count(session, staff.actor, wanted, at=at)
    words = [workflow_of(row.process) for row in rows]
    found = [
        Left(f"/cases/{row.number}", row.number, Label(f"{flow.zh} · {flow.state(row.state).zh}",
                                                       f"{flow.en} · {flow.state(row.state).en}"))
        for row, flow in zip(rows, words, strict=True)
    ]  # fmt: skip
    if count > len(found):
        more = Label(f"共 {count} 件，全部查看", f"all {count}")
        found.append(Left(f"/cases?view=open&q={venue.code}", "…", more))
    return tuple(found)
