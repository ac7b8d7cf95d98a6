"""The hazard report's rules that need the register: who checks, who never does, what gives no new time."""

from __future__ import annotations

import base64
from datetime import UTC, date
from typing import Any

import pytest
from sqlmodel import Session, select

from domain import cases, reports, sealed
from domain.cases import FieldRefused
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Case, Outbox, Post, TimelineEntry
from domain.settings import city_zone, get_settings
from domain.vault import Keyring
from domain.workflow import TransitionRefused
from tests.journeys import order, press, reach, report
from tests.world import World

HANDLER_PHONE, WARDEN_PHONE = "13800000001", "13800000002"


def assign(session: Session, world: World, case: Case, *team: str, who: str = "handler", step: str = "assign") -> None:
    people = [world.people[name] for name in team]
    chosen: dict[str, Any] = {"second": None, **dict(zip(("assignee", "second"), people, strict=False))}
    press(session, world, case, who, step, **chosen)


# Objection: somebody new, whichever way the report goes.


def reopened(session: Session, world: World) -> Case:
    """Return a report that two inspectors checked and whose reporter objected."""
    return reach(session, world, "hazard_report", "reopened", team="inspectors")


@pytest.mark.parametrize("team", [("inspector1", "inspector3"), ("inspector3", "inspector2")])
def test_reopened_report_goes_to_nobody_who_checked_it(db: Database, world: World, team: tuple[str, str]) -> None:
    with db.write() as session:
        case = reopened(session, world)

        with pytest.raises(FieldRefused, match="handled the report before"):
            assign(session, world, case, *team, who="supervisor")


def test_reopened_report_is_not_handed_back_by_declining(db: Database, world: World) -> None:
    with db.write() as session:
        case = reopened(session, world)
        assign(session, world, case, "warden", who="supervisor")
        press(session, world, case, "warden", "decline")

        assert case.state == "reopened"
        with pytest.raises(TransitionRefused) as refused:
            assign(session, world, case, "warden2", who="handler")
        assert refused.value.permission
        with pytest.raises(FieldRefused, match="handled the report before"):
            assign(session, world, case, "inspector1", "inspector2", who="supervisor")


def test_declined_second_check_keeps_its_time_and_tells_the_supervisor(db: Database, world: World) -> None:
    with db.write() as session:
        case = reopened(session, world)
        given = clock_of(case, "verify_again")
        assign(session, world, case, "warden", who="supervisor")
        world.clock.advance(hours=5)

        press(session, world, case, "warden", "decline")

        entry = session.get_one(TimelineEntry, (case.id, case.version))
        assert (entry.transition, entry.source, entry.target) == ("return_to_supervisor", "accepted", "reopened")
        assert clock_of(case, "verify_again") == given
        assert case.clocks["verify_again"]["running"]
        promised = select(Outbox.effect).where(Outbox.case_id == case.id, Outbox.seq >= case.version - 1)
        assert set(session.exec(promised)) == {"tell_handler", "tell_supervisor"}


def test_reopened_report_is_not_handed_back_by_reassigning(db: Database, world: World) -> None:
    with db.write() as session:
        case = reopened(session, world)
        assign(session, world, case, "warden", who="supervisor")

        with pytest.raises(FieldRefused, match="handled the report before"):
            assign(session, world, case, "inspector1", "inspector3", step="reassign")


def test_first_check_may_go_to_somebody_who_declined(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "hazard_report", "assigned")
        press(session, world, case, "warden", "decline")

        assign(session, world, case, "warden")

        assert case.state == "assigned"


def test_only_the_supervisor_assigns_a_reopened_report(db: Database, world: World) -> None:
    with db.write() as session:
        case = reopened(session, world)

        with pytest.raises(TransitionRefused) as refused:
            assign(session, world, case, "warden", who="handler")

        assert refused.value.permission


# Refusing.


@pytest.mark.parametrize(
    ("reason", "asked"), [("not_fire", "城管局"), ("other", "城管局"), ("no_place", None), ("already_done", None)]
)
def test_refusal_names_who_is_competent_where_somebody_else_is(
    db: Database, world: World, reason: str, asked: str | None
) -> None:
    said: dict[str, Any] = {"reason": reason, "explanation": "说明", "competent": None}
    with db.write() as session:
        case = report(session, world)
        if asked:
            with pytest.raises(FieldRefused) as refused:
                press(session, world, case, "handler", "reject", **said)
            assert refused.value.refusal.field == "competent"
            said["competent"] = asked
        press(session, world, case, "handler", "reject", **said)

        assert case.state == "rejected"


# One's own report.


@pytest.mark.parametrize("step", ["accept", "reject", "transfer", "merge"])
def test_handler_does_not_handle_their_own_report(db: Database, world: World, step: str) -> None:
    with db.write() as session:
        report(session, world)
        case = report(session, world, phone=HANDLER_PHONE)

        with pytest.raises(TransitionRefused, match="made this report yourself"):
            press(session, world, case, "handler", step)


def test_warden_does_not_check_their_own_report_and_is_not_given_it(db: Database, world: World) -> None:
    with db.write() as session:
        case = report(session, world, hazard="equipment", description="烟感不亮", phone=WARDEN_PHONE)

        done = reports.triage(session, case.id, at=world.clock.now)

        assert (done.accepted, done.assigned_to) == (True, None)
        case = cases.reload(session, case.id)
        with pytest.raises(FieldRefused) as refused:
            assign(session, world, case, "warden")
        assert str(refused.value.refusal.reason) == "This person cannot take this case; choose somebody else."


@pytest.mark.parametrize("state", ["assigned", "checking", "checked"])
def test_case_is_not_handed_over_to_its_own_reporter(db: Database, world: World, state: str) -> None:
    with db.write() as session:
        case = reach(session, world, "hazard_report", state)
        case.facts = {**case.facts, "reporter_mark": sealed.mark("+8613800000003")}

        with pytest.raises(FieldRefused, match="This person cannot take this case"):
            assign(session, world, case, "warden2", step="reassign")


def test_own_report_is_known_after_the_vaults_key_was_changed(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.write() as session:
        case = report(session, world, phone=HANDLER_PHONE)
    changed = Keyring("new:" + base64.b64encode(bytes(32)).decode() + "," + get_settings().vault_key)
    monkeypatch.setattr(sealed, "keyring", lambda: changed)

    with db.write() as session, pytest.raises(TransitionRefused, match="made this report yourself"):
        press(session, world, cases.by_id(session, case.id), "handler", "accept")


def test_other_peoples_reports_are_not_merged_into_ones_own(db: Database, world: World) -> None:
    with db.write() as session:
        own, other = report(session, world, phone=HANDLER_PHONE), report(session, world)

        with pytest.raises(FieldRefused, match="made this report yourself"):
            press(session, world, other, "handler", "merge", into=own.number)


# What the system does by itself.


def test_repeated_triage_assigns_nothing_a_handler_accepted(db: Database, world: World) -> None:
    with db.write() as session:
        case = report(session, world)
        press(session, world, case, "handler", "accept", hazard_code="FAC-02", verify_class="B3WD")

        done = reports.triage(session, case.id, at=world.clock.now)

        assert (done.accepted, done.assigned_to, done.doubt) == (False, None, None)
        assert cases.by_id(session, case.id).state == "accepted"


def test_repeated_triage_says_again_that_no_warden_is_free(db: Database, world: World) -> None:
    with db.write() as session:
        case = report(session, world, venue_code=world.codes["lonely"], hazard="equipment", description="烟感不亮")
        first = reports.triage(session, case.id, at=world.clock.now)
        warden = Post(
            id=new_id(), person_id=world.people["warden"], role="warden", from_on=date(2020, 1, 1),
            area_id=world.areas["empty"],
        )  # fmt: skip
        session.add(warden)
        session.flush()

        again = reports.triage(session, case.id, at=world.clock.now)

        assert first == again
        assert again.doubt is not None
        assert cases.by_id(session, case.id).assignee_id is None


# Handing over and urging.


def test_checked_report_is_handed_over_before_it_is_sent_back(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "hazard_report", "checked")

        assign(session, world, case, "warden2", step="reassign")
        press(session, world, case, "handler", "send_back")

        assert case.assignees == (world.people["warden2"],)


def test_reporter_does_not_urge_after_the_answer(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "hazard_report", "replied")

        with pytest.raises(TransitionRefused):
            press(session, world, case, "reporter", "remind")
        press(session, world, case, "handler", "remind")


# Who may be assigned.


@pytest.mark.parametrize(
    ("team", "field"),
    [
        (("warden", "inspector1"), "second"),
        (("inspector1",), "second"),
        (("inspector1", "inspector1"), "second"),
        (("inspector1", "warden"), "second"),
        (("officer",), "assignee"),
        (("handler",), "assignee"),
    ],
)
def test_check_is_a_wardens_or_two_inspectors(db: Database, world: World, team: tuple[str, ...], field: str) -> None:
    with db.write() as session:
        case = reach(session, world, "hazard_report", "accepted")

        with pytest.raises(FieldRefused) as refused:
            assign(session, world, case, *team)

        assert refused.value.refusal.field == field


def test_reassigning_to_the_same_person_is_refused(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "hazard_report", "assigned")

        with pytest.raises(FieldRefused, match="assigned to this person already"):
            assign(session, world, case, "warden", step="reassign")


# The time to verify runs from receipt, whatever happens in between.


def clock_of(case: Case, name: str = "verify") -> tuple[str, str]:
    return case.clocks[name]["started_at"], case.clocks[name]["due_at"]


def test_no_detour_gives_new_time_to_verify(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "hazard_report", "assigned")
        given = clock_of(case)

        for who, step in (
            ("warden", "decline"), ("handler", "assign"), ("handler", "reassign"), ("assignee", "start_check"),
            ("assignee", "record_finding"), ("handler", "send_back"),
        ):  # fmt: skip
            world.clock.advance(hours=3)
            press(session, world, case, who, step)
            assert clock_of(case) == given, step
            assert case.clocks["verify"]["running"] == (case.state != "checked")


def test_reclassifying_changes_the_length_not_the_start(db: Database, world: World) -> None:
    with db.write() as session:
        case = report(session, world)
        press(session, world, case, "handler", "accept", hazard_code="FAC-02", verify_class="B3WD")
        started, due = clock_of(case)
        world.clock.advance(hours=2)

        press(session, world, case, "handler", "reclassify", hazard_code="EVA-01", verify_class="A24H", reason="锁门")

        assert started == case.opened_at.isoformat() == clock_of(case)[0]
        assert clock_of(case)[1] < due
        assert case.due_at.isoformat() == clock_of(case)[1]


def test_only_a_supervisor_gives_more_time_than_a_day(db: Database, world: World) -> None:
    with db.write() as session:
        case = report(session, world)
        press(session, world, case, "handler", "accept", hazard_code="EVA-01", verify_class="A24H")
        looser = {"hazard_code": "FAC-02", "verify_class": "B3WD", "reason": "核实后不属于锁闭"}

        with pytest.raises(FieldRefused, match="Only a supervisor"):
            press(session, world, case, "handler", "reclassify", **looser)
        press(session, world, case, "supervisor", "reclassify", **looser)

        assert case.facts["verify_class"] == "B3WD"


@pytest.mark.parametrize(("code", "why"), [("OTH-99", "not checked on site"), ("XYZ-1", "no hazard with the code")])
def test_hazard_nobody_checks_is_not_accepted(db: Database, world: World, code: str, why: str) -> None:
    with db.write() as session:
        case = report(session, world)

        with pytest.raises(FieldRefused, match=why):
            press(session, world, case, "handler", "accept", hazard_code=code, verify_class=None)


def test_second_check_has_its_own_time_from_the_objection_and_no_more(db: Database, world: World) -> None:
    with db.write() as session:
        case = reopened(session, world)
        objected_at = world.clock.now
        given = clock_of(case, "verify_again")
        assert given[0] == objected_at.isoformat()
        assert not case.clocks["verify"]["running"]

        for who, step in (
            ("supervisor", "assign"), ("assignee", "start_check"), ("assignee", "record_finding"),
            ("supervisor", "send_back"),
        ):  # fmt: skip
            world.clock.advance(hours=3)
            press(session, world, case, who, step)

        assert clock_of(case, "verify_again") == given
        assert case.clocks["verify_again"]["running"]


# What a reporter writes.


@pytest.mark.parametrize(
    ("state", "step", "field"),
    [
        ("replied", "object", "text"),
        ("replied", "rate", "comment"),
        ("reported", "withdraw", "reason"),
        ("reported", "add_information", "text"),
        ("reported", "remind", "note"),
    ],
)
def test_reporters_words_are_in_the_vault_alone(db: Database, world: World, state: str, step: str, field: str) -> None:
    words = "我是三楼的王阿姨"
    with db.write() as session:
        case = reach(session, world, "hazard_report", state)
        given = {field: words, "note": words, **({"rating": 2} if step == "rate" else {})}
        press(session, world, case, "reporter", step, **given)

        entry = session.get_one(TimelineEntry, (case.id, case.version))
        assert words not in str(entry.data)
        for name in {field, "note"}:
            item = sealed.referenced(entry.data[name])
            assert item is not None
            assert sealed.get(session, item) == words


@pytest.mark.parametrize(("rating", "state"), [(5, "closed"), (4, "closed"), (3, "replied"), (1, "replied")])
def test_satisfied_reporter_closes_the_case(db: Database, world: World, rating: int, state: str) -> None:
    with db.write() as session:
        case = reach(session, world, "hazard_report", "replied")

        press(session, world, case, "reporter", "rate", rating=rating)

        assert case.state == state


@pytest.mark.parametrize("zone", [city_zone(), UTC])
def test_moments_are_written_in_utc_whatever_zone_they_came_in(db: Database, world: World, zone: Any) -> None:
    world.clock.now = world.clock.now.astimezone(zone)

    with db.write() as session:
        case = reach(session, world, "hazard_report", "replied")

        assert case.clocks["verify"]["started_at"] == "2026-08-23T05:58:00+00:00"
        assert case.facts["replied_at"] == "2026-08-23T05:58:00+00:00"
        assert case.opened_at == case.changed_at == world.clock.now


def test_moment_without_a_zone_is_refused(db: Database, world: World) -> None:
    world.clock.now = world.clock.now.replace(tzinfo=None)

    with db.write() as session, pytest.raises(ValueError, match="without a time zone"):
        order(session, world)
