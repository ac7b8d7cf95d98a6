"""Workers as processes: they share the work, wake at once, stop in order and leave nothing half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from domain import bell, heartbeats
from domain.database import Database
from domain.models import Attempt, Outbox
from flows import worker
from flows.shift import Shift
from tests.flows.conftest import REPORTER, WARDEN, Desk, Worker
from tests.telephony import ROOT, Exchange, eventually


@contextmanager
def process(url: str, log: Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m flows.worker`; the test ends it."""
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    environment |= {"FIRELINE_DATABASE_URL": url, **settings}
    with log.open("ab") as written:
        running = subprocess.Popen([sys.executable, "-m", "flows.worker"], cwd=ROOT, env=environment, stderr=written)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def alive(db: Database) -> list[str]:
    """Return the workers that beat lately."""
    with db.read() as session:
        return [row.instance for row in heartbeats.alive(session, "worker", at=datetime.now(UTC))]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_worker_finishes_what_is_under_way_and_stops(
    desk: Desk, telephony: Exchange, database_url: str, tmp_path: Path, how: signal.Signals
) -> None:
    telephony.behave("timeout", WARDEN)  # the request lasts until the worker gives up waiting
    with process(database_url, tmp_path / "log", FIRELINE_PROVIDER_READ_SECONDS="2") as running:
        opened = desk.report()
        eventually(
            lambda: [a for a in desk.attempts(opened.case.id) if a.recipient_id and a.state == "dialling"],
            what="a request under way",
        )
        running.send_signal(how)

        assert running.wait(timeout=30) == 0

    (attempt,) = [attempt for attempt in desk.attempts(opened.case.id) if attempt.recipient_id]
    assert attempt.state == "unknown"
    with desk.db.read() as session:
        assert session.exec(select(Outbox).where(Outbox.leased_by.is_not(None))).all() == []
    assert alive(desk.db) == []


def test_workers_share_the_work_and_a_killed_ones_share_is_taken_over(
    desk: Desk, telephony: Exchange, database_url: str, tmp_path: Path
) -> None:
    short = {"FIRELINE_LEASE_SECONDS": "2"}
    with ExitStack() as stack:
        workers = [stack.enter_context(process(database_url, tmp_path / f"log{n}", **short)) for n in range(3)]
        eventually(lambda: len(alive(desk.db)) == 3, what="three workers")

        reports = [desk.report(phone=f"139{number:08d}") for number in range(30)]
        eventually(lambda: len(telephony.messages()) > 3, what="the first messages")
        workers[0].kill()
        for opened in reports:
            for effect in ("acknowledge_reporter", "notify_assignee"):
                assert desk.settled(opened.case.id, effect).state == "done"

    bodies = [message["body"] for message in telephony.messages()]
    assert len(bodies) == len(set(bodies)) == 2 * len(reports)


def test_worker_that_needs_no_prefect_does_not_load_it() -> None:
    code = "import sys, flows.worker; print([m for m in ('prefect', 'fastapi') if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_log_names_no_person_and_no_receipt(desk: Desk, telephony: Exchange, database_url: str, tmp_path: Path) -> None:
    telephony.behave("error-500", WARDEN)
    with process(database_url, tmp_path / "log"):
        opened = desk.report(name="王举报")
        desk.settled(opened.case.id, "acknowledge_reporter")
        eventually(lambda: len(desk.attempts(opened.case.id)) > 2, what="a second try")

    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert "worker at work" in log
    for secret in (REPORTER[3:], WARDEN[3:], opened.receipt, "王举报", "李庚", "烟感"):
        assert secret not in log


def test_promise_rings_the_bell_after_its_commit(db: Database, desk: Desk) -> None:
    if db.is_sqlite:
        pytest.skip("SQLite has no bell; its workers look ten times a second")
    heard: list[int] = []

    def rung() -> None:
        with db.read() as session:
            heard.append(len(session.exec(select(Outbox)).all()))

    ear = bell.Ear(db.engine, rung=rung)
    eventually(lambda: heard, what="listening")
    try:
        desk.report()
        eventually(lambda: heard[-1] == 1, what="the bell with the promise to be seen")
        for _ in range(20):
            desk.report()
        eventually(lambda: heard[-1] == 21, what="the last ring")
    finally:
        ear.close()


def test_beat_that_is_under_way_at_the_end_does_not_bring_the_worker_back(
    db: Database, telephony: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    del telephony
    beat, sign_off = worker._beat, worker._sign_off
    beating, ending, beaten = threading.Event(), threading.Event(), threading.Event()

    def beat_late(shift: Shift) -> None:
        beating.set()
        assert ending.wait(30)
        beat(shift)
        beaten.set()

    def sign_off_first(shift: Shift) -> None:
        sign_off(shift)
        ending.set()

    monkeypatch.setattr(worker, "_beat", beat_late)
    monkeypatch.setattr(worker, "_sign_off", sign_off_first)
    running = Worker(db)
    running.start()
    assert beating.wait(30)
    threading.Timer(1, ending.set).start()  # the end waits for the beat
    running.stop()
    assert beaten.wait(30)

    assert alive(db) == []


@pytest.fixture
def leaping(db: Database, telephony: Exchange) -> Iterator[tuple[Worker, list[timedelta]]]:
    """A worker whose clock can be put forward."""
    del telephony
    ahead = [timedelta(0)]
    running = Worker(db, now=lambda: datetime.now(UTC) + ahead[0])
    running.start()
    yield running, ahead
    running.stop()


def test_own_promise_whose_lease_ran_out_is_not_begun_a_second_time(
    desk: Desk, telephony: Exchange, leaping: tuple[Worker, list[timedelta]]
) -> None:
    telephony.behave("timeout", WARDEN)
    _, ahead = leaping
    opened = desk.report()

    def to_warden() -> Attempt | None:
        return next((attempt for attempt in desk.attempts(opened.case.id) if attempt.recipient_id), None)

    eventually(to_warden, what="a request under way")
    ahead[0] = timedelta(hours=1)
    eventually(lambda: to_warden().state != "dialling", what="the end of the request")

    # Not looked up, found missing and sent again while it was still under way.
    assert to_warden().state == "unknown"
