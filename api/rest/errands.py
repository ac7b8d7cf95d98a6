"""Errands by program: how far one's own are, and what they made."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import FileResponse, Response

from api.access import Router, programs_may, staff_only
from api.deps import Conf, CurrentStaff, Db, locale_of
from api.pages.errands import file_of
from api.rest.answers import moment
from domain import errands
from domain.models import Errand
from domain.tokens import Scope

router = Router(prefix="/api/v1/errands", tags=["errands"])


@router.get("/{errand_id}")
@staff_only
@programs_may(Scope.ERRANDS_READ)
def read_errand(request: Request, errand_id: UUID, *, db: Db, staff: CurrentStaff) -> dict[str, Any]:
    """Return how far an errand of the caller's is, and what came of it."""
    with db.read() as session:
        errand = errands.of_maker(session, staff.person.id, errand_id)
    return shown(errand, locale_of(request), is_within=errands.is_within(errand, staff.actor))


@router.get("/{errand_id}/file", response_class=FileResponse)
@staff_only
@programs_may(Scope.ERRANDS_READ)
def read_file(errand_id: UUID, *, db: Db, staff: CurrentStaff, settings: Conf) -> Response:
    """Return the file it made; 404 while there is none, and some days later."""
    with db.read() as session:
        errand, path = file_of(session, errand_id, staff=staff, settings=settings)
    return FileResponse(path, media_type=errand.media_type, filename=errand.file_name)


def shown(errand: Errand, locale: str, *, is_within: bool) -> dict[str, Any]:
    """Return an errand as JSON; what was wrong with its table only within the reach it was made with."""
    reason, said = errands.reason_of(errand), errands.said_of(errand)
    return {
        "id": str(errand.id),
        "kind": errand.kind,
        "state": errand.state,
        "done": errand.done,
        "total": errand.total,
        "made_at": moment(errand.made_at),
        "settled_at": moment(errand.settled_at),
        "reason": reason.in_language(locale) if reason else None,
        "said": said.in_language(locale) if said else None,
        "errors": [
            {"where": complaint.where, "reason": complaint.reason.in_language(locale)}
            for complaint in (errands.complaints_of(errand) if is_within else ())
        ],
        "file": errand.file_name if errand.storage_key else None,
    }
