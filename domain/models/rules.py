"""What deadlines are made of and an administrator may extend: years of the calendar, limits set here."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, text
from sqlmodel import Field, SQLModel

from domain.models.columns import Json, UtcDateTime


class CalendarYear(SQLModel, table=True):
    """The working days of one year as the State Council's notice names them; a corrected notice ends the row before."""

    __tablename__ = "calendar_year"
    __table_args__ = (
        Index("calendar_year_now", "year", unique=True, postgresql_where=text("replaced_at IS NULL"),
              sqlite_where=text("replaced_at IS NULL")),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    year: int
    days: list[Any] = Field(sa_column=Column(Json, nullable=False))
    """[ISO date, worked, name] for every day the notice names; days of the year before or after may be among them."""
    source: str = Field(max_length=300)
    """The notice, or the package it was taken from."""
    sha256: str = Field(max_length=64)
    """Of the days as written down here."""
    packaged: bool = Field(default=False)
    """It came with the product; a newer package may replace what it says, an import does."""
    imported_at: datetime = Field(sa_type=UtcDateTime)
    """Since when deadlines are counted by it."""
    imported_by: UUID | None = Field(default=None)
    replaced_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OwnLimitRow(SQLModel, table=True):
    """A limit an administrator set for a row of the catalogue; it ends when another is set or it is taken back."""

    __tablename__ = "own_limit"
    __table_args__ = (Index("own_limit_rule", "rule", "from_at"),)

    id: UUID = Field(primary_key=True)
    rule: str = Field(max_length=16)
    amount: int
    unit: str = Field(max_length=16)
    reason: str = Field(max_length=500)
    from_at: datetime = Field(sa_type=UtcDateTime)
    until_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    set_by: UUID | None = Field(default=None)
    ended_by: UUID | None = Field(default=None)
