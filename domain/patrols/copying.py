"""Many rows at once in each database's own quickest way: COPY in PostgreSQL, one prepared statement in SQLite.

Cells are spelled by a `Spelling`, so that what many rows share is spelled once; rows are tuples of spelled cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.engine import Connection

Cell = Any
"""What the database's driver takes: text for COPY, a value for SQLite."""


class Spelling(Protocol):
    """How the cells of a row are written."""

    null: Cell

    def text(self, value: str) -> Cell:
        """Spell words, or JSON as text."""

    def uuid(self, value: UUID) -> Cell:
        """Spell an id."""

    def moment(self, value: datetime) -> Cell:
        """Spell an aware moment."""

    def day(self, value: date) -> Cell:
        """Spell a day."""

    def number(self, value: int) -> Cell:
        """Spell a number."""

    def flag(self, *, value: bool) -> Cell:
        """Spell a yes or no."""

    def octets(self, value: bytes) -> Cell:
        """Spell bytes."""


class CopySpelling:
    """PostgreSQL's COPY in text format."""

    null = "\\N"

    def text(self, value: str) -> Cell:
        """Spell words; a backslash, a tab and a line's end would end the cell."""
        if "\\" in value or "\t" in value or "\n" in value or "\r" in value:
            value = value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
        return value

    def uuid(self, value: UUID) -> Cell:
        """Spell an id."""
        return value.hex

    def moment(self, value: datetime) -> Cell:
        """Spell an aware moment."""
        return value.isoformat()

    def day(self, value: date) -> Cell:
        """Spell a day."""
        return value.isoformat()

    def number(self, value: int) -> Cell:
        """Spell a number."""
        return str(value)

    def flag(self, *, value: bool) -> Cell:
        """Spell a yes or no."""
        return "t" if value else "f"

    def octets(self, value: bytes) -> Cell:
        """Spell bytes."""
        return "\\\\x" + value.hex()


class DriverSpelling:
    """SQLite, as SQLAlchemy's column types store the same values."""

    null = None

    def text(self, value: str) -> Cell:
        """Return words as they are."""
        return value

    def uuid(self, value: UUID) -> Cell:
        """Spell an id as 32 digits."""
        return value.hex

    def moment(self, value: datetime) -> Cell:
        """Spell an aware moment as UTC with microseconds."""
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")

    def day(self, value: date) -> Cell:
        """Spell a day."""
        return value.isoformat()

    def number(self, value: int) -> Cell:
        """Return a number as it is."""
        return value

    def flag(self, *, value: bool) -> Cell:
        """Spell a yes or no as 1 or 0."""
        return int(value)

    def octets(self, value: bytes) -> Cell:
        """Return bytes as they are."""
        return value


def spelling_of(connection: Connection) -> Spelling:
    """Return how cells are spelled for this database."""
    return CopySpelling() if connection.dialect.name == "postgresql" else DriverSpelling()


def put(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Append spelled rows to a table within the transaction; the names are ours, never a user's."""
    names = ", ".join(columns)
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            copy.write("".join(["\t".join(row) + "\n" for row in rows]))
        return
    places = ", ".join("?" * len(columns))
    connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({places})", list(map(tuple, rows)))  # noqa: S608
