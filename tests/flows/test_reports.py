"""Reports by the timetable: made once, the same again, for those who subscribed and may see them, on both databases."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import col, select

from documents import made_by, printing, sla_report
from domain import errands, register_log, system_errands
from domain.database import Database
from domain.models import Area, Notice, ReportEdition, TimetableRun
from domain.reporting import files
from domain.reporting.asked import Asked
from domain.reporting.editions import Wish
from domain.reporting.periods import Kind
from domain.reporting.reach import EVERYTHING
from domain.settings import get_settings
from flows import reports, timetable
from flows.provider import provider_of
from flows.shift import Shift
from tests import filed
from tests.world import World

ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
JOBS = {job.name: job for job in timetable.JOBS}
DAILY, MONTHLY = JOBS["report_daily"], JOBS["report_monthly"]


def shift_at(db: Database, at: datetime) -> Shift:
    return Shift(db, provider_of(get_settings()), now=lambda: at)


def morning(day: int, month: int = 9) -> datetime:
    """Six in the morning in the city."""
    return datetime(2026, month, day, 6, tzinfo=UTC) - timedelta(hours=8)


def kept(db: Database) -> list[ReportEdition]:
    with db.read() as session:
        return list(session.exec(select(ReportEdition).order_by(col(ReportEdition.from_on), col(ReportEdition.reach))))


def asked_edition(db: Database, world: World, asked: Asked) -> ReportEdition:
    wish = Wish(Kind.ASKED, asked, EVERYTHING, "zh_CN")
    with db.write() as session:
        errands.promise(session, reports.ERRAND, key="asked", at=world.clock.now, data=wish.as_data())
    (errand,) = filed.carry_out_all(db, world.clock.now)
    assert errand.state == "done", errand.outcome
    (edition,) = kept(db)
    return edition


def test_the_month_is_reported_once_whichever_of_two_workers_comes_first(db: Database, world: World) -> None:
    filed.some_days(db, world)
    filed.measure(db, morning(1))
    done: list[bool] = []
    shifts = [shift_at(db, morning(1)) for _ in range(2)]
    workers = [threading.Thread(target=lambda s=shift: done.append(timetable.run(s, MONTHLY))) for shift in shifts]

    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    first = filed.carry_out_all(db, morning(1), worker="a")
    again = timetable.run(shift_at(db, morning(1) + timedelta(hours=3)), MONTHLY)

    assert sorted(done) == [False, True]
    assert not again
    assert [errand.state for errand in first] == ["done"]
    (edition,) = kept(db)
    assert (edition.kind, edition.from_on, edition.until_on) == ("monthly", date(2026, 8, 1), date(2026, 8, 31))
    assert edition.numbers["processes"][0]["cases"]["received"] == 4
    for sums in edition.files.values():
        path = files.path_of(sums["sha256"], get_settings().report_files)
        assert path.stat().st_size == sums["bytes"]
    with db.read() as session:
        (entry,) = register_log.of(session, edition.id)
    assert entry.data["sha256"] == {name: sums["sha256"] for name, sums in edition.files.items()}


@ONLY_SQLITE
def test_days_missed_while_no_worker_ran_are_made_up_for(db: Database, world: World) -> None:
    filed.some_days(db, world)
    with db.write() as session:
        session.add(TimetableRun(job=DAILY.name, slot="2026-08-28", at=morning(29, 8), outcome={}))
    filed.measure(db, morning(2))

    assert timetable.run(shift_at(db, morning(2)), DAILY)
    filed.carry_out_all(db, morning(2))

    assert [edition.from_on.day for edition in kept(db)] == [29, 30, 31, 1]


def test_a_report_waits_until_its_last_day_is_measured(db: Database, world: World) -> None:
    filed.some_days(db, world)
    filed.measure(db, morning(1) - timedelta(hours=7))

    timetable.run(shift_at(db, morning(1)), MONTHLY)
    filed.carry_out_all(db, morning(1))

    assert kept(db) == []
    filed.measure(db, morning(1))
    filed.carry_out_all(db, morning(1) + timedelta(minutes=1))
    assert len(kept(db)) == 1


def noticed(db: Database) -> list[tuple[UUID, str]]:
    with db.read() as session:
        return [
            (row.person_id, row.data["kind"]) for row in session.exec(select(Notice).where(Notice.kind == "errand"))
        ]


@ONLY_SQLITE
def test_a_report_outlasts_hours_in_which_nothing_is_measured_and_the_administrators_hear_of_it(
    db: Database, world: World
) -> None:
    filed.some_days(db, world)
    filed.measure(db, morning(1) - timedelta(hours=7))
    timetable.run(shift_at(db, morning(1)), MONTHLY)

    for minutes in range(0, 180, 5):
        filed.carry_out_all(db, morning(1) + timedelta(minutes=minutes))
    with db.read() as session:
        (late,) = system_errands.troubled(session, at=morning(1) + timedelta(hours=3), most=9)
    told = noticed(db)
    filed.measure(db, morning(1) + timedelta(hours=3))
    filed.carry_out_all(db, morning(1) + timedelta(hours=4))

    assert (late.kind, late.state, str(errands.reason_of(late))) == ("sla_report", "pending", reports.BEHIND)
    assert told == [(world.people["admin"], "sla_report")]
    assert [edition.kind for edition in kept(db)] == ["monthly"]
    with db.read() as session:
        assert system_errands.troubled(session, at=morning(1) + timedelta(hours=4), most=9) == []


@ONLY_SQLITE
def test_a_report_this_machine_cannot_print_is_held_until_an_administrator_has_it_tried_again(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed.some_days(db, world)
    filed.measure(db, morning(1))
    timetable.run(shift_at(db, morning(1)), MONTHLY)
    with monkeypatch.context() as patched:
        patched.setitem(printing.LIBRARIES, "libnowhere.so.9", "libnowhere9")
        filed.carry_out_all(db, morning(1))
    with db.read() as session:
        (held,) = system_errands.troubled(session, at=morning(1), most=9)
    assert (held.state, kept(db)) == ("held", [])
    assert "libnowhere9" in str(errands.reason_of(held))
    assert noticed(db) == [(world.people["admin"], "sla_report")]

    with db.write() as session:
        errands.try_again(session, held.id, at=morning(2))
    filed.carry_out_all(db, morning(2))

    assert len(kept(db)) == 1


def test_an_edition_made_again_has_the_same_bytes_whatever_happened_since(db: Database, world: World) -> None:
    one, two, three, _four = filed.some_days(db, world)
    filed.measure(db, world.clock.now + timedelta(minutes=6))
    world.clock.advance(minutes=6)
    edition = asked_edition(db, world, Asked(date(2026, 8, 1), date(2026, 9, 1)))

    world.clock.advance(days=3)
    filed.check(db, world, three)
    filed.fire(db, world, two, "handler", "reply", text="已整改。")
    filed.report(db, world)
    filed.measure(db, world.clock.now)
    with db.write() as session:
        session.get_one(Area, world.areas["chengyang"]).name = "新城区"
        session.get_one(Area, world.areas["guanglong"]).name = "阿龙片区"
        errands.promise(session, reports.COMPARE, key="again", at=world.clock.now, data={"edition": str(edition.id)})
    (compared,) = filed.carry_out_all(db, world.clock.now)

    assert compared.state == "done", compared.outcome
    folder = get_settings().report_files
    data = json.loads(files.path_of(edition.files["json"]["sha256"], folder).read_bytes())
    assert data["names"]["area"][str(world.areas["chengyang"])] == ["澄阳区", "澄阳区"]
    assert data["report"]["version"] == made_by.current()
    assert one


@ONLY_SQLITE
def test_files_no_edition_names_go_after_a_day_and_those_of_editions_stay(db: Database, world: World) -> None:
    filed.some_days(db, world)
    filed.measure(db, world.clock.advance(minutes=6))
    edition = asked_edition(db, world, Asked(date(2026, 8, 1), date(2026, 9, 1)))
    folder = get_settings().report_files
    left, anew, fresh = (files.path_of(files.store(body, folder), folder) for body in (b"left", b"anew", b"fresh"))
    unfinished = left.parent / ".incoming-0"
    unfinished.write_bytes(b"half")
    mine = [files.path_of(kept["sha256"], folder) for kept in edition.files.values()]
    night = datetime.now(UTC)
    for path in (left, anew, unfinished, *mine):
        os.utime(path, ((night - timedelta(days=2)).timestamp(),) * 2)
    files.store(b"anew", folder)

    assert timetable.run(shift_at(db, night.replace(hour=20)), JOBS["tidy_reports"])

    assert [path.is_file() for path in (left, unfinished, anew, fresh)] == [False, False, True, True]
    assert all(path.is_file() for path in mine)


@ONLY_SQLITE
def test_an_edition_that_other_code_draws_otherwise_is_laid_to_that_code(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed.some_days(db, world)
    filed.measure(db, world.clock.advance(minutes=6))
    edition = asked_edition(db, world, Asked(date(2026, 8, 1), date(2026, 9, 1)))
    first = made_by.current()

    monkeypatch.setattr(sla_report, "NOTES", sla_report.NOTES[:-1])
    monkeypatch.setattr(made_by, "current", lambda: "0+another")
    with db.write() as session:
        errands.promise(session, reports.COMPARE, key="again", at=world.clock.now, data={"edition": str(edition.id)})
    (compared,) = filed.carry_out_all(db, world.clock.now)

    assert (edition.version, compared.state) == (first, "failed")
    assert errands.reason_of(compared).params == {"names": "PDF", "then": first, "now": "0+another"}


def test_the_version_changes_with_the_code_that_draws(tmp_path: Path) -> None:
    template = tmp_path / "documents" / "sla.html"
    template.parent.mkdir()
    template.write_text("<p>one</p>")
    before = made_by.digest([tmp_path / "documents"])
    (tmp_path / "documents" / "__pycache__").mkdir()
    (tmp_path / "documents" / "__pycache__" / "x.pyc").write_bytes(b"x")

    assert made_by.digest([tmp_path / "documents"]) == before
    template.write_text("<p>two</p>")
    assert made_by.digest([tmp_path / "documents"]) != before
    assert all(source.exists() for source in made_by.SOURCES)
    assert len(made_by.current()) <= 40


def test_the_version_changes_with_the_words(tmp_path: Path) -> None:
    words = tmp_path / "zh_CN.po"
    words.write_text('msgid "Overdue"\nmsgstr "逾期"\n')
    before = made_by.digest([words])

    words.write_text('msgid "Overdue"\nmsgstr "超期"\n')

    assert made_by.digest([words]) != before
    assert {"zh_CN.po"} <= {source.name for source in made_by.SOURCES}


@ONLY_SQLITE
def test_an_edition_whose_file_was_changed_is_found_out(db: Database, world: World) -> None:
    filed.some_days(db, world)
    filed.measure(db, world.clock.advance(minutes=6))
    edition = asked_edition(db, world, Asked(date(2026, 8, 1), date(2026, 9, 1)))
    path = files.path_of(edition.files["xlsx"]["sha256"], get_settings().report_files)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"x")

    with db.write() as session:
        errands.promise(session, reports.COMPARE, key="again", at=world.clock.now, data={"edition": str(edition.id)})
    (compared,) = filed.carry_out_all(db, world.clock.now)

    assert compared.state == "failed"
    assert "XLSX" in str(errands.reason_of(compared))
