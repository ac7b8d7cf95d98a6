"""Starts parts of Fireline for a benchmark and stops them again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def part(arguments: list[str], environment: dict[str, str], *, ready: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m …` while the block runs; with `ready`, wait until that address answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    try:
        if ready:
            _wait_for(ready, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310 - loopback
                return
        except OSError:
            time.sleep(0.1)
    msg = f"{address} did not answer"
    raise RuntimeError(msg)


def settings(folder: Path, url: str, *, port: int, exchange_port: int) -> dict[str, str]:
    """Return the environment of the parts of one deployment."""
    return {
        "FIRELINE_DATA_DIR": str(folder),
        "FIRELINE_DATABASE_URL": url,
        "FIRELINE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "FIRELINE_TWILIO_BASE_URL": f"http://127.0.0.1:{exchange_port}",
        "FIRELINE_EXCHANGE_URL": f"http://127.0.0.1:{exchange_port}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
