"""The file by which the supervisor tells the web part how its parts are."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from domain.parts import FAILING, FILE, RUNNING, PartStatus, forget_status, parts_status, write_status

WEB = PartStatus("web", RUNNING, 4711, "2026-08-23T05:58:00.000+00:00")
WORKER = PartStatus("worker", FAILING, None, "2026-08-23T05:58:00.000+00:00", 3, "exit status 1", ("boom", "bang"))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_status(tmp_path, {"web": WEB, "worker": WORKER})

    assert parts_status(tmp_path) == {"web": WEB, "worker": WORKER}
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_no_file_and_a_forgotten_one_mean_no_supervisor(tmp_path: Path) -> None:
    assert parts_status(tmp_path) == {}

    write_status(tmp_path, {"web": WEB})
    forget_status(tmp_path)

    assert parts_status(tmp_path) == {}


def test_a_dead_supervisors_file_says_nothing(tmp_path: Path) -> None:
    write_status(tmp_path, {"web": WEB})
    gone = subprocess.Popen(["true"])
    gone.wait()
    said = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    said["supervisor"]["pid"] = gone.pid
    (tmp_path / FILE).write_text(json.dumps(said), encoding="utf-8")

    assert parts_status(tmp_path) == {}


def test_another_process_with_the_same_number_is_not_taken_for_the_supervisor(tmp_path: Path) -> None:
    write_status(tmp_path, {"web": WEB})
    said = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    said["supervisor"]["born"] = "1"
    (tmp_path / FILE).write_text(json.dumps(said), encoding="utf-8")

    assert parts_status(tmp_path) == {}
