"""One's own errands: how far each is, what came of it, its file; for nobody else's eyes."""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from uuid import UUID

from fastapi import Request
from sqlmodel import Session
from starlette.responses import FileResponse, RedirectResponse, Response

from api.access import Router, staff_only
from api.deps import Conf, CurrentStaff, Db, NotForPrograms, Now
from api.middleware.limits import takes_little
from api.pages.staff_frame import staff_page
from domain import errand_files, errands, system_errands
from domain.access import NotPermitted, may
from domain.accounts import Identity
from domain.errand_files import FileGone
from domain.errand_kinds import KINDS
from domain.errands import ErrandOver, UnknownErrand
from domain.exports import asked
from domain.language import Label, Sentence
from domain.models import Errand
from domain.rights import Right
from domain.settings import Settings
from domain.tokens import Scope, opens

router = Router(include_in_schema=False)

A_PAGE = 30
MOST_TROUBLED = 50
"""Errands of the system that an administrator sees at once."""
EXPORT_SCOPES = {"cases": Scope.CASES_READ, "venues": Scope.REGISTER_READ, "facilities": Scope.REGISTER_READ}
"""What a program needs besides to fetch an export: it reads as much as a list would show it."""
STATES = {
    "pending": Sentence("waiting to begin"),
    "running": Sentence("under way"),
    "done": Sentence("done"),
    "failed": Sentence("not possible"),
    "held": Sentence("failed for now"),
    "cancelled": Sentence("cancelled"),
}
TONES = {"pending": "state", "running": "state", "done": "fine", "failed": "late", "held": "late", "cancelled": "ended"}


@router.get("/errands")
@staff_only
def show_errands(request: Request, db: Db, at: Now, staff: CurrentStaff, cursor: str = "") -> Response:
    """Show what this person asked for, the newest first; to administrators, what of the system's own needs them."""
    with db.read() as session:
        found = errands.made_by(session, staff.person.id, before=_read_cursor(cursor), most=A_PAGE + 1)
        troubled = system_errands.troubled(session, at=at, most=MOST_TROUBLED) if _keeps_system(staff) else []
    following = _cursor(found[A_PAGE - 1]) if len(found) > A_PAGE else None
    return staff_page(
        request, "pages/staff/errands.html", staff=staff, at=at, here="account", errands=found[:A_PAGE],
        kinds=KINDS, states=STATES, tones=TONES, said_of=errands.said_of, next_cursor=following, is_first=not cursor,
        troubled=troubled, reason_of=errands.reason_of,
    )  # fmt: skip


@router.get("/errands/{errand_id}")
@staff_only
def show_errand(request: Request, errand_id: UUID, *, db: Db, at: Now, staff: CurrentStaff, settings: Conf) -> Response:
    """Show how far it is; the page renews its part while the errand is open."""
    with db.read() as session:
        errand = _to_decide(session, errand_id, staff)
    is_within = errands.is_within(errand, staff.actor)
    return staff_page(
        request, "pages/staff/errand.html", staff=staff, at=at, here="account", errand=errand,
        kind=_label(errand), state=STATES[errand.state], tone=TONES[errand.state],
        is_open=errand.state in errands.OPEN, reason=errands.reason_of(errand), said=errands.said_of(errand),
        complaints=errands.complaints_of(errand) if is_within else [], has_file=_has_file(errand, settings),
        is_within=is_within,
    )  # fmt: skip


@router.get("/errands/{errand_id}/file")
@staff_only
def fetch_file(errand_id: UUID, *, db: Db, staff: CurrentStaff, settings: Conf) -> Response:
    """Return the file it made, to who made it and may still have it."""
    with db.read() as session:
        errand, path = file_of(session, errand_id, staff=staff, settings=settings)
    return FileResponse(path, media_type=errand.media_type, filename=errand.file_name)


def file_of(session: Session, errand_id: UUID, *, staff: Identity, settings: Settings) -> tuple[Errand, Path]:
    """Return the errand and where its file lies; raises `UnknownErrand`, `NotPermitted`, `FileGone`, `NotForPrograms`.

    It holds what lay within its maker's reach then; who reaches elsewhere now asks for a new one (`ReachChanged`).
    """
    errand = errands.of_maker(session, staff.person.id, errand_id)
    if errand.needs and not may(staff.actor, Right(errand.needs)):
        raise NotPermitted(Right(errand.needs))
    errands.require_within(errand, staff.actor)
    scope = EXPORT_SCOPES[errand.data["table"]] if errand.kind == asked.ERRAND else None
    if staff.via == "token" and scope is not None and not opens(staff.scopes, scope):
        raise NotForPrograms(scope)
    if errand.state != "done" or errand.storage_key is None:
        raise FileGone(str(errand_id))
    return errand, errand_files.path_of(errand.storage_key, settings.errand_files)


@router.post("/errands/{errand_id}/cancel")
@staff_only
@takes_little
def cancel(errand_id: UUID, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Cancel it; one that has ended meanwhile is shown as it is."""
    return _decided(db, errand_id, staff=staff, at=at, again=False)


@router.post("/errands/{errand_id}/again")
@staff_only
@takes_little
def try_again(errand_id: UUID, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Have it tried again after it failed for a passing reason."""
    return _decided(db, errand_id, staff=staff, at=at, again=True)


def _decided(db: Db, errand_id: UUID, *, staff: Identity, at: datetime, again: bool) -> Response:
    with db.write() as session:
        _to_decide(session, errand_id, staff)
        decide = errands.try_again if again else errands.cancel
        with suppress(ErrandOver):  # the page shows how it ended
            decide(session, errand_id, at=at)
    return RedirectResponse(f"/errands/{errand_id}", status_code=303)


def _to_decide(session: Session, errand_id: UUID, staff: Identity) -> Errand:
    """Return one's own errand, or one of the system's to whom keeps those; raises `UnknownErrand`."""
    with suppress(UnknownErrand):
        return errands.of_maker(session, staff.person.id, errand_id)
    if not _keeps_system(staff):
        raise UnknownErrand(str(errand_id))
    return system_errands.by_id(session, errand_id)


def _keeps_system(staff: Identity) -> bool:
    return may(staff.actor, system_errands.KEEPS_THEM)


def _label(errand: Errand) -> Label:
    # A kind that a later version dropped still has its record.
    return KINDS[errand.kind].label if errand.kind in KINDS else Label(errand.kind, errand.kind)


def _has_file(errand: Errand, settings: Settings) -> bool:
    if errand.storage_key is None:
        return False
    try:
        errand_files.path_of(errand.storage_key, settings.errand_files)
    except FileGone:
        return False
    return True


def _cursor(errand: Errand) -> str:
    text = f"{errand.made_at.isoformat()} {errand.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, UUID] | None:
    if not cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        moment, _, errand_id = text.partition(" ")
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None:
            return None
        return at, UUID(errand_id)
    except (ValueError, binascii.Error) as wrong:
        raise UnknownErrand(cursor[:20]) from wrong
