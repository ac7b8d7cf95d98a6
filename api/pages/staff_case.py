"""The case page: facts, timeline, next steps; and the address every step of every process is posted to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from api.access import Router, staff_only
from api.deps import Conf, CurrentStaff, Db, Now, Posted
from api.middleware.limits import takes_photos
from api.pages import staff_steps
from api.pages.staff_deadlines import Deadline, deadline
from api.pages.staff_forms import FormShown, Pickers, Typed, form_shown
from api.pages.staff_frame import staff_page
from api.pages.staff_steps import Attempted
from api.pages.staff_urge import REMIND
from domain import access, articles, cases, catalogue, timing
from domain.accounts import Identity
from domain.actors import Actor, Role
from domain.language import Sentence
from domain.models import Case
from domain.processes import workflow_of
from domain.queries.application_card import application_card
from domain.queries.case_page import CasePage, Entry, case_page
from domain.queries.identity_card import identity_card
from domain.workflow import TransitionRefused

router = Router(include_in_schema=False)
HELD = "decide_held"
PLACED = frozenset({HELD, "grant_identity", "refuse_identity", "withdraw_release", "lift_hold"})
"""Steps that stand in a place of their own on the page, not among the next steps."""
SEES_RUNS = (Role.ADMINISTRATOR, Role.AUDITOR)
"""Who looks after the engine; to everybody else a run in Prefect says nothing."""


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Something typed for a step that is not offered any more: shown, so that it is not lost."""

    title: Sentence
    text: str


@router.get("/cases/{number}")
@staff_only
def show_case(
    request: Request, number: str, *, at: Now, staff: CurrentStaff, settings: Conf, done: int = 0
) -> Response:
    """Show a case."""
    return page_of_case(request, number, staff=staff, at=at, prefect_ui=settings.prefect_ui_url, done=done)


@router.post("/cases/{number}/steps/{name}")
@staff_only
@takes_photos
def take_step(
    request: Request, number: str, name: str, *, db: Db, at: Now, staff: CurrentStaff, settings: Conf, form: Posted
) -> Response:
    """Take a step; when it cannot be taken show the page again with what was typed."""
    taken = staff_steps.take(request, number, name, form=form, db=db, settings=settings, staff=staff, at=at)
    if taken.failed is None:
        return RedirectResponse(f"/cases/{number}?done={taken.version}#entry-{taken.version}", status_code=303)
    return page_of_case(request, number, staff=staff, at=at, prefect_ui=settings.prefect_ui_url, failed=taken.failed)


def page_of_case(
    request: Request,
    number: str,
    *,
    staff: Identity,
    at: datetime,
    prefect_ui: str,
    done: int = 0,
    failed: Attempted | None = None,
) -> Response:
    """Return the page of a case, with a failed step's form still filled in."""
    with request.app.state.database.read() as session:
        case = cases.seen_by(session, staff.actor, number)
        page = case_page(session, case, actor=staff.actor, at=at)
        steps = staff_steps.steps(session, case, actor=staff.actor, at=at, failed=failed)
        held_form = _held_form(session, case, staff.actor, at)
        acting = access.acting_on(session, staff.actor, case)
        card = identity_card(session, case, actor=acting, at=at)
        applied = application_card(session, case, actor=staff.actor, at=at)
        may_withdraw, may_lift = (_may(case, name, acting, at) for name in ("withdraw_release", "lift_hold"))
    live = {step.name for step in steps if step.offer.enabled}
    return staff_page(
        request, "pages/staff/case.html", status=failed.problem.status if failed else 200,
        staff=staff, at=at, here="cases",
        page=page, case=case, steps=steps, failed=failed,
        usual=next((step for step in steps if step.offer.enabled and step.offer.transition.usual), None),
        urge=next((step for step in steps if step.offer.enabled and step.name == REMIND), None),
        merge=next((step for step in steps if step.offer.enabled and step.case_field), None),
        deadline=_due(case, at), clock_deadlines=_clocks(page, at),
        changed=_changed(page, failed), left_over=_left_over(case, failed, live),
        done=next((entry for entry in page.entries if entry.seq == done), None),
        held_form=held_form, held_failed=failed if failed and failed.name == HELD else None,
        identity=card, applied=applied, may_withdraw=may_withdraw, may_lift=may_lift,
        prefect_ui=prefect_ui.rstrip("/") if staff.actor.plays(*SEES_RUNS) else "", cited=catalogue.short_citation,
    )  # fmt: skip


def _due(case: Case, at: datetime) -> Deadline | None:
    readings = [timing.Reading.of(stored) for stored in case.clocks.values()]
    nearest = [r for r in readings if r.running and r.due_at == case.due_at]
    return deadline(
        case.due_at, at=at, provisional=any(r.provisional for r in nearest), warned=any(r.level for r in nearest),
        basis=articles.of_due(workflow_of(case.process), case.clocks, case.due_at),
    )  # fmt: skip


def _clocks(page: CasePage, at: datetime) -> dict[str, Deadline | None]:
    return {
        clock.name: deadline(clock.due_at, at=at, provisional=clock.is_provisional)
        for clock in page.clocks
        if clock.is_running
    }


def _changed(page: CasePage, failed: Attempted | None) -> list[Entry]:
    """Return what happened since the page was opened from which a step was sent too late."""
    if failed is None or page.case.version == failed.version:
        return []
    return [entry for entry in page.entries if entry.seq > failed.version]


def _left_over(case: Case, failed: Attempted | None, live: set[str]) -> list[LeftOver]:
    if failed is None or failed.name in live or failed.name in PLACED:
        return []
    named = workflow_of(case.process).named(failed.name)
    fields = named[0].form.model_fields if named and named[0].form else {}
    return [
        LeftOver(Sentence(fields[name].title or name), "\n".join(values))
        for name, values in failed.typed.values.items()
        if name in fields
    ]


def _may(case: Case, name: str, actor: Actor, at: datetime) -> bool:
    try:
        workflow_of(case.process).plan(cases.snapshot(case), name, actor=actor, at=at)
    except TransitionRefused:
        return False
    return True


def _held_form(session: Session, case: Case, actor: Actor, at: datetime) -> FormShown | None:
    """Return the form to decide on a held message; None for whom it is not."""
    try:
        plan = cases.plan(session, case, HELD, actor=actor, at=at)
    except TransitionRefused:
        return None
    return form_shown(plan.transition.form, prefix="", pickers=Pickers(lambda _: []), typed=Typed())
