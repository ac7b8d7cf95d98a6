"""A worker process beside a real Prefect server: runs named after cases, and work that goes on without the server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from domain import accounts, heartbeats, sign_in_codes
from domain.database import Database
from domain.language import CHINESE, translate
from domain.models import Errand, Heartbeat
from flows.company import FLOWS
from tests.flows.conftest import HANDLER, MANAGER, OWNER, REPORTER, WARDEN, Desk
from tests.flows.prefect_server import PrefectServer
from tests.staff_member import form_of, hidden_fields
from tests.telephony import ROOT, Exchange, eventually

# Prefect does not see the database; every day one kind is enough.
pytestmark = pytest.mark.parametrize(
    "database_url", ["postgresql", pytest.param("sqlite", marks=pytest.mark.nightly)], indirect=True
)
JOINED_WITHIN_SECONDS = 60
PASSWORD = "correct horse 119"
AWAY = translate("Background scheduling (Prefect) is away; messages go out as usual.", CHINESE)


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
        assert len(runs) == len(FLOWS)


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


def code_sent(desk: Desk) -> Errand:
    """Ask for a sign-in code and return its errand once it is done."""
    ticket = sign_in_codes.ask(desk.db, username="handler", address="10.0.0.1", at=datetime.now(UTC))

    def done() -> Errand | None:
        with desk.db.read() as session:
            errand = session.exec(select(Errand).where(Errand.key == f"sign_in_code:{ticket}")).one()
        return errand if errand.state == "done" else None

    return eventually(done, what="the errand")


def whole_case(desk: Desk, telephony: Exchange) -> set[str]:
    """Take a report to its reply and its rectification to the end; return the task runs that did any of it."""
    opened = desk.report()
    case_id, code = opened.case.id, desk.world.codes["kuancheng"]
    desk.in_state(case_id, "assigned")
    desk.fire(case_id, "start_check", "warden", venue_code=code)
    desk.fire(
        case_id, "record_finding", "warden", outcome="substantiated", description="12 只不亮", hazards=["FAC-07"],
        no_photo_reason="测试",
    )  # fmt: skip
    child = desk.numbered(desk.settled(case_id, "open_rectifications").outcome["opened"][0])
    desk.fire(case_id, "reply", "handler", text="经核查属实,已责令整改。")
    correct_by = datetime.now(UTC).date() + timedelta(days=9)
    desk.fire(child.id, "serve", "inspector1", correct_by=correct_by, served_to="卫管理")
    desk.fire(child.id, "submit", "manager", description="已更换", photos=[desk.photo()])
    desk.fire(child.id, "confirm", "warden", description="已亮", no_photo_reason="测试")
    desk.settled(child.id, "tell_parent")
    desk.settled(case_id, "tell_reporter_corrected")

    def undone() -> list[tuple[str, str]]:
        rows = [*desk.promises(case_id).values(), *desk.promises(child.id).values()]
        return [(row.effect, row.state) for row in rows if row.state != "done"]

    eventually(lambda: not undone(), what="keeping every promise")
    assert (desk.case(case_id).state, desk.case(child.id).state) == ("replied", "closed")
    heard = {number: telephony.messages(to=number) for number in (REPORTER, WARDEN, HANDLER, MANAGER, OWNER)}
    to_reporter = [message["body"] for message in heard[REPORTER] if opened.receipt in message["body"]]
    wanted = ("已受理", "经核查属实", "已整改")
    assert [[part in body for body in to_reporter].count(True) for part in wanted] == [1, 1, 1]
    about_it = (opened.case.number, child.number)
    for messages in heard.values():
        assert any(number in message["body"] for number in about_it for message in messages)
    rows = [*desk.promises(case_id).values(), *desk.promises(child.id).values()]
    return {str(row.task_run_id) for row in rows if row.task_run_id}


@contextmanager
def handler_at_the_web_part(desk: Desk, database_url: str, home: Path) -> Iterator[httpx.Client]:
    """Run the web part as a deployment does; give the browser of the handler, who has signed in."""
    with desk.db.write() as session:
        accounts.add_account(session, username="handler", password=PASSWORD, person_id=desk.world.people["handler"])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (home / "web.log").open("ab") as log:
        command = [sys.executable, "-m", "api", "--port", str(port)]
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"FIRELINE_DATABASE_URL": database_url}, stderr=log
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as browser:
            eventually(lambda: answers(browser), what="the web part", seconds=JOINED_WITHIN_SECONDS)
            form = form_of(browser.get("/login").text, "/login")
            fields = {**hidden_fields(form), "username": "handler", "password": PASSWORD}
            assert browser.post("/login", data=fields).is_redirect
            yield browser
    finally:
        process.terminate()
        process.wait()


def answers(browser: httpx.Client) -> bool:
    """Whether the web part takes requests."""
    try:
        return browser.get("/login").is_success
    except httpx.TransportError:
        return False


def test_runs_are_named_after_cases_and_come_back_after_the_server_was_away(
    desk: Desk, telephony: Exchange, database_url: str, prefect: PrefectServer, tmp_path: Path
) -> None:
    with (
        worker_process(database_url, prefect, tmp_path) as worker,
        handler_at_the_web_part(desk, database_url, tmp_path) as browser,
    ):
        eventually(says(desk.db, "joined"), what="joining Prefect", seconds=JOINED_WITHIN_SECONDS)
        number, runs = told(desk, telephony)
        assert len(runs) == 3
        wanted = {f"自动分流 · {number}", f"通知承办人 · {number}", f"告知举报人已受理 · {number}"}
        eventually(lambda: wanted <= prefect.task_names(), what="task runs named after the case")

        errand = code_sent(desk)
        assert errand.task_run_id is not None
        named = f"发送登录验证码 · {str(errand.id)[-12:]}"
        eventually(lambda: named in prefect.task_names(), what="a task run named after the errand")

        prefect.stop()
        eventually(says(desk.db, "away"), what="noticing that Prefect is away")
        assert whole_case(desk, telephony) == set()
        assert code_sent(desk).task_run_id is None
        health = browser.get("/healthz")
        assert health.status_code == 200
        assert (health.json()["status"], health.json()["prefect"]) == ("degraded", "away")
        assert AWAY in browser.get("/cases").text

        prefect.start()
        eventually(says(desk.db, "joined"), what="joining Prefect again", seconds=JOINED_WITHIN_SECONDS)
        assert browser.get("/healthz").json()["status"] == "ok"
        assert AWAY not in browser.get("/cases").text
        number, runs = told(desk, telephony)
        assert len(runs) == 3
        eventually(lambda: f"通知承办人 · {number}" in prefect.task_names(), what="task runs after the return")
    mine = [run for run in prefect.flow_runs() if run["parameters"]["worker"].split("-")[1] == str(worker.pid)]
    assert len(mine) == 2 * len(FLOWS)
    eventually(lambda: "RUNNING" not in {run["state_type"] for run in prefect.flow_runs()}, what="every run's end")
