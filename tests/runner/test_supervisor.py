"""The supervisor over toy parts: what dies comes again, what will not stop is ended, what was forgotten is found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.parts import parts_status
from tests.runner.running import Run, eventually, processes_of

SLEEP = "import time; time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
)
FORGETFUL = (
    "import subprocess, sys, time; "
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True); "
    "print('ready', flush=True); time.sleep(600)"
)


@contextmanager
def supervised(folder: Path, **parts: str) -> Iterator[Run]:
    given = {"setup": "pass", "web": SLEEP, **parts}
    output = folder.with_name("said.txt")
    command = [sys.executable, "-m", "tests.runner.toy_run", str(folder)]
    command += [f"{name}={code}" for name, code in given.items()]
    with output.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    try:
        yield Run(process, folder, port=0, exchange_port=0, output=output)
    finally:
        process.kill()
        process.wait()
        for pid in processes_of(folder):
            os.kill(pid, signal.SIGKILL)


def test_a_part_that_keeps_dying_is_named_with_its_last_lines(tmp_path: Path) -> None:
    with supervised(tmp_path / "toys", worker="raise SystemExit('the moon is full')") as run:
        eventually(lambda: "keeps ending" in run.said(), what="the complaint")

        said = run.said()
        status = parts_status(run.data_dir)["worker"]
        assert "worker keeps ending (exit status 1)" in said
        assert "fireline |     the moon is full" in said
        assert str(run.data_dir / "logs" / "worker.log") in said
        assert (status.state, status.last_end, status.last_lines[-1]) == (
            "failing", "exit status 1", "the moon is full",
        )  # fmt: skip
        assert parts_status(run.data_dir)["web"].state == "running"


def test_lines_carry_the_name_of_their_part_and_stand_whole_in_its_log(tmp_path: Path) -> None:
    with supervised(tmp_path / "toys", exchange=f"print('号码 138', flush=True); {SLEEP}") as run:
        eventually(lambda: "exchange | 号码 138" in run.said(), what="the line")

        assert (run.data_dir / "logs" / "exchange.log").read_text(encoding="utf-8") == "号码 138\n"


def test_a_stubborn_part_is_killed_when_patience_ends(tmp_path: Path) -> None:
    with supervised(tmp_path / "toys", worker=STUBBORN) as run:
        eventually(lambda: "worker   | ready" in run.said(), what="the part")

        run.process.send_signal(signal.SIGTERM)

        assert run.process.wait(timeout=30) == 0
        assert "worker did not end by itself and is killed" in run.said()
        assert processes_of(run.data_dir) == {}


def test_a_second_request_stops_at_once(tmp_path: Path) -> None:
    with supervised(tmp_path / "toys", worker=STUBBORN) as run:
        eventually(lambda: "worker   | ready" in run.said(), what="the part")

        run.process.send_signal(signal.SIGINT)
        eventually(lambda: "stopping" in run.said(), what="the first request")
        run.process.send_signal(signal.SIGINT)

        assert run.process.wait(timeout=30) == 0
        assert "did not end by itself" not in run.said()
        assert processes_of(run.data_dir) == {}


def test_what_a_part_started_and_forgot_is_ended_too(tmp_path: Path) -> None:
    with supervised(tmp_path / "toys", worker=FORGETFUL) as run:
        eventually(lambda: "worker   | ready" in run.said(), what="the part")
        assert len(processes_of(run.data_dir)) >= 3  # web, worker, and what it forgot

        run.process.send_signal(signal.SIGINT)

        assert run.process.wait(timeout=30) == 0
        assert processes_of(run.data_dir) == {}


def test_a_setup_that_fails_ends_everything(tmp_path: Path) -> None:
    with supervised(tmp_path / "toys", setup="raise SystemExit('no room')", worker=SLEEP) as run:
        assert run.process.wait(timeout=30) == 1

        assert "setup    | no room" in run.said()
        assert "the database could not be prepared" in run.said()
        assert processes_of(run.data_dir) == {}


def test_nobody_reading_the_terminal_stops_nothing(tmp_path: Path) -> None:
    flood = "[print('x' * 99, flush=True) for _ in range(9999)]; "
    command = [sys.executable, "-m", "tests.runner.toy_run", str(tmp_path / "toys"), "setup=pass", f"web={SLEEP}"]
    command.append(f"worker={flood}{SLEEP}")
    process = subprocess.Popen(command, stdout=subprocess.PIPE)  # nobody reads: the pipe is soon full
    try:
        log = tmp_path / "toys" / "logs" / "worker.log"
        eventually(lambda: log.exists() and log.stat().st_size >= 9000 * 100, what="the whole flood in the log")

        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.communicate()
    assert processes_of(tmp_path / "toys") == {}
