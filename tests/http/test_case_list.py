"""The list of cases: filters, pages that neither skip nor double, and only what the caller may know of."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest

from domain import cases, reports
from domain.actors import Actor, Role
from domain.queries import case_list
from domain.queries.case_list import BadCursor, Wanted
from domain.reports import Intake

EVERYBODY = Actor(frozenset({Role.HANDLER}))


@pytest.fixture
def nine(db, world):
    """Nine reports, ten minutes apart, at two venues in turn; the ones at the market are urgent."""
    numbers = []
    for n in range(9):
        here = n % 2 == 0
        intake = Intake(
            venue_code=world.codes["kuancheng" if here else "market"], hazard="equipment" if here else "escape",
            description=f"第 {n} 件",
        )  # fmt: skip
        with db.write() as session:
            actor = Actor(frozenset({Role.REPORTER}))
            numbers.append(reports.open_report(session, intake, actor=actor, at=world.clock.now).case.number)
        world.clock.advance(minutes=10)
    return numbers


def numbers_of(page):
    return [row.number for row in page.rows]


@pytest.mark.parametrize("order", ["newest", "due"])
def test_pages_together_are_the_whole_list(db, world, nine, order):
    with db.read() as session:
        whole = numbers_of(case_list.page(session, EVERYBODY, Wanted(), at=world.clock.now, order=order, size=100))
        pieces, cursor = [], None
        while True:
            page = case_list.page(session, EVERYBODY, Wanted(), at=world.clock.now, order=order, cursor=cursor, size=4)
            pieces += numbers_of(page)
            cursor = page.next_cursor
            if cursor is None:
                break

    assert pieces == whole
    assert sorted(whole) == sorted(nine)
    if order == "newest":
        assert whole == nine[::-1]


def test_case_opened_between_two_pages_shifts_nothing(db, world, nine):
    with db.read() as session:
        first = case_list.page(session, EVERYBODY, Wanted(), at=world.clock.now, size=4)
    with db.write() as session:
        intake = Intake(venue_code=world.codes["market"], hazard="escape", description="新的")
        reports.open_report(session, intake, actor=EVERYBODY, at=world.clock.now)
    with db.read() as session:
        second = case_list.page(session, EVERYBODY, Wanted(), at=world.clock.now, size=5, cursor=first.next_cursor)

    assert numbers_of(first) + numbers_of(second) == nine[::-1]


def test_cases_without_a_deadline_come_last_and_page_on(db, world, nine):
    with db.write() as session:
        for number in nine[:3]:
            case = cases.by_number(session, number)
            case.due_at = None
            session.add(case)
    with db.read() as session:
        first = case_list.page(session, EVERYBODY, Wanted(), at=world.clock.now, order="due", size=7)
        cursor = first.next_cursor
        second = case_list.page(session, EVERYBODY, Wanted(), at=world.clock.now, order="due", size=7, cursor=cursor)
    assert numbers_of(first)[6:] + numbers_of(second) == nine[:3]


def test_filters_through_the_api(anybody, program, nine):
    headers = program("handler")

    def numbers(query):
        answer = anybody.get(f"/api/v1/cases?{query}", headers=headers)
        assert answer.status_code == 200, answer.json()
        return [case["number"] for case in answer.json()["cases"]]

    market = [number for place, number in enumerate(nine) if place % 2]
    assert sorted(numbers("area=fuxian")) == market
    assert len(numbers("area=lanshan")) == 9, "an area has what lies below it"
    assert numbers("area=nowhere") == []
    assert numbers(f"q={nine[0].lower()}") == [nine[0]]
    assert sorted(numbers("q=农贸")) == market
    assert numbers("q=%25") == []
    assert numbers("q=_________________") == []
    assert numbers("process=rectification") == []
    assert len(numbers("state=reported,accepted")) == 9
    assert numbers("state=closed") == []
    assert numbers("overdue=true") == nine[:6][::-1], "30 minutes to take up a report: the first six are late"
    rows = anybody.get("/api/v1/cases?limit=1&lang=en", headers=headers).json()
    assert (rows["cases"][0]["state_label"], rows["cases"][0]["overdue"]) == ("Reported", False)
    assert rows["next_cursor"]


def a_cursor(moment):
    key = json.dumps(["newest", moment, "0" * 32])
    return f"cursor={base64.urlsafe_b64encode(key.encode()).decode()}"


NONSENSE = (
    "process=nothing", "cursor=garbage", "cursor=WyJuZXdlc3QiXQ", "limit=0", "order=random", "overdue=maybe",
    a_cursor("0001-01-01T00:00:00+23:59"), a_cursor("9999-12-31T23:59:59-23:59"), a_cursor("2026-08-23T00:00:00"),
)  # fmt: skip


@pytest.mark.parametrize("query", NONSENSE)
def test_filters_that_make_no_sense_are_refused(anybody, program, query):
    answer = anybody.get(f"/api/v1/cases?{query}", headers=program("handler"))
    assert (answer.status_code, len(answer.json()["errors"])) == (422, 1)


@pytest.mark.usefixtures("nine")
def test_cursor_of_another_order_is_refused(db, world):
    with db.read() as session:
        cursor = case_list.page(session, EVERYBODY, Wanted(), at=world.clock.now, size=2).next_cursor
        with pytest.raises(BadCursor):
            case_list.page(session, EVERYBODY, Wanted(), at=world.clock.now, order="due", cursor=cursor)


def test_warden_lists_their_own_cases_only(anybody, program, db, world, nine):
    with db.write() as session:
        case = cases.by_number(session, nine[0])
        reports.triage(session, case.id, at=world.clock.now)
    listed = anybody.get("/api/v1/cases", headers=program("warden")).json()["cases"]
    assert [case["number"] for case in listed] == [nine[0]]
    assert listed[0]["assignees"] == ["李庚"]


@pytest.mark.usefixtures("nine")
def test_count_stops_at_its_most(db, world):
    with db.read() as session:
        assert case_list.count(session, EVERYBODY, Wanted(), at=world.clock.now) == 9
        assert case_list.count(session, EVERYBODY, Wanted(), at=world.clock.now, most=5) == 5
        late = world.clock.now + timedelta(days=9)
        assert case_list.count(session, EVERYBODY, Wanted(overdue=True), at=late) == 9
