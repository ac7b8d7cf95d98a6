"""One report through a worker and a real exchange: every person hears what concerns them, once, in their language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.models import Person
from tests.flows.conftest import HANDLER, MANAGER, OWNER, REPORTER, SEED, WARDEN, Desk
from tests.telephony import Exchange, eventually

pytestmark = pytest.mark.usefixtures("at_work")


def heard(exchange: Exchange, number: str) -> list[str]:
    """What a phone received, oldest first."""
    return [message["body"] for message in reversed(exchange.messages(to=number))]


def test_report_reaches_the_warden_and_its_answer_the_reporter(desk: Desk, telephony: Exchange) -> None:
    opened = desk.report()
    case_id, number = opened.case.id, opened.case.number

    desk.in_state(case_id, "assigned")
    desk.settled(case_id, "notify_assignee")
    desk.settled(case_id, "acknowledge_reporter")
    desk.fire(case_id, "start_check", "warden", venue_code=desk.world.codes["kuancheng"])
    desk.fire(
        case_id, "record_finding", "warden", outcome="substantiated", description="12 只不亮", hazards=["FAC-07"],
        no_photo_reason="测试",
    )  # fmt: skip
    opened_by_finding = desk.settled(case_id, "open_rectifications")
    desk.fire(case_id, "reply", "handler", text="经核查属实,已责令整改。")
    desk.settled(case_id, "reply_reporter")

    assert opened_by_finding.outcome == {"opened": [f"ZG{number[2:]}"]}
    to_warden, to_reporter, to_handler = heard(telephony, WARDEN), heard(telephony, REPORTER), heard(telephony, HANDLER)
    assert len(to_warden) == 1
    assert number in to_warden[0]
    assert f"/tasks/{number}" in to_warden[0]
    assert "宽澄·鼎元一期南" in to_warden[0]
    assert not any(SEED in body or REPORTER in body or opened.receipt in body for body in to_warden + to_handler)
    assert [("已受理" in body, "经核查属实" in body) for body in to_reporter] == [(True, False), (False, True)]
    assert all(f"/r/{opened.receipt}" in body for body in to_reporter)
    assert len(to_handler) == 1


def test_delivery_is_recorded_and_no_secret_stands_in_clear(desk: Desk) -> None:
    opened = desk.report()

    desk.settled(opened.case.id, "acknowledge_reporter")

    def delivered():
        made = desk.attempts(opened.case.id)
        return made if len(made) == 2 and all(attempt.state == "delivered" for attempt in made) else None

    made = eventually(delivered, what="delivery of both messages")
    to_reporter = next(attempt for attempt in made if attempt.recipient_id is None)
    assert to_reporter.to_masked == "139 **** 5678"
    assert "••••" in to_reporter.body
    for attempt in made:
        assert opened.receipt not in repr(attempt)
        assert REPORTER not in repr(attempt)


def test_everybody_reads_their_own_language(desk: Desk, telephony: Exchange) -> None:
    with desk.db.write() as session:
        session.get(Person, desk.world.people["warden"]).language = "en"

    opened = desk.report(language="en")
    desk.settled(opened.case.id, "notify_assignee")
    desk.settled(opened.case.id, "acknowledge_reporter")

    assert heard(telephony, WARDEN)[0].startswith("Fireline: new task")
    assert "is taken up" in heard(telephony, REPORTER)[0]


def test_rectification_is_told_to_the_venue_the_rechecker_and_in_the_end_the_reporter(
    desk: Desk, telephony: Exchange
) -> None:
    opened = desk.report()
    desk.in_state(opened.case.id, "assigned")
    desk.fire(opened.case.id, "start_check", "warden", venue_code=desk.world.codes["kuancheng"])
    desk.fire(
        opened.case.id, "record_finding", "warden", outcome="substantiated", description="12 只不亮",
        hazards=["FAC-07"], no_photo_reason="测试",
    )  # fmt: skip
    number = desk.settled(opened.case.id, "open_rectifications").outcome["opened"][0]
    child = desk.numbered(number)
    desk.settled(opened.case.id, "acknowledge_reporter")
    before = heard(telephony, REPORTER)

    desk.fire(
        child.id, "serve", "inspector1", correct_by=datetime.now(UTC).date() + timedelta(days=9), served_to="卫管理"
    )
    desk.settled(child.id, "notify_venue")
    desk.fire(child.id, "submit", "manager", description="已更换", photos=[desk.photo()])
    desk.settled(child.id, "tell_rechecker")
    desk.fire(child.id, "confirm", "warden", description="已亮", no_photo_reason="测试")
    desk.settled(child.id, "notify_venue")
    desk.settled(child.id, "tell_parent")
    desk.settled(opened.case.id, "tell_reporter_corrected")

    assert [("整改期限" in body, number in body) for body in heard(telephony, MANAGER)] == [(True, True), (False, True)]
    assert heard(telephony, OWNER)[0] == heard(telephony, MANAGER)[0]
    assert any("请" in body and "复查" in body and number in body for body in heard(telephony, WARDEN))
    (last,) = heard(telephony, REPORTER)[len(before) :]
    assert "已整改并复查合格" in last
    assert f"/r/{opened.receipt}" in last


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"venue_code": None, "place": "河边空地"}, "没有对应的场所码"),
        ({"hazard": "other", "description": "说不清楚的东西"}, "隐患类型不明确"),
    ],
)
def test_doubtful_report_waits_and_the_desk_is_told(
    desk: Desk, telephony: Exchange, changes: dict[str, object], reason: str
) -> None:
    opened = desk.report(**changes)

    row = desk.settled(opened.case.id, "triage_report")

    assert row.state == "done"
    assert desk.case(opened.case.id).state == "reported"
    assert reason in heard(telephony, HANDLER)[0]


def test_anonymous_report_is_settled_with_nobody_to_tell(desk: Desk, telephony: Exchange) -> None:
    opened = desk.report(phone=None)

    row = desk.settled(opened.case.id, "acknowledge_reporter")

    assert row.state == "done"
    assert "no telephone number" in row.outcome["nobody"]
    assert heard(telephony, REPORTER) == []
