"""Applications at the desk: a colleague enters one for somebody who stands there; the papers of every application."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api.access import Router, staff_only
from api.deps import Conf, CurrentStaff, Db, Now, Posted
from api.middleware.limits import takes_photos
from api.pages import enrol_form, public_enrol
from api.pages.enrol_form import Frame
from domain import cases, papers
from domain.accounts import Identity
from domain.errand_files import FileGone
from domain.language import Label, Sentence
from domain.processes.enrolment import ENROLMENT
from domain.queries.application_card import paper_for
from domain.workflow import TransitionRefused

router = Router(include_in_schema=False)
DESK = Frame("/enrolments/new", "/cases?process=enrolment", is_desk=True)


@router.get("/enrolments/new")
@staff_only
def ask(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the first questions to a colleague."""
    _refuse_others(staff)
    return enrol_form.show(request, db, enrol_form.fresh(), DESK, at=at)


@router.post("/enrolments/new")
@staff_only
@takes_photos
def send(request: Request, *, db: Db, at: Now, staff: CurrentStaff, settings: Conf, form: Posted) -> Response:
    """Take the answers of one page; the last one opens the application, which somebody else has to approve."""
    _refuse_others(staff)
    return public_enrol.posted(request, form, DESK, actor=staff.actor, db=db, at=at, settings=settings)


def _refuse_others(staff: Identity) -> None:
    opening = ENROLMENT.opening
    if not staff.actor.plays(*opening.roles):
        step = Label(opening.zh, opening.en)
        reason = Sentence("Your role may not do this: %(step)s.", step=step)
        raise TransitionRefused(reason, permission=True)


@router.get("/cases/{number}/papers/{paper_id}")
@staff_only
def paper(*, number: str, paper_id: UUID, db: Db, staff: CurrentStaff, settings: Conf) -> Response:
    """Give a document of an application; 404 also for whom it is not meant."""
    with db.read() as session:
        case = cases.seen_by(session, staff.actor, number)
        found = paper_for(session, case, paper_id, actor=staff.actor)
    if found is None:
        raise FileGone(str(paper_id))
    headers = {"content-disposition": "inline" if found.media_type == papers.JPEG else "attachment"}
    return Response(papers.content(found, papers.folder(settings)), media_type=found.media_type, headers=headers)


@router.get("/enrolments")
@staff_only
def listed() -> Response:
    """Lead to the queue of applications."""
    return RedirectResponse("/cases?process=enrolment", status_code=303)
