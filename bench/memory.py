"""Idle memory of the embedded default, and how soon its first page answers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.load import free_port
from tests.cluster import Cluster

IDLE_SECONDS = 25
"""Long enough for Prefect to be up and for everything to have settled."""


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(stat[1]) == parent:
                found += [int(entry.name), *_children(int(entry.name))]
    return found


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def _pss(pid: int) -> float:
    """Return a process's proportional share of memory, in MB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024


def _name(command: str) -> str:
    if "prefect" in command:
        return "prefect"
    for part in ("flows.worker", "notifications.exchange", "-m api"):
        if part in command:
            return part.removeprefix("-m ").partition(".")[0]
    return "supervisor"


def start(folder: Path, ports: tuple[int, int]) -> tuple[subprocess.Popen[bytes], float]:
    """Start `fireline run` and return it with the seconds to its first page."""
    environment = {**os.environ, "FIRELINE_DATA_DIR": str(folder)}
    command = [str(Path(sys.executable).parent / "fireline"), "run", "--port", str(ports[0]),
               "--exchange-port", str(ports[1])]  # fmt: skip
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while time.perf_counter() - started < 60:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{ports[0]}/", timeout=5):
                return process, time.perf_counter() - started
        except (OSError, urllib.error.URLError):
            time.sleep(0.02)
    msg = "no first page"
    raise RuntimeError(msg)


def stop(process: subprocess.Popen[bytes]) -> float:
    """Press Ctrl-C and return the seconds until all is gone."""
    started = time.perf_counter()
    process.send_signal(signal.SIGINT)
    process.wait(30)
    return time.perf_counter() - started


def run(cluster: Cluster, folder: Path) -> Iterator[dict[str, Any]]:  # noqa: ARG001 - every benchmark gets a cluster
    """Start twice: on nothing, and on what the first start left."""
    place = folder / "embedded"
    for which in ("first start", "second start"):
        ports = (free_port(), free_port())
        process, seconds = start(place, ports)
        yield {"what": f"first page, {which}, s", "ours": round(seconds, 2), "to reach": "≤ 3"}
        if which == "second start":
            time.sleep(IDLE_SECONDS)
            shares: dict[str, float] = {}
            for pid in [process.pid, *_children(process.pid)]:
                shares[_name(_command(pid))] = shares.get(_name(_command(pid)), 0.0) + _pss(pid)
            prefect = shares.pop("prefect", 0.0)
            yield {
                "what": "idle memory but Prefect, MB",
                "ours": round(sum(shares.values())),
                "to reach": "≤ 400",
                **{name: round(share) for name, share in sorted(shares.items())},
                "prefect": round(prefect),
            }
        yield {"what": f"Ctrl-C, {which}, s", "ours": round(stop(process), 1), "to reach": "≤ 10"}
