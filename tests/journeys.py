"""Brings a case into any state of its process by firing transitions, the way people get there."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from sqlmodel import Session, select

from domain import cases, enrolments, outbox, reports, sealed
from domain.actors import ANY_APPLICANT, SYSTEM, Actor, Role
from domain.models import Case, Outbox
from domain.processes import workflow_of
from domain.processes.enrolment_forms import Application
from domain.reports import Intake
from domain.workflow import Plan
from tests.filling import Desk, fill
from tests.patrols import leave_records, make_task
from tests.world import World

REPORTER = Actor(frozenset({Role.REPORTER}))
APPLICANT_PHONE = "+8613912340000"
TEAMS = {"warden": ("warden",), "inspectors": ("inspector1", "inspector2")}

TO_REPLIED = (("handler", "accept"), ("handler", "assign"), ("assignee", "start_check"),
              ("assignee", "record_finding"), ("handler", "reply"))  # fmt: skip
TO_SUBMITTED = (("inspector1", "serve"), ("officer", "submit"))

TO_URGED = (("system", "begin"), ("warden", "remind"))

WAYS: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {
    "hazard_report": {
        "reported": (),
        "accepted": TO_REPLIED[:1],
        "assigned": TO_REPLIED[:2],
        "checking": TO_REPLIED[:3],
        "checked": TO_REPLIED[:4],
        "replied": TO_REPLIED,
        "closed": (*TO_REPLIED, ("system", "close")),
        "reopened": (*TO_REPLIED, ("reporter", "object")),
        "rejected": (("handler", "reject"),),
        "transferred": (("handler", "transfer"),),
        "merged": (("handler", "merge"), ("system", "share_reply")),
        "withdrawn": (("reporter", "withdraw"),),
    },
    "rectification": {
        "ordered": (),
        "correcting": TO_SUBMITTED[:1],
        "submitted": TO_SUBMITTED,
        "overdue": (*TO_SUBMITTED[:1], ("system", "mark_overdue")),
        "closed": (*TO_SUBMITTED, ("inspector2", "confirm")),
        "penalised": (*TO_SUBMITTED[:1], ("inspector1", "penalise")),
        "revoked": (("supervisor", "revoke"),),
    },
    "enrolment": {
        "submitted": (),
        "under_review": (("handler", "start_review"),),
        "returned": (("handler", "start_review"), ("supervisor", "return_to_applicant")),
        "approved": (("handler", "start_review"), ("supervisor", "approve")),
        "rejected": (("handler", "start_review"), ("handler", "reject")),
        "withdrawn": (("applicant", "withdraw"),),
    },
    "patrol_task": {
        "scheduled": (),
        "open": TO_URGED[:1],
        "under_way": (*TO_URGED, ("officer", "start")),
        "missed": (*TO_URGED, ("system", "miss")),
        "done": (*TO_URGED, ("officer", "start"), ("officer", "complete")),
        "done_late": (*TO_URGED, ("system", "miss"), ("officer", "complete_late")),
        "excused": (*TO_URGED, ("supervisor", "excuse")),
        "cancelled": (*TO_URGED, ("supervisor", "cancel")),
    },
}
"""process → state → (who, step); `assignee` is whoever the case is assigned to."""


def report(session: Session, world: World, **intake: Any) -> Case:
    """Open a report at the seed's own venue, by default of something a handler has to look at."""
    said = {"venue_code": world.codes["kuancheng"], "hazard": "other", "description": "有焦味", **intake}
    return reports.open_report(session, Intake(**said), actor=REPORTER, at=world.clock.now).case


def order(session: Session, world: World, **columns: Any) -> Case:
    """Open a rectification of a venue that a warden looks after."""
    where = {"venue_id": world.venues["kuancheng"], "area_id": world.areas["guanglong"]}
    given = {**where, "hazard_code": "FAC-07", "assignee_id": world.people["warden"], **columns}
    return cases.open_case(session, "rectification", actor=SYSTEM, at=world.clock.now, columns=given)


def apply(session: Session, world: World, **said: Any) -> Case:
    """Open an application for a shop in the area of a warden."""
    shop = {"name": "广龙小卖部", "class_code": "V06", "address": "广龙路 8 号", "area": "guanglong",
            "person": "马掌柜", "phone": APPLICANT_PHONE}  # fmt: skip
    application = Application.model_validate({**shop, **said})
    return enrolments.open_application(session, application, actor=ANY_APPLICANT, at=world.clock.now).case


def patrol(session: Session, world: World) -> Case:
    """Plan a patrol that may begin now; two phones have left records of it, in doubt and at odds."""
    task = make_task(session, world, starts_in=timedelta(hours=1), points=1)
    leave_records(session, world, task)
    case = cases.by_id(session, task.task_id)
    case.facts = {**case.facts, "starts_at": world.clock.now.isoformat(), "doubts": 1, "conflicts": 1}
    session.add(case)
    session.flush()
    return case


BEGINNINGS = {"hazard_report": report, "rectification": order, "enrolment": apply, "patrol_task": patrol}


def begin(session: Session, world: World, process: str) -> Case:
    """Open a case of the process."""
    return BEGINNINGS[process](session, world)


def actor_for(session: Session, world: World, case: Case, who: str) -> Actor:
    """Return who is meant: a person, `system`, the `reporter` or `applicant` with the receipt, the `assignee`."""
    if who == "system":
        return SYSTEM
    if who == "reporter":
        return reports.reporter_of(case)
    if who == "applicant":
        return enrolments.applicant_of(case)
    if who == "assignee":
        who = next(name for name, person in world.people.items() if person == case.assignee_id)
    return world.actor(session, who)


def press(session: Session, world: World, case: Case, who: str, name: str, **data: Any) -> Plan:
    """Fire a step with its form filled in; `data` says what shall stand in it."""
    actor = actor_for(session, world, case, who)
    step = next(t for t in workflow_of(case.process).leaving(case.state) if t.name == name)
    filled = fill(Desk(session, world, case, actor, world.clock.now, Random(0)), step)
    assert filled is not None or data, f"nobody could fill in {name} for {case.number}"
    return cases.fire(session, case, name, actor=actor, at=world.clock.now, data={**(filled or {}), **data})


def reach(session: Session, world: World, process: str, state: str, *, team: str = "warden") -> Case:
    """Open a case and bring it to `state`; who checks on site is the `team`."""
    case = begin(session, world, process)
    if state == "merged":
        begin(session, world, process)
    for who, name in WAYS[process][state]:
        if name == "assign":
            people = [world.people[member] for member in TEAMS[team]]
            press(
                session,
                world,
                case,
                who,
                name,
                **{"second": None, **dict(zip(("assignee", "second"), people, strict=False))},
            )
        else:
            press(session, world, case, who, name)
    assert case.state == state
    return case


def guard_the_reporter(session: Session, world: World, case: Case) -> None:
    """Have everything begun that is about who reported: one may look, one asks, it is released, it is kept."""
    phone = sealed.put(session, "+8613912345678", kind="phone", case_id=case.id, at=world.clock.now)
    case.facts = {**case.facts, "phone": sealed.reference(phone)}
    session.add(case)
    session.flush()
    press(session, world, case, "handler", "request_identity")
    press(session, world, case, "leader", "grant_identity")
    press(session, world, case, "inspector2", "request_identity")
    press(session, world, case, "handler", "release_words")
    press(session, world, case, "supervisor", "hold_redaction")


def hold_a_message(session: Session, world: World, case: Case) -> Outbox:
    """Have one promise of the case held for a person; the opening of a rectification promises nothing."""
    waiting = select(Outbox).where(Outbox.case_id == case.id, Outbox.state == "pending")
    row = session.exec(waiting).first()
    if row is None:
        press(session, world, case, "handler", "remind")
        row = session.exec(waiting).one()
    row.leased_by = "w"
    session.flush()
    outbox.hold(session, row, worker="w", at=world.clock.now, reason="The provider did not say what became of it.")
    return row
