"""Areas: the tree, their outlines on a map, an import of outlines that is looked at before it is taken."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import Request
from sqlalchemy import select
from sqlmodel import Session, col
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from api.access import Router, needs
from api.deps import Conf, CurrentStaff, Db, Now, Posted
from api.field_errors import FieldError
from api.middleware.limits import takes_files
from api.pages import admin_forms, register_forms
from api.pages.admin_frame import admin_page
from api.pages.register_forms import RegisterForm, Unsent
from api.pages.staff_forms import Option, Pickers
from domain import area_register, errand_files, organisations, people
from domain.access import may
from domain.accounts import Identity
from domain.actors import Role
from domain.area_register import AreaEnd, AreaForm, AreaNames, LeadForm
from domain.cases import FieldRefused
from domain.language import Sentence
from domain.models import Area
from domain.queries import area_tree, choices, record_words
from domain.rights import Right

router = Router(include_in_schema=False)
HERE = "areas"
LARGEST_FILE = 20 * 1024 * 1024


@router.get("/admin/areas")
@needs(Right.SEE_AREAS)
def show_areas(request: Request, db: Db, at: Now, staff: CurrentStaff, taken: int = 0) -> Response:
    """Show the tree and the map."""
    day = people.local_day(at)
    with db.read() as session:
        nodes = area_tree.tree(session, staff.actor, at=at, day=day)
        drawing = area_tree.drawing(session, [node.area for node in nodes], at=at)
    return admin_page(
        request, "pages/staff/admin/areas.html", staff=staff, at=at, here=HERE,
        nodes=nodes, drawing=drawing, taken=taken, levels=area_register.Level,
        manages=may(staff.actor, Right.MANAGE_AREAS),
    )  # fmt: skip


def _pickers(session: Session, staff: Identity, at: datetime) -> Pickers:
    found = tuple(
        Option(area.code, area.words) for area in choices.areas(session, day=people.local_day(at), actor=staff.actor)
    )
    return Pickers(lists={"areas": found})


ADD = RegisterForm(Sentence("Add an area"), "/admin/areas/new", "/admin/areas", Sentence("Add"), part=HERE)


@router.get("/admin/areas/new")
@needs(Right.MANAGE_AREAS)
def ask_area(request: Request, db: Db, at: Now, staff: CurrentStaff, parent: str = "") -> Response:
    """Show the form of a new area."""
    with db.read() as session:
        pickers = _pickers(session, staff, at)
    return register_forms.show(request, ADD, AreaForm, staff=staff, at=at, pickers=pickers, values={"parent": parent})


@router.post("/admin/areas/new")
@needs(Right.MANAGE_AREAS)
def add_area(request: Request, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """Add an area."""

    def add(session: Session, filled: AreaForm) -> str:
        return f"/admin/areas/{area_register.add(session, filled, actor=staff.actor, at=at).code}"

    sent = admin_forms.send(db, AreaForm, form, add)
    if isinstance(sent, Response):
        return sent
    with db.read() as session:
        pickers = _pickers(session, staff, at)
    return register_forms.show(request, ADD, AreaForm, staff=staff, at=at, pickers=pickers, unsent=sent)


@router.get("/admin/areas/outlines")
@needs(Right.MANAGE_AREAS)
def ask_outlines(request: Request, at: Now, staff: CurrentStaff) -> Response:
    """Show the form that takes a GeoJSON file."""
    return _outlines(request, staff=staff, at=at)


@router.post("/admin/areas/outlines")
@needs(Right.MANAGE_AREAS)
@takes_files
def take_outlines(request: Request, *, db: Db, at: Now, staff: CurrentStaff, settings: Conf, form: Posted) -> Response:
    """Look at a file of outlines and keep it; take the one that was looked at when it is confirmed."""
    kept = _short(form.get("kept"))
    try:
        if kept:
            text = errand_files.path_of(kept, settings.errand_files).read_bytes()
            with db.write() as session:
                source = _short(form.get("source"))
                taken = area_register.take_outlines(session, text, source=source, actor=staff.actor, at=at)
            return RedirectResponse(f"/admin/areas?taken={len(taken.outlines)}", status_code=303)
        file = form.get("file")
        text = _text(file)
        with db.read() as session:
            plan = area_register.plan_outlines(session, text, actor=staff.actor, at=at)
            areas = session.execute(select(Area).where(col(Area.code).in_(plan.codes))).scalars().all()
            drawing = area_tree.drawing(session, areas, at=at, instead=plan.outlines)
    except errand_files.FileGone:
        gone = Sentence("The file is not kept any more; choose it again.")
        return _outlines(request, staff=staff, at=at, wrong=gone)
    except (area_register.OutlinesRefused, FieldRefused) as wrong:
        reason = wrong.refusal.reason if isinstance(wrong, FieldRefused) else wrong.reason
        return _outlines(request, staff=staff, at=at, wrong=reason)
    key = errand_files.store(text, settings.errand_files) if plan.can_be_taken else ""
    name = _short(file.filename if isinstance(file, UploadFile) else "")
    return _outlines(request, staff=staff, at=at, plan=plan, drawing=drawing, kept=key, source=name)


def _text(file: object) -> bytes:
    """Return what the file holds; raises `OutlinesRefused` for none and for too much."""
    text = file.file.read(LARGEST_FILE + 1) if isinstance(file, UploadFile) else b""
    if not text:
        raise area_register.OutlinesRefused(Sentence("Choose a GeoJSON file."))
    if len(text) > LARGEST_FILE:
        raise area_register.OutlinesRefused(Sentence("The file is larger than %(size)s MB.", size=20))
    return text


def _short(text: object) -> str:
    return text[:100] if isinstance(text, str) else ""


def _outlines(
    request: Request,
    *,
    staff: Identity,
    at: datetime,
    wrong: Sentence | None = None,
    plan: area_register.OutlinePlan | None = None,
    drawing: area_tree.Drawing | None = None,
    kept: str = "",
    source: str = "",
) -> Response:
    errors = (FieldError("file", wrong),) if wrong else ()
    return admin_page(
        request, "pages/staff/admin/outlines.html", staff=staff, at=at, here=HERE, status=422 if errors else 200,
        errors=errors, plan=plan, drawing=drawing, kept=kept, source=source,
    )  # fmt: skip


@router.get("/admin/areas/{code}")
@needs(Right.SEE_AREAS)
def show_area(request: Request, code: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show one area: what lies in it, who works there, what was agreed, what was done to it."""
    day = people.local_day(at)
    with db.read() as session:
        area = area_tree.within(session, staff.actor, code)
        nodes = [node for node in area_tree.tree(session, staff.actor, at=at, day=day) if _touches(node.area, area)]
        bodies = [body for body, where in organisations.listed(session, day=day) if where and where.id == area.id]
        context = {
            "area": area,
            "nodes": [node for node in nodes if node.area.path.startswith(area.path)],
            "above": [node.area for node in nodes if area.path.startswith(node.area.path) and node.area.id != area.id],
            "drawing": area_tree.drawing(session, [node.area for node in nodes if _inside(node.area, area)], at=at),
            "agreements": area_tree.agreements(session, area),
            "bodies": bodies,
            "wardens": people.in_charge(session, Role.WARDEN, area.id, day=day),
            "entries": record_words.of_subjects(session, [area.id], cursor=request.query_params.get("cursor")),
        }
    return admin_page(
        request, "pages/staff/admin/area.html", staff=staff, at=at, here=HERE, kinds=organisations.Kind,
        manages=may(staff.actor, Right.MANAGE_AREAS), levels=area_register.Level, **context,
    )  # fmt: skip


def _inside(area: Area, whole: Area) -> bool:
    return area.path.startswith(whole.path)


def _touches(area: Area, other: Area) -> bool:
    return _inside(area, other) or _inside(other, area)


CHANGES = {
    "rename": (AreaNames, area_register.rename, Sentence("Rename the area"), Sentence("Rename"), None),
    "end": (AreaEnd, area_register.end, Sentence("End the area"), Sentence("End"),
            Sentence("From that day on nothing new is put there. What happened there stays readable.")),
    "lead": (LeadForm, area_register.agree_lead, Sentence("Agree on a lead"), Sentence("Agree"), None),
}  # fmt: skip


def _page(area: Area, change: str) -> RegisterForm:
    _, _, title, button, warning = CHANGES[change]
    back = f"/admin/areas/{area.code}"
    return RegisterForm(title, f"{back}/{change}", back, button, part=HERE, warning=warning, about=area.name)


def _asked(change: str) -> Any:  # noqa: ANN401 - a form, a service and words
    if change not in CHANGES:
        raise area_register.UnknownArea(change)
    return CHANGES[change]


@router.get("/admin/areas/{code}/{change}")
@needs(Right.MANAGE_AREAS)
def ask_change(request: Request, code: str, change: str, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form of a change."""
    model, *_ = _asked(change)
    with db.read() as session:
        area = area_tree.within(session, staff.actor, code)
        pickers = _pickers(session, staff, at)
    values = {name: getattr(area, name, "") for name in model.model_fields} if change == "rename" else {}
    return register_forms.show(request, _page(area, change), model, staff=staff, at=at, pickers=pickers, values=values)


@router.post("/admin/areas/{code}/{change}")
@needs(Right.MANAGE_AREAS)
def make_change(  # noqa: PLR0917 - FastAPI's
    request: Request, code: str, change: str, db: Db, at: Now, staff: CurrentStaff, form: Posted
) -> Response:
    """Carry out a change."""
    model, service, *_ = _asked(change)

    def do(session: Session, filled: Any) -> str:  # noqa: ANN401 - the change's own form
        service(session, area_tree.within(session, staff.actor, code), filled, actor=staff.actor, at=at)
        return f"/admin/areas/{code}"

    sent: Response | Unsent = admin_forms.send(db, model, form, do)
    if isinstance(sent, Response):
        return sent
    with db.read() as session:
        area = area_tree.within(session, staff.actor, code)
        pickers = _pickers(session, staff, at)
    return register_forms.show(request, _page(area, change), model, staff=staff, at=at, pickers=pickers, unsent=sent)
