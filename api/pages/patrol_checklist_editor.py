"""The editor of a checklist: one form, whose buttons add, open, move and take out items until the whole is saved.

What is not saved yet stands in the form itself, so nothing is kept meanwhile and nothing typed is lost on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from api import forms
from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, Posted
from api.field_errors import FieldsRefused
from api.pages import checklist_draft, register_forms
from api.pages.checklist_draft import Draft
from api.pages.patrol_checklists import HERE, HOME, PARTS, WORDS, laws_of
from api.pages.register_forms import Unsent, form_id_of, options
from api.pages.staff_forms import Group, Option, Pickers, Typed, form_shown, read_typed
from api.pages.staff_frame import staff_page
from domain import access, catalogue, people, register_lock
from domain.accounts import Identity
from domain.database import Database
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import ChecklistTemplate, Venue
from domain.patrols import checklists, item_rules, templates
from domain.patrols.checklists import Asked, ItemsRefused, Scope, VersionFacts
from domain.patrols.items import Item
from domain.queries import area_tree
from domain.rights import RIGHTS, Right
from domain.workflow import FieldRefusal

router = Router(include_in_schema=False)
KEEPS = Right.KEEP_CHECKLISTS
UNPROCESSABLE = 422
REGIONS = ("110000", "440500", "411300", "410700")
"""Divisions for which the catalogue has items of their own."""


class NewChecklist(Scope, VersionFacts):
    """A checklist that is written anew."""


@dataclass(frozen=True, slots=True)
class Editor:
    """Of which checklist the form is."""

    model: type[NewChecklist | VersionFacts]
    action: str
    back: str
    title: Sentence
    template: ChecklistTemplate | None = None
    version: int | None = None
    copied_from: str = ""


@router.get(f"{HOME}/new")
@needs(KEEPS)
def ask_new(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the editor of a new checklist: empty, or with what another one or the catalogue asks."""
    asked = request.query_params
    values = {name: [asked[name]] for name in ("zh", "frequency", "venue_type", "venue") if asked.get(name)}
    draft = Draft([], pick={name: asked.get(name, "") for name in ("venue_type", "frequency", "division")})
    with db.read() as session:
        if asked.get("from"):
            copied = _copied(session, asked["from"], staff=staff, at=at)
            if copied is not None:
                template, draft.items, draft.is_signed = copied
                values = {"zh": [template.zh], "en": [template.en], "frequency": [template.frequency],
                          "venue_type": [template.venue_type], **values}  # fmt: skip
        if staff.actor.venue_ids and "venue" not in values:
            codes = [venue.code for key in sorted(staff.actor.venue_ids) if (venue := session.get(Venue, key))]
            values["venue"] = codes[:1]
        elif (where := access.area_paths(staff.actor, RIGHTS[KEEPS])) and None not in where:
            values["area"] = [str(min(where, key=str)).strip("/").rsplit("/", 1)[-1]]
        unsent = Unsent(Typed({name: [text for text in texts if text] for name, texts in values.items()}), status=200)
        return _show(request, session, _new(asked.get("from", "")), draft, unsent, staff=staff, at=at)


@router.post(f"{HOME}/new")
@needs(KEEPS)
def write_new(request: Request, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Carry out what a button asks, or save the new checklist."""
    copied = checklist_draft.text_of(form, "copied_from")
    editor = _new(copied)

    def save(session: Session, asked: Asked, filled: Any, _: int | None) -> str:  # noqa: ANN401 - the form's model
        facts = VersionFacts.model_construct(from_on=filled.from_on, reason=filled.reason)
        made = checklists.create(
            session, filled, asked, facts, actor=staff.actor, at=at, template_id=form_id_of(form),
            copied_from=_id(copied),
        )  # fmt: skip
        return f"{HOME}/{made.id}?done=saved"

    return _send(request, db, editor, form, save, staff=staff, at=at)


@router.get(f"{HOME}/{{template_id}}/edit")
@needs(KEEPS)
def ask_change(request: Request, template_id: UUID, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the editor with what the checklist's newest version asks."""
    with db.read() as session:
        editor = _change(session, template_id, staff=staff)
        newest = templates.versions_of(session, template_id)[0]
        draft = Draft(list(templates.items_of(newest)), is_signed=newest.is_signed)
        unsent = Unsent(Typed(), status=200, version=editor.version)
        return _show(request, session, editor, draft, unsent, staff=staff, at=at)


@router.post(f"{HOME}/{{template_id}}/edit")
@needs(KEEPS)
def write_change(
    request: Request, template_id: UUID, *, db: Db, at: Now, staff: CurrentStaff, form: Posted
) -> Response:
    """Carry out what a button asks, or save a version of the checklist."""
    with db.read() as session:
        editor = _change(session, template_id, staff=staff)

    def save(session: Session, asked: Asked, filled: Any, version: int | None) -> str:  # noqa: ANN401 - the form's model
        made = checklists.revise(
            session, template_id, asked, filled, actor=staff.actor, at=at, version=version, row_id=form_id_of(form)
        )
        return f"{HOME}/{template_id}?done={'saved' if made else 'same'}" + (f"&version={made.number}" if made else "")

    return _send(request, db, editor, form, save, staff=staff, at=at)


def _new(copied_from: str) -> Editor:
    return Editor(NewChecklist, f"{HOME}/new", HOME, Sentence("New checklist"), copied_from=copied_from[:36])


def _change(session: Session, template_id: UUID, *, staff: Identity) -> Editor:
    template = checklists.require_kept(session, template_id, actor=staff.actor)
    home = f"{HOME}/{template_id}"
    version = register_lock.version_of(session, template_id)
    return Editor(VersionFacts, f"{home}/edit", home, Sentence("Change the checklist"), template, version)


def _copied(
    session: Session, text: str, *, staff: Identity, at: datetime
) -> tuple[ChecklistTemplate, list[Item], bool] | None:
    wanted = _id(text)
    if wanted is None:
        return None
    template = checklists.seen(session, wanted, actor=staff.actor)
    try:
        version = templates.version_on(session, wanted, people.local_day(at))
    except templates.NoVersion:
        version = templates.versions_of(session, wanted)[0]
    return template, list(templates.items_of(version)), version.is_signed


def _send(
    request: Request, db: Database, editor: Editor, form: FormData, save: Any, *, staff: Identity, at: datetime  # noqa: ANN401
) -> Response:  # fmt: skip
    draft = checklist_draft.read(form)
    pressed = checklist_draft.text_of(form, "do") or "keep"
    version = forms.version(form) if form.get("version") else None
    typed = read_typed(editor.model, form)
    unsent = Unsent(Typed(typed), 200, version=version, form_id=form_id_of(form).hex)
    is_kept = checklist_draft.press(draft, pressed, form, day=people.local_day(at))
    if is_kept and pressed == "save":
        answer = _saved(db, editor, form, draft, save)
        if isinstance(answer, Response):
            return answer
        unsent = answer
    elif not is_kept:
        unsent = Unsent(Typed(typed), UNPROCESSABLE, version=version, form_id=unsent.form_id)
    with db.read() as session:
        return _show(request, session, editor, draft, unsent, staff=staff, at=at)


def _saved(db: Database, editor: Editor, form: FormData, draft: Draft, save: Any) -> Response | Unsent:  # noqa: ANN401
    def carry_out(session: Session, filled: Any, version: int | None) -> str:  # noqa: ANN401 - the form's model
        try:
            address: str = save(session, Asked(tuple(draft.items), is_signed=draft.is_signed), filled, version)
        except ItemsRefused as refused:
            # What is wrong stands at the items; the form as a whole says that something does.
            raise FieldsRefused([FieldRefusal("items", fault.reason) for fault in refused.faults]) from None
        return address

    return register_forms.send(db, editor.model, form, carry_out)


def _show(
    request: Request, session: Session, editor: Editor, draft: Draft, unsent: Unsent, *, staff: Identity, at: datetime
) -> Response:  # fmt: skip
    typed = unsent.typed
    lists = {
        "frequencies": options(catalogue.frequencies()), "types": options(catalogue.checklists()),
        "areas": tuple(Option(one.code, one.name) for one in area_tree.named(session, staff.actor)),
    }  # fmt: skip
    shown = form_shown(editor.model, prefix="", pickers=Pickers(lists=lists), typed=typed)
    # There is a reason to give; what stood in a note besides would be kept nowhere.
    shown = replace(shown, fields=tuple(one for one in shown.fields if one.name != "note"))
    faults: dict[int, list[Sentence]] = {}
    for fault in item_rules.faults(draft.items):
        if fault.place is not None:
            faults.setdefault(fault.place, []).append(fault.reason)
    hidden = {
        "form_id": unsent.form_id or new_id().hex,
        "items": checklist_draft.ITEMS.dump_json(tuple(draft.items)).decode(),
        "place": "" if draft.place is None else str(draft.place), "copied_from": editor.copied_from,
    }  # fmt: skip
    if unsent.version is not None:
        hidden["version"] = str(unsent.version)
    there = {item.code for item in draft.items}
    offered = [item for item in checklist_draft.offered(draft, people.local_day(at)) if item.code not in there]
    titles = {
        **shown.titles, checklist_draft.field_of("code"): Sentence("Code"),
        **{checklist_draft.field_of(name): words for name, words in PARTS.items()},
    }  # fmt: skip
    is_typed = draft.place is not None
    seen = checklist_draft.looked_at(draft)
    context: dict[str, Any] = {
        "editor": editor, "draft": draft, "form": shown, "hidden": hidden, "titles": titles, "faults": faults,
        "errors": (*draft.errors, *unsent.errors), "reason": unsent.reason, "changed": unsent.changed,
        "texts": {name: list(texts) for name, texts in draft.texts.items()}, "is_open": is_typed, "seen": seen,
        "offered": offered, "types": catalogue.checklists(), "frequencies": catalogue.frequencies(),
        "regions": REGIONS, "hazards": _hazards(),
        "all_hazards": catalogue.hazards(), "kinds": catalogue.facility_kinds(), "words": WORDS, "parts": PARTS,
        "laws": laws_of(tuple(draft.items) + ((seen,) if seen else ())),
    }  # fmt: skip
    status = UNPROCESSABLE if draft.errors else unsent.status
    return staff_page(
        request, "pages/staff/patrols/checklist_form.html", staff=staff, at=at, here=HERE, status=status, **context
    )  # fmt: skip


def _hazards() -> tuple[Group, ...]:
    listed: dict[str, list[Option]] = {}
    for code, hazard in catalogue.hazards().items():
        listed.setdefault(hazard.category, []).append(Option(code, hazard))
    return tuple(Group(catalogue.categories()[key], tuple(found)) for key, found in listed.items())


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
