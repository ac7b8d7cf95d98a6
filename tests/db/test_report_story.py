"""One report through the domain alone: from intake to closing, with its rectification, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from domain import audit, cases, outbox, rectifications, reports, sweep
from domain.actors import SYSTEM
from domain.database import Database
from domain.models import Outbox
from domain.reports import Intake
from domain.workflow import TransitionRefused
from tests.world import World

SEED = "楼层好多烟感报警不会亮,希望能看看是否会联动"


def open_report(db: Database, world: World, **changes: object) -> reports.Opened:
    intake = {"venue_code": world.codes["kuancheng"], "hazard": "equipment", "description": SEED}
    intake["phone"] = "13912345678"
    with db.write() as session:
        actor = reports.Actor(frozenset({reports.Role.REPORTER}))
        return reports.open_report(session, Intake(**{**intake, **changes}), actor=actor, at=world.clock.now)


def test_report_goes_from_scan_to_closing(db: Database, world: World) -> None:
    opened = open_report(db, world)
    case_id = opened.case.id

    with db.write() as session:
        done = reports.triage(session, case_id, at=world.clock.now)
    assert done.assigned_to == world.people["warden"]

    steps = [
        ("warden", "start_check", {"venue_code": world.codes["kuancheng"]}),
        ("warden", "record_finding", {"outcome": "substantiated", "description": "12 只烟感不亮",
                                      "hazards": ["FAC-07", "EVA-02"], "corrected": ["EVA-02"],
                                      "no_photo_reason": "测试"}),
        ("handler", "reply", {"text": "经核查属实,已责令整改。"}),
    ]  # fmt: skip
    for who, name, data in steps:
        at = world.clock.advance(hours=1)
        with db.write() as session:
            case = cases.by_id(session, case_id)
            cases.fire(session, case, name, actor=world.actor(session, who), at=at, data=data)
    with db.write() as session:
        case = reports.by_receipt(session, opened.receipt)
        cases.fire(session, case, "rate", actor=reports.reporter_of(case), at=world.clock.now, data={"rating": 5})
        assert (case.state, case.version) == ("closed", 8)
        opened_cases = rectifications.open_from_finding(session, case_id, 5, at=world.clock.now)
        again = rectifications.open_from_finding(session, case_id, 5, at=world.clock.now)
        assert [c.state for c in opened_cases] == ["ordered", "closed"]
        assert [c.number for c in again] == [c.number for c in opened_cases] == ["ZG-2026-000001", "ZG-2026-000002"]
        promised = set(session.exec(select(Outbox.effect).where(Outbox.case_id == case_id)))
    assert promised == {
        "triage_report",
        "acknowledge_reporter",
        "notify_assignee",
        "open_rectifications",
        "tell_handler",
        "reply_reporter",
    }
    with db.write() as session:
        audit.set_anchor(session, at=world.clock.now)
    with db.read() as session:
        assert audit.verify(session).whole


def test_unchecked_report_warns_and_escalates_once_each(db: Database, world: World) -> None:
    opened = open_report(db, world, hazard="escape", description="安全出口锁了")
    with db.write() as session:
        reports.triage(session, opened.case.id, at=world.clock.now)
    fired = []
    for hours in (17, 19, 23, 25, 29, 31, 50):
        at = world.clock.now + timedelta(hours=hours)
        for _ in range(2):
            with db.write() as session:
                lease = timedelta(seconds=1)
                for case_id, name in sweep.claim(session, "hazard_report", worker="w", at=at, lease=lease):
                    fired.append((hours, name, sweep.ring(session, case_id, name, at=at)))
    assert fired == [(19, "verify", "warn"), (25, "verify", "escalate"), (31, "verify", "escalate")]
    with db.read() as session:
        assert audit.verify(session).whole


def test_stale_copy_is_refused_and_nothing_is_written(db: Database, world: World) -> None:
    opened = open_report(db, world, hazard="other")
    with db.read() as session:
        stale = cases.by_id(session, opened.case.id)
    with db.write() as session:
        case = cases.by_id(session, opened.case.id)
        handler = world.actor(session, "handler")
        cases.fire(session, case, "comment", actor=handler, at=world.clock.now, data={"text": "看一下"})

    with db.write() as session:
        actor = world.actor(session, "handler")
        with pytest.raises(cases.CaseChanged):
            cases.fire(session, stale, "comment", actor=actor, at=world.clock.now, data={"text": "再看"})

    with db.read() as session:
        assert cases.by_id(session, opened.case.id).version == 2


def test_merge_and_unmerge_stand_in_both_timelines(db: Database, world: World) -> None:
    first, second = open_report(db, world, hazard="other"), open_report(db, world, hazard="other")
    with db.write() as session:
        case = cases.by_id(session, second.case.id)
        handler = world.actor(session, "handler")
        cases.fire(session, case, "merge", actor=handler, at=world.clock.now, data={"into": first.case.number})
        assert cases.by_id(session, first.case.id).facts["absorbed"] == [second.case.number]
        with pytest.raises(TransitionRefused):
            cases.fire(session, case, "accept", actor=handler, at=world.clock.now, data={"hazard_code": "FAC-07"})
        cases.fire(session, case, "unmerge", actor=handler, at=world.clock.now, data={"reason": "不是同一处"})
        assert case.state == "accepted"
        assert case.clocks["verify"]["running"]
        assert case.clocks["verify"]["started_at"] == world.clock.now.isoformat()
        assert cases.by_id(session, first.case.id).facts["absorbed"] == []
    with db.read() as session:
        assert audit.verify(session).whole


def test_claims_share_the_work_and_a_lost_lease_is_noticed(db: Database, world: World) -> None:
    for _ in range(3):
        open_report(db, world)
    at, lease = world.clock.now, timedelta(seconds=60)
    with db.write() as session:
        mine = outbox.claim(session, "hazard_report", worker="a", at=at, lease=lease, most=2)
    with db.write() as session:
        theirs = outbox.claim(session, "hazard_report", worker="b", at=at, lease=lease)
    assert (len(mine), len(theirs)) == (2, 1)
    assert not {row.id for row in mine} & {row.id for row in theirs}
    with db.write() as session:
        late = outbox.claim(session, "hazard_report", worker="c", at=at + timedelta(seconds=61), lease=lease)
        assert len(late) == 3
    with db.write() as session, pytest.raises(outbox.LeaseLost):
        outbox.settle(session, mine[0], worker="a", at=at, outcome={})
    with db.write() as session:
        row = next(row for row in late if row.id == mine[0].id)
        outbox.settle(session, row, worker="c", at=at, outcome={"by": "c"})
        assert cases.by_id(session, row.case_id)
        assert SYSTEM.name == "system"
