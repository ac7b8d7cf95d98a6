"""A database that is let go of leaves no connection behind, whatever is going on at that moment."""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

import psycopg
import pytest
from sqlmodel import text

from domain import bell
from domain.database import Database
from tests import connections


def is_closed(connection: Any) -> bool:
    if isinstance(connection, psycopg.Connection):
        return connection.closed
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return True
    return False


def test_what_is_in_use_is_closed_when_it_is_given_back(db: Database) -> None:
    with db.read() as reader, db.write() as writer:
        used = [session.connection().connection.driver_connection for session in (reader, writer)]
        db.dispose()
        assert [session.execute(text("SELECT 1")).scalar() for session in (reader, writer)] == [1, 1]

    assert [is_closed(connection) for connection in used] == [True, True]


def test_what_is_asked_for_afterwards_is_closed_as_well(db: Database) -> None:
    db.dispose()

    with db.read() as session:
        late = session.connection().connection.driver_connection
        assert not is_closed(late)

    assert is_closed(late)


def test_bell_that_is_just_connecting_closes_what_it_gets(
    db: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.is_sqlite:
        pytest.skip("SQLite has no bell")
    connecting, closing = threading.Event(), threading.Event()
    connect = bell.own_connection

    def connected_late(engine: Any) -> Any:
        connecting.set()
        assert closing.wait(30)
        return connect(engine)

    monkeypatch.setattr(bell, "own_connection", connected_late)
    ringing = bell.Bell(db.engine)
    ringing.ring()
    assert connecting.wait(30)
    closer = threading.Thread(target=ringing.close)
    closer.start()
    closing.set()
    closer.join()

    name = database_url.partition("@/")[2].partition("?")[0]
    assert connections.left_open(name) == []
    assert "fireline-bell" not in {thread.name for thread in threading.enumerate()}


def test_bell_that_is_closed_between_two_rings_ends(db: Database) -> None:
    if db.is_sqlite:
        pytest.skip("SQLite has no bell")
    ringing = bell.Bell(db.engine)
    ringing._rung = Rung(ringing)
    ringing.ring()
    ringing._thread.join(30)

    assert not ringing._thread.is_alive()


class Rung(threading.Event):
    """Closed by somebody else just as the thread takes note of the first ring."""

    def __init__(self, ringing: bell.Bell) -> None:
        super().__init__()
        self._ringing = ringing

    def clear(self) -> None:
        closer = threading.Thread(target=self._ringing.close)
        if not self._ringing._closed.is_set():
            closer.start()
            assert self._ringing._closed.wait(30)
        super().clear()
