"""What a phone brings back: once, however often it is sent; refused is what is no record; honest work is not lost."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete
from sqlmodel import col, func, select

from domain import cases, faultpoints, sweep
from domain.actors import SYSTEM
from domain.database import Database
from domain.identifiers import new_facility_code
from domain.language import CHINESE
from domain.models import (
    Case,
    PatrolAnswer,
    PatrolBatch,
    PatrolCheckIn,
    PatrolTask,
    Person,
    Photo,
    Post,
    TimelineEntry,
    Venue,
)
from domain.patrols import proof
from domain.patrols.items import Item
from tests.at_once import at_once
from tests.patrols import (
    CRITICAL,
    ITEMS,
    LATITUDE,
    Phone,
    Round,
    add_version,
    case_of,
    keep_photo,
    make_task,
    make_template,
    row_of,
)
from tests.world import World

RECORDS = (PatrolBatch, PatrolCheckIn, PatrolAnswer)


def counted(db: Database, *models: type) -> list[int]:
    with db.read() as session:
        return [session.exec(select(func.count()).select_from(model)).one() for model in models]


def steps_of(db: Database, task: Round) -> list[str]:
    with db.read() as session:
        rows = select(TimelineEntry.transition).where(TimelineEntry.case_id == task.task_id)
        return list(session.exec(rows.order_by(TimelineEntry.seq)))  # type: ignore[arg-type]


def missed(db: Database, world: World, task: Round, **length: float) -> None:
    """Let time pass and the sweep find that nobody had done it."""
    at = world.clock.advance(**length)
    with db.write() as session:
        sweep.ring(session, task.task_id, "miss", at=at)


def test_a_whole_patrol_is_done_and_sent_again_changes_nothing(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world)
    phone = Phone(world, task)
    phone.walks()
    sent = phone.delivery(done=True)

    said = phone.delivers(db, sent)

    assert (said["state"], said["refused"], said["doubts"]) == ("done", [], [])
    assert len(said["accepted"]) == 7
    version = case_of(db, task).version
    world.clock.advance(minutes=5)
    assert phone.delivers(db, sent) == said
    resent = phone.delivers(db, {**sent, "batch": str(uuid4())})
    assert sorted(resent["accepted"]) == sorted(said["accepted"])
    assert (case_of(db, task).version, counted(db, *RECORDS)) == (version, [1, 3, 4])
    row = row_of(db, task)
    assert (row.outcome, row.points_done, row.failed, row.doubts) == ("done", 3, 0, 0)


def test_what_is_no_record_is_refused_by_its_id_and_holds_nothing_up(db: Database, world: World) -> None:
    retired = Item("P09", "已取消的检查项", "Retired")
    with db.write() as session:
        task = make_task(session, world, items=[*ITEMS, Item("T01", "压力", answer="reading", evidence="none")])
        other = make_task(session, world, venue="market")
        elsewhere = make_template(session, at=world.clock.now)[1]
        venue = session.get_one(Venue, task.venue_id)
        foreign_photo = keep_photo(session, at=world.clock.now, case_id=other.task_id)
    phone = Phone(world, task)
    good = phone.visits(1), phone.finds(1, "P06", value={"choice": "pass", "number": float("inf"), "text": "\x00"})
    wrong = {
        phone.visits(2, code="ABCDEFGHJK"): ("code", "不是本系统"),
        phone.visits(2, code=new_facility_code()): ("code", "没有场所或设施"),
        phone.visits(2, code=other.codes[1]): ("code", "其他场所"),
        phone.visits(0, code=f"https://x/v/{other.codes[0]}"): ("code", "其他场所"),
        phone.visits(2, code=task.codes[3]): ("code", "另一个巡查点"),
        phone.visits(2, code="", how="none"): ("reason", "为何没有扫码"),
        phone.visits(9): ("point", "没有这个巡查点"),
        phone.visits(2, how="guessed"): ("how", "无法读取"),
        phone.visits(2, claimed_at="9999-12-31T23:59:59Z"): ("claimed_at", "无法读取"),
        phone.finds(2, retired.code): ("item", "没有检查项 P09"),
        phone.finds(2, "P06", version=str(elsewhere.id)): ("version", "版本"),
        phone.finds(9, "P06"): ("point", "没有这个巡查点"),
        phone.finds(2, "P06", "splendid"): ("value", "合格"),
        phone.finds(2, "P06", value={"choice": ["pass"]}): ("value", "合格"),
        phone.finds(2, "T01", value={"number": 10**400}): ("value", "不合理"),
        phone.finds(2, "T01", value={"number": float("nan")}): ("value", "不是数字"),
        phone.finds(2, "P\ud800\x00", "pass"): ("item", "没有检查项 P"),
        phone.finds(2, "P06", "fail"): ("photos", "照片"),
        phone.finds(2, "P06", photos=[foreign_photo]): ("photos", "其他案件"),
        phone.finds(2, "P06", comment="长" * 501): ("comment", "无法读取"),
    }

    said = phone.delivers(db)

    assert set(said["accepted"]) == set(good)
    refused = {one["id"]: (one["field"], one["reason"].in_language(CHINESE)) for one in said["refused"]}
    assert refused.keys() == wrong.keys()
    for record, (field, words) in wrong.items():
        assert refused[record][0] == field
        assert words in refused[record][1]
    assert counted(db, *RECORDS) == [1, 1, 1]
    assert venue.code == task.codes[0]


@pytest.mark.parametrize("who", ["warden2", "manager", "nobody's"])
def test_anothers_task_is_refused_by_record_and_nothing_is_kept(db: Database, world: World, who: str) -> None:
    with db.write() as session:
        task = make_task(session, world, venue="market", role="officer")
    phone = Phone(world, task, who="officer" if who == "nobody's" else who)
    ids = [phone.visits(1), phone.finds(1, "P06")]
    sent = phone.delivery(done=True, **({"task": str(uuid4())} if who == "nobody's" else {}))

    said = phone.delivers(db, sent)

    assert [one["id"] for one in said["refused"]] == [*ids, sent["batch"]]
    assert {(one["field"], str(one["reason"])) for one in said["refused"]} == {
        ("task", "This patrol is somebody else's.")
    }
    assert (said["accepted"], said["state"], counted(db, *RECORDS)) == ([], None, [0, 0, 0])


def test_what_somebody_else_recorded_waits_until_they_are_signed_in(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world)
    phone = Phone(world, task)
    record = phone.visits(1)
    sent = phone.delivery()

    manager = Phone(world, task, who="manager").delivers(db, sent)
    officer = phone.delivers(db, sent)

    assert [str(one["reason"])[:13] for one in manager["refused"]] == ["Somebody else"]
    assert officer["accepted"] == [record]


def test_answer_is_given_again_in_the_readers_language_and_to_who_holds_no_post_any_more(
    db: Database, world: World
) -> None:
    with db.write() as session:
        task = make_task(session, world)
    phone = Phone(world, task)
    phone.visits(1)
    phone.visits(2, code=task.codes[3])
    sent = phone.delivery()
    first = phone.delivers(db, sent)
    with db.write() as session:
        session.execute(delete(Post).where(col(Post.person_id) == world.people["officer"]))

    again = phone.delivers(db, sent)

    assert (again["accepted"], again["refused"]) == (first["accepted"], first["refused"])
    assert "灭火器" in again["refused"][0]["reason"].in_language(CHINESE)
    phone.visits(3)
    assert [one["field"] for one in phone.delivers(db)["refused"]] == ["task"]


def test_doubt_about_the_end_alone_is_counted_and_told(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world)
    phone = Phone(world, task)
    phone.walks()
    phone.delivers(db)
    phone.ahead, phone.offset = timedelta(hours=-2), timedelta()

    said = phone.delivers(db, done=True)

    assert (said["state"], [one["kind"] for one in said["doubts"]]) == ("done", ["clock_moved"])
    assert (row_of(db, task).doubts, steps_of(db, task)[2:]) == (1, ["start", "record", "complete"])
    with db.read() as session:
        assert list(proof.verify(session)) == []


def test_picture_in_somebodys_report_is_not_given_away(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world)
        report = cases.open_case(session, "hazard_report", actor=SYSTEM, at=world.clock.now)
        keep_photo(session, at=world.clock.now, original="c" * 64, case_id=report.id)
        same = keep_photo(session, at=world.clock.now, original="c" * 64)
    phone = Phone(world, task)
    phone.visits(1)
    phone.finds(1, "P06", photos=[same])

    assert phone.delivers(db)["doubts"] == []


def test_task_takes_150_photos_and_leaves_the_others_on_the_phone(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world, points=25)
        photos = [keep_photo(session, at=world.clock.now) for _ in range(200)]
    phone = Phone(world, task)
    for seq in range(1, 26):
        phone.visits(seq)
        phone.finds(seq, "P06", photos=photos[(seq - 1) * 8 : seq * 8])

    said = phone.delivers(db)

    assert len(said["refused"]) == 7
    assert {one["field"] for one in said["refused"]} == {"photos"}
    with db.read() as session:
        kept = select(func.count()).select_from(Photo).where(Photo.case_id == task.task_id)
        assert session.exec(kept).one() == 144
    more = Phone(world, task, device=phone.device, _seq=phone._seq)
    more.finds(25, "P06", photos=photos[144:150])
    more.finds(24, "P06", photos=photos[150:151])
    assert [one["field"] for one in more.delivers(db)["refused"]] == ["photos"]


def test_same_delivery_from_two_processes_at_once_is_taken_in_once(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world)
        photo = keep_photo(session, at=world.clock.now)
    phone = Phone(world, task)
    phone.walks()
    phone.finds(3, "P06", "fail", photos=[photo])
    sent = phone.delivery(done=True)

    answers = at_once([partial(phone.delivers, db, sent)] * 4)

    assert [answer["state"] for answer in answers] == ["done"] * 4
    assert all(answer == answers[0] for answer in answers)
    assert counted(db, *RECORDS) == [1, 3, 5]
    assert steps_of(db, task) == ["plan", "begin", "start", "complete"]
    with db.read() as session:
        opened = session.exec(select(Case.number).where(Case.process == "rectification")).all()
        assert [{"answer": sent["answers"][-1]["id"], "number": number} for number in opened] == answers[0][
            "rectifications"
        ]


@pytest.mark.parametrize("moment", ["commit.before", "commit.after"])
def test_crash_loses_nothing_and_doubles_nothing(db: Database, world: World, moment: str) -> None:
    with db.write() as session:
        task = make_task(session, world)
        photo = keep_photo(session, at=world.clock.now)
    phone = Phone(world, task)
    phone.walks()
    phone.finds(2, "P06", "fail", photos=[photo])
    sent = phone.delivery(done=True)

    def crash(name: str) -> None:
        if name == moment:
            raise ConnectionResetError

    faultpoints.install(crash)
    try:
        with pytest.raises(ConnectionResetError):
            phone.delivers(db, sent)
    finally:
        faultpoints.install(None)
    kept = moment == "commit.after"
    assert counted(db, *RECORDS) == ([1, 3, 5] if kept else [0, 0, 0])
    with db.read() as session:
        assert len(session.exec(select(Case).where(Case.process == "rectification")).all()) == kept
        assert session.get_one(Photo, UUID(photo)).case_id == (task.task_id if kept else None)

    said = phone.delivers(db, sent)

    assert (said["state"], len(said["rectifications"])) == ("done", 1)
    assert counted(db, *RECORDS) == [1, 3, 5]


def test_task_is_not_done_before_all_is_answered_and_signed(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world, is_signed=True)
        signature = keep_photo(session, at=world.clock.now)
    phone = Phone(world, task)
    phone.visits(1)
    phone.finds(1, "P06")
    few = phone.delivers(db, done=True)
    phone.walks()
    unsigned = phone.delivers(db, done=True)
    signed = phone.delivers(db, done=True, signature=signature)

    assert [(one["field"], str(one["reason"])) for one in few["refused"]] == [("done", "Answers still missing: 3.")]
    assert (few["state"], unsigned["state"], signed["state"]) == ("under_way", "under_way", "done")
    assert [one["field"] for one in unsigned["refused"]] == ["signature"]


def test_name_typed_as_a_signature_is_that_of_who_signs(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world, is_signed=True)
        name = session.get_one(Person, world.people["officer"]).name
    phone = Phone(world, task)
    phone.walks()
    end = {"claimed_at": phone.clock.isoformat(), "signature": None}

    wrong = phone.delivers(db, phone.delivery() | {"done": {**end, "typed": "别人的名字"}})
    right = phone.delivers(db, phone.delivery() | {"done": {**end, "typed": f" {name} "}})

    assert [(one["field"], name in str(one["reason"])) for one in wrong["refused"]] == [("signature", True)]
    assert (wrong["state"], right["state"]) == ("under_way", "done")


def test_who_completed_it_stays_who_did_whoever_brings_records_later(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world)
    first, second = Phone(world, task), Phone(world, task, who="manager")
    second.visits(1)
    first.walks()
    first.delivers(db, done=True)
    world.clock.advance(hours=1)

    second.delivers(db)

    assert steps_of(db, task)[-1] == "record"
    assert row_of(db, task).done_by == world.people["officer"]


def test_honest_work_that_arrives_late_was_in_time(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world)
    phone = Phone(world, task, ahead=timedelta(minutes=-47))
    phone.walks()
    done_at = world.clock.now
    ended = phone.clock
    missed(db, world, task, hours=9)

    said = phone.delivers(db, done=True, ended=ended)

    assert (said["state"], said["doubts"]) == ("done", [])
    assert steps_of(db, task)[-3:] == ["miss", "record", "prove_in_time"]
    row = row_of(db, task)
    assert (row.outcome, row.done_at) == ("done", done_at)


@pytest.mark.parametrize(
    ("allowed", "state", "step"), [(True, "done_late", "complete_late"), (False, "missed", "record")]
)
def test_late_work_stays_late(db: Database, world: World, allowed: bool, state: str, step: str) -> None:  # noqa: FBT001
    with db.write() as session:
        task = make_task(session, world, late_allowed=allowed)
    missed(db, world, task, hours=9)
    phone = Phone(world, task)
    phone.walks()

    said = phone.delivers(db, done=True)

    assert (said["state"], len(said["accepted"]), steps_of(db, task)[-1]) == (state, 7, step)


def test_late_work_is_late_also_when_nobody_has_looked_at_the_clock_yet(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world)
    world.clock.advance(hours=9)
    phone = Phone(world, task)
    phone.walks()

    assert phone.delivers(db, done=True)["state"] == "done_late"
    assert steps_of(db, task)[-3:] == ["start", "miss", "complete_late"]


def test_clock_that_was_moved_proves_nothing_and_is_doubted_once(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world)
    missed(db, world, task, hours=9)
    phone = Phone(world, task, ahead=timedelta(hours=-6), offset=timedelta())
    phone.walks()
    ended = phone.clock
    phone.ahead = timedelta()

    said = phone.delivers(db, done=True, ended=ended, clock={"offset_ms": 6 * 3.6e6})

    assert [one["kind"] for one in said["doubts"]] == ["clock_moved"]
    assert said["state"] == "done_late"
    assert row_of(db, task).doubts == 1


def test_clock_that_ran_back_between_two_records_is_doubted(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world)
    phone = Phone(world, task)
    phone.visits(1)
    world.clock.advance(minutes=30)
    phone.visits(2, claimed_at=(phone.clock - timedelta(hours=2)).isoformat())
    phone.finds(2, "P06")

    said = phone.delivers(db)

    assert [one["kind"] for one in said["doubts"]] == ["early", "clock_moved"]
    assert "90" in str(said["doubts"][-1]["reason"])


def test_answers_under_an_older_version_are_kept_with_their_wording_and_finish_the_task(
    db: Database, world: World
) -> None:
    with db.write() as session:
        task = make_task(session, world)
        newer = add_version(session, task.template_id, [*ITEMS, CRITICAL], number=2, at=world.clock.now)
        case = cases.by_id(session, task.task_id)
        row = session.get_one(PatrolTask, task.task_id)
        row.version_id = newer.id
        assert case.state == "open"
    phone = Phone(world, task)
    phone.walks()
    unknown = phone.finds(0, CRITICAL.code)

    said = phone.delivers(db, done=True)

    assert said["state"] == "done"
    assert [(one["id"], one["field"]) for one in said["refused"]] == [(unknown, "item")]
    with db.read() as session:
        assert set(session.exec(select(PatrolAnswer.version_id)).all()) == {task.version_id}


def test_nothing_is_taken_in_before_it_has_begun(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world, starts_in=timedelta(hours=1))
    phone = Phone(world, task)
    record = phone.visits(1)
    sent = phone.delivery()

    early = phone.delivers(db, sent)
    world.clock.advance(hours=1, seconds=1)
    later = phone.delivers(db, {**sent, "sent_at": phone.clock.isoformat()})

    assert [one["id"] for one in early["refused"]] == [record]
    assert (later["accepted"], later["state"]) == ([record], "under_way")
    assert [one["kind"] for one in later["doubts"]] == ["early"]


def test_nobody_is_at_two_venues_at_once(db: Database, world: World) -> None:
    with db.write() as session:
        here = make_task(session, world, person="warden", role=None)
        there = make_task(session, world, venue="market", person="warden", role=None)
        session.get_one(Venue, there.venue_id).lat = LATITUDE + 0.2
    one, two = Phone(world, here, who="warden"), Phone(world, there, who="warden")
    two.visits(1, lat=LATITUDE + 0.2)
    world.clock.advance(minutes=2)
    one.visits(1)
    assert one.delivers(db)["doubts"] == []

    said = two.delivers(db)
    world.clock.advance(hours=1)
    two.visits(2, lat=LATITUDE + 0.2)

    assert [(doubt["kind"], doubt["reason"].params["seconds"]) for doubt in said["doubts"]] == [("too_fast", 120)]
    assert two.delivers(db)["doubts"] == []


def test_phone_that_says_where_it_is_wrongly_is_kept_and_marked(db: Database, world: World) -> None:
    with db.write() as session:
        task = make_task(session, world)
        other = make_task(session, world, points=0)
        used = "a" * 64
        keep_photo(session, at=world.clock.now, original=used, case_id=other.task_id)
        reused = keep_photo(session, at=world.clock.now, original=used)
        old = keep_photo(session, at=world.clock.now, taken_at=world.clock.now - timedelta(days=3))
        twice = [keep_photo(session, at=world.clock.now, original="b" * 64) for _ in range(2)]
    phone = Phone(world, task)
    world.clock.advance(minutes=10)
    marked = {
        phone.visits(1, lat=LATITUDE + 5 / 111.2): ["far"],
        phone.visits(2, how="none", code="", reason="标签脱落", claimed_at=phone.clock.isoformat()): [
            "no_code",
            "too_fast",
        ],
        phone.visits(3, how="typed", lat=None, lon=None): ["typed_unplaced"],
        phone.finds(1, "P06", claimed_at=(phone.clock + timedelta(hours=3)).isoformat()): ["future"],
        phone.finds(2, "P06", photos=[reused, twice[0]]): ["photo_reused"],
        phone.finds(3, "P06", photos=[old, twice[1], str(uuid4())]): ["photo_time", "photo_reused", "photo_missing"],
    }

    sent = phone.delivery()
    said = phone.delivers(db, sent)

    marked[sent["batch"]] = ["clock_moved"]  # nobody's time goes back from the future
    found: dict[str, list[str]] = {}
    for one in said["doubts"]:
        found.setdefault(one["id"], []).append(one["kind"])
    assert found == marked
    assert (len(said["accepted"]), said["refused"], row_of(db, task).doubts) == (6, [], 7)
    far = next(one for one in said["doubts"] if one["kind"] == "far")["reason"]
    assert far.params["metres"] == pytest.approx(5000, abs=20)
