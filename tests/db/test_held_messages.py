"""A held message goes out again or is dropped by a step of its own, once; the chain keeps who and why."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import Session, select

from domain import audit, cases, outbox, reports
from domain.actors import Actor, Role
from domain.cases import FieldRefused
from domain.database import Database
from domain.models import Case, Outbox
from domain.processes.hazard_report import HAZARD_REPORT
from domain.queries.case_messages import promises
from domain.reports import Intake
from domain.workflow import TransitionRefused
from notifications.recipients import NO_PHONE
from tests.world import World

REPORTER = Actor(frozenset({Role.REPORTER}))


def held_message(session: Session, world: World) -> tuple[Case, UUID]:
    """Open a report whose first promise is held."""
    intake = Intake(venue_code=world.codes["kuancheng"], hazard="other", description="有焦味")
    case = reports.open_report(session, intake, actor=REPORTER, at=world.clock.now).case
    lease = timedelta(seconds=60)
    [row] = outbox.claim(session, "hazard_report", worker="w", at=world.clock.now, lease=lease)
    outbox.hold(session, row, worker="w", at=world.clock.now, reason="The provider did not say what became of it.")
    return case, row.id


def decide(session: Session, world: World, who: str, case: Case, message: UUID, decision: str) -> None:
    data = {"message": message, "decision": decision, "reason": "已电话核实"}
    cases.fire(session, case, "decide_held", actor=world.actor(session, who), at=world.clock.now, data=data)


@pytest.mark.parametrize(("decision", "state"), [("again", "pending"), ("drop", "dropped")])
def test_held_message_is_decided_once_and_the_chain_says_so(
    db: Database, world: World, decision: str, state: str
) -> None:
    with db.write() as session:
        case, message = held_message(session, world)
        decide(session, world, "handler", case, message, decision)

    with db.write() as session:
        row = session.get_one(Outbox, message)
        assert (row.state, row.outcome["note"]) == (state, "已电话核实")
        assert audit.verify(session).whole
        with pytest.raises(FieldRefused, match="not held any more"):
            decide(session, world, "handler", cases.by_number(session, "JB-2026-000001"), message, decision)


def test_message_of_another_case_is_not_decided_here(db: Database, world: World) -> None:
    with db.write() as session:
        _, message = held_message(session, world)
        other = reports.open_report(
            session, Intake(place="河边", hazard="other", description="x"), actor=REPORTER, at=world.clock.now
        ).case

        with pytest.raises(FieldRefused):
            decide(session, world, "handler", other, message, "drop")

        assert session.exec(select(Outbox.state).where(Outbox.id == message)).one() == "held"


def test_warden_does_not_decide_on_held_messages(db: Database, world: World) -> None:
    with db.write() as session:
        case, message = held_message(session, world)

        with pytest.raises(TransitionRefused):
            decide(session, world, "warden", case, message, "again")


def test_promise_without_anybody_to_tell_says_so_and_not_that_it_was_done(db: Database, world: World) -> None:
    with db.write() as session:
        case, message = held_message(session, world)
        row = session.get_one(Outbox, message)
        row.state, row.outcome = "done", {"nobody": NO_PHONE}
        session.flush()

        kept = promises(session, HAZARD_REPORT, case, actor=world.actor(session, "handler"))
        [promise] = [one for one in kept[1] if one.id == message]

    assert promise.state_label.in_language("zh_CN") == "无人可告知"
    assert promise.reason is not None
    assert "没有留下" in promise.reason.in_language("zh_CN") or "未留" in promise.reason.in_language("zh_CN")
