"""What has served its time is forgotten, and nothing else."""

from __future__ import annotations

import os
from datetime import timedelta

from sqlalchemy import select

from domain import errand_files, papers, tidying
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Document, Notice, TimetableRun
from domain.settings import get_settings
from tests.journeys import apply
from tests.world import START, World


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


def test_document_whose_form_was_never_sent_goes_after_a_day_with_its_file(db: Database, world: World) -> None:
    directory = papers.folder(get_settings())

    def upload(name: str, hours: int) -> Document:
        at = START - timedelta(hours=hours)
        return papers.keep(db, b"%PDF-1.7\n%%EOF", name, kind=papers.APPLICATION, at=at, directory=directory)

    sent, fresh, forgotten = upload("sent", 48), upload("fresh", 23), upload("forgotten", 25)
    with db.write() as session:
        apply(session, world, documents=[sent.id])

    with db.write() as session:
        tidied = tidying.tidy(session, at=START)
    papers.remove_files(tidied.papers, directory)

    with db.read() as session:
        left = set(session.execute(select(Document.name)).scalars())  # type: ignore[call-overload]
    assert (tidied.counts["papers"], tidied.papers) == (1, (forgotten.storage_key,))
    assert left == {"sent", "fresh"}
    assert sorted(file.name for file in directory.iterdir()) == sorted([sent.storage_key, fresh.storage_key])


def test_document_files_that_a_crash_left_behind_go_after_a_day(db: Database, world: World) -> None:
    directory = papers.folder(get_settings())
    sent = papers.keep(db, b"%PDF-1.7\n%%EOF", "a", kind=papers.APPLICATION, at=START, directory=directory)
    with db.write() as session:
        apply(session, world, documents=[sent.id])
    left, young = (errand_files.store(b"nobody's", directory) for _ in range(2))
    for key, days in ((left, 2), (young, 0), (sent.storage_key, 400)):
        written = (START - timedelta(days=days)).timestamp()
        os.utime(directory / key, (written, written))

    with db.write() as session:
        tidied = tidying.tidy(session, at=START)
    tidying.remove_all_files(tidied, get_settings(), at=START)

    assert {file.name for file in directory.iterdir()} == {young, sent.storage_key}


def test_notices_go_after_more_than_a_year(db: Database, world: World) -> None:
    with db.write() as session:
        for days in (1, 399, 401):
            at = START - timedelta(days=days)
            session.add(
                Notice(id=new_id(), key=f"{days}", person_id=world.people["warden"], kind="tell_handler", at=at)
            )

    with db.write() as session:
        counts = tidying.tidy(session, at=START).counts

    with db.read() as session:
        left = set(session.execute(select(Notice.key)).scalars())
    assert (counts["notices"], left) == (1, {"1", "399"})
