"""Has the timelines measured while the worker works: beside its watches, a little at a time, never instead of them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import structlog

from domain import measures
from flows.shift import Shift

log = structlog.get_logger(__name__)

EACH_SECONDS = 2.0
"""So old the newest numbers are at most, but for what is being written down."""
SAYS_SO_AFTER = timedelta(seconds=10)
"""Where nothing moved, that this is so is written down so often."""
AT_ONCE_ON_SQLITE = 25
"""Whatever else is to be written there waits for it."""


async def keep_measures(shift: Shift) -> None:
    """Measure what moved until the shift ends; after a start, whatever a worker before left unmeasured as well."""
    everything = True
    while not shift.stopping.is_set():
        try:
            if everything or await shift.in_thread(partial(is_due, shift)):
                finished = await _rounds(shift, everything=everything)
                everything = everything and not finished
        except Exception as error:  # noqa: BLE001 - the database may be away; measuring must not end
            log.warning("not measured", error=type(error).__name__)
        await asyncio.sleep(EACH_SECONDS)


def is_due(shift: Shift) -> bool:
    """Return whether something moved, or it is time to write down that nothing did."""
    with shift.database.read() as session:
        until = measures.until(session)
        return until is None or until + SAYS_SO_AFTER <= shift.now() or measures.is_behind(session)


async def _rounds(shift: Shift, *, everything: bool) -> bool:
    """Measure until nothing is left; return False when the shift ended before."""
    while not shift.stopping.is_set():
        if await shift.in_thread(partial(measure_some, shift, everything=everything)) < _at_once(shift):
            return True
        await asyncio.sleep(0)
    return False


def measure_some(shift: Shift, *, everything: bool = False) -> int:
    """Measure a few cases in a transaction of their own and return how many."""
    with shift.database.write() as session:
        return measures.catch_up(session, at=shift.now(), most=_at_once(shift), everything=everything)


def measure_all(shift: Shift) -> None:
    """Measure whatever is not measured, whenever it happened."""
    while not shift.stopping.is_set() and measure_some(shift, everything=True) == _at_once(shift):
        pass


def _at_once(shift: Shift) -> int:
    return AT_ONCE_ON_SQLITE if shift.database.is_sqlite else measures.AT_ONCE
