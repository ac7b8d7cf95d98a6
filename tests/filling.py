"""Fills in any transition's form as a person would who knows the register: valid, and different every time.

`fill` answers None when nobody could fill it in just now (nothing to merge into, nobody left to assign).
Chance comes as a `random.Random`, so that a seed or Hypothesis decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from annotated_types import MaxLen
from pydantic.fields import FieldInfo
from sqlmodel import Session, select

from domain import catalogue
from domain.actors import Actor, Role
from domain.forms import LabelledChoice
from domain.identifiers import new_id
from domain.models import Case, Outbox, PatrolAnswer, PatrolCheckIn, PatrolTask, Photo
from domain.people import local_day
from domain.processes import enrolment_forms as enrolling
from domain.processes import everywhere, identity, rectification, release, retention, workflow_of
from domain.processes import hazard_report_forms as forms
from domain.processes import patrol_task_forms as patrols
from domain.workflow import Transition
from tests.world import World

WORDS = (
    "看过了",
    "楼层好多烟感报警不会亮,希望能看看是否会联动",
    "Second floor, left",
    "<script>alert(1)</script>",
    "🔥",
    "x' OR 1=1 --",
)
ON_SITE = [hazard.code for hazard in catalogue.hazards().values() if hazard.verify_class in ("A24H", "B3WD")]
CHECKERS = ("warden", "warden2", "inspector1", "inspector2", "inspector3")


@dataclass
class Desk:
    """Where a form is filled in: the case before one, who one is, the time, and chance."""

    session: Session
    world: World
    case: Case
    actor: Actor
    at: datetime
    rng: Random

    def may(self) -> bool:
        """Toss a coin."""
        return self.rng.random() < 0.5


def fill(desk: Desk, step: Transition) -> dict[str, Any] | None:
    """Return valid data for the step's form; None when there is none at this moment."""
    if step.form is None:
        return {}
    filled: dict[str, Any] = {}
    for name, info in step.form.model_fields.items():
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        value = _field(desk, info, str(extra.get("widget", "line")))
        if value is not None and (info.is_required() or desk.may()):
            filled[name] = value
    for form, mend in AGREEMENTS.items():
        if issubclass(step.form, form):
            return mend(desk, filled)
    return filled


def _field(desk: Desk, info: FieldInfo, widget: str) -> Any:
    rng = desk.rng
    if widget in ("textarea", "line"):
        limit = next((mark.max_length for mark in info.metadata if isinstance(mark, MaxLen)), 40)
        return (rng.choice((*WORDS, "长" * limit)))[:limit]
    if widget == "choice":
        choices = info.annotation if isinstance(info.annotation, type) else info.annotation.__args__[0]
        assert issubclass(choices, LabelledChoice)
        return rng.choice(list(choices)).value
    simple: dict[str, Callable[[], Any]] = {
        "hazard": lambda: rng.choice(ON_SITE),
        "rating": lambda: rng.randint(1, 5),
        "photos": lambda: upload(desk.session, rng.randint(1, 2), at=desk.at),
        "date": lambda: str(local_day(desk.at) + timedelta(days=rng.randint(0, 40))),
        "position": lambda: 24.67,
        "hidden": lambda: 3.5,
    }
    return simple.get(widget, lambda: None)()


def upload(session: Session, count: int, *, at: datetime) -> list[str]:
    """Put so many photos on the table and return their ids."""
    photos = [
        Photo(id=new_id(), storage_key="p", original_sha256="0" * 64, width=1, height=1, size=1, made_at=at)
        for _ in range(count)
    ]
    session.add_all(photos)
    session.flush()
    return [str(photo.id) for photo in photos]


# Where the fields of a form have to agree with each other or with the case.


def _reject(_desk: Desk, filled: dict[str, Any]) -> dict[str, Any]:
    if filled["reason"] in (forms.RejectReason.NOT_FIRE, forms.RejectReason.OTHER):
        filled.setdefault("competent", "城市管理局")
    return filled


def _accept(desk: Desk, filled: dict[str, Any]) -> dict[str, Any]:
    if desk.case.process == "hazard_report" and desk.case.venue_id is None and desk.may():
        filled["venue_code"] = desk.world.codes["kuancheng"]
    return _not_looser(desk, filled)


def _not_looser(desk: Desk, filled: dict[str, Any]) -> dict[str, Any]:
    before = desk.case.facts.get("verify_class")
    own = catalogue.hazards()[filled["hazard_code"]].verify_class
    if "A24H" in (before, own) and not desk.actor.plays(Role.SUPERVISOR):
        filled["verify_class"] = "A24H"
    return filled


def _merge(desk: Desk, filled: dict[str, Any]) -> dict[str, Any] | None:
    others = desk.session.exec(
        select(Case).where(
            Case.process == desk.case.process, Case.venue_id == desk.case.venue_id, Case.id != desk.case.id
        )
    )
    takes = workflow_of(desk.case.process).named("absorb")[0].sources
    fit = [
        c.number
        for c in others
        if c.venue_id
        and c.state in {state.name for state in takes}
        and c.facts.get("reporter_mark") not in desk.actor.phone_marks
    ]
    return {**filled, "into": desk.rng.choice(sorted(fit))} if fit else None


def _people(desk: Desk, filled: dict[str, Any]) -> dict[str, Any] | None:
    handled = set(desk.case.facts.get("handled_by", ())) if desk.case.facts.get("reopened_at") else set()
    free = [who for who in CHECKERS if str(desk.world.people[who]) not in handled]
    inspectors = [who for who in free if who.startswith("inspector")]
    teams = [(who,) for who in free if who.startswith("warden")]
    teams += [(a, b) for a in inspectors for b in inspectors if a != b]
    ids = [tuple(str(desk.world.people[who]) for who in team) for team in teams]
    ids = [team for team in ids if set(team) != {str(p) for p in desk.case.assignees}]
    if not ids:
        return None
    chosen = desk.rng.choice(ids)
    kept = {name: value for name, value in filled.items() if name not in ("assignee", "second")}
    return {**kept, **dict(zip(("assignee", "second"), chosen, strict=False))}


def _arrival(desk: Desk, filled: dict[str, Any]) -> dict[str, Any]:
    codes = {desk.world.venues[key]: code for key, code in desk.world.codes.items()}
    scanned = codes.get(desk.case.venue_id) if desk.case.venue_id else None
    if scanned and desk.may():
        return {**filled, "venue_code": scanned}
    filled.pop("venue_code", None)
    return {**filled, "no_code_reason": "码被撕掉了"}


def _finding(desk: Desk, filled: dict[str, Any]) -> dict[str, Any]:
    filled.pop("corrected", None)
    if filled["outcome"] in ("substantiated", "partly"):
        filled["hazards"] = desk.rng.sample(ON_SITE, desk.rng.randint(1, 3))
        filled["corrected"] = filled["hazards"][:1] if desk.may() else []
    return _proved(desk, filled)


def _proved(_: Desk, filled: dict[str, Any]) -> dict[str, Any]:
    return filled if filled.get("photos") else {**filled, "no_photo_reason": "现场禁止拍照"}


def _reply(desk: Desk, filled: dict[str, Any]) -> dict[str, Any]:
    filled.pop("text", None)
    filled.pop("cannot_tell_reason", None)
    if desk.may() or desk.case.facts.get("absorbed"):
        return {**filled, "text": "经核查属实,已责令整改。"}
    return {**filled, "cannot_tell_reason": "匿名举报,未留联系方式"}


def _extension(desk: Desk, filled: dict[str, Any]) -> dict[str, Any]:
    old = date.fromisoformat(desk.case.facts["correct_by"])
    later = max(old + timedelta(days=1), local_day(desk.at)) + timedelta(days=desk.rng.randint(0, 20))
    return {**filled, "correct_by": later.isoformat()}


def _notice(desk: Desk, filled: dict[str, Any]) -> dict[str, Any]:
    return {**filled, "clock": "verify", "level": 1, "due_at": desk.at.isoformat()}


def _recalculated(desk: Desk, filled: dict[str, Any]) -> dict[str, Any]:
    clock = next((name for name, reading in desk.case.clocks.items() if reading["running"]), "accept")
    moved = {"was_due_at": desk.at.isoformat(), "due_at": (desk.at + timedelta(days=1)).isoformat()}
    return {**filled, **moved, "clock": clock, "year": 2027, "provisional": False}


def _held(desk: Desk, filled: dict[str, Any]) -> dict[str, Any] | None:
    waiting = select(Outbox.id).where(Outbox.case_id == desk.case.id, Outbox.state == "held")
    row: UUID | None = desk.session.exec(waiting).first()
    return {**filled, "message": str(row)} if row else None


def _asked(desk: Desk, filled: dict[str, Any]) -> dict[str, Any] | None:
    waiting = set(desk.case.facts.get(identity.REQUESTS) or {}) - {str(desk.actor.person_id)}
    return {**filled, "whom": min(waiting)} if waiting else None


def _other(_: Desk, filled: dict[str, Any]) -> dict[str, Any]:
    return {**filled, "other": "JB-2026-999999"}


def _application(desk: Desk, filled: dict[str, Any]) -> dict[str, Any]:
    plain = {name: filled[name] for name in ("name", "address", "person", "remark") if name in filled}
    sound = {"class_code": desk.rng.choice(sorted(catalogue.venue_classes())), "area": "guanglong",
             "phone": "13912340000"}  # fmt: skip
    return {**plain, **sound, "hours": "每天 9:00-22:00"} if desk.may() else {**plain, **sound}


def _refusal_of_place(desk: Desk, filled: dict[str, Any]) -> dict[str, Any]:
    filled.pop("duplicate_of", None)
    if filled["reason"] == enrolling.RejectReason.ALREADY_ENROLLED:
        filled["duplicate_of"] = desk.world.codes["kuancheng"]
    return filled


def _delivered(desk: Desk, _filled: dict[str, Any]) -> dict[str, Any]:
    marks = {name: desk.case.facts.get(name, 0) for name in ("doubts", "conflicts")}
    return {"batch": str(new_id()), "device": str(new_id()), "check_ins": 1, "answers": 2, "sha256": "0" * 64, **marks}


def _completed(desk: Desk, _filled: dict[str, Any]) -> dict[str, Any]:
    return {"worked_until": desk.at.isoformat(), "points": 1, "points_done": 1}


def _gaps(desk: Desk, _filled: dict[str, Any]) -> dict[str, Any]:
    gap = {"from_at": (desk.at - timedelta(hours=3)).isoformat(), "until_at": desk.at.isoformat()}
    return {"gaps": [gap], "limit_minutes": 120}


def _rebound(desk: Desk, _filled: dict[str, Any]) -> dict[str, Any]:
    task = desk.session.get_one(PatrolTask, desk.case.id)
    return {"version": str(task.version_id), "number": 1}


def _critical(_desk: Desk, _filled: dict[str, Any]) -> dict[str, Any]:
    return {"answer": str(new_id()), "item": "P02", "title": "安全出口畅通", "point": "一层"}


def _doubt(desk: Desk, filled: dict[str, Any]) -> dict[str, Any] | None:
    marked = select(PatrolCheckIn).where(PatrolCheckIn.case_id == desk.case.id)
    row = next((row for row in desk.session.exec(marked) if any("decided" not in one for one in row.doubts)), None)
    return {**filled, "subject": str(row.id)} if row else None


def _conflict(desk: Desk, filled: dict[str, Any]) -> dict[str, Any] | None:
    stands = select(PatrolAnswer).where(PatrolAnswer.case_id == desk.case.id, PatrolAnswer.stands)
    row = next((row for row in desk.session.exec(stands) if row.against), None)
    return {**filled, "answer": str(row.id)} if row else None


AGREEMENTS: dict[Any, Callable[[Desk, dict[str, Any]], dict[str, Any] | None]] = {
    forms.Reject: _reject,
    forms.Accept: _accept,
    forms.Reclassify: _not_looser,
    forms.Merge: _merge,
    forms.Assign: _people,
    everywhere.Reassign: _people,
    forms.StartCheck: _arrival,
    forms.Finding: _finding,
    rectification.Recheck: _proved,
    rectification.OrderedByPatrol: lambda desk, _: {"correct_by": (local_day(desk.at) + timedelta(days=7)).isoformat()},
    forms.Reply: _reply,
    rectification.Extension: _extension,
    everywhere.ClockNotice: _notice,
    everywhere.Recalculated: _recalculated,
    forms.Closing: lambda *_: {"satisfied": True},
    everywhere.HeldMessage: _held,
    identity.IdentityGrant: _asked,
    identity.IdentityReveal: lambda desk, filled: {**filled, "shown": identity.held(desk.case)},
    retention.Removal: lambda _, filled: {"what": filled["what"], "items": 2, "pictures": 1},
    release.ReleasedWords: lambda _, filled: {**filled, "text": "楼道里有焦味"},
    forms.OtherCase: _other,
    enrolling.Application: _application,
    enrolling.Reject: _refusal_of_place,
    patrols.Delivered: _delivered,
    patrols.Critical: _critical,
    patrols.Completion: _completed,
    patrols.Judged: _gaps,
    patrols.Rebound: _rebound,
    patrols.DoubtDecision: _doubt,
    patrols.ConflictDecision: _conflict,
}
