"""Knows every connection to PostgreSQL that this process has opened and not closed.

One that is let go of without being closed is noticed by the garbage collector, in the middle of whichever test runs
then. The database's fixture asks here instead, at the end of the test that opened it.
"""

from __future__ import annotations

import functools
import threading
import time
import traceback
from weakref import WeakKeyDictionary

import psycopg

_GUARD = threading.Lock()
_OPENED: WeakKeyDictionary[psycopg.Connection, tuple[str, str]] = WeakKeyDictionary()
"""Connection → the name of its database, and who opened it."""
INNERMOST_FRAMES = 50
GRACE_SECONDS = 5
"""A thread that is just using one closes it when it gives it back."""


def watch() -> None:
    """Note every connection from now on."""
    begin = psycopg.Connection.__init__

    @functools.wraps(begin)
    def begin_noted(self, pgconn, *args, **kwargs):
        begin(self, pgconn, *args, **kwargs)
        calls = traceback.extract_stack(limit=INNERMOST_FRAMES)
        ours = [f"{call.filename}:{call.lineno} {call.name}" for call in calls if "site-packages" not in call.filename]
        with _GUARD:
            _OPENED[self] = (pgconn.db.decode(), f"{threading.current_thread().name}: {' > '.join(ours)}")

    psycopg.Connection.__init__ = begin_noted


def left_open(database: str) -> list[str]:
    """Return who opened each connection to this database that stays open, the thread first."""
    deadline = time.monotonic() + GRACE_SECONDS
    while (left := _open_now(database)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _open_now(database: str) -> list[str]:
    with _GUARD:
        return [who for connection, (name, who) in _OPENED.items() if name == database and not connection.closed]
