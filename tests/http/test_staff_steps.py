"""Taking steps on the case page: what is kept when one is refused, what a stale page is told, held messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from domain import audit, outbox
from domain.database import Database
from domain.models import TimelineEntry
from domain.processes import WORKFLOWS
from domain.workflow import Workflow
from tests.journeys import reach
from tests.pictures import jpeg
from tests.staff_member import Office, form_of, hidden_fields, office_of, seen
from tests.visitor import kept_photos
from tests.world import World


def entries_of(office: Office, number: str) -> list[TimelineEntry]:
    with office.db.read() as session:
        mine = select(TimelineEntry).where(TimelineEntry.case_id == office.case(number).id)
        return list(session.exec(mine.order_by(TimelineEntry.seq)))


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def test_report_goes_from_intake_to_reply_by_forms_alone(office: Office) -> None:
    number = office.report(hazard="other")
    handler, warden = office.member("handler"), office.member("warden")
    accepted = handler.takes(number, "accept", hazard_code="FAC-07")
    assert accepted.headers["location"] == f"/cases/{number}?done=2#entry-2"

    page = handler.opens(f"/cases/{number}").text
    warden_id = str(office.world.people["warden"])
    assert f'<option value="{warden_id}" selected>李庚 · 广龙片区</option>' in page
    handler.takes(number, "assign", assignee=warden_id)
    warden.takes(number, "start_check", venue_code=office.world.codes["kuancheng"])
    warden.takes(number, "record_finding", outcome="substantiated", description="12 只烟感不亮",
                 hazards=["FAC-07", "EVA-02"], corrected="EVA-02", files=[("现场.jpg", jpeg())])  # fmt: skip
    assert "我们已责令有关单位整改" in handler.opens(f"/cases/{number}").text
    handler.takes(number, "reply", text="经核查属实")

    case = office.case(number)
    assert (case.state, case.facts["hazards"], case.facts["corrected"]) == ("replied", ["FAC-07", "EVA-02"], ["EVA-02"])
    with office.db.read() as session:
        assert audit.verify(session).whole


def test_done_step_is_confirmed_in_words(office: Office) -> None:
    number = office.report(hazard="other")
    handler = office.member("handler")

    answer = handler.takes(number, "comment", text="已联系物业")

    assert "已完成：备注。" in seen(handler.opens(answer.headers["location"]))


def test_refused_form_comes_back_with_its_errors_linked_and_everything_typed(office: Office) -> None:
    number = office.report(hazard="other")
    member = office.member("handler")

    answer = member.takes(number, "reject", explanation="属于城管职责", competent="城" * 101)

    assert answer.status_code == 422
    form = form_of(answer.text, f"/cases/{number}/steps/reject")
    assert 'href="#reject-reason">原因：请填写此项' in form
    assert 'href="#reject-competent"' in form
    assert "属于城管职责</textarea>" in form
    assert 'aria-describedby="reject-competent-error reject-competent-hint"' in form
    assert '<details class="step" id="step-reject" open>' in answer.text
    assert office.case(number).version == 1


def test_refusal_of_the_register_stands_at_its_field(office: Office) -> None:
    number = office.report(hazard="other")
    office.fires(number, "handler", "accept", hazard_code="FAC-07")

    answer = office.member("handler").takes(number, "assign", assignee=str(office.world.people["inspector1"]))

    assert answer.status_code == 422
    assert "请填写第二名监督员" in form_of(answer.text, f"/cases/{number}/steps/assign")


def test_photos_survive_an_error_elsewhere_and_go_along_the_second_time(office: Office) -> None:
    number = office.report(triaged=True)
    office.fires(number, "warden", "start_check", venue_code=office.world.codes["kuancheng"])
    member = office.member("warden")
    refused = member.takes(number, "record_finding", outcome="substantiated", description="有",
                           files=[("a.jpg", jpeg())])  # fmt: skip
    assert refused.status_code == 422
    [token] = kept_photos(refused.text)
    assert member.opens(f"/kept/{token}").status_code == 200

    again = member.takes(
        number, "record_finding", outcome="substantiated", description="有", hazards="FAC-07", kept=token
    )

    assert again.status_code == 303
    assert "/thumbnail" in member.opens(f"/cases/{number}").text


def test_file_that_is_no_photo_is_refused_by_name_and_the_others_are_kept(office: Office) -> None:
    number = office.report(triaged=True)
    office.fires(number, "warden", "start_check", venue_code=office.world.codes["kuancheng"])

    answer = office.member("warden").takes(
        number, "record_finding", outcome="not_substantiated", description="没有发现",
        files=[("好.jpg", jpeg()), ("合同.jpg", b"%PDF-1.7 not a picture")],
    )  # fmt: skip

    assert answer.status_code == 422
    assert "合同.jpg" in seen(answer)
    assert len(kept_photos(answer.text)) == 1
    assert "没有发现</textarea>" in answer.text


def test_stale_page_keeps_what_was_typed_and_names_what_changed(office: Office) -> None:
    number = office.report(hazard="other")
    member = office.member("handler")
    old = hidden_fields(form_of(member.opens(f"/cases/{number}").text, f"/cases/{number}/steps/comment"))
    office.fires(number, "supervisor", "comment", text="请加急")

    answer = member.posts(f"/cases/{number}/steps/comment", **{**old, "text": "已联系物业"})

    assert answer.status_code == 409
    assert "您打开页面之后发生了： 备注 · 郑主管" in seen(answer)
    form = form_of(answer.text, f"/cases/{number}/steps/comment")
    assert "已联系物业</textarea>" in form
    assert hidden_fields(form)["version"] == "2"
    assert (
        member.posts(f"/cases/{number}/steps/comment", **{**hidden_fields(form), "text": "已联系物业"}).status_code
        == 303
    )


def test_stale_step_that_is_gone_still_shows_what_was_typed(office: Office) -> None:
    number = office.report(hazard="other")
    member = office.member("handler")
    old = hidden_fields(form_of(member.opens(f"/cases/{number}").text, f"/cases/{number}/steps/reject"))
    office.fires(number, "handler", "accept", hazard_code="FAC-07")

    answer = member.posts(f"/cases/{number}/steps/reject", **{**old, "explanation": "属于城管职责"})

    assert answer.status_code == 409
    assert "该步骤已不能办理" in seen(answer)
    assert "给举报人的说明 属于城管职责" in seen(answer)


@pytest.mark.parametrize(
    ("who", "step", "status"), [("operator", "accept", 403), ("handler", "reply", 409), ("handler", "dance", 404)]
)
def test_step_that_is_not_offered_is_refused_with_the_reason(office: Office, who: str, step: str, status: int) -> None:
    number = office.report(hazard="other")
    member = office.member(who)

    answer = member.posts(
        f"/cases/{number}/steps/{step}", csrf=member.csrf(), version="1", text="x", hazard_code="FAC-07"
    )

    assert answer.status_code == status
    assert office.case(number).version == 1


@pytest.mark.parametrize("version", ["", "abc", "0", "99999999999999999999"])
def test_version_that_is_none_changes_nothing(office: Office, version: str) -> None:
    number = office.report(hazard="other")
    member = office.member("handler")

    answer = member.posts(f"/cases/{number}/steps/comment", csrf=member.csrf(), version=version, text="x")

    assert answer.status_code == 409
    assert office.case(number).version == 1


def test_step_without_proof_of_its_page_is_refused(office: Office) -> None:
    number = office.report(hazard="other")

    answer = office.member("handler").posts(f"/cases/{number}/steps/comment", version="1", text="x")

    assert answer.status_code == 403
    assert office.case(number).version == 1


def test_same_step_sent_twice_counts_once(office: Office) -> None:
    number = office.report(hazard="other")
    member = office.member("handler")
    form = hidden_fields(form_of(member.opens(f"/cases/{number}").text, f"/cases/{number}/steps/comment"))

    answers = [member.posts(f"/cases/{number}/steps/comment", **form, text=" 一次") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"] == f"/cases/{number}?done=2#entry-2"
    assert office.case(number).version == 2


def test_double_click_at_one_moment_counts_once(office: Office) -> None:
    number = office.report(hazard="other")
    member = office.member("handler")
    form = hidden_fields(form_of(member.opens(f"/cases/{number}").text, f"/cases/{number}/steps/comment"))

    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(member.posts, f"/cases/{number}/steps/comment", **form, text="一次") for _ in range(4)]

    assert [answer.result().status_code for answer in sent] == [303] * 4
    assert office.case(number).version == 2


def test_other_words_and_other_people_are_no_double_click(office: Office) -> None:
    number = office.report(hazard="other")
    first, colleague = office.member("handler"), office.member("supervisor")
    address = f"/cases/{number}/steps/comment"
    assert first.posts(address, csrf=first.csrf(), version="1", text="一次").status_code == 303

    edited = first.posts(address, csrf=first.csrf(), version="1", text="改过")
    theirs = colleague.posts(address, csrf=colleague.csrf(), version="1", text="一次")

    assert (edited.status_code, theirs.status_code) == (409, 409)
    assert "改过" in edited.text
    assert office.case(number).version == 2


def test_finding_with_a_photo_sent_twice_leads_on_both_times(office: Office) -> None:
    number = office.report(triaged=True)
    office.fires(number, "warden", "start_check", venue_code=office.world.codes["kuancheng"])
    member = office.member("warden")
    address = f"/tasks/{number}/record_finding"
    form = hidden_fields(form_of(member.opens(address).text, address))
    filled = {**form, "outcome": "substantiated", "description": "两处上锁", "hazards": ["EVA-02", "FAC-07"]}

    answers = [member.posts(address, files=[("a.jpg", jpeg())], **filled) for _ in range(2)]

    assert [(answer.status_code, answer.headers["location"]) for answer in answers] == [
        (303, f"/tasks?done={number}")
    ] * 2
    assert [entry.transition for entry in entries_of(office, number)].count("record_finding") == 1


@pytest.mark.parametrize(("decision", "words"), [("again", "待办"), ("drop", "不再发送")])
def test_held_message_is_decided_with_a_reason_that_stands_in_the_timeline(
    office: Office, decision: str, words: str
) -> None:
    number = office.report(triaged=True)
    at = office.world.clock.now
    with office.db.write() as session:
        for row in outbox.claim(session, "hazard_report", worker="w", at=at, lease=timedelta(seconds=60)):
            if row.effect == "acknowledge_reporter":
                outbox.hold(session, row, worker="w", at=at, reason="This venue is closed.")
    member = office.member("handler")
    page = member.opens(f"/cases/{number}")
    assert "有 1 条消息待人工处理" in seen(page)
    assert "该场所已停业" in seen(page)
    assert "decide_held" not in office.member("warden").opens(f"/cases/{number}").text

    unexplained = member.takes(number, "decide_held", decision=decision)
    decided = member.takes(number, "decide_held", decision=decision, reason="已电话核实")

    assert unexplained.status_code == 422
    assert decided.status_code == 303
    page = seen(member.opens(f"/cases/{number}"))
    assert f"告知举报人已受理 · {words}" in page
    assert "处理未送达" in page
    assert "原因 已电话核实" in page
    assert "待人工处理" not in page
    with office.db.read() as session:
        assert audit.verify(session).whole


def title_of(answer: Any) -> str:
    return re.search("<title>(.*)</title>", answer.text).group(1)


def test_title_says_first_that_something_was_refused(office: Office) -> None:
    number = office.report(hazard="other")
    checked = office.report(triaged=True)
    nobody, member, warden = office.nobody(), office.member("handler"), office.member("warden")
    step, task = f"/cases/{number}/steps/reject", f"/tasks/{checked}/start_check"

    refused = [
        nobody.sends("/login", "/login", username="handler", password="wrong-one"),
        member.takes(number, "reject"),
        member.posts(step, csrf=member.csrf(), version="9"),
        member.sends("/cases/new", "/cases/new", channel="96119", action="save"),
        warden.sends(task, task, venue_code="AAAAAAAA"),
    ]
    shown = [nobody.opens("/login"), *(member.opens(path) for path in (f"/cases/{number}", "/cases/new"))]

    assert all(answer.status_code >= 400 and title_of(answer).startswith("错误 · ") for answer in refused)
    assert not [title_of(answer) for answer in (*shown, warden.opens(task)) if "错误" in title_of(answer)]


def test_who_checked_before_is_not_offered_for_a_reopened_report(office: Office) -> None:
    with office.db.write() as session:
        number = reach(session, office.world, "hazard_report", "reopened", team="inspectors").number
    handled = office.case(number).facts["handled_by"]
    assert handled

    page = office.member("supervisor").opens(f"/cases/{number}").text

    offered = set(re.findall(r'<option value="([^"]+)"', form_of(page, f"/cases/{number}/steps/assign")))
    assert not offered & set(handled)
    assert str(office.world.people["warden"]) in offered


def test_fields_of_which_one_is_needed_are_not_called_optional(office: Office) -> None:
    number = office.report(triaged=True)

    page = office.member("warden").opens(f"/tasks/{number}/start_check")

    assert "门口的场所码 （二者填一）" in seen(page)
    assert "未扫码的原因 （二者填一）" in seen(page)
    assert "附注 （选填）" in seen(page)


@pytest.mark.parametrize("flow", WORKFLOWS.values(), ids=WORKFLOWS)
def test_fields_of_which_one_is_needed_name_each_other(flow: Workflow) -> None:
    forms = [step.form for step in flow.transitions if step.form is not None]

    for form in forms:
        extras = {name: info.json_schema_extra or {} for name, info in form.model_fields.items()}
        pairs = {name: extra["either_with"] for name, extra in extras.items() if "either_with" in extra}
        assert {other: name for name, other in pairs.items()} == pairs
        assert set(extras) & {"no_code_reason", "no_photo_reason", "cannot_tell_reason"} <= set(pairs)
