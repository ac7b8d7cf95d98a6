"""What `fireline reports …` does: what reports count, made anew and compared with the timelines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from datetime import time as clock
from uuid import UUID

from api.commands import database_in_use, plainly
from domain import measure_check, measures
from domain.database import Database
from domain.measure_check import Difference, Place
from domain.settings import city_zone

PAUSE_SECONDS = 0.05
"""While a worker is measuring."""
MOST_SHOWN = 20


@plainly
def rebuild(*, since: date | None, show: Callable[[str], None]) -> str:
    """Measure every case opened since a day anew, while everything else goes on, and return how many that were."""
    done = 0
    with database_in_use() as database:
        with database.read() as session:
            total = measure_check.count(session)
        for places in _batches(database, _start(since)):
            _rebuild(database, places)
            done += len(places)
            show(f"{done} of {total}, opened up to {places[-1][0].astimezone(city_zone()):%Y-%m-%d}")
    return f"{done} cases are measured anew."


def _rebuild(database: Database, places: list[Place]) -> None:
    while True:
        with database.write() as session:
            if measure_check.rebuild(session, places):
                return
        time.sleep(PAUSE_SECONDS)


@plainly
def verify() -> tuple[bool, str]:
    """Return whether what reports count is what the timelines say, and what to say of it."""
    found: list[Difference] = []
    cases = 0
    with database_in_use() as database:
        for places in _batches(database, None):
            cases += len(places)
            with database.read() as session:
                # Looked at twice: a case that was measured between two statements only seems to differ.
                if any(measure_check.differences(session, places)):
                    found += measure_check.differences(session, places)
        with database.read() as session:
            found += measure_check.differing_days(session)
    if not found:
        return True, f"{cases} cases are measured as their timelines say."
    lines = [f"{one.where}: {one.what}" for one in found[:MOST_SHOWN]]
    return False, "\n".join([*lines, f"{len(found)} differences; `fireline reports rebuild` makes them anew."])


def _start(since: date | None) -> Place | None:
    if since is None:
        return None
    return datetime.combine(since, clock(), city_zone()).astimezone(UTC), UUID(int=0)


def _batches(database: Database, after: Place | None) -> Iterator[list[Place]]:
    while True:
        with database.read() as session:
            places = measure_check.batch(session, after=after, most=measures.AT_ONCE)
        if not places:
            return
        yield places
        after = places[-1]
