"""Checklists as XLSForm files: one version taken out, a file looked at first and then entered as a checklist."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Request
from pydantic import TypeAdapter, ValidationError
from sqlmodel import Session
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, Posted
from api.errors import NOT_FOUND
from api.field_errors import FieldError, FieldsRefused
from api.middleware.limits import takes_files
from api.pages import register_forms
from api.pages.register_forms import Unsent, form_id_of, options
from api.pages.staff_forms import FormShown, Option, Pickers, Typed, form_shown
from api.pages.staff_frame import staff_page
from documents import exports, xlsforms, xlsforms_in
from documents.xlsforms import FormFacts
from documents.xlsforms_in import CellFault, FormRefused, ReadForm
from domain import catalogue, people, register_lock
from domain.access import NotPermitted, OutOfReach
from domain.accounts import Identity
from domain.actors import VENUE_SIDE, Actor
from domain.database import Database
from domain.identifiers import new_id
from domain.imports.cells import TableRefused
from domain.language import Sentence
from domain.models import ChecklistTemplate
from domain.patrols import checklists, templates
from domain.patrols.checklists import Asked, ItemsRefused, Scope, VersionFacts
from domain.patrols.items import ANSWERS, EVIDENCE, PER, Item
from domain.queries import area_tree
from domain.rights import Right
from domain.workflow import FieldRefusal

router = Router(include_in_schema=False)
HERE, IMPORT = "patrols", "/patrols/checklists/import"
KEEPS = Right.KEEP_CHECKLISTS
WORDS = {"answers": ANSWERS, "evidence": EVIDENCE, "per": PER}
UNPROCESSABLE, LONGEST_NAME = 422, 100
ITEMS = TypeAdapter(tuple[Item, ...])
"""What stands between the look and the confirmation: the form carries what was read, so nothing is kept meanwhile."""


class NewFromFile(Scope, VersionFacts):
    """For whom the checklist in a file is, and from when."""


@dataclass(frozen=True, slots=True)
class At:
    """Who asks, when, and of which database."""

    request: Request
    database: Database
    staff: Identity
    at: datetime

    @property
    def by(self) -> dict[str, Any]:
        """Return whom the record names and when."""
        return {"actor": self.staff.actor, "at": self.at}


def _at(request: Request, db: Db, at: Now, staff: CurrentStaff) -> At:
    return At(request, db, staff, at)


Here = Annotated[At, Depends(_at)]


@dataclass(frozen=True, slots=True)
class Looked:
    """A file that was read, and what it is to become."""

    items: tuple[Item, ...]
    is_signed: bool
    file: str = ""
    left_out: tuple[str, ...] = ()
    template: ChecklistTemplate | None = None
    version: int | None = None
    before: tuple[Item, ...] = ()
    lists: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)


@router.get("/patrols/checklists/{template_id}/versions/{version_number}.xlsx")
@needs(Right.SEE_PATROLS)
def fetch_form(template_id: UUID, version_number: int, db: Db, staff: CurrentStaff) -> Response:
    """Return one version of a checklist as an XLSForm."""
    with db.read() as session:
        template = checklists.seen(session, template_id, actor=staff.actor)
        versions = templates.versions_of(session, template_id)
        version = next((one for one in versions if one.number == version_number), None)
        if version is None:
            raise HTTPException(NOT_FOUND)
        facts = FormFacts(
            title=template.zh, title_en=template.en, form_id=template.code, frequency=template.frequency,
            version=f"{version.from_on:%Y%m%d}-{version_number}", venue_type=template.venue_type,
            is_signed=version.is_signed,
        )  # fmt: skip
        book = xlsforms.book_of(facts, templates.items_of(version))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "form.xlsx"
        xlsforms.write(path, book)
        content = path.read_bytes()
    told = f"attachment; filename=\"checklist.xlsx\"; filename*=UTF-8''{quote(f'{template.zh}-{version_number}.xlsx')}"
    return Response(content, media_type=exports.XLSX, headers={"content-disposition": told})


@router.get(IMPORT)
@needs(KEEPS)
def ask_for_file(request: Request, here: Here) -> Response:
    """Take a file; `checklist` names the one it is to be a new version of."""
    with here.database.read() as session:
        template = _wanted(session, request.query_params.get("checklist", ""), here=here)
        return _ask(here, template)


@router.post(f"{IMPORT}/look")
@needs(KEEPS)
@takes_files
def look(form: Posted, here: Here) -> Response:
    """Show what the file asks and by how much that differs, or every cell that cannot be taken. Nothing is written."""
    with here.database.read() as session:
        template = _wanted(session, _text(form, "checklist"), here=here)
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return _ask(here, template, (FieldError("file", Sentence("Choose an .xlsx file.")),))
    try:
        read = _read(file)
    except TableRefused as refused:
        return _ask(here, template, (FieldError("file", refused.reason),))
    except FormRefused as refused:
        reason = Sentence("The form cannot be taken as it is. Correct the cells below, save it and choose it again.")
        return _ask(here, template, (FieldError("file", reason),), refused.faults)
    name = PurePath(file.filename).name[:LONGEST_NAME]
    with here.database.read() as session:
        looked = _looked(session, here, template, read.items, is_signed=read.facts.is_signed, file=name, read=read)
    model = VersionFacts if template else NewFromFile
    return _confirm(here, looked, model, Unsent(Typed(_first(read.facts, looked)), status=200))


@router.post(IMPORT)
@needs(KEEPS)
def enter(form: Posted, here: Here) -> Response:
    """Enter what was looked at: as a checklist of its own, or as a version from a day on. Sent twice it counts once."""
    try:
        items = ITEMS.validate_json(_text(form, "items"))
    except ValidationError:
        return _ask(here, None, (FieldError("file", Sentence("Choose the file again: it was not looked at yet.")),))
    is_signed = form.get("is_signed") == "yes"
    asked = Asked(items, is_signed=is_signed)
    with here.database.read() as session:
        template = _wanted(session, _text(form, "checklist"), here=here)

    def write_new(session: Session, filled: NewFromFile, _: int | None) -> str:
        facts = VersionFacts.model_construct(from_on=filled.from_on, reason=filled.reason)
        with _said_in_the_form(here.staff.actor):
            made = checklists.create(session, filled, asked, facts, template_id=form_id_of(form), **here.by)
        return f"/patrols/checklists/{made.id}?done=saved"

    def write_version(session: Session, filled: VersionFacts, version: int | None) -> str:
        assert template is not None  # noqa: S101 - it is what this is for
        with _said_in_the_form(here.staff.actor):
            made = checklists.revise(
                session, template.id, asked, filled, version=version, row_id=form_id_of(form), **here.by
            )
        return f"/patrols/checklists/{template.id}?done={'saved' if made else 'same'}"

    answer: Response | Unsent
    if template is None:
        answer = register_forms.send(here.database, NewFromFile, form, write_new)
    else:
        answer = register_forms.send(here.database, VersionFacts, form, write_version)
    if isinstance(answer, Response):
        return answer
    with here.database.read() as session:
        looked = _looked(session, here, template, items, is_signed=is_signed, file=_text(form, "file")[:LONGEST_NAME])
    return _confirm(here, looked, VersionFacts if template else NewFromFile, answer)


@contextmanager
def _said_in_the_form(actor: Actor) -> Iterator[None]:
    """Tell what is wrong with the items, or beyond the actor's reach, as errors of the form: what was typed stays."""
    try:
        yield
    except ItemsRefused as refused:
        raise FieldsRefused([FieldRefusal("", fault.reason) for fault in refused.faults]) from None
    except NotPermitted:
        reason = Sentence("You write checklists for your own area or venue only: say for which.")
        raise FieldsRefused([FieldRefusal("venue" if actor.plays(*VENUE_SIDE) else "area", reason)]) from None


def _wanted(session: Session, text: str, *, here: At) -> ChecklistTemplate | None:
    if not text:
        return None
    try:
        wanted = UUID(text)
    except ValueError:
        raise OutOfReach(text) from None
    template = checklists.seen(session, wanted, actor=here.staff.actor)
    if not checklists.keeps(session, template, actor=here.staff.actor):
        raise OutOfReach(text)
    return template


def _read(file: UploadFile) -> ReadForm:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "form.xlsx"
        with path.open("wb") as kept:
            shutil.copyfileobj(file.file, kept)
        return xlsforms_in.read(path)


def _looked(
    session: Session, here: At, template: ChecklistTemplate | None, items: tuple[Item, ...], *, is_signed: bool,
    file: str, read: ReadForm | None = None,
) -> Looked:  # fmt: skip
    before: tuple[Item, ...] = ()
    version = None
    if template is not None:
        version = register_lock.version_of(session, template.id)
        before = templates.items_of(templates.versions_of(session, template.id)[0])
    lists = {
        "frequencies": options(catalogue.frequencies()), "types": options(catalogue.checklists()),
        "areas": tuple(Option(one.code, one.name) for one in area_tree.named(session, here.staff.actor)),
    }  # fmt: skip
    return Looked(items, is_signed, file, read.left_out if read else (), template, version, before, lists)


def _first(facts: FormFacts, looked: Looked) -> dict[str, list[str]]:
    """Return what the form starts with: what the file says of itself."""
    if looked.template is not None:
        return {}
    told = {"zh": facts.title, "en": facts.title_en, "frequency": facts.frequency, "venue_type": facts.venue_type}
    return {name: [text] for name, text in told.items() if text}


def _ask(
    here: At, template: ChecklistTemplate | None, errors: tuple[FieldError, ...] = (),
    faults: tuple[CellFault, ...] = (),
) -> Response:  # fmt: skip
    return staff_page(
        here.request, "pages/staff/patrols/checklist_file.html", staff=here.staff, at=here.at, here=HERE,
        status=UNPROCESSABLE if errors else 200, checklist=template, errors=errors, faults=faults,
        megabytes=xlsforms_in.LARGEST_FILE >> 20,
    )  # fmt: skip


def _confirm(here: At, looked: Looked, model: type[VersionFacts | NewFromFile], unsent: Unsent) -> Response:
    typed = unsent.typed
    shown = form_shown(model, prefix="", pickers=Pickers(lists=looked.lists), typed=typed)
    form = FormShown(shown.prefix, tuple(one for one in shown.fields if one.name != "note"), shown.errors)
    hidden = {
        "form_id": unsent.form_id or new_id().hex, "items": ITEMS.dump_json(looked.items).decode(),
        "is_signed": "yes" if looked.is_signed else "no", "file": looked.file,
        "checklist": str(looked.template.id) if looked.template else "",
    }  # fmt: skip
    version = unsent.version if unsent.version is not None else looked.version
    if version is not None:
        hidden["version"] = str(version)
    return staff_page(
        here.request, "pages/staff/patrols/checklist_look.html", staff=here.staff, at=here.at, here=HERE,
        status=unsent.status, looked=looked, form=form, errors=unsent.errors, titles=form.titles, hidden=hidden,
        changed=unsent.changed, words=WORDS, tomorrow=people.local_day(here.at) + timedelta(days=1),
        difference=checklists.differences(looked.before, looked.items) if looked.template else None,
    )  # fmt: skip


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""
