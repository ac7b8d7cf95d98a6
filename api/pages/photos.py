"""Photos of cases, for those who may see the case and, of a reporter's photo, read the reporter."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi.responses import Response
from sqlmodel import Session, col, select

from api.access import Router, programs_may, staff_only
from api.deps import Conf, CurrentStaff, Db
from domain import access, photos, uploads
from domain.actors import Actor
from domain.models import Case, Photo
from domain.photos import PhotoMissing
from domain.queries.case_page import photo_for
from domain.tokens import Scope

router = Router(include_in_schema=False)


@router.get("/photos/{photo_id}/{size}")
@staff_only
@programs_may(Scope.CASES_READ)
def show_photo(
    *,
    photo_id: UUID,
    size: Literal["full", "thumbnail"],
    db: Db,
    staff: CurrentStaff,
    settings: Conf,
) -> Response:
    """Return the picture; 404 also for whom it is not meant."""
    with db.read() as session:
        photo = uploads.by_id(session, photo_id)
        if not _may_see(session, photo, staff.actor):
            raise PhotoMissing(str(photo_id))
    picture = photos.read(photo.storage_key, settings.photos, size)
    return Response(picture, media_type="image/jpeg", headers={"content-disposition": "inline"})


def _may_see(session: Session, photo: Photo, actor: Actor) -> bool:
    if photo.case_id is None:
        return False
    # The photos of a finding are shown on the rectifications it led to as well.
    query = select(Case).where((col(Case.id) == photo.case_id) | (col(Case.parent_id) == photo.case_id))
    return any(
        photo_for(session, case, photo.id, actor=actor) is not None
        for case in session.exec(query)
        if access.may_see(session, actor, case)
    )
