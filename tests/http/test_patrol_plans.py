"""The pages of plans: nothing typed is lost, a look writes nothing, a change holds from its day, nobody sees beyond."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from domain.database import Database
from domain.identifiers import new_facility_code, new_id
from domain.models import (
    ChecklistTemplate,
    Facility,
    KeyPart,
    PatrolPlan,
    PatrolPlanPoint,
    PatrolRoster,
    PatrolTask,
    Venue,
)
from domain.patrols import plans
from tests.staff_member import Office, office_of, seen
from tests.world import World

USUAL = {"checklist": "catalogue:daily", "rhythm": "usual", "roll": "none", "who": "post", "role": "officer",
         "is_late_allowed": "yes"}  # fmt: skip


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind of database is enough here: what the services do is tried on both in `tests/db`."""
    return sqlite_url


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with db.write() as session:
        venue = session.get(Venue, world.venues["kuancheng"])
        assert venue is not None
        venue.hours = [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "09:00", "until": "02:00"}]
    with office_of(db, world) as opened:
        yield opened


@pytest.fixture
def home(office: Office) -> str:
    return f"/venues/{office.world.codes['kuancheng']}/patrols"


def all_of(office: Office, model: Any) -> list[Any]:
    with office.db.read() as session:
        return list(session.exec(select(model)).all())


def test_suggestions_are_taken_over_by_one_press(office: Office, home: str) -> None:
    manager = office.member("manager")
    before = manager.opens(home)

    done = manager.sends(home, f"{home}/adopt", frequency=["monthly", "daily_close"])
    again = manager.posts(f"{home}/adopt", frequency=["monthly", "daily_close"], csrf=manager.csrf(home))
    nothing = manager.posts(f"{home}/adopt", csrf=manager.csrf(home))

    assert "尚无计划" in seen(before)
    assert "非重点单位可自行决定" in seen(before)
    assert done.headers["location"] == f"{home}?done=adopted"
    assert again.headers["location"] == f"{home}?done=same"
    assert nothing.status_code == 422
    assert "请勾选要采用的计划" in seen(nothing)
    page = manager.opens(home)
    assert page.text.count("<tr data-series=") == len(all_of(office, PatrolPlan)) == 2


def test_bad_input_keeps_what_was_typed_and_a_look_writes_nothing(office: Office, home: str) -> None:
    manager = office.member("manager")
    form = f"{home}/new"

    wrong = manager.sends(form, form, **{**USUAL, "rhythm": "month_days"}, month_days="32", title="月末演练",
                          times="7点", season="冬天")  # fmt: skip
    asked = {**USUAL, "rhythm": "month_days", "roll": "back", "month_days": "last", "title": "月末演练"}
    look = manager.posts(form, **asked, look="1", csrf=manager.csrf(form))

    assert wrong.status_code == 422
    assert "请填写 00:00 到 23:59 的时刻" in seen(wrong)
    for typed in ("月末演练", "7点", "冬天", 'value="32"'):
        assert typed in wrong.text
    assert re.search(r'value="month_days" checked', wrong.text)
    assert look.status_code == 200
    assert "尚未保存" in seen(look)
    assert look.text.count("<tr data-slot=") == 2  # the ends of August and September
    assert all_of(office, PatrolPlan) == []
    assert all_of(office, ChecklistTemplate) == []


def test_plan_is_made_changed_from_a_day_and_ended(office: Office, home: str) -> None:
    with office.db.write() as session:
        venue_id = office.world.venues["kuancheng"]
        codes = [new_facility_code() for _ in range(3)]
        session.add(KeyPart(id=new_id(), code=codes[0], venue_id=venue_id, kind="kitchen", name="厨房",
                            from_on=date(2020, 1, 1)))  # fmt: skip
        for number, code in enumerate(codes[1:]):
            session.add(Facility(id=new_id(), code=code, venue_id=venue_id, kind="extinguisher", number=f"3F-0{number}",
                                 from_on=date(2020, 1, 1)))  # fmt: skip
    manager = office.member("manager")

    made = manager.sends(f"{home}/new", f"{home}/new", **USUAL, points=codes, **{
        f"order-{codes[0]}": "30", f"order-{codes[1]}": "", f"order-{codes[2]}": "5"})  # fmt: skip
    address = made.headers["location"].partition("?")[0]
    changed = manager.sends(f"{address}/edit", f"{address}/edit", **{**USUAL, "role": "manager"}, from_on="2026-09-10",
                            reason="换班", points=codes[:1])  # fmt: skip
    past = manager.sends(f"{address}/edit", f"{address}/edit", **USUAL, from_on="2026-08-01", reason="倒签")
    page = seen(manager.opens(address))
    ended = manager.sends(f"{address}/end", f"{address}/end", from_on="2026-10-01", reason="停业")

    with office.db.read() as session:
        rows = plans.rows_of(session, all_of(office, PatrolPlan)[0].series_id)
        walked = [
            point.facility_id is None
            for point in session.exec(
                select(PatrolPlanPoint).where(PatrolPlanPoint.plan_id == rows[0].id).order_by(PatrolPlanPoint.seq)
            ).all()
        ]
    assert walked == [False, True, False]  # by the numbers beside them; the one without comes last
    assert [(row.role, row.from_on.isoformat(), row.until_on.isoformat()) for row in rows] == [
        ("officer", "2026-08-24", "2026-09-10"), ("manager", "2026-09-10", "2026-10-01"),
    ]  # fmt: skip
    assert past.status_code == 422
    assert "过去的不改动" in seen(past)
    assert "倒签" in past.text
    assert changed.headers["location"].endswith("done=saved")
    assert ended.headers["location"] == f"{address}?done=saved"
    for words in ("2026-08-24 至 2026-09-10 前一日", "自 2026-09-10 起", "换班", "厨房", "变更"):
        assert words in page, words


def test_second_of_two_hears_what_changed(office: Office, home: str) -> None:
    manager, warden = office.member("manager"), office.member("warden")
    address = manager.sends(f"{home}/new", f"{home}/new", **USUAL).headers["location"].partition("?")[0]
    late = re.search(r'name="version" value="(\d+)"', warden.opens(f"{address}/edit").text).group(1)
    manager.sends(f"{address}/edit", f"{address}/edit", **{**USUAL, "role": "owner"}, reason="先改的")

    answer = warden.posts(f"{address}/edit", **{**USUAL, "role": "manager"}, reason="后改的", version=late,
                          csrf=warden.csrf(home))  # fmt: skip

    assert answer.status_code == 409
    assert "先改的" in seen(answer)
    assert "后改的" in answer.text


def test_days_ahead_as_calendar_list_and_data(office: Office, home: str) -> None:
    manager = office.member("manager")
    manager.sends(home, f"{home}/adopt", frequency=["weekly", "daily_close"])

    calendar, listed = manager.opens(f"{home}/ahead"), manager.opens(f"{home}/ahead", view="list")
    data = manager.opens(f"{home}/ahead.json").json()

    assert (data["first"], data["last"]) == ("2026-08-23", "2026-10-21")
    assert len(data["coming"]) == listed.text.count("<tr data-slot=") == 59 + 9
    assert calendar.text.count('<p class="day">') == 10 * 7
    closing = next(one for one in data["coming"] if one["slot"] == "2026-08-24" and "19:00" not in one["due_at"])
    assert {key: closing[key] for key in ("who", "role", "provisional", "troubles")} == {
        "who": "褚巡查", "role": "消防巡查人", "provisional": False, "troubles": [],
    }  # fmt: skip


def test_roster_is_drawn_kept_and_used(office: Office, home: str) -> None:
    manager, officer = office.member("manager"), str(office.world.people["officer"])
    form = f"{home}/rosters/new"

    drawn = manager.posts(form, name="门岗", cycle_days="2", shifts="08:00–20:00", redraw="1", csrf=manager.csrf(form),
                          **{"turn-0-0": officer})  # fmt: skip
    wrong = manager.sends(form, form, name="门岗", cycle_days="2", shifts="全天", **{"turn-0-0": officer})
    made = manager.sends(form, form, name="门岗", cycle_days="2", shifts="08:00–20:00, 20:00–08:00",
                         **{"turn-0-0": officer, "turn-1-1": officer, "turn-5-0": officer})  # fmt: skip
    (roster,) = all_of(office, PatrolRoster)
    used = manager.sends(f"{home}/new", f"{home}/new", **{**USUAL, "who": "roster"}, roster=str(roster.id))
    kept = manager.sends(f"{home}/rosters/{roster.id}/end", f"{home}/rosters/{roster.id}/end", reason="-")
    edited = manager.opens(f"{home}/rosters/{roster.id}/edit")

    assert drawn.text.count('<select name="turn-') == 2
    assert wrong.status_code == 422
    assert "全天" in wrong.text
    assert f'value="{officer}" selected' in wrong.text
    assert made.status_code == 303
    assert [(turn["day"], turn["from"], turn["until"]) for turn in roster.turns] == [
        (0, "08:00", "20:00"), (1, "20:00", "08:00"),
    ]  # fmt: skip
    assert used.status_code == 303, seen(used)
    assert kept.status_code == 409
    assert edited.text.count(f'value="{officer}" selected') == 2


def test_plans_are_seen_and_made_by_whom_they_concern(office: Office, home: str) -> None:
    market = f"/venues/{office.world.codes['market']}/patrols"
    officer, operator = office.member("officer"), office.member("operator")

    assert officer.opens(home).status_code == 200
    assert f"{home}/new" not in officer.opens(home).text
    assert officer.opens(f"{home}/new").status_code == 403
    assert officer.posts(f"{home}/adopt", frequency="daily", csrf=officer.csrf("/tasks")).status_code == 403
    assert operator.opens(home).status_code == 403
    for path in (market, f"{market}/ahead", f"{market}/ahead.json", f"{market}/new", f"{home}/plans/{new_id()}"):
        assert office.member("manager").opens(path).status_code == 404, path


def test_what_an_event_asks_for_is_started_with_a_reason_and_once(office: Office, home: str) -> None:
    manager = office.member("manager")
    made = manager.sends(f"{home}/new", f"{home}/new", **{**USUAL, "checklist": "catalogue:event"},
                         from_on=office.world.clock.now.date().isoformat())  # fmt: skip
    address = made.headers["location"].partition("?")[0]
    form = new_id().hex

    without = manager.sends(f"{address}/start", f"{address}/start", reason="")
    answers = [
        manager.posts(f"{address}/start", form_id=form, reason="隔壁起火", csrf=manager.csrf(f"{address}/start"))
        for _ in range(2)
    ]
    daily = manager.sends(f"{home}/new", f"{home}/new", **USUAL).headers["location"].partition("?")[0]
    by_calendar = manager.sends(f"{daily}/start", f"{daily}/start", reason="想提前")

    assert without.status_code == 422
    assert [answer.headers["location"] for answer in answers] == [f"{address}?done=saved"] * 2
    (task,) = all_of(office, PatrolTask)
    page = seen(manager.opens(address))
    for words in ("立即启动", "启动巡查", "隔壁起火", "XC-2026-000001"):
        assert words in page, words
    assert task.kind == "visits"
    assert by_calendar.status_code == 409
    assert "按日历排定" in seen(by_calendar)
    assert f"{daily}/start" not in manager.opens(daily).text
    assert f"{address}/start" not in office.member("officer").opens(address).text
