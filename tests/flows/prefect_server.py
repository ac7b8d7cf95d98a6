"""A Prefect server of the tests' own, and what it knows."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from tests.telephony import ROOT, eventually

STARTS_WITHIN_SECONDS = 90
QUIET = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "PREFECT_LOGGING_SERVER_LEVEL": "ERROR"}


class PrefectServer:
    """A server on a free port that keeps its database when it is stopped and started again."""

    def __init__(self, home: Path) -> None:
        self._home = home
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.api = f"http://127.0.0.1:{self.port}/api"
        self._process: subprocess.Popen[bytes] | None = None
        self._http = httpx.Client(trust_env=False, timeout=10)

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        with (self._home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | QUIET | {"PREFECT_HOME": str(self._home), "PREFECT_API_URL": self.api},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        eventually(self.answers, what="Prefect's server", seconds=STARTS_WITHIN_SECONDS)

    def answers(self) -> bool:
        """Whether the API can be reached."""
        try:
            return self._http.get(f"{self.api}/health").is_success
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        """End it and everything it started."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Stop it for good."""
        self.stop()
        self._http.close()

    def flow_runs(self) -> list[dict]:
        """Return every flow run."""
        return self._http.post(f"{self.api}/flow_runs/filter", json={}).raise_for_status().json()

    def task_names(self) -> set[str]:
        """Return the names of every task run."""
        return {run["name"] for run in self._task_runs()}

    def task_run(self, run_id: str) -> dict | None:
        """Return a task run once the server has written it down."""
        return next((run for run in self._task_runs() if run["id"] == run_id), None)

    def _task_runs(self) -> list[dict]:
        body = {"limit": 200, "sort": "EXPECTED_START_TIME_DESC"}
        return self._http.post(f"{self.api}/task_runs/filter", json=body).raise_for_status().json()
