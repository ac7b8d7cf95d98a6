"""What comes of answers: two phones that differ, doubts people decide on, rectifications in the same transaction."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from domain import cases, people, rectifications
from domain.actors import SYSTEM
from domain.cases import FieldRefused
from domain.database import Database
from domain.models import (
    Case,
    CaseLink,
    ChecklistVersion,
    Outbox,
    PatrolAnswer,
    PatrolBatch,
    PatrolCheckIn,
    PatrolPlan,
    PatrolTask,
    TimelineEntry,
)
from domain.patrols import judging, proof
from domain.patrols.task_page import task_page
from domain.workflow import TransitionRefused
from notifications import recipients
from tests.at_once import at_once
from tests.patrols import CRITICAL, ITEMS, LATITUDE, Phone, Round, keep_photo, make_task, next_task, row_of
from tests.world import START, World


@pytest.fixture
def task(db: Database, world: World) -> Round:
    with db.write() as session:
        return make_task(session, world, items=[*ITEMS, CRITICAL])


def shot(db: Database, world: World) -> str:
    with db.write() as session:
        return keep_photo(session, at=world.clock.now)


def fires(db: Database, world: World, case_id: UUID, who: str, step: str, **data: object) -> None:
    with db.write() as session:
        actor = SYSTEM if who == "system" else world.actor(session, who)
        cases.fire(session, cases.reload(session, case_id), step, actor=actor, at=world.clock.now, data=data)


def answers_of(db: Database, task: Round) -> dict[str, PatrolAnswer]:
    with db.read() as session:
        rows = session.exec(select(PatrolAnswer).where(PatrolAnswer.case_id == task.task_id))
        return {str(row.id): row for row in rows}


def rectified(session: Session) -> list[Case]:
    query = select(Case).where(Case.process == "rectification").order_by(Case.number)
    return list(session.exec(query))


def test_of_two_phones_the_worst_counts_until_a_person_decides(db: Database, world: World, task: Round) -> None:
    one, two = Phone(world, task), Phone(world, task, who="manager")
    fine, alike = one.finds(2, "P06"), one.finds(3, "P06")
    one.delivers(db)
    world.clock.advance(minutes=5)
    two.finds(3, "P06")
    broken = two.finds(2, "P06", "fail", photos=[shot(db, world)])

    said = two.delivers(db)

    assert (said["conflicts"], len(said["rectifications"])) == ([broken], 1)
    rows = answers_of(db, task)
    assert (rows[fine].stands, rows[fine].against, rows[broken].stands) == (False, UUID(broken), True)
    assert sum(row.stands for row in rows.values()) == 2
    assert rows[alike].against is None
    assert (row_of(db, task).conflicts, row_of(db, task).failed) == (1, 1)
    with pytest.raises(FieldRefused):
        fires(db, world, task.task_id, "owner", "decide_conflict", answer=alike, reason="看过现场")
    with pytest.raises(TransitionRefused):
        fires(db, world, task.task_id, "officer", "decide_conflict", answer=fine, reason="我没看错")

    fires(db, world, task.task_id, "owner", "decide_conflict", answer=fine, reason="看过现场，压力正常")

    rows = answers_of(db, task)
    assert (rows[fine].stands, rows[broken].stands, rows[broken].against) == (True, False, None)
    assert (row_of(db, task).conflicts, row_of(db, task).failed) == (0, 0)
    with db.read() as session:
        (case,) = rectified(session)
        assert (case.state, session.get_one(TimelineEntry, (case.id, case.version)).data["reason"]) == (
            "revoked",
            f"{task.number}：看过现场，压力正常",
        )
    world.clock.advance(minutes=5)
    again = two.finds(2, "P06", "fail", photos=[shot(db, world)])
    assert two.delivers(db)["conflicts"] == [again]
    with db.read() as session:
        assert list(proof.verify(session)) == []


def test_nobody_decides_between_their_own_answer_and_anothers(db: Database, world: World, task: Round) -> None:
    one, two = Phone(world, task), Phone(world, task, who="manager")
    one.finds(2, "P06", "fail", photos=[shot(db, world)])
    one.delivers(db)
    fine = two.finds(2, "P06")
    two.delivers(db)

    with pytest.raises(TransitionRefused, match="took part"):
        fires(db, world, task.task_id, "manager", "decide_conflict", answer=fine, reason="我说了算")


def test_what_another_patrol_still_asks_for_is_not_taken_back(db: Database, world: World, task: Round) -> None:
    one, two = Phone(world, task), Phone(world, task, who="manager")
    fine = one.finds(2, "P06")
    one.delivers(db)
    two.finds(2, "P06", "fail", photos=[shot(db, world)])
    two.delivers(db)
    with db.write() as session:
        row = session.get_one(PatrolTask, task.task_id)
        other = next_task(session, world, *_plan_and_version(session, row), codes=task.codes,
                          starts_in=timedelta(seconds=-1))  # fmt: skip
    third = Phone(world, other)
    third.finds(2, "P06", "fail", photos=[shot(db, world)])
    third.delivers(db)

    fires(db, world, task.task_id, "owner", "decide_conflict", answer=fine, reason="看过现场")

    with db.read() as session:
        (case,) = rectified(session)
    assert case.state == "correcting"


def test_order_that_a_report_led_to_stays_secret_until_it_is_served(db: Database, world: World, task: Round) -> None:
    with db.write() as session:
        secret = cases.open_case(
            session, "rectification", actor=SYSTEM, at=world.clock.now, facts={"finding_seq": 4},
            columns={"venue_id": task.venue_id, "hazard_code": "ELE-02", "place": "-"},
        )  # fmt: skip
    phone = Phone(world, task)
    phone.finds(0, "P01", "fail")

    (own,) = phone.delivers(db)["rectifications"]

    assert own["number"] != secret.number
    with db.read() as session:
        page = task_page(session, cases.by_id(session, task.task_id), actor=world.actor(session, "manager"),
                         at=world.clock.now)  # fmt: skip
        assert [number for number, *_ in page.rectifications] == [own["number"]]
    world.clock.advance(minutes=5)
    served = {"correct_by": people.local_day(world.clock.now), "served_to": "物业经理"}
    fires(db, world, secret.id, "inspector1", "serve", **served)
    again = Phone(world, task, who="manager")
    again.finds(0, "P01", "fail", round=2)
    assert len(again.delivers(db)["rectifications"]) == 1
    with db.read() as session:
        assert len(rectified(session)) == 2


def test_what_a_warden_finds_is_not_closed_by_the_venue_alone(db: Database, world: World, task: Round) -> None:
    with db.write() as session:
        row = session.get_one(PatrolTask, task.task_id)
        plan, version = _plan_and_version(session, row)
        own = next_task(session, world, plan, version, codes=task.codes, starts_in=timedelta(minutes=-1))
        plan.role = "warden"
        session.flush()
        brigades = next_task(session, world, plan, version, codes=task.codes, starts_in=timedelta(minutes=-2))
    numbers = []
    for there, who in ((own, "officer"), (brigades, "warden"), (task, "officer")):
        phone = Phone(world, there, who=who)
        phone.finds(0, "P01", "fail")
        numbers.append(phone.delivers(db)["rectifications"][0]["number"])

    with db.read() as session:
        found = {case.number: case.facts["by_venue"] for case in rectified(session)}
    assert found == {numbers[0]: True, numbers[1]: False}
    assert numbers[2] in found


def test_correction_of_the_same_phone_stands_by_its_own_count(db: Database, world: World, task: Round) -> None:
    phone = Phone(world, task)
    early = phone.finds(1, "P06", "na", claimed_at=(world.clock.now + timedelta(seconds=50)).isoformat())
    late = phone.finds(1, "P06")
    later, phone.answers = [phone.answers[1]], [phone.answers[0]]
    sent_first = {**phone.delivery(), "answers": later}

    phone.delivers(db, sent_first)
    said = phone.delivers(db, {**phone.delivery(), "answers": [{**later[0], "id": early, "seq": 1}]})

    rows = answers_of(db, task)
    assert (rows[late].stands, rows[early].stands, said["conflicts"]) == (True, False, [])


def test_doubt_is_contested_and_decided_by_somebody_else(db: Database, world: World, task: Round) -> None:
    phone = Phone(world, task)
    far = phone.visits(1, lat=LATITUDE + 5 / 111.2)
    phone.visits(2, how="none", code="", reason="标签脱落")
    phone.delivers(db)

    fires(db, world, task.task_id, "officer", "contest", text="地下室没有信号")
    for who in ("officer", "warden2"):
        with pytest.raises(TransitionRefused):
            fires(db, world, task.task_id, who, "decide_doubt", subject=far, verdict="cleared", reason="-")
    with pytest.raises(FieldRefused):
        fires(db, world, task.task_id, "manager", "decide_doubt", subject=task.task_id, verdict="cleared", reason="-")
    fires(db, world, task.task_id, "manager", "decide_doubt", subject=far, verdict="cleared", reason="确有其事")

    assert row_of(db, task).doubts == 1
    with db.read() as session:
        (mark,) = session.get_one(PatrolCheckIn, UUID(far)).doubts
        assert (mark["decided"]["verdict"], mark["decided"]["reason"]) == ("cleared", "确有其事")
        assert list(proof.verify(session)) == []
    with pytest.raises(FieldRefused):
        fires(db, world, task.task_id, "manager", "decide_doubt", subject=far, verdict="upheld", reason="再想想")


@pytest.mark.parametrize(("verdict", "step"), [("cleared", "judge_kept"), ("upheld", "judge_gaps")])
def test_round_whose_doubt_stands_fills_no_gap(db: Database, world: World, verdict: str, step: str) -> None:
    with db.write() as session:
        rounds = make_task(session, world, kind="rounds", frequency="business_2h", lasts=timedelta(hours=3))
    phone = Phone(world, rounds)
    world.clock.advance(minutes=30)
    phone.visits(1)
    world.clock.advance(minutes=90)
    far = phone.visits(1, round=2, lat=LATITUDE + 1)
    phone.delivers(db)
    fires(db, world, rounds.task_id, "manager", "decide_doubt", subject=far, verdict=verdict, reason="查过监控")

    with db.write() as session:
        judged = judging.judge(session, rounds.task_id, at=world.clock.advance(hours=2))

    assert judged == step


def test_failing_answer_opens_a_rectification_with_all_that_is_known(db: Database, world: World, task: Round) -> None:
    phone, photo = Phone(world, task), shot(db, world)
    phone.visits(2)
    failing = phone.finds(2, "P06", "fail", photos=[photo], comment="压力不足")

    said = phone.delivers(db)

    with db.read() as session:
        (case,) = rectified(session)
        entry = session.get_one(TimelineEntry, (case.id, 1))
        assert session.get_one(PatrolAnswer, UUID(failing)).rectification_id == case.id
        held = session.exec(select(Outbox.effect).where(Outbox.case_id == case.id)).all()
    assert said["rectifications"] == [{"answer": failing, "number": case.number}]
    assert (case.state, case.hazard_code, case.parent_id) == ("correcting", "FAC-07", task.task_id)
    assert case.assignee_id == world.people["manager"]
    assert case.facts["found_by"] == str(world.people["officer"])
    assert (entry.data["photos"], held) == ([photo], ["notify_venue"])
    day = people.local_day(world.clock.now)
    assert case.facts["correct_by"] == rectifications.correct_by("FAC-07", on=day).isoformat()
    assert "MH-002" in (case.place or "")


def test_same_open_hazard_at_the_same_point_opens_no_second_one(db: Database, world: World, task: Round) -> None:
    def find_again(there: Round) -> str:
        phone = Phone(world, there)
        phone.finds(2, "P06", "fail", photos=[shot(db, world)])
        phone.finds(3, "P06")
        (found,) = phone.delivers(db)["rectifications"]
        return str(found["number"])

    first = find_again(task)
    world.clock.advance(days=1)
    with db.write() as session:
        row = session.get_one(PatrolTask, task.task_id)
        tomorrow = next_task(session, world, *_plan_and_version(session, row), codes=task.codes)
    assert find_again(tomorrow) == first

    with db.write() as session:
        (known,) = rectified(session)
        assert session.get_one(CaseLink, (tomorrow.task_id, known.id, rectifications.FOUND_AGAIN)).ended_at is None
        known = cases.reload(session, known.id)
        submit = {"description": "已更换", "photos": [keep_photo(session, at=world.clock.now)]}
        cases.fire(session, known, "submit", actor=world.actor(session, "officer"), at=world.clock.now, data=submit)
        gone = {"description": "已恢复", "no_photo_reason": "现场测试"}
        with pytest.raises(TransitionRefused):
            cases.fire(session, known, "confirm", actor=world.actor(session, "officer"), at=world.clock.now, data=gone)
        cases.fire(session, known, "confirm", actor=world.actor(session, "manager"), at=world.clock.now, data=gone)
        assert known.state == "closed"
    world.clock.advance(days=1)
    with db.write() as session:
        row = session.get_one(PatrolTask, task.task_id)
        third = next_task(session, world, *_plan_and_version(session, row), codes=task.codes)
    assert find_again(third) != first


@pytest.mark.parametrize(("submits", "told"), [("officer", "manager"), ("manager", "owner")])
def test_who_else_answers_for_the_place_is_asked_to_look_again(
    db: Database, world: World, task: Round, submits: str, told: str
) -> None:
    phone = Phone(world, task)
    phone.finds(2, "P06", "fail", photos=[shot(db, world)])
    phone.delivers(db)

    with db.write() as session:
        case = cases.reload(session, rectified(session)[0].id)
        form = {"description": "已更换", "photos": [keep_photo(session, at=world.clock.now)]}
        cases.fire(session, case, "submit", actor=world.actor(session, submits), at=world.clock.now, data=form)
        entry = session.get_one(TimelineEntry, (case.id, case.version))
        audience = recipients.recheckers(session, case, entry, world.clock.now)

    assert audience.people == (world.people[told],)


def _plan_and_version(session: Session, row: PatrolTask):
    return session.get_one(PatrolPlan, row.plan_id), session.get_one(ChecklistVersion, row.version_id)


def test_two_patrols_that_find_the_same_at_once_get_one(db: Database, world: World, task: Round) -> None:
    with db.write() as session:
        row = session.get_one(PatrolTask, task.task_id)
        plan, version = _plan_and_version(session, row)
        other = next_task(session, world, plan, version, codes=task.codes, starts_in=timedelta(seconds=-1))
    phones = [Phone(world, task), Phone(world, other, who="manager")]
    for phone in phones:
        phone.finds(2, "P06", "fail", photos=[shot(db, world)])

    answers = at_once([partial(phone.delivers, db) for phone in phones])

    with db.read() as session:
        (case,) = rectified(session)
        links = session.exec(select(CaseLink).where(CaseLink.to_id == case.id)).all()
    assert [answer["rectifications"][0]["number"] for answer in answers] == [case.number] * 2
    assert {links[0].from_id, case.parent_id} == {task.task_id, other.task_id}


def test_something_grave_calls_the_manager_once_and_is_due_the_same_day(
    db: Database, world: World, task: Round
) -> None:
    phone = Phone(world, task)
    phone.finds(0, CRITICAL.code, "fail", photos=[shot(db, world)])
    phone.delivers(db)
    other = Phone(world, task, who="manager")
    other.finds(0, CRITICAL.code, "fail", photos=[shot(db, world)])
    other.delivers(db)

    with db.read() as session:
        (case,) = rectified(session)
        calls = session.exec(select(Outbox.effect).where(Outbox.effect == "call_manager")).all()
        entry = session.exec(select(TimelineEntry).where(col(TimelineEntry.transition) == "report_critical")).one()
    assert case.facts["correct_by"] == people.local_day(world.clock.now).isoformat()
    assert calls == ["call_manager"]
    assert (entry.data["item"], entry.data["rectification"]) == (CRITICAL.code, case.number)


def test_what_stays_grave_round_after_round_calls_once_and_again_after_it_was_fine(
    db: Database, world: World, task: Round
) -> None:
    phone = Phone(world, task)
    for number, choice in enumerate(("fail", "fail", "pass", "fail"), start=1):
        photos = [shot(db, world)] if choice == "fail" else []
        phone.finds(0, CRITICAL.code, choice, photos=photos, round=number)
        phone.delivers(db)
        world.clock.advance(hours=1)

    with db.read() as session:
        calls = session.exec(select(Outbox.effect).where(Outbox.effect == "call_manager")).all()
    assert len(calls) == 2


def test_what_was_put_right_on_the_spot_is_recorded_and_calls_nobody(db: Database, world: World, task: Round) -> None:
    phone = Phone(world, task)
    phone.finds(0, CRITICAL.code, "fail", photos=[shot(db, world), shot(db, world)], corrected=True)

    phone.delivers(db)

    with db.read() as session:
        (case,) = rectified(session)
        assert not session.exec(select(Outbox).where(Outbox.effect == "call_manager")).all()
    assert case.state == "closed"


@pytest.mark.parametrize(
    "change",
    [
        update(PatrolAnswer).where(col(PatrolAnswer.item) == "P06").values(outcome="pass"),
        update(PatrolAnswer).where(col(PatrolAnswer.outcome) == "fail").values(stands=False),
        update(PatrolCheckIn).values(at=PatrolCheckIn.claimed_at),
        update(PatrolCheckIn).values(doubts=[]),
        delete(PatrolAnswer).where(col(PatrolAnswer.outcome) == "fail"),
        update(PatrolBatch).values(doubts=[]),
        update(PatrolAnswer).where(col(PatrolAnswer.outcome) == "fail").values(stands=False, settled_at=START),
    ],
)
def test_rows_changed_behind_our_back_are_found(db: Database, world: World, task: Round, change) -> None:
    phone = Phone(world, task, ahead=timedelta(minutes=7), offset=timedelta(minutes=5))
    phone.visits(1, how="none", code="", reason="标签脱落", claimed_at=(world.clock.now).isoformat())
    phone.finds(2, "P06", "fail", photos=[shot(db, world)])
    phone.finds(3, "P06")
    phone.delivers(db)
    with db.read() as session:
        assert list(proof.verify(session)) == []

    with db.write() as session:
        session.execute(change)

    with db.read() as session:
        assert [breach.where.split(" #")[0] for breach in proof.verify(session)] == [task.number]


def test_row_put_in_under_another_patrols_delivery_is_found(db: Database, world: World, task: Round) -> None:
    with db.write() as session:
        other = make_task(session, world)
    phone = Phone(world, task)
    visit = phone.visits(1)
    phone.delivers(db)
    with db.write() as session:
        row = session.get_one(PatrolCheckIn, UUID(visit)).model_dump()
        session.add(PatrolCheckIn.model_validate({**row, "id": uuid4(), "case_id": other.task_id}))

    with db.read() as session:
        assert [breach.where for breach in proof.verify(session)] == [other.number]
