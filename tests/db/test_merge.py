"""Reports handled together: both timelines say so, both come back whole, and everybody hears the answer."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from sqlmodel import Session, col, select

from domain import cases, rectifications, sealed
from domain.cases import FieldRefused
from domain.database import Database
from domain.models import Case, Outbox, TimelineEntry
from domain.queries import choices
from domain.settings import get_settings
from domain.vault import Keyring
from domain.workflow import TransitionRefused
from tests.journeys import TO_REPLIED, TO_SUBMITTED, WAYS, order, press, reach, report
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


def test_places_are_the_same_whatever_key_sealed_them(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.write() as session:
        first = report(session, world, venue_code=None, place="环城北路 南")
    changed = Keyring("new:" + base64.b64encode(bytes(32)).decode() + "," + get_settings().vault_key)
    monkeypatch.setattr(sealed, "keyring", lambda: changed)
    with db.write() as session:
        second = report(session, world, venue_code=None, place="环城北路南")
        assert [
            row.number for row in choices.reports_of_same_premises(session, second, world.actor(session, "handler"))
        ] == [first.number]

        press(session, world, second, "handler", "merge", into=first.number)

        assert second.state == "merged"


def test_places_are_the_same_when_colleagues_wrote_the_same(db: Database, world: World) -> None:
    with db.write() as session:
        first, second = (report(session, world, venue_code=None, place=words) for words in ("巷口", "我家楼下"))
        for case in (first, second):
            given = {"hazard_code": "FAC-02", "verify_class": "B3WD", "venue_code": None}
            press(session, world, case, "handler", "accept", place="环城北路 33 号", **given)
        assert [
            row.number for row in choices.reports_of_same_premises(session, second, world.actor(session, "handler"))
        ] == [first.number]

        press(session, world, second, "handler", "merge", into=first.number)

        assert second.state == "merged"


def test_reporters_words_and_colleagues_words_are_not_compared(db: Database, world: World) -> None:
    with db.write() as session:
        first = report(session, world, venue_code=None, place="环城北路")
        second = report(session, world, venue_code=None, place="别处")
        given = {"hazard_code": "FAC-02", "verify_class": "B3WD", "venue_code": None}
        press(session, world, second, "handler", "accept", place="环城北路", **given)

        with pytest.raises(FieldRefused, match="same premises"):
            press(session, world, second, "handler", "merge", into=first.number)


# Whoever waits behind another report is no lesser reporter.


def answered(session: Session, world: World) -> tuple[Case, Case]:
    """Return an answered report and one merged into it."""
    main, joined = join(session, world)
    for who, step in TO_REPLIED:
        press(session, world, main, who, step, **({"text": "已核查"} if step == "reply" else {}))
    return main, joined


def test_joined_reporter_hears_the_answer_before_rating_or_objecting(db: Database, world: World) -> None:
    with db.write() as session:
        _, joined = join(session, world)

        for step in ("rate", "object"):
            with pytest.raises(TransitionRefused):
                press(session, world, joined, "reporter", step)


def test_joined_reporter_rates_the_answer_once(db: Database, world: World) -> None:
    with db.write() as session:
        _, joined = answered(session, world)

        press(session, world, joined, "reporter", "rate", rating=5)

        assert (joined.state, joined.facts["rating"]) == ("merged", 5)
        with pytest.raises(TransitionRefused, match="rated this reply already"):
            press(session, world, joined, "reporter", "rate")


@pytest.mark.parametrize("closed", [False, True])
def test_objection_of_a_joined_reporter_reopens_the_report_it_joined(
    db: Database, world: World, *, closed: bool
) -> None:
    with db.write() as session:
        main, joined = answered(session, world)
        if closed:
            press(session, world, main, "system", "close")
        world.clock.advance(days=29)

        press(session, world, joined, "reporter", "object", text="五层还是不亮")

        main = cases.by_id(session, main.id)
        assert (main.state, main.assignees, main.facts["objections"]) == ("reopened", (), 1)
        assert (joined.state, steps_of(session, main)[-1]) == ("merged", "reopen_for_merged")
        promised = select(Outbox.effect).where(Outbox.case_id == main.id, Outbox.seq == main.version)
        assert list(session.exec(promised)) == ["tell_supervisor"]
        assert "五层" not in str(session.get_one(TimelineEntry, (joined.id, joined.version)).data)


def test_joined_reporter_objects_once_to_an_answer_and_again_to_the_next(db: Database, world: World) -> None:
    with db.write() as session:
        main, joined = answered(session, world)
        press(session, world, joined, "reporter", "object")
        with pytest.raises(TransitionRefused, match="objected to this answer already"):
            press(session, world, joined, "reporter", "object")
        main = cases.by_id(session, main.id)
        press(session, world, main, "supervisor", "assign")
        for who, step in TO_REPLIED[2:]:
            world.clock.advance(hours=1)
            press(session, world, main, who, step, **({"text": "重查完毕"} if step == "reply" else {}))
        joined = cases.by_id(session, joined.id)
        assert joined.facts["reply"] == "重查完毕"

        press(session, world, joined, "reporter", "object")

        assert cases.by_id(session, main.id).facts["objections"] == 2


def test_objection_while_the_report_is_checked_again_is_heard_and_changes_no_state(db: Database, world: World) -> None:
    with db.write() as session:
        main, joined = answered(session, world)
        press(session, world, main, "reporter", "object")

        press(session, world, joined, "reporter", "object")

        main = cases.by_id(session, main.id)
        assert (main.state, main.facts["objections"]) == ("reopened", 1)
        assert steps_of(session, main)[-1] == "hear_merged"


def test_joined_reporter_does_not_object_after_thirty_days(db: Database, world: World) -> None:
    with db.write() as session:
        _, joined = answered(session, world)
        world.clock.advance(days=30, seconds=1)

        with pytest.raises(TransitionRefused, match="30 days"):
            press(session, world, joined, "reporter", "object")


def test_what_a_joined_reporter_adds_reaches_the_handler(db: Database, world: World) -> None:
    with db.write() as session:
        _, joined = join(session, world)

        press(session, world, joined, "reporter", "add_information", text="四楼也是")

        promised = select(Outbox.effect).where(Outbox.case_id == joined.id, Outbox.seq == joined.version)
        assert list(session.exec(promised)) == ["tell_handler"]


def test_every_reporter_hears_once_that_the_hazard_is_corrected(db: Database, world: World) -> None:
    with db.write() as session:
        main, joined = answered(session, world)
        done = order(session, world, parent_id=main.id)
        for who, step in (*TO_SUBMITTED, ("inspector2", "confirm")):
            press(session, world, done, who, step)

        assert rectifications.tell_parent(session, done.id, at=world.clock.now)
        assert not rectifications.tell_parent(session, done.id, at=world.clock.now)

        for case in (main, joined):
            told = select(Outbox.key).where(Outbox.case_id == case.id, Outbox.effect == "tell_reporter_corrected")
            assert len(session.exec(told).all()) == 1


def test_report_joins_again_after_it_was_taken_out(db: Database, world: World) -> None:
    with db.write() as session:
        main, joined = join(session, world)
        press(session, world, joined, "handler", "unmerge")

        press(session, world, joined, "handler", "merge", into=main.number)

        assert main.facts["absorbed"] == [joined.number]
