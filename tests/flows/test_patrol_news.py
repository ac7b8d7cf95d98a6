"""Reminders before patrols are due and news of those missed: a digest per person, once, in hours people are up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from domain import errands
from domain.database import Database
from domain.identifiers import new_id
from domain.language import CHINESE, LOCALES
from domain.models import Account, Case, ClockRow, Delegation, Notice, PatrolTask, Post
from domain.patrols.planning import plan_day
from domain.queries import notice_list
from domain.queries.patrol_news import Occasion
from domain.settings import get_settings
from flows import patrol_news, timetable
from flows.chores import Chore
from flows.errands import carry_out
from flows.provider import provider_of
from flows.shift import Shift
from notifications import messages
from tests import filed
from tests.patrol_ground import Ground, open_late
from tests.world import World

JOBS = {job.name: job for job in timetable.JOBS}
DAY = date(2026, 11, 3)
OFFICER, MANAGER, OWNER, WARDEN, SUPERVISOR = (f"+86138000000{number}" for number in ("11", "12", "13", "02", "07"))


def local(hour: int, minute: int = 0, *, day: int = 3) -> datetime:
    """A time of the city's clock in November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


@pytest.fixture
def ground(db: Database, world: World) -> Ground:
    """Two daily tasks of the officer's post, one of the owner in person, one where no officer is."""
    made = Ground(world)
    with db.write() as session:
        made.plan(session, "kuancheng", "daily")
        made.plan(session, "kuancheng", "daily", title="二")
        made.plan(session, "market", "daily", who="person", person_id=world.people["owner"], role=None)
        made.plan(session, "lonely", "daily")
        for person, venue in (("manager", "lonely"), ("owner", "market")):
            session.add(Post(id=new_id(), person_id=world.people[person], role=person, from_on=date(2020, 1, 1),
                             venue_id=world.venues[venue]))  # fmt: skip
        session.flush()
        plan_day(session, DAY, at=local(20, day=2))
    return made


def run(db: Database, job: str, at: datetime) -> list[tuple[str, str]]:
    """Let the timetable do a job, carry out what it promised, and return the messages."""
    post = filed.Post()
    timetable.run(Shift(db, provider_of(get_settings()), now=lambda: at), JOBS[job])
    filed.carry_out_all(db, at, post=post)
    return post.sent


def end(db: Database, outcome: str, *venues: UUID) -> None:
    """Have the tasks of these venues (none: all that are open) end so, and their clocks with them."""
    with db.write() as session:
        here = col(PatrolTask.venue_id).in_(venues) if venues else col(PatrolTask.outcome) == ""
        session.execute(update(PatrolTask).where(here).values(outcome=outcome))
        ended = select(PatrolTask.case_id).where(PatrolTask.outcome != "")
        session.execute(update(ClockRow).where(col(ClockRow.case_id).in_(ended)).values(next_at=None))


@pytest.mark.usefixtures("ground")
def test_each_is_reminded_once_at_three_quarters_of_the_time_of_all_they_have(db: Database) -> None:
    early = run(db, patrol_news.REMINDERS, local(17, 59))
    sent = run(db, patrol_news.REMINDERS, local(18, 0))
    again = run(db, patrol_news.REMINDERS, local(18, 14))
    later = run(db, patrol_news.REMINDERS, local(18, 15))

    assert (early, again, later) == ([], [], [])
    assert sorted(to for to, _ in sent) == [OFFICER, MANAGER, OWNER]
    words = dict(sent)
    assert "您有2项巡查任务即将到期" in words[OFFICER]
    assert "11月3日24:00" in words[OFFICER]
    assert "无人片区小店" in words[MANAGER]  # whose post is vacant there, the manager is asked
    with db.read() as session:
        notices = session.exec(select(Notice)).all()
    assert sorted(notice.data["tasks"] for notice in notices) == [1, 1, 2]


def test_whoever_covers_is_reminded_and_who_is_done_is_not(db: Database, ground: Ground) -> None:
    world = ground.world
    with db.write() as session:
        session.add(Delegation(id=new_id(), from_person_id=world.people["officer"], from_on=DAY, until_on=DAY,
                               to_person_id=world.people["crew"], made_at=local(8)))  # fmt: skip
        session.add(Account(id=new_id(), person_id=world.people["crew"], username="crew", password_hash="-"))
    end(db, "done", world.venues["market"])

    sent = run(db, patrol_news.REMINDERS, local(18))

    assert sorted(to for to, _ in sent) == ["+8613800000010", MANAGER]


def test_reminder_is_not_sent_once_everything_is_done(db: Database, ground: Ground) -> None:
    post = filed.Post()
    at = local(18)
    timetable.run(Shift(db, provider_of(get_settings()), now=lambda: at), JOBS[patrol_news.REMINDERS])

    with db.write() as session:
        (row,) = errands.claim(session, [patrol_news.ERRAND], worker="t", at=at, lease=timedelta(minutes=5), most=1)
    provider: Any = post
    carry_out(Chore(row, "t", db, provider, lambda: at, timedelta(minutes=5)))
    end(db, "done", ground.world.venues["kuancheng"])
    filed.carry_out_all(db, at, post=post)

    assert sorted(to for to, _ in post.sent) == [MANAGER, OWNER]


def test_at_night_only_who_is_on_the_night_s_patrol_is_disturbed(db: Database, world: World) -> None:
    ground = Ground(world)
    with db.write() as session:
        ground.plan(session, "kuancheng", "daily", rule={"starts": "00:00", "minutes": 5 * 60})  # due 05:00, asleep
        ground.plan(session, "market", "daily", who="person", person_id=world.people["owner"], role=None,
                    rule={"starts": "08:00", "minutes": 20 * 60})  # fmt: skip
        session.add(Post(id=new_id(), person_id=world.people["owner"], role="owner", from_on=date(2020, 1, 1),
                         venue_id=world.venues["market"]))  # fmt: skip
        session.flush()
        plan_day(session, DAY, at=local(20, day=2))

    by_night = run(db, patrol_news.REMINDERS, local(3, 45))
    before_dawn = run(db, patrol_news.REMINDERS, local(23, 0))
    with db.read() as session:
        told = {notice.person_id for notice in session.exec(select(Notice))}

    assert [to for to, _ in by_night] == [OFFICER]
    assert before_dawn == []  # begun at 08:00, due 04:00: too late after the quiet hours, too early to wake anybody
    assert told == {world.people["officer"], world.people["owner"]}


def test_what_was_missed_is_told_to_managers_in_the_morning_and_a_row_of_three_to_the_area(
    db: Database, ground: Ground
) -> None:
    end(db, "missed", ground.world.venues["kuancheng"])
    end(db, "done")

    first = run(db, patrol_news.MISSED, local(8, 30, day=4))
    second = run(db, patrol_news.MISSED, local(9, day=4))
    with db.write() as session:
        plan_day(session, DAY + timedelta(days=1), at=local(20))
    end(db, "missed", ground.world.venues["kuancheng"])
    end(db, "done")
    in_a_row = run(db, patrol_news.MISSED, local(8, 30, day=5))
    with db.write() as session:
        plan_day(session, DAY + timedelta(days=2), at=local(20, day=4))
    end(db, "missed", ground.world.venues["kuancheng"])
    end(db, "done")
    goes_on = run(db, patrol_news.MISSED, local(8, 30, day=6))

    assert [to for to, _ in first] == [MANAGER]
    assert "有2项巡查任务漏查" in first[0][1]
    assert second == []
    assert sorted(to for to, _ in in_a_row) == [WARDEN, SUPERVISOR, MANAGER]
    assert "已连续漏查4项" in dict(in_a_row)[WARDEN]
    assert [to for to, _ in goes_on] == [MANAGER]
    with db.read() as session:
        warden = ground.world.actor(session, "warden")
        (line,) = [line for line in notice_list.page(session, warden).lines if line.kind == "patrols"]
    assert (str(line.title), line.link) == ("Patrols missed one after the other in your area: 4", "/patrols")


def test_every_monday_those_in_charge_hear_what_was_missed_in_their_areas(db: Database, ground: Ground) -> None:
    end(db, "missed", ground.world.venues["kuancheng"], ground.world.venues["market"])
    end(db, "done")

    sent = dict(run(db, patrol_news.WEEK, local(9, day=9)))

    assert sorted(sent) == [WARDEN, "+8613800000003", SUPERVISOR]
    assert "漏查巡查任务2项" in sent[WARDEN]
    assert "漏查巡查任务3项" in sent[SUPERVISOR]


@pytest.mark.parametrize("language", LOCALES)
def test_every_occasion_has_words_that_fit_three_messages(language: str) -> None:
    facts = {"count": 40, "place": "很长的场所名称" * 12, "due": "11月3日24:00", "link": "https://example.org/patrol/"}
    for occasion in Occasion:
        body = messages.fitted(f"patrols/{occasion.value}", language, facts)
        assert messages.segments(body) <= messages.MOST_SEGMENTS
        assert ("消防" in body) == (language == CHINESE)


def test_deputy_of_who_has_a_task_by_name_is_reminded_too_and_of_who_left_the_manager(
    db: Database, ground: Ground
) -> None:
    world = ground.world
    with db.write() as session:
        session.add(Delegation(id=new_id(), from_person_id=world.people["owner"], from_on=DAY, until_on=DAY,
                               to_person_id=world.people["crew"], made_at=local(8)))  # fmt: skip
        session.add(Account(id=new_id(), person_id=world.people["crew"], username="crew", password_hash="-"))
        kuancheng = (col(PatrolTask.venue_id) == world.venues["kuancheng"], col(PatrolTask.role) == "officer")
        session.execute(update(PatrolTask).where(*kuancheng).values(person_id=world.people["officer"], role=None))
        session.execute(update(Post).where(col(Post.role) == "officer").values(until_on=DAY - timedelta(days=1)))

    sent = run(db, patrol_news.REMINDERS, local(18))

    assert sorted(to for to, _ in sent) == ["+8613800000010", MANAGER, OWNER]
    assert "您有3项" in dict(sent)[MANAGER]  # two of who left, one of the vacant post


def test_who_walks_their_rounds_is_not_reminded_of_them(db: Database, world: World) -> None:
    ground = Ground(world)
    with db.write() as session:
        open_late(session, world, "kuancheng")
        ground.plan(session, "kuancheng", "business_2h")
        ground.plan(session, "kuancheng", "business_2h", who="person", person_id=world.people["manager"], role=None)
        plan_day(session, DAY, at=local(20, day=2))
        began = select(PatrolTask.case_id).where(PatrolTask.person_id == world.people["manager"])
        session.execute(update(Case).where(col(Case.id).in_(began)).values(state="under_way"))

    assert [to for to, _ in run(db, patrol_news.REMINDERS, local(10, 30))] == [OFFICER]


@pytest.mark.usefixtures("ground")
def test_news_of_what_was_missed_wait_until_the_clocks_of_the_night_have_rung(db: Database) -> None:
    morning = local(8, 30, day=4)
    waiting = run(db, patrol_news.MISSED, morning)
    end(db, "missed")
    later = filed.Post()
    filed.carry_out_all(db, morning + timedelta(minutes=2), post=later)

    assert waiting == []
    assert sorted(to for to, _ in later.sent) == [MANAGER, OWNER]


def test_clock_that_never_rings_holds_up_nobody_s_news_for_ever(db: Database, ground: Ground) -> None:
    end(db, "missed", ground.world.venues["market"])

    assert [to for to, _ in run(db, patrol_news.MISSED, local(12, day=4))] == [OWNER]


def test_overseer_hears_of_all_venues_in_one_message_however_many_they_are(db: Database, world: World) -> None:
    ground = Ground(world)
    with db.write() as session:
        for venue in ("kuancheng", "market", "lonely"):
            for number in range(3):
                ground.plan(session, venue, "daily", title=str(number))
        plan_day(session, DAY, at=local(20, day=2))
    end(db, "missed")

    sent = run(db, patrol_news.MISSED, local(8, 30, day=4))
    with db.write() as session:
        plan_day(session, DAY + timedelta(days=1), at=local(20))
    end(db, "missed")
    goes_on = run(db, patrol_news.MISSED, local(8, 30, day=5))

    assert [to for to, _ in sent].count(SUPERVISOR) == 1
    assert "等3个场所已连续漏查9项" in dict(sent)[SUPERVISOR]
    assert SUPERVISOR not in dict(goes_on)
