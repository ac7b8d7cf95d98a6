"""The stories of patrols: planned by plans, walked with phones that come and go, judged and decided on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from pytest_bdd import given, parsers, scenarios, then, when
from sqlmodel import Session, col, select

from domain import cases, catalogue, people
from domain.actors import Role
from domain.forms import LabelledChoice
from domain.identifiers import new_id, new_venue_code
from domain.models import (
    Case,
    ChecklistVersion,
    PatrolAnswer,
    PatrolCheckIn,
    PatrolPlan,
    PatrolTask,
    Post,
    TimelineEntry,
    Venue,
)
from domain.opening_hours import read_hours
from domain.patrols import catalogue_items, judging, planning, plans
from domain.patrols.items import Item
from domain.patrols.plan_forms import PlanEnd
from domain.patrols.rhythm import DaysOff
from domain.processes.rectification import RECTIFICATION
from domain.queries import patrol_words
from domain.settings import city_zone
from tests.bdd import walking
from tests.bdd.telling import Story
from tests.bdd.walking import Walks
from tests.patrols import keep_photo
from tests.telephony import eventually
from tests.world import PEOPLE

scenarios("patrol_task.feature", "rectification_found_by_patrol.feature")

VENUES = {"宽澄·鼎元一期南": "kuancheng"}
FREQUENCIES = {frequency.zh: key for key, frequency in catalogue.frequencies().items()}
THREE = ("褚巡查", "卫管理", "蒋责任")
FIVE_KM_NORTH = 0.045
"""Degrees of latitude."""
WHOSE = "(?P<who>褚巡查|卫管理|蒋责任)"


@pytest.fixture
def walks(story: Story) -> Walks:
    return Walks(story)


def make_plan(walks: Walks, who: str, often: str, venue: str, **said: Any) -> PatrolPlan:
    story = walks.story
    with story.db.write() as session:
        there = walks.venue(session, venue)
        said.setdefault("checklist", walks.checklist or f"catalogue:{FREQUENCIES[often]}")
        listed = walks.points.get(there.id, [])
        return walking.plan(session, story.world, there.id, person=walks.person(who), points=listed, **said)


# What was before.


@given(parsers.re("(?P<venue>[^的]+)的巡查点是“(?P<names>[^”]+)”$"))
def _points(walks: Walks, venue: str, names: str) -> None:
    with walks.story.db.write() as session:
        there = walks.venue(session, venue)
        day = people.local_day(walks.story.now)
        walks.points[there.id] = walking.enter_points(session, there.id, names.split("、"), day=day)


@given(parsers.re("(?P<venue>[^的]+)的营业时间是“(?P<hours>[^”]+)”$"))
def _hours(walks: Walks, venue: str, hours: str) -> None:
    with walks.story.db.write() as session:
        walks.venue(session, venue).hours = read_hours(hours)


@given(parsers.re(f"{WHOSE}“(?P<often>[^”]+)”巡查(?P<venue>[^,]+)$"))
def _plan(walks: Walks, who: str, often: str, venue: str) -> None:
    make_plan(walks, who, often, venue)


@given(parsers.re(f"{WHOSE}“(?P<often>[^”]+)”巡查(?P<venue>[^,]+),时间是“(?P<times>[^”]+)”,时长(?P<minutes>\\d+)分钟$"))
def _plan_at(walks: Walks, who: str, often: str, venue: str, times: str, minutes: str) -> None:
    make_plan(walks, who, often, venue, times=times, minutes=int(minutes))


@given(parsers.re(f"{WHOSE}“(?P<often>[^”]+)”巡查(?P<venue>[^,]+),不许补查$"))
def _plan_strictly(walks: Walks, who: str, often: str, venue: str) -> None:
    make_plan(walks, who, often, venue, is_late_allowed="no")


@given(parsers.re(f"{WHOSE}“(?P<often>[^”]+)”巡查(?P<venue>[^,]+),日期是“(?P<days>[^”]+)”,休息日“(?P<roll>[^”]+)”$"))
def _plan_by_month(walks: Walks, who: str, often: str, venue: str, days: str, roll: str) -> None:
    rolled = _choice(DaysOff, roll)
    make_plan(walks, who, often, venue, rhythm="month_days", month_days=days, window="day", roll=rolled)


def _choice(kind: type[LabelledChoice], words: str) -> str:
    return next(choice.value for choice in kind if choice.zh == words)


@given(parsers.re(f"书院路小学由{WHOSE}巡查$"))
def _school(walks: Walks, who: str) -> None:
    story, day = walks.story, date(2020, 1, 1)
    with story.db.write() as session:
        school = Venue(id=new_id(), code=new_venue_code(), name="书院路小学", class_code="V12", address="书院路 20 号",
                       area_id=story.world.areas["guanglong"], opened_on=day)  # fmt: skip
        session.add(school)
        session.flush()
        for name, role in ((who, Role.OFFICER), ("卫管理", Role.MANAGER)):
            session.add(Post(id=new_id(), person_id=walks.person(name), role=role.value, from_on=day,
                             venue_id=school.id))  # fmt: skip


@given(parsers.re(f"{WHOSE}“每日”巡查(?P<venue>[^,]+),逐点检查“(?P<words>[^”]+)”$"))
def _plan_own(walks: Walks, who: str, venue: str, words: str) -> None:
    asked = next(item for item in map(catalogue_items.item_of, catalogue.check_items()) if item.zh.startswith(words))
    walks.own_checklist([replace(asked, per="point")])
    make_plan(walks, who, "每日", venue)


# What the system does.


@given("系统排定当日的巡查")
@when("系统排定当日的巡查")
def _planned(walks: Walks) -> None:
    story = walks.story
    with story.db.write() as session:
        tasks = walking.tasks_of(session, people.local_day(story.now), at=story.now)
        names = {person: PEOPLE[who][0] for who, person in story.world.people.items()}
        story.known |= {f"{names[task.person_id]}的巡查": task.case_id for task in tasks if task.person_id}
        story.known["该巡查"] = tasks[0].case_id
    story.work()


@when("系统排定次日的巡查")
def _planned_ahead(walks: Walks) -> None:
    story = walks.story
    with story.db.write() as session:
        tomorrow = people.local_day(story.now) + timedelta(days=1)
        story.known["该巡查"] = walking.tasks_of(session, tomorrow, at=story.now)[0].case_id
    story.work()


@when("系统认定当日的间隔")
def _judged(story: Story) -> None:
    story.work()
    with story.db.write() as session:
        for case_id in judging.due(session, at=story.now):
            judging.judge(session, case_id, at=story.now)
    story.work()


@when(parsers.parse("现在是{year:d}年{month:d}月{day:d}日{hour:d}时{minute:d}分"))
def _now(story: Story, year: int, month: int, day: int, hour: int, minute: int) -> None:
    moment = datetime(year, month, day, hour, minute, tzinfo=city_zone())
    story.wait(seconds=(moment - story.now).total_seconds())


# What people do with their phones.


@when(parsers.re(f"{WHOSE}查完,各项合格$"))
def _all_well(walks: Walks, who: str) -> None:
    walks.walk(who)
    walks.deliver(who, is_done=True)


@when(parsers.re(f"{WHOSE}查完,“(?P<words>[^”]+)”不合格$"))
def _fails(walks: Walks, who: str, words: str) -> None:
    walks.walk(who, words=words)
    walks.deliver(who, is_done=True)


@when(parsers.re(f"{WHOSE}也?巡查一遍,“(?P<words>[^”]+)”不合格$"))
def _fails_once(walks: Walks, who: str, words: str) -> None:
    walks.walk(who, words=words)
    walks.deliver(who, is_done=False)


@when(parsers.re(f"{WHOSE}也?巡查一遍,各项合格$"))
def _once(walks: Walks, who: str) -> None:
    walks.walk(who)
    walks.deliver(who, is_done=False)


@when(parsers.re(f"{WHOSE}只查了“一层大堂”就报完成$"))
def _too_early(walks: Walks, who: str) -> None:
    walks.walk(who, points={0, 1})
    walks.deliver(who, is_done=True)


@when(parsers.re(f"{WHOSE}补查其余各处,各项合格$"))
def _rest(walks: Walks, who: str) -> None:
    walks.walk(who, points={2, 3})
    walks.deliver(who, is_done=True)


@when(parsers.re(f"{WHOSE}在“(?P<times>[^”]+)”各巡查一遍$"))
def _rounds(walks: Walks, who: str, times: str) -> None:
    story = walks.story
    day = people.local_day(story.now)
    for number, clock in enumerate(times.split("、"), start=1):
        hour, minute = map(int, clock.split(":"))
        story.wait(seconds=(datetime.combine(day, time(hour, minute), city_zone()) - story.now).total_seconds())
        walks.phone(who).round = number
        walks.story.world.clock.now -= walking.A_MINUTE  # the first point is reached at that time
        walks.walk(who, points={0})
        walks.deliver(who, is_done=False)


@when(parsers.re(f"{WHOSE}在没有网络的地方查完,各项合格$"))
def _offline(walks: Walks, who: str) -> None:
    walks.walk(who)


@when(parsers.re(f"{WHOSE}的手机有了网络$"))
def _online(walks: Walks, who: str) -> None:
    walks.deliver(who, is_done=True)


@when(parsers.re(f"{WHOSE}查完,各项合格,但定位在五公里外$"))
def _far_away(walks: Walks, who: str) -> None:
    with walks.story.db.write() as session:
        case = walks.story.case(session, "该巡查")
        there = session.get_one(Venue, case.venue_id)
        there.lat, there.lon = 24.6, 102.9
    walks.walk(who, position=(24.6 + FIVE_KM_NORTH, 102.9))
    walks.deliver(who, is_done=True)


@when(parsers.re(f"{WHOSE}试着查完该巡查$"))
def _somebody_elses(walks: Walks, who: str) -> None:
    _all_well(walks, who)


# What people decide.


@when("卫管理“处理存疑”,逐条认可")
def _cleared(walks: Walks) -> None:
    for subject in _doubtful(walks.story):
        data = {"subject": str(subject), "verdict": "cleared", "reason": "已调取监控核实"}
        walks.story.fire("manager", "处理存疑", "该巡查", data)


def _doubtful(story: Story) -> list[UUID]:
    """Return the check-ins and answers of the patrol that are in doubt."""
    task = story.known["该巡查"]
    with story.db.read() as session:
        found = []
        for model in (PatrolCheckIn, PatrolAnswer):
            rows = session.exec(select(model).where(col(model.case_id) == task))
            found += [row.id for row in rows if row.doubts]
    return found


@when("蒋责任“处理两份记录”,逐处采用褚巡查的")
def _decided(walks: Walks) -> None:
    story = walks.story
    with story.db.read() as session:
        own = (PatrolAnswer.case_id == story.known["该巡查"], PatrolAnswer.person_id == walks.person("褚巡查"))
        chosen = session.exec(select(PatrolAnswer.id).where(*own, col(PatrolAnswer.against).is_not(None))).all()
    for answer in chosen:
        story.fire("owner", "处理两份记录", "该巡查", {"answer": str(answer), "reason": "监控显示出口未锁"})


@when("褚巡查“提交整改”该巡查引出的各件整改")
def _all_submitted(story: Story) -> None:
    with story.db.write() as session:
        for case in _ordered(session, story):
            form = {"description": "锁已拆除", "photos": [keep_photo(session, at=story.now)]}
            officer = story.world.actor(session, "officer")
            cases.fire(session, cases.reload(session, case.id), "submit", actor=officer, at=story.now, data=form)


@then(parsers.parse("该巡查引出的{count:d}件整改时间线上最后都是“{step}”"))
def _all_end_with(story: Story, count: int, step: str) -> None:
    with story.db.read() as session:
        found = _ordered(session, story)
        last = [session.get_one(TimelineEntry, (case.id, case.version)).transition for case in found]
    assert [RECTIFICATION.named(name)[0].zh for name in last] == [step] * count


def _ordered(session: Session, story: Story) -> list[Case]:
    """Return the rectifications that the patrol led to."""
    return list(session.exec(select(Case).where(Case.parent_id == story.known["该巡查"])))


@when("郑主管自次日起停止该计划")
def _plan_ends(walks: Walks) -> None:
    story = walks.story
    tomorrow = people.local_day(story.now) + timedelta(days=1)
    with story.db.write() as session:
        plan = session.exec(select(PatrolPlan)).one()
        form = PlanEnd(from_on=tomorrow, reason="场所停业装修")
        plans.end(session, plan.id, form, actor=story.world.actor(session, "supervisor"), at=story.now)


# Three phones and a checklist that changes.


@given(parsers.parse("宽澄·鼎元一期南有一份自己的检查表,问“{words}”"))
def _own(walks: Walks, words: str) -> None:
    walks.own_checklist([Item(code="own1", zh=words, answer="pass_fail_na", per="point")])


@given("褚巡查、卫管理、蒋责任各按它“每日”巡查宽澄·鼎元一期南")
def _three(walks: Walks) -> None:
    for who in THREE:
        make_plan(walks, who, "每日", "宽澄·鼎元一期南")


@when("褚巡查查了一部分,手机断网")
def _part(walks: Walks) -> None:
    walks.walk("褚巡查", points={0, 1})
    walks.deliver("褚巡查", is_done=False)


@when(parsers.re("(?P<who>卫管理|蒋责任)的手机断网,还没有开始$"))
def _took_along(walks: Walks, who: str) -> None:
    """The phone keeps the checklist it had when it was last online."""
    with walks.story.db.read() as session:
        task = session.get_one(PatrolTask, walks.task(who))
        walks.phone(who).version = session.get_one(ChecklistVersion, task.version_id)


@when(parsers.parse("郑主管改版检查表,改问“{words}”"))
def _new_version(walks: Walks, words: str) -> None:
    story = walks.story
    walks.ask_instead([Item(code="own1", zh=words, answer="pass_fail_na", per="point")])
    with story.db.write() as session:
        planning.plan_day(session, people.local_day(story.now), at=story.now)
    story.work()


@when("褚巡查查完其余各处,手机有了网络")
def _goes_on(walks: Walks) -> None:
    walks.walk("褚巡查", points={2, 3})
    walks.deliver("褚巡查", is_done=True)


@when("卫管理按旧版查完,手机有了网络")
def _by_the_old(walks: Walks) -> None:
    _all_well(walks, "卫管理")


@when("蒋责任更新以后按新版查完,手机有了网络")
def _by_the_new(walks: Walks) -> None:
    walks.phone("蒋责任").version = None
    _all_well(walks, "蒋责任")


@then("卫管理和蒋责任的巡查“改用新版检查表”,褚巡查的照旧")
def _rebound(walks: Walks) -> None:
    assert [walks.story.labels(f"{who}的巡查")[-1] for who in THREE] == ["开始巡查", "改用新版检查表", "改用新版检查表"]


@then("三人的巡查都已完成")
def _all_done(walks: Walks) -> None:
    with walks.story.db.read() as session:
        assert [session.get_one(PatrolTask, walks.task(who)).outcome for who in THREE] == ["done"] * 3


@then(parsers.parse("褚巡查和卫管理答的是“{old}”,蒋责任答的是“{new}”"))
def _bound(walks: Walks, old: str, new: str) -> None:
    asked = []
    with walks.story.db.read() as session:
        for who in THREE:
            answers = session.exec(select(PatrolAnswer).where(PatrolAnswer.case_id == walks.task(who))).all()
            versions = [session.get_one(ChecklistVersion, answer.version_id) for answer in answers]
            asked.append((len(answers), {version.items[0]["zh"] for version in versions}))
    assert asked == [(3, {old}), (3, {old}), (3, {new})]


# What came of it.


@then(parsers.parse("该巡查到过{count:d}个巡查点,没有存疑"))
def _visited(story: Story, count: int) -> None:
    with story.db.read() as session:
        row = session.get_one(PatrolTask, story.known["该巡查"])
    assert (row.points_done, row.points, row.doubts, row.conflicts) == (count, count, 0, 0)


@then(parsers.parse("手机提示“{words}”"))
def _told(walks: Walks, words: str) -> None:
    assert words in walks.heard()


@then("该巡查引出1件整改,要求当日改正")
def _led_to(story: Story) -> None:
    with story.db.read() as session:
        found = session.exec(select(Case).where(Case.parent_id == story.known["该巡查"])).one()
    assert (found.process, found.hazard_code) == ("rectification", "EVA-01")
    assert found.facts["correct_by"] == people.local_day(story.now).isoformat()


@then(parsers.parse("该巡查无人巡查的时段是“{hours}”"))
def _gaps(story: Story, hours: str) -> None:
    with story.db.read() as session:
        gaps = story.case(session, "该巡查").facts["gaps"]
    assert [patrol_words.gap(one).zh.partition(" ")[2].partition("（")[0] for one in gaps] == [hours]


@then(parsers.parse("该巡查记下“{words}”是“{day}”"))
def _dated(walks: Walks, words: str, day: str) -> None:
    task = walks.story.known["该巡查"]
    with walks.story.db.read() as session:
        item = walks.item(session, task, words)
        row = session.exec(select(PatrolAnswer).where(PatrolAnswer.case_id == task, PatrolAnswer.item == item)).one()
    assert row.value["date"] == day


@then("系统当日没有要排定的巡查")
def _nothing(story: Story) -> None:
    with story.db.write() as session:
        assert walking.tasks_of(session, people.local_day(story.now), at=story.now) == []


@then("该场所没有一次算作漏查")
def _not_missed(story: Story) -> None:
    with story.db.read() as session:
        assert set(session.exec(select(PatrolTask.outcome))) == {"excused"}


@then("该巡查没有待处理的存疑")
def _no_doubt(story: Story) -> None:
    with story.db.read() as session:
        assert session.get_one(PatrolTask, story.known["该巡查"]).doubts == 0


@then(parsers.parse("该巡查有{count:d}处两份记录不一致,暂按不合格"))
def _two(story: Story, count: int) -> None:
    with story.db.read() as session:
        row = session.get_one(PatrolTask, story.known["该巡查"])
    assert (row.conflicts, row.failed) == (count, count)


@then("该巡查没有不一致的记录")
def _one(story: Story) -> None:
    with story.db.read() as session:
        row = session.get_one(PatrolTask, story.known["该巡查"])
    assert (row.conflicts, row.failed) == (0, 0)


@then("催办的短信等人处理")
def _held(story: Story) -> None:
    assert len(eventually(lambda: story.held("该巡查"), what="a held message")) == 1
