"""The process that carries out what was promised: `python -m flows.worker`, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from contextlib import suppress
from functools import partial

import structlog

from domain import bell, heartbeats, schema
from domain.database import Database, open_database
from domain.processes import WORKFLOWS
from domain.settings import NotForProduction, get_settings
from flows import logs, measuring, timetable
from flows.company import Company
from flows.errand_watch import ErrandWatch
from flows.provider import provider_of
from flows.shift import PART, Shift
from flows.watch import Watch, Watching, look_out

log = structlog.get_logger(__name__)

BEAT_SECONDS = 1.0
DRAIN_SECONDS = 8.0
"""What is under way may take so long to end; then its leases are left to run out."""
SCHEMA_SECONDS = 0.5


async def work(shift: Shift, *, prefect_api: str = "") -> None:
    """Carry out what falls due until the shift is told to stop, then drain it.

    `prefect_api` is the address of Prefect's API; without one everything is carried out directly.
    """
    errands = ErrandWatch(shift)
    watches: list[Watching] = [*(Watch(process, shift) for process in WORKFLOWS), errands]
    listening = not shift.database.is_sqlite
    company = Company(shift, api_url=prefect_api) if prefect_api else None
    if company:
        company.start()
    plan = timetable.start(shift)
    ear = _listen(shift) if listening else None
    beside = [
        asyncio.create_task(shift.keep_leases()),
        asyncio.create_task(errands.keep_progress()),
        asyncio.create_task(beat(shift)),
        asyncio.create_task(measuring.keep_measures(shift)),
    ]
    log.info("worker at work", worker=shift.worker)
    try:
        await look_out(shift, watches, listening=listening)
    finally:
        plan.shutdown(wait=False)
        if ear:
            await asyncio.to_thread(ear.close)
        await drain(shift, watches)
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await sign_off(shift)
        if company:
            await asyncio.to_thread(company.stop)


async def drain(shift: Shift, watches: list[Watching]) -> None:
    """Finish what is under way, up to `DRAIN_SECONDS`; what is not done by then another worker takes up."""
    log.info("worker draining", under_way=len(shift.running))
    everything = asyncio.gather(*(watch.drained() for watch in watches))
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            await everything
    except TimeoutError:
        log.warning("worker left work behind", promises=sorted(shift.running))
        await shift.in_thread(shift.give_back)


async def sign_off(shift: Shift) -> None:
    """Say that this worker is gone; a beat after it would tell otherwise for a while."""
    try:
        await shift.in_thread(partial(_sign_off, shift))
    except Exception as error:  # noqa: BLE001 - the heartbeat grows old by itself
        log.warning("the worker could not sign off", error=type(error).__name__)


def _sign_off(shift: Shift) -> None:
    with shift.database.write() as session:
        heartbeats.forget(session, PART, shift.worker)


async def beat(shift: Shift) -> None:
    """Say every second that this worker is alive, and how it is."""
    while True:
        try:
            await shift.in_thread(partial(_beat, shift))
        except Exception as error:  # noqa: BLE001 - the database is away; silence says so
            log.warning("no heartbeat", error=type(error).__name__)
        await asyncio.sleep(BEAT_SECONDS)


def _beat(shift: Shift) -> None:
    with shift.database.write() as session:
        heartbeats.beat(session, PART, shift.worker, at=shift.now(), data=shift.state())


def _listen(shift: Shift) -> bell.Ear:
    loop = asyncio.get_running_loop()

    def rung() -> None:
        with suppress(RuntimeError):  # the loop has ended, and with it the interest
            loop.call_soon_threadsafe(shift.ring)

    return bell.Ear(shift.database.engine, rung=rung)


async def _main(database: Database) -> None:
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    if not await _schema_is_there(database, stop):
        return
    shift = Shift(database, provider_of(get_settings()))
    at_work = asyncio.create_task(work(shift, prefect_api=os.environ.get("PREFECT_API_URL", "")))
    await asyncio.wait({at_work, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    shift.stop()
    await at_work


async def _schema_is_there(database: Database, stop: asyncio.Event) -> bool:
    """Wait until the web part or `fireline db upgrade` has brought the database to this version."""
    wanted = schema.newest()
    while not stop.is_set():
        try:
            if await asyncio.to_thread(schema.current, database) == wanted:
                return True
        except Exception as error:  # noqa: BLE001 - the database may start later than we do
            log.info("waiting for the database", error=type(error).__name__)
        await asyncio.sleep(SCHEMA_SECONDS)
    return False


def main() -> int:
    """Run a worker; return its exit status."""
    logs.configure()
    settings = get_settings()
    try:
        settings.refuse_demo_in_production()
    except NotForProduction as refused:
        log.error("refused", reason=str(refused))  # noqa: TRY400 - a sentence for the operator, not a traceback
        return 2
    asyncio.run(_main(open_database(settings.url)))
    log.info("worker stopped")
    return 0


if __name__ == "__main__":
    argparse.ArgumentParser(
        prog="fireline worker", description=__doc__
    ).parse_args()  # it takes none, but answers --help
    status = main()
    sys.stderr.flush()
    # Threads of libraries (Prefect's events, when its server is gone) may wait for ever; everything is drained.
    os._exit(status)
