"""Reports handled together: both timelines say so, both come back whole, and everybody hears the answer."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session, col, select

from domain import cases
from domain.cases import FieldRefused
from domain.database import Database
from domain.models import Case, Outbox, TimelineEntry
from domain.workflow import TransitionRefused
from tests.journeys import WAYS, press, reach, report
from tests.world import World


def join(session: Session, world: World, **intake: Any) -> tuple[Case, Case]:
    """Return a report and another one merged into it."""
    main = report(session, world)
    joined = report(session, world, **intake)
    press(session, world, joined, "handler", "merge", into=main.number)
    return main, cases.by_id(session, joined.id)


def steps_of(session: Session, case: Case) -> list[str]:
    query = select(TimelineEntry.transition).where(TimelineEntry.case_id == case.id).order_by(col(TimelineEntry.seq))
    return list(session.exec(query))


def test_merge_and_its_undoing_leave_both_reports_as_they_were(db: Database, world: World) -> None:
    with db.write() as session:
        main, joined = report(session, world), report(session, world, hazard="equipment", description="烟感不亮")
        before = main.model_dump()
        clocks, facts = joined.clocks["verify"], joined.facts
        press(session, world, joined, "handler", "merge", into=main.number.lower())
        assert not joined.clocks["verify"]["running"]
        world.clock.advance(hours=5)

        press(session, world, joined, "handler", "unmerge", reason="不是同一处")

        assert {name: value for name, value in main.facts.items() if name != "absorbed"} == before["facts"]
        assert main.facts["absorbed"] == []
        assert (main.state, main.clocks, main.due_at) == (before["state"], before["clocks"], before["due_at"])
        assert (joined.state, joined.closed_at, joined.facts) == ("accepted", None, facts)
        assert joined.clocks["verify"] == clocks, "the time to verify runs on from the receipt"
        assert steps_of(session, main) == ["report", "absorb", "release"]
        assert steps_of(session, joined) == ["report", "merge", "unmerge"]


def test_answer_reaches_everybody_who_reported_it(db: Database, world: World) -> None:
    with db.write() as session:
        main, joined = join(session, world)
        for who, name in WAYS["hazard_report"]["checked"]:
            press(session, world, main, who, name)

        press(session, world, main, "handler", "reply", text="已责令整改", cannot_tell_reason=None)

        joined = cases.reload(session, joined.id)
        promised = session.exec(
            select(Outbox.case_id).where(Outbox.effect == "reply_reporter").order_by(col(Outbox.id))
        ).all()
        assert (joined.state, joined.facts["reply"]) == ("merged", "已责令整改")
        assert set(promised) == {main.id, joined.id}


def test_answer_others_wait_for_has_to_be_written(db: Database, world: World) -> None:
    with db.write() as session:
        main, _ = join(session, world)
        for who, name in WAYS["hazard_report"]["checked"]:
            press(session, world, main, who, name)

        with pytest.raises(FieldRefused, match="Other reports were merged"):
            press(session, world, main, "handler", "reply", text=None, cannot_tell_reason="匿名")


@pytest.mark.parametrize("step", ["reject", "transfer", "merge", "withdraw"])
def test_report_others_wait_behind_cannot_go_away(db: Database, world: World, step: str) -> None:
    with db.write() as session:
        main, _ = join(session, world)
        who = "reporter" if step == "withdraw" else "handler"

        with pytest.raises(TransitionRefused, match="merged into this one"):
            press(session, world, main, who, step, **({"into": "JB-2026-000001"} if step == "merge" else {}))


@pytest.mark.parametrize("state", ["replied", "closed", "rejected", "merged"])
def test_answered_or_closed_report_takes_no_other(db: Database, world: World, state: str) -> None:
    with db.write() as session:
        main, late = reach(session, world, "hazard_report", state), report(session, world)

        with pytest.raises(FieldRefused, match="answered or closed"):
            press(session, world, late, "handler", "merge", into=main.number)


@pytest.mark.parametrize(
    ("intake", "into", "why"),
    [
        ({"venue_code": "market"}, "JB-2026-000001", "same premises"),
        ({"venue_code": None, "place": "环城北路南"}, "JB-2026-000001", "same premises"),
        ({}, "JB-2026-000002", "into itself"),
        ({}, "JB-2026-000099", "no report with this number"),
        ({}, "ZG-2026-000001", "no report with this number"),
    ],
)
def test_merge_is_refused_where_it_makes_no_sense(
    db: Database, world: World, intake: dict[str, Any], into: str, why: str
) -> None:
    with db.write() as session:
        report(session, world)
        reach(session, world, "rectification", "ordered")
        where = {**intake, "venue_code": world.codes[intake["venue_code"]]} if intake.get("venue_code") else intake
        late = report(session, world, **where)

        with pytest.raises(FieldRefused, match=why):
            press(session, world, late, "handler", "merge", into=into)


def test_places_without_a_code_are_the_same_when_they_read_the_same(db: Database, world: World) -> None:
    with db.write() as session:
        first, second = (report(session, world, venue_code=None, place="环城北路南") for _ in range(2))

        press(session, world, second, "handler", "merge", into=first.number)

        assert second.state == "merged"


def test_report_joins_again_after_it_was_taken_out(db: Database, world: World) -> None:
    with db.write() as session:
        main, joined = join(session, world)
        press(session, world, joined, "handler", "unmerge")

        press(session, world, joined, "handler", "merge", into=main.number)

        assert main.facts["absorbed"] == [joined.number]
