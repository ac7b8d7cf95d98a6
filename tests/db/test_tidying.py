"""What has served its time is forgotten, and nothing else."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from domain import tidying
from domain.database import Database
from domain.models import TimetableRun
from tests.world import START


def test_what_the_timetable_did_stays_readable_for_thirty_days(db: Database) -> None:
    with db.write() as session:
        for days in (1, 29, 31, 400):
            at = START - timedelta(days=days)
            session.add(TimetableRun(job="news", slot=f"{days} days ago", at=at))

    with db.write() as session:
        counts = tidying.tidy(session, at=START).counts

    with db.read() as session:
        left = set(session.execute(select(TimetableRun.slot)).scalars())
    assert (counts["timetable"], left) == (2, {"1 days ago", "29 days ago"})
