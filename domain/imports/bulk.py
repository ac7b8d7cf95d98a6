"""Many rows into the database at once, in the caller's transaction: COPY on PostgreSQL, one statement on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import islice
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import JSON, insert
from sqlmodel import Session, SQLModel

AT_ONCE = 2_000
"""Rows between two reports of progress."""

Told = Callable[[int], None]
"""Told how many more rows were written."""


def write(session: Session, model: type[SQLModel], rows: Iterable[dict[str, Any]], *, told: Told | None = None) -> None:
    """Insert rows, each with every column of the table (`whole` completes them); they may be made on the way."""
    if session.get_bind().dialect.name == "postgresql":
        _copy(session, model, rows, told)
        return
    table: Any = model.__table__  # type: ignore[attr-defined]
    connection = session.connection()
    coming = iter(rows)
    while part := list(islice(coming, AT_ONCE)):
        connection.execute(insert(table), part)
        if told is not None:
            told(len(part))


def whole(model: type[SQLModel], /, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - column values
    """Return a row with the model's own defaults for what is not given."""
    return {**_defaults(model), **values}


@cache
def _defaults(model: type[SQLModel]) -> dict[str, Any]:
    # Rows share what is mutable in it: they are written and never changed.
    return {name: known.get_default(call_default_factory=True) for name, known in model.model_fields.items()}


def _copy(session: Session, model: type[SQLModel], rows: Iterable[dict[str, Any]], told: Told | None) -> None:
    table: Any = model.__table__  # type: ignore[attr-defined]
    names = [column.name for column in table.columns]
    jsons = {column.name for column in table.columns if isinstance(column.type, JSON)}
    listed = ", ".join(f'"{name}"' for name in names)
    driver: Any = session.connection().connection.driver_connection
    count = 0
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({listed}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row([Jsonb(row[name]) if name in jsons else row[name] for name in names])
            count += 1
            if told is not None and count % AT_ONCE == 0:
                told(AT_ONCE)
    if told is not None:
        told(count % AT_ONCE)
