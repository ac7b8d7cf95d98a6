"""The queue: views, filters in the address, pages, deadlines in words, doubles, and urging several at once."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlmodel import select

from domain import cases, people
from domain.database import Database
from domain.models import Case, Outbox
from domain.patrols import planning
from domain.queries import case_list
from tests.patrol_ground import Ground
from tests.staff_member import Office, office_of, seen
from tests.world import World


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def numbers(answer: object) -> list[str]:
    return re.findall(r'<tr data-number="([^"]+)"', answer.text)


def test_views_show_what_waits_what_is_mine_and_what_is_over(office: Office) -> None:
    doubtful, sent = office.report(hazard="other"), office.report(hazard="escape", triaged=True)
    office.world.clock.advance(hours=30)
    fresh = office.report(place="河边", hazard="other")
    handler, warden = office.member("handler"), office.member("warden")

    shown = {view: numbers(handler.opens("/cases", view=view)) for view in ("waiting", "open", "overdue", "closed")}

    assert set(shown["open"]) == {doubtful, sent, fresh}
    assert set(shown["waiting"]) == {doubtful, fresh}
    assert set(shown["overdue"]) == {doubtful, sent}
    assert shown["closed"] == []
    assert numbers(warden.opens("/cases", view="mine")) == numbers(warden.opens("/cases", view="open")) == [sent]


def test_held_messages_are_a_view_with_a_count_and_a_mark_for_those_who_decide(office: Office) -> None:
    told, held = office.report(hazard="other"), office.report(hazard="escape", triaged=True)
    with office.db.write() as session:
        case = cases.by_number(session, held)
        rows = session.exec(select(Outbox).where(Outbox.case_id == case.id)).all()
        for row in rows[:2]:
            row.state = "held"
    handler, warden = office.member("handler"), office.member("warden")

    view = handler.opens("/cases", view="held")

    assert numbers(view) == [held]
    assert "2 条消息待处理" in seen(view)
    assert re.search(r'href="/cases\?view=held"[^>]*>待处理消息 <span class="count alarming">1<', view.text)
    assert numbers(handler.opens("/cases", view="open", held="1")) == [held]
    assert set(numbers(handler.opens("/cases", view="open"))) == {told, held}
    assert not any(word in warden.opens("/cases", view="open").text for word in ("待处理", "view=held"))


def test_deadlines_stand_in_words_beside_their_colour(office: Office) -> None:
    office.report(hazard="escape", triaged=True)
    office.world.clock.advance(hours=21)
    member = office.member("supervisor")
    assert re.search(r'class="chip soon"[^>]*>剩 3 小时<', member.opens("/cases", view="open").text)

    office.world.clock.advance(days=2, hours=4)
    member = office.member("supervisor")

    assert re.search(r'class="chip late"[^>]*>已超 2 天<', member.opens("/cases", view="open").text)


def test_filters_stand_in_the_address_and_combine(office: Office) -> None:
    here = office.report(hazard="escape")
    there = office.report(hazard="ebike", venue_code=office.world.codes["market"])
    member = office.member("handler")

    def found(**filters: str) -> list[str]:
        return numbers(member.opens("/cases", view="open", **filters))

    assert found(q="农贸") == found(area="fuxian") == found(hazard="EVB-01") == found(q=there[-3:]) == [there]
    assert set(found(area="lanshan")) == set(found(process="hazard_report", state="reported")) == {here, there}
    assert found(area="fuxian", hazard="EVA-02") == found(process="rectification") == []
    assert "没有符合筛选条件的案件" in seen(member.opens("/cases", view="open", area="empty"))


def test_pages_follow_each_other_without_gap_or_double(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_list.page, "__kwdefaults__", {**case_list.page.__kwdefaults__, "size": 2})
    reported = []
    for minute in range(5):
        office.world.clock.advance(minutes=minute)
        reported.append(office.report(place=f"河边 {minute} 号", hazard="other"))
    member = office.member("handler")

    shown, path = [], "/cases?view=open"
    while path:
        page = member.opens(path)
        shown += numbers(page)
        found = re.search(r'rel="next" href="([^"]+)"', page.text)
        path = found.group(1).replace("&amp;", "&") if found else ""

    assert shown == reported


def test_cursor_of_another_hand_leads_to_the_first_page(office: Office) -> None:
    answer = office.member("handler").opens("/cases", view="open", cursor="bm90aGluZw")

    assert (answer.status_code, answer.headers["location"]) == (303, "/cases?view=open")


def test_reports_that_may_be_the_same_are_marked(office: Office) -> None:
    office.report(hazard="ebike")
    office.report(hazard="ebike")
    office.report(hazard="escape")

    page = seen(office.member("handler").opens("/cases", view="open"))

    assert page.count("疑似重复 1 件") == 2


def test_urging_asks_first_and_then_says_what_became_of_each(office: Office) -> None:
    mine, ended = office.report(triaged=True), office.report(hazard="other")
    office.fires(ended, "handler", "reject", reason="not_fire", explanation="不归消防管", competent="城管")
    member = office.member("handler")
    asked = member.posts("/cases/remind", csrf=member.csrf(), number=[mine, ended, "JB-2026-999999"])
    assert "确定催办 1 件" in seen(asked)
    assert office.case(mine).version == 3

    done = member.posts("/cases/remind", csrf=member.csrf(), number=[mine, ended], confirmed="1", note="请尽快")

    assert "已催办 1 件" in seen(done)
    assert "未催办" in seen(done)
    assert office.case(mine).version == 4
    assert office.case(ended).version == 2
    refused = member.posts("/cases/remind", csrf=member.csrf(), number=[ended, "JB-2026-999999"])
    assert "所选案件均无法催办" in seen(refused)
    assert "件？" not in seen(refused)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"from": "abc"}, "“abc”不是日期"),
        ({"from": "2026-09-01", "to": "2026-08-01"}, "起始日期晚于截止日期"),
        ({"area": "nowhere"}, "没有可选的区域“nowhere”"),
        ({"process": "zz"}, "没有可选的流程“zz”"),
    ],
)
def test_filter_that_fits_nothing_there_is_is_said(office: Office, asked: dict[str, str], words: str) -> None:
    answer = office.member("handler").opens("/cases", **asked)

    assert answer.status_code == 422
    assert words in seen(answer)


def test_urging_nothing_says_what_to_do_first(office: Office) -> None:
    member = office.member("handler")

    answer = member.posts("/cases/remind", csrf=member.csrf())

    assert answer.status_code == 422
    assert "请先勾选案件" in seen(answer)
    assert 'href="/cases"' in answer.text.split("<main")[1]


def test_who_may_not_urge_is_not_offered_it_and_is_refused(office: Office) -> None:
    number = office.report(triaged=True)
    member = office.member("warden")
    assert "催办所选" not in seen(member.opens("/cases"))

    answer = member.posts("/cases/remind", csrf=member.csrf(), number=number, confirmed="1")

    assert "未催办" in seen(answer)
    assert office.case(number).version == 3


def test_what_was_typed_is_shown_as_text(office: Office) -> None:
    office.report(place="<script>alert(1)</script>", hazard="other")

    page = office.member("handler").opens("/cases", view="open").text

    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_patrols_are_listed_only_when_their_process_is_named(office: Office) -> None:
    at = office.world.clock.now
    number = office.report()
    with office.db.write() as session:
        Ground(office.world).plan(session, "kuancheng", "daily")
        planning.plan_day(session, people.local_day(at), at=at)
        patrol = session.exec(select(Case.number).where(Case.process == "patrol_task")).one()
    member = office.member("supervisor")

    def listed(**query: str) -> list[str]:
        page = member.opens("/cases", **query)
        program = member.client.get("/api/v1/cases", params={k: v for k, v in query.items() if k != "view"}).json()
        assert numbers(page) == [one["number"] for one in program["cases"]]
        return numbers(page)

    assert listed(view="all") == [number]
    assert listed(view="all", process="patrol_task") == [patrol]
    assert listed(view="all", q=patrol) == [patrol]
    assert member.opens(f"/cases/{patrol}").status_code == 200
    assert member.opens("/board", process="patrol_task").status_code == 422
    assert "patrol_task" not in member.opens("/board").text
    assert "patrol_task" not in member.opens("/map").text
    assert "patrol_task" not in member.opens("/reports/sla").text
    assert "patrol_task" not in member.opens("/reports/subscriptions").text
