"""Who a reporter is, shown once to the person for whom a second one agreed. Nothing of it is kept by anybody."""

from __future__ import annotations

from datetime import datetime

from fastapi import Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from api import forms
from api.access import Router, proven, staff_only
from api.changes import note_version
from api.deps import CurrentStaff, Db, Now, Posted
from api.errors import problem_of
from api.field_errors import field_errors
from api.middleware.limits import takes_little
from api.pages.staff_forms import Pickers, Typed, as_data, form_shown, read_typed
from api.pages.staff_frame import staff_page
from api.pages.staff_steps import Attempted, refuse_stale
from domain import cases, disclosure
from domain.accounts import Identity
from domain.cases import CaseChanged, FieldRefused
from domain.disclosure import REVEAL, Revealed
from domain.models import Case
from domain.processes.identity import IdentityReveal, granted_until
from domain.workflow import TransitionRefused

router = Router(include_in_schema=False)


@router.get("/cases/{number}/identity")
@staff_only
@proven
def ask_reason(request: Request, number: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Ask what it is needed for; who has no consent now is led back to the case."""
    with db.read() as session:
        case = cases.seen_by(session, staff.actor, number)
        try:
            cases.plan(session, case, REVEAL, actor=staff.actor, at=at)
        except TransitionRefused:
            return RedirectResponse(f"/cases/{case.number}", status_code=303)
    return _page(request, case, staff=staff, at=at)


@router.post("/cases/{number}/identity")
@staff_only
@proven
@takes_little
def show_identity(request: Request, number: str, *, form: Posted, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Write down who looks and why, and show it in this one answer."""
    version = forms.version(form)
    note_version(request, version)
    typed = read_typed(IdentityReveal, form)
    words = as_data(IdentityReveal, typed)
    try:
        with db.write() as session:
            case = cases.seen_by(session, staff.actor, number)
            refuse_stale(case, version)
            revealed = disclosure.reveal(session, case, actor=staff.actor, at=at, data=words)
    except (ValidationError, FieldRefused, TransitionRefused, CaseChanged) as refused:
        problem = problem_of(request, refused)
        with db.read() as session:
            case = cases.seen_by(session, staff.actor, number)
        failed = Attempted(REVEAL, Typed(typed, tuple(field_errors(refused))), problem, version)
        return _page(request, case, staff=staff, at=at, failed=failed)
    return _page(request, case, staff=staff, at=at, revealed=revealed)


def _page(
    request: Request,
    case: Case,
    *,
    staff: Identity,
    at: datetime,
    revealed: Revealed | None = None,
    failed: Attempted | None = None,
) -> Response:
    typed = failed.typed if failed else Typed()
    answer = staff_page(
        request, "pages/staff/identity.html", status=failed.problem.status if failed else 200,
        staff=staff, at=at, here="cases", case=case, revealed=revealed, failed=failed,
        form=form_shown(IdentityReveal, prefix="reveal-", pickers=Pickers(lambda _: []), typed=typed),
        until=granted_until(case, staff.actor.person_id),
    )  # fmt: skip
    answer.headers["cache-control"] = "no-store"
    return answer
