"""The cockpit's numbers, who sees whose, and that nothing known is not nothing there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import col, delete

from domain import accounts, product_settings, tokens
from domain.database import Database
from domain.identifiers import new_id
from domain.models import MeasuredUntil, Post
from domain.reporting import paper, targets
from domain.reporting.asked import Asked
from domain.reporting.numbers import numbers as report_numbers
from tests.measured import all_measured, measured, staged
from tests.staff_member import Office, office_of, seen
from tests.world import World


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


@pytest.fixture
def counted(office: Office) -> Office:
    """广龙: the warden's four checks (one late, one overdue) and one of today; 抚湖: another warden's, in time."""
    world, now = office.world, office.world.clock.now
    opened, due = now - timedelta(days=5), now - timedelta(days=4)
    with office.db.write() as session:
        checks = (("fixed", due - timedelta(hours=1)), ("unproven", due), ("fixing", due + timedelta(hours=1)),
                  (None, None))  # fmt: skip
        for result, stopped in checks:
            made = measured(session, world, area="guanglong", venue="kuancheng", hazard_code="EVA-01", result=result,
                            opened_at=opened, assignee_id=world.people["warden"],
                            due_at=None if stopped else due)  # fmt: skip
            staged(session, made, "verify", opened_at=opened, due_at=due, stopped_at=stopped,
                   fulfilled=True if stopped else None)  # fmt: skip
        measured(session, world, area="guanglong", opened_at=now - timedelta(hours=3), due_at=now + timedelta(hours=2))
        made = measured(session, world, area="fuxian", opened_at=opened, ended_at=now - timedelta(days=1),
                        state="closed", assignee_id=world.people["warden2"])  # fmt: skip
        staged(session, made, "verify", opened_at=opened, due_at=due, stopped_at=opened, fulfilled=True)
        measured(session, world, area="fuxian", opened_at=now - timedelta(days=45))
        all_measured(session, now)
    return office


def numbers(office: Office, who: str) -> dict[str, Any]:
    answer = office.member(who).client.get("/api/v1/cockpit")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_numbers_are_those_of_the_cases(counted: Office) -> None:
    found = numbers(counted, "supervisor")
    areas = {one["code"]: one for one in found["areas"]}
    day = {one["on"]: (one["opened"], one["ended"]) for one in found["days"]}

    assert found["opened_today"] == 1
    assert found["now"] == {"open": 6, "overdue": 1, "due_today": 1}
    assert (found["on_time"]["part"], found["on_time"]["whole"]) == (3, 5)
    assert (found["discovery"]["part"], found["discovery"]["whole"]) == (2, 3)
    assert found["kinds"][0] == {"code": "EVA-01", "label": found["kinds"][0]["label"], "rest": False, "count": 4}
    assert (areas["guanglong"]["on_time"]["percent"], areas["fuxian"]["on_time"]["percent"]) == (50.0, 100.0)
    assert areas["empty"]["on_time"]["percent"] is None
    assert areas["empty"]["opened"] == 0
    assert len(day) == 30
    assert (day["2026-08-18"], day["2026-08-22"], day["2026-08-23"]) == ((5, 0), (0, 1), (1, 0))
    assert found["alarms"] == {"connected": False, "count": None, "newest": []}


def test_a_deadline_given_up_at_its_end_counts_as_the_report_counts_it(counted: Office) -> None:
    """Left at the very moment it was due: late on the report, the cockpit and in the warden's work alike."""
    now = counted.world.clock.now
    opened, due = now - timedelta(days=3), now - timedelta(days=2)
    with counted.db.write() as session:
        for stopped, fulfilled in ((due, False), (due - timedelta(seconds=1), False), (due, True)):
            made = measured(session, counted.world, area="guanglong", opened_at=opened, state="rejected",
                            assignee_id=counted.world.people["warden"], ended_at=stopped)  # fmt: skip
            staged(session, made, "verify", opened_at=opened, due_at=due, stopped_at=stopped, fulfilled=fulfilled)
        all_measured(session, now)
    asked = Asked(date(2026, 7, 25), date(2026, 8, 23))
    with counted.db.read() as session:
        actor = counted.world.actor(session, "supervisor")
        report = report_numbers(session, asked, actor=actor, at=now)
        work = targets.work_of_each(session, actor, at=now)

    found = numbers(counted, "supervisor")
    by_process = [paper.in_time(process) for process in report.processes]
    mine = next(one for one in work or () if one.person_id == counted.world.people["warden"])

    assert (found["on_time"]["part"], found["on_time"]["whole"]) == (4, 7)
    assert (sum(one.part for one in by_process), sum(one.whole for one in by_process)) == (4, 7)
    assert (mine.in_time, mine.late, mine.overdue, mine.running) == (3, 2, 1, 0)


def test_a_wardens_numbers_lead_to_exactly_their_cases(counted: Office) -> None:
    supervisor = counted.member("supervisor")
    page = supervisor.opens("/cockpit").text

    row = page[page.index(f'data-person="{counted.world.people["warden"]}"') :]
    links = re.findall(r'href="(/reports/sla/cases[^"]+)">([^<]+)<', row[: row.index("</tr>")])
    assert links
    for href, words in links:
        found = supervisor.client.get(unescape(href))
        assert found.status_code == 200, href
        assert found.text.count("#timeline") == int(words.split()[-1]), href
    assert "/reports/sla/cases" not in counted.member("operator").opens("/cockpit").text


def test_alarms_fill_their_panel_as_soon_as_there_are_any(counted: Office) -> None:
    with counted.db.write() as session:
        measured(session, counted.world, area="guanglong", venue="kuancheng", process="alarm", state="fire")
        measured(session, counted.world, area="fuxian", process="alarm", state="fire")

    alarms = numbers(counted, "operator")["alarms"]

    assert (alarms["connected"], alarms["count"]) == (True, 2)
    assert "宽澄·鼎元一期南" in {one["place"] for one in alarms["newest"]}
    assert "宽澄" in seen(counted.member("operator").opens("/cockpit?kiosk=1"))
    # A warden hears of no alarm that is not theirs.
    assert numbers(counted, "warden2")["alarms"]["count"] == 0


def test_everything_lies_within_ones_own_reach(counted: Office) -> None:
    found = numbers(counted, "warden2")

    assert [one["code"] for one in found["areas"]] == ["fuxian"]
    assert found["now"] == {"open": 1, "overdue": 0, "due_today": 0}
    assert (found["on_time"]["part"], found["on_time"]["whole"], found["kinds"][0]["count"]) == (1, 1, 1)
    assert "广龙" not in counted.member("warden2").opens("/cockpit").text
    assert counted.member("manager").opens("/cockpit").status_code == 403


def test_nothing_measured_is_no_data_and_not_zero(counted: Office) -> None:
    with counted.db.write() as session:
        session.execute(delete(MeasuredUntil))

    found = numbers(counted, "supervisor")
    page = seen(counted.member("supervisor").opens("/cockpit"))

    assert (found["opened_today"], found["now"], found["on_time"]["percent"]) == (None, None, None)
    assert {(one["opened"], one["ended"]) for one in found["days"]} == {(None, None)}
    assert "尚未统计" in page
    assert "无数据" in page


def test_numbers_that_stand_still_say_so(counted: Office) -> None:
    assert numbers(counted, "leader")["stands_still"] is False

    counted.world.clock.advance(minutes=11)

    assert numbers(counted, "leader")["stands_still"] is True
    assert "此后没有再统计" in seen(counted.member("leader").opens("/cockpit?kiosk=1"))


def test_each_wardens_work_is_for_supervisors_and_leaders_of_the_area(counted: Office) -> None:
    page = seen(counted.member("supervisor").opens("/cockpit"))
    row = re.search(r"李庚\D*(\d+)\D*(\d+)\D*(\d+)\D*(\d+)\D*50% 2/4 · 未达标", page)

    assert row
    assert row.groups() == ("2", "1", "1", "0")
    assert "钱专管" in page
    for who in ("handler", "admin", "warden", "auditor", "operator"):
        assert "钱专管" not in counted.member(who).opens("/cockpit").text, who
    assert "李庚" not in counted.member("supervisor").opens("/cockpit?kiosk=1").text
    # A supervisor of one area hears of its wardens alone.
    with counted.db.write() as session:
        person = counted.world.people["supervisor"]
        session.execute(delete(Post).where(col(Post.person_id) == person))
        session.add(Post(id=new_id(), person_id=person, role="supervisor", area_id=counted.world.areas["fuxian"],
                         from_on=date(2020, 1, 1)))  # fmt: skip
    narrower = counted.member("supervisor").opens("/cockpit").text
    assert "钱专管" in narrower
    assert "李庚" not in narrower


def test_targets_are_set_with_a_reason_and_compared_with(counted: Office) -> None:
    with counted.db.write() as session:
        admin = counted.world.actor(session, "admin")
        for key in ("target_on_time", "target_discovery"):
            product_settings.change(session, key, 40, reason="试行", actor=admin, at=counted.world.clock.now)

    assert numbers(counted, "handler")["targets"] == {"on_time": 40, "discovery": 40}
    assert "目标 40%" in seen(counted.member("leader").opens("/cockpit"))


def test_every_number_leads_to_just_so_many_cases_but_not_on_the_wall(counted: Office) -> None:
    handler = counted.member("handler")
    page = handler.opens("/cockpit").text
    wall = handler.opens("/cockpit?kiosk=1").text

    links = [(unescape(address), int(number)) for address, number in re.findall(r'href="(/cases\?[^"]+)">(\d+)<', page)]
    listed = {address: handler.client.get(address).text.count("<tr data-number=") for address, _ in links}

    assert listed == dict(links)
    by_area = {address for address, _ in links if "area=guanglong" in address}
    assert {listed[address] for address in by_area} == {5, 1}, "opened and open; overdue"
    assert {"from=2026-08-18&to=2026-08-18", "hazard=EVA-01"} <= {part for one in listed for part in parts_of(one)}
    assert "<header" not in wall
    assert 'href="/cases' not in wall
    assert 'class="kiosk dark"' in wall
    assert 'class="kiosk light"' in handler.opens("/cockpit?kiosk=1&look=light").text


def parts_of(address: str) -> set[str]:
    """Return what an address filters by, the period as one."""
    query = parse_qs(urlsplit(address).query)
    period = f"from={query['from'][0]}&to={query['to'][0]}" if "from" in query else ""
    return {period, *(f"{name}={values[0]}" for name, values in query.items())}


def test_a_token_for_figures_opens_the_screen_and_nothing_else(counted: Office) -> None:
    counted.account("supervisor", "fireline-demo")
    with counted.db.write() as session:
        account = accounts.by_username(session, "supervisor")
        made = tokens.make(session, account, at=counted.world.clock.now, scopes=["figures:read"])
    headers = {"authorization": f"Bearer {made.text}"}
    screen = counted.nobody().client

    page = screen.get("/cockpit?kiosk=1", headers=headers)
    assert page.status_code == 200
    assert "钱专管" not in page.text
    assert "李庚" not in screen.get("/cockpit", headers=headers).text
    assert screen.get("/api/v1/map/areas", headers=headers).status_code == 200
    for layer in ("cases", "venues"):
        assert screen.get(f"/api/v1/map/points?layer={layer}", headers=headers).status_code == 403
    assert screen.get("/api/v1/cases", headers=headers).status_code == 403
    empty = screen.get("/cockpit/screen")
    assert empty.status_code == 200
    assert "广龙" not in empty.text
