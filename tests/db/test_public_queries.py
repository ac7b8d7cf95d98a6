"""What the public may read of a venue and of a report; the cases are moved by firing transitions."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import event
from sqlmodel import select

from domain import cases, people, rectifications, reports, rulebooks
from domain.actors import Actor, Role
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Case, Delegation, OwnLimitRow, Person, Post, Venue
from domain.people import local_day
from domain.queries.public_report import PublicReport, public_report
from domain.queries.venue_notice import VenueNotice, venue_notice
from domain.reports import Intake, Opened
from domain.venues import UnknownVenue, VenueClosed
from tests.world import World

REPORTER = Actor(frozenset({Role.REPORTER}))


def opened(db: Database, world: World, **changes: object) -> Opened:
    intake = {"venue_code": world.codes["kuancheng"], "hazard": "escape", "description": "出口锁着"}
    with db.write() as session:
        report = reports.open_report(session, Intake(**{**intake, **changes}), actor=REPORTER, at=world.clock.now)
        reports.triage(session, report.case.id, at=world.clock.now)
    return report


def fire(db: Database, world: World, case_id: object, who: str, name: str, **data: object) -> None:
    with db.write() as session:
        case = cases.reload(session, case_id)
        actor = reports.reporter_of(case) if who == "reporter" else world.actor(session, who)
        cases.fire(session, case, name, actor=actor, at=world.clock.advance(hours=1), data=data)


def checked_and_answered(db: Database, world: World, report: Opened) -> None:
    fire(db, world, report.case.id, "warden", "start_check", venue_code=world.codes["kuancheng"])
    fire(db, world, report.case.id, "warden", "record_finding", outcome="substantiated", description="锁着",
         hazards=["EVA-02", "FAC-07"], corrected=["FAC-07"], no_photo_reason="测试")  # fmt: skip
    with db.read() as session:
        finding = cases.by_id(session, report.case.id).version
    fire(db, world, report.case.id, "handler", "reply", text="属实,已责令整改。")
    with db.write() as session:
        rectifications.open_from_finding(session, report.case.id, finding, at=world.clock.now)


def notice(db: Database, world: World, key: str = "kuancheng") -> VenueNotice:
    with db.read() as session:
        return venue_notice(session, world.codes[key], at=world.clock.now)


def read(db: Database, world: World, report: Opened) -> PublicReport:
    with db.read() as session:
        return public_report(session, reports.by_receipt(session, report.receipt), at=world.clock.now)


def test_notice_of_a_quiet_venue_names_people_masked_and_counts_nothing(db: Database, world: World) -> None:
    said = notice(db, world)

    assert (said.name, said.owner, said.warden, said.area) == ("宽澄·鼎元一期南", "蒋*", "李*", "广龙片区")
    assert (said.open_rectifications, said.hazards, said.checked_at) == (0, (), None)
    assert said.graded.grade == "unrated"


def test_notice_takes_one_statement(db: Database, world: World) -> None:
    statements = []
    event.listen(db.readers, "before_cursor_execute", lambda *given: statements.append(given[2]))

    notice(db, world)

    assert len([text for text in statements if text.startswith(("SELECT", "WITH"))]) == 1


def test_notice_counts_open_rectifications_and_the_last_check(db: Database, world: World) -> None:
    report = opened(db, world)
    checked_and_answered(db, world, report)
    with db.read() as session:
        ordered = cases.by_number(session, "ZG-2026-000001")
    day = (world.clock.now + timedelta(days=5)).date()
    fire(db, world, ordered.id, "inspector1", "serve", correct_by=day, served_to="店长")

    said = notice(db, world)
    world.clock.advance(days=7)
    late = notice(db, world)

    assert said.open_rectifications == 1
    assert [(one.hazard.code, one.correct_by, one.is_overdue) for one in said.hazards] == [("EVA-02", day, False)]
    assert said.checked_at is not None
    assert [one.is_overdue for one in late.hazards] == [True]
    assert late.graded.grade == "poor"


def test_notice_says_when_the_venue_was_last_patrolled(db: Database, world: World) -> None:
    first, now = world.clock.now, world.clock.advance(days=2)
    walked = [
        ("kuancheng", "done", first), ("kuancheng", "done_late", first + timedelta(hours=5)),
        ("kuancheng", "missed", now), ("kuancheng", "excused", now), ("market", "done", now),
    ]  # fmt: skip
    assert notice(db, world).patrolled_at is None
    with db.write() as session:
        for number, (venue, state, closed_at) in enumerate(walked):
            session.add(Case(id=new_id(), number=f"XC-{number}", process="patrol_task", state=state, chain_head=b"",
                             opened_at=first, changed_at=closed_at, closed_at=closed_at,
                             venue_id=world.venues[venue]))  # fmt: skip

    said = notice(db, world)

    assert said.patrolled_at == first + timedelta(hours=5)
    assert said.checked_at is None, "a patrol by the venue's own people is no check"
    assert notice(db, world, "market").patrolled_at == now


def test_notice_names_the_same_warden_as_assignment_does(db: Database, world: World) -> None:
    report = opened(db, world)

    with db.read() as session:
        case = cases.by_id(session, report.case.id)
        assert case.assignee_id == world.people["warden"]
    assert notice(db, world).warden == "李*"
    assert notice(db, world, "lonely").warden == ""


def cover(db: Database, world: World, who: str, instead_of: str, **changes: object) -> None:
    today = local_day(world.clock.now)
    fields = {"from_on": today, "until_on": today, "made_at": world.clock.now, **changes}
    with db.write() as session:
        session.add(
            Delegation(id=new_id(), from_person_id=world.people[instead_of], to_person_id=world.people[who], **fields)
        )


def test_notice_names_whoever_covers_for_the_warden_today(db: Database, world: World) -> None:
    cover(db, world, "warden2", "warden")

    today = notice(db, world)
    world.clock.advance(days=1)
    tomorrow = notice(db, world)

    assert (today.warden, tomorrow.warden) == ("钱*", "李*")


def test_cover_that_was_ended_or_is_of_another_post_changes_nothing(db: Database, world: World) -> None:
    cover(db, world, "warden2", "warden", ended_at=world.clock.now)
    with db.write() as session:
        other = session.exec(select(Post.id).where(Post.person_id == world.people["officer"])).one()
    cover(db, world, "warden2", "warden", post_id=other)

    assert notice(db, world).warden == "李*"


def test_suspended_venue_says_so_and_has_no_grade(db: Database, world: World) -> None:
    with db.write() as session:
        venue = session.get_one(Venue, world.venues["kuancheng"])
        venue.suspended_on, venue.hours = date(2026, 8, 1), [{"days": [7], "from": "09:00", "until": "22:00"}]

    said = notice(db, world)

    assert (said.suspended_on, said.graded.grade, said.is_open_now) == (date(2026, 8, 1), "unrated", None)


def test_open_hours_are_asked_at_the_citys_clock(db: Database, world: World) -> None:
    with db.write() as session:
        venue = session.get_one(Venue, world.venues["kuancheng"])
        venue.hours = [{"days": [7], "from": "13:00", "until": "14:00"}]

    assert notice(db, world).is_open_now
    world.clock.advance(minutes=2)
    assert notice(db, world).is_open_now is False


def test_report_that_nobody_has_verified_changes_nothing(db: Database, world: World) -> None:
    opened(db, world, hazard="escape")

    said = notice(db, world)

    assert (said.open_rectifications, said.hazards, said.graded.grade) == (0, (), "unrated")


def test_venue_checked_and_put_right_is_good_for_ninety_days(db: Database, world: World) -> None:
    report = opened(db, world)
    checked_and_answered(db, world, report)
    with db.read() as session:
        ordered = cases.by_number(session, "ZG-2026-000001")
    fire(db, world, ordered.id, "supervisor", "revoke", reason="查无此隐患")

    now = notice(db, world)
    world.clock.advance(days=91)
    later = notice(db, world)

    assert (now.graded.grade, later.graded.grade) == ("good", "unrated")


@pytest.mark.parametrize("areas", [("chengyang",), ("lanshan", "chengyang"), (None,), (None, "lanshan"), ("fuxian",)])
def test_warden_of_the_nearest_area_above_is_named(db: Database, world: World, areas: tuple[str | None, ...]) -> None:
    with db.write() as session:
        for number, area in enumerate(areas):
            person = Person(id=new_id(), name=f"{'甲乙'[number]}专管")
            session.add(person)
            session.flush()
            area_id = world.areas[area] if area else None
            session.add(
                Post(id=new_id(), person_id=person.id, role="warden", area_id=area_id, from_on=date(2021, 1, 1))
            )
    with db.read() as session:
        day = local_day(world.clock.now)
        expected = people.in_charge(session, Role.WARDEN, world.areas["empty"], day=day)

    said = notice(db, world, "lonely")

    assert said.warden == (f"{expected[0].name[0]}*" if expected else "")


def test_notice_is_refused_for_no_code_and_for_a_closed_venue(db: Database, world: World) -> None:
    with db.read() as session:
        for code in ("", "22222223", "x" * 500, "宽澄"):
            with pytest.raises(UnknownVenue):
                venue_notice(session, code, at=world.clock.now)
        with pytest.raises(VenueClosed) as closed:
            venue_notice(session, world.codes["closed"], at=world.clock.now)
    assert closed.value.venue.name == "已歇业饭店"


def test_reporter_reads_deadline_first_and_the_answer_last(db: Database, world: World) -> None:
    report = opened(db, world)
    start = world.clock.now

    before = read(db, world, report)
    checked_and_answered(db, world, report)
    after = read(db, world, report)

    assert [step.words.en for step in before.steps] == ["Received", "Taken up", "Somebody is on the way"]
    assert before.due_at == start + timedelta(hours=24)
    assert (before.reply, before.found) == (None, ())
    assert after.reply == "属实,已责令整改。"
    assert [(found.hazard.code, found.is_corrected) for found in after.found] == [
        ("EVA-02", False),
        ("FAC-07", True),
    ]
    assert after.steps[-1].words.zh == "已答复"


def test_reporter_is_told_that_the_check_is_late(db: Database, world: World) -> None:
    report = opened(db, world)
    world.clock.advance(hours=25)

    assert read(db, world, report).ahead[0].is_late


def test_merged_reporter_reads_the_shared_answer_and_its_hazards(db: Database, world: World) -> None:
    first = opened(db, world)
    second = opened(db, world, hazard="other", description="还是出口的事")
    fire(db, world, second.case.id, "handler", "merge", into=first.case.number)
    joined = read(db, world, second)
    checked_and_answered(db, world, first)

    answered = read(db, world, second)

    assert joined.is_joined
    assert joined.reply is None
    assert answered.reply == "属实,已责令整改。"
    assert len(answered.found) == 2


def test_nothing_of_staff_stands_in_a_public_report(db: Database, world: World) -> None:
    report = opened(db, world)
    fire(db, world, report.case.id, "handler", "comment", text="内部备注")
    checked_and_answered(db, world, report)

    said = repr(read(db, world, report))

    for secret in ("内部备注", "李庚", "赵受理", "+86138", "测试"):
        assert secret not in said


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_reporter_reads_the_limit_that_holds_and_not_only_the_laws(db: Database, world: World) -> None:
    said = []
    for hazard in ("escape", "equipment"):
        with db.write() as session:
            rule = "CMP-20" if hazard == "escape" else "CMP-21"
            amount, unit = (8, "elapsed_hour") if hazard == "escape" else (2, "working_day")
            since = world.clock.now - timedelta(days=1)
            session.add(OwnLimitRow(id=new_id(), rule=rule, amount=amount, unit=unit, reason="-", from_at=since))
            rulebooks.forget(session)
        first, *_ = read(db, world, opened(db, world, hazard=hazard)).ahead
        said.append((first.words.in_language("zh_CN"), first.words.in_language("en")))

    assert said == [
        ("8 小时内现场核查", "Checked on site within 8 hours"),
        ("2 个工作日内现场核查", "Checked on site within 2 working days"),
    ]
