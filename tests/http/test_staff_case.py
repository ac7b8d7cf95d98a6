"""The case page: what it shows, to whom, and what it keeps to itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from api.rendering import TEMPLATES
from domain import cases, outbox, rectifications, uploads
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Attempt
from domain.processes import WORKFLOWS
from domain.settings import get_settings
from tests.pictures import jpeg
from tests.staff_member import SEED, Office, office_of, seen
from tests.world import World


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def photo(office: Office) -> str:
    kept = uploads.keep(office.db, jpeg(), "a.jpg", at=office.world.clock.now, directory=get_settings().photos)
    return str(kept.id)


def rectification(office: Office) -> str:
    number = office.report(triaged=True)
    office.to_checked(number)
    with office.db.write() as session:
        case = cases.by_number(session, number)
        opened = rectifications.open_from_finding(session, case.id, case.version, at=office.world.clock.now)
        return opened[0].number


def test_facts_say_what_where_how_bad_and_by_which_law(office: Office) -> None:
    number = office.report(hazard="escape", triaged=True)

    page = seen(office.member("handler").opens(f"/cases/{number}"))

    for words in (
        SEED,
        "张*",
        "139 **** 5678",
        "宽澄·鼎元一期南",
        "广龙片区",
        "李庚",
        "重大",
        "消防法",
        "《消防监督检查规定》第十八条第一款第一项",
        "法定",
        "剩 24 小时",
    ):
        assert words in page, words
    assert "13912345678" not in page
    assert "张三丰" not in page


EVERYTHING = {"words", "photo", "phone"}


@pytest.mark.parametrize(("who", "shown"), [
    ("handler", EVERYTHING), ("supervisor", EVERYTHING), ("inspector1", EVERYTHING - {"phone"}),
    ("warden", EVERYTHING - {"phone"}), ("operator", set()), ("auditor", set()), ("admin", set()),
])  # fmt: skip
def test_reporter_is_shown_only_to_those_who_need_it(office: Office, who: str, shown: set[str]) -> None:
    picture = photo(office)
    number = office.report(triaged=True, photos=[picture])

    answer = office.member(who).opens(f"/cases/{number}")

    assert answer.status_code == 200
    there = {"words": SEED, "photo": f"/photos/{picture}/thumbnail", "phone": "139 **** 5678"}
    assert {what for what, words in there.items() if words in answer.text} == shown
    assert "张三丰" not in answer.text


def test_case_of_others_is_not_there_for_a_warden_or_a_venue(office: Office) -> None:
    number = office.report(triaged=True)

    for who in ("warden2", "officer"):
        assert office.member(who).opens(f"/cases/{number}").status_code == 404
    assert office.member("handler").opens("/cases/JB-2026-999999").status_code == 404


def test_venue_sees_its_rectification_but_not_the_report_behind_it(office: Office) -> None:
    number = rectification(office)
    due = (office.world.clock.now + timedelta(days=10)).date().isoformat()
    office.fires(number, "inspector1", "serve", correct_by=due, served_to="蒋责任")
    office.fires(number, "handler", "comment", text="注意这家是老熟人")

    page = seen(office.member("officer").opens(f"/cases/{number}"))

    assert "整改中" in page
    assert "JB-2026" not in page
    assert "老熟人" not in page
    assert SEED not in page
    assert "JB-2026-000001" in seen(office.member("inspector1").opens(f"/cases/{number}"))


def test_photos_of_those_who_checked_are_not_shown_as_the_reporters(office: Office) -> None:
    sent, added, taken = photo(office), photo(office), photo(office)
    number = office.report(triaged=True, photos=[sent])
    office.reporter_fires(number, "add_information", text="又拍了一张", photos=[added])
    office.fires(number, "warden", "start_check", venue_code=office.world.codes["kuancheng"])
    office.fires(number, "warden", "record_finding", outcome="substantiated", description="12 只烟感不亮",
                 hazards=["FAC-07"], photos=[taken])  # fmt: skip

    page = office.member("handler").opens(f"/cases/{number}").text

    reported = page.split("<h2>举报内容</h2>")[1].split('<div class="card">')[0]
    timeline = page.split("story-title")[-1]
    assert [picture for picture in (sent, added, taken) if picture in reported] == [sent, added]
    assert [picture for picture in (sent, added, taken) if picture in timeline] == [sent, added, taken]


def test_timeline_says_who_did_what_in_words(office: Office) -> None:
    number = office.report(triaged=True)
    office.to_checked(number)

    page = seen(office.member("handler").opens(f"/cases/{number}"))

    for words in (
        "李庚 · 片区消防专管员", "核查结论 属实", "现场情况 12 只烟感不亮", "门口的场所码", "派发 → 待到场",
        "专管员或监督员 李庚", "火灾自动报警系统故障",
    ):  # fmt: skip
        assert words in page, words
    assert "assigned" not in page
    assert "substantiated" not in page


def test_promises_say_what_became_of_them_for_each_recipient(office: Office) -> None:
    number = office.report(triaged=True)
    at = office.world.clock.now
    with office.db.write() as session:
        for row in outbox.claim(session, "hazard_report", worker="w", at=at, lease=timedelta(seconds=60)):
            if row.effect != "notify_assignee":
                continue
            session.add(
                Attempt(id=new_id(), key=f"{row.id}:1", outbox_id=row.id, case_id=row.case_id, channel="sms", number=2,
                        recipient_id=office.world.people["warden"], to_masked="138 **** 0002", state="delivered",
                        made_at=at, changed_at=at)
            )  # fmt: skip
            outbox.settle(session, row, worker="w", at=at, outcome={})

    page = seen(office.member("handler").opens(f"/cases/{number}"))

    assert "通知承办人 · 已办" in page
    assert "短信 · 李庚 138 **** 0002 · 已送达" in page
    assert "第 2 次" in page
    assert "告知举报人已受理 · 待办" in page


def test_steps_are_the_offers_with_the_reason_where_one_is_not_possible(office: Office) -> None:
    number = office.report(hazard="other", phone="13800000001")
    member = office.member("handler")

    page = member.opens(f"/cases/{number}")

    off = re.search(r"<button[^>]*disabled>受理</button><p>([^<]+)</p>", page.text)
    assert off
    assert "您本人的举报" in off.group(1)
    assert f"/cases/{number}/steps/accept" not in page.text
    assert f"/cases/{number}/steps/comment" in page.text


def test_who_has_nothing_to_do_is_told_so(office: Office) -> None:
    number = office.report()

    assert "目前没有需要您办理的步骤" in seen(office.member("auditor").opens(f"/cases/{number}"))


def test_linked_cases_and_doubles_are_one_press_away(office: Office) -> None:
    first, second = office.report(hazard="other"), office.report(hazard="other")
    member = office.member("handler")
    assert f"并案到 {first}" in seen(member.opens(f"/cases/{second}"))

    merged = member.posts(f"/cases/{second}/steps/merge", csrf=member.csrf(), version="1", into=first)

    assert merged.status_code == 303
    assert office.case(second).state == "merged"
    assert f"并入 {first}" in seen(member.opens(f"/cases/{second}"))
    assert f"已并入本件 {second}" in seen(member.opens(f"/cases/{first}"))


def test_runs_are_linked_where_prefect_has_pages_for_who_looks_after_it(office: Office) -> None:
    number = office.report()
    run = new_id()
    with office.db.write() as session:
        case = cases.by_number(session, number)
        [row] = outbox.claim(
            session, "hazard_report", worker="w", at=office.world.clock.now, lease=timedelta(seconds=9)
        )
        outbox.note_run(session, row.id, flow_run_id=run, task_run_id=None)
        assert case.version == 1
    member = office.member("auditor")
    assert "flow-run" not in member.opens(f"/cases/{number}").text

    office.app.state.settings.prefect_ui_url = "http://prefect.test/"

    assert f'href="http://prefect.test/runs/flow-run/{run}"' in member.opens(f"/cases/{number}").text
    assert "flow-run" not in office.member("handler").opens(f"/cases/{number}").text


def test_what_the_reporter_wrote_is_text_and_never_markup(office: Office) -> None:
    number = office.report(description='<img src=x onerror="alert(1)">')

    page = office.member("handler").opens(f"/cases/{number}").text

    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_templates_name_no_state() -> None:
    states = {state.name for flow in WORKFLOWS.values() for state in flow.states}
    files = [*TEMPLATES.glob("pages/staff/*.html"), *TEMPLATES.glob("macros/*.html")]

    named = {
        (file.name, word)
        for file in files
        for word in re.findall(r'["\'](\w+)["\']', file.read_text("utf-8"))
        if word in states
    }

    assert len(files) > 8
    # views of lists, the ends of a token and of an errand, and figures of the cockpit: not states of cases
    views = {("queue.html", "closed"), *((f"{name}.html", "open") for name in ("queue", "venues", "notices"))}
    ends = {("account_tokens.html", "revoked"), ("errands.html", "done")}
    figures = {("cockpit.html", word) for word in ("reported", "overdue", "open")}
    assert named <= views | ends | figures


def test_rating_is_said_in_stars(office: Office) -> None:
    number = office.report(triaged=True)
    office.to_checked(number)
    office.fires(number, "handler", "reply", text="已责令整改")
    office.reporter_fires(number, "rate", rating=2)

    assert "2 / 5 星" in seen(office.member("handler").opens(f"/cases/{number}"))


def test_decision_on_a_held_message_names_the_message_and_not_its_id(office: Office) -> None:
    number = office.report()
    at = office.world.clock.now
    with office.db.write() as session:
        [row] = outbox.claim(session, "hazard_report", worker="w", at=at, lease=timedelta(seconds=9))
        outbox.hold(session, row, worker="w", at=at, reason="This venue is closed.")
    office.fires(number, "handler", "decide_held", message=row.id, decision="drop", reason="已电话核实")

    page = seen(office.member("handler").opens(f"/cases/{number}"))

    assert f"消息 {WORKFLOWS['hazard_report'].effects[row.effect].zh}" in page
    assert str(row.id) not in page


def test_fault_of_the_provider_is_not_called_a_refusal(office: Office) -> None:
    number = office.report()
    at = office.world.clock.now
    with office.db.write() as session:
        [row] = outbox.claim(session, "hazard_report", worker="w", at=at, lease=timedelta(seconds=9))
        for tried, error in enumerate(("20500", "20429", "21211"), start=1):
            session.add(
                Attempt(
                    id=new_id(), outbox_id=row.id, case_id=row.case_id, number=tried, channel="sms", key=f"k{tried}",
                    to_masked="138 **** 0002", provider="test", state="refused", error=error, made_at=at, changed_at=at,
                )
            )  # fmt: skip

    page = seen(office.member("handler").opens(f"/cases/{number}"))

    for words in ("运营商故障（20500）", "限流（20429）", "被拒收", "号码无效（21211）"):
        assert words in page, words
    assert (page.count("被拒收"), page.count("未能发出")) == (1, 2)


def test_limit_that_ended_otherwise_is_not_called_kept(office: Office) -> None:
    checked, handed_over = office.report(triaged=True), office.report(hazard="other")
    office.to_checked(checked)
    office.fires(handed_over, "handler", "transfer", authority="市住房和城乡建设局", contact="0877-12345678")
    member = office.member("handler")

    kept, ended = (seen(member.opens(f"/cases/{number}")) for number in (checked, handed_over))

    assert "现场核查 按期完成 法定：《消防监督检查规定》" in kept
    assert "依据：《" in kept
    assert "现场核查 不再适用：已移送" in ended
    assert "按期完成" not in ended


def test_limit_that_was_over_when_the_case_left_is_called_late(office: Office) -> None:
    number = office.report(hazard="other")
    office.world.clock.advance(days=9)
    office.fires(number, "handler", "transfer", authority="市住房和城乡建设局", contact="0877-12345678")

    assert "现场核查 逾期未完成：已移送" in seen(office.member("handler").opens(f"/cases/{number}"))
