"""Jobs of the timetable happen once per slot, whoever does them, also when nobody was there at the time."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from domain import audit, faultpoints
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Anchor, Photo, TimetableRun
from domain.photos import _path
from domain.settings import get_settings
from flows import timetable
from flows.provider import provider_of
from flows.shift import Shift
from tests.flows.conftest import Desk

ANCHOR, TIDY, NEWS = ({job.name: job for job in timetable.JOBS}[name] for name in ("anchor", "tidy", "news"))
NOON = datetime(2026, 8, 23, 4, 0, tzinfo=UTC)


def shift_at(db: Database, at: datetime) -> Shift:
    return Shift(db, provider_of(get_settings()), now=lambda: at)


def test_anchor_is_set_once_a_day_although_many_workers_try(db: Database, desk: Desk) -> None:
    desk.report()
    shifts = [shift_at(db, NOON) for _ in range(4)]
    done: list[bool] = []
    workers = [threading.Thread(target=lambda s=shift: done.append(timetable.run(s, ANCHOR))) for shift in shifts]

    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    with db.read() as session:
        assert len(session.exec(select(Anchor)).all()) == 1
        assert audit.verify(session).whole
    assert sorted(done) == [False, False, False, True]
    assert timetable.run(shift_at(db, NOON + timedelta(days=1)), ANCHOR)


def test_before_five_past_midnight_the_day_has_no_anchor_yet(db: Database) -> None:
    assert not timetable.run(shift_at(db, datetime(2026, 8, 22, 16, 4, tzinfo=UTC)), ANCHOR)
    assert timetable.run(shift_at(db, datetime(2026, 8, 22, 16, 5, tzinfo=UTC)), ANCHOR)


def test_job_that_fails_is_not_taken_for_done(db: Database) -> None:
    def fail(*_: object) -> dict[str, object]:
        message = "disk full"
        raise OSError(message)

    broken = timetable.Job("tidy", TIDY.slot, fail, TIDY.cron)

    assert not timetable.run(shift_at(db, NOON), broken)
    with db.read() as session:
        assert session.exec(select(TimetableRun)).all() == []
    assert timetable.run(shift_at(db, NOON), TIDY)


@pytest.mark.usefixtures("world")
def test_photos_of_forms_never_sent_go_after_a_day_with_their_files(db: Database) -> None:
    folder = get_settings().photos
    keys = {"old": "aa" * 32, "young": "bb" * 32, "shared": "cc" * 32}
    files = {name: _put(folder, key) for name, key in keys.items()}
    with db.write() as session:
        for name, age in (("old", 25), ("young", 23), ("shared", 25), ("shared", 1)):
            session.add(_photo(keys[name], NOON - timedelta(hours=age)))

    assert timetable.run(shift_at(db, NOON), TIDY)

    with db.read() as session:
        left = sorted(photo.storage_key for photo in session.exec(select(Photo)))
        outcome = session.exec(select(TimetableRun)).one().outcome
    assert left == [keys["young"], keys["shared"]]
    assert outcome["photos"] == 2
    assert [path.exists() for path in files["old"]] == [False, False]
    assert all(path.exists() for name in ("young", "shared") for path in files[name])


def test_news_are_asked_for_once_in_two_minutes(db: Database) -> None:
    assert timetable.run(shift_at(db, NOON), NEWS)
    assert not timetable.run(shift_at(db, NOON + timedelta(seconds=119)), NEWS)
    assert timetable.run(shift_at(db, NOON + timedelta(seconds=120)), NEWS)


@pytest.mark.usefixtures("world")
def test_files_stay_while_forgetting_their_photos_is_not_committed(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = _put(get_settings().photos, "dd" * 32)
    with db.write() as session:
        session.add(_photo("dd" * 32, NOON - timedelta(hours=25)))

    def power_cut(point: str) -> None:
        if point == "commit.before":
            message = "power cut"
            raise OSError(message)

    with monkeypatch.context() as cut:
        cut.setattr(faultpoints, "reach", power_cut)
        assert not timetable.run(shift_at(db, NOON), TIDY)

    with db.read() as session:
        assert len(session.exec(select(Photo)).all()) == 1
    assert [path.exists() for path in files] == [True, True]
    assert timetable.run(shift_at(db, NOON), TIDY)
    assert [path.exists() for path in files] == [False, False]


def _put(folder: Path, key: str) -> list[Path]:
    paths = [_path(key, folder, size) for size in ("full", "thumbnail")]
    long_ago = (NOON - timedelta(days=3)).timestamp()
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"photo")
        os.utime(path, (long_ago, long_ago))
    return paths


def _photo(key: str, at: datetime) -> Photo:
    return Photo(id=new_id(), storage_key=key, original_sha256="0" * 64, width=1, height=1, size=5, made_at=at)
