"""Notices within the product: the bell, one's own list, reading one and all; by page and by program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from domain import attempts, cases, notices, rectifications
from domain.attempts import Recipient
from domain.database import Database
from domain.models import Notice, Outbox, Post
from tests.staff_member import Office, office_of, seen
from tests.world import World


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def tells(office: Office, number: str, *people: str, **data: Any) -> list[UUID]:
    """Have these people told of a case's newest promise, as the worker does it, and return their notices' ids."""
    office.world.clock.advance(minutes=1)
    with office.db.write() as session:
        case = cases.by_number(session, number)
        promise = session.exec(
            select(Outbox).where(Outbox.case_id == case.id).order_by(col(Outbox.seq).desc(), Outbox.id)
        ).first()
        data = {"seq": promise.seq, "transition": "assign", **data}
        told = [office.world.people[who] for who in people]
        notices.tell(session, promise, told, data=data, at=office.world.clock.now)
        rows = session.exec(select(Notice).where(Notice.outbox_id == promise.id)).all()
        by_person = {row.person_id: row.id for row in rows}
    return [by_person[person] for person in told]


def bell(page: Any) -> str:
    """Return the number beside the bell; "" without one."""
    found = re.search(r'class="bell"[^>]*>通知(?: <span class="count alarming">([^<]+)<)?', page.text)
    assert found, "there is no bell"
    return found.group(1) or ""


def test_bell_counts_ones_own_unread_on_every_page_and_the_list_says_what_it_is_about(office: Office) -> None:
    number = office.report(hazard="escape", triaged=True)
    tells(office, number, "supervisor", "warden", clock="verify", level=1, due_at="2026-08-24T05:58:00+00:00")
    supervisor, warden, handler = (office.member(who) for who in ("supervisor", "warden", "handler"))

    page = supervisor.opens("/notices")

    assert [bell(supervisor.opens("/cases")), bell(warden.opens("/tasks")), bell(handler.opens("/cases"))] == [
        "1", "1", "",
    ]  # fmt: skip
    assert "已逾期" in seen(page)
    assert all(word in seen(page) for word in (number, "现场核查", "宽澄·鼎元一期南", "2026-08-24 13:58"))
    assert f'href="/cases/{number}"' in page.text
    assert f'href="/tasks/{number}"' in warden.opens("/notices").text
    assert "还没有通知" in seen(handler.opens("/notices"))


def test_promise_taken_up_again_tells_nobody_twice(office: Office) -> None:
    number = office.report(hazard="escape", triaged=True)
    first = tells(office, number, "supervisor")

    assert tells(office, number, "supervisor", "leader")[:1] == first
    assert bell(office.member("supervisor").opens("/notices")) == "1"


def test_one_is_read_by_its_button_which_opens_the_case(office: Office) -> None:
    number = office.report(hazard="escape", triaged=True)
    (notice,) = tells(office, number, "supervisor")
    member = office.member("supervisor")

    opened = member.sends("/notices", f"/notices/{notice}/read", open="1")

    assert (opened.status_code, opened.headers["location"]) == (303, f"/cases/{number}")
    assert bell(member.opens("/notices")) == ""
    assert "都已读" in seen(member.opens("/notices", show="unread"))
    again = member.posts(f"/notices/{notice}/read", csrf=member.csrf())
    assert again.status_code == 303


def test_read_all_leaves_what_came_after_the_page(office: Office) -> None:
    first, second = office.report(hazard="escape", triaged=True), office.report(hazard="escape", triaged=True)
    tells(office, first, "leader")
    member = office.member("leader")
    up_to = re.search(r'name="up_to" value="([^"]+)"', member.opens("/notices").text).group(1)
    tells(office, second, "leader")

    assert member.posts("/notices/read", csrf=member.csrf(), up_to=up_to).status_code == 303

    assert bell(member.opens("/cases")) == "1"
    assert re.findall(r"JB-2026-\d+", seen(member.opens("/notices", show="unread"))) == [second, second]


def test_notices_are_for_whom_they_name_alone(office: Office, program) -> None:
    number = office.report(hazard="escape", triaged=True)
    (notice,) = tells(office, number, "supervisor")
    other, member = office.member("leader"), office.nobody()

    assert other.posts(f"/notices/{notice}/read", csrf=other.csrf()).status_code == 404
    assert other.posts("/notices/read", csrf=other.csrf(), up_to=str(notice)).status_code == 303
    assert member.client.post(f"/api/v1/notices/{notice}/read", headers=program("handler")).status_code == 404
    assert bell(office.member("supervisor").opens("/cases")) == "1"
    assert member.opens("/notices").status_code == 303


def test_case_out_of_reach_says_nothing_of_itself(office: Office, program) -> None:
    number = office.report(hazard="escape", triaged=True)
    (notice,) = tells(office, number, "supervisor", clock="verify", level=1, due_at="2026-08-24T05:58:00+00:00")
    with office.db.write() as session:
        post = session.exec(select(Post).where(Post.person_id == office.world.people["supervisor"])).one()
        post.area_id = office.world.areas["fuxian"]
    member = office.member("supervisor")

    words = seen(member.opens("/notices"))
    answer = member.client.get("/api/v1/notices", headers=program("supervisor")).json()
    opened = member.sends("/notices", f"/notices/{notice}/read")

    assert "已不在您的权限范围内" in words
    assert not any(word in words for word in (number, "宽澄", "现场核查", "已逾期"))
    assert (answer["notices"][0]["case"], answer["notices"][0]["kind"]) == (None, None)
    assert opened.headers["location"] == "/notices"


def test_programs_list_page_by_page_and_mark_as_read(office: Office, program) -> None:
    number = office.report(hazard="escape", triaged=True)
    with office.db.write() as session:
        case = cases.by_number(session, number)
        for promise in session.exec(select(Outbox).where(Outbox.case_id == case.id).order_by(Outbox.id)).all():
            about = {"seq": promise.seq, "transition": "assign"}
            notices.tell(session, promise, [office.world.people["handler"]], data=about, at=office.world.clock.now)
    client, headers = office.nobody().client, program("handler")

    found, cursor = [], None
    while True:
        query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        answer = client.get("/api/v1/notices", headers=headers, params=query).json()
        found += answer["notices"]
        if not (cursor := answer["next_cursor"]):
            break

    assert len({one["id"] for one in found}) == len(found) == answer["unread"] > 2
    assert [one["id"] for one in found] == sorted((one["id"] for one in found), reverse=True)
    assert found[0]["case"]["number"] == number
    one = client.post(f"/api/v1/notices/{found[0]['id']}/read", headers=headers)
    assert one.json() == {"unread": len(found) - 1}
    rest = client.post("/api/v1/notices/read", headers=headers, json={"up_to": found[0]["id"]})
    assert rest.json() == {"read": len(found) - 1}
    assert client.post("/api/v1/notices/read", headers=headers, json={"up_to": "x"}).status_code == 422


def test_timeline_says_whom_an_escalation_reached_how_and_when_to_who_may_know(office: Office, program) -> None:
    number = office.report(hazard="equipment", triaged=True)
    waits_until = office.world.clock.now + timedelta(hours=9)
    with office.db.write() as session:
        case = cases.by_number(session, number)
        promise = session.exec(
            select(Outbox).where(Outbox.case_id == case.id, Outbox.effect == "notify_assignee")
        ).one()
        promise.outcome = {"waits_until": waits_until.isoformat(), "handed_on": {
            "asked": "supervisor", "post": "leader", "own": "广龙片区", "area": ""}}  # fmt: skip
        warden = office.world.people["warden"]
        notices.tell(session, promise, [warden], data={"seq": 3, "transition": "assign"}, at=office.world.clock.now)
        told = Recipient("+8613800000002", "zh_CN", person_id=warden)
        attempts.begin(session, promise, told, channel="sms", number=1, body="-", shown="-", provider="x",
                       at=office.world.clock.now)  # fmt: skip

    page = seen(office.member("supervisor").opens(f"/cases/{number}"))
    client = office.nobody().client
    answer = client.get(f"/api/v1/cases/{number}/timeline", headers=program("supervisor")).json()

    assert "免打扰时段，将于2026-08-23 22:58发出" in page
    assert "此处没有主管，已告知全部区域的负责人。" in page
    assert re.search(r"站内通知 · 李庚 · 未读", page)
    assert "短信 · 李庚 138 **** 0002" in page
    (promised,) = [one for line in answer["timeline"] for one in line["promises"] if one["effect"] == "notify_assignee"]
    assert (promised["state"], promised["waits_until"]) == ("pending", waits_until.isoformat())
    assert [(one["name"], one["channel"], one["phone_masked"]) for one in promised["told"]] == [
        ("李庚", "notice", None), ("李庚", "sms", "138 **** 0002"),
    ]  # fmt: skip


def test_venue_reads_of_a_promise_only_what_reached_itself(office: Office, program) -> None:
    number = office.report(hazard="equipment", triaged=True)
    office.to_checked(number)
    with office.db.write() as session:
        case = cases.by_number(session, number)
        (ordered,) = rectifications.open_from_finding(session, case.id, case.version, at=office.world.clock.now)
        inspector = office.world.actor(session, "inspector1")
        day = office.world.clock.now.date() + timedelta(days=9)
        cases.fire(session, ordered, "serve", actor=inspector, at=office.world.clock.now,
                   data={"correct_by": day, "served_to": "蒋责任"})  # fmt: skip
        promise = session.exec(select(Outbox).where(Outbox.case_id == ordered.id)).one()
        about = {"seq": promise.seq, "transition": "serve"}
        both = [office.world.people[who] for who in ("owner", "manager")]
        notices.tell(session, promise, both, data=about, at=office.world.clock.now)
        ordered_number = ordered.number

    answer = office.nobody().client.get(f"/api/v1/cases/{ordered_number}/timeline", headers=program("owner")).json()

    told = [one["name"] for line in answer["timeline"] for kept in line["promises"] for one in kept["told"]]
    assert told == ["蒋责任"]
    assert "卫管理" not in seen(office.member("owner").opens(f"/cases/{ordered_number}"))
