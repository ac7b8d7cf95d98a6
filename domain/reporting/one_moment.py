"""One moment for all that a report reads: it asks several tables, and somebody measures meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from psycopg.pq import TransactionStatus
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session


@contextmanager
def one_moment(session: Session) -> Iterator[None]:
    """Have everything that is read inside stand as it stood when the first of it was read.

    On SQLite a unit of work that reads is one transaction already; on PostgreSQL each of its statements is one.
    """
    connection = session.connection()
    if connection.dialect.name != "postgresql" or not _is_between_transactions(connection):
        yield
        return
    connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        yield
    finally:
        with suppress(DBAPIError):  # the connection is gone: what went wrong inside says so
            connection.exec_driver_sql("ROLLBACK")


def _is_between_transactions(connection: Any) -> bool:  # noqa: ANN401 - a connection of SQLAlchemy
    driver = connection.connection.driver_connection
    return bool(driver.autocommit and driver.info.transaction_status == TransactionStatus.IDLE)
