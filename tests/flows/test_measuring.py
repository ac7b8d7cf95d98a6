"""A worker measures what moves while it works, what was left from before it, and says so when nothing moves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from domain import measures
from domain.database import Database
from domain.models import CaseMeasure
from domain.settings import get_settings
from flows import measuring, timetable
from flows.provider import provider_of
from flows.shift import Shift
from tests.journeys import press, report
from tests.telephony import eventually
from tests.world import START, World

NIGHTLY = next(job for job in timetable.JOBS if job.name == "measures")


def states(db: Database) -> list[str]:
    with db.read() as session:
        return sorted(session.exec(select(CaseMeasure.state)).all())


def until(db: Database) -> datetime | None:
    with db.read() as session:
        return measures.until(session)


@contextmanager
def measuring_beside(shift: Shift) -> Iterator[None]:
    """Let a worker measure in a thread of its own."""
    thread = threading.Thread(target=lambda: asyncio.run(measuring.keep_measures(shift)))
    thread.start()
    yield
    shift.stopping.set()
    thread.join()


def test_worker_measures_what_it_finds_and_what_moves(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(measuring, "EACH_SECONDS", 0.02)
    monkeypatch.setattr(measuring, "AT_ONCE_ON_SQLITE", 2)
    with db.write() as session:
        for _ in range(5):
            report(session, world)
        case = report(session, world)
    shift = Shift(db, provider_of(get_settings()), now=lambda: world.clock.now)

    with measuring_beside(shift):
        eventually(lambda: len(states(db)) == 6 and until(db) is not None)
        world.clock.advance(minutes=1)
        with db.write() as session:
            press(session, world, case, "handler", "accept", hazard_code="FAC-07")
        eventually(lambda: "accepted" in states(db))

    assert states(db) == ["accepted", *["reported"] * 5]


def test_where_nothing_moves_it_is_written_down_that_nothing_did(db: Database, world: World) -> None:
    shift = Shift(db, provider_of(get_settings()), now=lambda: world.clock.now)
    measuring.measure_some(shift)
    assert until(db) == START
    assert not measuring.is_due(shift)
    world.clock.advance(seconds=11)

    assert measuring.is_due(shift)
    assert measuring.measure_some(shift) == 0
    assert until(db) == START + timedelta(seconds=11)


def test_every_night_whatever_was_left_unmeasured_is_measured(db: Database, world: World) -> None:
    shift = Shift(db, provider_of(get_settings()), now=lambda: START + timedelta(days=1))
    measuring.measure_some(shift)
    with db.write() as session:
        report(session, world)  # with a moment of yesterday, as a loaded city has
    assert not measuring.is_due(shift)

    assert timetable.run(shift, NIGHTLY)

    assert states(db) == ["reported"]
