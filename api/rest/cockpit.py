"""The cockpit by program: the same numbers as the page, without those of single persons."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import JSONResponse

from api import cockpit_answer
from api.access import Router, needs, programs_may
from api.deps import CurrentStaff, Db, Now, locale_of
from domain.reporting import cockpit, targets
from domain.rights import Right
from domain.tokens import Scope

router = Router(prefix="/api/v1/cockpit", tags=["map"])


@router.get("")
@needs(Right.SEE_FIGURES)
@programs_may(Scope.FIGURES_READ)
def read_cockpit(request: Request, db: Db, at: Now, staff: CurrentStaff) -> JSONResponse:
    """Return today's cases, what is due and overdue, thirty days by hazard, area and day; None: not known."""
    with db.read() as session:
        found = cockpit.cockpit(session, staff.actor, at=at)
        wanted = targets.targets(session)
    return JSONResponse(cockpit_answer.answer(found, wanted, None, locale_of(request)))
