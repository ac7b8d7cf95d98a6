"""Many rows into the database at once, in the caller's transaction: COPY, or one prepared INSERT on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb
from sqlalchemy import JSON, Dialect, Table
from sqlmodel import Session, SQLModel

AT_ONCE = 2_000
"""Rows between two reports of progress."""

Told = Callable[[int], None]
"""Told how many more rows were written."""


class AlreadyThere(Exception):
    """Another row has what only one may have, such as a credit code; the transaction is of no use any more."""


def write(session: Session, model: type[SQLModel], rows: Iterable[dict[str, Any]], *, told: Told | None = None) -> None:
    """Insert rows, each with every column of the table (`whole` completes them); they may be made on the way.

    Raises AlreadyThere.
    """
    table: Any = model.__table__  # type: ignore[attr-defined]
    dialect = session.get_bind().dialect
    with _doubles_told(table):
        if dialect.name == "postgresql":
            _copy(session, table, rows, told)
        else:
            _insert(session, table, rows, dialect, told)


def whole(model: type[SQLModel], /, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - column values
    """Return a row with the model's own defaults for what is not given."""
    return {**_defaults(model), **values}


@cache
def _defaults(model: type[SQLModel]) -> dict[str, Any]:
    # Rows share what is mutable in it: they are written and never changed.
    return {name: known.get_default(call_default_factory=True) for name, known in model.model_fields.items()}


@contextmanager
def _doubles_told(table: Table) -> Iterator[None]:
    # The drivers are called past SQLAlchemy, so what they raise is their own.
    try:
        yield
    except UniqueViolation as double:
        raise AlreadyThere(table.name) from double
    except sqlite3.IntegrityError as wrong:
        if wrong.sqlite_errorcode in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
            raise AlreadyThere(table.name) from wrong
        raise


def _copy(session: Session, table: Table, rows: Iterable[dict[str, Any]], told: Told | None) -> None:
    names = [column.name for column in table.columns]
    jsons = {column.name for column in table.columns if isinstance(column.type, JSON)}
    listed = ", ".join(f'"{name}"' for name in names)
    with _driver(session).cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({listed}) FROM STDIN') as copy:
        for row in _counted(rows, told):
            copy.write_row([Jsonb(row[name]) if name in jsons else row[name] for name in names])


def _insert(
    session: Session, table: Table, rows: Iterable[dict[str, Any]], dialect: Dialect, told: Told | None
) -> None:
    # SQLAlchemy's own way takes three times as long, and nobody else can write meanwhile.
    columns = [(column.name, column.type.dialect_impl(dialect).bind_processor(dialect)) for column in table.columns]
    listed = ", ".join(f'"{name}"' for name, _ in columns)
    places = ", ".join("?" for _ in columns)
    _driver(session).executemany(
        f'INSERT INTO "{table.name}" ({listed}) VALUES ({places})',  # noqa: S608 - names of our own columns
        ([stored(row[name]) if stored else row[name] for name, stored in columns] for row in _counted(rows, told)),
    )


def _driver(session: Session) -> Any:  # noqa: ANN401 - psycopg's or sqlite3's connection
    return session.connection().connection.driver_connection


def _counted(rows: Iterable[dict[str, Any]], told: Told | None) -> Iterator[dict[str, Any]]:
    count = 0
    for count, row in enumerate(rows, start=1):
        yield row
        if told is not None and count % AT_ONCE == 0:
            told(AT_ONCE)
    if told is not None:
        told(count % AT_ONCE)
