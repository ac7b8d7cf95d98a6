"""`fireline run` as people start it, for tests: on free ports, with a folder of its own, and nothing left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE_SECONDS = 90.0
"""A bound so that a test ends; nothing is measured."""
NOWHERE = "http://127.0.0.1:9/api"
"""As PREFECT_API_URL: somebody else's Prefect that is away, so that none of our own is started."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def eventually(ask: Callable[[], T | None], *, what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Return the first answer that is true; fail when none comes."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.05)
    raise AssertionError(what)


def processes_of(data_dir: Path) -> dict[int, str]:
    """Return the processes that were started for a data folder: pid → command line."""
    wanted = f"FIRELINE_DATA_DIR={data_dir}".encode()
    found = {}
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and wanted in (process / "environ").read_bytes().split(b"\0"):
                found[int(process.name)] = (process / "cmdline").read_text().replace("\0", " ")
    return {pid: command for pid, command in found.items() if command and pid != os.getpid()}


@dataclass
class Run:
    """One `fireline run`."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    port: int
    exchange_port: int
    output: Path

    def page(self, path: str) -> tuple[int, str]:
        """Return status and text of a page; (0, "") when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def report(self, **intake: str) -> str:
        """Report a hazard as another system of the city would, and return its number."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1/hazard-reports",
            data=json.dumps(intake).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - http, above
            return json.load(answer)["number"]

    def messages(self) -> list[dict[str, Any]]:
        """Return every message the exchange has taken, newest first."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.exchange_port}/control/messages", timeout=10) as answer:
            return json.load(answer)

    def health(self) -> dict[str, Any]:
        """Return what /healthz says; empty when nobody answers."""
        text = self.page("/healthz")[1]
        return json.loads(text) if text else {}

    def is_healthy(self) -> bool:
        """Whether reports are taken and promises kept."""
        return self.page("/healthz")[0] == 200

    def said(self) -> str:
        """Return what stood on the terminal."""
        return self.output.read_text(encoding="utf-8")


@contextlib.contextmanager
def running(data_dir: Path, *arguments: str, **environment: str) -> Iterator[Run]:
    """Start `fireline run` with free ports; at the end whoever is left is killed."""
    port, exchange_port = free_port(), free_port()
    output = data_dir.with_name(f"{data_dir.name}-said.txt")
    command = [str(Path(sys.executable).with_name("fireline")), "run"]
    command += ["--port", str(port), "--exchange-port", str(exchange_port), *arguments]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FIRELINE_", "PREFECT_"))}
    told = {**inherited, "FIRELINE_DATA_DIR": str(data_dir), **environment}
    with output.open("wb") as file:
        process = subprocess.Popen(command, env=told, stdout=file, stderr=subprocess.STDOUT, cwd=data_dir.parent)
    try:
        yield Run(process, data_dir, port, exchange_port, output)
    finally:
        for pid in {process.pid, *processes_of(data_dir)}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
