"""The web part as a process of its own: it prepares its database, serves, logs no address, and stops when told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
RECEIPT = "ABCDEFGHJKMN"
LONGEST_START = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(params=["sqlite", "postgresql"])
def serving(request, tmp_path):
    """A web part on an empty database; gives its address and what it wrote."""
    url, name = "", "web_serving"
    if request.param == "postgresql":
        cluster = request.getfixturevalue("cluster")
        url = cluster.create_database(name)
    port, written = free_port(), tmp_path / "web.log"
    environment = {
        **os.environ, "FIRELINE_DATA_DIR": str(tmp_path / "data"), "FIRELINE_DATABASE_URL": url,
        "FIRELINE_EXCHANGE_URL": "http://127.0.0.1:8001", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    with written.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "api", "--port", str(port)], cwd=tmp_path, env=environment, stderr=log, stdout=log
        )
        try:
            yield process, f"http://127.0.0.1:{port}", written
        finally:
            process.kill()
            process.wait()
    if request.param == "postgresql":
        cluster.drop_database(name)


def wait_for(address: str) -> httpx.Response:
    deadline = time.monotonic() + LONGEST_START
    while True:
        try:
            return httpx.get(f"{address}/healthz", trust_env=False)
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_process_serves_without_a_trace_of_addresses_and_stops_when_told(serving):
    process, address, written = serving

    health = wait_for(address)
    with httpx.Client(base_url=address, trust_env=False) as client:
        unknown = client.get(f"/api/v1/hazard-reports/{RECEIPT}?token=secret")
        phones = client.get("/exchange")
        too_long = client.post(
            "/api/v1/hazard-reports", content=b"x" * (9 * 1024 * 1024), headers={"content-type": "application/json"}
        )
    process.send_signal(signal.SIGTERM)
    status = process.wait(timeout=30)

    assert health.json()["database"] == "running"
    assert unknown.status_code == 404
    assert phones.headers["location"] == "http://127.0.0.1:8001/"
    assert too_long.status_code == 413
    log = written.read_text()
    assert "GET /api/v1/hazard-reports/{receipt} 404" in log
    assert RECEIPT not in log
    assert "secret" not in log
    assert "Traceback" not in log
    assert status in (0, -signal.SIGTERM)
