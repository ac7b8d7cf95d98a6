"""The board of deadlines: what stands in which column, within whose reach, page by page, urged in a batch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from domain import cases, rulebooks, sweep
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Case, ClockRow, OwnLimitRow, Post, TimelineEntry
from domain.queries import board
from domain.queries.board import Column, Wanted
from tests.staff_member import Office, form_of, hidden_fields, office_of, seen
from tests.world import World

LEASE = timedelta(minutes=1)


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def ring(office: Office) -> None:
    """Let the sweep do what is due by now."""
    now = office.world.clock.now
    while True:
        with office.db.write() as session:
            due = sweep.claim(session, "hazard_report", worker="test", at=now, lease=LEASE)
            for case_id, name in due:
                sweep.ring(session, case_id, name, at=now)
        if not due:
            return


def columns(office: Office, who: str = "supervisor", **wanted: Any) -> dict[str, list[tuple[str, str]]]:
    """Return (number, clock) of every column."""
    now = office.world.clock.now
    with office.db.read() as session:
        actor = office.world.actor(session, who)
        counts = board.counts(session, actor, Wanted(**wanted), at=now)
        pages = {column: board.page(session, actor, column, Wanted(**wanted), at=now) for column in Column}
    assert {column: len(page.lines) for column, page in pages.items()} == counts
    return {column.value: [(line.row.number, line.clock.name) for line in page.lines] for column, page in pages.items()}


def test_deadline_moves_from_today_to_risk_to_overdue(office: Office) -> None:
    number = office.report(hazard="escape", triaged=True)  # 24 hours from 23 August, 13:58
    verify = [(number, "verify")]
    assert columns(office) == {"overdue": [], "today": [], "risk": [], "provisional": []}

    office.world.clock.advance(hours=18)
    ring(office)
    assert columns(office) == {"overdue": [], "today": verify, "risk": [], "provisional": []}

    office.world.clock.advance(hours=6)
    assert columns(office) == {"overdue": verify, "today": [], "risk": [], "provisional": []}


def test_today_is_the_citys_day_to_its_end(office: Office) -> None:
    midnight = datetime(2026, 8, 24, 16, tzinfo=UTC)  # 24:00 in the city
    first, second = (office.report(hazard="escape", triaged=True) for _ in range(2))
    with office.db.write() as session:
        for number, moment in ((first, midnight), (second, midnight + timedelta(seconds=1))):
            row = session.get(ClockRow, (cases.by_number(session, number).id, "verify"))
            row.due_at = moment
    office.world.clock.now = datetime(2026, 8, 23, 15, 59, 59, tzinfo=UTC)
    assert columns(office)["today"] == []

    office.world.clock.advance(seconds=1)
    assert columns(office)["today"] == [(first, "verify")]

    office.world.clock.now = midnight
    assert (columns(office)["today"], columns(office)["overdue"]) == ([(second, "verify")], [(first, "verify")])

    office.world.clock.advance(seconds=1)
    assert columns(office)["overdue"] == [(first, "verify"), (second, "verify")]


def test_timer_is_nobodys_deadline_and_ended_cases_have_none(office: Office) -> None:
    number = office.report(hazard="equipment", triaged=True)
    office.to_checked(number)
    office.fires(number, "handler", "reply", text="经核查属实,已责令整改。")
    office.world.clock.advance(days=6, hours=12)  # the timer that closes it is due within the day

    assert not any(here == number for found in columns(office).values() for here, _ in found)


def test_deadline_stands_in_the_first_column_that_is_true_of_it(office: Office) -> None:
    number = office.report(hazard="escape", triaged=True)
    found = []
    for level, provisional, ahead in ((0, True, 2), (1, True, 2), (1, True, 0), (1, True, -1)):
        with office.db.write() as session:
            row = session.get(ClockRow, (cases.by_number(session, number).id, "verify"))
            row.level, row.provisional = level, provisional
            row.due_at = office.world.clock.now + timedelta(days=ahead, hours=1)
        found.append([column for column, lines in columns(office).items() if lines])

    assert found == [["provisional"], ["risk"], ["today"], ["overdue"]]


def test_filter_that_fits_nothing_there_is_is_said(office: Office) -> None:
    member = office.member("supervisor")

    for wrong, words in (
        ("area", "没有可选的区域“zz”"),
        ("process", "没有可选的流程“zz”"),
        ("assignee", "没有可选的承办人“zz”"),
    ):
        answer = member.opens("/board", **{wrong: "zz"})
        assert answer.status_code == 422
        assert words in seen(answer)
        assert member.opens("/board", column="overdue").status_code == 200


def test_provisional_deadlines_have_a_column_of_their_own(office: Office) -> None:
    office.world.clock.now = datetime(2026, 12, 31, 2, 0, tzinfo=UTC)
    number = office.report(hazard="equipment", triaged=True)

    found = columns(office)

    assert found["provisional"] == [(number, "verify")]
    page = seen(office.member("supervisor").opens("/board", column="provisional"))
    assert "暂定" in page
    assert "该年放假安排尚未公布" in page


def test_filters_and_reach_leave_out_what_is_elsewhere(office: Office) -> None:
    here, there = (
        office.report(hazard="escape", triaged=True, venue_code=office.world.codes[key])
        for key in ("kuancheng", "market")
    )
    office.world.clock.advance(days=2)
    people = office.world.people

    assert columns(office)["overdue"] == [(here, "verify"), (there, "verify")]
    assert columns(office, area="fuxian")["overdue"] == [(there, "verify")]
    assert columns(office, area="lanshan", process="hazard_report")["overdue"] == columns(office)["overdue"]
    assert columns(office, process="enrolment")["overdue"] == []
    assert columns(office, assignee_id=people["warden"])["overdue"] == [(here, "verify")]
    assert columns(office, unassigned=True)["overdue"] == []
    with office.db.write() as session:
        post = session.exec(select(Post).where(Post.person_id == people["supervisor"])).one()
        post.area_id = office.world.areas["fuxian"]
    assert columns(office)["overdue"] == [(there, "verify")]
    assert here not in office.member("supervisor").opens("/board").text


def test_page_names_deadline_article_assignee_and_area(office: Office) -> None:
    number = office.report(hazard="escape", triaged=True)
    office.world.clock.advance(hours=26)
    member = office.member("leader")

    page = member.opens("/board")

    row = re.search(rf'<tr data-number="{number}">.*?</tr>', page.text, re.DOTALL).group(0)
    assert re.search(r'class="chip late"[^>]*>已超 2 小时<', row)
    assert all(words in row for words in ("现场核查", "法定", "《消防监督检查规定》", "李庚", "广龙片区"))
    assert 'href="/board"' in page.text
    assert "今天没有其他到期的时限" in seen(page)
    assert 'href="/board"' not in office.member("warden").opens("/cases").text


def test_columns_go_on_page_by_page_and_a_wrong_cursor_begins_anew(office: Office) -> None:
    numbers = [office.report(hazard="escape", triaged=True) for _ in range(5)]
    office.world.clock.advance(days=2)
    with office.db.read() as session:
        actor, found, cursor = office.world.actor(session, "handler"), [], None
        while True:
            page = board.page(
                session, actor, Column.OVERDUE, Wanted(), at=office.world.clock.now, cursor=cursor, size=2
            )
            found += [line.row.number for line in page.lines]
            if not (cursor := page.next_cursor):
                break
            last = cursor

    member = office.member("handler")
    assert sorted(found) == sorted(numbers)
    assert member.opens("/board", column="overdue", cursor=last).status_code == 200
    for wrong in ("x", last[:-4]):
        assert member.opens("/board", column="overdue", cursor=wrong).status_code == 303
    assert member.opens("/board", column="risk", cursor=last).status_code == 303


def test_programs_read_the_same(office: Office, program) -> None:
    with office.db.write() as session:
        since = office.world.clock.now - timedelta(days=1)
        session.add(OwnLimitRow(id=new_id(), rule="CMP-20", amount=20, unit="elapsed_hour", reason="-", from_at=since))
        session.flush()
        rulebooks.forget(session)
    number = office.report(hazard="escape", triaged=True)
    office.world.clock.advance(hours=26)
    client, headers = office.nobody().client, program("supervisor")

    answer = client.get("/api/v1/deadlines", headers=headers).json()

    assert answer["counts"] == {"overdue": 1, "today": 0, "risk": 0, "provisional": 0}
    (line,) = answer["deadlines"]
    assert (line["number"], line["clock"], line["overdue"], line["statutory"]) == (number, "verify", True, True)
    assert line["due_basis"]["rule"] == "CMP-20"
    assert line["due_basis"]["label"].endswith("（本地从严）"), "the law gives 24 hours, this office 20"
    assert client.get("/api/v1/deadlines?kind=today", headers=headers).json()["deadlines"] == []
    for wrong in ("kind=never", "process=none", "cursor=x", "assignee=x", "limit=0"):
        assert client.get(f"/api/v1/deadlines?{wrong}", headers=headers).status_code == 422, wrong


def test_clock_that_stands_still_is_shown_so_and_is_not_overdue(office: Office, program) -> None:
    number = office.report(hazard="escape", triaged=True)
    since = office.world.clock.advance(hours=2)
    with office.db.write() as session:
        case = cases.by_number(session, number)
        paused = {**case.clocks["verify"], "pauses": [[since.isoformat(), None]]}
        session.execute(update(Case).where(col(Case.id) == case.id).values(clocks={**case.clocks, "verify": paused}))
    office.world.clock.advance(hours=30)
    member = office.member("supervisor")

    page = seen(member.opens("/board"))
    (line,) = office.nobody().client.get("/api/v1/deadlines", headers=program("supervisor")).json()["deadlines"]

    assert "暂停计时" in page
    assert "自 2026-08-23 15:58" in page
    assert "已超" not in page
    assert (line["overdue"], line["paused_since"]) == (False, since.isoformat())


def reminders(office: Office, number: str) -> int:
    """Return how often a case was urged."""
    with office.db.read() as session:
        case = cases.by_number(session, number)
        query = select(TimelineEntry).where(TimelineEntry.case_id == case.id, col(TimelineEntry.transition) == "remind")
        return len(session.exec(query).all())


def test_batch_is_confirmed_once_and_sent_twice_urges_once(office: Office) -> None:
    first, second, over = (office.report(hazard="escape", triaged=True) for _ in range(3))
    office.world.clock.advance(hours=26)
    member = office.member("supervisor")
    asked = member.posts("/cases/remind", csrf=member.csrf("/board"), back="/board", number=[first, second, over])
    assert reminders(office, first) == 0
    form = form_of(asked.text, "/cases/remind")
    fields = {**hidden_fields(form), "number": re.findall(r'name="number" value="([^"]+)"', form)}
    office.reporter_fires(second, "add_information", text="门还锁着")
    with office.db.write() as session:
        case = cases.by_number(session, over)
        case.state, case.closed_at = "withdrawn", office.world.clock.now

    answers = [member.posts("/cases/remind", **fields, note="请今天办完") for _ in range(2)]

    assert [reminders(office, number) for number in (first, second, over)] == [1, 1, 0]
    for answer in answers:
        assert "已催办 2 件" in seen(answer)
        assert re.search(rf"{over}.*?未催办", seen(answer))
        assert 'href="/board"' in answer.text
