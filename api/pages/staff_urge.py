"""Urging several cases at once: first the question, then each its own step, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import Response

from api.access import Router, staff_only
from api.deps import CurrentStaff, Db, Now, Posted
from api.errors import problem_of
from api.pages.staff_frame import staff_page
from domain import cases, idempotency, places
from domain.accounts import Identity
from domain.actors import Actor
from domain.database import Database
from domain.identifiers import new_id
from domain.language import Label, Sentence
from domain.models import Case
from domain.processes import LISTED, workflow_of
from domain.workflow import TransitionRefused

router = Router(include_in_schema=False)
REMIND = "remind"
MOST_AT_ONCE = 50
LISTS = {"/cases": "cases", "/board": "board"}
"""Where the cases were chosen, and which part of the site that is."""


def may_urge(actor: Actor) -> bool:
    """Return whether some process lets one of the person's roles urge."""
    return any(actor.plays(*step.roles) for flow in LISTED.values() for step in flow.named(REMIND))


@dataclass(frozen=True, slots=True)
class Reminded:
    """What became of urging one case."""

    number: str
    place: str
    state: Label | None
    refusal: Sentence | None


@dataclass(frozen=True, slots=True)
class Batch:
    """One confirmation: who urges, what they add, and the key under which it counts once however often it is sent."""

    id: UUID
    staff: Identity
    data: dict[str, Any]


@router.post("/cases/remind")
@staff_only
def remind(request: Request, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Ask whether these cases are to be urged; when that was confirmed, urge each and say what became of it."""
    numbers = list(dict.fromkeys(n for n in form.getlist("number") if isinstance(n, str)))[:MOST_AT_ONCE]
    note = form.get("note")
    data = {"note": note} if isinstance(note, str) and note.strip() else {}
    confirmed = bool(form.get("confirmed"))
    batch = Batch(_batch_id(form.get("batch")), staff, data)
    how = _urge if confirmed else _ask
    results = [_one(request, db, number, at, batch, how) for number in numbers]
    back = str(form.get("back"))
    return staff_page(
        request, "pages/staff/remind.html", status=200 if numbers else 422, staff=staff, at=at,
        here=LISTS.get(back, "cases"), results=results, confirmed=confirmed, batch=batch.id,
        done=sum(result.refusal is None for result in results), back=back if back in LISTS else "/cases",
    )  # fmt: skip


def _batch_id(given: object) -> UUID:
    try:
        return UUID(str(given))
    except ValueError:
        return new_id()


def _one(  # noqa: PLR0917 - one row of a batch
    request: Request,
    db: Database,
    number: str,
    at: datetime,
    batch: Batch,
    how: Any,  # noqa: ANN401 - _ask or _urge
) -> Reminded:
    try:
        case, place = how(db, number, at, batch)
    except (cases.UnknownCase, TransitionRefused, cases.CaseChanged, ValidationError) as refused:
        return Reminded(number, "", None, problem_of(request, refused).detail)
    return Reminded(number, place, workflow_of(case.process).state(case.state).label, None)


def _ask(db: Database, number: str, at: datetime, batch: Batch) -> tuple[Case, str]:
    """Return the case and its place if it can be urged now."""
    actor = batch.staff.actor
    with db.read() as session:
        case = cases.seen_by(session, actor, number)
        cases.plan(session, case, REMIND, actor=actor, at=at)
        return case, _place(session, actor, case)


def _urge(db: Database, number: str, at: datetime, batch: Batch) -> tuple[Case, str]:
    """Urge the case in a transaction of its own, unless this batch has done so already, and return it."""
    actor = batch.staff.actor
    with db.write() as session:
        case = cases.seen_by(session, actor, number)
        place = _place(session, actor, case)
        key = f"remind:{batch.staff.account.id}:{batch.id}:{case.number}"
        if idempotency.claim(session, key, fingerprint=REMIND, at=at) is None:
            cases.fire(session, case, REMIND, actor=actor, at=at, data=batch.data)
            idempotency.settle(session, key, status=200, answer={})
        return case, place


def _place(session: Session, actor: Actor, case: Case) -> str:
    return case.place or places.words_for(session, actor, [case]).get(case.id, "")
