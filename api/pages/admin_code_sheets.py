"""Code sheets of many venues, and labels of their facilities, in one PDF that is made in the background."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from api import forms
from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, Posted
from api.field_errors import FieldError
from api.middleware.limits import takes_little
from api.pages.admin_frame import admin_page
from documents.code_sheets import NothingToPrint
from documents.printing import CannotPrint, missing_packages
from domain import catalogue, people
from domain.accounts import Identity
from domain.exports import sheets
from domain.exports.sheets import LAYOUTS, MOST_CODES, Chosen, TooManySheets
from domain.identifiers import NotAVenueCode, clean_venue_code, new_id
from domain.language import Label, Sentence
from domain.queries import choices
from domain.queries.venue_list import Wanted
from domain.rights import Right

router = Router(include_in_schema=False)
HERE = "codes"
FIELDS = ("layout", "area", "class_code", "kind", "codes", "form_id")
LAYOUT_WORDS: Mapping[str, Label] = {
    "A5": Label("A5 场所码，一页一个", "A5 sheets for doors, one to a page"),
    "A6": Label("A6 场所码，一页一个", "A6 sheets for doors, one to a page"),
    "labels": Label("设施标签，A4 不干胶 3 × 7", "Labels for facilities, A4 adhesive 3 × 7"),
}


@router.get("/admin/code-sheets")
@needs(Right.PRINT_CODES)
def show_form(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form, filled in with what the address asks for."""
    typed = {name: request.query_params.get(name, "") for name in FIELDS} | {"form_id": new_id().hex}
    return _form(request, db, typed, staff=staff, at=at)


@router.post("/admin/code-sheets")
@needs(Right.PRINT_CODES)
@takes_little
def make(request: Request, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Have the PDF made, once it is clear that there is something to print and not too much."""
    typed = dict.fromkeys(FIELDS, "") | forms.texts(form, *FIELDS)
    codes, errors = _codes(typed["codes"])
    if typed["layout"] not in LAYOUTS:
        errors.append(FieldError("layout", Sentence("Please choose one of the given answers.")))
    if packages := missing_packages():
        errors.append(FieldError("", CannotPrint(packages).reason))
    if errors:
        return _form(request, db, typed, staff=staff, at=at, errors=errors)
    wanted = Wanted(area=typed["area"] or None, class_code=typed["class_code"] or None)
    chosen = Chosen(typed["layout"], wanted, codes, typed["kind"] or None)
    try:
        with db.write() as session:
            if not sheets.count(session, chosen, actor=staff.actor):
                return _form(request, db, typed, staff=staff, at=at, errors=[FieldError("area", NothingToPrint.reason)])
            errand = sheets.promise(session, chosen, actor=staff.actor, at=at, key=typed["form_id"] or new_id().hex)
    except TooManySheets as many:
        return _form(request, db, typed, staff=staff, at=at, errors=[FieldError("area", many.reason)])
    return RedirectResponse(f"/errands/{errand.id}", status_code=303)


def _codes(text: str) -> tuple[tuple[str, ...], list[FieldError]]:
    written = [one for one in re.split(r"[,，;；\n]+", text) if one.strip()]
    if len(written) > MOST_CODES:
        return (), [FieldError("codes", Sentence("Too many: at most %(limit)s.", limit=f"{MOST_CODES:,}"))]
    found, wrong = [], []
    for one in written:
        try:
            found.append(clean_venue_code(one))
        except NotAVenueCode:
            wrong.append(one.strip()[:20])
    if wrong:
        said = ", ".join(wrong[:5])
        return (), [FieldError("codes", Sentence("These are no venue codes: %(codes)s", codes=said))]
    return tuple(dict.fromkeys(found)), []


def _form(
    request: Request,
    db: Any,  # noqa: ANN401 - the app's database
    typed: Mapping[str, str],
    *,
    staff: Identity,
    at: datetime,
    errors: list[FieldError] | None = None,
) -> Response:
    with db.read() as session:
        areas = _areas(session, staff, at)
    return admin_page(
        request, "pages/staff/admin/code_sheets.html", staff=staff, at=at, here=HERE, status=422 if errors else 200,
        typed=typed, errors=errors or [], areas=areas, layouts=LAYOUT_WORDS, classes=catalogue.venue_classes(),
        kinds=catalogue.facility_kinds(), most=sheets.MOST,
    )  # fmt: skip


def _areas(session: Session, staff: Identity, at: datetime) -> Any:  # noqa: ANN401 - choices with code and words
    return choices.areas(session, day=people.local_day(at), actor=staff.actor)
