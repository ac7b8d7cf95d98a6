"""A worker in a process of its own that writes down every fault point it reaches and dies at one of them.

Processes are forked from a server that has imported everything, so each costs a few hundredths of a second and
is killed by the kernel like any other.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg  # noqa: F401 - imported once, by the server that the workers are forked from
from sqlalchemy import select

from domain import errands, faultpoints
from domain.database import open_database
from domain.models import ClockRow, Errand, Outbox
from domain.processes import WORKFLOWS
from domain.settings import get_settings
from flows.errand_watch import ErrandWatch
from flows.provider import provider_of
from flows.shift import Shift
from flows.watch import Watch, look_out

LEASE = timedelta(seconds=30)
LATER = LEASE + timedelta(seconds=1)
"""The clock of a worker that finds the dead one's leases run out."""
GIVE_UP_SECONDS = 30
KILLED = -signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Death:
    """Die by kill -9 at the point with this index; None: live."""

    at: int | None
    trace: Path
    """Where the points reached are written, one a line."""

    def hook(self, name: str) -> None:
        """Write the point down, then die if it is the one."""
        with self.trace.open("a+") as trace:
            trace.seek(0)
            index = len(trace.readlines())
            trace.write(f"{name}\n")
        if index == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def work_until_done(url: str, environment: Mapping[str, str], death: Death, ahead: timedelta) -> None:
    """Ring every clock that is due and carry out every promise, one by one, with a clock that is `ahead`; then end."""
    os.environ.update(environment)
    get_settings.cache_clear()
    faultpoints.install(death.hook)
    asyncio.run(_work(url, ahead))


async def _work(url: str, ahead: timedelta) -> None:
    database = open_database(url, synchronous="OFF")
    shift = Shift(database, provider_of(get_settings()), now=lambda: datetime.now(UTC) + ahead, at_once=1)
    watches = [*(Watch(process, shift) for process in WORKFLOWS), ErrandWatch(shift)]
    looking = asyncio.create_task(look_out(shift, watches))
    promises = select(Outbox.id).where(Outbox.state == "pending").limit(1)
    clocks = select(ClockRow.case_id).where(ClockRow.next_at <= datetime.now(UTC) + ahead).limit(1)
    chores = select(Errand.id).where(Errand.state.in_(errands.OPEN)).limit(1)
    async with asyncio.timeout(GIVE_UP_SECONDS):
        while True:
            with database.read() as session:
                # Clocks first: one that rings meanwhile has left its promise by the time promises are looked for.
                left = any(session.execute(query).first() for query in (clocks, promises, chores))
                if not shift.running and not left:
                    break
            await asyncio.sleep(0.01)
    shift.stop()
    await looking
    shift.close()
    database.dispose()


class Hands:
    """Starts such workers."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])

    def work(
        self, url: str, environment: Mapping[str, str], *, die_at: int | None, trace: Path, ahead: timedelta
    ) -> int:
        """Run one worker to its end and return its exit status."""
        death = Death(die_at, trace)
        process = self._context.Process(target=work_until_done, args=(url, dict(environment), death, ahead))
        process.start()
        process.join(GIVE_UP_SECONDS * 2)
        status = process.exitcode
        if status is None:
            process.kill()
            process.join()
        process.close()
        assert status is not None, "the worker did not end"
        return status
