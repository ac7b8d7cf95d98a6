"""The staff's page of one patrol: who was where, what was found, what is in doubt; and the forms to decide on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api.access import Router, staff_only
from api.deps import Conf, CurrentStaff, Db, Now, Posted
from api.middleware.limits import takes_photos
from api.pages import staff_steps
from api.pages.staff_frame import staff_page
from api.pages.staff_steps import Attempted
from domain import cases
from domain.accounts import Identity
from domain.cases import UnknownCase
from domain.patrols.task_page import task_page
from domain.processes.patrol_task import PATROL_TASK

router = Router(include_in_schema=False)
PREFIX = PATROL_TASK.prefix
HERE = frozenset({"contest", "decide_doubt", "decide_conflict", "excuse", "cancel"})
"""Steps that are taken on this page; the others on the page of the case."""


@dataclass(frozen=True, slots=True)
class Again:
    """What was typed into one of the forms beside a record, and what was wrong with it."""

    name: str
    about: str
    """The record or the answer it was about."""
    reason: str
    errors: tuple[object, ...]


@router.get(f"/patrols/{PREFIX}-{{serial}}")
@staff_only
def show_task(request: Request, serial: str, *, at: Now, staff: CurrentStaff, done: int = 0) -> Response:
    """Show a patrol."""
    return page_of_task(request, f"{PREFIX}-{serial}", staff=staff, at=at, done=done)


@router.post(f"/patrols/{PREFIX}-{{serial}}/steps/{{name}}")
@staff_only
@takes_photos
def take_step(
    request: Request, serial: str, name: str, *, db: Db, at: Now, staff: CurrentStaff, settings: Conf, form: Posted
) -> Response:
    """Take a step from the page of the patrol; when it cannot be taken show the page with what was typed."""
    number = f"{PREFIX}-{serial}"
    taken = staff_steps.take(request, number, name, form=form, db=db, settings=settings, staff=staff, at=at)
    if taken.failed is None:
        return RedirectResponse(f"/patrols/{number}?done={taken.version}", status_code=303)
    return page_of_task(request, number, staff=staff, at=at, failed=taken.failed)


def page_of_task(
    request: Request, number: str, *, staff: Identity, at: datetime, done: int = 0, failed: Attempted | None = None
) -> Response:
    """Return the page of a patrol, with a failed step's form still filled in; raises `UnknownCase`."""
    with request.app.state.database.read() as session:
        case = cases.seen_by(session, staff.actor, number)
        if case.process != PATROL_TASK.name:
            raise UnknownCase(number)
        page = task_page(session, case, actor=staff.actor, at=at)
        steps = staff_steps.steps(session, case, actor=staff.actor, at=at, failed=failed)
    return staff_page(
        request, "pages/staff/patrols/task.html", status=failed.problem.status if failed else 200, staff=staff, at=at,
        here="patrols", page=page, case=case, steps=[step for step in steps if step.name in HERE], failed=failed,
        again=_again(failed), done=done == case.version,
    )  # fmt: skip


def _again(failed: Attempted | None) -> Again | None:
    if failed is None or failed.name not in {"decide_doubt", "decide_conflict"}:
        return None
    values = failed.typed.values
    about = (values.get("subject") or values.get("answer") or [""])[0]
    return Again(failed.name, about, (values.get("reason") or [""])[0], failed.typed.errors)
