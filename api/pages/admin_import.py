"""Importing tables: a template, a file that is tried out first, what came of it, and then all of it or nothing."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any, BinaryIO
from urllib.parse import quote
from uuid import UUID

from fastapi import Request
from sqlmodel import Session
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from api.access import Router, needs, proven
from api.deps import Conf, CurrentStaff, Db, Now, Posted, locale_of
from api.field_errors import FieldError
from api.middleware.limits import takes_files, takes_little
from api.pages.admin_frame import admin_page
from api.pages.errands import STATES, TONES
from documents import exports, import_templates
from documents.tables_in import LARGEST_FILE
from documents.tables_out import OutColumn, write_xlsx
from domain import errand_files, errands
from domain.accounts import Identity
from domain.errands import UnknownErrand
from domain.identifiers import new_id
from domain.imports.kinds import KINDS, ImportKind
from domain.imports.lines import MOST_LISTED
from domain.imports.terms import Terms, choices
from domain.language import CHINESE, ENGLISH, Sentence
from domain.models import Errand
from domain.rights import Right
from domain.settings import Settings

router = Router(include_in_schema=False)
HERE = "import"
CHECK, TAKE = "check_table", "import_table"
BLOCK = 64 * 1024
LONGEST_NAME = 100
SHOWN = 200
"""Errors on the page; the file has all that are kept."""


@router.get("/admin/import")
@needs(Right.IMPORT)
@proven
def show_form(request: Request, at: Now, staff: CurrentStaff) -> Response:
    """Show what can be imported and take a file."""
    return _form(request, {"form_id": new_id().hex, "table": "venues", "update": ""}, staff=staff, at=at)


def _form(
    request: Request, typed: Mapping[str, str], *, staff: Identity, at: datetime, errors: tuple[FieldError, ...] = ()
) -> Response:
    return admin_page(
        request, "pages/staff/admin/import.html", staff=staff, at=at, here=HERE, status=422 if errors else 200,
        kinds=KINDS, typed=typed, errors=errors, megabytes=LARGEST_FILE >> 20,
    )  # fmt: skip


@router.get("/admin/import/template/{table}")
@needs(Right.IMPORT)
def fetch_template(request: Request, table: str, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Return the empty table, with the areas this person may write to as a list to choose from."""
    kind, locale = _kind(table), locale_of(request)
    with db.read() as session:
        areas = choices(session, Terms(staff.actor, at, update=False, source={}))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "template.xlsx"
        import_templates.write(path, kind, areas=areas, locale=locale)
        content = path.read_bytes()
    return _file(content, f"{kind.label.in_language(locale)}.xlsx", f"{table}.xlsx")


@router.post("/admin/import")
@needs(Right.IMPORT)
@proven
@takes_files
def take_file(  # noqa: PLR0917 - what an endpoint is handed
    request: Request, db: Db, at: Now, staff: CurrentStaff, settings: Conf, form: Posted
) -> Response:
    """Keep the file and have it looked at; nothing is written yet."""
    typed = {name: _short(form.get(name)) for name in ("form_id", "table", "update")}
    file = form.get("file")
    reason = _refusal(file, typed)
    if reason is not None:
        return _form(request, typed, staff=staff, at=at, errors=(reason,))
    assert isinstance(file, UploadFile)  # noqa: S101 - _refusal looked
    key, sha256 = _kept(file.file, settings)
    data = {
        "table": typed["table"],
        "update": typed["update"] == "1",
        "file": PurePath(file.filename or "").name[:LONGEST_NAME],
        "sha256": sha256,
    }
    with db.write() as session:
        errand = _promise(session, CHECK, typed["form_id"] or new_id().hex, data, input_key=key, staff=staff, at=at)
    return RedirectResponse(f"/admin/import/{errand.id}", status_code=303)


def _refusal(file: object, typed: Mapping[str, str]) -> FieldError | None:
    if typed["table"] not in KINDS:
        return FieldError("table", Sentence("Please choose one of the given answers."))
    if not isinstance(file, UploadFile) or not file.filename:
        return FieldError("file", Sentence("Choose an .xlsx or .csv file."))
    if (file.size or 0) > LARGEST_FILE:
        limit = LARGEST_FILE >> 20
        return FieldError(
            "file", Sentence("The file is too large: at most %(limit)s MB. Split it into several.", limit=limit)
        )
    return None


def _kept(file: BinaryIO, settings: Settings) -> tuple[str, str]:
    digest = hashlib.sha256()
    with errand_files.writing(settings.errand_files) as (key, kept):
        while block := file.read(BLOCK):
            digest.update(block)
            kept.write(block)
    return key, digest.hexdigest()


def _promise(
    session: Session,
    kind: str,
    key: str,
    data: Mapping[str, Any],
    *,
    input_key: str | None,
    staff: Identity,
    at: datetime,
) -> Errand:
    maker = staff.person.id
    return errands.promise(
        session, kind, key=f"{kind}:{maker}:{key}", at=at, made_by=maker, data=data, input_key=input_key
    )


@router.get("/admin/import/{errand_id}")
@needs(Right.IMPORT)
def show_result(request: Request, errand_id: UUID, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show how far it is, what would happen or what is wrong; after a look without errors, offer to take it."""
    with db.read() as session:
        errand = _own(session, errand_id, staff)
    is_within = errands.is_within(errand, staff.actor)
    found = errands.complaints_of(errand) if is_within else []
    return admin_page(
        request, "pages/staff/admin/import_result.html", staff=staff, at=at, here=HERE, errand=errand,
        kind=KINDS[errand.data["table"]], is_check=errand.kind == CHECK, is_open=errand.state in errands.OPEN,
        state=STATES[errand.state], tone=TONES[errand.state], reason=errands.reason_of(errand),
        said=errands.said_of(errand), complaints=found[:SHOWN], listed=len(found),
        total=errand.outcome.get("total", len(found)), most_listed=MOST_LISTED, is_within=is_within,
        writes=bool(errand.outcome.get("new") or errand.outcome.get("changed")),
    )  # fmt: skip


@router.post("/admin/import/{errand_id}/take")
@needs(Right.IMPORT)
@proven
@takes_little
def take(errand_id: UUID, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Take the table that was looked at; sent twice it is taken once."""
    with db.write() as session:
        check = _own(session, errand_id, staff)
        if check.kind != CHECK or check.state != "done":
            return RedirectResponse(f"/admin/import/{errand_id}", status_code=303)
        errand = _promise(
            session, TAKE, str(check.id), check.data, input_key=check.input_key, staff=staff, at=at
        )  # fmt: skip
    return RedirectResponse(f"/admin/import/{errand.id}", status_code=303)


ERROR_COLUMNS = (
    OutColumn("单元格 Cell", 14),
    OutColumn("错误", 60),
    OutColumn("Error", 60),
)


@router.get("/admin/import/{errand_id}/errors.xlsx")
@needs(Right.IMPORT)
def fetch_errors(errand_id: UUID, *, db: Db, staff: CurrentStaff) -> Response:
    """Return the errors as a table, for whoever mends the file."""
    with db.read() as session:
        errand = _own(session, errand_id, staff)
    errands.require_within(errand, staff.actor)
    found = errands.complaints_of(errand)
    lines = [[one.where, one.reason.in_language(CHINESE), one.reason.in_language(ENGLISH)] for one in found]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "errors.xlsx"
        write_xlsx(path, ERROR_COLUMNS, lines, title="错误 Errors", locale=CHINESE)
        content = path.read_bytes()
    return _file(content, f"错误-{PurePath(errand.data['file']).stem}.xlsx", "errors.xlsx")


def _own(session: Session, errand_id: UUID, staff: Identity) -> Errand:
    errand = errands.of_maker(session, staff.person.id, errand_id)
    if errand.kind not in (CHECK, TAKE):
        raise UnknownErrand(str(errand_id))
    return errand


def _kind(table: str) -> ImportKind:
    if table not in KINDS:
        raise UnknownErrand(table)
    return KINDS[table]


def _file(content: bytes, name: str, plain: str) -> Response:
    told = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return Response(content, media_type=exports.XLSX, headers={"content-disposition": told})


def _short(text: object) -> str:
    return text[:LONGEST_NAME] if isinstance(text, str) else ""
