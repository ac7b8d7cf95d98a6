"""Opens the database and hands out units of work; SQLite's writers wait in one fair queue per process."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

from domain import faultpoints
from domain.bell import Bell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.pool import ConnectionPoolEntry


class FairQueue:
    """A lock that serves its waiters in order of arrival (SQLite's own busy-wait starves some of them)."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._waiters: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        """Wait until every earlier writer is done."""
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiters.append(turn)
        turn.acquire()

    def __exit__(self, *_: object) -> None:
        """Hand the lock to the writer that has waited longest."""
        with self._guard:
            if self._waiters:
                self._waiters.popleft().release()
            else:
                self._held = False


class Database:
    """One database and its two kinds of units of work: `read()` and `write()`."""

    def __init__(self, url: str, *, pool_size: int = 10, synchronous: str = "FULL") -> None:
        self.is_sqlite = url.startswith("sqlite")
        self._writers = FairQueue()
        self._synchronous = synchronous
        self.engine: Engine = self._sqlite(url, pool_size) if self.is_sqlite else self._postgresql(url, pool_size)
        self.readers = self.engine if self.is_sqlite else self._postgresql_readers(url, pool_size)
        self._bell = None if self.is_sqlite else Bell(self.engine)

    def _sqlite(self, url: str, pool_size: int) -> Engine:
        engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=pool_size,
            max_overflow=30,
            hide_parameters=True,  # an error's text must not carry what people wrote into a log
            connect_args={"check_same_thread": False, "timeout": 30.0},
        )

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own type
            connection.isolation_level = None  # we say BEGIN ourselves
            for pragma in (
                "journal_mode=WAL",
                f"synchronous={self._synchronous}",
                "foreign_keys=ON",
                "busy_timeout=30000",
                "cache_size=-16000",
            ):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            # A writer that begins as a reader can fail with SQLITE_BUSY when it turns; so it says so first.
            how = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
            connection.exec_driver_sql(f"BEGIN {how}")

        return engine

    def _postgresql(self, url: str, pool_size: int) -> Engine:
        return create_engine(
            url,
            pool_size=pool_size,
            max_overflow=20,
            pool_pre_ping=False,
            pool_recycle=1800,
            hide_parameters=True,
            connect_args={"connect_timeout": 5, "options": "-c timezone=UTC -c statement_timeout=60000"},
        )

    @staticmethod
    def _postgresql_readers(url: str, pool_size: int) -> Engine:
        """Return an engine for units of work that only read.

        Its server refuses every write, and a statement is a transaction of its own, which saves the two round
        trips of BEGIN and ROLLBACK; READ COMMITTED gives each statement its own snapshot in any case.
        """
        options = "-c timezone=UTC -c statement_timeout=60000 -c default_transaction_read_only=on"
        return create_engine(
            url,
            pool_size=pool_size,
            max_overflow=20,
            pool_recycle=1800,
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",
            connect_args={"connect_timeout": 5, "options": options},
        )

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that only reads; PostgreSQL refuses a write in it, SQLite rolls one back."""
        with Session(self.readers, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session that commits at the end and rolls everything back on an exception."""
        if self._bell is not None:
            with Session(self.engine, autoflush=False, expire_on_commit=False) as session:
                yield from self._committed(session)
            if session.info.get("promised"):
                self._bell.ring()
            return
        with self._writers, self.engine.connect() as connection:
            connection = connection.execution_options(sqlite_begin="IMMEDIATE")  # noqa: PLW2901
            with Session(connection, autoflush=False, expire_on_commit=False) as session:
                yield from self._committed(session)

    @staticmethod
    def _committed(session: Session) -> Iterator[Session]:
        with session.begin():
            yield session
            faultpoints.reach("commit.before")
        faultpoints.reach("commit.after")

    def dispose(self) -> None:
        """Close every connection; one that a thread still uses is closed as soon as it is given back."""
        if self._bell is not None:
            self._bell.close()
        for engine in {self.readers, self.engine}:
            event.listen(engine.pool, "checkin", _close_for_good)
            engine.dispose()


def _close_for_good(_: object, pooled: ConnectionPoolEntry) -> None:
    pooled.close()


def open_database(url: str, *, pool_size: int = 10, synchronous: str = "FULL") -> Database:
    """Return the database at `url` (SQLite or PostgreSQL); nothing is connected yet.

    `synchronous` is SQLite's pragma: FULL survives a power cut, tests may say OFF.
    """
    if url.startswith(("postgresql://", "postgres://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    return Database(url, pool_size=pool_size, synchronous=synchronous)
