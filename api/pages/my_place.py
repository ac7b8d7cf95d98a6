"""A small place looks after itself: what is due, done in two minutes without scripts, its score and what raises it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

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
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import Case, PatrolTask, Venue
from domain.patrols import score, self_checks, syncing
from domain.patrols.delivery import MOST_PHOTOS, Delivery
from domain.patrols.items import VERDICTS, Item
from domain.patrols.sheet import VENUE_ITSELF, Sheet, sheet_of
from domain.photos import PhotoRefused
from domain.processes.patrol_task import MISSED, OPEN, PATROL_TASK, UNDER_WAY
from domain.rights import Right

router = Router(include_in_schema=False)
HERE = "patrols"
UNPROCESSABLE = 422
BY_HAND = frozenset({OPEN.name, UNDER_WAY.name, MISSED.name})
"""States in which a check can be carried out."""


@dataclass(slots=True)
class Filled:
    """What was typed into the check of a place: answer, words and photos per item."""

    choices: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    photos: dict[str, list[UUID]] = field(default_factory=dict)
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
        return _form(request, case, sheet, Filled(), staff=staff, at=at, batch=new_id())


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
    simple = not sheet.points and all(item.answer == "pass_fail_na" for item in rows)
    return staff_page(
        request, "pages/staff/patrols/self_check.html", status=UNPROCESSABLE if filled.errors else 200, staff=staff,
        at=at, here=HERE, case=case, venue=sheet.venue, rows=rows, filled=filled, errors=filled.errors, batch=batch,
        titles={f"item-{item.code}": Sentence(item.zh) for item in rows}, is_simple=simple,
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
    batch = _id(form.get("batch"))
    filled = Filled()
    items = [item for seq, item in sheet.asked if seq == VENUE_ITSELF]
    for item in items:
        _read(item, form, filled, db=db, at=at, folder=settings.photos)
    if not filled.errors:
        sent = _delivery(case, sheet, items, filled, batch=batch, actor=staff.actor, at=at)
        with db.write() as session:
            said = syncing.deliver(session, sent, actor=staff.actor, at=at)
        if not said["refused"]:
            return RedirectResponse("/my-place?done=checked", status_code=303)
        codes = {str(_answer_id(batch, item)): item.code for item in items}
        filled.errors = [
            FieldError(f"item-{codes[one['id']]}" if one["id"] in codes else "", one["reason"])
            for one in said["refused"]
        ]
    # A delivery that was taken in has its answer for ever: what is corrected is another one.
    return _form(request, case, sheet, filled, staff=staff, at=at, batch=new_id())


def _id(text: object) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        return new_id()


def _answer_id(batch: UUID, item: Item) -> UUID:
    return uuid5(batch, item.code)


def _read(item: Item, form: Any, filled: Filled, *, db: Any, at: datetime, folder: Any) -> None:  # noqa: ANN401
    name = f"item-{item.code}"
    choice, comment = str(form.get(name) or ""), str(form.get(f"{name}-comment") or "").strip()[:500]
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


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _delivery(
    case: Case, sheet: Sheet, items: Sequence[Item], filled: Filled, *, batch: UUID, actor: Actor, at: datetime
) -> Delivery:
    """Return what a phone would send whose clock is ours."""
    moment = at.isoformat()
    answers: list[Mapping[str, Any]] = [
        {"id": str(_answer_id(batch, item)), "seq": place, "round": 1, "point": VENUE_ITSELF, "item": item.code,
         "version": str(sheet.version.id), "value": {"choice": filled.choices[item.code]},
         "comment": filled.comments[item.code], "photos": [str(one) for one in filled.photos[item.code]],
         "claimed_at": moment}
        for place, item in enumerate(items, start=1)
    ]  # fmt: skip
    device = uuid5(actor.person_id or batch, "my-place")
    return Delivery.model_validate({
        "batch": str(batch), "device": str(device), "person": str(actor.person_id), "task": str(case.id),
        "sent_at": moment, "clock": {"offset_ms": 0, "contact_at": moment}, "check_ins": [], "answers": answers,
        "done": {"claimed_at": moment, "signature": None},
    })  # fmt: skip
