"""Photos by program, and by the page's own script: taken in one at a time, named later in a form."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

from api import allowances, forms
from api.access import Router, programs_may, public
from api.deps import Conf, Db, MaybeStaff, Now, Posted, address_of
from api.errors import CREATED
from api.field_errors import FieldsRefused
from api.middleware.limits import takes_photos
from domain import uploads
from domain.language import Sentence
from domain.tokens import Scope
from domain.workflow import FieldRefusal

router = Router(prefix="/api/v1/uploads", tags=["uploads"])

FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            }
        },
    }
}


@router.post("", status_code=CREATED, openapi_extra=FILE)
@public
@programs_may(Scope.CASES_WRITE)
@takes_photos
def upload_photo(  # noqa: PLR0917 - what an endpoint is handed
    request: Request, form: Posted, db: Db, at: Now, settings: Conf, staff: MaybeStaff
) -> JSONResponse:
    """Take in one photo (JPEG, PNG or WebP of at most 20 MB); it is re-encoded and loses its metadata.

    Without a token at most 60 in ten minutes are taken from one address; then the answer is 429 with `Retry-After`.
    """
    sent = forms.files(form, "file")
    if len(sent) != 1:
        raise FieldsRefused([FieldRefusal("file", Sentence("Send one photo in the field “file”."))])
    if staff is None:
        with db.write() as session:
            allowances.spend_photos(session, address_of(request), 1, at=at)
    photo = uploads.keep(db, sent[0].file.read(), sent[0].filename or "", at=at, directory=settings.photos)
    return JSONResponse(
        {"id": str(photo.id), "width": photo.width, "height": photo.height, "bytes": photo.size},
        status_code=CREATED,
    )
