"""Checklists as staff look at them: the list, one with its versions and articles, a look as on a phone, the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, Posted
from api.errors import NOT_FOUND
from api.pages import register_forms
from api.pages.register_forms import RegisterForm
from api.pages.staff_frame import staff_page
from domain import catalogue, people, register_lock, register_log
from domain.access import may
from domain.accounts import Identity
from domain.language import Label, Sentence
from domain.models import Area, ChecklistTemplate, ChecklistVersion, Person, Venue
from domain.patrols import checklist_list, checklists, templates
from domain.patrols.checklist_list import Wanted
from domain.patrols.items import ANSWERS, EVIDENCE, PER, Item
from domain.queries import record_words
from domain.rights import Right

router = Router(include_in_schema=False)
HERE, HOME = "patrols", "/patrols/checklists"
SHOWN_OF_RECORD = 10
WORDS: Mapping[str, Mapping[str, Label]] = {"answers": ANSWERS, "evidence": EVIDENCE, "per": PER}
PARTS: Mapping[str, Sentence] = {
    "zh": Sentence("Wording"), "en": Sentence("Wording in English"), "answer": Sentence("Kind of answer"),
    "per": Sentence("Where it is asked"), "facility_kinds": Sentence("Kinds of facilities"), "unit": Sentence("Unit"),
    "low": Sentence("At least"), "high": Sentence("At most"), "choices": Sentence("Choices"),
    "condition": Sentence("Condition"), "evidence": Sentence("Evidence"), "is_critical": Sentence("Critical"),
    "on_spot": Sentence("Corrected on the spot"), "hazard": Sentence("Hazard when it fails"),
    "basis": Sentence("Legal basis"), "shows_previous": Sentence("Previous answer shown"),
    "canned": Sentence("Comments to pick"), "hint": Sentence("Hint"), "hint_en": Sentence("Hint in English"),
}  # fmt: skip
"""What of an item can differ between two versions."""


@router.get(HOME)
@needs(Right.SEE_PATROLS)
def show_list(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the checklists one may know of."""
    asked = request.query_params
    wanted = Wanted(
        q=asked.get("q", "").strip()[:80],
        venue_type=_known(asked.get("venue_type"), catalogue.checklists()),
        frequency=_known(asked.get("frequency"), catalogue.frequencies()),
        whose=_known(asked.get("whose"), ("city", "own")),
        ended=asked.get("ended") == "1",
    )
    day = people.local_day(at)
    with db.read() as session:
        page = checklist_list.page(session, wanted, actor=staff.actor, day=day, after=_id(asked.get("after")))
    return staff_page(
        request, "pages/staff/patrols/checklists.html", staff=staff, at=at, here=HERE, page=page, wanted=wanted,
        day=day, types=catalogue.checklists(), frequencies=catalogue.frequencies(),
        keeps=may(staff.actor, Right.KEEP_CHECKLISTS), is_later=bool(asked.get("after")),
    )  # fmt: skip


@router.get(f"{HOME}/{{template_id}}")
@needs(Right.SEE_PATROLS)
def show_checklist(request: Request, template_id: UUID, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show a checklist: what a version asks and by which article, how it differs from another, what was done to it."""
    with db.read() as session:
        template = checklists.seen(session, template_id, actor=staff.actor)
        versions = templates.versions_of(session, template_id)
        day = people.local_day(at)
        now = _in_force(session, template_id, versions[0], at=at)
        shown = _numbered(versions, request.query_params.get("version"), otherwise=now)
        earlier = [one for one in versions if one.number < shown.number]
        before = _numbered(versions, request.query_params.get("against"), otherwise=earlier[0] if earlier else shown)
        items = templates.items_of(shown)
        context: dict[str, Any] = {
            "checklist": template, "versions": versions, "shown": shown, "now": now, "items": items, "day": day,
            "before": before, "makers": _makers(session, versions),
            "difference": checklists.differences(templates.items_of(before), items) if before is not shown else None,
            "plans": checklists.plans_on(session, template_id, day=day), "scope": _scope(session, template),
            "keeps": checklists.keeps(session, template, actor=staff.actor), "parts": PARTS, "words": WORDS,
            "copies": may(staff.actor, Right.KEEP_CHECKLISTS), "laws": laws_of(items),
            "entries": record_words.told(session, register_log.of(session, template_id)[:SHOWN_OF_RECORD]),
            "hazards": catalogue.hazards(), "kinds": catalogue.facility_kinds(),
            "done": request.query_params.get("done"),
        }  # fmt: skip
        return staff_page(request, "pages/staff/patrols/checklist.html", staff=staff, at=at, here=HERE, **context)


@router.get(f"{HOME}/{{template_id}}/preview")
@needs(Right.SEE_PATROLS)
def preview(request: Request, template_id: UUID, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show a version as the phone asks it: one item a card."""
    with db.read() as session:
        template = checklists.seen(session, template_id, actor=staff.actor)
        versions = templates.versions_of(session, template_id)
        now = _in_force(session, template_id, versions[0], at=at)
        shown = _numbered(versions, request.query_params.get("version"), otherwise=now)
        items = templates.items_of(shown)
    asked = request.query_params.get("card", "1")
    card = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < len("1000") else 1
    return staff_page(
        request, "pages/staff/patrols/checklist_preview.html", staff=staff, at=at, here=HERE, checklist=template,
        shown=shown, items=items, card=min(max(card, 1), len(items) + 1), words=WORDS, laws=laws_of(items),
    )  # fmt: skip


def _ending(template_id: UUID, session: Session, staff: Identity, at: Any) -> RegisterForm:  # noqa: ANN401
    template = checklists.seen(session, template_id, actor=staff.actor)
    plans = checklists.plans_on(session, template_id, day=people.local_day(at))
    warning = Sentence(
        "Plans that ask it: %(count)s. From then on they plan nothing; what was done stays. It cannot be taken back.",
        count=plans,
    )
    home = f"{HOME}/{template_id}"
    return RegisterForm(
        Sentence("End the checklist"), f"{home}/end", home, Sentence("End it"), about=Label(template.zh, template.en or
        template.zh), warning=warning,
    )  # fmt: skip


@router.get(f"{HOME}/{{template_id}}/end")
@needs(Right.KEEP_CHECKLISTS)
def ask_end(request: Request, template_id: UUID, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form that ends a checklist."""
    with db.read() as session:
        checklists.require_kept(session, template_id, actor=staff.actor)
        page = _ending(template_id, session, staff, at)
        version = register_lock.version_of(session, template_id)
    return register_forms.show(request, page, checklists.Ending, staff=staff, at=at, version=version)


@router.post(f"{HOME}/{{template_id}}/end")
@needs(Right.KEEP_CHECKLISTS)
def end(request: Request, template_id: UUID, *, db: Db, at: Now, staff: CurrentStaff, form: Posted) -> Response:
    """End a checklist on a day."""
    with db.read() as session:
        checklists.require_kept(session, template_id, actor=staff.actor)
        page = _ending(template_id, session, staff, at)

    def carry_out(session: Session, filled: checklists.Ending, version: int | None) -> str:
        checklists.end(session, template_id, filled, actor=staff.actor, at=at, version=version)
        return f"{HOME}/{template_id}?done=ended"

    answer = register_forms.send(db, checklists.Ending, form, carry_out)
    if isinstance(answer, Response):
        return answer
    return register_forms.show(request, page, checklists.Ending, staff=staff, at=at, unsent=answer)


def laws_of(items: tuple[Item, ...]) -> dict[str, Label]:
    """Return every citation of the items as people read it."""
    return {one: catalogue.short_citation(one) for item in items for one in item.basis if _is_known(one)}


def _is_known(citation: str) -> bool:
    try:
        catalogue.source_of(citation)
    except catalogue.UnknownSource:
        return False
    return True


def _in_force(session: Session, template_id: UUID, newest: ChecklistVersion, *, at: Any) -> ChecklistVersion:  # noqa: ANN401
    try:
        return templates.version_on(session, template_id, people.local_day(at))
    except templates.NoVersion:
        return newest


def _numbered(versions: Any, text: str | None, *, otherwise: ChecklistVersion) -> ChecklistVersion:  # noqa: ANN401
    if text is None:
        return otherwise
    for one in versions:
        if str(one.number) == text:
            found: ChecklistVersion = one
            return found
    raise HTTPException(NOT_FOUND)


def _makers(session: Session, versions: Any) -> dict[UUID, str]:  # noqa: ANN401
    found = (session.get(Person, one.made_by) for one in versions if one.made_by)
    return {person.id: person.name for person in found if person}


def _scope(session: Session, template: ChecklistTemplate) -> dict[str, Any]:
    return {
        "venue": session.get(Venue, template.venue_id) if template.venue_id else None,
        "area": session.get(Area, template.area_id) if template.area_id else None,
        "type": catalogue.checklists().get(template.venue_type),
        "frequency": catalogue.frequencies()[template.frequency],
    }


def _known(value: str | None, listed: Any) -> str:  # noqa: ANN401 - anything that says what is in it
    return value if value and value in listed else ""


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
