"""Wakes workers on PostgreSQL after something was promised.

A NOTIFY inside the transaction would take a lock on the whole server at its commit. This one goes out
after the commit, on a connection of its own. A lost ring does no harm: workers also look by themselves.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

log = logging.getLogger(__name__)

CHANNEL = "fireline_outbox"
COALESCED_SECONDS = 0.05
"""Rings within this time after one go out as one more: in a storm a ring per commit would cost as much as a step."""
TRY_AGAIN_SECONDS = 1.0
CONNECT_WITHIN_SECONDS = 5
CLOSES_WITHIN_SECONDS = CONNECT_WITHIN_SECONDS + 1
"""A thread that is just connecting cannot be called off; it closes what it gets even if nobody waits any more."""
LISTENING_SECONDS = 0.5
"""So often an ear looks whether it was closed."""


class Bell:
    """Rings after commits; its thread and its connection begin with the first ring."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rung = threading.Event()
        self._closed = threading.Event()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def ring(self) -> None:
        """Wake whoever listens, soon; never blocks and never fails."""
        self._rung.set()
        if self._thread is None:
            with self._guard:
                if not self._closed.is_set() and not self._thread:
                    self._thread = threading.Thread(target=self._ring_on, name="fireline-bell", daemon=True)
                    self._thread.start()

    def close(self) -> None:
        """Stop ringing; returns when the connection is closed."""
        with self._guard:
            self._closed.set()
        self._rung.set()
        if self._thread is not None:
            self._thread.join(timeout=CLOSES_WITHIN_SECONDS)

    def _ring_on(self) -> None:
        connection: Any = None
        try:
            while self._is_rung():
                try:
                    connection = connection or own_connection(self._engine)
                    connection.execute(f"NOTIFY {CHANNEL}")
                    self._closed.wait(COALESCED_SECONDS)
                except Exception as error:  # noqa: BLE001 - whatever it is, workers look by themselves
                    log.info("the bell could not ring: %s", type(error).__name__)
                    _close(connection)
                    connection = None
                    self._closed.wait(TRY_AGAIN_SECONDS)
        finally:
            _close(connection)

    def _is_rung(self) -> bool:
        """Wait for the next ring; return False when there is none to come."""
        self._rung.wait()
        # In this order: what close() sets in between is seen now, or wakes the next wait.
        self._rung.clear()
        return not self._closed.is_set()


def own_connection(engine: Engine) -> Any:  # noqa: ANN401 - psycopg's connection of unknown row type
    """Return a connection outside the pool that commits by itself."""
    # Not at the top: on SQLite nothing else needs it, and it makes every part start later.
    import psycopg  # noqa: PLC0415

    arguments = engine.dialect.create_connect_args(engine.url)
    return psycopg.connect(*arguments[0], **arguments[1], autocommit=True, connect_timeout=CONNECT_WITHIN_SECONDS)


class Ear:
    """Hears every ring of any process, in a thread of its own, until it is closed."""

    def __init__(self, engine: Engine, *, rung: Callable[[], None]) -> None:
        self._closed = threading.Event()
        arguments = {"rung": rung, "stopped": self._closed}
        self._thread = threading.Thread(
            target=_hear, args=(engine,), kwargs=arguments, name="fireline-ear", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Listen no more; returns when the connection is closed."""
        self._closed.set()
        self._thread.join(timeout=CLOSES_WITHIN_SECONDS)


def _hear(engine: Engine, *, rung: Callable[[], None], stopped: threading.Event) -> None:
    import psycopg  # noqa: PLC0415 - see own_connection

    while not stopped.is_set():
        try:
            with own_connection(engine) as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                rung()
                for _ in _rings(connection, stopped):
                    rung()
        except psycopg.Error as error:
            log.info("the bell cannot be heard: %s", type(error).__name__)
            stopped.wait(TRY_AGAIN_SECONDS)


def _rings(connection: Any, stopped: threading.Event) -> Iterator[object]:  # noqa: ANN401
    while not stopped.is_set():
        yield from connection.notifies(timeout=LISTENING_SECONDS, stop_after=1)


def _close(connection: Any) -> None:  # noqa: ANN401
    if connection is not None:
        connection.close()
