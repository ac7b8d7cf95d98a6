"""My tasks, for the phone: cards by deadline, then one step per page with its button at the thumb."""

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
from api.pages.staff_frame import staff_page
from api.pages.staff_steps import Attempted
from domain import cases
from domain.accounts import Identity
from domain.actors import Actor
from domain.patrols import today
from domain.processes.patrol_task import CARRIERS, OPEN, SCHEDULED, UNDER_WAY
from domain.queries import tasks
from domain.queries.case_page import case_page
from domain.queries.tasks import Task

router = Router(include_in_schema=False)
TO_DO = frozenset({SCHEDULED.name, OPEN.name, UNDER_WAY.name})


@dataclass(frozen=True, slots=True)
class Card:
    """A task with its deadline in words."""

    task: Task
    due: Deadline | None


@router.get("/tasks")
@staff_only
def show_tasks(request: Request, db: Db, at: Now, staff: CurrentStaff, done: str = "") -> Response:
    """Show what waits for this person, then what waits for others."""
    with db.read() as session:
        mine = tasks.tasks(session, staff.actor, at=at)
        patrols = _open_patrols(session, staff.actor, at)
    known = next((task.case.number for task in (*mine.now, *mine.waiting) if task.case.number == done), None)
    return staff_page(
        request, "pages/staff/tasks.html", staff=staff, at=at, here="tasks",
        now=[_card(task, at) for task in mine.now], waiting=[_card(task, at) for task in mine.waiting],
        done=known or bool(done), patrols=patrols,
    )  # fmt: skip


def _open_patrols(session: Session, actor: Actor, at: datetime) -> int | None:
    """Return how many patrols wait for this person now; they are carried out on a page of their own. None: no business.

    A patrol is on the phone's list a day and a half ahead; here it counts from its beginning.
    """
    if not actor.plays(*CARRIERS):
        return None
    listed = today.work_of(session, actor, at=at)["tasks"]
    return sum(1 for task in listed if task["state"] in TO_DO and datetime.fromisoformat(task["starts_at"]) <= at)


@router.get("/tasks/{number}")
@staff_only
def show_task(request: Request, number: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show where to go, what was reported, and the steps."""
    with db.read() as session:
        case = cases.seen_by(session, staff.actor, number)
        task = tasks.task_of(session, case, staff.actor, at=at)
        page = case_page(session, case, actor=staff.actor, at=at)
    return staff_page(
        request, "pages/staff/task.html", staff=staff, at=at, here="tasks",
        card=_card(task, at), task=task, page=page,
        others=[offer for offer in task.offers if offer.enabled and offer is not task.next],
    )  # fmt: skip


@router.get("/tasks/{number}/{name}")
@staff_only
def show_step(request: Request, number: str, name: str, *, at: Now, staff: CurrentStaff) -> Response:
    """Show one step's form; a step that is not possible leads back to the task, which says why."""
    return _step_page(request, number, name, staff=staff, at=at)


@router.post("/tasks/{number}/{name}")
@staff_only
@takes_photos
def take_step(
    request: Request, number: str, name: str, *, db: Db, at: Now, staff: CurrentStaff, settings: Conf, form: Posted
) -> Response:
    """Take the step, then go on with the next one if it is this person's too."""
    taken = staff_steps.take(request, number, name, form=form, db=db, settings=settings, staff=staff, at=at)
    if taken.failed is not None:
        return _step_page(request, number, name, staff=staff, at=at, failed=taken.failed)
    with db.read() as session:
        case = cases.seen_by(session, staff.actor, number)
        following = tasks.task_of(session, case, staff.actor, at=at).next
    if following is None:
        return RedirectResponse(f"/tasks?done={number}", status_code=303)
    return RedirectResponse(f"/tasks/{number}/{following.transition.name}", status_code=303)


def _step_page(
    request: Request, number: str, name: str, *, staff: Identity, at: datetime, failed: Attempted | None = None
) -> Response:
    with request.app.state.database.read() as session:
        case = cases.seen_by(session, staff.actor, number)
        task = tasks.task_of(session, case, staff.actor, at=at)
        steps = staff_steps.steps(session, case, actor=staff.actor, at=at, failed=failed)
        page = case_page(session, case, actor=staff.actor, at=at)
    step = next((step for step in steps if step.name == name and step.form is not None), None)
    if step is None and failed is None:
        return RedirectResponse(f"/tasks/{number}", status_code=303)
    changed = [entry for entry in page.entries if failed is not None and entry.seq > failed.version]
    return staff_page(
        request, "pages/staff/task_step.html", status=failed.problem.status if failed else 200,
        staff=staff, at=at, here="tasks",
        card=_card(task, at), task=task, step=step, failed=failed, changed=changed,
    )  # fmt: skip


def _card(task: Task, at: datetime) -> Card:
    warned = any(reading["running"] and reading["level"] for reading in task.case.clocks.values())
    due = deadline(task.case.due_at, at=at, provisional=task.provisional, warned=warned, basis=task.basis)
    return Card(task, due)
