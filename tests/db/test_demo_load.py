"""The demo city in a database: whole, played through the engine, loaded once, and silent afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func
from sqlmodel import SQLModel, col, select

from domain import accounts, audit, cases, outbox, people, photos, register_log, sweep
from domain.actors import Role
from domain.database import Database, open_database
from domain.demo import city, loading, roster
from domain.identifiers import new_id, new_venue_code
from domain.models import Area, Case, ClockRow, Facility, Outbox, PatrolTask, Person, Photo, TimelineEntry, Venue
from domain.patrols import today
from domain.processes import WORKFLOWS
from domain.settings import Settings

AT = datetime(2026, 8, 23, 5, 58, tzinfo=UTC)
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what follows from the time of the load alone."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The city, loaded once for all who only look."""

    db: Database
    settings: Settings
    what: loading.Loaded


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def there(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    folder = tmp_path_factory.mktemp("demo")
    if request.param == "sqlite":
        url = f"sqlite:///{shutil.copy(request.getfixturevalue('sqlite_template'), folder / 'fireline.db')}"
    else:
        url = request.getfixturevalue("cluster").create_database("demo_load", template="template_fireline")
    database, settings = open_database(url, synchronous="OFF"), Settings(data_dir=folder)
    yield Loaded(database, settings, loading.load(database, settings=settings, at=AT))
    database.dispose()


def rows_of_every_table(db: Database) -> dict[str, int]:
    with db.read() as session:
        return {
            table.name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in SQLModel.metadata.sorted_tables
        }


def test_load_fills_the_city_and_its_chains_are_whole(there: Loaded) -> None:
    assert there.what.register
    assert there.what.cases >= 12
    with there.db.read() as session:
        assert len(session.exec(select(Venue)).all()) == 60
        facilities = session.exec(select(Facility)).all()
        assert 300 <= len(facilities) == len({facility.code for facility in facilities})
        assert register_log.verify_everything(session).whole
        states = {(case.process, case.state) for case in session.exec(select(Case))}
        checked = audit.verify(session)
    assert checked.whole
    reported = {state for process, state in states if process == "hazard_report"}
    assert reported >= {
        "reported", "accepted", "assigned", "checking", "checked", "replied", "reopened", "closed",
        "rejected", "transferred", "merged", "withdrawn",
    }  # fmt: skip
    corrected = {state for process, state in states if process == "rectification"}
    assert {state for process, state in states if process == "enrolment"} == {"submitted", "returned", "rejected"}
    assert corrected >= {"ordered", "correcting", "submitted", "overdue", "closed", "penalised"}


def test_second_load_changes_nothing(there: Loaded) -> None:
    before = rows_of_every_table(there.db)

    again = loading.load(there.db, settings=there.settings, at=AT + timedelta(days=3))

    assert again == loading.Loaded(register=False, cases=0)
    assert rows_of_every_table(there.db) == before


def test_nothing_of_the_past_is_left_to_send_or_to_ring(there: Loaded) -> None:
    with there.db.read() as session:
        outcomes = [row.outcome for row in session.exec(select(Outbox).where(Outbox.state == "done"))]
        assert outcomes
        assert all(outcome == {"demo": "history"} for outcome in outcomes)
        assert not session.exec(select(Outbox).where(Outbox.state != "done")).all()
        for process in WORKFLOWS:
            assert not outbox.due(session, process, at=AT)
            assert not sweep.due(session, process, at=AT)
        soon = select(ClockRow).where(col(ClockRow.next_at) <= AT + timedelta(minutes=15))
        assert len(session.exec(soon).all()) <= 1


def test_an_overdue_report_was_escalated_when_it_fell_due(there: Loaded) -> None:
    with there.db.read() as session:
        overdue = session.exec(
            select(Case).where(Case.process == "hazard_report", col(Case.due_at) < AT, Case.state == "assigned")
        ).one()
        entries = session.exec(select(TimelineEntry).where(TimelineEntry.case_id == overdue.id)).all()
        times = {entry.transition: entry.at for entry in entries}
    assert times["warn"] - overdue.opened_at == timedelta(hours=18)
    assert times["escalate"] - overdue.opened_at == timedelta(hours=24)


@on_one_database
@pytest.mark.parametrize(  # midnight, a holiday at noon, a year without calendar, a minute into a week and a month
    ("day", "hour"),
    [(date(2026, 1, 1), 16), (date(2026, 2, 20), 4), (date(2028, 3, 1), 15.9), (date(2026, 5, 31), 16.02)],
)
def test_the_stories_fit_whatever_the_time_of_the_load(
    db: Database, settings: Settings, day: date, hour: float
) -> None:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)

    loading.load(db, settings=settings, at=at)

    with db.read() as session:
        latest = session.execute(select(func.max(TimelineEntry.at))).scalar_one()
        assert audit.verify(session).whole
        for username in ("officer", "owner", "warden"):
            person = session.get_one(Person, accounts.by_username(session, username).person_id)
            tasks = today.work_of(session, people.actor_of(session, person, at=at), at=at)["tasks"]
            assert any(task["state"] == "open" and task["venue"]["name"] for task in tasks), username
    assert latest.replace(tzinfo=UTC) <= at


def test_demo_accounts_sign_in_with_their_roles(there: Loaded) -> None:
    db, settings = there.db, there.settings
    for account in roster.info()["accounts"]:
        signed_in = accounts.sign_in(
            db,
            username=account["username"],
            password="fireline-demo",
            address="127.0.0.1",
            at=AT,
            settings=settings,
        )
        identity = accounts.identity_of_session(db, signed_in.token, at=AT, settings=settings)
        assert identity is not None
        assert identity.actor.roles == {Role(account["role"])}


def test_two_weeks_of_patrols_show_everything_that_may_become_of_one(there: Loaded) -> None:
    with there.db.read() as session:
        tasks = session.exec(select(PatrolTask)).all()
        gaps = [case.facts["gaps"] for case in session.exec(select(Case)) if case.facts.get("gaps")]
        found = select(func.count()).where(Case.process == "rectification", Case.channel == "patrol_task")
        rectifications = session.exec(found).one()

    assert {task.outcome for task in tasks} == {"", "done", "late", "missed", "excused"}
    assert {task.frequency for task in tasks} == {"daily", "weekly", "monthly", "business_2h"}
    assert [sum(bool(getattr(task, count)) for task in tasks) for count in ("doubts", "conflicts")] == [1, 1]
    assert [len(one) for one in gaps] == [1]
    assert sorted(task.outcome for task in tasks if task.campaign_id) == ["", "", "", "done", "done"]
    assert rectifications >= 3


def test_the_warden_and_the_owner_of_the_seed_venue_have_something_to_do(there: Loaded) -> None:
    with there.db.read() as session:
        warden = accounts.by_username(session, "warden").person_id
        assert session.exec(select(Case).where(Case.assignee_id == warden, Case.state == "assigned")).all()
        venue = session.exec(select(Venue).where(Venue.name == city.SEED_VENUE)).one()
        assert venue.owner_id == accounts.by_username(session, "owner").person_id
        assert session.exec(select(Case).where(Case.venue_id == venue.id, Case.state == "correcting")).all()


def test_photos_are_stored_and_belong_to_cases(there: Loaded) -> None:
    with there.db.read() as session:
        rows = session.exec(select(Photo)).all()
    assert rows
    assert all(row.case_id for row in rows)
    assert all(photos.read(row.storage_key, there.settings.photos) for row in rows)


@on_one_database
def test_history_is_played_although_somebody_was_quicker_with_a_report(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_play", lambda *_: 0)
    loading.load(db, settings=settings, at=AT)
    monkeypatch.undo()
    with db.write() as session:
        cases.open_case(session, "hazard_report", actor=cases.Actor(frozenset({Role.REPORTER})), at=AT)

    assert loading.load(db, settings=settings, at=AT).cases >= 12


def test_a_database_with_venues_of_its_own_is_left_alone(db: Database, settings: Settings) -> None:
    with db.write() as session:
        area = Area(id=new_id(), code="real", name="某区", level="district", path="real/")
        session.add(area)
        session.flush()
        session.add(
            Venue(id=new_id(), code=new_venue_code(), name="某店", class_code="V06", address="某路",
                  area_id=area.id, opened_on=date(2026, 1, 1))
        )  # fmt: skip
    before = rows_of_every_table(db)

    with pytest.raises(loading.DemoRefused):
        loading.load(db, settings=settings, at=AT)

    assert rows_of_every_table(db) == before


@pytest.mark.parametrize("real", [{"mode": "production"}, {"twilio_base_url": ""}])
def test_production_and_a_real_provider_are_refused(db: Database, settings: Settings, real: dict[str, str]) -> None:
    empty = rows_of_every_table(db)  # but for what every database has, such as the calendar

    with pytest.raises(loading.DemoRefused):
        loading.load(db, settings=settings.model_copy(update=real), at=AT)

    assert rows_of_every_table(db) == empty
    assert not empty["cases"] + empty["venue"] + empty["person"]
