"""Several people at the same moment: real threads behind one starting line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

PATIENCE_SECONDS = 60
"""After so long a thread hangs; nothing is measured by it."""


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run each in a thread of its own, started together; return results or exceptions in the given order."""
    line = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        line.wait(PATIENCE_SECONDS)
        try:
            return work()
        except Exception as failed:  # noqa: BLE001 - the caller looks at it
            return failed

    with ThreadPoolExecutor(len(works)) as pool:
        running = [pool.submit(run, work) for work in works]
        return [future.result(PATIENCE_SECONDS) for future in running]
