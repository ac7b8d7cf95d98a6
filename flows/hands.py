"""The work a watch has begun: performed on its stage or directly, and counted until the last of it has ended."""

from __future__ import annotations

import asyncio

from flows.shift import Leased, Shift
from flows.stage import Job, perform


class Hands:
    """What one watch has under way."""

    def __init__(self, process: str, shift: Shift) -> None:
        self._process = process
        self._shift = shift
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, job: Job, work: Leased | None) -> None:
        """Have a job performed; takes one of the shift's free hands until it has ended."""
        self._shift.free -= 1
        if work is not None:
            self._shift.running[work.key] = work
        task = asyncio.create_task(self._see_through(job, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _see_through(self, job: Job, work: Leased | None) -> None:
        try:
            await perform(job, self._shift.stages.get(self._process), self._shift.threads)
        finally:
            self._shift.free += 1
            if work is not None and self._shift.running.get(work.key) is work:
                del self._shift.running[work.key]
            # What it did may have promised more, in any process.
            self._shift.ring()

    async def drained(self) -> None:
        """Return when everything that was begun has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)
