"""`fireline import calendar` and what the doctor knows of the years; the years of the package in the database."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlmodel import col, select, update

from api import calendar_commands, doctor
from domain import calendar_years, calendars, clocks, rulebooks, schema
from domain.database import Database
from domain.models import CalendarYear, Errand, RegisterEntry
from domain.settings import get_settings
from tests import calendar_2027

ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _this_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRELINE_DATABASE_URL", database_url)
    get_settings.cache_clear()


@pytest.mark.usefixtures("world")
def test_a_year_is_tried_and_then_taken_in_once(db: Database, tmp_path: Path) -> None:
    file = tmp_path / "2027.json"
    file.write_bytes(calendar_2027.notice())

    tried = calendar_commands.import_calendar(file, dry_run=True, username="")
    before = doctor._calendar(get_settings()).knows(date(2027, 1, 4))
    done = calendar_commands.import_calendar(file, dry_run=False, username="")
    again = calendar_commands.import_calendar(file, dry_run=False, username="")

    assert tried.lines[-1].startswith("Nothing was written: ")
    assert "2027-01-04\tworked → off\t元旦" in tried.lines
    assert not before
    assert done.lines[-1].startswith("2027 was taken in: ")
    assert again.lines[-1].startswith("Nothing was written: 0 days differ")
    assert doctor._calendar(get_settings()).knows(date(2027, 1, 4))
    with db.read() as session:
        assert [row.action for row in session.exec(select(RegisterEntry).where(RegisterEntry.kind == "calendar"))] == [
            "add"
        ]
        assert len(session.exec(select(Errand)).all()) == 1


@ONLY_SQLITE
@pytest.mark.usefixtures("world")
def test_a_table_says_its_year_by_its_days(db: Database, tmp_path: Path) -> None:
    file = tmp_path / "放假安排.csv"
    file.write_bytes(calendar_2027.table("gb18030"))

    calendar_commands.import_calendar(file, dry_run=False, username="")

    with db.read() as session:
        assert calendars.years(session)[-1] == 2027


@ONLY_SQLITE
@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("content", "reason"), [(b"", "empty"), (b"hello", "names no day"), (b"\x00\x01", "no text")])
def test_what_is_no_notice_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, reason: str
) -> None:
    file = tmp_path / "notice.json"
    file.write_bytes(content)

    with pytest.raises(SystemExit):
        calendar_commands.import_calendar(file, dry_run=False, username="")

    assert reason in capsys.readouterr().err


def test_the_packages_years_are_there_once_and_are_the_packages_calendar(db: Database) -> None:
    schema.upgrade(db)

    with db.read() as session:
        assert calendars.years(session) == sorted(clocks.packaged().years)
        kept = rulebooks.calendar(session)
    assert (kept.years, dict(kept.differing)) == (clocks.packaged().years, dict(clocks.packaged().differing))


def test_a_newer_package_replaces_its_own_years_and_no_imported_one(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.write() as session:
        imported = update(CalendarYear).where(col(CalendarYear.year) == 2025).values(packaged=False)
        session.exec(imported)
    newer = {year: [*days, [f"{year}-12-31", False, "新增"]] for year, days in calendar_years.packaged().items()}
    monkeypatch.setattr(calendar_years, "packaged", lambda: {year: newer[year] for year in (2025, 2026)})

    schema.upgrade(db)

    with db.read() as session:
        known = rulebooks.calendar(session)
        assert not known.works(date(2026, 12, 31))
        assert known.works(date(2025, 12, 31))
        assert len(calendars.history(session, 2026)) == 2
        assert len(calendars.history(session, 2025)) == 1
