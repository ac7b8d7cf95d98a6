"""The rectification's rules: one extension, somebody else re-checks, time runs out, the reporter hears once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from domain import cases, rectifications, sweep
from domain.cases import FieldRefused
from domain.database import Database
from domain.models import Case, ClockRow, Outbox
from domain.workflow import TransitionRefused
from tests.journeys import press, reach
from tests.world import World


def ring_everything(db: Database, world: World) -> list[str | None]:
    fired = []
    with db.write() as session:
        for case_id, name in sweep.claim(session, "rectification", worker="w", at=world.clock.now, lease=timedelta(60)):
            fired.append(sweep.ring(session, case_id, name, at=world.clock.now))
    return fired


def test_time_is_extended_once(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "rectification", "ordered")
        press(session, world, case, "inspector1", "serve", correct_by="2026-09-01")
        press(session, world, case, "supervisor", "extend", correct_by="2026-09-10")
        assert case.due_at == datetime(2026, 9, 10, 16, tzinfo=UTC)

        with pytest.raises(TransitionRefused, match="extended once already"):
            press(session, world, case, "supervisor", "extend", correct_by="2026-09-20")


@pytest.mark.parametrize(
    ("correct_by", "why"), [("2026-09-01", "later than the old one"), ("2026-08-22", "in the past")]
)
def test_extension_gives_more_time(db: Database, world: World, correct_by: str, why: str) -> None:
    with db.write() as session:
        case = reach(session, world, "rectification", "ordered")
        press(session, world, case, "inspector1", "serve", correct_by="2026-09-01")

        with pytest.raises(FieldRefused, match=why):
            press(session, world, case, "supervisor", "extend", correct_by=correct_by)


def test_order_is_not_served_with_a_date_that_is_over(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "rectification", "ordered")

        with pytest.raises(FieldRefused, match="in the past"):
            press(session, world, case, "inspector1", "serve", correct_by="2026-08-22")


def test_nobody_rechecks_what_they_submitted(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "rectification", "correcting")
        press(session, world, case, "warden", "submit")

        for step in ("confirm", "fail_recheck"):
            with pytest.raises(TransitionRefused, match="submitted this correction yourself"):
                press(session, world, case, "warden", step)
        with pytest.raises(TransitionRefused, match="role may not do this"):
            press(session, world, case, "warden2", "confirm")  # a warden of another area, whom nobody sent here
        press(session, world, case, "inspector1", "confirm")

        assert case.state == "closed"


def test_failed_recheck_sets_a_new_date_and_a_new_time(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "rectification", "submitted")
        world.clock.advance(days=2)

        press(session, world, case, "inspector1", "fail_recheck", correct_by="2026-09-09", missing="仍有 3 只不亮")

        assert (case.state, case.facts["correct_by"]) == ("correcting", "2026-09-09")
        assert case.clocks["correct"]["started_at"] == world.clock.now.isoformat()


def test_time_that_is_over_marks_it_overdue_by_itself_and_once(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "rectification", "ordered")
        press(session, world, case, "inspector1", "serve", correct_by="2026-08-30")
    world.clock.now = datetime(2026, 8, 30, 15, 59, 59, tzinfo=UTC)
    warned = ring_everything(db, world)
    world.clock.advance(seconds=1)

    overdue, again = ring_everything(db, world), ring_everything(db, world)

    assert (warned, overdue, again) == (["warn"], ["mark_overdue"], [])
    with db.read() as session:
        stands = cases.by_id(session, case.id)
        clock = session.get_one(ClockRow, (case.id, "correct"))
        promised = set(session.exec(select(Outbox.effect).where(Outbox.seq == stands.version)))
    assert stands.state == "overdue"
    assert stands.clocks["recheck"]["running"]
    assert (clock.stopped_at, stands.due_at) == (None, clock.due_at), "still late, and nearest of all"
    assert (clock.level, clock.breached_at) == (2, world.clock.now)
    assert clock.next_at == clock.started_at + (clock.due_at - clock.started_at) * 1.25
    assert promised == {"tell_superior", "notify_venue"}


def test_overdue_correction_can_still_be_submitted(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "rectification", "overdue")
        since = case.clocks["recheck"]["started_at"]
        world.clock.advance(days=1)

        press(session, world, case, "officer", "submit")

        assert case.state == "submitted"
        assert case.clocks["recheck"]["started_at"] == since, "re-checked three days from expiry, not from later"


def found(db: Database, world: World) -> tuple[Case, list[Case]]:
    """Return a report and the rectifications its finding led to: one open, one corrected on the spot."""
    with db.write() as session:
        report = reach(session, world, "hazard_report", "checking")
        said = {"outcome": "substantiated", "hazards": ["FAC-07", "EVA-02"], "corrected": ["EVA-02"]}
        press(session, world, report, "assignee", "record_finding", **said)
        return report, rectifications.open_from_finding(session, report.id, report.version, at=world.clock.now)


def test_finding_opens_one_for_each_hazard_however_often_it_runs(db: Database, world: World) -> None:
    report, opened = found(db, world)

    with db.write() as session:
        again = rectifications.open_from_finding(session, report.id, report.version, at=world.clock.now)

    assert [case.number for case in again] == [case.number for case in opened]
    assert [(case.hazard_code, case.state) for case in opened] == [("FAC-07", "ordered"), ("EVA-02", "closed")]
    assert {case.parent_id for case in opened} == {report.id}
    assert {case.venue_id for case in opened} == {report.venue_id}


def test_parent_is_told_once(db: Database, world: World) -> None:
    report, (case, _) = found(db, world)
    with db.write() as session:
        case = cases.reload(session, case.id)
        for who, step in (("inspector1", "serve"), ("officer", "submit"), ("inspector2", "confirm")):
            press(session, world, case, who, step)

        told = [rectifications.tell_parent(session, case.id, at=world.clock.now) for _ in range(2)]

        parent = cases.reload(session, report.id)
        hearing = select(Outbox).where(Outbox.case_id == report.id, Outbox.effect == "tell_reporter_corrected")
        assert told == [True, False]
        assert parent.facts["corrected_cases"] == [case.number]
        assert len(session.exec(hearing).all()) == 1


@pytest.mark.parametrize("state", ["correcting", "penalised", "revoked"])
def test_parent_is_not_told_of_what_is_not_corrected(db: Database, world: World, state: str) -> None:
    with db.write() as session:
        report = reach(session, world, "hazard_report", "checked")
        case = reach(session, world, "rectification", state)
        case.parent_id = report.id
        session.flush()

        assert not rectifications.tell_parent(session, case.id, at=world.clock.now)
