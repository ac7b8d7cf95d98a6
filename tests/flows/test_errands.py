"""Errands in a worker's hands: done once, followed, cancelled half-way, taken up again after a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from domain import errands
from domain.database import Database
from domain.errand_kinds import KINDS, ErrandKind
from domain.errands import ErrandRefused
from domain.identifiers import new_id
from domain.language import Label
from domain.models import Errand, Heartbeat
from flows import errand_watch, stage
from flows.chores import Chore
from flows.errands import HANDLERS, gaps
from tests.flows.conftest import Worker
from tests.telephony import ROOT, eventually


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Register a kind of errand for the test."""

    def register(name: str, handler: Callable[[Chore], None], *, is_long: bool = False) -> None:
        monkeypatch.setitem(KINDS, name, ErrandKind(Label("算账", "Sums"), is_long=is_long))
        monkeypatch.setitem(HANDLERS, name, handler)

    return register


def promise(db: Database, kind: str, key: str = "one") -> Errand:
    with db.write() as session:
        return errands.promise(session, kind, key=key, at=datetime.now(UTC))


def stored(db: Database, errand: Errand) -> Errand:
    with db.read() as session:
        return errands.by_id(session, errand.id)


def in_state(db: Database, errand: Errand, state: str) -> Errand:
    def there() -> Errand | None:
        found = stored(db, errand)
        return found if found.state == state else None

    return eventually(there, what=state)


def note_effect(chore: Chore) -> None:
    with chore.database.write() as session:
        session.add(Heartbeat(part="effect", instance=str(new_id()), at=chore.now()))
        session.flush()
        chore.settle(session, {"rows": 1})


def effects(db: Database) -> int:
    with db.read() as session:
        return len(session.exec(select(Heartbeat).where(Heartbeat.part == "effect")).all())


def test_every_kind_is_done_by_somebody_and_a_missing_function_is_named(kind) -> None:
    assert gaps(HANDLERS) == []
    kind("sums", note_effect)
    assert gaps({**HANDLERS, "wonders": note_effect}) == ["nobody can promise wonders"]
    without = {name: handler for name, handler in HANDLERS.items() if name != "sums"}
    assert gaps(without) == ["nobody does sums"]


@pytest.mark.usefixtures("at_work")
def test_promised_errand_is_done_once_and_keeps_its_outcome(db: Database, kind) -> None:
    kind("sums", note_effect)

    done = in_state(db, promise(db, "sums"), "done")

    assert (done.outcome, done.leased_by, effects(db)) == ({"rows": 1}, None, 1)


@pytest.mark.usefixtures("at_work")
def test_progress_is_seen_from_outside_and_a_cancelled_errand_leaves_no_effect(db: Database, kind) -> None:
    going, ended = threading.Event(), threading.Event()

    def slow(chore: Chore) -> None:
        try:
            for done in range(1_000_000):
                chore.progress(done, 1_000_000)
                if done == 3:
                    going.set()
                ended.wait(0.005)
            note_effect(chore)
        finally:
            ended.set()

    kind("sums", slow)
    errand = promise(db, "sums")
    assert going.wait(20)
    eventually(lambda: stored(db, errand).done > 0, what="progress")
    assert stored(db, errand).total == 1_000_000

    with db.write() as session:
        errands.cancel(session, errand.id, at=datetime.now(UTC))

    assert ended.wait(20), "the function notices"
    assert (stored(db, errand).state, effects(db)) == ("cancelled", 0)


@pytest.mark.usefixtures("at_work")
def test_refused_errand_fails_at_once_with_its_reason(db: Database, kind) -> None:
    def refuse(_: Chore) -> None:
        raise ErrandRefused("Some fields need your attention.", {"errors": [errands.complaint("B7", "x")]})

    kind("sums", refuse)

    failed = in_state(db, promise(db, "sums"), "failed")

    assert (failed.attempts, failed.outcome["errors"][0]["where"]) == (1, "B7")
    assert str(errands.reason_of(failed)) == "Some fields need your attention."


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize("fault", ["raises", "forgets to end it"])
def test_errand_that_goes_wrong_is_tried_again(db: Database, kind, fault: str) -> None:
    tries = []

    def at_second_try(chore: Chore) -> None:
        tries.append(chore.row.attempts)
        if len(tries) == 1:
            if fault == "raises":
                raise ZeroDivisionError
            return
        note_effect(chore)

    kind("sums", at_second_try)

    done = in_state(db, promise(db, "sums"), "done")

    assert (tries, done.attempts, effects(db)) == ([1, 2], 2, 1)


@pytest.mark.usefixtures("at_work")
def test_long_errands_leave_hands_free(db: Database, kind) -> None:
    release, begun = threading.Event(), []

    def long(chore: Chore) -> None:
        begun.append(chore.key)
        release.wait(30)
        note_effect(chore)

    kind("sheets", long, is_long=True)
    kind("sums", note_effect)
    try:
        sheets = [promise(db, "sheets", key=f"sheet {number}") for number in range(5)]
        eventually(lambda: len(begun) == errand_watch.LONG_AT_ONCE, what="long ones under way")

        in_state(db, promise(db, "sums"), "done")

        assert len(begun) == errand_watch.LONG_AT_ONCE
    finally:
        release.set()
    for errand in sheets:
        in_state(db, errand, "done")


@pytest.mark.usefixtures("at_work")
def test_errand_that_kills_its_workers_is_held_in_the_end(db: Database, kind) -> None:
    kind("sums", note_effect)
    with db.write() as session:
        errand = errands.promise(session, "sums", key="deadly", at=datetime.now(UTC))
        session.get(Errand, errand.id).attempts = errands.GIVE_UP_AFTER
        session.flush()

    held = in_state(db, errand, "held")

    assert (str(errands.reason_of(held)), effects(db)) == (errands.DIED_OF_IT, 0)


WORKER = """
import time
import flows.errands
from domain.errand_kinds import KINDS, ErrandKind
from domain.language import Label
KINDS["sums"] = ErrandKind(Label("算账", "Sums"), is_long=False)
def slow(chore):
    print("begun", flush=True)
    for _ in range(3000):
        time.sleep(0.01)
        chore.fence()
    with chore.database.write() as session:
        chore.settle(session, {})
flows.errands.HANDLERS["sums"] = slow
from flows import worker
raise SystemExit(worker.main())
"""


@pytest.fixture
def doomed(database_url: str, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A worker in a process of its own, which knows a slow kind of errand."""
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    environment |= {"FIRELINE_DATABASE_URL": database_url, "FIRELINE_LEASE_SECONDS": "2"}
    with (tmp_path / "log").open("ab") as log:
        running = subprocess.Popen(
            [sys.executable, "-c", WORKER], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
        yield running
        running.kill()
        running.communicate()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_errand_of_a_worker_that_ends_is_taken_up_by_another(
    db: Database, kind, doomed: subprocess.Popen[str], telephony, how: signal.Signals
) -> None:
    del telephony
    kind("sums", note_effect)
    errand = promise(db, "sums")
    assert doomed.stdout.readline() == "begun\n"
    assert stored(db, errand).state == "running"

    doomed.send_signal(how)
    doomed.wait(30)
    other = Worker(db)
    other.start()
    try:
        done = in_state(db, errand, "done")
    finally:
        other.stop()

    assert effects(db) == 1
    assert done.attempts == (2 if how == signal.SIGKILL else 1), "who stops in order gives it back"


def test_errand_prefect_does_not_begin_is_done_directly(db: Database, kind, at_work: Worker) -> None:
    class Deaf(stage.Stage):
        def submit(self, job: stage.Job) -> bool:
            del job
            return True

    at_work.shift.stages["errands"] = Deaf("errands", opened_at=datetime.now(UTC), threads=at_work.shift.threads)
    kind("sums", note_effect)

    in_state(db, promise(db, "sums"), "done")

    assert effects(db) == 1
