"""A small place looks after itself: what is due, done in two minutes without scripts, its score and what raises it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from api import forms
from api.access import Router, needs
from api.deps import Conf, CurrentStaff, Db, Now, Posted
from api.field_errors import FieldError
from api.middleware.limits import takes_little, takes_photos
from api.pages.staff_frame import staff_page
from domain import cases, uploads
from domain.access import NotPermitted, OutOfReach, may
from domain.accounts import Identity
from domain.actors import VENUE_SIDE, Actor
from domain.cases import UnknownCase
from domain.database import Database
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import Case, PatrolTask, Venue
from domain.patrols import finishing, form_check, items, score, self_checks, syncing
from domain.patrols.delivery import LONGEST_NAME, MOST_PHOTOS
from domain.patrols.form_check import Said
from domain.patrols.items import LONGEST_COMMENT, VERDICTS, AnswerRefused, Item
from domain.patrols.sheet import VENUE_ITSELF, Sheet, sheet_of
from domain.photos import PhotoRefused
from domain.processes.patrol_task import MISSED, OPEN, PATROL_TASK, UNDER_WAY
from domain.rights import Right

router = Router(include_in_schema=False)
HERE = "patrols"
SIGNED = "signature"
"""Field of the name that is typed as a signature, and of all that is wrong with it."""
UNPROCESSABLE = 422
BY_HAND = frozenset({OPEN.name, UNDER_WAY.name, MISSED.name})
"""States in which a check can be carried out."""


@dataclass(slots=True)
class Filled:
    """What was typed into the check of a place: answer, words and photos per item."""

    choices: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    photos: dict[str, list[UUID]] = field(default_factory=dict)
    signed_name: str = ""
    errors: list[FieldError] = field(default_factory=list)


def _only_venues(actor: Actor) -> None:
    if not actor.plays(*VENUE_SIDE):
        raise NotPermitted(Right.SEE_PATROLS)


@router.get("/my-place")
@needs(Right.SEE_PATROLS)
def show_place(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show what is due, the score and what would raise it, of each of one's places."""
    _only_venues(staff.actor)
    with db.read() as session:
        places = [_place(session, venue, at) for venue in self_checks.places_of(session, staff.actor, at=at)]
    return staff_page(
        request, "pages/staff/patrols/my_place.html", staff=staff, at=at, here=HERE, places=places,
        plans=may(staff.actor, Right.PLAN_PATROLS), done=request.query_params.get("done", ""),
    )  # fmt: skip


def _place(session: Session, venue: Venue, at: datetime) -> dict[str, Any]:
    stands = self_checks.standing(session, venue, at=at)
    due = self_checks.due(session, venue.id, at=at)
    return {"venue": venue, "standing": stands, "score": score.score(stands), "due": due,
            "items": self_checks.preview(session, venue, at=at) if not stands.has_plan else ()}  # fmt: skip


@router.post("/my-place/{code}/start")
@needs(Right.PLAN_PATROLS)
@takes_little
def start(code: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Begin to check oneself: the list and the plan are made, the first check is due at once."""
    with db.write() as session:
        venue = next((one for one in self_checks.places_of(session, staff.actor, at=at) if one.code == code), None)
        if venue is None:
            raise OutOfReach(code)
        self_checks.start(session, venue.id, actor=staff.actor, at=at)
    return RedirectResponse("/my-place?done=started", status_code=303)


@router.get(f"/my-place/{PATROL_TASK.prefix}-{{serial}}")
@needs(Right.SEE_PATROLS)
def ask(request: Request, serial: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the whole check as one form that needs no scripts."""
    _only_venues(staff.actor)
    with db.read() as session:
        case, sheet = _check(session, serial, staff.actor)
        filled = Filled()
        for code, said in form_check.shown(session, case, actor=staff.actor).items():
            filled.choices[code], filled.comments[code] = said.choice, said.comment
            filled.photos[code] = list(said.photos)
        return _form(request, case, sheet, filled, staff=staff, at=at, batch=new_id())


def _check(session: Session, serial: str, actor: Actor) -> tuple[Case, Sheet]:
    number = f"{PATROL_TASK.prefix}-{serial}"
    case = cases.seen_by(session, actor, number)
    if case.process != PATROL_TASK.name or case.venue_id not in actor.venue_ids:
        raise UnknownCase(number)
    return case, sheet_of(session, session.get_one(PatrolTask, case.id))


def _form(
    request: Request, case: Case, sheet: Sheet, filled: Filled, *, staff: Identity, at: datetime, batch: UUID
) -> Response:
    rows = [item for seq, item in sheet.asked if seq == VENUE_ITSELF]
    simple = form_check.is_by_form(sheet.points, (item.answer for item in rows))
    return staff_page(
        request, "pages/staff/patrols/self_check.html", status=UNPROCESSABLE if filled.errors else 200, staff=staff,
        at=at, here=HERE, case=case, venue=sheet.venue, rows=rows, filled=filled, errors=filled.errors, batch=batch,
        titles={f"item-{item.code}": Sentence(item.zh) for item in rows} | {SIGNED: Sentence("Signature")},
        is_simple=simple, is_signed=sheet.version.is_signed, name=staff.person.name,
        can_be_done=case.state in BY_HAND, most_photos=MOST_PHOTOS,
    )  # fmt: skip


@router.post(f"/my-place/{PATROL_TASK.prefix}-{{serial}}")
@needs(Right.SEE_PATROLS)
@takes_photos
def deliver(
    request: Request, serial: str, *, db: Db, at: Now, staff: CurrentStaff, settings: Conf, form: Posted
) -> Response:
    """Take in the whole check as a phone would bring it: sent twice, it counts once."""
    _only_venues(staff.actor)
    with db.read() as session:
        case, sheet = _check(session, serial, staff.actor)
    filled, rows = Filled(), [item for seq, item in sheet.asked if seq == VENUE_ITSELF]
    if not form_check.is_by_form(sheet.points, (item.answer for item in rows)):
        return _form(request, case, sheet, filled, staff=staff, at=at, batch=new_id())
    for item in rows:
        _read(item, form, filled, db=db, at=at, folder=settings.photos)
    if sheet.version.is_signed:
        with db.read() as session:
            _read_signature(session, form, filled, actor=staff.actor)
    if not _take_in(db, case, sheet, filled, batch=_id(form.get("batch")), actor=staff.actor, at=at):
        # A delivery that was taken in has its answer for ever: what is corrected is another one.
        return _form(request, case, sheet, filled, staff=staff, at=at, batch=new_id())
    return RedirectResponse("/my-place?done=checked", status_code=303)


def _take_in(
    db: Database, case: Case, sheet: Sheet, filled: Filled, *, batch: UUID, actor: Actor, at: datetime
) -> bool:
    """Keep every answer nothing is wrong with, and end the check when nothing is wrong at all; return whether it is."""
    wrong = {error.field for error in filled.errors}
    said = {
        code: Said(choice, filled.comments[code], tuple(filled.photos[code]))
        for code, choice in filled.choices.items()
        if f"item-{code}" not in wrong
    }
    is_done = not filled.errors
    if not said and not is_done:
        return False
    with db.write() as session:
        before = form_check.kept(session, case, actor=actor)
        sent, codes = form_check.delivery(
            case, sheet, said, before, batch=batch, typed=filled.signed_name, is_done=is_done, actor=actor, at=at
        )
        answer = syncing.deliver(session, sent, actor=actor, at=at)
    fields = {str(batch): SIGNED} if any(one["field"] == SIGNED for one in answer["refused"]) else {}
    fields |= {record: f"item-{code}" for record, code in codes.items()}
    filled.errors += [FieldError(fields.get(one["id"], ""), one["reason"]) for one in answer["refused"]]
    return not filled.errors


def _read_signature(session: Session, form: Any, filled: Filled, *, actor: Actor) -> None:  # noqa: ANN401
    filled.signed_name = str(form.get(SIGNED) or "").strip()[:LONGEST_NAME]
    if not filled.signed_name:
        filled.errors.append(FieldError(SIGNED, Sentence("The signature is missing.")))
    elif (wrong := finishing.not_own_name(session, filled.signed_name, actor=actor)) is not None:
        filled.errors.append(FieldError(SIGNED, wrong))
    if form.get(f"{SIGNED}-confirmed") != "yes":
        filled.errors.append(FieldError(f"{SIGNED}-confirmed", Sentence("Confirm that you checked it yourself.")))


def _id(text: object) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        return new_id()


def _read(item: Item, form: Any, filled: Filled, *, db: Any, at: datetime, folder: Any) -> None:  # noqa: ANN401
    name = f"item-{item.code}"
    choice, comment = str(form.get(name) or ""), str(form.get(f"{name}-comment") or "").strip()[:LONGEST_COMMENT]
    filled.choices[item.code], filled.comments[item.code] = choice, comment
    kept = [UUID(text) for text in form.getlist(f"{name}-kept") if isinstance(text, str) and _is_id(text)]
    for upload in forms.files(form, f"{name}-photo"):
        data = upload.file.read()
        if not data:
            continue
        try:
            kept.append(uploads.keep(db, data, upload.filename or "", at=at, directory=folder).id)
        except PhotoRefused as refused:
            filled.errors.append(FieldError(name, refused.reason))
    filled.photos[item.code] = kept[:MOST_PHOTOS]
    if choice not in VERDICTS:
        filled.errors.append(FieldError(name, Sentence("Please choose one of the given answers.")))
        return
    try:
        items.judge(item, {"choice": choice}, photos=len(filled.photos[item.code]), comment=comment)
    except AnswerRefused as refused:
        filled.errors.append(FieldError(name, refused.reason))


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
