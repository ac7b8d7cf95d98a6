"""A worker process beside a real Prefect server: runs named after cases, and work that goes on without the server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from domain import heartbeats
from domain.database import Database
from domain.models import Heartbeat
from tests.flows.conftest import REPORTER, Desk
from tests.flows.prefect_server import PrefectServer
from tests.telephony import ROOT, Exchange, eventually

JOINED_WITHIN_SECONDS = 60


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """A running server."""
    server = PrefectServer(tmp_path_factory.mktemp("prefect"))
    try:
        server.start()
        yield server
    finally:
        server.close()


def test_runs_of_a_killed_worker_are_marked_as_crashed(
    desk: Desk, database_url: str, prefect: PrefectServer, tmp_path: Path
) -> None:
    with worker_process(database_url, prefect, tmp_path, dies=True) as killed:
        eventually(says(desk.db, "joined"), what="joining Prefect", seconds=JOINED_WITHIN_SECONDS)
        runs = {watch["flow_run_id"] for watch in standing(desk.db)["watches"].values()}
        killed.kill()
    with desk.db.write() as session:
        (silent,) = session.exec(select(Heartbeat))
        silent.at -= timedelta(minutes=2)

    with worker_process(database_url, prefect, tmp_path):
        eventually(
            lambda: {run["id"] for run in prefect.flow_runs() if run["state_type"] == "CRASHED"} >= runs,
            what="burying the dead worker's runs",
            seconds=JOINED_WITHIN_SECONDS,
        )
        assert len(runs) == 2


@contextmanager
def worker_process(
    database_url: str, prefect: PrefectServer, home: Path, *, dies: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker as a deployment does; at the end it has to stop in order, unless the test kills it."""
    environment = os.environ | {
        "FIRELINE_DATABASE_URL": database_url, "PREFECT_API_URL": prefect.api, "PREFECT_HOME": str(home),
    }  # fmt: skip
    with (home / "worker.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "flows.worker"], cwd=ROOT, env=environment, stderr=log)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == (-signal.SIGKILL if dies else 0)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def standing(db: Database) -> dict:
    """What the worker says of itself."""
    with db.read() as session:
        alive = heartbeats.alive(session, "worker", at=datetime.now(UTC))
    return alive[0].data if alive else {}


def says(db: Database, state: str) -> Callable[[], bool]:
    """Ask whether the worker says that it stands so with Prefect."""
    return lambda: standing(db).get("prefect") == state


def told(desk: Desk, telephony: Exchange) -> tuple[str, set[str]]:
    """Report, wait until everybody has been told, and return the number and the task runs that did it."""
    opened = desk.report()
    for effect in ("notify_assignee", "acknowledge_reporter"):
        assert desk.settled(opened.case.id, effect).state == "done"
    assert [opened.case.number in message["body"] for message in telephony.messages(to=REPORTER)].count(True) == 1
    rows = desk.promises(opened.case.id).values()
    return opened.case.number, {str(row.task_run_id) for row in rows if row.task_run_id}


def test_runs_are_named_after_cases_and_come_back_after_the_server_was_away(
    desk: Desk, telephony: Exchange, database_url: str, prefect: PrefectServer, tmp_path: Path
) -> None:
    with worker_process(database_url, prefect, tmp_path):
        eventually(says(desk.db, "joined"), what="joining Prefect", seconds=JOINED_WITHIN_SECONDS)
        number, runs = told(desk, telephony)
        assert len(runs) == 3
        wanted = {f"自动分流 · {number}", f"通知承办人 · {number}", f"告知举报人已受理 · {number}"}
        eventually(lambda: wanted <= prefect.task_names(), what="task runs named after the case")

        prefect.stop()
        eventually(says(desk.db, "away"), what="noticing that Prefect is away")
        _, runs = told(desk, telephony)
        assert runs == set()

        prefect.start()
        eventually(says(desk.db, "joined"), what="joining Prefect again", seconds=JOINED_WITHIN_SECONDS)
        number, runs = told(desk, telephony)
        assert len(runs) == 3
        eventually(lambda: f"通知承办人 · {number}" in prefect.task_names(), what="task runs after the return")
    eventually(lambda: all(run["state_type"] == "COMPLETED" for run in prefect.flow_runs()), what="every run's end")
