"""My tasks on the phone: what stands there for whom, and the way from arriving to the finding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from domain import cases, people, rectifications
from domain.database import Database
from domain.patrols import planning
from tests.patrol_ground import Ground
from tests.pictures import jpeg
from tests.staff_member import Office, office_of, seen
from tests.visitor import kept_photos
from tests.world import World


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def served_rectification(office: Office) -> str:
    number = office.report(triaged=True)
    office.to_checked(number)
    with office.db.write() as session:
        case = cases.by_number(session, number)
        [opened] = rectifications.open_from_finding(session, case.id, case.version, at=office.world.clock.now)
    due = (office.world.clock.now + timedelta(days=10)).date().isoformat()
    office.fires(opened.number, "inspector1", "serve", correct_by=due, served_to="蒋责任")
    return opened.number


def test_cards_come_by_deadline_with_the_step_to_take(office: Office) -> None:
    later = office.report(triaged=True)
    sooner = office.report(hazard="escape", triaged=True)

    page = office.member("warden").opens("/tasks")

    assert re.findall(r'class="button" href="/tasks/([^/]+)/start_check"', page.text) == [sooner, later]
    assert "剩 24 小时" in seen(page)


def test_patrols_are_no_cards_but_a_link_that_says_how_many_wait(office: Office) -> None:
    at = office.world.clock.now
    with office.db.write() as session:
        ground = Ground(office.world)
        for _ in range(3):
            ground.plan(session, "kuancheng", "daily", who="person", person_id=office.world.people["officer"])
        planning.plan_day(session, people.local_day(at), at=at)
    officer, warden, handler = (seen(office.member(who).opens("/tasks")) for who in ("officer", "warden", "handler"))

    assert "待巡查 3 项" in officer
    assert "没有待办任务" in officer, "none of them is a card"
    assert "巡查：目前没有待办任务" in warden
    assert "待巡查" not in handler


def test_nobody_elses_task_is_shown(office: Office) -> None:
    number = office.report(triaged=True)
    member = office.member("warden2")

    assert "没有待办任务" in seen(member.opens("/tasks"))
    assert member.opens(f"/tasks/{number}").status_code == 404
    assert member.opens(f"/tasks/{number}/start_check").status_code == 404
    assert member.posts(f"/tasks/{number}/start_check", csrf=member.csrf(), version="3").status_code == 404


def test_task_shows_where_to_go_and_what_was_reported(office: Office) -> None:
    number = office.report(triaged=True)

    page = seen(office.member("warden").opens(f"/tasks/{number}"))

    for words in ("宽澄·鼎元一期南门口", "楼层好多烟感报警不会亮", "到场", "退回", "火灾自动报警系统故障"):
        assert words in page, words


def test_warden_goes_from_the_card_to_the_finding_without_a_detour(office: Office) -> None:
    number = office.report(triaged=True)
    member = office.member("warden")
    arrive, finding = f"/tasks/{number}/start_check", f"/tasks/{number}/record_finding"

    arrived = member.sends(
        arrive, arrive, venue_code=office.world.codes["kuancheng"], lat="24.67", lon="102.9", accuracy_m="12"
    )
    assert arrived.headers["location"] == finding
    found = member.sends(finding, finding, outcome="substantiated", description="12 只烟感不亮", hazards=["FAC-07"],
                         files=[("a.jpg", jpeg())])  # fmt: skip

    assert found.headers["location"] == f"/tasks?done={number}"
    assert office.case(number).state == "checked"
    page = seen(member.opens(found.headers["location"]))
    assert "已完成。" in page
    assert "等待他人办理" in page


def test_code_of_another_venue_is_refused_and_what_was_typed_stays(office: Office) -> None:
    number = office.report(triaged=True)
    path = f"/tasks/{number}/start_check"

    answer = office.member("warden").sends(path, path, venue_code=office.world.codes["market"], note="门卫不在")

    assert answer.status_code == 422
    assert "这是另一场所的码：岚山农贸市场" in seen(answer)
    assert f'value="{office.world.codes["market"]}"' in answer.text
    assert "门卫不在</textarea>" in answer.text


def test_finding_without_photo_or_reason_is_refused_at_the_photos(office: Office) -> None:
    number = office.report(triaged=True)
    office.fires(number, "warden", "start_check", venue_code=office.world.codes["kuancheng"])
    path = f"/tasks/{number}/record_finding"
    member = office.member("warden")

    answer = member.sends(path, path, outcome="not_substantiated", description="没有发现")

    assert answer.status_code == 422
    assert 'href="#record_finding-photos"' in answer.text
    assert "请上传照片" in seen(answer)


def test_photo_a_script_sent_beforehand_counts(office: Office) -> None:
    number = office.report(triaged=True)
    office.fires(number, "warden", "start_check", venue_code=office.world.codes["kuancheng"])
    member = office.member("warden")
    path = f"/tasks/{number}/record_finding"
    sent = member.client.post("/api/v1/uploads", files={"file": ("a.jpg", jpeg(), "image/jpeg")}).json()["id"]
    refused = member.sends(path, path, outcome="substantiated", description="有", photos=sent)
    assert len(kept_photos(refused.text)) == 1

    taken = member.sends(path, path, outcome="not_substantiated", description="没有发现", photos=sent)

    assert taken.status_code == 303


def test_warden_sends_a_task_back_with_a_reason(office: Office) -> None:
    number = office.report(triaged=True)
    path = f"/tasks/{number}/decline"
    member = office.member("warden")

    answer = member.sends(path, path, reason="不在我的片区")

    assert answer.headers["location"] == f"/tasks?done={number}"
    assert office.case(number).state == "accepted"
    assert "没有待办任务" in seen(member.opens("/tasks"))


def test_step_that_is_not_possible_leads_back_to_the_task(office: Office) -> None:
    number = office.report(triaged=True)

    answer = office.member("warden").opens(f"/tasks/{number}/record_finding")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{number}")


def test_stale_task_says_what_changed(office: Office) -> None:
    number = office.report(triaged=True)
    member = office.member("warden")
    csrf = member.csrf()
    office.fires(number, "handler", "comment", text="请加急")

    answer = member.posts(
        f"/tasks/{number}/start_check", csrf=csrf, version="3", venue_code=office.world.codes["kuancheng"]
    )

    assert answer.status_code == 409
    assert "您打开页面之后发生了： 备注" in seen(answer)
    assert f'value="{office.world.codes["kuancheng"]}"' in answer.text


def test_venue_submits_its_correction_with_a_photo_and_the_warden_checks_it_again(office: Office) -> None:
    number = served_rectification(office)
    officer, warden = office.member("officer"), office.member("warden")
    submit, confirm = f"/tasks/{number}/submit", f"/tasks/{number}/confirm"
    assert submit in officer.opens("/tasks").text

    without = officer.sends(submit, submit, description="已更换")
    assert without.status_code == 422
    sent = officer.sends(submit, submit, description="已更换 12 只烟感", files=[("after.jpg", jpeg())])
    assert sent.headers["location"] == f"/tasks?done={number}"
    assert confirm in warden.opens("/tasks").text
    closed = warden.sends(confirm, confirm, description="全部正常", no_photo_reason="灯光太暗")

    assert closed.status_code == 303
    assert office.case(number).state == "closed"


def test_photo_of_the_finding_is_shown_to_the_venue_and_the_reporters_is_not(office: Office) -> None:
    number = served_rectification(office)

    page = office.member("officer").opens(f"/tasks/{number}")

    assert page.status_code == 200
    assert "楼层好多烟感" not in seen(page)
