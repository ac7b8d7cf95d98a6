"""The stage of every story, and the sentences that stories of all processes share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from threading import Lock
from uuid import UUID

import pytest
from pytest_bdd import given, parsers, then, when

from domain import attempts
from domain.clocks import day_due, due_in_digits
from domain.database import Database
from domain.language import CHINESE
from domain.processes import workflow_of
from domain.queries import notice_list
from domain.settings import city_zone, get_settings
from flows.provider import provider_of
from tests.bdd.telling import Story, filled
from tests.telephony import ACCOUNT_SID, AUTH_TOKEN, Exchange, Receiver, running_exchange, running_receiver
from tests.world import World

CASE = "(?P<called>该举报|另一举报|该整改|该申请|该巡查|另一巡查)"


@pytest.fixture(scope="session")
def story_exchange() -> Iterator[Exchange]:
    """One exchange for all stories."""
    with running_exchange() as running:
        yield running


@pytest.fixture
def receiver(db: Database) -> Iterator[Receiver]:
    """The web part's ear for what became of a message."""

    listening = Lock()
    over = False

    def status(fields: dict[str, str]) -> str:
        with listening:  # a late callback must not meet a database that is being taken away
            if not over:
                query = running.received[-1].path.partition("attempt=")[2]
                _record(db, fields, UUID(query) if query else None)
        return ""

    with running_receiver() as running:
        running.answers["/webhooks/twilio/message-status"] = status
        running.answers["/webhooks/twilio/status"] = status
        yield running
        with listening:
            over = True


def _record(db: Database, fields: dict[str, str], attempt_id: UUID | None) -> None:
    sid = fields.get("MessageSid") or fields["CallSid"]
    said = fields.get("MessageStatus") or fields["CallStatus"]
    with db.write() as session:
        now = datetime.now().astimezone()
        attempts.record_callback(session, sid, said, fields.get("ErrorCode"), now, attempt_id=attempt_id)


@pytest.fixture(autouse=True)  # asked for by every story's steps; pytest has to know before it runs them
def story(
    db: Database, world: World, story_exchange: Exchange, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> Story:
    """A new story in the test city."""
    story_exchange.http.post("/control/reset").raise_for_status()
    for name, value in {
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN, "TWILIO_BASE_URL": story_exchange.url,
        "PUBLIC_URL": receiver.url,
    }.items():  # fmt: skip
        monkeypatch.setenv(f"FIRELINE_{name}", value)
    get_settings.cache_clear()
    return Story(db, world, story_exchange, provider_of(get_settings()))


# What stories of all processes say.


@given(parsers.parse("现在是{year:d}年{month:d}月{day:d}日{hour:d}时{minute:d}分"))
def _now(story: Story, year: int, month: int, day: int, hour: int, minute: int) -> None:
    story.world.clock.now = datetime(year, month, day, hour, minute, tzinfo=city_zone())


@given(parsers.parse("{who}的手机关机"))
def _off(story: Story, who: str) -> None:
    story.exchange.behave("unreachable", story.phone(who))


@given(parsers.parse("{who}的手机开机"))
def _on(story: Story, who: str) -> None:
    story.exchange.behave("manual", story.phone(who))


@when(parsers.re(f"(?P<who>.+?)“(?P<label>[^”]+)”{CASE}$"))
def _press(story: Story, who: str, label: str, called: str) -> None:
    story.fire(story.who(who), label, called)


@when(parsers.re(f"(?P<who>.+?)“(?P<label>[^”]+)”{CASE},填写:$"))
def _press_filled(story: Story, who: str, label: str, called: str, datatable: list[list[str]]) -> None:
    story.fire(story.who(who), label, called, filled(story, called, label, datatable))


@when(parsers.re("过了(?P<count>\\d+)(?P<unit>分钟|小时|天)$"))
def _wait(story: Story, count: str, unit: str) -> None:
    story.wait(**{{"分钟": "minutes", "小时": "hours", "天": "days"}[unit]: int(count)})


@then(parsers.re("(?P<who>[^“]+)收到短信“(?P<text>[^”]+)”$"))
def _heard(story: Story, who: str, text: str) -> None:
    heard = story.messages(story.phone(who))
    assert any(text in body for body in heard), heard


@then(parsers.re("(?P<who>[^“]+)收到(?P<count>\\d+)条短信“(?P<text>[^”]+)”$"))
def _heard_so_often(story: Story, who: str, count: str, text: str) -> None:
    heard = story.messages(story.phone(who))
    assert sum(text in body for body in heard) == int(count), heard


@then(parsers.re("(?P<who>[^“]+)有(?P<count>\\d+)条站内通知“(?P<text>[^”]+)”$"))
def _noticed(story: Story, who: str, count: str, text: str) -> None:
    with story.db.read() as session:
        lines = notice_list.page(session, story.world.actor(session, story.who(who))).lines
    titles = [line.title.in_language(CHINESE) for line in lines]
    assert sum(text in title for title in titles) == int(count), titles


@then(parsers.re("(?P<who>[^“]+)接到(?P<count>\\d+)个电话$"))
def _called(story: Story, who: str, count: str) -> None:
    assert len(story.exchange.calls(to=story.phone(who))) == int(count)


@then(parsers.parse("没有短信写着“{text}”"))
def _unsaid(story: Story, text: str) -> None:
    every = [message["body"] for message in story.exchange.messages()]
    assert every
    assert not any(text in body for body in every)


@then(parsers.re(f"{CASE}的状态是“(?P<label>[^”]+)”$"))
def _state(story: Story, called: str, label: str) -> None:
    with story.db.read() as session:
        case = story.case(session, called)
    assert workflow_of(case.process).state(case.state).zh == label


@then(parsers.re(f"{CASE}的时间线依次是“(?P<labels>[^”]+)”$"))
def _timeline(story: Story, called: str, labels: str) -> None:
    assert story.labels(called) == labels.split("、")


@then(parsers.re(f"{CASE}的时间线上最后是“(?P<labels>[^”]+)”$"))
def _ends(story: Story, called: str, labels: str) -> None:
    wanted = labels.split("、")
    assert story.labels(called)[-len(wanted) :] == wanted


@then(parsers.re(f"{CASE}的时间线上有“(?P<label>[^”]+)”$"))
def _stands(story: Story, called: str, label: str) -> None:
    assert label in story.labels(called)


@then(parsers.re(f"(?P<who>.+?)不能“(?P<label>[^”]+)”{CASE},因为“(?P<why>[^”]+)”$"))
def _refused(story: Story, who: str, label: str, called: str, why: str) -> None:
    assert why in story.refusal(story.who(who), label, called, {})


@then(parsers.re(f"{CASE}须在(?P<year>\\d+年)?(?P<moment>\\d+月\\d+日\\d+时\\d+分)前办理$"))
def _due(story: Story, called: str, year: str | None, moment: str) -> None:
    with story.db.read() as session:
        due = story.case(session, called).due_at
    assert due is not None
    day, (hour, minute) = day_due(due, city_zone()), map(int, due_in_digits(due, city_zone()).split(":"))
    said = f"{year or f'{story.now.year}年'}{moment}"
    assert said == f"{day.year}年{day.month}月{day.day}日{hour}时{minute}分"
