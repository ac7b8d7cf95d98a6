"""Where it is, in the reporter's words: sealed, never in a column, read by those who read what was reported."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import Session, SQLModel

from domain import cases, rectifications, reports
from domain.database import Database
from domain.models import Case, TimelineEntry
from domain.queries import case_list, public_report
from domain.queries.case_list import Wanted
from domain.queries.case_page import case_page
from domain.queries.tasks import task_of, tasks
from notifications.messages import facts_of
from tests.journeys import REPORTER, TO_REPLIED, press, report
from tests.world import World

WORDS = "三楼东侧我家302室旁"
ACCEPTED = {"hazard_code": "FAC-02", "verify_class": "B3WD", "venue_code": None, "place": None}


def everything_stored(session: Session) -> str:
    """Return what a reader of the whole database would see."""
    rows: list[Any] = []
    for table in SQLModel.metadata.sorted_tables:
        rows += session.execute(text(f"SELECT * FROM {table.name}")).all()
    values = [value for row in rows for value in row]
    texts = [value.decode("utf-8", "ignore") if isinstance(value, bytes) else str(value) for value in values]
    return "\n".join(texts)


@pytest.mark.parametrize("coded", [True, False])
def test_reporters_words_and_position_stand_nowhere_in_the_clear(db: Database, world: World, *, coded: bool) -> None:
    with db.write() as session:
        where = {} if coded else {"venue_code": None}
        case = report(session, world, place=WORDS, lat=24.671234, lon=102.915678, **where)
        if not coded:
            press(session, world, case, "handler", "accept", **ACCEPTED)

    with db.read() as session:
        stored = everything_stored(session)
        assert "宽澄·鼎元一期南" in stored
        assert not [form for form in (WORDS, json.dumps(WORDS).strip('"')) if form in stored]
        assert "24.671234" not in stored
        assert cases.by_id(session, case.id).place == ("宽澄·鼎元一期南" if coded else None)


def seen_by(session: Session, world: World, who: str, case: Case) -> dict[UUID, str | None]:
    page = case_list.page(session, world.actor(session, who), Wanted(), at=world.clock.now)
    return {row.id: row.place_words for row in page.rows if row.id == case.id}


@pytest.mark.parametrize(
    ("who", "reads"),
    [("handler", True), ("inspector1", True), ("supervisor", True), ("leader", True), ("operator", False),
     ("admin", False), ("auditor", False)],
)  # fmt: skip
def test_those_who_read_reports_read_the_place_in_list_and_page(
    db: Database, world: World, who: str, *, reads: bool
) -> None:
    with db.write() as session:
        case = report(session, world, venue_code=None, place=WORDS, lat=24.5, lon=102.5)

        actor = world.actor(session, who)
        page = case_page(session, case, actor=actor, at=world.clock.now)

        assert seen_by(session, world, who, case) == {case.id: WORDS if reads else None}
        shown = (page.reporter.place, page.reporter.position) if page.reporter else (None, None)
        assert shown == ((WORDS, (24.5, 102.5)) if reads else (None, None))


def test_warden_reads_the_place_of_the_cases_assigned_to_them(db: Database, world: World) -> None:
    with db.write() as session:
        case = report(session, world, venue_code=None, place=WORDS)
        press(session, world, case, "handler", "accept", **ACCEPTED)
        press(session, world, case, "handler", "assign", assignee=world.people["warden"], second=None)
        warden = world.actor(session, "warden")
        (mine,) = tasks(session, warden, at=world.clock.now).now
        assert (mine.where, mine.place_words) == (WORDS, WORDS)

        press(session, world, case, "handler", "reassign", assignee=world.people["warden2"], second=None)

        assert task_of(session, case, warden, at=world.clock.now).place_words is None
        assert seen_by(session, world, "warden", case) in ({}, {case.id: None})


def test_reporter_reads_their_own_words(db: Database, world: World) -> None:
    with db.write() as session:
        case = report(session, world, venue_code=None, place=WORDS)

        assert public_report.public_report(session, case, at=world.clock.now).place == WORDS


def test_messages_to_staff_name_no_place_of_the_reporters(db: Database, world: World) -> None:
    with db.write() as session:
        case = report(session, world, venue_code=None, place=WORDS)
        entry = session.get_one(TimelineEntry, (case.id, 1))

        places = [facts_of(session, case, entry, locale=locale)["place"] for locale in ("zh_CN", "en")]
        press(session, world, case, "handler", "accept", **{**ACCEPTED, "place": "环城北路 33 号"})

        assert places == ["见案件页面", "see the case page"]
        assert facts_of(session, case, entry, locale="zh_CN")["place"] == "环城北路 33 号"
        assert facts_of(session, report(session, world, venue_code=None, place=WORDS), entry, locale="zh_CN",
                        for_staff=False)["place"] == ""  # fmt: skip


@pytest.mark.parametrize(("where", "place"), [({}, "宽澄·鼎元一期南"), ({"venue_code": None}, "环城北路 33 号")])
def test_rectification_names_the_venue_or_what_a_colleague_wrote(
    db: Database, world: World, where: dict[str, Any], place: str
) -> None:
    with db.write() as session:
        case = report(session, world, place=WORDS, **where)
        written = {**ACCEPTED, "place": place if where else None}
        for who, step in TO_REPLIED[:4]:
            found = {"outcome": "substantiated", "hazards": ["FAC-02"], "corrected": []}
            press(session, world, case, who, step, **({"accept": written, "record_finding": found}.get(step, {})))

        (opened,) = rectifications.open_from_finding(session, case.id, case.version, at=world.clock.now)

        assert opened.place == place
        assert not {"place_words", "place_mark", "position"} & set(opened.facts)


def test_search_finds_what_colleagues_wrote_and_not_what_the_reporter_said(db: Database, world: World) -> None:
    with db.write() as session:
        case = report(session, world, venue_code=None, place=WORDS)
        press(session, world, case, "handler", "accept", **{**ACCEPTED, "place": "环城北路 33 号"})
        handler = world.actor(session, "handler")

        found = [
            len(case_list.page(session, handler, Wanted(q=q), at=world.clock.now).rows) for q in ("环城北路", "302室")
        ]

        assert found == [1, 0]


def test_repeated_report_keeps_one_sealed_place(db: Database, world: World) -> None:
    intake = reports.Intake(venue_code=None, hazard="escape", place=WORDS, lat=24.5, lon=102.5)
    with db.write() as session:
        for _ in range(2):
            reports.open_report(session, intake, actor=REPORTER, at=world.clock.now, origin_key="k")

        kinds = session.execute(text("SELECT kind, count(*) FROM vault_item GROUP BY kind")).all()
        assert dict(tuple(row) for row in kinds) == {"place": 1, "position": 1, "receipt": 1}
