"""The stories of `features/`, told with the domain, the real effects and a real exchange, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_bdd import given, parsers, scenarios, then, when
from sqlalchemy import func
from sqlmodel import select

from domain import (
    adoption,
    calendars,
    disclosure,
    enrolments,
    measures,
    people,
    recounting,
    register_log,
    reports,
    retention,
    timing,
)
from domain.actors import ANY_APPLICANT, Actor, Role
from domain.identifiers import is_venue_code
from domain.language import CHINESE
from domain.models import Case, ClockRow, Post, StageMeasure, VaultItem, Venue
from domain.processes.enrolment_forms import Application
from domain.processes.hazard_report import PUBLIC_STATES
from domain.processes.retention import Part
from domain.queries.case_messages import Promise
from domain.queries.case_page import case_page
from domain.reports import Intake
from domain.settings import city_zone
from tests import calendar_2027
from tests.bdd.telling import OTHER_PHONE, REPORTER_PHONE, Story
from tests.journeys import APPLICANT_PHONE, actor_for
from tests.of_before import make_old
from tests.telephony import eventually
from tests.world import PEOPLE

scenarios("hazard_report.feature", "hazard_report_desk.feature", "hazard_report_deadlines.feature",
          "rectification.feature", "enrolment.feature")  # fmt: skip

TILES = {"消防设施": "equipment", "安全出口": "escape", "其他情况": "other"}
REACHES_WITHIN = timedelta(seconds=2)
NOBODY_THERE = {"description": "现场查看", "no_photo_reason": "不便拍照"}


def route(story: Story, hazard: str | None, *, corrected: bool = False) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the usual way of a report: who does what with which form."""
    found: dict[str, Any] = {"outcome": "not_substantiated"}
    if hazard:
        found = {"outcome": "substantiated", "hazards": [hazard], "corrected": [hazard] if corrected else []}
    return [
        ("handler", "受理", {"hazard_code": "FAC-02", "verify_class": "B3WD"}),
        ("handler", "派发", {"assignee": story.world.people["warden"]}),
        ("warden", "到场", {"venue_code": story.world.codes["kuancheng"]}),
        ("warden", "登记核查结果", {**NOBODY_THERE, **found}),
        ("handler", "回复", {"text": "经核查属实,已责令整改。"}),
    ]


REVIEWING = [("handler", "开始审核"), ("handler", "退回补正")]


def apply_for(story: Story, *, by: str = "", **said: Any) -> None:
    """Apply for a shop; `by` a colleague who enters it for its owner."""
    shop = {"name": "广龙小卖部", "class_code": "V06", "address": "广龙路 8 号", "area": "guanglong",
            "person": "马掌柜", "phone": APPLICANT_PHONE, **said}  # fmt: skip
    with story.db.write() as session:
        actor = story.world.actor(session, by) if by else ANY_APPLICANT
        application = Application.model_validate(shop)
        opened = enrolments.open_application(session, application, actor=actor, at=story.now)
    story.known["该申请"], story.receipts["该申请"] = opened.case.id, opened.receipt
    story.work()


RECTIFYING = [("inspector1", "送达整改通知"), ("officer", "提交整改")]


def report(story: Story, called: str = "该举报", **intake: Any) -> None:
    said = {"venue_code": story.world.codes["kuancheng"], "hazard": "other", "phone": REPORTER_PHONE, **intake}
    story.reported_at[called] = datetime.now(UTC)
    with story.db.write() as session:
        anybody = Actor(frozenset({Role.REPORTER}))
        opened = reports.open_report(session, Intake(**said), actor=anybody, at=story.now)
    story.known[called], story.receipts[called] = opened.case.id, opened.receipt
    story.work()


def lead(story: Story, last: str, hazard: str | None = None, *, corrected: bool = False) -> None:
    """Take the usual way up to the step `last`."""
    for who, label, data in route(story, hazard, corrected=corrected):
        story.fire(who, label, "该举报", data)
        if label == last:
            return


# What was before.


@given("一件举报待受理")
def _reported(story: Story) -> None:
    report(story, description="楼道里有股焦味")


@given("同一场所另有一件举报")
def _another(story: Story) -> None:
    report(story, "另一举报", description="三楼也有焦味", phone=OTHER_PHONE)


@given(parsers.re("一件举报已经“(?P<last>[^”]+)”$"))
def _led(story: Story, last: str) -> None:
    report(story, description="楼道里有股焦味")
    lead(story, last)


@given(parsers.re("一件举报已经“(?P<last>[^”]+)”,发现“(?P<hazard>[^”]+)”$"))
def _found(story: Story, last: str, hazard: str) -> None:
    report(story, description="楼道里有股焦味")
    lead(story, last, hazard)


@given(parsers.parse("另一件举报查出“{hazard}”,已当场改正"))
def _corrected(story: Story, hazard: str) -> None:
    report(story, description="楼道里有股焦味")
    lead(story, "登记核查结果", hazard, corrected=True)


@given(parsers.parse("该整改已经“{last}”"))
def _rectifying(story: Story, last: str) -> None:
    for who, label in RECTIFYING:
        story.fire(who, label, "该整改")
        if label == last:
            return


@given("郑主管只管澄阳区")
def _only_the_district(story: Story) -> None:
    with story.db.write() as session:
        post = session.exec(select(Post).where(Post.person_id == story.world.people["supervisor"])).one()
        post.area_id = story.world.areas["chengyang"]


@given("赵受理自己举报了一件")
def _own(story: Story) -> None:
    report(story, description="楼道里有股焦味", phone=PEOPLE["handler"][1])


@given(parsers.re("一件申请已经“(?P<last>[^”]+)”$"))
def _applied(story: Story, last: str) -> None:
    apply_for(story)
    for who, label in REVIEWING:
        story.fire(who, label, "该申请")
        if label == last:
            return


@given(parsers.parse("岚山农贸市场的统一社会信用代码是“{code}”"))
def _coded(story: Story, code: str) -> None:
    with story.db.write() as session:
        session.get_one(Venue, story.world.venues["market"]).credit_code = code


@given(parsers.parse("一件申请用了同一个代码,已经“开始审核”"))
def _same_code(story: Story) -> None:
    with story.db.read() as session:
        code = session.get_one(Venue, story.world.venues["market"]).credit_code
    apply_for(story, credit_code=code)
    story.fire("supervisor", "开始审核", "该申请")


@given("赵受理代店主录入一件申请")
def _entered(story: Story) -> None:
    apply_for(story, by="handler")


@given("赵受理为自己的店提交申请")
def _own_shop(story: Story) -> None:
    apply_for(story, phone=PEOPLE["handler"][1])


# What people do.


@when(parsers.parse("申请人为“{name}”提交申请"))
def _apply(story: Story, name: str) -> None:
    apply_for(story, name=name)


@when(parsers.re("游客扫“宽澄·鼎元一期南”的码举报(?P<kind>[^:]+):“(?P<text>[^”]+)”$"))
def _scan(story: Story, kind: str, text: str) -> None:
    report(story, hazard=TILES[kind], description=text)


@when(parsers.re("(?P<who>.+?)“(?P<label>[^”]+)”(?P<whom>.+)对该举报的申请$"))
def _decides(story: Story, who: str, label: str, whom: str) -> None:
    asked = {"whom": str(story.person(whom))}
    story.fire(story.who(who), label, "该举报", asked if label.startswith("同意") else {**asked, "reason": "不必要"})


@when(parsers.parse("赵受理“查看举报人”该举报,用途是“{reason}”"))
def _looks(story: Story, reason: str) -> None:
    with story.db.write() as session:
        case = story.case(session, "该举报")
        actor = actor_for(session, story.world, case, "handler")
        story.shown = disclosure.reveal(session, case, actor=actor, at=story.now, data={"reason": reason})


@when("国务院公布2027年放假安排,沈管理导入")
def _calendar(story: Story) -> None:
    with story.db.write() as session:
        actor = story.world.actor(session, "admin")
        calendars.take(session, 2027, calendar_2027.notice(), source="2027.json", actor=actor, at=story.now)
    for _ in recounting.passes(story.db, 2027, now=lambda: story.now):
        story.work()


@when("系统由不记录期限依据的旧版本升级")
def _upgrade(story: Story) -> None:
    with story.db.write() as session:
        for case in session.exec(select(Case)).all():
            make_old(session, case)
    for _ in adoption.passes(story.db, now=lambda: story.now):
        story.work()


@when("系统清理期满的资料")
def _clears(story: Story) -> None:
    for _ in retention.remove_due(story.db, at=story.now):
        pass
    story.work()


@when("赵受理“并案”另一举报到该举报")
def _merge(story: Story) -> None:
    with story.db.read() as session:
        number = story.case(session, "该举报").number
    story.fire("handler", "并案", "另一举报", {"into": number})


@when("该举报一路办到“回复”")
def _all_the_way(story: Story) -> None:
    lead(story, "回复")


# What came of it.


@then(parsers.parse("“{name}”有了场所码,马掌柜是消防安全责任人"))
def _enrolled(story: Story, name: str) -> None:
    with story.db.read() as session:
        venue = session.get_one(Venue, story.case(session, "该申请").venue_id)
        owners = people.of_venue(session, [Role.OWNER], venue.id, day=people.local_day(story.now))
    assert (venue.name, is_venue_code(venue.code)) == (name, True)
    assert [person.name for person in owners] == ["马掌柜"]


@then(parsers.re("2秒之内片区专管员(?P<who>.+)收到短信“(?P<text>[^”]+)”$"))
def _at_once(story: Story, who: str, text: str) -> None:
    # Real time, and the contract's own figure: from the report being sent to the exchange having the message.
    message = next(message for message in story.exchange.messages(to=story.phone(who)) if text in message["body"])
    reported_at = story.reported_at["该举报"]
    assert reported_at <= datetime.fromisoformat(message["created_at"]) <= reported_at + REACHES_WITHIN


@then("报表只算该举报核查逾期一次")
def _one_breach(story: Story) -> None:
    case_id = story.known["该举报"]
    with story.db.write() as session:
        measures.catch_up(session, at=story.now, everything=True)
    with story.db.read() as session:
        rows = session.exec(select(StageMeasure).where(StageMeasure.case_id == case_id)).all()
        clock = session.get_one(ClockRow, (case_id, "verify"))
    late = [row.stage for row in rows if (row.stopped_at or story.now) > row.due_at]
    assert late == ["verify"]
    assert (clock.level, clock.breached_at) == (timing.HANDED_UP, clock.due_at)


def _promised(story: Story) -> list[Promise]:
    """Return what the newest entry of the report promised, as its page shows it to the leader."""
    with story.db.read() as session:
        case = story.case(session, "该举报")
        page = case_page(session, case, actor=story.world.actor(session, "leader"), at=story.now)
    return list(page.entries[-1].promises)


@then(parsers.re("时间线上写着催办的短信(?P<moment>\\d+月\\d+日\\d+时\\d+分)发出$"))
def _waits(story: Story, moment: str) -> None:
    (promise,) = _promised(story)
    assert promise.waits_until is not None
    waits_until = promise.waits_until.astimezone(city_zone())
    assert f"{waits_until.month}月{waits_until.day}日{waits_until.hour}时{waits_until.minute}分" == moment


@then(parsers.re("时间线上写着“(?P<text>[^”]+)”$"))
def _handed_on(story: Story, text: str) -> None:
    said = [promise.handed_on.in_language(CHINESE) for promise in _promised(story) if promise.handed_on]
    assert said == [text]


@then(parsers.parse("该举报引出{count:d}件整改"))
def _led_to(story: Story, count: int) -> None:
    with story.db.read() as session:
        found = session.exec(select(func.count()).where(Case.parent_id == story.known["该举报"])).one()
    assert found == count


@then("另一举报的核查时限从收到举报时算起")
def _since_receipt(story: Story) -> None:
    with story.db.read() as session:
        case = story.case(session, "另一举报")
    assert case.clocks["verify"]["running"]
    assert case.clocks["verify"]["started_at"] == case.opened_at.isoformat()


@then("郑主管不能“派发”该举报给李庚,因为“请另选他人”")
def _not_him(story: Story) -> None:
    reason = story.refusal("supervisor", "派发", "该举报", {"assignee": story.world.people["warden"]})
    assert "另选" in reason or "其他人" in reason, reason


@then("赵受理不能“调整类别”该举报为“FAC-02”“法定 3 个工作日内核查”,因为“主管”")
def _not_looser(story: Story) -> None:
    looser = {"hazard_code": "FAC-02", "verify_class": "B3WD", "reason": "现场并未上锁"}
    assert "主管" in story.refusal("handler", "调整类别", "该举报", looser)


@then(parsers.parse("举报人凭查询码看到“{text}”"))
def _tracked(story: Story, text: str) -> None:
    case = story.by_receipt("该举报")
    assert text in f"{PUBLIC_STATES[case.state].zh} {case.facts.get('reply') or ''}"


@then("赵受理看到举报人的电话")
def _seen(story: Story) -> None:
    assert story.shown is not None
    assert story.shown.phone == REPORTER_PHONE


def _kept(story: Story, called: str = "该举报") -> set[str]:
    with story.db.read() as session:
        items = select(VaultItem.kind).where(VaultItem.case_id == story.known[called])
        return set(session.exec(items))


@then("申请人的姓名和电话已经不在")
def _no_applicant(story: Story) -> None:
    assert _kept(story, "该申请") == set()
    with story.db.read() as session:
        assert register_log.verify_everything(session).whole


@then("举报人的电话已经不在")
def _no_phone(story: Story) -> None:
    assert not _kept(story) & retention.KINDS[Part.IDENTITY]


@then("举报的内容还在")
def _words_there(story: Story) -> None:
    assert "description" in _kept(story)


@then("举报的内容已经不在")
def _no_words(story: Story) -> None:
    assert not _kept(story)


@then("办理记录完整无缺")
def _whole(story: Story) -> None:
    with story.db.read() as session:
        assert register_log.verify_everything(session).whole


@then("场所看不到举报的内容")
def _closed(story: Story) -> None:
    assert _as_the_venue(story) is None


@then(parsers.parse("场所看到举报的内容“{words}”"))
def _open(story: Story, words: str) -> None:
    released = _as_the_venue(story)
    assert released is not None
    assert released.words == words


def _as_the_venue(story: Story) -> disclosure.Released | None:
    with story.db.read() as session:
        case = story.case(session, "该整改")
        page = case_page(session, case, actor=story.world.actor(session, "owner"), at=story.now)
    assert page.reporter is None
    return page.released


@then("另一举报人凭查询码看到同样的答复")
def _same_answer(story: Story) -> None:
    assert story.by_receipt("另一举报").facts["reply"] == story.by_receipt("该举报").facts["reply"]


@then(parsers.parse("给{whom}的短信等人处理"))
def _held(story: Story, whom: str) -> None:
    called = {"举报人": "该举报", "申请人": "该申请"}.get(whom, "该整改")
    assert len(eventually(lambda: story.held(called), what="a held message")) == 1
