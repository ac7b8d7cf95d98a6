"""The phone of a patrol: what it takes along, what it brings back, and its photos. JSON; the pages are files."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import JSONResponse, Response

from api import forms
from api.access import Router, staff_only
from api.deps import Conf, CurrentStaff, Db, Now, Posted, locale_of, masked
from api.errors import CREATED, HEALTHY
from api.field_errors import FieldsRefused
from api.middleware.limits import takes_photos
from api.rendering import in_words
from domain import uploads
from domain.language import Sentence
from domain.patrols import syncing, today, waiting_photos
from domain.patrols.delivery import Delivery
from domain.workflow import FieldRefusal

router = Router(prefix="/patrol", include_in_schema=False)
NOT_MODIFIED = 304
DIGEST = re.compile(r"[0-9a-f]{64}")


@router.get("/work")
@staff_only
def show_work(request: Request, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Return the tasks of whoever is signed in, with all a phone needs to carry them out without a network."""
    locale = locale_of(request)
    with db.read() as session:
        work = today.work_of(session, staff.actor, at=at, locale=locale)
    tag = f'"{today.tag_of({**work, "locale": locale})}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=NOT_MODIFIED, headers=headers)
    return JSONResponse({**work, "csrf": masked(staff.csrf)}, headers=headers)


@router.post("/sync")
@staff_only
def take_delivery(request: Request, sent: Delivery, *, db: Db, at: Now, staff: CurrentStaff) -> JSONResponse:
    """Take in what a phone did for one task; sent again, it is answered again and nothing is done twice."""
    with db.write() as session:
        said = syncing.deliver(session, sent, actor=staff.actor, at=at)
    return JSONResponse(_in_words(said, locale_of(request)))


@router.put("/photos/{photo_id}")
@staff_only
@takes_photos
def take_photo(photo_id: UUID, form: Posted, *, db: Db, at: Now, settings: Conf, staff: CurrentStaff) -> JSONResponse:
    """Take in one photo under the id the phone gave it; sent again, it is there already."""
    sent = forms.files(form, "file")
    if len(sent) != 1:
        raise FieldsRefused([FieldRefusal("file", Sentence("Send one photo in the field “file”."))])
    said = forms.texts(form, "original_sha256", "task")
    with db.read() as session:
        held_for = waiting_photos.holding(session, said.get("task", ""), actor=staff.actor, at=at)
    photo, is_new = uploads.keep_as(
        db, photo_id, sent[0].file.read(), sent[0].filename or "", at=at, directory=settings.photos,
        original_sha256=said.get("original_sha256") if DIGEST.fullmatch(said.get("original_sha256", "")) else None,
        held_for=held_for,
    )  # fmt: skip
    with db.write() as session:
        waiting_photos.claim_late(session, photo.id, said.get("task", ""), actor=staff.actor)
    return JSONResponse({"id": str(photo.id)}, status_code=CREATED if is_new else HEALTHY)


def _in_words(said: dict[str, Any], locale: str) -> dict[str, Any]:
    return {
        name: [_said(part, locale) for part in value] if isinstance(value, list) else value
        for name, value in said.items()
    }


def _said(part: Any, locale: str) -> Any:  # noqa: ANN401 - an id, or what is said of one
    if not isinstance(part, dict) or "reason" not in part:
        return part
    return {**part, "reason": in_words(part["reason"], locale)}
