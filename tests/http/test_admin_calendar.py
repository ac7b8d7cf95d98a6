"""The calendar's page: a year drawn, a file that is looked at first, deadlines that move, files that are refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from domain import calendars, recounting
from domain.database import Database
from domain.models import CalendarYear, Errand
from tests import calendar_2027
from tests.journeys import report
from tests.staff_member import Member, Office, form_of, hidden_fields, office_of, seen
from tests.world import World

AT = "/admin/calendar"
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def test_a_year_there_is_none_of_is_said_and_the_present_one_shown(office: Office) -> None:
    member = office.member("supervisor")
    for year in ("1800", "9999", "x", "20 26"):
        answer = member.opens(AT, year=year)
        assert answer.status_code == 422, year
        assert "年份可为" in seen(answer), year
        assert "2026" in seen(answer), year


def looks(admin: Member, content: bytes, year: str = "2027", name: str = "2027.json") -> Any:
    csrf = hidden_fields(form_of(admin.opens(AT).text, AT))["csrf"]
    return admin.client.post(
        AT, data={"csrf": csrf, "year": year}, files={"file": (name, content, "application/json")},
        follow_redirects=False,
    )  # fmt: skip


def confirms(admin: Member, looked: Any) -> Any:
    return admin.posts(AT, **hidden_fields(form_of(looked.text, AT)))


def test_a_year_is_looked_at_first_and_then_counts(office: Office, db: Database, world: World) -> None:
    world.clock.now = datetime(2026, 12, 30, 2, tzinfo=UTC)
    with db.write() as session:
        report(session, world)
    admin = office.member("admin")
    before = seen(admin.opens(AT, year="2027"))

    looked = looks(admin, calendar_2027.notice())
    assert "节日名称" in seen(looked)
    unchanged = seen(admin.opens(AT, year="2027"))
    taken = confirms(admin, looked)
    twice = confirms(admin, looked)

    assert "2027 年放假安排尚未公布" in before
    assert "1 件未办结案件的期限是暂定的" in before
    assert looked.status_code == 200
    assert "1 个进行中的期限会变动" in seen(looked)
    assert "2027-01-04" in seen(looked)
    assert "尚未公布" in unchanged
    assert (taken.status_code, twice.status_code) == (303, 303)
    after = seen(office.member("supervisor").opens(AT, year="2027"))
    assert "2027.json; http://www.gov.cn/zhengce/content/2026-11/made-up.htm" in after
    assert "沈管理" in after
    assert "导入一年" not in after
    assert "尚未公布：暂按" not in after
    assert "2027 年工作日历" in seen(admin.opens("/admin/audit", kind="calendar"))
    with db.read() as session:
        errands = session.exec(select(Errand).where(Errand.kind == recounting.ERRAND)).all()
        assert [errand.data for errand in errands] == [{"year": 2027}]


@ONLY_SQLITE
def test_no_deadline_is_counted_while_the_year_is_written_and_it_counts_from_that_moment(
    office: Office, db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.clock.now = datetime(2026, 12, 30, 2, tzinfo=UTC)
    with db.write() as session:
        report(session, world)
        report(session, world)
    admin, held = office.member("admin"), calendars.hold
    with monkeypatch.context() as small:
        small.setattr(calendars, "MOST_COUNTED", 1)
        small.setattr(recounting, "LOOKED_AT", 1)
        looked = looks(admin, calendar_2027.notice())

    def wait_for_others(session: Session) -> None:
        held(session)
        world.clock.now += timedelta(seconds=20)

    monkeypatch.setattr(calendars, "hold", wait_for_others)
    monkeypatch.setattr(recounting, "moves", None)  # counting fails from now on
    taken = confirms(admin, looked)

    assert "超过 1 个进行中的期限会变动" in seen(looked)
    assert taken.status_code == 303
    with db.read() as session:
        year = calendars.known(session, 2027)
        assert year is not None
        assert year.imported_at >= datetime(2026, 12, 30, 2, 0, 20, tzinfo=UTC)


@ONLY_SQLITE
def test_a_year_is_drawn_with_what_is_off_and_what_is_worked(office: Office) -> None:
    page = office.member("auditor").opens(AT, year="2026")

    text = seen(page)
    assert page.text.count('class="month"') == 12
    assert 'class="day off" title="春节">15<small>休</small>' in page.text
    assert 'class="day made_up" title="春节">14<small>上班</small>' in page.text
    assert 'class="day weekend">8<' in page.text
    assert "chinesecalendar" in text
    assert "随产品提供" in text


@ONLY_SQLITE
def test_a_corrected_notice_replaces_the_year_and_stays_readable(office: Office, db: Database) -> None:
    admin = office.member("admin")
    confirms(admin, looks(admin, calendar_2027.notice()))
    corrected = [*calendar_2027.days(), {"name": "元旦", "date": "2027-01-05", "isOffDay": True}]

    looked = looks(admin, calendar_2027.notice(rows=corrected))
    confirms(admin, looked)

    assert "将替换已有的通知" in seen(looked)
    with db.read() as session:
        rows = session.exec(select(CalendarYear).where(CalendarYear.year == 2027)).all()
        assert sorted(row.replaced_at is None for row in rows) == [False, True]
        held = calendars.known(session, 2027)
        assert held is not None
        assert ["2027-01-05", False, "元旦"] in held.days
    assert seen(admin.opens(AT, year="2027")).count("2027.json") >= 2


@ONLY_SQLITE
def test_the_same_days_as_a_table_of_an_office_change_nothing(office: Office) -> None:
    admin = office.member("admin")
    confirms(admin, looks(admin, calendar_2027.notice()))

    for content in (calendar_2027.table(), calendar_2027.table("gb18030"), calendar_2027.table("utf-8-sig")):
        looked = looks(admin, content, name="2027.csv")

        assert looked.status_code == 200
        assert "不会有变化" in seen(looked)


def but(**changes: Any) -> list[dict[str, Any]]:
    """Return the days with the first changed."""
    first, *others = calendar_2027.days()
    return [{**first, **changes}, *others]


TWICE = [*calendar_2027.days(), calendar_2027.days()[0]]
BOTH = [*calendar_2027.days(), {**calendar_2027.days()[1], "isOffDay": False}]
BAD: dict[str, tuple[bytes, str]] = {
    "another year": (calendar_2027.notice(2028), "文件是 2028 年的，不是 2027 年的"),
    "no year": (b'{"days": []}', "不是 2027 年的"),
    "not there yet": (calendar_2027.notice(rows=[]), "尚未公布"),
    "a day twice": (calendar_2027.notice(rows=TWICE), "“2027-01-01”出现了两次"),
    "off and worked": (calendar_2027.notice(rows=BOTH), "“2027-01-02”既写为休，又写为班"),
    "a day of another year": (calendar_2027.notice(rows=but(date="2026-10-03")), "不属于 2027 年"),
    "an impossible date": (calendar_2027.notice(rows=but(date="2027-02-30")), "没有“2027-02-30”这个日期"),
    "no date": (calendar_2027.notice(rows=but(date=7)), "没有“7”这个日期"),
    "a weekday made up for": (calendar_2027.notice(rows=but(date="2027-03-10", isOffDay=False)), "本来就上班"),
    "no answer": (calendar_2027.notice(rows=but(isOffDay="yes")), "第 1 天应有"),
    "too few": (calendar_2027.notice(rows=calendar_2027.days()[:6]), "只有"),
    "too many": (
        calendar_2027.notice(rows=[{"name": "x", "date": f"2027-{m:02}-{d:02}", "isOffDay": True}
                                   for m in range(1, 4) for d in range(1, 29)]),
        "多于任何一年",
    ),
    "empty": (b" \r\n", "文件是空的"),
    "binary": (b"PK\x03\x04\x00\x00", "不是文本文件"),
    "broken": (b'{"year": 2027, "days": [', "JSON 不完整"),
    "deep": (b"[" * 100_000, "JSON 不完整"),
    "large": (b"2027-01-01,off,x\n" * 20_000, "文件太大"),
    "a table without names": ("2027-01-01,休\n".encode(), "三列"),
    "a table with other words": ("2027-01-01,maybe,元旦\n".encode(), "请写“休”或“班”"),
}  # fmt: skip


@ONLY_SQLITE
def test_what_is_no_notice_is_refused_with_the_reason(office: Office, db: Database) -> None:
    admin = office.member("admin")

    for case, (content, reason) in BAD.items():
        answer = looks(admin, content, name="2027.csv")

        assert answer.status_code == 422, case
        assert reason in seen(answer), case
    with db.read() as session:
        assert calendars.known(session, 2027) is None


@ONLY_SQLITE
def test_day_that_overlaps_the_neighbours_notice_otherwise_is_refused(office: Office) -> None:
    admin = office.member("admin")
    into_next = [*calendar_2027.days(), {"name": "元旦", "date": "2028-01-01", "isOffDay": True}]
    confirms(admin, looks(admin, calendar_2027.notice(rows=into_next)))
    rows = [{**row, "date": row["date"].replace("2027", "2028")} for row in calendar_2027.days() if row["isOffDay"]]
    other = [row for row in rows if row["date"] != "2028-01-01"]

    refused = looks(admin, calendar_2027.notice(2026, [
        *({**row, "date": row["date"].replace("2028", "2026")} for row in other),
        {"name": "元旦", "date": "2027-01-09", "isOffDay": True},
    ]), year="2026")  # fmt: skip

    assert refused.status_code == 422
    assert "“2027-01-09”与 2027 年的通知重叠且不一致" in seen(refused)


@ONLY_SQLITE
@pytest.mark.parametrize("year", ["1999", "2199", "abcd", "二〇二七", ""])
def test_year_nobody_can_keep_is_refused(office: Office, year: str) -> None:
    answer = looks(office.member("admin"), calendar_2027.notice(), year=year)

    assert answer.status_code == 422
    assert "年份可为 2004 至" in seen(answer)


@ONLY_SQLITE
def test_what_another_administrator_took_in_meanwhile_is_not_replaced_unseen(office: Office) -> None:
    admin = office.member("admin")
    first = looks(admin, calendar_2027.notice())
    corrected = [*calendar_2027.days(), {"name": "元旦", "date": "2027-01-05", "isOffDay": True}]
    second = looks(admin, calendar_2027.notice(rows=corrected))

    assert confirms(admin, first).status_code == 303
    assert confirms(admin, second).status_code == 409


@ONLY_SQLITE
def test_file_that_is_not_kept_any_more_or_none_is_asked_for_again(office: Office) -> None:
    admin = office.member("admin")
    csrf = hidden_fields(form_of(admin.opens(AT).text, AT))["csrf"]

    gone = admin.posts(AT, csrf=csrf, year="2027", kept="0" * 32, source="x", version="0")
    none = admin.posts(AT, csrf=csrf, year="2027")

    assert gone.status_code == 422
    assert "请选择 .json 或 .csv 文件" in seen(none)
