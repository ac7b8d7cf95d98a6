"""Where a piece of work is performed: as a task of a warm Prefect flow run when there is one, else directly.

The two sides live in different threads and event loops, so that nothing Prefect does can hold up an effect. Work is
taken exactly once: whoever takes it first carries it out, the other lets it be.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from flows.work import Run

CLOCKS = "clocks"
"""The kind of job that rings clocks; every other kind is an effect."""
PATIENCE_SECONDS = 1.0
"""A task that Prefect has not begun by then is carried out directly; tasks start in 1.5 ms (p99 7 ms)."""


@dataclass(slots=True)
class Job:
    """Something to carry out under a title such as `通知承办人 · JB-2026-000123`."""

    title: str
    kind: str
    """The effect, or `clocks`; tasks of one kind share a name in Prefect."""
    do: Callable[[Run], str]
    """Blocks; never raises; returns how it ended."""
    ended: Future[str] = field(default_factory=Future)
    _taken: bool = False
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> bool:
        """Return True to the first who asks, and only to them."""
        with self._guard:
            first, self._taken = not self._taken, True
            return first

    def carry_out(self, run: Run) -> str:
        """Do it; call only after `take` returned True."""
        try:
            how = self.do(run)
        except BaseException as error:
            self.ended.set_exception(error)
            raise
        self.ended.set_result(how)
        return how


class Stage:
    """One Prefect flow run of one process, as the worker's own event loop sees it."""

    def __init__(self, process: str, *, opened_at: datetime, threads: Executor) -> None:
        self.process = process
        self.opened_at = opened_at
        self.threads = threads
        self.flow_run_id: UUID | None = None
        self.performed = 0
        self.opened = asyncio.Event()
        """Set in the flow run's event loop."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queue: asyncio.Queue[Job | None] = asyncio.Queue()
        self._guard = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Return whether a flow run waits for jobs."""
        return self._loop is not None

    def open(self, flow_run_id: UUID | None) -> None:
        """Take jobs from now on; called by the flow run, in Prefect's event loop."""
        self.flow_run_id = flow_run_id
        with self._guard:
            self._loop = asyncio.get_running_loop()
        self.opened.set()

    def submit(self, job: Job) -> bool:
        """Hand a job to the flow run; False when it takes none (any more)."""
        with self._guard:
            if self._loop is None:
                return False
            try:
                self._loop.call_soon_threadsafe(self._queue.put_nowait, job)
            except RuntimeError:  # the flow run's event loop has broken off
                self._loop = None
                return False
            self.performed += 1
            return True

    def close(self) -> None:
        """Take no more jobs; the flow run ends when those it has are done. Safe to repeat, from any thread."""
        with self._guard:
            if self._loop is not None:
                with suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(self._queue.put_nowait, None)
                self._loop = None

    async def next_job(self) -> Job | None:
        """Return the next job, None when the stage was closed; called by the flow run."""
        return await self._queue.get()


async def perform(job: Job, stage: Stage | None, threads: Executor) -> str:
    """Have the job carried out, by the stage if it begins within `PATIENCE_SECONDS`, and return how it ended."""
    ended = asyncio.wrap_future(job.ended)
    if stage is not None and stage.submit(job):
        done, _ = await asyncio.wait({ended}, timeout=PATIENCE_SECONDS)
        if done:
            return ended.result()
    if job.take():
        threads.submit(job.carry_out, Run())
    return await ended
