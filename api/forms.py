"""Reads posted forms within limits: a long text reaches validation, a file past its limit is cut off and marked."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.types import Scope

from domain import photos
from domain.cases import LARGEST_VERSION

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
MOST_FIELDS = 200
MOST_FILES = 20
LONGEST_TEXT = 4 * 1024 * 1024
"""Bytes of one text field; far above any form's own limit, whose message is the better one."""


class UnreadableForm(Exception):
    """The body is not the form its headers say it is, or has too many parts."""


class _CuttingParser(MultiPartParser):
    """Stops keeping a file's bytes just past the limit of a photo, so that 1 GB costs neither memory nor disk."""

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        file = self._current_part.file
        if file is None:
            super().on_part_data(data, start, end)
            return
        kept = getattr(file, "kept", 0)
        # One byte past the limit is kept, which is how `domain.photos` knows that it was too large.
        room = photos.LARGEST_BYTES + 1 - kept
        if room > 0:
            end = min(end, start + room)
            file.kept = kept + end - start  # type: ignore[attr-defined]
            super().on_part_data(data, start, end)


def content_type(request: Request) -> str:
    """Return the media type of the body, in small letters and without parameters; "" when none is given."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


async def read_form(request: Request) -> FormData:
    """Return the posted form (empty when the body is no form); raises `UnreadableForm`. Read once per request."""
    known: FormData | None = request.scope.get("fireline.form")
    if known is not None:
        return known
    try:
        async with aclosing(request.stream()) as stream:
            form = await _parsed(content_type(request), request, stream)
    except MultiPartException as broken:
        raise UnreadableForm(broken.message) from broken
    request.scope["fireline.form"] = form
    return form


async def _parsed(kind: str, request: Request, stream: Any) -> FormData:  # noqa: ANN401 - starlette's stream
    if kind == MULTIPART:
        parser = _CuttingParser(
            request.headers, stream, max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LONGEST_TEXT
        )
        return await parser.parse()
    if kind == URLENCODED:
        return await FormParser(request.headers, stream, max_fields=MOST_FIELDS, max_part_size=LONGEST_TEXT).parse()
    return FormData()


async def close_form(scope: Scope) -> None:
    """Close the files of the form this request posted, if it posted one: they may lie on disk."""
    form: FormData | None = scope.get("fireline.form")
    if form is not None:
        await form.close()


def texts(form: FormData, *names: str) -> dict[str, str]:
    """Return the named text fields that were sent and are not blank."""
    found = {name: form.get(name) for name in names}
    return {name: value for name, value in found.items() if isinstance(value, str) and value.strip()}


def version(form: FormData) -> int:
    """Return the version of the case its page showed; 0, which no case has, for what is no version of ours."""
    sent = form.get("version")
    if not isinstance(sent, str) or not (sent.isascii() and sent.isdigit()) or len(sent) > len(str(LARGEST_VERSION)):
        return 0
    return int(sent) if int(sent) <= LARGEST_VERSION else 0


def files(form: FormData, name: str) -> list[UploadFile]:
    """Return the files sent under `name`, without the empty part a browser sends for no choice."""
    return [item for item in form.getlist(name) if isinstance(item, UploadFile) and (item.filename or item.size)]
