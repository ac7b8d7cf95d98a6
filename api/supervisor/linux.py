"""What Linux offers so that no process is left behind: a death signal for children, and adoption of orphans."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_prctl = ctypes.CDLL(None, use_errno=True).prctl


def adopt_orphans() -> None:
    """Make the children of our children ours when their parent ends, so that we can end them too."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def in_child(*, nice: int) -> Callable[[], None]:
    """Return what a child does between fork and exec: die with us, and give way to others by `nice`."""
    parent = os.getpid()

    def prepare() -> None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # we were killed before the signal was set
            os._exit(1)
        if nice:
            os.nice(nice)

    return prepare


def children() -> list[int]:
    """Return the pids of our children, adopted ones included."""
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found += [int(pid) for pid in (task / "children").read_text(encoding="ascii").split()]
    return found


def reap(known: set[int]) -> None:
    """Collect ended children that are none of `known`: orphans we adopted. The known are collected by their owner."""
    for pid in children():
        if pid not in known:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def end_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal a child's whole process group; harmless when it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def end_everybody() -> None:
    """Kill whatever is still our child, and what becomes ours thereby, until nobody is left."""
    while remaining := children():
        for pid in remaining:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def how_it_ended(status: int) -> str:
    """Return the end of a process in words, from a `Popen.returncode`."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
